"""An import killed in the middle is completed by running it again."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lineage.log import SQLiteLog
from lineage.store import Store
from tests.crash.history import integrity
from tests.unit.store_samples import NOON, A, B, body, snapshot, tar

ROOT = Path(__file__).resolve().parents[2]
BATCH = 20
IMPORT = f"""
import sys
from lineage.store import Store
with Store(sys.argv[1]) as store:
    store.ingest(sys.argv[2], batch={BATCH}, progress=lambda *_: print(store.head(), flush=True))
"""


def archive(path: Path, seed: int) -> Path:
    """Two domains' snapshots, mixed, some of them with two documents, one current in each."""
    documents = []
    for uuid in (A, B):
        for n in range(300):
            above, home = f"s{n - 1}" if n else None, body(uuid, uuid[:4])
            active = int(n == 200)
            documents.append(snapshot(f"s{n}", above, NOON + n, domain=home, active=active))
            if n % 50 == 0:
                older = snapshot(f"s{n}", above, NOON - 1, domain=home, description="older")
                documents.append(older)
    random.Random(seed).shuffle(documents)
    path.write_bytes(tar({f"{n}.xml": each for n, each in enumerate(documents)}))
    return path


def seen(path: Path) -> dict[str, object]:
    """All of a store that does not depend on how often the import was begun."""
    with Store(path, readonly=True) as store:
        found = {}
        for uuid in (A, B):
            tree = store.tree(uuid)
            nodes = [
                (node.name, node.parent, store.xml(uuid, node.name)) for node, _ in tree.walk()
            ]
            found[uuid] = (tree.current, nodes, {name: tree.seen(name) for name in tree})
        return found


def import_and_die(store: Path, source: Path, heads: int, pause: float) -> bool:
    """Kill an import some seconds after it said that it got on for the n-th time.

    Returns:
        Whether it was killed, and had not come to its end.
    """
    child = subprocess.Popen(
        [sys.executable, "-c", IMPORT, store, source],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert child.stdout is not None
    for _ in range(heads):
        child.stdout.readline()
    time.sleep(pause)
    child.kill()
    child.stdout.close()
    return child.wait() != 0


@pytest.mark.parametrize("seed", range(6))
def test_an_import_killed_in_the_middle_is_completed_by_running_it_again(
    tmp_path: Path, seed: int
) -> None:
    source = archive(tmp_path / "a.tar", seed)
    with Store(tmp_path / "whole.db") as store:
        events = store.ingest(source, batch=BATCH).events
    killed, rng = tmp_path / "killed.db", random.Random(seed)
    assert import_and_die(killed, source, rng.randint(2, 8), rng.choice((0, 0.001, 0.005)))
    log = SQLiteLog(killed, create=False)
    try:
        half = log.head()
        assert not integrity(log)
    finally:
        log.close()
    assert 0 < half < events
    with Store(killed) as store:
        assert store.ingest(source, batch=BATCH).events == events - half
        assert store.ingest(source).events == 0
    assert seen(killed) == seen(tmp_path / "whole.db")
