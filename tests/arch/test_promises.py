"""Every promise of the README has tests that bear its number, and no test bears another."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_promise_of_the_readme_has_a_test_that_bears_its_number() -> None:
    promises = (ROOT / "README.md").read_text().partition("## What it promises")[2]
    promised = re.findall(r"^(\d+)\. ", promises.partition("\n## ")[0], re.MULTILINE)
    tested = {
        number
        for path in (ROOT / "tests").rglob("test_*.py")
        for number in re.findall(r"^def test_promise_(\d+)_", path.read_text(), re.MULTILINE)
    }
    assert promised == [str(number) for number in range(1, 13)]
    assert set(promised) == tested
