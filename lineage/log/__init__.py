"""The append-only event log: its contract (`base`) and its backends."""

from lineage.log.base import (
    ANY,
    EXISTS,
    Append,
    CacheRow,
    EventLog,
    NewEvent,
    Receipt,
    Request,
    StoredEvent,
    StreamHead,
    Waiter,
)
from lineage.log.memory import MemoryLog
from lineage.log.sqlite import SQLiteLog

__all__ = [
    "ANY",
    "EXISTS",
    "Append",
    "CacheRow",
    "EventLog",
    "MemoryLog",
    "NewEvent",
    "Receipt",
    "Request",
    "SQLiteLog",
    "StoredEvent",
    "StreamHead",
    "Waiter",
]
