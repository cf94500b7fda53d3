"""What ``<memory>`` comes to, by libvirt's rules (virDomainSnapshotDefParseMemory and others)."""

from __future__ import annotations

import pytest

from lineage.errors import SnapshotError

from .canon_samples import inside, lines, request, snapshot

pytestmark = pytest.mark.usefixtures("canonicalizer")

R = "memory-file-requires-external"
F = "memory-external-requires-file"
M = "memory-offline"
A = "memory-file-relative"
NO = "<memory snapshot='no'/>"
INTERNAL = "<memory snapshot='internal'/>"
EXTERNAL = "<memory snapshot='external' file='/m'/>"

# input, then: redefine online, redefine offline, create
TABLE = [
    ("", INTERNAL, NO, None),
    ("<memory/>", INTERNAL, NO, None),
    ("<memory snapshot='no'/>", NO, NO, NO),
    ("<memory snapshot='internal'/>", INTERNAL, M, INTERNAL),
    ("<memory file='/m'/>", EXTERNAL, M, EXTERNAL),
    ("<memory file='/m' snapshot='external'/>", EXTERNAL, M, EXTERNAL),
    ("<memory snapshot='external'/>", F, F, F),
    ("<memory snapshot='no' file='/m'/>", R, R, R),
    ("<memory snapshot='internal' file='/m'/>", R, R, R),
    ("<memory snapshot='no' file=''/>", R, R, R),
    ("<memory file='rel'/>", A, M, A),
    ("<memory file=''/>", A, M, A),
    ("<memory file='' snapshot='external'/>", A, M, A),
    ("<memory snapshot='manual'/>", *["memory-manual"] * 3),
    ("<memory snapshot='manual' file='rel'/>", *["memory-manual"] * 3),
    ("<memory snapshot='default'/>", *["memory-snapshot-invalid"] * 3),
    ("<memory snapshot=''/>", *["memory-snapshot-invalid"] * 3),
    ("<memory snapshot='No'/>", *["memory-snapshot-invalid"] * 3),
    ("<memory snapshot=' no'/>", *["memory-snapshot-invalid"] * 3),
]
ONLINE = ["running", "blocked", "paused", "shutdown", "crashed", "pmsuspended"]
OFFLINE = ["shutoff", "disk-snapshot"]


def memory(xml: str, mode: str) -> str | None:
    """The line of ``<memory>``, None without one, or the code of the refusal."""
    try:
        found = [line for line in lines(xml, mode) if line.startswith("<memory")]
    except SnapshotError as error:
        return error.code
    assert len(found) < 2
    return found[0] if found else None


@pytest.mark.parametrize("state", ONLINE)
@pytest.mark.parametrize(("given", "online", "_offline", "_create"), TABLE)
def test_memory_of_an_online_snapshot(
    given: str, online: str, _offline: str, _create: str | None, state: str
) -> None:
    for mode in ("redefine", "internal"):
        assert memory(snapshot(given + "<active>0</active>", state=state), mode) == online


@pytest.mark.parametrize("state", OFFLINE)
@pytest.mark.parametrize(("given", "_online", "offline", "_create"), TABLE)
def test_memory_of_an_offline_snapshot(
    given: str, _online: str, offline: str, _create: str | None, state: str
) -> None:
    for mode in ("redefine", "internal"):
        assert memory(snapshot(given + "<active>0</active>", state=state), mode) == offline


@pytest.mark.parametrize("state", ["", "running", "shutoff"])
@pytest.mark.parametrize(("given", "_online", "_offline", "create"), TABLE)
def test_memory_of_a_request_whatever_its_state(
    given: str, _online: str, _offline: str, create: str | None, state: str
) -> None:
    assert memory(request(f"{given}<state>{state}</state>"), "create") == create


def test_the_first_memory_counts() -> None:
    assert memory(snapshot(NO + "<memory snapshot='manual'/>"), "redefine") == NO


def test_unknown_things_of_memory_stay_around_the_known() -> None:
    assert inside("<memory a='1' file='/m' b='2'><z/>stray</memory>") == [
        *("<memory a='1' snapshot='external' file='/m' b='2'>", "  <z/>", "</memory>")
    ]


def test_memory_with_nothing_known_in_a_request_is_kept_for_the_unknown() -> None:
    assert inside("<memory z='1'/>") == ["<memory z='1'/>"]
