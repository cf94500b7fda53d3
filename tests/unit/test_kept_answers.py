"""Kept trees change no answer, and come back as they were."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import apsw
import msgspec
import pytest

from lineage import Store
from lineage.definitions import new_event
from lineage.directory import directory_of
from lineage.events import Annotated, CurrentChanged, Deleted, EventData, Renamed, Undefined
from lineage.kept import Kept, row_of
from lineage.log import Append, EventLog, MemoryLog, SQLiteLog
from lineage.log.base import ALL, CacheRow
from lineage.past import replay
from lineage.tree import fold
from lineage.treestate import FOLD, state_of, write
from lineage.views import Views, lines_of

from .kept_samples import MANY, C, answers, fill, folded, keep, told
from .store_samples import A, B, body, snapshot
from .tree_events import defined, redefined

# Number and outcome of the fold of `history`.
GOLDEN = (1, "5268555306b6e2f0216bb4ede2a9192d218152643a493568591affb09854ab5d")


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventLog]:
    """A log of each backend: two domains with a long history, and one that is undefined."""
    made: EventLog = MemoryLog() if request.param == "memory" else SQLiteLog(tmp_path / "s.lineage")
    fill(made)
    yield made
    made.close()


# Promise 10


def test_promise_10_caches_can_be_deleted_and_come_back_identical(tmp_path: Path) -> None:
    path = tmp_path / "s.lineage"
    with Store(path) as store:
        fill(store.log)
    query = "SELECT stream, fold, version, data, digest FROM trees ORDER BY stream"

    def rows() -> list[object]:
        connection = apsw.Connection(str(path))
        found = connection.execute(query).fetchall()
        connection.close()
        return list(found)

    with Store(path) as store:
        folded = answers(store.log)
    kept = rows()
    assert len(kept) == 4  # three domains, and the summaries of all
    with Store(path) as store:
        assert answers(store.log) == folded
    connection = apsw.Connection(str(path))
    connection.execute("DELETE FROM trees")
    connection.close()
    assert not rows()
    with Store(path) as store:
        assert answers(store.log) == folded
    assert rows() == kept


def test_a_row_grown_in_steps_is_the_row_of_one_fold(log: EventLog) -> None:
    for number in range(4):
        Kept(log).tree(A)
        keep(log, A)
        told(log, A, Renamed(f"s{number}", f"t{number}"), Deleted(f"s{number + 50}"))
        told(log, A, redefined(defined(f"s{number + 100}", at=number), domain=None))
    whole = folded(log, A)
    assert row_of(Kept(log).tree(A)) == row_of(whole)


# The number of the fold


def history() -> list[EventData]:
    """One of everything that the fold knows."""
    first = [defined(f"s{n}", f"s{n - 2}" if n > 1 else None, at=50 - n % 7) for n in range(40)]
    return [
        *first,
        defined("lost", "nowhere", at=3, text="why", domain_name="vm"),
        defined("c1", "c2", at=9),
        defined("c2", "c1", at=8, domain=None),
        redefined(defined("s4", "s3", at=60), domain=None),
        Deleted("s1"),
        Deleted("s10", "children"),
        Deleted("s9", "children-only"),
        Renamed("s2", "renamed"),
        Annotated("renamed", {"ticket": "7", "gone": None}),
        Annotated(None, {"owner": "us"}),
        CurrentChanged("not yet"),
    ]


def test_whoever_changes_the_fold_gives_it_another_number() -> None:
    log = MemoryLog()
    log.append([Append("other", [new_event(Undefined(), "")])], recorded_at=5)
    for n, data in enumerate(history()):
        log.append([Append(A, [new_event(data, "")])], recorded_at=10**18 + n)
    state = write(state_of(folded(log, A)))
    # A new digest here needs a new FOLD, or rows of the release before would pass for ours.
    assert (FOLD, hashlib.sha256(state).hexdigest()) == GOLDEN


# Lines


def test_lines_are_the_same_from_a_row_from_a_tree_and_as_of_now(log: EventLog) -> None:
    store = Store.over(log)
    lines = store.snapshots(A)
    assert lines == lines_of(store.tree(A)) == store.snapshots(A, at=log.head())
    assert lines == Store.over(log).snapshots(A) == lines_of(folded(log, A))
    assert [line.name for line in lines][:3] == ["s0", "s1", "s2"]
    third = lines[3]
    assert (third.uuid, third.domain_name, third.parent, third.location) == (
        A,
        "first",
        "s2",
        "internal",
    )
    assert third.annotations == {"ticket": "7"}
    assert not third.parent_missing
    assert not store.snapshots(C)


def test_views_hold_no_more_than_they_should_with_rows(log: EventLog) -> None:
    answers(log)
    views = Views(log, keep=1)
    for stream in (A, B, C, A):
        assert state_of(views.live(stream)) == state_of(folded(log, stream))


def test_documents_of_a_restored_tree_are_whole(tmp_path: Path) -> None:
    with Store(tmp_path / "s.lineage") as store:
        for n in range(MANY):
            store.record(snapshot(f"s{n}", created=n + 1, domain=body(A, memory=2048 + n)))
        store.record(snapshot("s7", created=9, description="new", domain=None), domain=A)
        Kept(store.log).tree(A)
    with Store(tmp_path / "s.lineage") as store:
        keep(store.log, A)
    with Store(tmp_path / "s.lineage") as store:
        assert store.xml(A, "s9") == snapshot("s9", created=10, domain=body(A, memory=2057))
        inherited = snapshot("s7", created=9, description="new", domain=body(A, memory=2055))
        assert store.xml(A, "s7") == inherited
        assert store.tree(A)["s7"].rewritten
        version = store.tree(A).version
        store.record(snapshot("s7", created=9, description="new", domain=None), domain=A)
        store.record(snapshot("s9", created=10, domain=body(A, memory=2057)))
        assert store.tree(A).version == version


def test_check_holds_what_is_kept_against_the_events(log: EventLog) -> None:
    answers(log)
    assert not differing(log)
    told(log, A, Deleted("s5"))
    assert not differing(log)  # what is kept is older, and as it was then
    wrong = fold(A, [pair for pair in replay(log, A) if pair[0].version <= MANY])
    infos = {info.stream: info for info in Store.over(log).domains()}
    infos[B] = msgspec.structs.replace(infos[B], current="another")
    right = row_of(folded(log, A))
    row = CacheRow(FOLD, right.version, row_of(wrong).data)
    log.put_cached({A: row, ALL: directory_of(infos.values(), log.head())})
    assert differing(log) == [A, B]


def differing(log: EventLog) -> list[str | None]:
    """Domains of which something else is kept; these events have no bodies, which is found too."""
    found = [each for each in Store.over(log).check() if each.code != "bad-digest"]
    assert {(each.code, each.severity) for each in found} <= {("cache-differs", "warning")}
    return [each.domain for each in found]
