"""What every test relies on."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from lineage import canon
from lineage.canon import twin

# A busy machine is slow now and then; that is no failure of the code under test.
settings.register_profile("lineage", deadline=None, print_blob=True)
settings.load_profile("lineage")

# In the background of a shell Ctrl-C is ignored, and would be by the commands that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module", params=["core", "twin"])
def canonicalizer(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run a module's tests twice: `canon.canonicalize` is the core, then its twin on lxml."""
    name: str = request.param
    with pytest.MonkeyPatch.context() as patch:
        if name == "twin":
            patch.setattr(canon, "canonicalize", twin.canonicalize)
        yield name
