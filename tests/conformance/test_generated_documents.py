"""The generated documents are what the installed libvirt prints, byte for byte."""

from __future__ import annotations

import random
import re

import pytest

from benchmarks.generate import documents, scramble

from .libvirt_child import LiveLibvirt

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def printed(live: LiveLibvirt) -> list[str]:
    """Generated documents, all of one domain that is there, without a parent to look for."""
    uuid = live.call("open")
    made = []
    for document in documents(120, seed=6, driver="test"):
        text = re.sub(r"(?s)  <parent>\n.*?\n  </parent>\n", "", document.decode())
        old = re.search(r"<uuid>(.*)</uuid>", text)
        assert old
        made.append(text.replace(old[1], uuid))
    return made


def answer(live: LiveLibvirt, document: str) -> str:
    """What libvirt prints for the document."""
    name = live.call("redefine", document)
    text = live.call("xml", name)
    live.call("delete", name)
    return str(text)


def test_libvirt_prints_generated_documents_unchanged(
    live: LiveLibvirt, printed: list[str]
) -> None:
    live.call("open")
    for document in printed:
        assert answer(live, document) == document


def test_libvirt_prints_the_same_for_scrambled_documents(
    live: LiveLibvirt, printed: list[str]
) -> None:
    live.call("open")
    rng = random.Random(12)
    for document in printed:
        scrambled = scramble(document.encode(), rng).decode()
        assert answer(live, scrambled.removeprefix("\ufeff")) == document
