"""Every byte of a small store is altered in turn: `make flip`.

Prints what was found and how, and exits with 1 if anything was answered wrongly or missed.
FLIP_BITS bits of each byte are flipped, one after another (default 1, at most 8).
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.damage.flips import flips
from tests.damage.sample import build, repaged
from tests.damage.tally import tally

_PAGES: Final = (4096, 512)
_SHOWN: Final = 20


def main() -> int:
    """Flip them all."""
    bits = range(min(8, int(os.environ.get("FLIP_BITS", "1"))))
    wrong = 0
    with tempfile.TemporaryDirectory() as name:
        for page_size in _PAGES:
            begun = time.monotonic()
            path = Path(name) / f"{page_size}.db"
            build(path)
            repaged(path, page_size)
            size = path.stat().st_size
            result = tally(path, list(flips(size, bits=bits)))
            seconds = time.monotonic() - begun
            print(f"{size} bytes in pages of {page_size}: {result} ({seconds:.0f} s)", flush=True)
            for finding in result.findings[:_SHOWN]:
                print(f"  WRONG: {finding}", flush=True)
            wrong += len(result.findings)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
