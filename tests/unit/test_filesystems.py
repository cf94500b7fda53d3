"""Which file system a path is on, told from the mounts as the kernel lists them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lineage.errors import FileSystemWarning, LineageError
from lineage.log import filesystems
from lineage.log.filesystems import FileSystem, Kind, admit, file_system
from tests.unit.mounts import mounted, mounts, pretend


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.lineage"


@pytest.mark.parametrize(
    "name", ["nfs", "nfs4", "cifs", "smb3", "ceph", "lustre", "ocfs2", "gfs2", "fuse.glusterfs"]
)
def test_a_network_file_system_is_refused_with_the_reason(
    path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, path, name)
    with pytest.raises(LineageError) as caught:
        admit(path, allow_network=False)
    assert f"{path}: on a network file system ({name})" in str(caught.value)
    assert "memory shared by all" in str(caught.value)
    assert "locks there cannot be trusted" in str(caught.value)
    assert "--allow-network" in str(caught.value)
    assert admit(path, allow_network=True)


@pytest.mark.parametrize("name", ["ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "bcachefs"])
@pytest.mark.parametrize("allow_network", [False, True])
def test_a_local_file_system_is_taken_without_a_word(
    path: Path, name: str, allow_network: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, path, name)
    assert not admit(path, allow_network=allow_network)


@pytest.mark.parametrize("name", ["fuse", "fuseblk", "fuse.bindfs", "9p", "virtiofs"])
def test_a_file_system_that_a_program_serves_gets_a_warning(
    path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, path, name)
    with pytest.warns(FileSystemWarning, match=rf"{path.name}: on {name}; whether locks"):
        assert not admit(path, allow_network=False)


@pytest.mark.filterwarnings("default::lineage.errors.FileSystemWarning")
def test_the_warning_comes_once_for_each_path(
    path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    pretend(monkeypatch, path, "fuse.bindfs")
    for _ in range(3):
        admit(path, allow_network=False)
        admit(path.with_name("other"), allow_network=False)
    assert [path.name in str(each.message) for each in recwarn] == [True, False]


def test_the_file_decides_and_its_directory_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "link"
    link.symlink_to("/dev/null")
    text = mounts(mounted(tmp_path, "/", "xfs"), mounted(Path("/dev/null"), "/dev", "devtmpfs"))
    monkeypatch.setattr(filesystems, "MOUNTS", tmp_path / "mounts")
    filesystems.MOUNTS.write_bytes(text)
    assert file_system(tmp_path / "missing").name == "xfs"
    assert file_system(link).name == "devtmpfs"


def test_the_device_number_comes_before_the_mount_point(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = mounted(path.parent, "/elsewhere", "nfs4")
    hidden = f"9 1 0:999 / {path.parent} rw - ext4 /dev/sda rw"
    filesystems_of(monkeypatch, path.parent, hidden, below, hidden)
    assert file_system(path).name == "nfs4"


def test_without_its_device_number_the_longest_mount_point_decides(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # btrfs gives files of a subvolume a number that is not in the list.
    real = os.path.realpath(path.parent)
    filesystems_of(
        monkeypatch,
        path.parent,
        "1 0 0:990 / / rw - ext4 /dev/sda rw",
        f"2 1 0:991 / {real} rw - btrfs /dev/sdb rw",
        f"3 1 0:992 / {real}-other rw - nfs4 server:/ rw",
        f"4 1 0:993 / {Path(real).parent} rw - nfs server:/ rw",
    )
    assert file_system(path).name == "btrfs"


def test_of_mounts_over_one_another_the_last_counts(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.path.realpath(path.parent)
    lines = [f"{n} 1 0:99{n} / {real} rw - {name} x rw" for n, name in enumerate(["xfs", "nfs4"])]
    filesystems_of(monkeypatch, path.parent, *lines)
    assert file_system(path).name == "nfs4"


@pytest.mark.parametrize("name", ["a b", "tab\tnew\nline", "back\\slash", "\udcff\udcfe", "ä"])
def test_a_mount_point_may_have_any_name(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / name
    directory.mkdir()
    escaped = os.fsencode(os.path.realpath(directory))
    for byte in b"\\ \t\n":
        escaped = escaped.replace(bytes([byte]), b"\\%03o" % byte)
    line = b"2 1 0:991 / " + escaped + b" rw,nosuid shared:7 master:2 - nfs4 h:/a\\040b rw,vers=4"
    monkeypatch.setattr(filesystems, "MOUNTS", tmp_path / "mounts")
    filesystems.MOUNTS.write_bytes(b"1 0 0:990 / / rw - ext4 /dev/sda rw\n" + line + b"\n")
    assert file_system(directory / "s") == FileSystem("nfs4")


@pytest.mark.parametrize(
    ("mount", "served", "frozen"),
    [("ro", "ro,size=4k", True), ("ro", "rw", False), ("rw", "rw,errors=remount-ro", False)],
)
def test_a_file_is_frozen_if_the_file_system_is_read_only_and_not_only_the_mount(
    path: Path, mount: str, served: str, frozen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = mounted(path.parent, "/", "ext4").replace("rw -", f"{mount} -")
    filesystems_of(monkeypatch, path.parent, line.removesuffix("rw") + served)
    assert file_system(path).never_changes == frozen


@pytest.mark.parametrize("name", ["nfs4", "fuse.restic", "9p"])
def test_what_somebody_else_serves_may_change_though_it_is_read_only_here(
    name: str,
) -> None:
    assert not FileSystem(name, readonly=True).never_changes


@pytest.mark.parametrize("text", [b"", b"\n\n", b"1 2 3\n", b"1 0 0:1 / / rw\n", b"- - -\n"])
def test_where_the_mounts_cannot_be_told_a_file_system_counts_as_local(
    path: Path, text: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filesystems, "MOUNTS", path.with_name("mounts"))
    for _ in range(2):  # there is no list, or nothing in it
        assert file_system(path) == FileSystem("")
        assert file_system(path).kind is Kind.LOCAL
        filesystems.MOUNTS.write_bytes(text)


def test_the_mounts_of_this_machine_are_understood(tmp_path: Path) -> None:
    assert file_system(Path("/proc/self/stat")).name == "proc"
    assert file_system(tmp_path / "s").name
    listed = Path("/proc/filesystems").read_text().split()
    assert file_system(tmp_path / "s").name.partition(".")[0] in listed


def filesystems_of(monkeypatch: pytest.MonkeyPatch, directory: Path, *lines: str) -> None:
    monkeypatch.setattr(filesystems, "MOUNTS", directory / "mounts")
    filesystems.MOUNTS.write_bytes(mounts(*lines))
