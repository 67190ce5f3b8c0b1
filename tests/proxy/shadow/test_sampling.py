"""Whole visits are copied, or not at all."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.config.groups import Group
from strangler_proxy.request_head import RequestHead, parse_request
from strangler_proxy.shadow.visitors import Visitors
from strangler_proxy.subject import Subject, Subjects

from strangler.toggles import BUCKETS, Stage, bucket
from tests.proxy.dataplane.raw import KEY, RawUpstream
from tests.proxy.shadow.conftest import MakeScene
from tests.waiting import until

SOURCES = ("header:X-Who", "cookie:visitor")


def head(*lines: bytes) -> RequestHead:
    return parse_request(b"\r\n".join([b"GET /p/ HTTP/1.1", b"Host: a", *lines]), 50)


def asked(*lines: bytes) -> bytes:
    return b"\r\n".join([b"GET /p/ HTTP/1.1", b"Host: a", *lines, b"", b""])


def test_a_customers_requests_are_all_copied_or_none_of_them(make_scene: MakeScene) -> None:
    scene = make_scene(sample=0.5, settings={"subject": SOURCES})
    for who in range(20):
        for _ in range(3):
            scene.ask(asked(b"Cookie: visitor=%d" % who))
    visitors = scene.shadow.visitors
    copied = sum(visitors.bucket(head(b"Cookie: visitor=%d" % who), b"") < BUCKETS // 2 for who in range(20))
    assert 2 < copied < 18
    scene.agreed(3 * copied)
    assert scene.pairs() == {("agree", ""): 3 * copied}
    assert not scene.missed()


def test_copies_and_canaries_are_drawn_independently_of_each_other() -> None:
    visitors = Visitors(Subjects(KEY, SOURCES))
    copied = [visitors.bucket(head(b"X-Who: %d" % who), b"") < BUCKETS // 2 for who in range(400)]
    canary = [bucket("p", str(who)) < BUCKETS // 2 for who in range(400)]
    both = sum(mine and theirs for mine, theirs in zip(copied, canary, strict=True))
    assert 60 < both < 140
    assert 150 < sum(copied) < 250


def test_one_that_nobody_knows_is_known_by_its_address() -> None:
    visitors = Visitors(Subjects(KEY))
    buckets = {visitors.bucket(head(), b"X-Forwarded-For: 192.0.2.%d\r\n" % number) for number in range(50)}
    assert len(buckets) == 50
    assert visitors.bucket(head(), b"X-Forwarded-For: 192.0.2.1\r\n") in buckets


def test_in_stage_shadow_nobody_is_given_a_cookie(make_scene: MakeScene, catalog: RawUpstream) -> None:
    scene = make_scene(sample=0.999)
    for number in range(5):
        assert b"Set-Cookie" not in scene.ask(asked(b"X-N: %d" % number))[0]


def test_a_route_may_be_copied_more_or_less_than_others(make_scene: MakeScene) -> None:
    scene = make_scene(shadow={"sample": 0.0}, sample=1.0)
    scene.ask(asked())
    scene.agreed()


def test_a_body_is_not_kept_for_who_is_not_copied(make_scene: MakeScene) -> None:
    scene = make_scene(sample=0.00001, writes="sandbox")
    with scene.client() as client:
        client.send(b"POST /p/ HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf")
        until(lambda: b"half" in scene.monolith.received)
        assert not scene.shadow.held.bytes
        client.send(b"rest")
        client.response()
    assert not scene.missed()
    assert not scene.pairs()


@given(
    st.lists(
        st.sampled_from(
            [
                b"X-Who: me",
                b"x-who:  ",
                b"Cookie: visitor=a; b=c",
                b'Cookie: x=y;visitor="d"',
                b"Cookie: visitor=",
                b"Cookie: xvisitor=no",
                b"X-Whom: no",
            ]
        ),
        max_size=4,
    )
)
def test_subjects_are_found_where_a_canary_finds_them(lines: list[bytes]) -> None:
    subjects = Subjects(KEY, SOURCES)
    request = head(*lines)
    found = subjects.of(request.fields())
    assert Visitors(subjects).subject(request).decode() == ("" if found.new else found.value)


def test_our_own_cookie_counts_where_it_is_signed() -> None:
    subjects = Subjects(KEY)
    cookie = subjects.set_cookie(Subject("a" * 22), secure=False).split(b";")[0]
    visitors = Visitors(subjects)
    assert visitors.subject(head(b"Cookie: " + cookie)) == b"a" * 22
    assert visitors.subject(head(b"Cookie: " + cookie[:-1])) == b""


@pytest.mark.parametrize("stage", [Stage.CANARY, Stage.EXTRACTED])
def test_the_share_counts_in_every_stage_that_is_compared(make_scene: MakeScene, stage: Stage) -> None:
    scene = make_scene(stage=stage, share=100_000 if stage is Stage.CANARY else 0, sample=0.00001)
    scene.ask(asked())
    assert not scene.monolith.connections
    assert not scene.shadow.held.bytes


def test_pairs_are_counted_by_the_group_of_who_asks_else_by_whether_it_came_as_somebody(make_scene: MakeScene) -> None:
    groups = (Group("staff", headers={"X-Staff": None}), Group("early", frozenset({"ada"})))
    trusted = (ip_network("127.0.0.1/32"),)
    scene = make_scene(settings={"groups": groups, "trusted_proxies": trusted, "subject": ("header:X-Who",)})
    for lines in ((b"X-Staff: yes",), (b"X-Who: ada", b"Cookie: sessionid=a"), (b"Cookie: sessionid=b",), ()):
        scene.ask(asked(*lines))
    scene.agreed(4)
    (evidence,) = scene.batch().scopes.values()
    groups_of = {key.group: tally.count for key, tally in evidence.pairs.items()}
    assert groups_of == dict.fromkeys(("staff", "early", "credentials", "anonymous"), 1)
