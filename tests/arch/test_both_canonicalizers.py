"""Every test of the canonical form runs on the core and on its twin."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
FIXTURE = 'pytestmark = pytest.mark.usefixtures("canonicalizer")'
# What only the core has, and the tests that compare the two themselves.
OTHERWISE = {
    "test_canon_calls.py": "what can be passed in, batches, threads",
    "test_canon_growth.py": "the core's time",
    "test_canon_records.py": "records, and documents in parts",
    "test_canon_recall.py": "what the core remembers of documents before",
    "test_canon_siblings.py": "names both in its parameters",
    "test_canon_threads.py": "the core and the interpreter's lock",
    "test_canon_values.py": "names both in its parameters",
    "test_canon_mutants.py": "records and parts of mutants; their text is test_canon_twin's",
    "test_canon_twin.py": "compares the two",
    "test_canon_xml_library.py": "compares with libxml2",
}
MODULES = [
    path
    for pattern in ("test_canon_*.py", "test_hostile_*.py")
    for folder in ("unit", "property")
    for path in sorted((TESTS / folder).glob(pattern))
]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_runs_on_both_or_says_why_not(path: Path) -> None:
    assert (FIXTURE in path.read_text(encoding="utf-8")) != (path.name in OTHERWISE)
