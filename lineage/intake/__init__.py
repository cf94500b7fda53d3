"""The parts of a bulk import; `lineage.ingest` puts them together."""
