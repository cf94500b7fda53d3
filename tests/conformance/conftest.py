"""Tests that ask the installed libvirt, marked ``live``, wait until there is one to ask.

With LINEAGE_REQUIRE_LIVE=1 they do not wait: without libvirt they fail.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .libvirt_child import Died, LiveLibvirt
from .side_by_side import Worlds

_WAITING = pytest.StashKey[int]()


def _libvirt_answers() -> bool:
    child = LiveLibvirt()
    try:
        return bool(child.call("version"))
    except Died:
        return False
    finally:
        child.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what needs libvirt if there is none and none is required."""
    live = [item for item in items if item.get_closest_marker("live")]
    if not live or os.environ.get("LINEAGE_REQUIRE_LIVE") == "1" or _libvirt_answers():
        return
    config.stash[_WAITING] = len(live)
    config.hook.pytest_deselected(items=live)
    items[:] = [item for item in items if not item.get_closest_marker("live")]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say how many tests wait."""
    if waiting := config.stash.get(_WAITING, 0):
        terminalreporter.write_line(f"{waiting} live libvirt tests wait for `make live-deps`")


@pytest.fixture(scope="session")
def live() -> Iterator[LiveLibvirt]:
    """The installed libvirt's test driver. Begin every case with ``live.call("open")``."""
    child = LiveLibvirt()
    yield child
    child.close()


@pytest.fixture(scope="session")
def worlds(live: LiveLibvirt) -> Worlds:
    """Worlds of two domains, for stories that a store is told as well."""
    return Worlds(live)
