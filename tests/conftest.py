"""What every test relies on."""

from __future__ import annotations

from hypothesis import settings

# A busy machine is slow now and then; that is no failure of the code under test.
settings.register_profile("lineage", deadline=None, print_blob=True)
settings.load_profile("lineage")
