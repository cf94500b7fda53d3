"""``lineage undefine-guard``: may this domain be undefined with its snapshots' metadata?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lineage.cli import status, terminal
from lineage.cli.hypervisors import connect_option
from lineage.cli.options import json_option, name_argument, open_for_reading, store_option
from lineage.cli.text import quoted, safe, utf8

if TYPE_CHECKING:
    from lineage.guard import Lacking

__all__ = ["command"]


@click.command("undefine-guard")
@name_argument("domain")
@connect_option
@store_option
@json_option
def command(domain: str, uri: str, store_path: Path | None, as_json: bool) -> int:
    """Say whether every snapshot that libvirt has of DOMAIN (name or UUID) is in the store.

    The status is 0 only if the store has each of them now, byte for byte, and the same one is
    current: then `virsh undefine --snapshots-metadata` loses nothing of them. Else it is 1.

    A line is: code, snapshot, what it is.

    \b
    --json prints an object a line with these fields:
      code        missing: not in the store now; differs: the store has another document of it;
                  secrets: libvirt hides its passwords, so nobody knows; current: another one,
                  or none, is current in the store
      snapshot    its name; null: no snapshot is current in libvirt
      message     what it is
    """
    from lineage.capture import Hypervisor
    from lineage.guard import guard

    count = 0
    with open_for_reading(store_path) as store, Hypervisor(uri) as hypervisor:
        for count, lacking in enumerate(guard(store, hypervisor, domain), 1):  # noqa: B007
            if as_json:
                terminal.write_json(_record(lacking))
            else:
                terminal.write_lines([_line(lacking)])
    return status.NO if count else status.DONE


def _line(lacking: Lacking) -> str:
    snapshot = "-" if lacking.snapshot is None else quoted(lacking.snapshot)
    return f"{lacking.code}  {snapshot}  {safe(lacking.message)}"


def _record(lacking: Lacking) -> dict[str, Any]:
    return {
        "code": lacking.code,
        "snapshot": lacking.snapshot,
        "message": utf8(lacking.message),
    }
