"""``lineage plan``: what a hypervisor would do with a request to make a snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import click

from lineage import canon
from lineage.cli import status, terminal
from lineage.cli.options import json_option
from lineage.cli.text import quoted, safe
from lineage.errors import DocumentError
from lineage.rules.plan import DEFAULT_PROFILE, MECHANISMS, REASONS, Plan, plan, plans
from lineage.rules.plan_table import LOCATIONS, PROFILES, STATES, Row
from lineage.rules.request import plan_request

__all__ = ["command"]

_LONGEST: Final = (64 << 20) + 1  # a longer document is refused by its size
_SHORT: Final = {"internal": "int", "external": "ext"}
_HEADING: Final = " #  domain   memory   disk    disk-only |  result"

_profile = click.Choice(tuple(PROFILES))


@click.command("plan")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[DOMAIN REQUEST]")
@click.option("--state", type=click.Choice(STATES), help="Of the domain.")
@click.option("--memory", type=click.Choice(LOCATIONS), help="Where memory goes [omit].")
@click.option(
    "--disk",
    "disks",
    type=click.Choice(LOCATIONS),
    multiple=True,
    help="Where the disk goes [omit]; give it again for each further disk.",
)
@click.option("--disk-only", is_flag=True, help="With libvirt's flag DISK_ONLY.")
@click.option(
    "--profile",
    type=_profile,
    default=DEFAULT_PROFILE,
    show_default=True,
    help="2012: the plan in libvirt's own commit; the others: what libvirt does with qemu.",
)
@click.option("--table", "whole", is_flag=True, help="Print the whole table of the profile.")
@click.option(
    "--diff",
    "between",
    nargs=2,
    type=_profile,
    metavar="PROFILE PROFILE",
    help="Print what differs between two profiles.",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    files: Sequence[Path],
    disks: Sequence[str],
    between: tuple[str, str] | None,
    whole: bool,
    as_json: bool,
    **asked: Any,
) -> int:
    """Say what a hypervisor would do with a request to make a snapshot, and why.

    The request is the domain's --state with --memory, --disk and --disk-only: omit stands for
    what the request does not say. Or it is a request's XML, held against the domain's: each
    disk is named, with the file that would be made. A domain runs if its XML has an id;
    --state overrides that. Exit status 0: it would be done, 1: refused.

    \b
    --json prints an object with these fields, --table an array of one for each combination:
      profile                     whose behaviour this is
      domain, memory, disk        what was asked: offline or online, locations
      disk_only                   whether DISK_ONLY was
      verdict                     ok or refused
      result_memory, result_disk  locations, null if refused
      mechanism                   such as savevm, or migrate+transaction
      kind                        of a refusal: invalid (no sense) or unsupported
      reason, rule                of a refusal; what decided, such as a row of the table
    disk and result_disk are arrays of several disks. Of a request there is also
      disks         of each disk: name, snapshot, file
      refused_disk  the one that is in the way
    \b
    --diff --json: an array of objects with domain, memory, disk, disk_only, and `from` and `to`
    with the other fields.
    """
    _check(ctx, files, disks, between, whole, asked)
    if between:
        _show_difference(*between, as_json)
    elif whole:
        _show_table(asked["profile"], as_json)
    else:
        made = _request(files, **asked) if files else _question(disks, **asked)
        if as_json:
            terminal.write_json(_record(made))
        else:
            terminal.write_lines(_explained(made))
        return status.DONE if made.verdict == "ok" else status.NO
    return status.DONE


def _check(
    ctx: click.Context,
    files: Sequence[Path],
    disks: Sequence[str],
    between: tuple[str, str] | None,
    whole: bool,
    asked: dict[str, Any],
) -> None:
    """Refuse options that do not go together."""
    question = [name for name in ("state", "memory", "disk_only") if asked[name]]
    question += ["disk"] if disks else []
    if len(files) not in (0, 2):
        raise click.UsageError("give both the domain's XML and the request's, or neither", ctx)
    if bool(files) + bool(between) + whole > 1 or ((between or whole) and question):
        raise click.UsageError("--table, --diff and a request exclude one another", ctx)
    if files and (asked["memory"] or disks):
        raise click.UsageError("the request itself says --memory and --disk", ctx)
    if not (files or between or whole or asked["state"]):
        raise click.UsageError("say the --state of the domain, or name two files", ctx)


def _question(
    disks: Sequence[str], state: str, memory: str | None, disk_only: bool, profile: str
) -> Plan:
    disk = disks[0] if len(disks) == 1 else list(disks) or "omit"
    return plan(
        state=state, memory=memory or "omit", disk=disk, disk_only=disk_only, profile=profile
    )


def _request(
    files: Sequence[Path], state: str | None, memory: None, disk_only: bool, profile: str
) -> Plan:
    domain, request = map(_document, files)
    return plan_request(domain, request, state=state, disk_only=disk_only, profile=profile)


def _document(path: Path) -> bytes:
    """The file in canonical form; what is wrong with it is reported with its name."""
    try:
        return canon.canonicalize(_read(path), mode="create")
    except DocumentError as error:
        raise type(error)(error.code, error.offset, f"{path}: {error.message}") from None


def _read(path: Path) -> bytes:
    if str(path) == "-":
        return terminal.read_bytes(_LONGEST)
    with path.open("rb") as file:
        return file.read(_LONGEST)


def _explained(made: Plan) -> Iterator[str]:
    """The decision in words."""
    if made.verdict == "refused":
        yield f"refused ({made.rule}): {_outcome(made)}"
        disk = made.refused_disk
        where = "" if disk is None else f"{_disk_name(disk)}: "
        yield f"why: {where}{REASONS.get(made.reason or '', made.reason)}"
        return
    yield f"allowed ({made.rule})"
    unsaid = ", which the stored XML does not say" if made.unsaid else ""
    yield f"memory: {made.result_memory}{unsaid}"
    for name, location, file in _disks(made):
        yield f"{name}: {location}" + (f", {file}" if file else "")
    yield f"how: {made.mechanism}: {MECHANISMS[made.mechanism or '']}"


def _disk_name(disk: str | int) -> str:
    return quoted(disk) if isinstance(disk, str) else f"disk {disk + 1}"


def _disks(made: Plan) -> Iterator[tuple[str, str, str | None]]:
    if made.disks:
        for disk in made.disks:
            yield quoted(disk.name), str(disk.snapshot), disk.path and safe(disk.path)
    elif isinstance(made.result_disk, str):
        yield "disk", made.result_disk, None
    else:
        for number, location in enumerate(made.result_disk or ()):
            yield f"disk {number + 1}", location, None


def _show_table(profile: str, as_json: bool) -> None:
    if as_json:
        terminal.write_json_array(map(_record, plans(profile)))
    else:
        terminal.write_lines([_HEADING, "-" * len(_HEADING)])
        terminal.write_lines(map(_line, PROFILES[profile]))


def _line(row: Row) -> str:
    left = f"{row.number:2}  {row.state:8} {row.memory:8} {row.disk:7} {row.disk_only:9}"
    return f"{left} |{row.mark} {_outcome(row)}"


def _outcome(made: Row | Plan) -> str:
    if made.verdict == "refused":
        return f"{made.kind} ({made.reason})"
    memory, disk = (_SHORT.get(str(at), at) for at in (made.result_memory, made.result_disk))
    unsaid = " (and no <memory> in the XML)" if made.unsaid else ""
    return f"mem={memory} disk={disk}, {made.mechanism}{unsaid}"


def _show_difference(one: str, other: str, as_json: bool) -> None:
    pairs = zip(plans(one), plans(other), strict=True)
    changed = [(a, b) for a, b in pairs if _substance(a) != _substance(b)]
    if as_json:
        terminal.write_json_array(map(_difference, changed))
    else:
        terminal.write_lines(_changes(changed))


def _substance(made: Plan) -> tuple[object, ...]:
    """What counts as a difference: not the words, nor the row."""
    found = (made.verdict, made.result_memory, made.result_disk, made.mechanism)
    return (*found, made.kind, made.unsaid)


_Record = dict[str, Any]
_ASKED: Final = ("domain", "memory", "disk", "disk_only")


def _record(made: Plan) -> _Record:
    record: _Record = {
        "profile": made.profile,
        "domain": made.state,
        "memory": made.memory,
        "disk": made.disk,
        "disk_only": made.disk_only,
        "verdict": made.verdict,
        "result_memory": made.result_memory,
        "result_disk": made.result_disk,
        "mechanism": made.mechanism,
        "kind": made.kind,
        "reason": made.reason,
        "rule": made.rule,
    }
    if made.disks or made.refused_disk is not None:
        record["refused_disk"] = made.refused_disk
        record["disks"] = [
            {"name": disk.name, "snapshot": disk.snapshot, "file": disk.path} for disk in made.disks
        ]
    return record


def _difference(pair: tuple[Plan, Plan]) -> _Record:
    one, other = map(_record, pair)
    asked = {name: one[name] for name in _ASKED}
    return {
        **asked,
        "from": {name: value for name, value in one.items() if name not in asked},
        "to": {name: value for name, value in other.items() if name not in asked},
    }


def _changes(changed: Iterable[tuple[Plan, Plan]]) -> Iterator[str]:
    for one, other in changed:
        memory, disk = (_SHORT.get(str(word), word) for word in (one.memory, one.disk))
        switch = "on" if one.disk_only else "off"
        yield f"{one.state:8} mem={memory:5} disk={disk:5} disk-only={switch}"
        for each in (one, other):
            yield f"    {each.profile:9}  {_outcome(each)}"
