"""``make demo``: lineage at work on an archive that the project makes itself."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.example import example
from benchmarks.generate import write_tar

__all__ = ["run"]

ARCHIVE = "example.tar.zst"


class Demo:
    """Runs commands in a directory of its own and shows them as a person would type them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environment = {**os.environ, "LINEAGE_STORE": str(directory / "demo.db")}

    def say(self, text: str) -> None:
        """Print a heading."""
        print(f"\n# {text}", flush=True)

    def lineage(self, *arguments: str) -> None:
        """Show and run one command; the demo ends where one fails."""
        print(f"$ {shlex.join(['lineage', *arguments])}", flush=True)
        command = [sys.executable, "-m", "lineage", *arguments]
        subprocess.run(command, cwd=self.directory, env=self.environment, check=True)

    def head(self) -> int:
        """The store's last position."""
        from lineage.store import Store

        with Store(self.environment["LINEAGE_STORE"], readonly=True) as store:
            return store.head()


def run(directory: Path) -> None:
    """Tell the story, with its files below `directory`."""
    demo = Demo(directory)
    demo.say(f"An archive of libvirt's snapshot files ({ARCHIVE}) goes in ...")
    write_tar(directory / ARCHIVE, example())
    demo.lineage("import", ARCHIVE)
    demo.say("... and trees come out. The current snapshots are marked.")
    demo.lineage("tree")
    demo.say("Importing it again adds nothing.")
    demo.lineage("import", ARCHIVE)
    before = demo.head()
    demo.say("Somebody deletes a snapshot in the middle; its children move to its parent.")
    demo.lineage("record", "delete", "web-01", "before-upgrade")
    demo.lineage("tree", "web-01")
    demo.say(f"The tree as it was before is still there: as of position {before}.")
    demo.lineage("tree", "web-01", "--at", str(before))
    demo.say("What happened to that domain, all of it:")
    demo.lineage("log", "web-01")
    demo.say("A snapshot's XML, ready for libvirt (this one keeps the memory in a file).")
    demo.lineage("show", "db-01", "checkpoint")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="lineage-demo-") as name:
        try:
            run(Path(name))
        except subprocess.CalledProcessError as error:
            sys.exit(error.returncode)
