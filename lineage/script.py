"""Files for virsh: numbered documents, a manifest, and a shell script that redefines them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from lineage.errors import LineageError
from lineage.handback import HandBack, hand_back, refuse_without_secrets
from lineage.store import Store
from lineage.views import At

__all__ = ["MANIFEST", "SCRIPT", "export_redefine"]

MANIFEST: Final = "manifest.json"
SCRIPT: Final = "redefine.sh"

_HEAD: Final = """\
#!/bin/sh
# Gives a domain its snapshots back: parents first, the current one last.
#
#   sh redefine.sh [URI]
#
# URI is libvirt's, else virsh decides. What libvirt has byte for byte is left as it is; a
# snapshot that libvirt refuses blocks its descendants and nothing else. The exit status is 0
# if all is there in the end, else 3. $VIRSH is the virsh to use.
#
# Names are words as they are: nothing in them is to expand.
# shellcheck disable=SC2016
set -u
LC_ALL=C
export LC_ALL
case $0 in
*/*) CDPATH='' cd -- "${0%/*}/" || exit 2 ;;
esac
if [ "$#" -gt 1 ]; then
    echo 'usage: sh redefine.sh [URI]' >&2
    exit 2
fi
uri=${1-}
stopped=' '

ask() {
    if [ -n "$uri" ]; then
        "${VIRSH:-virsh}" -q -c "$uri" "$@" </dev/null
    else
        "${VIRSH:-virsh}" -q "$@" </dev/null
    fi
}

tell() {
    printf '%s\\n' "$*" | tr -c '[:print:]\\n' '?'
}

# is_there FILE SNAPSHOT
is_there() {
    [ "$(ask snapshot-dumpxml --domain "$domain" --snapshotname "$2" --security-info \\
        2>/dev/null)" = "$(cat "$1")" ]
}

# is_current SNAPSHOT
is_current() {
    [ "$(ask snapshot-current --domain "$domain" --name 2>/dev/null)" = "$1" ]
}

# define FILE SNAPSHOT [--current]
define() {
    said=$(ask snapshot-create --domain "$domain" --xmlfile "$1" --redefine ${3+"$3"} 2>&1) && {
        tell "$1 done: $2${3+ (current)}"
        return 0
    }
    tell "$1 refused: $2: $said"
    return 1
}

# item FILE PARENT-FILE SNAPSHOT [--current]
item() {
    if is_there "$1" "$3"; then
        tell "$1 already there: $3"
        return
    fi
    case $stopped in
    *" $2 "*) tell "$1 blocked by $2: $3" ;;
    *) define "$1" "$3" ${4+"$4"} && return ;;
    esac
    stopped="$stopped$1 "
}

# current FILE SNAPSHOT
current() {
    case $stopped in
    *" $1 "*) tell "$1 blocked, so it cannot be made current: $2" ;;
    *)
        is_current "$2" || define "$1" "$2" --current || stopped="$stopped$1 "
        ;;
    esac
}

"""
_TAIL: Final = """
[ "$stopped" = ' ' ] || exit 3
"""


def export_redefine(
    store: Store,
    target: str | os.PathLike[str],
    domain: str,
    at: At | None = None,
    *,
    allow_missing_secrets: bool = False,
) -> HandBack:
    """Write what virsh needs to give a domain its snapshots back.

    ``0001.xml`` and so on are the documents in the order of redefining, passwords included,
    mode 0600; ``manifest.json`` says which is which; ``redefine.sh`` does it. The script comes
    last: where it is, all is. Without a snapshot nothing is written.

    Args:
        target: a directory that is empty or not there.
        domain, at: see `Store.tree`.
        allow_missing_secrets: also write documents that are known to lack their passwords.

    Raises:
        LineageError: there is something at the target.
        MissingSecrets: see `allow_missing_secrets`; nothing was written.
        NotFound, Ambiguous, ValueError, Damaged: see `lineage.handback.hand_back`.
    """
    plan = hand_back(store, domain, at)
    if not allow_missing_secrets:
        refuse_without_secrets(plan.steps)
    path = Path(target)
    if os.path.lexists(path) and (not path.is_dir() or any(path.iterdir())):
        raise LineageError(f"{path} is there already and not an empty directory")
    if plan.steps:
        _write(plan, path)
    return plan


def _write(plan: HandBack, path: Path) -> None:
    """Write all files, the script last; a new directory appears with all of them in it."""
    if path.is_dir():  # maybe somebody's working directory: it is filled, not replaced
        _fill(plan, path)
        return
    partial = Path(tempfile.mkdtemp(prefix=".redefine-", dir=path.parent))
    try:
        _fill(plan, partial)
        partial.rename(path)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _fill(plan: HandBack, path: Path) -> None:
    written: list[Path] = []
    try:
        for name, data, mode in _files(plan):
            place = path / name
            descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            written.append(place)
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(descriptor, mode)
                file.write(data)
    except BaseException:
        for place in written:
            place.unlink(missing_ok=True)
        raise


def _files(plan: HandBack) -> Iterator[tuple[str, bytes, int]]:
    """Name, contents and mode of each file, the script last."""
    names = _names(plan)
    for step, name in zip(plan.steps, names, strict=True):
        yield name, plan.xml(step), 0o600
    manifest = msgspec.json.format(msgspec.json.encode(_manifest(plan, names)), indent=2)
    yield MANIFEST, manifest + b"\n", 0o600
    yield SCRIPT, _script(plan, names).encode(), 0o700


def _names(plan: HandBack) -> list[str]:
    """The files' names; never the snapshots', which may be anything. All have one length."""
    digits = max(4, len(str(len(plan.steps))))
    return [f"{step.number:0{digits}d}.xml" for step in plan.steps]


def _manifest(plan: HandBack, names: list[str]) -> dict[str, Any]:
    tree = plan.tree
    return {
        "domain": {"uuid": tree.uuid, "name": tree.domain_name},
        "position": tree.position,
        "current": tree.current,
        "snapshots": [
            {
                "file": name,
                "name": step.name,
                "parent": step.node.parent,
                "secure": step.node.definition.secure.name.lower(),
                "sha256": plan.digest(step).hex(),
            }
            for step, name in zip(plan.steps, names, strict=True)
        ],
    }


def _script(plan: HandBack, names: list[str]) -> str:
    tree = plan.tree
    lines = [f"domain={_quoted(tree.uuid or tree.domain_name or '')}\n"]
    for step, name in zip(plan.steps, names, strict=True):
        parent = "-" if step.parent is None else names[step.parent - 1]
        current = " --current" if step.current else ""
        lines.append(f"item {name} {parent} {_quoted(step.name)}{current}\n")
    last = plan.again or (plan.steps[-1] if plan.steps[-1].current else None)
    if last is not None:
        lines.append(f"current {names[last.number - 1]} {_quoted(last.name)}\n")
    return _HEAD + "".join(lines) + _TAIL


def _quoted(text: str) -> str:
    """As one word of a POSIX shell, whatever it is: in single quotes nothing has a meaning."""
    return "'" + text.replace("'", "'\\''") + "'"
