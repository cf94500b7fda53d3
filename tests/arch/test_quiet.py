"""A program that embeds lineage is not talked into: no output, no logging, no state of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.arch.test_import_table import MODULES, imports, name_of

LIBRARY = [
    path for path in MODULES if name_of(path) != "__main__" and "cli" not in path.parts[-2:-1]
]
# Modules by which a library talks, or changes the process that it is in.
LOUD = {"atexit", "getpass", "locale", "logging", "pdb", "pprint", "signal", "syslog", "warnings"}
# The one warning that there is: a file system whose locks may not hold.
WARNING = {"log.filesystems": "warnings"}
STREAMS = {"stdout", "stderr", "stdin", "__stdout__", "__stderr__", "excepthook", "argv", "exit"}
CHANGES = {
    "chdir",
    "umask",
    "putenv",
    "setlocale",
    "setrlimit",
    "setrecursionlimit",
    "setdefaulttimeout",
}
MUTATORS = {"add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove"}
MUTATORS |= {"setdefault", "update", "appendleft", "popleft"}
# What a module changes after its import, and why it may.
STATE = {
    ("log.sqlite", "_logs"): "open handles, held weakly: a forked child must not close them",
}


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def calls(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Yield (line, what the name belongs to, name) of every call of a plain or dotted name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.lineno, "", node.func.id
            elif isinstance(node.func, ast.Attribute):
                yield node.lineno, ast.unparse(node.func.value), node.func.attr


def test_the_library_is_what_is_looked_at() -> None:
    names = {name_of(path) for path in LIBRARY}
    assert {"", "store", "aio", "log.sqlite", "sources.files", "canon.twin"} <= names
    assert not [name for name in names if name.startswith("cli")]


@pytest.mark.parametrize("path", LIBRARY, ids=name_of)
def test_a_module_neither_prints_nor_logs(path: Path) -> None:
    tree = tree_of(path)
    said = [line for line, _, name in calls(tree) if name in ("print", "input", "breakpoint")]
    used = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in STREAMS
        and isinstance(node.value, ast.Name)
        and node.value.id == "sys"
    ]
    loud = [
        line
        for line, name in imports(path)
        if name.partition(".")[0] in LOUD - {WARNING.get(name_of(path))}
    ]
    assert (said, used, loud) == ([], [], [])


@pytest.mark.parametrize("path", LIBRARY, ids=name_of)
def test_a_module_changes_nothing_of_the_process(path: Path) -> None:
    tree = tree_of(path)
    changed = [
        line
        for line, owner, name in calls(tree)
        if name in CHANGES or (owner == "os.environ" and name in MUTATORS)
    ]
    written = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript)
        and not isinstance(node.ctx, ast.Load)
        and ast.unparse(node.value) == "os.environ"
    ]
    assert (changed, written) == ([], [])


def test_no_module_keeps_state_but_what_is_listed() -> None:
    found = {(name_of(path), name) for path in LIBRARY for name in changed_names(tree_of(path))}
    assert found == set(STATE)


def changed_names(tree: ast.Module) -> Iterator[str]:
    """Yield a module's own names that its functions bind again, or whose contents they change."""
    own = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Global):
                yield from node.names
            changed = None
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr in MUTATORS:
                    changed = node.func.value
            elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
                changed = node.value
            if isinstance(changed, ast.Name) and changed.id in own:
                yield changed.id


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("x = {}\ndef f():\n    x['a'] = 1", ["x"]),
        ("x: list = []\ndef f():\n    x.append(1)", ["x"]),
        ("x = 1\ndef f():\n    global x\n    x = 2", ["x"]),
        ("class A:\n    def f(self):\n        self.x.append(1)\nx = []", []),
        ("x = {'a': 1}\ndef f():\n    return x['a']", []),
    ],
)
def test_state_is_recognised(source: str, found: list[str]) -> None:
    assert list(changed_names(ast.parse(source))) == found
