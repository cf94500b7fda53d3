"""Who may import whom: the table of CONTRIBUTING.md, held against every import statement."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "lineage"

# A part is a module or a package with all in it; STORE is Store and what it is made of.
STORE = (
    "store",
    "batch",
    "calls",
    "check",
    "definitions",
    "directory",
    "documents",
    "filters",
    "identity",
    "ingest",
    "intake",
    "kept",
    "listing",
    "past",
    "reading",
    "views",
    "watch",
    "writers",
    "writing",
)
ON_STORE = (
    "aio",
    "bundle",
    "bundlefile",
    "capture",
    "diff",
    "doctor",
    "export",
    "guard",
    "handback",
    "reader",
    "restore",
    "script",
    "sinks",
    "snapshotdir",
    "stats",
)
BELOW_STORE = frozenset(
    {"errors", "model", "canon", "events", "log", "tree", "rules", "sources", "filenames"}
)
ALLOWED: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "filenames": frozenset({"errors"}),
    "hypervisor": frozenset({"errors"}),
    "model": frozenset({"errors"}),
    "canon": frozenset({"errors", "model"}),
    "events": frozenset({"errors", "model"}),
    "log": frozenset({"errors"}),
    "tree": frozenset({"errors", "model", "events"}),
    "rules": frozenset({"errors", "model", "canon", "events", "tree"}),
    "sources": frozenset({"errors", "model", "canon", "filenames", "hypervisor"}),
    "store": BELOW_STORE,
    "on store": BELOW_STORE | {"store", "hypervisor"},
    "top": BELOW_STORE | {"store", "on store"},
    "cli": BELOW_STORE - {"log"} | {"store", "on store", "top"},
    "command": frozenset({"cli"}),
}
PARTS = {
    **dict.fromkeys(STORE, "store"),
    **dict.fromkeys(ON_STORE, "on store"),
    **dict.fromkeys(("annotations", "histories", "reflog", "treenode", "treestate"), "tree"),
    "": "top",
    "__main__": "command",
}
# Libraries that stay behind one part, so that another could take their place.
HOMES = {
    "apsw": {"log"},
    "click": {"cli"},
    "lxml": {"canon", "rules"},
    "zstandard": {"log", "sources", "on store"},
    "sqlite3": set[str](),
    "libvirt": {"hypervisor"},
}
# Modules that talk to a hypervisor; everybody else goes through one of these.
LIVE = {"sources.live", "restore", "capture"}
MODULES = sorted(PACKAGE.rglob("*.py"))


def part_of(module: str) -> str:
    """The part of the table to which a dotted name within lineage belongs."""
    first = module.partition(".")[0]
    return PARTS.get(first, first)


def name_of(path: Path) -> str:
    """The module's dotted name within lineage; empty for lineage itself."""
    parts = list(path.relative_to(PACKAGE).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) of every import, those inside functions too."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno}: import by the full name"
            origin = node.module or ""
            for alias in node.names:
                inner = PACKAGE.parent / Path(*origin.split("."), alias.name)
                is_module = inner.is_dir() or inner.with_suffix(".py").exists()
                yield node.lineno, f"{origin}.{alias.name}" if is_module else origin


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_what_the_table_allows(path: Path) -> None:
    part = part_of(name_of(path))
    assert part in ALLOWED, f"{name_of(path)}: give it a place in the table"
    for line, imported in imports(path):
        package, _, module = imported.partition(".")
        if package == "lineage":
            other = part_of(module)
            allowed = other == part or other in ALLOWED[part]
            assert allowed, f"{path.name}:{line}: {part} may not import {imported}"
        elif package in HOMES:
            assert part in HOMES[package], f"{path.name}:{line}: {package} is not for {part}"


def test_few_modules_talk_to_a_hypervisor() -> None:
    users = {
        name_of(path)
        for path in MODULES
        if any(name == "lineage.hypervisor" for _, name in imports(path))
    }
    assert users == LIVE


def test_the_table_has_no_cycle() -> None:
    done: set[str] = set()
    while ready := {part for part in ALLOWED if part not in done and ALLOWED[part] <= done}:
        done |= ready
    assert done == set(ALLOWED)


def test_the_table_names_only_what_exists() -> None:
    seen = {part_of(name_of(path)) for path in MODULES}
    assert set(ALLOWED) == seen
    listed = {name for name in PARTS if name} | {name for name in ALLOWED if " " not in name}
    present = {name_of(path).partition(".")[0] for path in MODULES}
    assert listed - {"top", "command"} <= present


def test_the_core_knows_nothing_of_python() -> None:
    sources = [*(ROOT / "csrc").glob("*.c"), *(ROOT / "csrc").glob("*.h")]
    assert sources
    for path in sources:
        assert "Python.h" not in path.read_text(), path.name
