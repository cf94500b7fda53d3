"""The README's session, run as it stands."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lineage

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MARK = "\x1e"  # between the outputs of two commands; no command prints it


def block(language: str) -> str:
    """The README's one block in that language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return str(found)


def session() -> list[tuple[str, str]]:
    """The commands of the session, each with what it prints."""
    parts = re.split(r"^\$ (.*)\n", block("console"), flags=re.MULTILINE)
    assert parts.pop(0) == ""
    return list(zip(parts[::2], parts[1::2], strict=True))


def environment(directory: Path) -> dict[str, str]:
    """What `. .venv/bin/activate` gives: `python` and `lineage` on the path."""
    programs = directory / "bin"
    programs.mkdir()
    for name, arguments in (("python", ""), ("lineage", "-m lineage")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        program.chmod(0o700)
    paths = [str(ROOT), str(Path(lineage.__file__).resolve().parents[1])]
    return {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(paths),
        "HOME": str(directory),
        "LC_ALL": "C.UTF-8",
    }


def test_the_session_prints_what_the_readme_says(tmp_path: Path) -> None:
    commands = session()
    assert len(commands) > 5
    script = f"printf '{MARK}'\n".join(f"{command}\n" for command, _ in commands)
    work = tmp_path / "work"
    work.mkdir()
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=work,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=120,
    )
    printed = done.stdout.decode().split(MARK)
    assert dict(enumerate(printed)) == {n: shown for n, (_, shown) in enumerate(commands)}
    assert done.returncode == 0


def test_the_python_lines_do_what_the_readme_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    examples = doctest.DocTestParser().get_doctest(block("pycon"), {}, "README", "README.md", 0)
    assert len(examples.examples) >= 5
    told: list[str] = []
    result = doctest.DocTestRunner(verbose=False).run(examples, out=told.append)
    assert result.failed == 0, "".join(told)


def test_links_lead_somewhere() -> None:
    for document in ROOT.glob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text("utf-8")):
            assert (ROOT / target).exists(), f"{document.name}: {target}"
