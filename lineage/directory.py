"""The summaries of all domains in one row: names are looked up in it, however many there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from lineage.errors import Damaged
from lineage.listing import DomainInfo
from lineage.log.base import CacheRow
from lineage.log.frames import PLAIN, compress, expand
from lineage.treestate import FOLD

__all__ = ["directory_of", "infos_of"]

_MOST: Final = 256 << 20  # bytes

# An item for each domain, by key: key, name, snapshots, current, version, undefined, annotations.
_Columns = tuple[
    list[str],
    list[str | None],
    list[int],
    list[str | None],
    list[int],
    list[bool],
    list[dict[str, str]],
]
_ENCODER: Final = msgspec.msgpack.Encoder()
_ROW: Final = msgspec.msgpack.Decoder(tuple[int, bytes])
_COLUMNS: Final = msgspec.msgpack.Decoder(_Columns)


def directory_of(infos: Iterable[DomainInfo], head: int) -> CacheRow:
    """Return the row that keeps the summaries of all domains.

    Args:
        head: position as of which they are.
    """
    return CacheRow(FOLD, head, _ENCODER.encode(compress(_ENCODER.encode(_columns(infos)), PLAIN)))


def _columns(infos: Iterable[DomainInfo]) -> _Columns:
    ordered = sorted(infos, key=lambda info: info.stream)
    return (
        [info.stream for info in ordered],
        [info.name for info in ordered],
        [info.snapshots for info in ordered],
        [info.current for info in ordered],
        [info.version for info in ordered],
        [info.undefined for info in ordered],
        [dict(info.annotations) for info in ordered],
    )


def infos_of(row: CacheRow) -> dict[str, DomainInfo] | None:
    """Return every domain's summary by its stream; None if this release did not keep them."""
    if row.fold != FOLD:
        return None
    try:
        columns = _COLUMNS.decode(expand(*_ROW.decode(row.data), _MOST, "kept summaries"))
        return {
            stream: DomainInfo(
                name,
                None if stream.startswith("name:") else stream,
                stream,
                snapshots,
                current,
                version,
                undefined,
                annotations,
            )
            for stream, name, snapshots, current, version, undefined, annotations in zip(
                *columns, strict=True
            )
        }
    except (Damaged, ValueError):
        return None
