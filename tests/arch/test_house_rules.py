"""Files that a reader can take in, and nothing in them that belongs elsewhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("lineage", "csrc", "benchmarks", "tests")
SUFFIXES = {
    ".py",
    ".pyx",
    ".pxi",
    ".pyi",
    ".c",
    ".h",
    ".def",
    ".md",
    ".toml",
    ".sh",
    ".in",
    ".cfg",
    "",
}
MOST_LINES = {".py": 400, ".pyx": 400, ".pxi": 400, ".c": 800, ".h": 800}
MOST_FUNCTION_LINES = 40

# Spelled so that this file does not hold what it looks for.
UNFINISHED = re.compile(
    r"TO[D]O|FIX[M]E|X[X]X|place[h]older|for n[o]w\b|NotImplemented[E]rror|not impl[e]mented"
    r"|pytest\.s[k]ip|mark\.s[k]ip|mark\.x[f]ail"
)
ELSEWHERE = re.compile(r"/w[o]rk/|/tmp/[w]/|/r[o]ot/|/h[o]me/[a-z]|bash_[j]obs")


def files() -> Iterator[Path]:
    """Every text file of the project."""
    for name in OURS:
        for path in (ROOT / name).rglob("*"):
            skipped = {"__pycache__", "results"} & set(path.parts)
            if path.is_file() and path.suffix in SUFFIXES and not skipped:
                yield path
    for path in ROOT.iterdir():
        if path.is_file() and path.suffix in SUFFIXES and path.name != ".git":
            yield path
    yield ROOT / ".ci" / "run"


def shown(path: Path) -> str:
    """How a test's name shows the file."""
    return str(path.relative_to(ROOT))


FILES = sorted(set(files()))
PYTHON = [path for path in FILES if path.suffix == ".py"]


@pytest.mark.parametrize("path", [p for p in FILES if p.suffix in MOST_LINES], ids=shown)
def test_a_file_is_short_enough_to_read(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES[path.suffix]


@pytest.mark.parametrize("path", PYTHON, ids=shown)
def test_a_function_is_short_enough_to_read(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body
            if ast.get_docstring(node) is not None and len(body) > 1:
                body = body[1:]  # a long docstring is no long function
            lines = (body[-1].end_lineno or 0) - body[0].lineno + 1
            assert lines < MOST_FUNCTION_LINES, f"{path.name}:{node.lineno} {node.name}: {lines}"


@pytest.mark.parametrize("path", [p for p in PYTHON if "lineage" in p.parts], ids=shown)
def test_what_is_public_says_what_it_does(path: Path) -> None:
    tree = ast.parse(path.read_bytes())
    assert ast.get_docstring(tree), "the module says nothing"
    public = exported(tree)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in public:
            assert ast.get_docstring(node), f"line {node.lineno}: {node.name} says nothing"


def exported(tree: ast.Module) -> list[str]:
    """What the module's ``__all__`` names."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return []


@pytest.mark.parametrize("pattern", [UNFINISHED, ELSEWHERE], ids=["unfinished", "elsewhere"])
def test_nothing_sounds_unfinished_or_names_a_machine(pattern: re.Pattern[str]) -> None:
    found = [
        f"{shown(path)}:{number}"
        for path in FILES
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


def test_no_test_is_left_out() -> None:
    """Each directory of tests holds tests: a renamed pattern would go unseen otherwise."""
    for directory in sorted(p for p in (ROOT / "tests").iterdir() if p.is_dir()):
        if directory.name not in ("golden", "__pycache__", "c"):
            assert list(directory.rglob("test_*.py")), directory.name
