"""Whatever is done to them, the SQLite log and the log in memory answer alike."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lineage.errors import Conflict
from lineage.log import ANY, EXISTS, Append, EventLog, MemoryLog, NewEvent, SQLiteLog

STREAMS = st.sampled_from(["a", "b", "name:c"])
EVENTS = st.builds(
    NewEvent,
    tag=st.integers(0, 2**31),
    schema=st.integers(0, 9),
    payload=st.binary(max_size=40),
    source=st.text(max_size=5),
)
ENTRIES = st.builds(
    Append,
    stream=STREAMS,
    events=st.lists(EVENTS, max_size=3),
    expect=st.sampled_from([ANY, ANY, EXISTS, 0, 1, 2, 3, 4]),
    recorded_at=st.none() | st.integers(0, 50),
)
BODIES = st.sampled_from([b"", b"body", b"long " * 300, bytes(range(256))])


def appended(
    log: EventLog, batch: list[Append], bodies: dict[bytes, bytes], at: int
) -> tuple[str, int]:
    try:
        return "position", log.append(batch, bodies, recorded_at=at)
    except Conflict as conflict:
        return "conflict", conflict.actual


class BackendsAgree(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.path = Path(self.directory.name) / "s.lineage"
        self.model = MemoryLog()
        self.log = SQLiteLog(self.path)

    def teardown(self) -> None:
        self.log.close()
        self.directory.cleanup()

    @rule(
        batch=st.lists(ENTRIES, max_size=4),
        bodies=st.lists(BODIES, max_size=2),
        at=st.integers(0, 50),
    )
    def append(self, batch: list[Append], bodies: list[bytes], at: int) -> None:
        keyed = {hashlib.sha256(body).digest(): body for body in bodies}
        one, other = (appended(log, batch, keyed, at) for log in (self.log, self.model))
        assert one == other

    @rule(after=st.integers(0, 20), stream=st.none() | STREAMS, limit=st.none() | st.integers(0, 5))
    def read(self, after: int, stream: str | None, limit: int | None) -> None:
        one, other = (
            list(log.read(after, stream=stream, limit=limit)) for log in (self.log, self.model)
        )
        assert one == other

    @rule(body=BODIES)
    def fetch(self, body: bytes) -> None:
        digest = hashlib.sha256(body).digest()
        assert self.log.has_body(digest) == self.model.has_body(digest)
        if self.model.has_body(digest):
            assert self.log.body(digest) == body

    @rule()
    def reopen(self) -> None:
        self.log.close()
        self.log = SQLiteLog(self.path, create=False)

    @invariant()
    def heads_agree(self) -> None:
        assert self.log.head() == self.model.head()
        assert self.log.streams() == self.model.streams()
        for stream in ("a", "b", "name:c"):
            assert self.log.version(stream) == self.model.version(stream)


TestBackendsAgree = BackendsAgree.TestCase
TestBackendsAgree.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
