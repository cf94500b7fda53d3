"""Where an export goes: a directory or a tar archive, there in full or not at all."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from lineage.errors import LineageError

__all__ = ["DirectorySink", "Sink", "TarSink", "open_sink"]

_PACKED: Final = (".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.zst", ".tzst", ".tar.bz2")
_LATEST: Final = 8**11 - 1  # seconds: what a tar header holds


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let errors name the target: nobody has heard of the name it has while it is written."""
    try:
        yield
    except OSError as error:
        error.filename = os.fspath(path)
        raise


class Sink(Protocol):
    """Takes files one by one. Nothing is to be seen of them until `commit`."""

    def add(self, folder: str, name: str, data: bytes, mtime: int) -> None:
        """Write ``snapshot/FOLDER/NAME``, mode 0600.

        Args:
            folder, name: file names, not paths.
            mtime: seconds since the epoch, any number.
        """

    def commit(self) -> None:
        """Put everything in its place."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove what was not committed."""


def open_sink(target: str | os.PathLike[str]) -> Sink:
    """Prepare to write to a directory, or to a tar archive if the target ends in ``.tar``.

    Nothing is created before the first file comes.

    Raises:
        LineageError: there is something already, other than an empty directory to write to;
            or the target is a compressed archive.
    """
    path = Path(target)
    if path.name.endswith(_PACKED):
        raise LineageError("an export is a directory or a plain .tar, not a compressed one")
    if path.name.endswith(".tar"):
        if os.path.lexists(path):
            raise LineageError(f"{path} is there already")
        return TarSink(path)
    if os.path.lexists(path) and (not path.is_dir() or any(path.iterdir())):
        raise LineageError(f"{path} is there already and not an empty directory")
    return DirectorySink(path)


class DirectorySink:
    """Writes ``TARGET/snapshot/``, under another name until it is complete.

    Args:
        path: an empty directory, or none; its parent must be there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._made = False
        self._partial: Path | None = None
        self._folders: set[str] = set()

    def add(self, folder: str, name: str, data: bytes, mtime: int) -> None:
        """Write a file; see `Sink.add`. Its time is left to the file system."""
        place = (self._partial or self._begin()) / folder
        if folder not in self._folders:
            place.mkdir()
            place.chmod(0o700)
            self._folders.add(folder)
        fd = os.open(place / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            os.fchmod(fd, 0o600)
            file.write(data)

    def _begin(self) -> Path:
        try:
            self._path.mkdir(mode=0o700)
            self._made = True
        except FileExistsError:
            pass
        with _naming(self._path):
            self._partial = Path(tempfile.mkdtemp(prefix=".snapshot-", dir=self._path))
        return self._partial

    def commit(self) -> None:
        """Let ``snapshot`` appear."""
        if self._partial is not None:
            self._partial.rename(self._path / "snapshot")
            self._partial = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._partial is not None:
            shutil.rmtree(self._partial, ignore_errors=True)
            if self._made:
                self._path.rmdir()


class TarSink:
    """Writes a POSIX tar archive, under another name until it is complete.

    The bytes depend on the files alone: no owner, no clock. A member's time is its mtime, not
    before 1970.

    Args:
        path: the archive; its directory must be there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial: Path | None = None
        self._file: io.BufferedWriter | None = None
        self._tar: tarfile.TarFile | None = None

    def add(self, folder: str, name: str, data: bytes, mtime: int) -> None:
        """Write a member; see `Sink.add`."""
        member = tarfile.TarInfo(f"snapshot/{folder}/{name}")
        member.size = len(data)
        member.mode = 0o600
        member.mtime = min(max(mtime, 0), _LATEST)
        (self._tar or self._begin()).addfile(member, io.BytesIO(data))

    def _begin(self) -> tarfile.TarFile:
        with _naming(self._path):
            fd, name = tempfile.mkstemp(prefix=".lineage-", suffix=".part", dir=self._path.parent)
        self._partial = Path(name)
        self._file = os.fdopen(fd, "wb")
        os.fchmod(fd, 0o600)
        tar = tarfile.open(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self._tar = tar
        return tar

    def commit(self) -> None:
        """Let the archive appear, when its bytes are on disk."""
        if self._tar is None or self._file is None or self._partial is None:
            return
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._partial.rename(self._path)
        self._partial = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._partial is not None and self._file is not None:
            self._file.close()
            self._partial.unlink(missing_ok=True)
