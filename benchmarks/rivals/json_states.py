"""Events as an application keeps them that has the library `eventsourcing` and the json module."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.rivals.recorder import TOPICS, Recorder
from lineage.events import TAGS, CurrentChanged, Defined, Deleted, EventData, Redefined

__all__ = ["Domain", "decoded", "folded", "state"]

DEFINITIONS: Final = (TOPICS[TAGS[Defined]], TOPICS[TAGS[Redefined]])
DELETED: Final = TOPICS[TAGS[Deleted]]
CURRENT: Final = TOPICS[TAGS[CurrentChanged]]


def state(data: EventData) -> bytes:
    """An event as JSON, digests in hexadecimal."""
    fields = msgspec.structs.asdict(data)
    if "head" in fields:
        fields["head"] = msgspec.msgpack.decode(fields["head"])
    return json.dumps(fields, default=_text, separators=(",", ":")).encode()


def _text(value: object) -> str:
    assert isinstance(value, bytes)
    try:
        return value.decode()  # XML in a head
    except UnicodeDecodeError:
        return value.hex()


class Domain:
    """A domain's snapshots by name, with the children of each."""

    def __init__(self) -> None:
        self.snapshots: dict[str, dict[str, Any]] = {}
        self.parents: dict[str, str | None] = {}
        self.children: dict[str, list[str]] = {}
        self.current: str | None = None

    def define(self, event: dict[str, Any]) -> None:
        """A snapshot came, or came again."""
        name, parent = event["name"], event["head"][3]
        if name in self.snapshots:
            self._leave(name)
        self.snapshots[name] = event
        self.parents[name] = parent
        self.children.setdefault(parent or "", []).append(name)

    def delete(self, event: dict[str, Any]) -> None:
        """A snapshot went; its children are its parent's."""
        name = event["name"]
        parent = self.parents[name]
        self._leave(name)
        del self.snapshots[name], self.parents[name]
        heir = parent if parent in self.snapshots else None
        for child in self.children.pop(name, []):
            self.parents[child] = heir
            self.children.setdefault(heir or "", []).append(child)
        if self.current == name:
            self.current = heir

    def _leave(self, name: str) -> None:
        self.children[self.parents[name] or ""].remove(name)


def decoded(path: Path, limit: int) -> int:
    """Read and decode the first events; give how many."""
    count = 0
    recorder = Recorder(path)
    for notification in recorder.notifications(limit):
        json.loads(notification.state)
        count += 1
    recorder.close()
    return count


def folded(path: Path, limit: int) -> dict[str, Domain]:
    """Fold the first events."""
    domains: dict[str, Domain] = {}
    recorder = Recorder(path)
    for notification in recorder.notifications(limit):
        event = json.loads(notification.state)
        stream = str(notification.originator_id)
        domain = domains.get(stream)
        if domain is None:
            domain = domains[stream] = Domain()
        kind = notification.topic
        if kind in DEFINITIONS:
            domain.define(event)
        elif kind == DELETED:
            domain.delete(event)
        elif kind == CURRENT:
            domain.current = event["name"]
    recorder.close()
    return domains
