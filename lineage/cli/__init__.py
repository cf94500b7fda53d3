"""The ``lineage`` command, one file per subcommand."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command with the process's arguments and exit with its status."""
    from lineage.cli.group import cli

    cli()
