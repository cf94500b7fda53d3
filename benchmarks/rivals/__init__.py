"""The plain way to do what lineage does: what one would write in an afternoon."""
