"""An archive in libvirt's layout, and `lineage` run on it, for the tests of the commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

from click.testing import CliRunner, Result

from lineage.cli.group import cli

WEB = "c7a5fdbd-edaf-9455-926a-d65c16db1809"
DB = "11111111-2222-3333-4444-555555555555"
NOON = 1_351_000_000

Run = Callable[..., Result]


def snapshot(
    name: str,
    parent: str | None = None,
    at: int = NOON,
    *,
    uuid: str = WEB,
    domain: str = "web",
    description: str = "",
    active: int = 0,
) -> str:
    """A document as libvirt keeps it on disk."""
    words = f"  <description>{escape(description)}</description>\n" if description else ""
    above = f"  <parent>\n    <name>{escape(parent)}</name>\n  </parent>\n" if parent else ""
    return (
        f"<domainsnapshot>\n  <name>{escape(name)}</name>\n{words}  <state>shutoff</state>\n"
        f"{above}  <creationTime>{at}</creationTime>\n  <memory snapshot='no'/>\n"
        "  <disks>\n    <disk name='vda' snapshot='internal'/>\n  </disks>\n"
        f"  <domain type='kvm'>\n    <name>{escape(domain)}</name>\n    <uuid>{uuid}</uuid>\n"
        f"  </domain>\n  <active>{active}</active>\n</domainsnapshot>\n"
    )


def write_archive(root: Path) -> Path:
    """Two domains in libvirt's layout: web with three snapshots, db with one."""
    documents = {
        "web/base.xml": snapshot("base"),
        "web/mid.xml": snapshot("mid", "base", NOON + 60, description="before the upgrade"),
        "web/top.xml": snapshot("top", "mid", NOON + 120, active=1),
        "db/only.xml": snapshot("only", "lost", NOON + 5, uuid=DB, domain="db"),
    }
    for name, text in documents.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def run_lineage(*args: str | Path, status: int = 0, given: bytes | None = None) -> Result:
    """Run the command; it must end with this status."""
    result = CliRunner().invoke(cli, [str(arg) for arg in args], input=given)
    assert result.exit_code == status, result.output
    return result
