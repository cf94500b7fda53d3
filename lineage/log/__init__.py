"""The append-only event log: its contract (`base`) and its backends."""

from lineage.log.base import ANY, EXISTS, Append, EventLog, NewEvent, StoredEvent, StreamHead
from lineage.log.memory import MemoryLog
from lineage.log.sqlite import SQLiteLog

__all__ = [
    "ANY",
    "EXISTS",
    "Append",
    "EventLog",
    "MemoryLog",
    "NewEvent",
    "SQLiteLog",
    "StoredEvent",
    "StreamHead",
]
