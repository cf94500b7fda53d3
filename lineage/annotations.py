"""What was put to a snapshot or a domain, by key."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["BLANK", "Annotations", "annotated"]

Annotations = Mapping[str, str]
BLANK: Final[Annotations] = MappingProxyType({})


def annotated(before: Annotations, changes: Mapping[str, str | None]) -> Annotations:
    """Give annotations with some changed; None takes one away."""
    after = {key: text for key, text in {**before, **changes}.items() if text is not None}
    return MappingProxyType(after) if after else BLANK
