"""``<metadata>`` of a domain: pruned as libvirt does, printed as libxml2 does."""

from __future__ import annotations

import pytest

from lineage import canon

pytestmark = pytest.mark.usefixtures("canonicalizer")


def metadata(given: str, attributes: str = "") -> str:
    """What becomes of a domain's metadata, without the indentation that it has there."""
    text = canon.canonicalize(f"<domain{attributes}>{given}</domain>").decode()
    found = text.split("\n", 1)[1].removesuffix("\n</domain>\n").removeprefix("  ")
    assert canon.canonicalize(text).decode() == text
    return found.replace("\n  ", "\n")


def element(given: str) -> str:
    """What becomes of one element in a namespace that holds this."""
    printed = metadata(f"<metadata><p:a xmlns:p='u'>{given}</p:a></metadata>")
    start, end = '<metadata>\n  <p:a xmlns:p="u">', "</p:a>\n</metadata>"
    assert printed.startswith(start)
    assert printed.endswith(end)
    return printed.removeprefix(start).removesuffix(end)


@pytest.mark.parametrize(
    "inside", ["", " ", "text", "<b/>", "<!-- c -->", "<?p?>", "<b>x</b> y", "<b xmlns=''/>"]
)
def test_what_is_in_no_namespace_goes_and_an_empty_metadata_stays(inside: str) -> None:
    assert metadata(f"<metadata>{inside}</metadata>") == "<metadata/>"
    assert metadata(f"<metadata a='1'>{inside}</metadata>") == '<metadata a="1"/>'


def test_of_one_namespace_only_the_first_element_stays() -> None:
    given = "<p:a xmlns:p='u'/>x<q:b xmlns:q='v'/><r:c xmlns:r='u'/><d xmlns='v'/>"
    assert metadata(f"<metadata>{given}</metadata>") == (
        '<metadata>\n  <p:a xmlns:p="u"/>\n  <q:b xmlns:q="v"/>\n</metadata>'
    )


def test_children_of_metadata_are_never_sorted() -> None:
    given = "<z:z xmlns:z='3'><b/><a/></z:z><a:a xmlns:a='1'/><m xmlns='2'/>"
    assert metadata(f"<metadata>{given}</metadata>").split("\n")[1:-1] == [
        *('  <z:z xmlns:z="3">', "    <b/>", "    <a/>", "  </z:z>"),
        *('  <a:a xmlns:a="1"/>', '  <m xmlns="2"/>'),
    ]


def test_deeper_levels_are_untouched() -> None:
    assert element("<b/><c/>") == "\n    <b/>\n    <c/>\n  "
    assert element("<b/>t<b/>") == "<b/>t<b/>"


def test_comments_instructions_and_cdata_are_data_here() -> None:
    assert element("<!-- c --><?pi  d ?><b/>") == "\n    <!-- c -->\n    <?pi d ?>\n    <b/>\n  "
    assert element("<![CDATA[<x>&]]>") == "<![CDATA[<x>&]]>"


def test_an_element_that_holds_text_stands_on_one_line_with_all_below_it() -> None:
    assert element("t<b><c/><d><e/></d></b> <b/>") == "t<b><c/><d><e/></d></b> <b/>"
    assert element("<b><c>t</c></b>") == "\n    <b>\n      <c>t</c>\n    </b>\n  "


def test_blanks_between_elements_are_replaced_by_the_layout() -> None:
    assert element("\n\n <b/>\t<c/> ") == "\n    <b/>\n    <c/>\n  "
    assert element("<b> </b>") == "\n    <b> </b>\n  "


def test_text_elsewhere_does_not_save_the_blanks_of_an_element() -> None:
    assert element("t<b><c/> <d/></b>") == "t<b><c/><d/></b>"


def test_blanks_given_as_a_reference_stay() -> None:
    assert element("&#32;<b/>") == "&#32;<b/>"


def test_preserved_blanks_stay() -> None:
    given = "<metadata><a xmlns='u' xml:space='preserve'> <b/> </a></metadata>"
    assert metadata(given) == (
        '<metadata>\n  <a xmlns="u" xml:space="preserve"> <b/> </a>\n</metadata>'
    )


def test_text_is_escaped_as_libxml2_does() -> None:
    assert element("&lt;&gt;&amp;&quot;&apos;&#13;&#9;é\U0001f600") == (
        "&lt;&gt;&amp;\"'&#13;\té\U0001f600"
    )


def test_attributes_are_escaped_as_libxml2_does() -> None:
    given = "<b c='&lt;&gt;&amp;&quot;&apos;&#13;&#10;&#9;é\U0001f600'/>"
    assert element(given).strip() == ('<b c="&lt;&gt;&amp;&quot;\'&#13;&#10;&#9;&#xE9;&#x1F600;"/>')


def test_namespace_names_are_escaped_as_libxml2_does() -> None:
    for given, printed in (
        ("'u&amp;v'", '"u&#38;v"'),
        ("'&quot;'", "'\"'"),
        ('"\'"', '"\'"'),
        ('"&quot;\'"', '"&quot;\'"'),
        ("'é'", '"é"'),
    ):
        found = metadata(f"<metadata><p:a xmlns:p={given}/></metadata>")
        assert found == f"<metadata>\n  <p:a xmlns:p={printed}/>\n</metadata>"


def test_declarations_come_first_and_both_keep_their_order() -> None:
    given = "<p:a z='1' xmlns:q='v' p:y='2' xmlns:p='u' a='3'/>"
    assert metadata(f"<metadata>{given}</metadata>").split("\n")[1] == (
        '  <p:a xmlns:q="v" xmlns:p="u" z="1" p:y="2" a="3"/>'
    )


def test_a_prefix_from_outside_is_declared_anew_in_order_of_use() -> None:
    outside = " xmlns:p='u' xmlns:q='v' xmlns:r='w'"
    given = "<metadata a='1' xmlns:s='x'><q:b p:c='1'/></metadata>"
    assert metadata(given, outside) == (
        '<metadata xmlns:s="x" xmlns:q="v" xmlns:p="u" a="1">\n  <q:b p:c="1"/>\n</metadata>'
    )


def test_metadata_in_a_snapshot_is_indented_further() -> None:
    body = "<domain xmlns:p='u'><metadata><p:a><b/></p:a></metadata></domain>"
    text = canon.canonicalize(f"<domainsnapshot>{body}</domainsnapshot>", mode="create").decode()
    assert text.split("\n")[2:7] == [
        *('    <metadata xmlns:p="u">', "      <p:a>", "        <b/>", "      </p:a>"),
        "    </metadata>",
    ]


def test_metadata_that_is_not_a_domains_is_an_element_like_others() -> None:
    given = "<domainsnapshot><metadata><b a='é'/>x</metadata></domainsnapshot>"
    assert canon.canonicalize(given, mode="create").decode() == (
        "<domainsnapshot>\n  <metadata><b a='é'/>x</metadata>\n</domainsnapshot>\n"
    )
