"""What a user installs, and what the Makefile says when something is missing."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
from importlib import metadata, resources
from pathlib import Path

import pytest

from lineage.log.frames import DICTIONARIES

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def make(*arguments: str) -> tuple[int, list[str]]:
    """Run make; return its status and what it says on standard error, less make's own lines."""
    done = subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stderr.splitlines()
    return done.returncode, [line for line in lines if not line.startswith("make")]


def python(tmp_path: Path, script: str) -> str:
    """A program that stands in for a Python that lacks something."""
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return f"PYTHON={path}"


def test_the_installed_distribution_is_the_one_in_the_project_file() -> None:
    installed = metadata.distribution("lineage-store")
    assert installed.version == PROJECT["version"]
    assert installed.metadata["Requires-Python"] == ">=3.11"


def test_the_command_is_installed() -> None:
    (script,) = metadata.entry_points(group="console_scripts", name="lineage")
    assert script.value == "lineage.cli:main"
    done = subprocess.run(
        [Path(sys.executable).with_name("lineage"), "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("Usage: lineage ")


def test_run_time_needs_are_the_five_libraries_and_no_more() -> None:
    names = {need.split(">")[0] for need in PROJECT["dependencies"]}
    assert names == {"apsw", "click", "lxml", "msgspec", "zstandard"}


def test_data_files_come_with_the_package() -> None:
    package = resources.files("lineage")
    assert package.joinpath("py.typed").is_file()
    assert "[ctx." in package.joinpath("canon", "order.toml").read_text()
    assert "[[rule]]" in package.joinpath("canon", "values.toml").read_text()
    for name in DICTIONARIES.values():
        assert package.joinpath("log", name).is_file()


def test_the_sdist_holds_all_that_a_build_needs_and_nothing_built(tmp_path: Path) -> None:
    program = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    command = [sys.executable, "-c", program, str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (path,) = tmp_path.glob("lineage_store-*.tar.gz")
    with tarfile.open(path) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    needed = {str(p.relative_to(ROOT)) for p in (ROOT / "csrc").glob("*.[ch]")}
    needed |= {str(p.relative_to(ROOT)) for p in (ROOT / "lineage").rglob("*.py*")}
    needed = {name for name in needed if "__pycache__" not in name}
    needed |= {str(p.relative_to(ROOT)) for p in (ROOT / "lineage" / "log").glob("*.zdict")}
    needed |= {"csrc/error.def", "csrc/gen_order.py", "lineage/canon/order.toml", "LICENSE"}
    needed |= {"lineage/canon/values.toml"}
    needed |= {"README.md", "Makefile", "setup.py", "lineage/py.typed", "benchmarks/generate.py"}
    assert needed <= names
    assert not [name for name in names if name.endswith((".so", ".o", ".pyc", "order_table.h"))]


def test_a_missing_compiler_is_said_in_one_line() -> None:
    status, lines = make("check-tools", "CC=/nonexistent/cc", f"PYTHON={sys.executable}")
    assert status != 0
    assert lines == [
        "lineage needs a C compiler: /nonexistent/cc does not work"
        " (Debian: apt-get install gcc libc6-dev)"
    ]


def test_missing_headers_are_said_in_one_line(tmp_path: Path) -> None:
    script = 'case "$*" in *sysconfig*) echo /nonexistent;; esac'
    status, lines = make("check-tools", python(tmp_path, script))
    assert status != 0
    assert lines == ["lineage needs the Python headers (Debian: apt-get install python3-dev)"]


def test_a_missing_venv_module_is_said_in_one_line(tmp_path: Path) -> None:
    script = 'case "$*" in *ensurepip*) exit 1;; esac'
    status, lines = make("check-tools", python(tmp_path, script))
    assert status != 0
    assert lines == ["lineage needs the Python module venv (Debian: apt-get install python3-venv)"]


@pytest.mark.parametrize("script", ["exit 1", None], ids=["old", "none"])
def test_an_old_or_missing_python_is_said_in_one_line(tmp_path: Path, script: str | None) -> None:
    name = python(tmp_path, script) if script else "PYTHON=/nonexistent/python"
    status, lines = make("check-tools", name)
    assert status != 0
    assert len(lines) == 1
    assert lines[0].startswith("lineage needs Python 3.11 or newer")


def test_nothing_is_said_where_nothing_is_missing() -> None:
    assert make("check-tools", f"PYTHON={sys.executable}") == (0, [])
