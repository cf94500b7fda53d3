"""What the tests of the store on asyncio wait with."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from lineage.log import MemoryLog


class Gate(MemoryLog):
    """A log whose appends wait until they are let through."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.open = threading.Event(), threading.Event()

    def append(self, *args: Any, **more: Any) -> int:
        self.begun.set()
        assert self.open.wait(30)
        return super().append(*args, **more)


async def until(happened: Callable[[], bool]) -> None:
    """Let the loop run until something has happened; it is the thread that does it."""
    async with asyncio.timeout(30):
        while not happened():
            await asyncio.sleep(0.001)


def ours() -> list[str]:
    """Threads that belong to stores."""
    return [t.name for t in threading.enumerate() if t.name.startswith("lineage")]
