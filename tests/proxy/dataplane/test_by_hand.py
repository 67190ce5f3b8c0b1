"""Sides set by hand: for groups, and by a tester's signed word; and our cookie, taken away when nobody needs it."""

from __future__ import annotations

import time
from dataclasses import replace
from ipaddress import ip_network

import pytest
from strangler_proxy.config.groups import Group
from strangler_proxy.config.values import Config
from strangler_proxy.request_head import parse_request
from strangler_proxy.subject import Subject, Subjects
from strangler_proxy.tester import Tester as Word
from strangler_proxy.tester import Testers as Signer

from strangler.toggles import Kind, Side, Snapshot, Stage, Toggle
from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import KEY, Proxy, RawUpstream, answer, config, route, snapshot
from tests.proxy.shadow.scene import Says

NAME = "catalog.list"
STAFF = {"group:staff": Side.CANDIDATE}
LATER = 2.0**40


def saying(text: bytes, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (more, len(text), text)


@pytest.fixture
def sides(make_upstream: MakeUpstream) -> tuple[RawUpstream, RawUpstream]:
    """The monolith and the candidate, each saying who it is."""
    return make_upstream(answer(saying(b"monolith"))), make_upstream(answer(saying(b"candidate")))


@pytest.fixture
def configured(sides: tuple[RawUpstream, RawUpstream]) -> Config:
    routes = (route(NAME, "/p/<int:id>/", rewrite="/v1/<id>"), route("orders.list", "/o/"))
    groups = (Group("staff", frozenset({"a" * 22}), {"X-Staff": "yes"}), Group("early", frozenset({"a" * 22})))
    return replace(config(sides[0].port, sides[1].port, routes=routes), groups=groups)


@pytest.fixture
def proxy(make_proxy: MakeProxy, configured: Config) -> Proxy:
    return make_proxy(configured)


def get(*lines: bytes, path: bytes = b"/p/7/") -> bytes:
    return b"\r\n".join([b"GET %b HTTP/1.1" % path, b"Host: a", *lines, b"", b""])


def cookie(subject: str) -> bytes:
    return b"Cookie: " + Subjects(KEY).set_cookie(Subject(subject), secure=False).partition(b";")[0]


def word(routes: str = "catalog.*", side: Side = Side.CANDIDATE, expires: float = LATER, key: bytes = KEY) -> bytes:
    return Signer(key).signed(Word("ben", routes, side, expires)).encode()


def test_a_group_gets_the_side_that_was_set_for_it_whatever_the_share(proxy: Proxy) -> None:
    proxy.put_into_force(snapshot(Stage.CANARY, NAME, overrides=STAFF))
    assert proxy.ask(get(cookie("a" * 22)))[1] == b"candidate"
    assert proxy.ask(get(cookie("b" * 22)))[1] == b"monolith"
    proxy.put_into_force(snapshot(Stage.CANARY, NAME, share=100_000, overrides={"group:staff": Side.MONOLITH}))
    assert proxy.ask(get(cookie("a" * 22)))[1] == b"monolith"
    assert proxy.ask(get(cookie("b" * 22)))[1] == b"candidate"


def test_a_subjects_own_override_comes_before_its_groups_and_the_first_group_before_the_next(proxy: Proxy) -> None:
    both = {**STAFF, "group:early": Side.MONOLITH}
    proxy.put_into_force(snapshot(Stage.CANARY, NAME, overrides=both))
    assert proxy.ask(get(cookie("a" * 22)))[1] == b"candidate"
    proxy.put_into_force(snapshot(Stage.CANARY, NAME, overrides={**both, "a" * 22: Side.MONOLITH}))
    assert proxy.ask(get(cookie("a" * 22)))[1] == b"monolith"


def test_a_groups_header_counts_from_an_edge_that_is_trusted_alone(make_proxy: MakeProxy, configured: Config) -> None:
    here = make_proxy(replace(configured, trusted_proxies=(ip_network("127.0.0.0/8"),)))
    elsewhere = make_proxy(replace(configured, trusted_proxies=(ip_network("192.0.2.0/24"),)))
    for proxy, said in ((here, b"candidate"), (elsewhere, b"monolith")):
        proxy.put_into_force(snapshot(Stage.CANARY, NAME, overrides=STAFF))
        assert proxy.ask(get(b"X-Staff: yes"))[1] == said
        assert proxy.ask(get(b"X-Staff: no"))[1] == b"monolith"


@pytest.mark.parametrize("as_cookie", [False, True])
@pytest.mark.parametrize(("share", "side"), [(0, Side.CANDIDATE), (100_000, Side.MONOLITH), (50_000, Side.CANDIDATE)])
def test_a_testers_word_gives_its_side_at_any_share_and_nobody_behind_us_sees_it(
    proxy: Proxy, sides: tuple[RawUpstream, RawUpstream], share: int, side: Side, as_cookie: bool
) -> None:
    proxy.put_into_force(snapshot(Stage.CANARY, NAME, share=share))
    line = b"X-Strangler-Tester: " + word(side=side)
    if as_cookie:
        line = b'Cookie: a=1; strangler_tester="' + word(side=side) + b'"; b=2'
    head, body = proxy.ask(get(line))
    assert body == side.value.encode()
    assert b"Set-Cookie" not in head
    (sent,) = sides[side is Side.CANDIDATE].heads
    assert b"ester" not in sent
    assert (b"Cookie: a=1; b=2\r\n" in sent) == as_cookie
    assert sent.startswith(b"GET /v1/7 " if side is Side.CANDIDATE else b"GET /p/7/ ")
    assert proxy.worker.gateway.counts.testers == {"honoured": 1}


def test_a_cookie_line_of_nothing_but_a_testers_word_is_not_passed_on(
    proxy: Proxy, sides: tuple[RawUpstream, RawUpstream]
) -> None:
    proxy.ask(get(b"Cookie: strangler_tester=" + word()))
    assert b"ookie" not in sides[0].heads[0]


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (word(expires=time.time() - 1), "expired"),
        (word(routes="orders.*"), "other-route"),
        (word(key=bytes(32)), "forged"),
        (b"yes", "forged"),
    ],
)
def test_a_word_that_does_not_count_is_passed_over_and_counted(
    proxy: Proxy, sides: tuple[RawUpstream, RawUpstream], given: bytes, outcome: str
) -> None:
    proxy.put_into_force(snapshot(Stage.CANARY, NAME))
    assert proxy.ask(get(b"X-Strangler-Tester: " + given))[1] == b"monolith"
    assert b"ester" not in sides[0].heads[0]
    assert proxy.worker.gateway.counts.testers == {outcome: 1}


@pytest.mark.parametrize(
    ("stage", "answered"),
    [
        (Stage.MONOLITH, b"monolith"),
        (Stage.SHADOW, b"monolith"),
        (Stage.EXTRACTED, b"candidate"),
        (Stage.RETIRED, b"candidate"),
    ],
)
def test_outside_a_canary_a_word_counts_for_nothing(proxy: Proxy, stage: Stage, answered: bytes) -> None:
    proxy.put_into_force(snapshot(stage, NAME))
    other = Side.CANDIDATE if answered == b"monolith" else Side.MONOLITH
    assert proxy.ask(get(b"X-Strangler-Tester: " + word(side=other)))[1] == answered
    assert not proxy.worker.gateway.counts.testers


def test_a_word_that_was_revoked_is_passed_over_and_counted(
    proxy: Proxy, sides: tuple[RawUpstream, RawUpstream]
) -> None:
    proxy.put_into_force(snapshot(Stage.CANARY, NAME))
    proxy.call(lambda: proxy.worker.gateway._subjects.testers.revoke({"ben": 0}))
    assert proxy.ask(get(b"X-Strangler-Tester: " + word()))[1] == b"monolith"
    assert b"ester" not in sides[0].heads[0]
    assert proxy.worker.gateway.counts.testers == {"revoked": 1}


def test_a_failing_candidate_falls_back_for_a_tester_too(
    make_proxy: MakeProxy, sides: tuple[RawUpstream, RawUpstream], configured: Config
) -> None:
    sides[1].close()
    proxy = make_proxy(configured, snapshot(Stage.CANARY, NAME))
    assert proxy.ask(get(b"X-Strangler-Tester: " + word()))[1] == b"monolith"


def test_an_underscored_spelling_is_no_word_and_is_not_passed_on(
    proxy: Proxy, sides: tuple[RawUpstream, RawUpstream]
) -> None:
    proxy.put_into_force(snapshot(Stage.CANARY, NAME))
    assert proxy.ask(get(b"X_Strangler_Tester: " + word()))[1] == b"monolith"
    assert b"ester" not in sides[0].heads[0]


def test_the_parser_takes_a_word_out_of_every_cookie_line_and_keeps_the_places_right() -> None:
    head = parse_request(b"\r\n".join(get(b"Cookie: strangler_tester=x", b"A: b", b"Cookie: c=d; strangler_tester=y")
                                     .split(b"\r\n")[:-2]), 50)  # fmt: skip
    assert head.tester == b"x"
    assert head.lines == [b"Host: a", b"A: b", b"Cookie: c=d"]
    assert head.cookies == [2]


def test_our_cookie_is_taken_away_once_everything_is_retired(proxy: Proxy) -> None:
    proxy.put_into_force(snapshot(Stage.CANARY, NAME, share=50_000))
    assert b"Set-Cookie" not in proxy.ask(get(cookie("a" * 22)))[0]
    proxy.put_into_force(snapshot(Stage.RETIRED, NAME))
    for path in (b"/p/7/", b"/nowhere/"):
        head, _ = proxy.ask(get(cookie("a" * 22), path=path))
        assert head.count(b"Set-Cookie: strangler_subject=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax\r\n") == 1
    assert b"Set-Cookie" not in proxy.ask(get())[0]
    assert b"Set-Cookie" not in proxy.ask(get(b"Cookie: a=1"))[0]


@pytest.mark.parametrize("stage", [each for each in Stage if each is not Stage.RETIRED])
def test_our_cookie_stays_while_another_route_or_a_seam_may_be_in_a_canary_again(proxy: Proxy, stage: Stage) -> None:
    retired, share = Toggle(NAME, stage=Stage.RETIRED), int(stage is Stage.CANARY)
    for other in (Toggle("orders.list", stage=stage, share=share), Toggle("catalog.facts", Kind.SEAM, stage, share)):
        proxy.put_into_force(Snapshot(1, {NAME: retired, other.name: other}))
        assert b"Set-Cookie" not in proxy.ask(get(cookie("a" * 22)))[0]
    proxy.put_into_force(Snapshot())
    assert b"Set-Cookie" not in proxy.ask(get(cookie("a" * 22)))[0]


def test_taking_our_cookie_away_changes_nothing_else(proxy: Proxy, sides: tuple[RawUpstream, RawUpstream]) -> None:
    proxy.put_into_force(snapshot(Stage.RETIRED, NAME))
    proxy.ask(get(cookie("a" * 22) + b"; c=d"))
    assert sides[1].heads[0].startswith(b"GET /v1/7 HTTP/1.1\r\n")


def test_a_subject_keeps_its_side_over_a_release_of_the_candidate(
    make_proxy: MakeProxy, sides: tuple[RawUpstream, RawUpstream], configured: Config
) -> None:
    candidate = Says(saying(b"candidate", b"X-Strangler-Release: v1\r\n"))
    sides[1].script = candidate
    proxy = make_proxy(configured)
    proxy.put_into_force(snapshot(Stage.CANARY, NAME, share=50_000))
    subjects = [f"{number:022d}" for number in range(30)]
    before = [proxy.ask(get(cookie(each)))[1] for each in subjects]
    assert set(before) == {b"monolith", b"candidate"}
    candidate.response = saying(b"candidate", b"X-Strangler-Release: v2\r\n")
    # Another move of another toggle, as at every revision in between.
    proxy.put_into_force(
        Snapshot(2, {NAME: Toggle(NAME, stage=Stage.CANARY, share=50_000), "orders.list": Toggle("orders.list")})
    )
    assert [proxy.ask(get(cookie(each)))[1] for each in subjects] == before
    assert proxy.worker.gateway.counts.releases == dict.fromkeys(
        [("catalog", "v1"), ("catalog", "v2")], before.count(b"candidate")
    )
