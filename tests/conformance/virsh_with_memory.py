"""A virsh whose test driver remembers from one call to the next, for scripts that call it often.

The real virsh does everything. Since its ``test:///default`` is a fresh world for each process, all
that was created before is created again first, in the same session.

Environment: MEMORY, a file of the commands that created something, one a line, as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

MARK = "-----and-now-----"


def quoted(word: str) -> str:
    """A word as virsh reads it."""
    return "'" + word.replace("'", "'\\''") + "'"


def main(given: list[str]) -> int:
    """Do what virsh would do."""
    memory = Path(os.environ["MEMORY"])
    before = [json.loads(line) for line in memory.read_text().splitlines()]
    assert given[:3] == ["-q", "-c", "test:///default"], given
    command = given[3:]
    session = [" ".join(map(quoted, words)) for words in before] + [f"echo {MARK}"]
    session.append(" ".join(map(quoted, command)))
    done = subprocess.run(
        ["virsh", "-q", "-c", "test:///default", "; ".join(session)],
        capture_output=True,
        text=True,
        check=False,
    )
    sys.stdout.write(done.stdout.partition(MARK)[2].removeprefix("\n"))
    sys.stderr.write(done.stderr)
    if command[0] == "snapshot-create" and done.returncode == 0:
        with memory.open("a") as file:
            file.write(json.dumps(command) + "\n")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
