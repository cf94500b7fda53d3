"""A directory as a source: every ``.xml`` file below it, in order of its path."""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Final, cast

from lineage.sources.base import Document, SourceError
from lineage.sources.files import DIRECTORY_FLAGS, read_regular, unreadable
from lineage.sources.paths import domain_hint, hides_documents, is_document, label

__all__ = ["DirectorySource"]

_LONGEST: Final = 4096  # bytes of a path below the root: what the system takes for one
_OPEN: Final = 32  # directories held open; those above are found again through ".."


class _Kind(Enum):
    FILE = "file"
    DIRECTORY = "directory"
    LINK = "symlink"
    OTHER = "other"


class _Level:
    """A directory on the way down, and what of it is still to be visited.

    Attributes:
        fd: the open directory; None while it is closed for deeper ones.
        path: below the root, empty for the root, else ending in a slash.
    """

    __slots__ = ("_identity", "entries", "fd", "hint", "path")

    def __init__(
        self, fd: int, path: bytes, hint: str | None, entries: Iterator[tuple[str, _Kind]]
    ) -> None:
        self.fd: int | None = fd
        self.path = path
        self.hint = hint
        self.entries = entries
        self._identity: tuple[int, int] | None = None

    def close(self) -> None:
        """Close the directory; `reopen` finds it again."""
        if self.fd is not None:
            self._identity = _identity(self.fd)
            os.close(self.fd)
            self.fd = None

    def reopen(self, below: int) -> None:
        """Open the directory again as the parent of one that is open.

        Raises:
            SourceError: it is not where it was.
        """
        try:
            self.fd = os.open("..", DIRECTORY_FLAGS, dir_fd=below)
        except OSError as error:
            raise unreadable(error) from None
        if _identity(self.fd) != self._identity:
            raise SourceError("changed-while-read", "a directory was moved while it was read")


class DirectorySource:
    """Every document below a directory.

    ``snapshot/DOMAIN/NAME.xml`` at any depth (the directory itself may be ``snapshot`` or
    ``DOMAIN``) is libvirt's layout and gives DOMAIN as the hint; any other ``.xml`` file is
    loose. Files without ``.xml`` and hidden ones are passed over, also where libvirt would
    try to load them. Symbolic links are not followed: one that ends in ``.xml``, or stands
    where libvirt has a directory, is reported. Nothing but regular files is opened.
    """

    def __init__(self, path: Path) -> None:
        """Args: path: the directory; it may itself be named through a symbolic link."""
        self._path = path
        root = path.resolve()
        self._root = os.fsencode(root)
        self._root_name = os.fsencode(root.name)
        self.name = label(self._root_name or b"/")
        self.total: int | None = None
        self._done = 0

    def __iter__(self) -> Iterator[Document]:
        """Yield the documents; see `Source`.

        Raises:
            SourceError: the directory itself cannot be opened.
        """
        self._done = 0
        try:
            root = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise unreadable(error) from None
        stack: list[_Level] = []
        try:
            stack.append(self._level(root, b""))
            while stack:
                yield from self._step(stack)
        finally:
            for level in stack:
                level.close()

    def _level(self, fd: int, path: bytes) -> _Level:
        """Take over an open directory; it is closed if it cannot be listed."""
        try:
            return _Level(fd, path, domain_hint(self._root + b"/" + path), iter(_listing(fd)))
        except OSError as error:
            os.close(fd)
            raise unreadable(error) from None

    def _step(self, stack: list[_Level]) -> Iterator[Document]:
        """Visit entries of the deepest level until it ends or another is entered."""
        level = stack[-1]
        for name, kind in level.entries:
            path = level.path + os.fsencode(name)
            if kind is _Kind.DIRECTORY:
                try:
                    stack.append(self._enter(stack, name, path + b"/"))
                except SourceError as error:
                    yield self._failed(path, error)
                    continue
                return
            if is_document(path) or (kind is _Kind.LINK and hides_documents(self._below(path))):
                yield self._document(level, name, path, kind)
        self._leave(stack)

    def _enter(self, stack: list[_Level], name: str, path: bytes) -> _Level:
        if len(path) > _LONGEST:
            raise SourceError("too-deep", f"its path is longer than {_LONGEST} bytes")
        try:
            fd = os.open(name, DIRECTORY_FLAGS, dir_fd=stack[-1].fd)
        except OSError as error:
            raise unreadable(error) from None
        level = self._level(fd, path)
        if len(stack) >= _OPEN:
            stack[-_OPEN].close()
        return level

    def _leave(self, stack: list[_Level]) -> None:
        level = stack.pop()
        try:
            if stack and stack[-1].fd is None and level.fd is not None:
                stack[-1].reopen(level.fd)
        finally:
            level.close()

    def _document(self, level: _Level, name: str, path: bytes, kind: _Kind) -> Document:
        try:
            if kind is _Kind.LINK:
                raise SourceError("symlink", "a symbolic link, not followed")
            if kind is _Kind.OTHER:
                raise SourceError("not-a-file", "not a regular file")
            data = read_regular(name, cast(int, level.fd))  # the deepest one is open
        except SourceError as error:
            return self._failed(path, error, level.hint)
        self._done += len(data)
        return Document(label(path), data, level.hint, None, self._done)

    def _failed(self, path: bytes, error: SourceError, hint: str | None = None) -> Document:
        return Document(label(path), b"", hint, error, self._done)

    def _below(self, path: bytes) -> bytes:
        """A path below the root, with the root's own name before it."""
        return self._root_name + b"/" + path


def _listing(fd: int) -> list[tuple[str, _Kind]]:
    """Names and kinds, sorted by name; kinds that are not known for sure are OTHER."""
    with os.scandir(fd) as entries:
        return sorted(((entry.name, _kind(entry)) for entry in entries), key=lambda e: e[0])


def _identity(fd: int) -> tuple[int, int]:
    info = os.fstat(fd)
    return info.st_dev, info.st_ino


def _kind(entry: os.DirEntry[str]) -> _Kind:
    if entry.is_symlink():
        return _Kind.LINK
    if entry.is_dir(follow_symlinks=False):
        return _Kind.DIRECTORY
    return _Kind.FILE if entry.is_file(follow_symlinks=False) else _Kind.OTHER
