"""On which file system a store's file is, and what that means for SQLite.

A write-ahead log needs memory that all its users share, and every journal needs locks that hold.
Neither can be had from a file system that several machines use at once.
"""

from __future__ import annotations

import enum
import os
import re
import warnings
from pathlib import Path
from typing import Final, NamedTuple

from lineage.errors import FileSystemWarning, LineageError

__all__ = ["MOUNTS", "FileSystem", "Kind", "admit", "file_system"]

MOUNTS = Path("/proc/self/mountinfo")  # proc(5)

_NETWORK: Final = frozenset(
    # of one server
    ["nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "coda"]
    # of many
    + ["ceph", "glusterfs", "lustre", "beegfs", "fhgfs", "gpfs", "orangefs", "pvfs2", "panfs"]
    + ["wekafs"]
    # of a disk that several machines share
    + ["ocfs2", "gfs", "gfs2", "cxfs"]
    # of the same, through FUSE
    + ["fuse." + name for name in ("glusterfs", "ceph", "ceph-fuse", "sshfs", "davfs", "smbnetfs")]
    + ["fuse." + name for name in ("curlftpfs", "s3fs", "goofys", "gcsfuse", "rclone", "quobyte")]
    + ["fuse." + name for name in ("mfs", "moosefs", "lizardfs", "juicefs", "seaweedfs", "JuiceFS")]
)
# Of a server of which nothing is known: a program on this machine, or the host of a guest.
_UNSURE: Final = frozenset(["fuse", "fuseblk", "9p", "virtiofs", "vboxsf", "vmhgfs", "prl_fs"])
_ESCAPE: Final = re.compile(rb"\\([0-7]{3})")


class Kind(enum.Enum):
    """What may be expected of a file system: `UNSURE` depends on the program that serves it."""

    LOCAL = enum.auto()
    UNSURE = enum.auto()
    NETWORK = enum.auto()


class FileSystem(NamedTuple):
    """A mounted file system.

    Attributes:
        name: its type, as the kernel calls it; empty if that cannot be told.
        readonly: none of its mounts can be written to. A file below a mount that is read-only
            by itself (of a container, of a service) may well change.
    """

    name: str = ""
    readonly: bool = False

    @property
    def kind(self) -> Kind:
        """What may be expected of it; one whose type is unknown is taken for a local one."""
        if self.name in _NETWORK:
            return Kind.NETWORK
        if self.name in _UNSURE or self.name.startswith("fuse."):
            return Kind.UNSURE
        return Kind.LOCAL

    @property
    def never_changes(self) -> bool:
        """Whether a file on it stays as it is for as long as it is mounted so."""
        return self.readonly and self.kind is Kind.LOCAL


def file_system(path: Path) -> FileSystem:
    """Find the file system of a file, of its directory if there is no such file yet."""
    real = Path(os.path.realpath(path))
    try:
        mounts = MOUNTS.read_bytes()
        device = (real if real.exists() else real.parent).stat().st_dev
    except OSError:
        return FileSystem()  # no /proc, or no such directory: for whoever opens the file
    return _find(mounts, os.fsencode(real), f"{os.major(device)}:{os.minor(device)}")


def admit(path: Path, *, allow_network: bool) -> bool:
    """Say whether the file is on a network file system, or refuse that.

    Raises:
        LineageError: it is, and that is not allowed.

    Warns:
        FileSystemWarning: the file system is of a kind of which nothing is known for certain.
    """
    found = file_system(path)
    if found.kind is Kind.UNSURE:
        # Told from here, whoever opens: Python then says it once for each path.
        warnings.warn(
            f"{path}: on {found.name}; whether locks and shared memory work there, and whether "
            "a commit is durable, is up to what serves it",
            FileSystemWarning,
            stacklevel=1,
        )
    if found.kind is not Kind.NETWORK:
        return False
    if not allow_network:
        raise LineageError(
            f"{path}: on a network file system ({found.name}): a write-ahead log needs memory "
            "shared by all who use it, and locks there cannot be trusted; with allow_network "
            "(--allow-network) one process at a time can open the store"
        )
    return True


def _find(mounts: bytes, path: bytes, device: str) -> FileSystem:
    """Look the file system up: by its device number, which some (btrfs) give another for files;
    then by the longest mount point above the path, the last of those mounted over each other.
    """
    best, above = FileSystem(), -1
    for line in mounts.split(b"\n"):
        found = _parse(line)
        if found is None:
            continue
        number, point, mounted = found
        if number == device:
            return mounted
        if _is_below(path, point) and len(point) >= above:
            best, above = mounted, len(point)
    return best


def _parse(line: bytes) -> tuple[str, bytes, FileSystem] | None:
    """Read a mount's device number, where it is mounted, and what."""
    mount, _, rest = line.partition(b" - ")
    own, served = mount.split(b" "), rest.split(b" ")
    if len(own) < 6 or len(served) < 3:
        return None
    name = _unescaped(served[0]).decode("utf-8", "replace")
    readonly = b"ro" in served[2].split(b",")
    return own[2].decode("ascii", "replace"), _unescaped(own[4]), FileSystem(name, readonly)


def _unescaped(text: bytes) -> bytes:
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 8) & 0xFF]), text)


def _is_below(path: bytes, directory: bytes) -> bool:
    return path == directory or path.startswith(directory.rstrip(b"/") + b"/")
