"""How far documents reach: the contexts of order.toml that stand in them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from lxml import etree

__all__ = ["CONTEXTS", "contexts"]

_PATH: Final = Path(__file__).parents[2] / "lineage" / "canon" / "order.toml"
_ORDER: Final[dict[str, Any]] = tomllib.loads(_PATH.read_text())
_ALIAS: Final[dict[str, str]] = _ORDER["alias"]
_KEYED: Final = {key: _ALIAS.get(key, key) for key in _ORDER["parent_keyed"]}
CONTEXTS: Final = frozenset(_ORDER["ctx"])


def contexts(xml: str) -> Iterator[str]:
    """The context of each element outside of metadata, for those that have one."""
    root = etree.fromstring(xml.encode())
    todo = [(root, "")]
    while todo:
        element, parent = todo.pop()
        name = str(element.tag)
        context = _context(name, parent, element.get("type"))
        if context in CONTEXTS:
            yield context
        if name not in _ORDER["raw"]:
            todo += [(child, name) for child in element]


def _context(name: str, parent: str, type_: str | None) -> str:
    if found := _KEYED.get(f"{parent}/{name}"):
        return found
    typed = f"{name}[@type='{type_}']"
    return typed if typed in _ORDER["type_keyed"] else _ALIAS.get(name, name)
