"""``python -m tests.frozen NAME``: freeze a store and what it tells, as this release has it.

Once released, a frozen store is never written again: every later release has to open it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from lineage import Store
from tests.damage.sample import build
from tests.frozen.told import told

STORES = Path(__file__).parent / "stores"


def freeze(name: str) -> None:
    """Write NAME.lineage and NAME.txt."""
    path, text = STORES / f"{name}.lineage", STORES / f"{name}.txt"
    for there in (path, text):
        if there.exists():
            sys.exit(f"{there} is frozen")
    build(path)
    with Store(path) as store:
        text.write_text("\n".join(told(store)) + "\n")


if __name__ == "__main__":
    freeze(*sys.argv[1:])
