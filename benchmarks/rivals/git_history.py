"""The rival of the store's size: the same snapshots in git, a commit each, packed as git can."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import IO

__all__ = ["size"]


def size(files: Iterable[tuple[str, bytes]], repository: Path) -> int:
    """Commit each file by itself, and collect garbage aggressively; give the bytes of the packs.

    Their indexes are not counted.

    Args:
        repository: a directory to be made.
    """
    git = ["git", "-C", str(repository)]
    subprocess.run(["git", "init", "--quiet", "--bare", str(repository)], check=True)
    command = [*git, "fast-import", "--quiet"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for number, (path, content) in enumerate(files):
            _commit(process.stdin, path, content, number)
        process.stdin.close()
    if process.returncode:
        raise RuntimeError("git fast-import failed")
    subprocess.run([*git, "gc", "--quiet", "--aggressive", "--prune=now"], check=True)
    return sum(path.stat().st_size for path in (repository / "objects").rglob("*.pack"))


def _commit(out: IO[bytes], path: str, content: bytes, number: int) -> None:
    message = f"{path}\n".encode()
    out.write(
        b"commit refs/heads/main\ncommitter lineage <lineage@example.net> %d +0000\n"
        b"data %d\n%sM 100644 inline " % (1_700_000_000 + number, len(message), message)
    )
    quoted = path.encode().replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    out.write(b'"%s"\ndata %d\n%s\n' % (quoted, len(content), content))
