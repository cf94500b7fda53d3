"""Lists show what libvirt lists: every filter and every combination of them, on random trees."""

from __future__ import annotations

import itertools
import random
import subprocess
from pathlib import Path
from typing import Final

import pytest

from lineage.filters import Wanted
from lineage.store import Store
from tests.unit.cli_samples import run_lineage

from .libvirt_child import LiveLibvirt
from .stories import UUIDS
from .telling import in_memory

pytestmark = pytest.mark.live

UUID: Final = UUIDS[0]
FLAGS: Final = (
    *("ROOTS", "LEAVES", "NO_LEAVES", "METADATA", "NO_METADATA", "INACTIVE", "ACTIVE"),
    *("DISK_ONLY", "INTERNAL", "EXTERNAL", "TOPOLOGICAL"),
)
BOTH: Final = {"LEAVES", "NO_LEAVES"}
STATES: Final = ("shutoff", "shutoff", "running", "paused", "crashed", "blocked", "disk-snapshot")
DOMAIN: Final = (
    f"<domain type='test'><name>mine</name><uuid>{UUID}</uuid><memory>1024</memory>"
    "<os><type>hvm</type></os><devices><disk type='file' device='disk'><source file='/a'/>"
    "<target dev='vda' bus='virtio'/></disk></devices></domain>"
)


def grow(live: LiveLibvirt, store: Store, rng: random.Random) -> dict[str, str | None]:
    """Give both the same random tree; its names, and their parents."""
    live.call("open")
    live.call("define_domain", DOMAIN)
    parents: dict[str, str | None] = {}
    for number in range(rng.randrange(1, 16)):
        name = f"s{rng.randrange(10**6)}-{number}"
        parent = rng.choice([None, *parents, *parents])
        state = rng.choice(STATES)
        memory = ""
        if state not in ("shutoff", "disk-snapshot"):
            memory = rng.choice(("", "<memory snapshot='no'/>", "<memory file='/m'/>"))
        where = rng.choice(("no", "internal", "external"))
        if where == "no" and state != "disk-snapshot" and "file" not in memory:
            where = "internal"
        source = "<source file='/x'/>" if where == "external" else ""
        above = f"<parent><name>{parent}</name></parent>" if parent else ""
        xml = (
            f"<domainsnapshot><name>{name}</name><state>{state}</state>{above}"
            f"<creationTime>{rng.randrange(5)}</creationTime>{memory}"
            f"<disks><disk name='vda' snapshot='{where}'>{source}</disk></disks>{DOMAIN}"
            "</domainsnapshot>"
        )
        current = rng.random() < 0.3
        live.call("redefine", xml, *["CURRENT"] * current)
        store.record(xml, current=current, strict=True)
        parents[name] = parent
    return parents


def wanted(flags: tuple[str, ...]) -> Wanted:
    """The same for the store."""
    return Wanted(**{flag.lower(): True for flag in flags})  # type: ignore[typeddict-item]


@pytest.mark.parametrize("seed", range(3))
def test_every_combination_of_filters_lists_what_libvirt_lists(
    live: LiveLibvirt, seed: int
) -> None:
    store = in_memory()
    parents = grow(live, store, random.Random(seed))
    for size in range(len(FLAGS) + 1):
        for flags in itertools.combinations(FLAGS, size):
            ours = [line.name for line in store.snapshots(UUID, **wanted(flags))]
            # Of both libvirt says that they filter nothing, and answers nothing.
            asked = [flag for flag in flags if not set(flags) >= BOTH or flag not in BOTH]
            theirs = live.call("listed", asked)
            assert sorted(ours) == sorted(theirs), flags
            assert len(set(ours)) == len(ours)
            if "TOPOLOGICAL" in flags:
                places = {name: place for place, name in enumerate(ours)}
                assert all(
                    places[parent] < places[name]
                    for name, parent in parents.items()
                    if name in places and parent in places
                )


@pytest.mark.parametrize("seed", range(3))
def test_what_is_below_a_snapshot_is_what_libvirt_lists_there(live: LiveLibvirt, seed: int) -> None:
    store, rng = in_memory(), random.Random(seed)
    parents = grow(live, store, rng)
    groups = [flag for flag in FLAGS if flag != "ROOTS"]
    for name in parents:
        for descendants in (False, True):
            for _ in range(40):
                flags = tuple(rng.sample(groups, rng.randrange(4)))
                asked = [flag for flag in flags if not set(flags) >= BOTH or flag not in BOTH]
                theirs = live.call("listed", [*asked, *["DESCENDANTS"] * descendants], name)
                only = wanted(flags)
                lines = store.snapshots(UUID, from_=name, descendants=descendants, **only)
                assert sorted(line.name for line in lines) == sorted(theirs), (name, flags)


def test_libvirt_lists_nothing_for_leaves_and_no_leaves_and_a_store_everything(
    live: LiveLibvirt,
) -> None:
    store = in_memory()
    parents = grow(live, store, random.Random(1))
    assert live.call("listed", ["LEAVES", "NO_LEAVES"]) == []
    lines = store.snapshots(UUID, leaves=True, no_leaves=True)
    assert {line.name for line in lines} == set(parents)


OPTIONS: Final = (
    *("", "--roots", "--leaves", "--no-leaves", "--metadata", "--no-metadata", "--inactive"),
    *("--active", "--disk-only", "--internal", "--external", "--topological", "--current"),
    *("--current --descendants", "--from base", "--from base --descendants"),
    *("--from base --descendants --leaves", "--active --disk-only --external", "--from top"),
    *("--roots --inactive", "--no-leaves --active"),
)
REFUSED: Final = (
    *("--roots --from base", "--roots --current", "--from base --current", "--descendants"),
    *("--tree --leaves", "--tree --roots", "--tree --no-leaves", "--tree --inactive"),
    *("--tree --active", "--tree --external", "--tree --name", "--from nowhere"),
)
# name, parent, state, <memory>, <disk>
SNAPSHOTS: Final = (
    ("base", None, "shutoff", "no", ""),
    ("kid", "base", "running", "internal", ""),
    ("only", "kid", "disk-snapshot", "no", "external"),
    ("top", "only", "paused", "internal", ""),
    ("side", "base", "crashed", "no", ""),
    ("lone", None, "shutoff", "no", "external"),
)


@pytest.fixture(scope="module")
def virsh_and_lineage(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Path]:
    """virsh commands that make snapshots, and a store that has them."""
    directory = tmp_path_factory.mktemp("virsh")
    node = directory / "node.xml"
    node.write_text(f"<node>{DOMAIN}</node>")
    commands = []
    with Store(directory / "store") as store:
        for number, (name, parent, state, memory, disk) in enumerate(SNAPSHOTS):
            above = f"<parent><name>{parent}</name></parent>" if parent else ""
            source = "<source file='/x'/>" if disk else ""
            listed = f"<disks><disk name='vda' snapshot='{disk}'>{source}</disk></disks>"
            xml = (
                f"<domainsnapshot><name>{name}</name><state>{state}</state>{above}"
                f"<creationTime>{number}</creationTime><memory snapshot='{memory}'/>"
                f"{listed if disk else ''}{DOMAIN}</domainsnapshot>"
            )
            path = directory / f"{number}.xml"
            path.write_text(xml)
            flag = " --current" if name == "kid" else ""
            commands.append(f"snapshot-create mine {path} --redefine{flag}")
            store.record(xml, current=name == "kid")
    return [f"test://{node}", *commands], directory / "store"


def virsh(uri: str, *commands: str) -> tuple[int, str]:
    """Exit status and output of virsh."""
    done = subprocess.run(
        ["virsh", "-q", "-c", uri, "; ".join(commands)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("options", OPTIONS)
def test_the_options_of_virsh_list_what_virsh_lists(
    virsh_and_lineage: tuple[list[str], Path], options: str
) -> None:
    (uri, *commands), store = virsh_and_lineage
    status, said = virsh(uri, *commands, f"snapshot-list mine {options} --name")
    assert status == 0
    names = [line for line in said.splitlines() if line in {name for name, *_ in SNAPSHOTS}]
    ours = run_lineage("list", "mine", *options.split(), "--name", "--store", store).stdout
    assert sorted(ours.splitlines()) == sorted(names)


@pytest.mark.parametrize("options", REFUSED)
def test_options_that_virsh_refuses_together_are_refused(
    virsh_and_lineage: tuple[list[str], Path], options: str
) -> None:
    (uri, *commands), store = virsh_and_lineage
    status, _ = virsh(uri, *commands, f"snapshot-list mine {options}")
    assert status == 1
    run_lineage(
        "list", "mine", *options.split(), "--store", store, status=1 if "nowhere" in options else 2
    )
