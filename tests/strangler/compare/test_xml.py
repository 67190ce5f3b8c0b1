"""XML as a tree: names resolved, nothing expanded, nothing fetched."""

from __future__ import annotations

import pytest

from strangler.compare import Limits, Verdict
from tests.strangler.compare.bodies import agree, compared_as, places, ruled

XML = "application/xml"
ATOM = "http://www.w3.org/2005/Atom"
DC = "http://purl.org/dc/elements/1.1/"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<r a="1" b="2"/>', "<r b='2' a='1'></r>"),
        ("<r>\n  <a/>\n  <b> x </b>\n</r>", "<r><a/><b> x </b></r>"),
        (f'<feed xmlns="{ATOM}"><title>x</title></feed>', f'<a:feed xmlns:a="{ATOM}"><a:title>x</a:title></a:feed>'),
        (f'<r xmlns:dc="{DC}"><dc:x dc:y="1"/></r>', f'<r><q:x xmlns:q="{DC}" q:y="1"/></r>'),
        ("<r>a &amp; b &#233;</r>", "<r><![CDATA[a & b ]]>é</r>"),
        ("<?xml version='1.0' encoding='utf-8'?><r>x<!-- y --></r>", "<r>x</r>"),
        ("<!DOCTYPE html PUBLIC 'a' 'http://b/'><r/>", "<r/>"),
    ],
)
def test_what_has_no_meaning_is_no_difference(old: str, new: str) -> None:
    agree(XML, old, new)
    agree("image/svg+xml; charset=utf-8", old, new)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("<r><a>1</a></r>", "<r><a>2</a></r>", [("$.r.a[0].#text", "value")]),
        ('<r a="1"/>', "<r/>", [("$.r.@a", "missing")]),
        ("<r><a/><b/></r>", "<r><b/><a/></r>", [("$.r.#order", "value")]),
        ("<r><a> x</a></r>", "<r><a>x</a></r>", [("$.r.a[0].#text", "value")]),
        ("<r>a <b/></r>", "<r>a<b/></r>", [("$.r.#text", "value")]),
        ('<r xml:space="preserve"> <a/></r>', '<r xml:space="preserve"><a/></r>', [("$.r.#text", "missing")]),
        ("<r/>", "<s/>", [("$.r", "missing"), ("$.s", "extra")]),
        (f'<r xmlns="{ATOM}"/>', '<r xmlns="urn:x"/>', [("$.r.@xmlns", "value")]),
        ("<r><a/></r>", '<r><a xmlns="urn:x"/></r>', [("$.r.a[0]", "missing"), ('$.r["{urn:x}a"][0]', "extra")]),
        ("<?style a?><r/>", "<?style b?><r/>", [('$["?style"][0].#text', "value")]),
        ("<r>&amp;nbsp;</r>", "<r>&amp;amp;</r>", [("$.r.#text", "value")]),
    ],
)
def test_a_difference_is_found_at_its_place(old: str, new: str, expected: list[tuple[str, str]]) -> None:
    assert places(compared_as(XML, old, new)) == expected


def test_entries_are_told_apart_by_their_ids() -> None:
    entries = [f"<entry><id>{number}</id><n>1</n></entry>" for number in range(30)]
    new = [each.replace("<n>1", "<n>2") for each in entries]
    del new[10]
    found = compared_as(XML, f"<feed>{''.join(entries)}</feed>", f"<feed>{''.join(new)}</feed>")
    assert ("$.feed.entry[10]", "missing") in places(found)
    assert {field.field for field in found.differences} == {"$.feed.entry[*]", "$.feed.entry[*].n[*].#text"}
    assert len(found.differences) == 30


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ('path = "$..pubDate"\nignore = true', "<r><pubDate>1</pubDate></r>", "<r><pubDate>2</pubDate></r>"),
        ('path = "$.r.i"\nlist = "set"', "<r><i>1</i><i>2</i></r>", "<r><i>2</i><i>1</i></r>"),
        ('path = "$.r.p[*].#text"\ntolerance = 0', "<r><p>1.0</p></r>", "<r><p>1.00</p></r>"),
        (f"path = '$.r[\"{{{DC}}}x\"]'\nignore = true", f'<r xmlns:d="{DC}"><d:x/></r>', "<r/>"),
    ],
)
def test_rules_hold_in_xml_as_they_do_in_json(rule: str, old: str, new: str) -> None:
    agree(XML, old, new, ruled(rule))


def test_xml_is_read_in_the_encoding_that_it_declares_unless_a_header_says_another() -> None:
    latin = '<?xml version="1.0" encoding="iso-8859-1"?><r>é</r>'.encode("latin-1")
    agree(XML, latin, "<r>é</r>")
    agree(XML, "<r>é</r>".encode("utf-16"), "<r>é</r>")
    agree("text/xml; charset=iso-8859-1", "<r>é</r>".encode("latin-1"), latin)


def test_xml_that_only_one_side_can_write_is_a_difference() -> None:
    found = compared_as(XML, "<r/>", "<r>")
    assert places(found) == [("body", "encoding")]
    assert (found.differences[0].old, found.differences[0].new) == (
        "XML",
        "not XML: no element found: line 1, column 3",
    )
    assert places(compared_as(XML, "<r>", "<s>")) == [("$.lines[0]", "value")]


LAUGHS = "<!DOCTYPE l [<!ENTITY a0 'lol'>" + "".join(
    f"<!ENTITY a{level} '{f'&a{level - 1};' * 10}'>" for level in range(1, 12)
)


@pytest.mark.parametrize(
    "document",
    [
        LAUGHS + "]><l>&a11;</l>",
        "<!DOCTYPE l [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><l>&x;</l>",
        "<!DOCTYPE l [<!ENTITY % p SYSTEM 'http://127.0.0.1:1/x'> %p;]><l/>",
        "<!DOCTYPE l [<!ATTLIST l a CDATA 'x'>]><l/>",
    ],
)
def test_a_document_type_that_declares_anything_is_inconclusive(document: str) -> None:
    found = compared_as(XML, document, "<l/>")
    assert (found.verdict, found.differences, found.cause) == (Verdict.INCONCLUSIVE, (), "encoding")
    assert "document type" in found.detail


def test_an_external_document_type_is_never_fetched_and_its_entities_stand_as_written() -> None:
    typed = "<!DOCTYPE r SYSTEM 'file:///etc/passwd'><r>{}</r>"
    agree(XML, typed.format("&nbsp;x"), typed.format("&nbsp;x "[:-1]))
    assert places(compared_as(XML, typed.format("&nbsp;"), typed.format("&copy;"))) == [("$.r.#text", "value")]


def test_xml_beyond_the_limits_is_inconclusive() -> None:
    deep = "<a>" * 200 + "</a>" * 200
    assert compared_as(XML, deep, "<a/>").detail == "nested deeper than 128"
    wide = f"<r>{'<a/>' * 60}</r>"
    assert "more than 50" in compared_as(XML, wide, "<r/>", limits=Limits(nodes=50)).detail
    attributes = " ".join(f'a{number}="1"' for number in range(60))
    assert "more than 50" in compared_as(XML, f"<r {attributes}/>", "<r/>", limits=Limits(nodes=50)).detail
