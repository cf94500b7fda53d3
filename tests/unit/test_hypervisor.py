"""The connection to libvirt: what may go wrong with it, and what is said then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lineage.errors import HypervisorError, NotFound
from lineage.hypervisor import Hypervisor
from lineage.sources.live import LiveSource
from lineage.store import Store

from .cli_samples import run_lineage
from .fake_libvirt import VIR_ERR_ACCESS_DENIED, VIR_ERR_OPERATION_DENIED, Module, installed
from .store_samples import A, snapshot


@pytest.fixture
def libvirt(monkeypatch: pytest.MonkeyPatch) -> Module:
    module = installed(monkeypatch)
    (domain,) = module.connection.domains
    domain.documents = {"a": snapshot("a").decode(), "b": snapshot("b", "a").decode()}
    domain.current = "b"
    return module


@pytest.mark.parametrize("command", ["capture", "redefine", "undefine-guard"])
def test_without_libvirts_bindings_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setitem(sys.modules, "libvirt", None)  # type: ignore[arg-type]
    store = tmp_path / "store.db"
    Store(store).close()
    done = run_lineage(command, "vm", "-c", "test:///default", "--store", store, status=4)
    assert done.output == (
        "lineage: libvirt-python is not installed: pip install 'lineage-store[libvirt]'\n"
    )


def test_libvirt_is_not_imported_before_a_connection_is_asked_for() -> None:
    program = (
        "import sys\n"
        "import lineage.capture, lineage.restore, lineage.guard, lineage.sources.live\n"
        "assert 'libvirt' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_connection_that_fails_is_told_without_its_password(libvirt: Module) -> None:
    libvirt.connection.alive = False
    with pytest.raises(HypervisorError) as refused:
        Hypervisor("fake://admin:geheim@host/system")
    assert refused.value.code == "connection"
    assert str(refused.value) == (
        "no connection to fake://admin:***@host/system: connection refused"
    )


def test_the_uri_that_is_recorded_has_no_password(libvirt: Module) -> None:
    with Hypervisor("fake:///") as hypervisor:
        assert hypervisor.uri == "fake://admin:***@host/system"


def test_libvirt_prints_nothing_itself(libvirt: Module) -> None:
    Hypervisor("fake:///").close()
    assert libvirt.handlers == 1


def test_a_connection_of_somebody_else_is_neither_closed_nor_silenced(libvirt: Module) -> None:
    with Hypervisor.over(libvirt.connection) as hypervisor:
        assert [domain.name for domain in hypervisor.domains()] == ["vm"]
    assert not libvirt.connection.closed
    assert (libvirt.handlers, libvirt.opened) == (0, [])


def test_a_domain_is_found_by_name_and_by_uuid(libvirt: Module) -> None:
    with Hypervisor("fake:///") as hypervisor:
        assert hypervisor.domain("vm").uuid == hypervisor.domain(A).uuid == A
        with pytest.raises(NotFound, match="no domain 'other'"):
            hypervisor.domain("other")


@pytest.mark.parametrize("code", [VIR_ERR_OPERATION_DENIED, VIR_ERR_ACCESS_DENIED])
def test_where_passwords_are_denied_documents_come_without_and_say_so(
    libvirt: Module, code: int
) -> None:
    with Hypervisor("fake:///") as hypervisor:
        assert {shot.secure for shot in hypervisor.domain("vm").look().snapshots} == {True}
        libvirt.connection.denied = code
        assert {shot.secure for shot in hypervisor.domain("vm").look().snapshots} == {False}


def test_a_look_is_of_one_moment_though_a_snapshot_is_deleted_meanwhile(libvirt: Module) -> None:
    (domain,) = libvirt.connection.domains

    def delete() -> None:
        domain.documents.pop("b")
        domain.current = "a"

    libvirt.connection.events = [int, int, delete]  # before the first document is printed
    with Hypervisor("fake:///") as hypervisor:
        look = hypervisor.domain("vm").look()
    assert ([shot.name for shot in look.snapshots], look.current) == (["a"], "a")


def test_snapshots_that_change_all_the_time_are_an_error_and_not_half_a_look(
    libvirt: Module,
) -> None:
    (domain,) = libvirt.connection.domains

    def change() -> None:
        domain.documents[f"s{len(domain.documents)}"] = snapshot("s").decode()

    libvirt.connection.events = [change] * 1000
    with Hypervisor("fake:///") as hypervisor, pytest.raises(HypervisorError) as refused:
        hypervisor.domain("vm").look()
    assert refused.value.code == "busy"


def test_a_live_source_has_documents_as_libvirt_keeps_them(libvirt: Module, tmp_path: Path) -> None:
    with Hypervisor("fake:///") as hypervisor, Store(tmp_path / "store.db") as store:
        source = LiveSource(hypervisor, "vm")
        assert [document.label for document in source] == ["vm/a", "vm/b"]
        assert [document.data for document in source] == [
            snapshot("a", active=0),
            snapshot("b", "a", active=1),
        ]
        report = store.ingest(source)
        assert (report.added, report.failures) == (2, [])
        assert store.tree("vm").current == "b"
        (first, *_) = store.events()
        assert first.source.startswith("libvirt+fake://admin:***@host/system")


def test_a_live_source_gives_no_document_without_its_passwords(libvirt: Module) -> None:
    libvirt.connection.denied = VIR_ERR_OPERATION_DENIED
    with Hypervisor("fake:///") as hypervisor:
        errors = [document.error for document in LiveSource(hypervisor)]
    assert [error.code for error in errors if error] == ["unreadable", "unreadable"]
