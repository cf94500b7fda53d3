"""Where libvirt keeps its files, by connection."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineage.snapshotdir import usual


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("qemu:///system", "/var/lib/libvirt/qemu/snapshot"),
        ("qemu:///session", "/config/libvirt/qemu/snapshot"),
        ("qemu:///embed?root=/srv/vms", "/srv/vms/lib/qemu/snapshot"),
        ("qemu:///embed", None),
        ("qemu+ssh://host/system", None),
        ("qemu://host/system", None),
        ("test:///default", None),
        ("", None),
    ],
)
def test_the_directory_is_known_where_it_is_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, uri: str, path: str | None
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/config")
    assert usual(uri) == (None if path is None else Path(path))
