"""libvirt's own directory of snapshots: where it is, and when it changes."""

from __future__ import annotations

import os
import select
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

from lineage.log.inotify import (
    IN_CREATE,
    IN_DELETE,
    IN_MOVED_FROM,
    IN_MOVED_TO,
    IN_ONLYDIR,
    Inotify,
)

__all__ = ["SnapshotDirectory", "usual"]

# libvirt writes NAME.xml.new, renames it, and rewrites the files of relatives.
_SETTLE: Final = 0.1  # seconds without a report
_ENOUGH: Final = 2.0  # seconds, if there is no end of them
_WHAT: Final = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR


def usual(uri: str) -> Path | None:
    """The directory in which libvirt keeps snapshots of a connection, None if not on this machine.

    Below it there is a directory for each domain, in it a file for each snapshot.
    """
    parts = urlsplit(uri)
    if parts.scheme != "qemu" or parts.netloc:
        return None
    if parts.path == "/system":
        return Path("/var/lib/libvirt/qemu/snapshot")
    if parts.path == "/session":
        config = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111
        return Path(config, "libvirt/qemu/snapshot")
    roots = parse_qs(parts.query).get("root", [])
    if parts.path == "/embed" and roots:
        return Path(roots[0], "lib/qemu/snapshot")
    return None


class SnapshotDirectory:
    """Waits for changes in libvirt's directory of snapshots, or for an interval to pass.

    Args:
        path: the directory; None: what `follow` finds.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._inotify: Inotify | None = None
        self._poll = select.poll()

    def follow(self, uri: str) -> None:
        """Know of a connection: its usual directory, if none was given."""
        self._path = self._path or usual(uri)

    def forget(self) -> None:
        """Forget what was reported, since one is about to look; and watch what was made since."""
        if self._inotify is None:
            self._begin()
        while self._inotify is not None and self._take():
            pass
        if self._inotify is not None and self._path is not None:
            self._watch(self._path)

    def wait(self, seconds: float) -> None:
        """Return when something changed and is quiet again, or so many seconds have passed."""
        end = time.monotonic() + seconds
        if self._inotify is None:
            time.sleep(seconds)
            return
        if not self._poll.poll(seconds * 1000):
            return
        settled = min(end, time.monotonic() + _ENOUGH)
        while self._take() and time.monotonic() < settled:
            self._poll.poll(_SETTLE * 1000)

    def _take(self) -> bool:
        return self._inotify is not None and bool(list(self._inotify.take()))

    def _begin(self) -> None:
        if self._path is None or not self._path.is_dir():
            return
        self._inotify = Inotify.on(self._path / "any")
        if self._inotify is not None:
            self._poll.register(self._inotify.descriptor, select.POLLIN)

    def _watch(self, path: Path) -> None:
        """Watch it and the directories of domains; watching one again changes nothing."""
        if self._inotify is None or self._inotify.watch(os.fsencode(path), _WHAT) is None:
            self.close()  # it is gone, or not ours to see: the interval remains
            return
        try:
            below = [entry.path for entry in os.scandir(path) if entry.is_dir()]
        except OSError:
            return
        for each in below:
            self._inotify.watch(os.fsencode(each), _WHAT)

    def close(self) -> None:
        """End it. Closing twice is harmless."""
        inotify, self._inotify = self._inotify, None
        if inotify is not None:
            self._poll.unregister(inotify.descriptor)
            inotify.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
