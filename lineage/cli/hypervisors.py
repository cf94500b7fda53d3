"""Options of the commands that talk to libvirt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from lineage.cli.options import utf8_only

__all__ = ["connect_option", "readonly_option"]

_Command = TypeVar("_Command", bound=Callable[..., Any])


def connect_option(command: _Command) -> _Command:
    """Add ``--connect URI`` as ``uri``."""
    return click.option(
        "-c",
        "--connect",
        "uri",
        required=True,
        callback=utf8_only,
        envvar="LIBVIRT_DEFAULT_URI",
        metavar="URI",
        help="libvirt's, such as qemu:///system; else $LIBVIRT_DEFAULT_URI.",
    )(command)


def readonly_option(command: _Command) -> _Command:
    """Add ``--readonly``."""
    return click.option(
        "--readonly",
        is_flag=True,
        help="Connect read-only: libvirt then hides passwords.",
    )(command)
