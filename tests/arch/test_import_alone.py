"""Every module can be imported first, and importing does nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "lineage"

# Forks for each module, so that each is the first that its process imports. `libvirt` is made
# impossible to import: nothing may need it.
PROGRAM = """
import contextlib, importlib, io, json, locale, logging, os, signal, sys, threading, warnings
sys.modules["libvirt"] = None
sys.path.insert(0, sys.argv[2])
failed = {}

# What all of a process shares, and an import is to leave alone.
def state():
    umask = os.umask(0o22)
    os.umask(umask)
    return {
        "threads": threading.active_count(),
        "environment": dict(os.environ),
        "directory": os.getcwd(),
        "umask": umask,
        "locale": locale.setlocale(locale.LC_ALL),
        "signals": [signal.getsignal(number) for number in signal.valid_signals()],
        "logging": (logging.root.level, list(logging.root.handlers)),
        "warnings": list(warnings.filters),
        "hooks": (sys.excepthook, sys.displayhook, threading.excepthook, sys.gettrace()),
        "path": list(sys.path),
        "limits": (sys.getrecursionlimit(), sys.getswitchinterval()),
        "files": sorted(open_files()),
    }

def open_files():
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # the one that listed them
            yield os.readlink(f"/proc/self/fd/{fd}")

for name in json.loads(sys.argv[1]):
    reader, writer = os.pipe()
    if os.fork() == 0:
        printed, problem = io.StringIO(), ""
        before = state()
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                importlib.import_module(name)
        except BaseException as error:
            problem = repr(error)
        if printed.getvalue():
            problem += " prints"
        after = state()
        problem += "".join(f" changes {what}" for what in after if after[what] != before[what])
        os.write(writer, problem.encode())
        os._exit(0)
    os.close(writer)
    with open(reader) as answer:
        if problem := answer.read():
            failed[name] = problem
    os.wait()
print(json.dumps(failed))
"""


def test_every_module_imports_alone_and_without_side_effects(tmp_path: Path) -> None:
    names = [
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name not in ("__init__.py", "__main__.py")
    ]
    assert "lineage.store" in names
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    command += [json.dumps(names), str(PACKAGE.parent)]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout) == {}
    assert list(tmp_path.iterdir()) == []
