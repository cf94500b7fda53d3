"""What a path inside a source says: a label, whether it is a document, whose it is.

Paths come as bytes and are data: nothing here, and no caller, opens a file by them.
"""

from __future__ import annotations

from typing import Final

from lineage import filenames

__all__ = ["SUFFIX", "domain_hint", "hides_documents", "is_document", "label"]

SUFFIX: Final = b".xml"
"""What the path of a document ends in."""

_LONGEST_LABEL: Final = 4096  # PATH_MAX; a tar member's name may be longer
_LONGEST_NAME: Final = 255  # NAME_MAX of every common file system


def label(path: bytes) -> str:
    """Give a path as printable text: other bytes and characters as backslash escapes."""
    try:
        text = path.decode()
    except UnicodeDecodeError:
        text = path.decode(errors="backslashreplace")
    if len(text) <= _LONGEST_LABEL:
        if text.isprintable():
            return text
    else:
        text = text[:_LONGEST_LABEL] + "\N{HORIZONTAL ELLIPSIS}"
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text
    )


def is_document(path: bytes) -> bool:
    """Whether a file of that path is a candidate: it ends in ``.xml`` and is not hidden.

    Every other file is passed over in silence. libvirt itself tries each file of a snapshot
    directory whatever its name, its own unfinished ``NAME.xml.new`` too, but writes documents
    under ``.xml`` alone (seen in libvirt 9.0 and 11.3).
    """
    return path.endswith(SUFFIX) and not path.startswith(b".", path.rfind(b"/") + 1)


def hides_documents(path: bytes) -> bool:
    """Whether a link at that path may stand for a directory of libvirt's layout.

    It does at ``snapshot`` and at ``snapshot/DOMAIN``. Links are never followed, and passing
    over these in silence would lose snapshots unnoticed.
    """
    return b"snapshot" in _components(path)[-2:]


def domain_hint(directory: bytes) -> str | None:
    """Give DOMAIN for the directory ``.../snapshot/DOMAIN`` that holds a file, else None."""
    components = _components(directory)
    if len(components) < 2 or components[-2] != b"snapshot":
        return None
    name = components[-1]
    if name == b".." or len(name) > _LONGEST_NAME:
        return None
    return filenames.decode(name.decode(errors="backslashreplace")).replace("\0", r"\x00")


def _components(path: bytes) -> list[bytes]:
    return [component for component in path.split(b"/") if component not in (b"", b".")]
