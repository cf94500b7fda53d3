"""`lineage diff --against`: what a hypervisor that hides things, or runs, may not add."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineage.store import Store

from .cli_samples import run_lineage
from .fake_libvirt import VIR_ERR_OPERATION_DENIED, Module, installed
from .store_samples import A, snapshot

MACHINE = f"""<domain type='kvm'{{id}}><name>vm</name><uuid>{A}</uuid><vcpu>{{cpus}}</vcpu>
  <devices><graphics type='vnc' port='1'{{password}}/>
  <sound model='ich6'>{{alias}}</sound></devices>
</domain>"""


def machine(*, cpus: int = 1, password: str = "", running: bool = False, alias: str = "") -> str:
    return MACHINE.format(
        id=" id='7'" if running else "",
        cpus=cpus,
        password=f" passwd='{password}'" if password else "",
        alias="<alias name='sound0'/>" if running else alias,
    )


@pytest.fixture
def libvirt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Module:
    """libvirt with the very machine of which a store has two snapshots: it ran in `on`."""
    module = installed(monkeypatch)
    monkeypatch.setenv("LINEAGE_STORE", str(tmp_path / "store.db"))
    off = snapshot("off", domain=machine(password="hunter2"))
    on = off.replace(b"shutoff", b"running").replace(b"<name>off", b"<name>on")
    with Store(tmp_path / "store.db") as store:
        for document in (off, on):
            store.record(document)
    (domain,) = module.connection.domains
    domain.documents = {"on": on.decode()}
    domain.machine = machine(password="hunter2")
    return module


def against(what: str, name: str, status: int = 0) -> str:
    args = ("vm", name, "--against", what, "-c", "fake:///")
    return run_lineage("diff", *args, status=status).output


def test_a_running_machine_is_compared_with_snapshots_that_ran(libvirt: Module) -> None:
    (domain,) = libvirt.connection.domains
    domain.running = machine(password="hunter2", running=True, cpus=2)
    assert against("live", "off") == ""
    assert against("live", "on", 1) == "/domain/vcpu  1 -> 2\n"


def test_what_every_running_machine_has_is_no_difference(libvirt: Module) -> None:
    (domain,) = libvirt.connection.domains
    domain.running = machine(password="hunter2", running=True)
    assert against("live", "on") == ""
    domain.machine = machine(password="hunter2", alias="<alias name='ua-mine'/>")
    assert "ua-mine" in against("live", "off", 1)


@pytest.mark.parametrize("running", [True, False])
def test_hidden_passwords_are_no_difference(libvirt: Module, running: bool) -> None:
    libvirt.connection.denied = VIR_ERR_OPERATION_DENIED
    (domain,) = libvirt.connection.domains
    domain.machine = machine()
    domain.running = machine(running=True) if running else ""
    domain.documents["on"] = domain.documents["on"].replace(" passwd='hunter2'", "")
    assert against("live", "on") == ""
    assert against("live", "off") == ""
    assert against("live-snapshot", "on") == ""


def test_what_libvirt_does_not_have_is_said(libvirt: Module) -> None:
    assert "libvirt has no snapshot 'off' of domain 'vm'" in against("live-snapshot", "off", 1)
    libvirt.connection.domains.clear()
    assert "libvirt has no domain" in against("live", "off", 1)


def test_a_snapshot_without_a_domain_cannot_be_compared_with_one(
    libvirt: Module, tmp_path: Path
) -> None:
    with Store(tmp_path / "store.db") as store:
        store.record(snapshot("bare", domain=None), domain=A)
    assert "snapshot 'bare' holds no domain" in against("live", "bare", 1)
