"""How a log is watched for events to come: without a thread, and without asking all the time.

A commit to SQLite's write-ahead log shows as writes to the -wal file, which the system reports
(inotify). But it becomes visible only after them, once it is on disk, in shared memory, and nothing
reports that. So after each report one has to look, and look again until it must have come.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from lineage.log.inotify import (
    IN_CREATE,
    IN_MODIFY,
    IN_MOVED_TO,
    IN_ONLYDIR,
    IN_Q_OVERFLOW,
    Inotify,
)

__all__ = ["Waiters"]

POLL: Final = 0.1  # seconds, where nothing reports
# Seconds after a report until one looks; then at twice that, four times that... So a commit that
# took a while to get to the disk is seen after at most twice that while.
_SOON: Final = 0.001
_LATEST: Final = 5.0


class Waiters:
    """All who wait for a log to grow.

    Args:
        path: the store's file, written by others too; None: only `wake` tells of events.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.RLock()  # a signal's handler may close a waiter
        self._waiting: list[_Waiter] = []

    def begin(self) -> _Waiter:
        """Give another one who waits; see `EventLog.waiter`."""
        waiter = _Waiter(self, self._path)
        with self._lock:
            self._waiting = [*self._waiting, waiter]
        return waiter

    def wake(self) -> None:
        """Tell all that something was appended."""
        for waiter in self._waiting:
            waiter.wake()

    def close(self) -> None:
        """End all waiting."""
        for waiter in self._waiting:
            waiter.close()

    def forget(self, waiter: _Waiter) -> None:
        """Tell this one no more."""
        with self._lock:
            self._waiting = [each for each in self._waiting if each is not waiter]


class _Waiter:
    """One who waits; see `lineage.log.base.Waiter`."""

    def __init__(self, waiters: Waiters, path: Path | None) -> None:
        self._waiters = waiters
        self._pid = os.getpid()
        self._closed = False
        self._using = threading.Lock()  # held by who waits
        self._guard = threading.RLock()  # of the bell: another file may get its number
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._reports = None if path is None else _Reports.of(path)
        self._told_of_all = path is None
        self._reported = time.monotonic()  # what is being committed just now was not reported
        self._quiet, self._all = select.poll(), select.poll()
        self._quiet.register(self._bell, select.POLLIN)
        self._all.register(self._bell, select.POLLIN)
        if self._reports is not None:
            self._all.register(self._reports.descriptor, select.POLLIN)

    @property
    def closed(self) -> bool:
        return self._closed

    def wait(self, timeout: float | None = None) -> None:
        if os.getpid() != self._pid:
            return  # what a child takes out of the descriptors, its parent would miss
        with self._using:
            if not self._closed:
                self._wait(None if timeout is None else time.monotonic() + timeout)
        if self._closed:
            self.close()

    @contextmanager
    def waiting(self) -> Iterator[tuple[int, float | None]]:
        with self._using, select.epoll() as both:
            look: float | None = 0  # when closed, at once
            if not self._closed and os.getpid() == self._pid:
                both.register(self._bell, select.EPOLLIN)
                if self._reports is not None:
                    both.register(self._reports.descriptor, select.EPOLLIN)
                look = self._when_to_look()
            yield both.fileno(), None if look is None else max(look - time.monotonic(), 0)

    def _wait(self, end: float | None) -> None:
        look = self._when_to_look()
        while ready := dict(self._all.poll(_milliseconds(end, look))):
            if self._bell in ready:
                self._silence()
                return
            if self._reports is not None and self._reports.take():
                # More writes follow the first, and then comes the sync: no use looking at once.
                self._reported = time.monotonic()
                if self._quiet.poll(_milliseconds(end, self._when_to_look())):
                    self._silence()
                return

    def _when_to_look(self) -> float | None:
        if self._told_of_all:
            return None
        now = time.monotonic()
        if self._reports is None:
            return now + POLL
        return now + min(max(now - self._reported, _SOON), _LATEST)

    def _silence(self) -> None:
        with suppress(BlockingIOError):
            os.eventfd_read(self._bell)

    def wake(self) -> None:
        """End a `wait`, the next one if there is none now."""
        if os.getpid() != self._pid:
            return
        with self._guard, suppress(BlockingIOError):
            if self._bell >= 0:
                os.eventfd_write(self._bell, 1)

    def close(self) -> None:
        self._closed = True
        if os.getpid() != self._pid:
            return
        self.wake()
        # Who waits is awake now, and releases all when done with it. It may be this very thread,
        # in a signal's handler, so nothing is waited for here.
        if self._using.acquire(blocking=False):
            try:
                self._release()
            finally:
                self._using.release()

    def _release(self) -> None:
        with self._guard:
            bell, self._bell = self._bell, -1
        if bell >= 0:
            os.close(bell)
            if self._reports is not None:
                self._reports.close()
            self._waiters.forget(self)


class _Reports:
    """What the system reports of a store's -wal file: that it was written, or made anew."""

    def __init__(self, inotify: Inotify, wal: bytes) -> None:
        self.descriptor = inotify.descriptor
        self._inotify = inotify
        self._wal = wal
        self._name = os.path.basename(wal)  # noqa: PTH119 (bytes)

    @classmethod
    def of(cls, path: Path) -> _Reports | None:
        """Have the file reported; None where it cannot be, or where others' writes are not."""
        inotify = Inotify.on(path)
        if inotify is None:
            return None
        wal = os.fsencode(os.path.realpath(path)) + b"-wal"
        names = IN_CREATE | IN_MOVED_TO | IN_ONLYDIR
        if inotify.watch(os.path.dirname(wal), names) is not None:  # noqa: PTH120 (bytes)
            there = inotify.watch(wal, IN_MODIFY) is not None
            if there or ctypes.get_errno() == errno.ENOENT:  # it will be made
                return cls(inotify, wal)
        inotify.close()
        return None

    def take(self) -> bool:
        """Take all reports there are; whether one was of the file."""
        ours = False
        for _, what, name in self._inotify.take():
            if what & (IN_CREATE | IN_MOVED_TO):
                if name == self._name:
                    self._inotify.watch(self._wal, IN_MODIFY)
                    ours = True
            else:
                ours = ours or bool(what & (IN_MODIFY | IN_Q_OVERFLOW))
        return ours

    def close(self) -> None:
        self._inotify.close()


def _milliseconds(*until: float | None) -> float | None:
    """How long `poll` may take; it rounds up, so that it is never too early."""
    first = min((moment for moment in until if moment is not None), default=None)
    return None if first is None else max(first - time.monotonic(), 0) * 1000
