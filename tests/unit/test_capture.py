"""Capture: one bad document, one locked domain, other writers, and looking again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage.capture import CaptureReport, Hypervisor, capture, watch
from lineage.errors import LineageError
from lineage.store import Store

from .fake_libvirt import Domain, Module, installed
from .store_samples import A, B, body, snapshot

LONG = 60.0  # seconds: no test waits so long


@pytest.fixture
def libvirt(monkeypatch: pytest.MonkeyPatch) -> Module:
    return installed(monkeypatch)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store.db") as store:
        yield store


def put(domain: Domain, *names: str) -> None:
    """Let a domain have a line of snapshots."""
    own = body(domain.UUIDString(), domain.name())
    parents = (None, *names)
    domain.documents = {
        name: snapshot(name, parents[n], domain=own).decode() for n, name in enumerate(names)
    }
    domain.current = names[-1] if names else None


def look(libvirt: Module, store: Store, *domains: str, missing: bool = False) -> CaptureReport:
    with Hypervisor("fake:///") as hypervisor:
        return capture(store, hypervisor, domains, undefine_missing=missing)


def test_a_document_that_cannot_be_read_costs_itself_alone(libvirt: Module, store: Store) -> None:
    (domain,) = libvirt.connection.domains
    put(domain, "a", "b", "c")
    domain.documents["b"] = "<domainsnapshot><name>b</name></domainsnapshot>"
    report = look(libvirt, store)
    assert [(each.snapshot, each.code) for each in report.failures] == [
        ("b", "creation-time-missing")
    ]
    assert [change.snapshot for change in report.changes] == ["a", "c", "c"]
    assert set(store.tree("vm")) == {"a", "c"}


def test_a_document_that_cannot_be_read_any_more_is_not_taken_for_deleted(
    libvirt: Module, store: Store
) -> None:
    (domain,) = libvirt.connection.domains
    put(domain, "a", "b")
    look(libvirt, store)
    domain.documents["a"] = "<broken/>"
    report = look(libvirt, store)
    assert (report.changes, len(report.failures)) == ([], 1)
    assert set(store.tree("vm")) == {"a", "b"}


def test_a_current_one_that_cannot_be_read_leaves_current_alone(
    libvirt: Module, store: Store
) -> None:
    (domain,) = libvirt.connection.domains
    put(domain, "a", "b")
    domain.documents["b"] = "<broken/>"
    look(libvirt, store)
    assert store.tree("vm").current is None


def test_a_domain_that_libvirt_refuses_costs_itself_alone(libvirt: Module, store: Store) -> None:
    locked = libvirt.connection.domains[0]
    other = Domain(libvirt.connection, "other", B)
    libvirt.connection.domains.append(other)
    put(locked, "a")
    put(other, "z")
    locked.broken = True
    report = look(libvirt, store)
    assert [(f.name, f.snapshot, f.message) for f in report.failures] == [
        ("vm", None, "vm is locked")
    ]
    assert [change.snapshot for change in report.changes] == ["z", "z"]


def test_a_faster_writer_makes_it_look_again(libvirt: Module, store: Store) -> None:
    (domain,) = libvirt.connection.domains
    put(domain, "a")
    look(libvirt, store)
    put(domain)

    def interfere() -> None:
        store.record(snapshot("b"))
        put(domain, "b")

    libvirt.connection.events = [int, interfere]
    report = look(libvirt, store)
    assert [(change.what, change.snapshot) for change in report.changes] == [
        ("deleted", "a"),
        ("current", "b"),
    ]
    assert set(store.tree("vm")) == {"b"}


def test_a_libvirt_without_domains_undefines_nothing(libvirt: Module, store: Store) -> None:
    put(libvirt.connection.domains[0], "a")
    look(libvirt, store)
    libvirt.connection.domains.clear()
    with pytest.raises(LineageError, match="no domain at all"):
        look(libvirt, store, missing=True)
    assert not store.tree(A).undefined


def test_a_domain_known_by_its_name_alone_is_missing_if_the_name_is(
    libvirt: Module, store: Store
) -> None:
    for name in ("vm", "gone"):
        store.record(snapshot(name, domain=body(None, name)), domain=f"name:{name}")
    report = look(libvirt, store, missing=True)
    assert [(c.domain, c.what) for c in report.changes] == [("name:gone", "undefined")]


class Watching:
    """A watch, and how long each of its looks was waited for."""

    def __init__(self, store: Store, directory: Path | None, interval: float = LONG) -> None:
        self.reports = watch(
            lambda: Hypervisor("fake:///"), store, interval=interval, directory=directory
        )

    def next(self) -> tuple[CaptureReport, float]:
        began = time.monotonic()
        report = next(self.reports)
        return report, time.monotonic() - began


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "snapshot"
    (path / "vm").mkdir(parents=True)
    return path


def test_a_change_in_libvirts_directory_is_looked_at_at_once(
    libvirt: Module, store: Store, directory: Path
) -> None:
    (domain,) = libvirt.connection.domains
    watching = Watching(store, directory)
    assert watching.next()[0].changes == []
    put(domain, "a")
    # as libvirt writes it
    (directory / "vm" / "a.xml.new").write_text("")
    (directory / "vm" / "a.xml.new").rename(directory / "vm" / "a.xml")
    report, waited = watching.next()
    assert [change.what for change in report.changes] == ["defined", "current"]
    assert waited < LONG / 2
    put(domain)
    (directory / "vm" / "a.xml").unlink()
    report, waited = watching.next()
    assert [change.what for change in report.changes] == ["deleted"]
    watching.reports.close()


def test_so_is_one_that_comes_while_it_waits(
    libvirt: Module, store: Store, directory: Path
) -> None:
    (domain,) = libvirt.connection.domains
    watching = Watching(store, directory)
    watching.next()

    def later() -> None:
        put(domain, "a")
        (directory / "vm" / "a.xml").touch()

    timer = threading.Timer(0.3, later)
    timer.start()
    report, waited = watching.next()
    timer.join()
    assert len(report.changes) == 2
    assert 0.2 < waited < LONG / 2
    watching.reports.close()


def test_the_directory_of_a_domain_that_is_new_is_watched_too(
    libvirt: Module, store: Store, directory: Path
) -> None:
    watching = Watching(store, directory)
    watching.next()
    (directory / "new").mkdir()
    watching.next()
    (directory / "new" / "s.xml").touch()
    assert watching.next()[1] < LONG / 2
    watching.reports.close()


@pytest.mark.parametrize("missing", [True, False])
def test_where_nothing_is_reported_the_interval_remains(
    libvirt: Module, store: Store, tmp_path: Path, missing: bool
) -> None:
    (domain,) = libvirt.connection.domains
    watching = Watching(store, tmp_path / "none" if missing else None, interval=0.2)
    watching.next()
    put(domain, "a")
    report, waited = watching.next()
    assert len(report.changes) == 2
    assert waited >= 0.2
    watching.reports.close()


def test_a_directory_that_comes_later_or_goes_is_followed(
    libvirt: Module, store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "late"
    watching = Watching(store, path, interval=0.3)
    watching.next()
    path.mkdir()
    watching.next()
    path.rmdir()
    for _ in range(3):
        watching.next()
    watching.reports.close()


def test_a_libvirt_that_goes_away_is_a_failure_and_connected_to_again(
    libvirt: Module, store: Store
) -> None:
    put(libvirt.connection.domains[0], "a")
    watching = Watching(store, None, interval=0.01)
    assert len(watching.next()[0].changes) == 2
    libvirt.connection.alive = False
    codes = [failure.code for _ in range(3) for failure in watching.next()[0].failures]
    assert codes == ["libvirt", "connection", "connection"]
    libvirt.connection.alive = True
    put(libvirt.connection.domains[0], "a", "b")
    assert [change.snapshot for change in watching.next()[0].changes] == ["b", "b"]
    watching.reports.close()
    assert libvirt.connection.closed


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_watch_leaves_no_descriptor(libvirt: Module, store: Store, directory: Path) -> None:
    before = descriptors()
    watching = Watching(store, directory)
    watching.next()
    assert descriptors() > before
    watching.reports.close()
    assert descriptors() == before
