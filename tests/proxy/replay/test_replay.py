from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from strangler_proxy.replay.stand_ins import Login, StandIns

from strangler.compare import Answer, Request, Verdict, parse_rules
from strangler.errors import RecordingError
from strangler.evidence import Redactor
from strangler.recording import Recorded
from tests.proxy.replay.browser import Browser, browsing
from tests.proxy.replay.conftest import Replayed, Serve
from tests.proxy.replay.desk import PASSWORD, Desk
from tests.proxy.replay.served import unused_url

RULES = parse_rules(
    r"""
    [[rule]]
    path = "$.id"
    ids = "order"
    why = "Each side numbers its own orders."
    [[rule]]
    header = "Location"
    ignore = true
    why = "Each side numbers its own orders."
    [[rule]]
    path = "$.token"
    class = "token"
    why = "Each side draws its own."
    [[rule]]
    path = "$.html.body.form[0].input[0].@value"
    class = "token"
    why = "Each side draws a key for each order."
    """,
    "rules",
)
LOGIN = {"username": "ann", "password": PASSWORD}


def asked(
    target: str, method: str = "GET", *headers: tuple[str, str], body: bytes = b"", client: str = "c1"
) -> Recorded:
    return Recorded(1.0, Request(method, target, "", headers, body), None, None, client)


def visit(browser: Browser) -> None:
    """Signs in, orders by form and by API, looks at both orders, changes one, and leaves."""
    browser.send("/login/", LOGIN)
    shown = browser.send("/order/", {"quantity": "3"})
    assert shown.json() == {"quantity": 3}
    made = browser.post_json("/api/orders/", {"quantity": 5}).json()["id"]
    path = f"/api/orders/{made}/"
    assert browser.post_json(path, {"order_id": made, "quantity": 6}, "PUT").json() == {"quantity": 6}
    assert browser.get(path).json() == {"quantity": 6}
    browser.post_json("/logout/", {})
    assert browser.get("/order/").url.path == "/login/"


@pytest.fixture
def visits(serve: Serve) -> list[Recorded]:
    with browsing(serve(Desk(first=40))) as browser:
        visit(browser)
        return browser.recorded


def test_a_visit_is_replayed_on_each_side_with_that_sides_session_tokens_and_ids(
    serve: Serve, visits: list[Recorded]
) -> None:
    old, new = Desk(first=1), Desk(first=700)
    replayed = Replayed().run(visits, serve(old), serve(new), rules=RULES)
    assert replayed.tally.verdict is Verdict.AGREE, replayed.told()
    assert replayed.tally.verdicts == {Verdict.AGREE: len(visits)}
    for desk in (old, new):
        assert [order["quantity"] for order in desk.orders.values()] == [3, 6]
    assert list(new.orders) == [700, 701]


def test_what_the_new_side_does_otherwise_is_told_by_endpoint_field_and_kind(
    serve: Serve, visits: list[Recorded]
) -> None:
    replayed = Replayed().run(visits, serve(Desk()), serve(Desk(bug=True)), rules=RULES)
    (found,) = replayed.tally.found
    assert (str(found.endpoint), found.example.field, found.example.kind, found.count) == (
        "GET /orders/<int>/",
        "$.quantity",
        "type",
        1,
    )
    assert replayed.tally.verdict is Verdict.DIFFER


def test_many_clients_at_once_keep_to_themselves(serve: Serve) -> None:
    recorded = []
    url = serve(Desk(first=40))
    for number in range(6):
        with browsing(url, f"c{number}") as browser:
            visit(browser)
            recorded.append(browser.recorded)
    mixed = [each for together in zip(*recorded, strict=True) for each in together]
    replayed = Replayed().run(mixed, serve(Desk()), serve(Desk(first=900)), rules=RULES, concurrency=4)
    assert replayed.tally.verdict is Verdict.AGREE, replayed.told()


@pytest.fixture
def redacted(visits: list[Recorded]) -> list[Recorded]:
    redactor = Redactor(key=b"a key to redact with")
    return [each.redacted(redactor) for each in visits]


def test_a_redacted_visit_is_replayed_with_the_login_that_somebody_gives(
    serve: Serve, redacted: list[Recorded]
) -> None:
    assert PASSWORD not in repr(redacted)
    old, new = Desk(), Desk(first=50)
    stand_ins = StandIns((Login("*", "/login/", LOGIN),))
    replayed = Replayed().run(redacted, serve(old), serve(new), rules=RULES, stand_ins=stand_ins)
    assert replayed.tally.verdict is Verdict.AGREE, f"{replayed.told()}\n{replayed.tally.causes}"
    assert [order["quantity"] for order in new.orders.values()] == [3, 6]


def test_a_recording_that_begins_in_the_middle_of_a_visit_signs_in_first(
    serve: Serve, redacted: list[Recorded]
) -> None:
    later = [each for each in redacted if "login" not in each.request.target][1:]
    old, new = Desk(), Desk(first=50)
    stand_ins = StandIns((Login("*", "/login/", LOGIN),))
    replayed = Replayed().run(later, serve(old), serve(new), rules=RULES, stand_ins=stand_ins)
    assert replayed.tally.verdict is Verdict.AGREE, f"{replayed.told()}\n{replayed.tally.causes}"
    assert len(new.orders) == 2
    assert new.asked[:2] == ["GET /login/", "POST /login/"]


def test_without_a_login_nobody_is_taken_for_somebody_else(serve: Serve, redacted: list[Recorded]) -> None:
    old, new = Desk(), Desk()
    replayed = Replayed().run(redacted, serve(old), serve(new), rules=RULES)
    assert replayed.tally.verdict is Verdict.INCONCLUSIVE
    assert set(replayed.tally.causes) == {"identity"}
    assert not old.orders
    assert not new.orders


def test_a_login_that_is_refused_is_tried_once(serve: Serve, redacted: list[Recorded]) -> None:
    later = [each for each in redacted if "login" not in each.request.target][1:]
    new = Desk()
    stand_ins = StandIns((Login("*", "/login/", {**LOGIN, "password": "wrong"}),))
    replayed = Replayed().run(later, serve(Desk()), serve(new), stand_ins=stand_ins)
    assert set(replayed.tally.causes) == {"identity"}
    assert new.asked.count("POST /login/") == 1


def test_a_side_that_does_not_answer_is_a_verdict_and_no_exception(serve: Serve) -> None:
    url, nobody = serve(Desk()), unused_url()
    recorded = [asked("/"), asked("/events/")]
    assert Replayed().run(recorded, url, nobody).tally.causes == {"new: refused": 1, "old: streaming, new: refused": 1}
    assert Replayed().run(recorded, nobody, nobody).tally.causes == {"old: refused, new: refused": 2}
    slow = Replayed().run([asked("/hang/")], url, url, seconds=0.2)
    assert slow.tally.causes == {"old: timeout, new: timeout": 1}
    assert slow.tally.verdict is Verdict.INCONCLUSIVE


def test_no_request_at_all_is_not_agreement() -> None:
    assert Replayed().run([], unused_url(), unused_url()).tally.verdict is Verdict.INCONCLUSIVE


def test_methods_that_are_not_wanted_are_left_out_and_counted(serve: Serve, visits: list[Recorded]) -> None:
    old = Desk()
    replayed = Replayed().run(visits, serve(old), serve(Desk()), methods=frozenset({"GET"}))
    assert replayed.tally.left_out == {"unsafe POST": 4, "unsafe PUT": 1}
    assert all(each.startswith("GET ") for each in old.asked)


def test_what_the_old_side_does_not_repeat_is_no_difference_and_what_it_does_repeat_is_one(serve: Serve) -> None:
    old, good, bad = Desk(), serve(Desk()), serve(Desk(bug=True))
    url = serve(old)
    replayed = Replayed().run([asked("/drawn/")], url, good)
    assert (replayed.tally.verdict, replayed.tally.noise) == (Verdict.AGREE, 1)
    assert len(old.asked) == 2
    assert [each.example.path for each in Replayed().run([asked("/drawn/")], url, bad).tally.found] == ["$.price"]
    unsure = Replayed().run([asked("/drawn/")], url, good, again=0)
    assert [each.example.path for each in unsure.tally.found] == ["$.lucky"]


def test_the_new_side_is_first_every_other_time(serve: Serve) -> None:
    desk = Desk()
    url = serve(desk)
    Replayed().run([asked(f"/?{number}") for number in range(4)], f"{url}", url, interleave=True)
    assert desk.asked == ["GET /"] * 8
    order: list[str] = []

    class Noted(Desk):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def user(self, request: object) -> str:
            order.append(self.name)
            return ""

    Replayed().run([asked("/")] * 4, serve(Noted("old")), serve(Noted("new")), interleave=True)
    assert order == ["old", "new", "new", "old", "old", "new", "new", "old"]


def test_a_limit_ends_it(serve: Serve) -> None:
    desk = Desk()
    Replayed().run([asked("/")] * 5, serve(desk), serve(Desk()), limit=2)
    assert len(desk.asked) == 2


def test_a_recording_that_goes_wrong_on_the_way_says_so_after_what_was_under_way(serve: Serve) -> None:
    def broken() -> Iterator[Recorded]:
        yield asked("/")
        raise RecordingError([])

    replayed = Replayed()
    with pytest.raises(RecordingError):
        replayed.run(broken(), serve(Desk()), serve(Desk()))
    assert replayed.tally.verdicts == {Verdict.AGREE: 1}


def test_where_the_recording_tells_no_host_both_sides_are_asked_by_the_old_ones(serve: Serve) -> None:
    old, new = serve(Desk()), serve(Desk())
    assert Replayed().run([asked("/headers/")], old, new).tally.verdict is Verdict.AGREE
    assert Replayed().run([asked("/headers/")], old, new, own_host=True).tally.verdict is Verdict.DIFFER


def test_what_is_sent_is_what_was_recorded_but_for_what_belongs_to_the_connection(serve: Serve) -> None:
    url = serve(Desk())
    headers = (
        ("Host", "shop.example"),
        ("Accept", "text/html"),
        ("Cookie", "language=de; sessionid=abc"),
        ("If-None-Match", '"1"'),
        ("Connection", "keep-alive"),
        ("Origin", "https://www.shop.example"),
        ("Referer", "https://www.shop.example/cart/?a=1"),
        ("X-Strangler-Shadow", "read"),
    )
    replayed = Replayed().run([asked("/headers/?q=%C3%A4", "POST", *headers, body=b"\xff1")], url, url, own_host=False)
    assert replayed.tally.verdict is Verdict.AGREE
    differing = Replayed().run([asked("/headers/?q=%C3%A4", "POST", *headers, body=b"\xff1")], url, serve(Desk()),
                               own_host=True)  # fmt: skip
    (pair, _) = differing.differing[0]
    document = json.loads(pair.old.body)
    sent = dict(map(tuple, document["headers"]))
    assert sent["host"] == url.removeprefix("http://")
    assert sent["origin"] == url
    assert sent["referer"] == f"{url}/cart/?a=1"
    assert sent["cookie"] == "language=de; sessionid=abc"
    assert not {"if-none-match", "x-strangler-shadow"} & set(sent)
    assert (document["query"], document["body"]) == ("q=%C3%A4", "\xff1")


def test_a_recorded_answer_is_not_needed(serve: Serve) -> None:
    recorded = Recorded(1.0, Request("GET", "/"), Answer(500), None, "c1")
    assert Replayed().run([recorded], serve(Desk()), serve(Desk())).tally.verdict is Verdict.AGREE
