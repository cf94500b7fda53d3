"""Made-up snapshot documents and archives of them, the same for the same seed.

Run with ``python -m benchmarks.generate --help``.

Documents are as libvirt prints them, 4 to 5 KB on average, all different.
"""

from __future__ import annotations

import argparse
import gzip
import io
import lzma
import os
import random
import sys
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

import zstandard

from benchmarks import dice, strangers
from benchmarks.machines import begin
from benchmarks.scramble import scramble
from benchmarks.snapshots import WORDS, document, history

__all__ = ["COMMENT", "archive", "documents", "scramble", "write_directory", "write_tar"]

# What libvirt puts before the document in every file it keeps.
COMMENT: Final = b"""<!--
WARNING: THIS IS AN AUTO-GENERATED FILE. CHANGES TO IT ARE LIKELY TO BE
OVERWRITTEN AND LOST. Changes to this xml configuration should be made using:
  virsh snapshot-edit
or other application using the libvirt API.
-->

"""
PER_MACHINE: Final = 5  # documents() takes that many snapshots of a machine
MODIFIED: Final = 1_700_000_000  # every tar member's time


def documents(n: int, seed: int = 1, *, driver: str | None = None) -> Iterator[bytes]:
    """Yield `n` different snapshot documents, many shapes, each as libvirt prints it.

    A parent comes before its children.

    Args:
        driver: every domain is of this one: of ``test`` libvirt's test driver takes all of
            them and prints them unchanged. None: qemu and kvm.
    """
    for number in range(-(-n // PER_MACHINE)):
        rng = random.Random(f"{seed}/{number}")
        wanted = min(PER_MACHINE, n - number * PER_MACHINE)
        machine = begin(rng, number)
        if driver is not None:
            machine = replace(machine, driver=driver)
        for snapshot in history(rng, machine, wanted):
            yield document(snapshot)


def archive(
    domains: int,
    snapshots: int,
    seed: int = 1,
    *,
    scrambled: bool = False,
    strange: bool = False,
) -> Iterator[tuple[str, bytes]]:
    """Yield (path, content) of every file of an archive in libvirt's on-disk layout.

    Each domain has a branching tree of snapshots; one snapshot of each is active. The files
    of a domain come in no order, as directories list them.

    Args:
        domains: how many domains.
        snapshots: how many snapshots each of them has.
        scrambled: rewrite each document into an equivalent one.
        strange: of machines unlike the others, see `benchmarks.strangers`.
    """
    for number in range(domains):
        rng = random.Random(f"{seed}/{number}")
        machine = strangers.begin(rng, number) if strange else begin(rng, number)
        words = strangers.WORDS if strange else WORDS
        taken = history(rng, machine, snapshots, words)
        active = taken[-1] if dice.chance(rng, 0.8) else dice.pick(rng, taken)
        for snapshot in dice.shuffled(rng, taken):
            xml = document(snapshot, active=snapshot is active)
            if scrambled:
                xml = scramble(xml, rng).removeprefix(b"\xef\xbb\xbf")
            content = xml if xml.startswith(b"<?xml") else COMMENT + xml
            yield f"snapshot/{machine.name}/{snapshot.name}.xml", content


def write_tar(path: str | os.PathLike[str], files: Iterable[tuple[str, bytes]]) -> None:
    """Write the files as a tar, compressed as the suffix says (.gz, .xz, .zst, else plain)."""
    target = Path(path)
    with ExitStack() as stack:
        raw = stack.enter_context(target.open("wb"))
        stream = stack.enter_context(_compressed(raw, target.suffix))
        tar = stack.enter_context(tarfile.open(fileobj=stream, mode="w"))
        seen: set[str] = set()
        for name, content in files:
            _add_directory(tar, str(PurePosixPath(name).parent), seen)
            _add(tar, name, content)


def write_directory(path: str | os.PathLike[str], files: Iterable[tuple[str, bytes]]) -> None:
    """Write the files below a directory, which is made if it is not there."""
    for name, content in files:
        target = Path(path) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _compressed(raw: IO[bytes], suffix: str) -> AbstractContextManager[Any]:
    if suffix in (".gz", ".tgz"):
        return gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0)
    if suffix in (".xz", ".txz"):
        return lzma.LZMAFile(raw, "wb", preset=1)
    if suffix in (".zst", ".tzst"):
        return zstandard.ZstdCompressor(level=3).stream_writer(raw, closefd=False)
    return nullcontext(raw)


def _add_directory(tar: tarfile.TarFile, name: str, seen: set[str]) -> None:
    if name in seen or name == ".":
        return
    _add_directory(tar, str(PurePosixPath(name).parent), seen)
    seen.add(name)
    member = tarfile.TarInfo(name)
    member.type, member.mode, member.mtime = tarfile.DIRTYPE, 0o755, MODIFIED
    tar.addfile(member)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = len(content), 0o600, MODIFIED
    tar.addfile(member, io.BytesIO(content))


def main(arguments: list[str] | None = None) -> int:
    """Write an archive; the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.generate", description="Write an archive of made-up snapshots."
    )
    parser.add_argument("target", help="directory, or .tar, .tar.gz, .tar.xz, .tar.zst")
    parser.add_argument("--domains", type=int, default=20, help="how many (default: 20)")
    parser.add_argument("--snapshots", type=int, default=50, help="per domain (default: 50)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other files")
    parser.add_argument("--scrambled", action="store_true", help="equivalent rewritings")
    options = parser.parse_args(arguments)
    files = archive(options.domains, options.snapshots, options.seed, scrambled=options.scrambled)
    if ".tar" in Path(options.target).name or options.target.endswith((".tgz", ".txz", ".tzst")):
        write_tar(options.target, files)
    else:
        write_directory(options.target, files)
    return 0


if __name__ == "__main__":
    sys.exit(main())
