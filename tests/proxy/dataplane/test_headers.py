# ruff: noqa: E501 - bytes are easier to read in one line
"""Which header fields pass, which end with the connection, and which are the proxy's own."""

from __future__ import annotations

import re
import socket
from dataclasses import replace

import pytest

from strangler.toggles import Stage
from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import Connection, Proxy, RawUpstream, answer, config, route, snapshot

GET = b"GET / HTTP/1.1\r\nHost: shop.example\r\n"


def sent(upstream: RawUpstream) -> list[bytes]:
    """The header lines of the last request that the upstream got."""
    return upstream.heads[-1].split(b"\r\n")[:-2]


def test_a_request_line_and_its_headers_arrive_as_they_were(proxy: Proxy, upstream: RawUpstream) -> None:
    lines = [
        b"GET /a%2Fb//c/../d;p=1/\xc3\xa4?x=%20&&y=?z=/ HTTP/1.1",
        b"hOST: Shop.Example:8000",
        b"X-Empty:",
        b"X-Twice: one",
        b"accept: */*;q=0.1,  text/html",
        b"X-Latin: caf\xe9",
        b"X-Twice: two",
        b"X-Tab:\ta\tb",
        b"User-Agent: caf\xc3\xa9/1",
        b"Range: bytes=0-1",
        b'If-None-Match: W/"a"',
        b"Authorization: Basic eDp5",
        b"Cookie: sessionid=s; a=b",
    ]
    proxy.ask(b"\r\n".join(lines) + b"\r\n\r\n")
    assert sent(upstream)[: len(lines)] == lines


def test_a_request_gets_what_the_proxy_adds_and_nothing_else(proxy: Proxy, upstream: RawUpstream) -> None:
    proxy.ask(GET + b"\r\n")
    added = sent(upstream)[2:]
    assert [line.split(b":")[0] for line in added] == [
        b"X-Forwarded-For",
        b"X-Forwarded-Proto",
        b"X-Forwarded-Host",
        b"Via",
        b"X-Request-Id",
    ]
    assert added[:3] == [b"X-Forwarded-For: 127.0.0.1", b"X-Forwarded-Proto: http", b"X-Forwarded-Host: shop.example"]


def test_a_response_arrives_as_it_was(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    response = (
        b"HTTP/1.1 299 Quite  Fine\xe9\r\nsErVeR: x\r\nDate: never\r\nSet-Cookie: a=1; Path=/, b\r\nX-Empty:\r\n"
        b'Set-Cookie: b=2; HttpOnly\r\nVary: Cookie, Accept\r\nX-Odd:   spaced  \r\nContent-Length: 3\r\nETag: "x"\r\n\r\nabc'
    )
    proxy = make_proxy(config(make_upstream(answer(response)).port))
    head, body = proxy.ask(GET + b"\r\n")
    assert head + body == response


@pytest.mark.parametrize(
    "path", [b"/?", b"/a?b?c", b"//", b"/%", b"/a%zz", b"/..%2f..", b'/a|b\\^`{}<>"', b"/\xff\xfe"]
)
def test_the_bytes_of_a_path_are_not_touched(proxy: Proxy, upstream: RawUpstream, path: bytes) -> None:
    proxy.ask(b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert sent(upstream)[0] == b"GET " + path + b" HTTP/1.1"


def test_hop_by_hop_fields_and_those_that_connection_names_stay_behind(proxy: Proxy, upstream: RawUpstream) -> None:
    proxy.ask(
        GET + b"Connection: keep-alive, X-Mine\r\nKeep-Alive: timeout=5\r\nX-Mine: a\r\nProxy-Connection: close\r\n"
        b"Proxy-Authorization: Basic x\r\nTE: gzip\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\nconnection: http2-settings\r\n"
        b"X-Other: b\r\n\r\n"
    )
    names = {line.split(b":")[0].lower() for line in sent(upstream)[1:]}
    assert b"x-other" in names
    assert not names & {
        b"connection", b"keep-alive", b"x-mine", b"proxy-connection", b"proxy-authorization", b"te", b"upgrade", b"http2-settings",
    }  # fmt: skip


def test_hop_by_hop_fields_of_a_response_stay_behind(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    upstream = make_upstream(
        answer(
            b"HTTP/1.1 200 OK\r\nConnection: X-Mine, Set-Cookie\r\nX-Mine: a\r\nKeep-Alive: timeout=5\r\nSet-Cookie: a=b\r\n"
            b"Proxy-Authenticate: Basic\r\nUpgrade: h2c\r\nX-Other: b\r\nContent-Length: 0\r\n\r\n"
        )
    )
    head, _ = make_proxy(config(upstream.port)).ask(GET + b"\r\n")
    assert head == b"HTTP/1.1 200 OK\r\nX-Other: b\r\nContent-Length: 0\r\n\r\n"


def test_connection_cannot_name_away_host_or_framing(proxy: Proxy, upstream: RawUpstream) -> None:
    proxy.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: host, content-length\r\n\r\nhi")
    assert b"Host: a" in upstream.received
    assert b"Content-Length: 2" in upstream.received


def test_connection_cannot_name_away_what_the_proxy_says(proxy: Proxy, upstream: RawUpstream) -> None:
    proxy.ask(GET + b"Connection: X-Forwarded-For, X-Request-Id\r\nX-Request-Id: mine\r\n\r\n")
    names = [line.split(b":")[0] for line in sent(upstream)]
    assert names.count(b"X-Forwarded-For") == 1
    assert names.count(b"X-Request-Id") == 1
    assert b"mine" not in upstream.received


@pytest.mark.parametrize(
    "line",
    [
        b"X-Forwarded-For: 6.6.6.6",
        b"x-forwarded-for: 6.6.6.6",
        b"X-FORWARDED-PROTO: 6.6.6.6",
        b"X-Forwarded-Host: 6.6.6.6",
        b"X-Forwarded-Port: 6.6.6.6",
        b"X-Forwarded-Prefix: 6.6.6.6",
        b"Forwarded: for=6.6.6.6",
        b"X_Forwarded_For: 6.6.6.6",
        b"X-Forwarded_Proto: 6.6.6.6",
        b"X_FORWARDED-HOST: 6.6.6.6",
        b"X-Strangler-Identity: 6.6.6.6",
        b"x_strangler_identity: 6.6.6.6",
        b"Content_Length: 6.6.6.6",
        b"Transfer_Encoding: 6.6.6.6",
        b"X_Request_Id: 6.6.6.6",
    ],
)
def test_what_a_client_says_in_the_proxys_name_is_dropped(proxy: Proxy, upstream: RawUpstream, line: bytes) -> None:
    proxy.ask(GET + line + b"\r\n\r\n")
    assert b"6.6.6.6" not in upstream.received


def test_other_names_with_underscores_pass(proxy: Proxy, upstream: RawUpstream) -> None:
    proxy.ask(GET + b"X_Token: a\r\n\r\n")
    assert b"X_Token: a" in sent(upstream)


def test_internal_fields_of_an_upstream_are_not_shown(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    upstream = make_upstream(answer(b"HTTP/1.1 200 OK\r\nX-Strangler-Release: 7\r\nContent-Length: 0\r\n\r\n"))
    head, _ = make_proxy(config(upstream.port)).ask(GET + b"\r\n")
    assert head == b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def test_a_request_id_is_passed_on(proxy: Proxy, upstream: RawUpstream) -> None:
    proxy.ask(GET + b"X-Request-Id: abc-1\r\n\r\n")
    assert sent(upstream).count(b"X-Request-Id: abc-1") == 1
    assert proxy.log()[0]["id"] == "abc-1"


@pytest.mark.parametrize("value", [b"", b"two words", b"x" * 300, b"caf\xe9"])
def test_an_odd_request_id_is_replaced(proxy: Proxy, upstream: RawUpstream, value: bytes) -> None:
    proxy.ask(GET + b"X-Request-Id: " + value + b"\r\n\r\n")
    ids = [line for line in sent(upstream) if line.startswith(b"X-Request-Id")]
    assert len(ids) == 1
    assert re.fullmatch(rb"X-Request-Id: [0-9a-f]{16}-[0-9a-f]+", ids[0])


def test_every_request_has_an_id_of_its_own(proxy: Proxy, upstream: RawUpstream) -> None:
    with proxy.client() as client:
        for _ in range(3):
            client.ask(GET + b"\r\n")
    ids = re.findall(rb"X-Request-Id: (\S+)", upstream.received)
    assert len(set(ids)) == 3


def test_via_is_added_to_what_others_have_said(proxy: Proxy, upstream: RawUpstream) -> None:
    proxy.ask(GET + b"Via: 1.1 edge\r\n\r\n")
    vias = [line for line in sent(upstream) if line.startswith(b"Via")]
    assert vias[0] == b"Via: 1.1 edge"
    assert vias[1].startswith(b"Via: 1.1 strangler-")


def test_a_request_that_went_in_a_circle_is_refused(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    upstream = make_upstream()
    proxy = make_proxy(config(upstream.port))
    proxy.ask(GET + b"\r\n")
    via = next(line for line in sent(upstream) if line.startswith(b"Via"))
    head, _ = proxy.ask(GET + via + b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 508 ")
    assert len(upstream.heads) == 1
    with proxy.client() as client:
        client.send((GET + via + b"\r\n\r\n") * 500)
        assert client.rest().count(b"HTTP/1.1 508 ") == 1


def test_the_host_of_an_absolute_target_replaces_the_header(proxy: Proxy, upstream: RawUpstream) -> None:
    proxy.ask(b"GET http://Real.example:81/a?b HTTP/1.1\r\nX-A: b\r\nHost: other.example\r\n\r\n")
    lines = sent(upstream)
    assert lines[:3] == [b"GET /a?b HTTP/1.1", b"X-A: b", b"Host: Real.example:81"]
    assert b"X-Forwarded-Host: Real.example:81" in lines
    assert b"other" not in upstream.received


@pytest.mark.parametrize(
    ("request_line", "passed_on"),
    [
        (b"GET http://a HTTP/1.1", b"GET / HTTP/1.1"),
        (b"GET HTTP://a?q HTTP/1.1", b"GET /?q HTTP/1.1"),
        (b"OPTIONS http://a HTTP/1.1", b"OPTIONS * HTTP/1.1"),
        (b"OPTIONS * HTTP/1.1", b"OPTIONS * HTTP/1.1"),
        (b"GET https://a/x HTTP/1.1", b"GET /x HTTP/1.1"),
    ],
)
def test_forms_of_targets_become_origin_form(
    proxy: Proxy, upstream: RawUpstream, request_line: bytes, passed_on: bytes
) -> None:
    proxy.ask(request_line + b"\r\nHost: a\r\n\r\n")
    assert sent(upstream)[0] == passed_on


def test_te_trailers_is_passed_on_by_name(proxy: Proxy, upstream: RawUpstream) -> None:
    proxy.ask(GET + b"Connection: TE\r\nTE: trailers, deflate\r\n\r\n")
    assert sent(upstream)[-2:] == [b"Connection: TE", b"TE: trailers"]


def test_private_cookies_stay_with_the_monolith(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    setting = answer(
        b"HTTP/1.1 103 Early Hints\r\nSet-Cookie: sessionid=evil\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nSet-Cookie: sessionid=evil; Path=/\r\nSet-Cookie: a=1\r\nSet-Cookie:csrftoken=evil\r\n"
        b"Set-Cookie: sessionid2=2\r\nContent-Length: 0\r\n\r\n"
    )
    monolith, catalog = make_upstream(setting), make_upstream(setting)
    routes = (route("catalog.list", "/moved/"),)
    proxy = make_proxy(config(monolith.port, catalog.port, routes=routes), snapshot(Stage.EXTRACTED, "catalog.list"))
    cookies = b"Cookie: a=1; sessionid=secret; b=2;csrftoken=secret ; sessionid2=c\r\nCookie: sessionid=secret\r\n\r\n"
    with proxy.client() as client:
        client.send(b"GET /moved/ HTTP/1.1\r\nHost: a\r\n" + cookies)
        assert client.head() == b"HTTP/1.1 103 Early Hints\r\n\r\n"
        head = client.head()
    assert b"secret" not in catalog.received
    assert sent(catalog)[2] == b"Cookie: a=1; b=2; sessionid2=c"
    assert b"Set-Cookie: a=1\r\nSet-Cookie: sessionid2=2\r\n" in head
    assert b"evil" not in head
    with proxy.client() as client:
        client.send(b"GET /stays/ HTTP/1.1\r\nHost: a\r\n" + cookies)
        assert b"Set-Cookie: sessionid=evil" in client.head()
        head = client.head()
    assert b"Cookie: a=1; sessionid=secret; b=2;csrftoken=secret ; sessionid2=c" in sent(monolith)
    assert head.count(b"Set-Cookie") == 4


def test_a_trusted_upstream_sees_and_sets_private_cookies(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    setting = answer(b"HTTP/1.1 200 OK\r\nSet-Cookie: sessionid=new; Path=/\r\nContent-Length: 0\r\n\r\n")
    monolith, events = make_upstream(setting), make_upstream(setting)
    settings = config(monolith.port, events.port, routes=(route("catalog.list", "/moved/"),))
    trusted = {**settings.upstreams, "catalog": replace(settings.upstreams["catalog"], trusted=True)}
    proxy = make_proxy(replace(settings, upstreams=trusted), snapshot(Stage.EXTRACTED, "catalog.list"))
    head, _ = proxy.ask(b"GET /moved/ HTTP/1.1\r\nHost: a\r\nCookie: sessionid=old\r\n\r\n")
    assert b"Cookie: sessionid=old" in sent(events)
    assert b"Set-Cookie: sessionid=new; Path=/\r\n" in head


def test_a_request_of_http_1_0_without_host_gets_the_address_it_came_to(proxy: Proxy, upstream: RawUpstream) -> None:
    proxy.ask(b"GET / HTTP/1.0\r\n\r\n")
    assert b"Host: 127.0.0.1:%d" % proxy.port in sent(upstream)


def test_an_ipv6_client_is_named_by_its_address(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    proxy = make_proxy(config(upstream.port), family=socket.AF_INET6)
    with (
        socket.create_connection(("::1", proxy.port)) as sock,
        socket.create_connection(("127.0.0.1", proxy.port)) as old,
    ):
        for each in (sock, old):
            Connection(each).ask(b"GET / HTTP/1.0\r\n\r\n")
    first, second = upstream.heads
    assert b"\r\nX-Forwarded-For: ::1\r\n" in first
    assert b"\r\nHost: [::1]:%d\r\n" % proxy.port in first
    assert b"\r\nX-Forwarded-For: 127.0.0.1\r\n" in second
