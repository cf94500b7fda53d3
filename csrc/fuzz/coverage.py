"""Print the lines of the core that a fuzzing run reached, by file.

Usage: coverage.py LLVM-COV PROGRAM PROFILE
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def main(llvm_cov: str, program: str, profile: str) -> None:
    command = [llvm_cov, "export", "-summary-only", f"-instr-profile={profile}", program]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    lines = covered = 0
    print("lines  reached  percent")
    for entry in sorted(report["data"][0]["files"], key=lambda each: str(each["filename"])):
        path = Path(entry["filename"])
        if path.parent.name != "csrc":
            continue
        found = entry["summary"]["lines"]
        lines += found["count"]
        covered += found["covered"]
        print(f"{found['count']:5}  {found['covered']:7}  {found['percent']:6.1f} %  {path.name}")
    print(f"{lines:5}  {covered:7}  {100 * covered / lines:6.1f} %  all")


if __name__ == "__main__":
    main(*sys.argv[1:])
