"""What every backend does in the same way with its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lineage.errors import Conflict
from lineage.log.base import ANY, EXISTS, Append, Receipt, Request, StoredEvent

__all__ = ["DIGEST_SIZE", "check_bodies", "check_expect", "check_range", "receipt_of"]

DIGEST_SIZE: Final = 32  # bytes of a SHA-256 digest


def check_expect(entry: Append, actual: int) -> None:
    """Hold what an entry expects against the version its stream has.

    Raises:
        Conflict: it expects another version; `actual` is in the error.
        ValueError: `expect` is neither a version nor ANY nor EXISTS.
    """
    expect = entry.expect
    if expect in (actual, ANY) or (expect == EXISTS and actual > 0):
        return
    if expect < EXISTS:
        raise ValueError(f"expect {expect} is neither a version nor ANY nor EXISTS")
    wanted = "at least one event" if expect == EXISTS else f"version {expect}"
    raise Conflict(f"{entry.stream}: expected {wanted}, found version {actual}", actual)


def check_bodies(bodies: Mapping[bytes, bytes]) -> None:
    """Refuse keys that cannot be SHA-256 digests.

    Raises:
        ValueError: a key is not 32 bytes long.
    """
    for digest in bodies:
        if len(digest) != DIGEST_SIZE:
            raise ValueError(f"a body's key is a SHA-256 digest of {DIGEST_SIZE} bytes")


def check_range(after: int, limit: int | None) -> None:
    """Refuse a range that cannot be read.

    Raises:
        ValueError: `after` or `limit` is negative.
    """
    if after < 0:
        raise ValueError("after is a position: 0 or more")
    if limit is not None and limit < 0:
        raise ValueError("limit is a number of events: 0 or more")


def receipt_of(request: Request, last: StoredEvent | None) -> Receipt:
    """Give what is remembered of a request.

    Args:
        last: the last event that it appended, None if it appended none.
    """
    if last is None:
        return Receipt(request.call, request.position, request.version)
    return Receipt(request.call, last.position, last.version)
