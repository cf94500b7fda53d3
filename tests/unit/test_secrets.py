"""A document dumped without its passwords equals the stored one that has them."""

from __future__ import annotations

import pytest

from lineage import Store
from lineage.canon import canonicalize, secrets
from lineage.log import MemoryLog
from tests.unit.store_samples import NOON, A, Papers, snapshot

DEVICES = """
    <disk type='network'>
      <source protocol='https' name='a'><host name='h'/>{cookies}</source>
      <target dev='vda' bus='virtio'/>
    </disk>
    <graphics type='vnc' port='5900'{vnc}><listen type='address'/></graphics>
    <graphics type='spice'{spice}/>
"""
DOMAIN = f"""<domain type='kvm'><name>vm</name><uuid>{A}</uuid>
  <metadata><a:graphics xmlns:a='urn:a' passwd='kept'/></metadata>
  <devices>{{devices}}</devices></domain>"""


def document(*, vnc: str = "", spice: str = "", cookies: str = "", description: str = "") -> bytes:
    devices = DEVICES.format(vnc=vnc, spice=spice, cookies=cookies)
    domain = DOMAIN.format(devices=devices)
    return snapshot("s1", None, NOON, description=description, domain=domain)


SECRET = {
    "vnc": " passwd='hunter2' passwdValidTo='2030-01-01T00:00:00' connected='keep'",
    "spice": " passwd='hunter3'",
    "cookies": "<cookies><cookie name='c'>v</cookie></cookies>",
}
BARE = {"vnc": " passwdValidTo='2030-01-01T00:00:00' connected='keep'"}
WITH, WITHOUT = document(**SECRET), document(**BARE)


@pytest.fixture
def store() -> Store:
    return Store.over(MemoryLog())


def test_what_is_secret_goes_and_what_only_looks_so_stays() -> None:
    assert secrets.without(canonicalize(WITH)) == canonicalize(WITHOUT)
    assert b'passwd="kept"' in canonicalize(WITHOUT)
    assert secrets.without(canonicalize(WITHOUT)) == canonicalize(WITHOUT)


@pytest.mark.parametrize("secure", [None, False])
def test_a_document_without_its_secrets_equals_the_stored_one(
    store: Store, secure: bool | None
) -> None:
    store.record(WITH, secure=True)
    written = store.record(WITHOUT, secure=secure)
    assert (written.version, store.xml(A, "s1")) == (1, canonicalize(WITH))


def test_one_that_was_dumped_with_secrets_and_has_none_redefines(store: Store) -> None:
    store.record(WITH, secure=True)
    assert store.record(WITHOUT, secure=True).version == 2
    assert store.xml(A, "s1") == canonicalize(WITHOUT)


def test_one_that_has_other_secrets_redefines(store: Store) -> None:
    store.record(WITH, secure=True)
    assert store.record(document(**{**SECRET, "spice": " passwd='new'"})).version == 2


def test_one_that_differs_besides_redefines(store: Store) -> None:
    store.record(WITH, secure=True)
    assert store.record(document(**BARE, description="changed"), secure=False).version == 2


def test_one_that_brings_the_secrets_redefines(store: Store) -> None:
    store.record(WITHOUT, secure=False)
    assert store.record(WITH, secure=True).version == 2
    assert store.xml(A, "s1") == canonicalize(WITH)


def test_an_import_of_dumps_without_secrets_takes_none_away(store: Store) -> None:
    store.record(WITH, secure=True)
    report = store.ingest(Papers([WITHOUT]))
    assert (report.equal, report.events, store.head()) == (1, 0, 1)
    # and the present document competes, as if it were in the import itself
    report = store.ingest(Papers([WITHOUT, document(**BARE, description="older")]))
    assert (report.equal, report.redefined) == (1, 1)
    events = [event.data.digest for event in store.events()]  # type: ignore[union-attr]
    assert events[-1] == max(events)
