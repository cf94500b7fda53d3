"""An SQLite VFS over the real one that writes down what happens to a store's files.

A sync is written down and not done: the files of a test need not survive the test. Faults can be
put in: see `Faults`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import apsw

from tests.crash.disk import Disk, File

__all__ = ["Fault", "RecordingVFS", "Step", "count", "replay"]

# Not the shared memory of a WAL (it is made anew), nor temporary files.
_LASTING: Final = (
    apsw.SQLITE_OPEN_MAIN_DB
    | apsw.SQLITE_OPEN_MAIN_JOURNAL
    | apsw.SQLITE_OPEN_SUPER_JOURNAL
    | apsw.SQLITE_OPEN_WAL
)
_DIRECTORY_TOO: Final = _LASTING & ~apsw.SQLITE_OPEN_MAIN_DB

Fault = Callable[[str, str], Exception | None]
"""Given an operation and a file name: the error it fails with, None if it does not fail."""


@dataclass(frozen=True)
class Step:
    """Something that happened to a file.

    Attributes:
        kind: ``create``, ``write``, ``truncate``, ``sync``, ``failed-sync`` (what was written
            is taken for clean and is not on the disk), ``sync-directory``, ``delete``, or
            ``returned`` (no file's: an append was acknowledged).
        number: offset of a write, size of a truncation, count of acknowledged appends.
    """

    kind: str
    name: str = ""
    number: int = 0
    data: bytes = b""


def count(trace: Iterable[Step], kind: str, suffix: str = "") -> int:
    """How many steps of a kind there are, on files whose names end so."""
    return sum(step.kind == kind and step.name.endswith(suffix) for step in trace)


def replay(disk: Disk, number: int, step: Step) -> None:
    """Let the step, which has this number, happen to the disk."""
    file = disk.now.get(step.name)
    if step.kind == "create":
        disk.link(number, step.name)
    elif step.kind == "delete":
        disk.unlink(number, step.name)
    elif step.kind == "sync-directory":
        disk.sync()
    elif file is not None:
        _replay_on(file, number, step)
    else:
        assert step.kind == "returned", step


def _replay_on(file: File, number: int, step: Step) -> None:
    if step.kind == "write":
        file.write(number, step.number, step.data)
    elif step.kind == "truncate":
        file.truncate(number, step.number)
    elif step.kind == "sync":
        file.sync()
    else:
        assert step.kind == "failed-sync", step
        file.lose(number)


class RecordingVFS(apsw.VFS):
    """Writes down all that is done to the lasting files, and lets it fail where it shall.

    Args:
        name: under which SQLite knows it.

    Attributes:
        trace: what happened since the last `begin`.
        fault: asked before each operation.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name, "")
        self.name = name
        self.trace: list[Step] = []
        self.fault: Fault
        self.known: set[str]
        self.begin()

    def begin(self, known: Iterable[str] = (), fault: Fault = lambda kind, name: None) -> None:
        """Begin another trace, with the files that are there already."""
        self.trace, self.known, self.fault = [], set(known), fault

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        if name is None or not flags[0] & _LASTING:
            return apsw.VFSFile("", name, flags)
        text = name if isinstance(name, str) else name.filename()
        self.check("open", text)
        file = _RecordingFile(self, name, text, flags)
        short = Path(text).name
        if short not in self.known:
            # A database's file is there before SQLite opens it: the store put it there.
            self.known.add(short)
            self.note("create", short)
            content = Path(text).read_bytes()
            if content:
                self.note("write", short, 0, content)
        return file

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self.check("delete", filename)
        super().xDelete(filename, syncdir)
        short = Path(filename).name
        self.known.discard(short)
        self.note("delete", short)
        if syncdir:
            self.note("sync-directory", short)

    def note(self, kind: str, name: str = "", number: int = 0, data: bytes = b"") -> None:
        """Write down that something happened."""
        self.trace.append(Step(kind, name, number, data))

    def check(self, kind: str, name: str) -> None:
        """Fail if this operation shall."""
        error = self.fault(kind, name)
        if error is not None:
            raise error


class _RecordingFile(apsw.VFSFile):
    def __init__(
        self, vfs: RecordingVFS, name: str | apsw.URIFilename, text: str, flags: list[int]
    ) -> None:
        self._vfs = vfs
        self._path = text
        self._name = Path(text).name
        # SQLite's own VFS syncs the directory with the first sync of a log that it may make.
        made = flags[0] & apsw.SQLITE_OPEN_CREATE and flags[0] & _DIRECTORY_TOO
        self._directory_too = bool(made)
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        try:
            self._vfs.check("write", self._path)
        except apsw.Error:
            # A write that fails may have written something.
            part = bytes(data)[: len(data) // 2]
            super().xWrite(part, offset)
            self._vfs.note("write", self._name, offset, part)
            raise
        super().xWrite(data, offset)
        self._vfs.note("write", self._name, offset, bytes(data))

    def xTruncate(self, size: int) -> None:
        self._vfs.check("truncate", self._path)
        super().xTruncate(size)
        self._vfs.note("truncate", self._name, size)

    def xSync(self, flags: int) -> bool:
        try:
            self._vfs.check("sync", self._path)
        except apsw.Error:
            self._vfs.note("failed-sync", self._name)
            raise
        self._vfs.note("sync", self._name)
        if self._directory_too:
            self._directory_too = False
            self._vfs.note("sync-directory", self._name)
        return True
