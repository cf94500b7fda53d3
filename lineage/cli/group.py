"""The ``lineage`` command: finds its subcommands by name and ends with their status."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any, Final

import click

from lineage.cli import status, terminal

__all__ = ["COMMANDS", "cli"]

# name -> (module with a `command`, what --help says): a command is loaded when it is called.
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "import": ("import_", "Add the snapshots of directories, XML files and archives."),
    "tree": ("tree", "Draw the snapshot trees."),
    "list": ("list_", "List snapshots or domains."),
    "info": ("info", "Tell about a domain or a snapshot."),
    "show": ("show", "Print one snapshot's XML."),
    "log": ("log", "Print the events."),
    "diff": ("diff", "Say what differs between two snapshots."),
    "export": ("export", "Write snapshots as libvirt keeps them on disk."),
    "capture": ("capture", "Record what a running libvirt has."),
    "redefine": ("redefine", "Put stored snapshots back into libvirt."),
    "undefine-guard": ("undefine_guard", "Say whether all that libvirt has is in the store."),
    "check": ("check", "Read everything in the store and say what is wrong with it."),
    "doctor": ("doctor", "Say what is wrong with snapshot trees, and repair them."),
    "stats": ("stats", "Tell how much there is, and what it takes."),
    "backup": ("backup", "Copy the store while it is in use."),
    "bundle": ("bundle", "Carry the history of domains to another store, in a file."),
    "plan": ("plan", "Say what a hypervisor would do with a request for a snapshot."),
    "validate": ("validate", "Hold snapshot XML against the schema."),
    "canon": ("canon", "Bring XML to its canonical form."),
    "record": ("record", "Record that snapshots were deleted, renamed, ..."),
}


class LazyGroup(click.Group):
    """A group that imports a command's module only to run it or to show its help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"lineage.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> int:
        """Run the subcommand and return its exit status; an expected error is reported here."""
        try:
            result = super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()
        except status.EXPECTED as error:
            code = status.report(error, as_json=ctx.obj is True)
            terminal.abandon()
            return code
        return result if isinstance(result, int) else status.DONE

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        given = sys.argv[1:] if args is None else list(args)
        as_json = _asks_for_json(given)
        terminal.prepare()
        try:
            code = super().main(
                given, prog_name or "lineage", complete_var, False, obj=as_json, **extra
            )
        except status.EXPECTED as error:
            code = status.report(error, as_json)
        if standalone_mode:
            sys.exit(code)
        return code


def _asks_for_json(args: Sequence[str]) -> bool:
    # Read before click does, so that even a usage error is reported as asked.
    return "--json" in (args[: args.index("--")] if "--" in args else args)


def _print_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        click.echo(f"lineage {version('lineage-store')}")
    except PackageNotFoundError:
        click.echo("lineage (not installed)")
    ctx.exit()


@click.group(
    "lineage",
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=status.HELP,
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
def cli() -> None:
    """Keep the whole history of a hypervisor's snapshot metadata."""
