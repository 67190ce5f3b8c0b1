from __future__ import annotations

from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.replay.endpoints import Endpoint
from strangler_proxy.replay.junit import junit_xml
from strangler_proxy.replay.tally import Tally

from strangler.compare import Comparison, Difference, DifferenceKind, Verdict
from tests.proxy.replay.junit_schema import check_junit

LIST = Endpoint("shop.list", "GET", "/products/")
DETAIL = Endpoint("shop.detail", "GET", "/products/<int>/")
CART = Endpoint("", "POST", "/cart/add/")


def document(tally: Tally, host: str = "ci") -> Element:
    data = junit_xml(tally, moment="2026-11-29T17:00:00", host=host)
    root = fromstring(data)
    check_junit(root)
    return root


def differing(path: str = "$.a", old: str = "1", new: str = "2") -> Comparison:
    return Comparison(Verdict.DIFFER, (Difference(path, DifferenceKind.VALUE, old, new),))


def outcomes(root: Element) -> dict[str, str]:
    return {case.get("name", ""): next((each.tag for each in case), "") for case in root.iter("testcase")}


def test_there_is_a_suite_for_each_route_and_a_case_for_each_endpoint() -> None:
    tally = Tally()
    tally.pair(LIST, "/products/", Comparison(Verdict.AGREE))
    tally.pair(DETAIL, "/products/7/", differing())
    tally.missed(CART, "identity")
    root = document(tally)
    assert [suite.get("name") for suite in root] == ["no route", "shop.detail", "shop.list"]
    assert outcomes(root) == {
        "POST /cart/add/": "skipped",
        "GET /products/<int>/": "failure",
        "GET /products/": "",
    }
    failure = next(root.iter("failure"))
    assert failure.get("message") == "1 of 1 pairs differ"
    assert "1 × $.a: value (breaking): 1 -> 2" in (failure.text or "")
    assert "/products/7/" in (failure.text or "")


def test_pairs_that_could_not_be_compared_are_an_error_unless_that_many_may_be() -> None:
    for may_miss, outcome in ((0.0, "error"), (0.5, "")):
        tally = Tally(may_miss=may_miss)
        tally.pair(LIST, "/", Comparison(Verdict.AGREE))
        tally.missed(LIST, "new: timeout")
        assert outcomes(document(tally)) == {"GET /products/": outcome}


def test_a_replay_of_nothing_does_not_pass() -> None:
    root = document(Tally())
    assert outcomes(root) == {"pairs": "error"}
    assert root[0].get("errors") == "1"


@pytest.mark.parametrize("hostile", ["]]><x/>&amp;", "\x00\x1b[31m", "\ud800", "\ufffe", "\"'<>&", "a\nb\tc"])
def test_hostile_text_stays_text(hostile: str) -> None:
    tally = Tally()
    tally.pair(Endpoint(hostile, "GET", hostile), hostile, differing(hostile, hostile, hostile))
    assert len(list(document(tally, host=hostile).iter("testcase"))) == 1


@given(st.text(), st.text())
def test_whatever_differs_the_document_is_one(route: str, text: str) -> None:
    tally = Tally()
    tally.pair(Endpoint(route, "GET", text), text, differing(text, text, route))
    document(tally, host=text)
