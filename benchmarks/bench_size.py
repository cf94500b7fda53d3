"""What a store takes on disk, against the same history in git.

Run with ``make bench-size``, or ``python -m benchmarks.bench_size ARCHIVE...`` for other archives.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

import apsw
import msgspec
import pytest

import lineage
from benchmarks.generate import COMMENT, archive, write_tar
from benchmarks.rivals import git_history
from lineage.sources import open_source

DOMAINS: Final = 200
SNAPSHOTS: Final = 50
SEED: Final = 61  # the dictionaries were trained on another, and on other machines
MOST: Final = 190  # bytes a snapshot
RIVAL: Final = 3  # times as many


class Sizes(msgspec.Struct):
    """Bytes a snapshot.

    Attributes:
        given: of the documents as they came.
        store: of the whole file as the import left it, once its -wal file was carried over.
        vacuumed: of the file that VACUUM made of it.
        tables: of each table and index, with what is unused in its pages.
        git: of a repository's packs, with a commit for each snapshot; their indexes not counted.
    """

    snapshots: int
    given: float
    store: float
    vacuumed: float
    tables: dict[str, float]
    git: float = 0

    def lines(self) -> list[str]:
        """The figures for a reader."""
        ratio = f", {self.git / self.store:.2f} times as many" if self.git else ""
        return [
            f"{self.snapshots} snapshots of {self.given:.0f} bytes; bytes a snapshot:",
            f"  {self.store:7.1f} store ({self.vacuumed:.1f} after VACUUM)",
            *(f"    {size:7.1f} {name}" for name, size in self.tables.items()),
            *([f"  {self.git:7.1f} git{ratio}"] if self.git else []),
        ]


def measure(path: Path, folder: Path) -> Sizes:
    """Import an archive into a new store, and weigh that."""
    store = folder / "store.lineage"
    with lineage.Store(store) as opened:
        count = opened.ingest(path).added
    given = sum(len(document.data) for document in open_source(path))
    connection = apsw.Connection(str(store))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    query = "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC"
    tables = {str(name): int(size) / count for name, size in connection.execute(query)}
    whole = store.stat().st_size
    connection.execute("VACUUM INTO ?", (str(folder / "vacuumed"),))
    connection.close()
    vacuumed = (folder / "vacuumed").stat().st_size
    return Sizes(count, given / count, whole / count, vacuumed / count, tables)


@pytest.mark.parametrize("strange", [True, False], ids=["strange", "familiar"])
def test_size(strange: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """10,000 snapshots: of machines unlike those that the dictionaries know, and of such."""
    files = list(archive(DOMAINS, SNAPSHOTS, SEED, strange=strange))
    write_tar(tmp_path / "archive.tar", files)
    sizes = measure(tmp_path / "archive.tar", tmp_path)
    documents = ((path, content.removeprefix(COMMENT)) for path, content in files)
    sizes.git = git_history.size(documents, tmp_path / "git") / sizes.snapshots
    with capsys.disabled():
        print("", *sizes.lines(), sep="\n")
    assert sizes.snapshots == DOMAINS * SNAPSHOTS
    assert sizes.store <= MOST
    assert sizes.git >= RIVAL * sizes.store


def main(arguments: list[str]) -> int:
    """Weigh stores made of archives that are there."""
    for argument in arguments:
        with tempfile.TemporaryDirectory() as folder:
            print(argument, *measure(Path(argument), Path(folder)).lines(), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
