"""Tries an installed lineage without the project around it: the Makefile's wheel-test runs it.

Needs nothing but the installed package.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import lineage

UUID = "0b5c3a52-6d5e-4b0e-8f60-3f1f1d0c9a01"
DOCUMENT = """<domainsnapshot>
  <name>{name}</name>
  <state>shutoff</state>
{parent}  <creationTime>{created}</creationTime>
  <memory snapshot='no'/>
  <domain type='kvm'>
    <name>guest</name>
    <uuid>{uuid}</uuid>
    <memory unit='KiB'>1048576</memory>
  </domain>
  <active>{active}</active>
</domainsnapshot>
"""


def document(name: str, parent: str | None, created: int, active: int = 0) -> bytes:
    """A snapshot file as libvirt keeps it, without its comment."""
    above = f"  <parent>\n    <name>{parent}</name>\n  </parent>\n" if parent else ""
    text = DOCUMENT.format(name=name, parent=above, created=created, uuid=UUID, active=active)
    return text.encode()


def run(*arguments: str) -> str:
    """Run the installed command and return what it prints."""
    command = [Path(sys.executable).with_name("lineage"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def main() -> None:
    """Import an archive of two snapshots and look at it from every side."""
    home = Path(lineage.__file__).resolve()
    assert home.is_relative_to(Path(sys.prefix).resolve()), f"{home} is not the installed one"
    files = {"a": document("a", None, 1), "b": document("b", "a", 2, active=1)}
    with tempfile.TemporaryDirectory() as name:
        archive, store = Path(name, "archive.tar"), str(Path(name, "store.db"))
        with tarfile.open(archive, "w") as tar:
            for stem, data in files.items():
                member = tarfile.TarInfo(f"snapshot/guest/{stem}.xml")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
        run("import", "--store", store, str(archive))
        assert "b" in run("tree", "--store", store)
        shown = run("show", "--store", store, "guest", "b").encode()
        assert shown == lineage.canonicalize(files["b"])
        with lineage.Store(store, readonly=True) as opened:
            assert [domain.uuid for domain in opened.domains()] == [UUID]
    print(f"the installed lineage works ({home.parent})")


if __name__ == "__main__":
    main()
