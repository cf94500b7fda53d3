"""Which empty elements are two tags on two lines."""

from __future__ import annotations

import pytest

from lineage import canon

pytestmark = pytest.mark.usefixtures("canonicalizer")


def device(given: str) -> str:
    """A device of a domain, as it is printed."""
    text = canon.canonicalize(f"<domain><devices>{given}</devices></domain>").decode()
    assert canon.canonicalize(text).decode() == text
    return text.partition("<devices>\n")[2].partition("\n  </devices>")[0].replace("\n    ", "\n")


@pytest.mark.parametrize("type_", ["null", "vc", "pty", "stdio"])
def test_a_random_source_that_is_a_daemon_is_a_pair_of_tags(type_: str) -> None:
    expected = f"    <rng>\n  <backend model='egd' type='{type_}'>\n  </backend>\n</rng>"
    assert device(f"<rng><backend model='egd' type='{type_}'/></rng>") == expected
    assert device(f'<rng><backend type="{type_}" model="&#101;gd">\n </backend></rng>') == expected


@pytest.mark.parametrize("given", ["<backend model='builtin'></backend>", "<backend model='x'/>"])
def test_another_random_source_is_one_tag(given: str) -> None:
    expected = given.replace("></backend>", "/>")
    assert device(f"<rng>{given}</rng>") == f"    <rng>\n  {expected}\n</rng>"


def test_a_backend_of_that_model_elsewhere_is_one_tag() -> None:
    given = "    <tpm>\n  <backend model='egd'/>\n</tpm>"
    assert device("<tpm><backend model='egd'></backend></tpm>") == given
