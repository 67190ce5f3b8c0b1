from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.proxy_protocol import (
    LONGEST,
    PREAMBLE,
    BadProxyHeader,
    Told,
    length_behind,
    parse_proxy_header,
)

from tests.proxy.listener.headers import LOCAL, SIGNATURE, field, header, told

PORTS = st.integers(0, 65535)
FIELDS = st.lists(st.builds(field, st.integers(0, 255).filter(lambda kind: kind != 0x20), st.binary(max_size=40)))


@given(st.ip_addresses(), PORTS, FIELDS)
def test_the_client_that_an_edge_tells_of_is_read_and_what_else_it_tells_is_passed_over(
    address: IPv4Address | IPv6Address, port: int, fields: list[bytes]
) -> None:
    assert parse_proxy_header(told(str(address), port, *fields)) == Told((str(address), port))


@pytest.mark.parametrize(("flags", "secure"), [(0, False), (1, True), (7, True), (6, False)])
def test_that_the_client_came_by_tls_is_told_by_one_bit(flags: int, secure: bool) -> None:
    tls = field(0x20, bytes([flags]) + b"\0\0\0\0" + field(0x21, b"TLSv1.3"))
    assert parse_proxy_header(told("192.0.2.1", 9, field(1, b"h2"), tls)).secure is secure


def test_a_field_on_tls_that_is_too_short_tells_nothing() -> None:
    assert not parse_proxy_header(told("192.0.2.1", 9, field(0x20, b"\x01"))).secure


@given(st.binary(max_size=300))
def test_a_local_connection_is_the_edges_own_whatever_else_it_says(behind: bytes) -> None:
    assert parse_proxy_header(header(0x20, 0x11, behind)) == Told(None)
    assert parse_proxy_header(LOCAL) == Told(None)


def test_a_client_on_a_unix_socket_is_unknown_and_an_unspecified_one_is_the_edge() -> None:
    assert parse_proxy_header(header(0x21, 0x31, b"/run/a".ljust(108, b"\0") * 2)) == Told(("unknown", 0))
    assert parse_proxy_header(header(0x21, 0x00, b"")) == Told(None)


@pytest.mark.parametrize(
    "wrong",
    [
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(20),
        SIGNATURE + b"\x11\x11" + b"\0\x0c" + bytes(12),
        header(0x22, 0x11, bytes(12)),
        header(0x21, 0x12, bytes(12)),
        header(0x21, 0x41, bytes(12)),
        header(0x21, 0x11, bytes(11)),
        header(0x21, 0x21, bytes(35)),
        header(0x21, 0x31, bytes(215)),
        told("192.0.2.1", 1, b"\x01\0"),
        told("192.0.2.1", 1, b"\x01\0\x05abcd"),
        told("192.0.2.1", 1) + b"x",
        told("192.0.2.1", 1)[:-1],
        SIGNATURE,
        b"",
    ],
)
def test_what_is_no_header_of_version_2_is_refused(wrong: bytes) -> None:
    with pytest.raises(BadProxyHeader):
        parse_proxy_header(wrong)


def test_a_header_that_claims_to_be_very_long_is_refused_unread() -> None:
    assert length_behind(SIGNATURE + b"\x21\x11" + (LONGEST - PREAMBLE).to_bytes(2, "big")) == LONGEST - PREAMBLE
    with pytest.raises(BadProxyHeader, match="bytes"):
        length_behind(SIGNATURE + b"\x21\x11" + (LONGEST - PREAMBLE + 1).to_bytes(2, "big"))


@given(st.integers(1, 15), st.binary(min_size=1, max_size=15))
def test_bytes_that_cannot_begin_a_header_are_known_by_the_first_that_differs(size: int, other: bytes) -> None:
    start = (SIGNATURE + b"\x21\x11\0")[:size]
    assert length_behind(start) == 0
    if other != (SIGNATURE + b"\x21\x11\0")[: len(other)] and other[:12] != SIGNATURE[: len(other)]:
        with pytest.raises(BadProxyHeader):
            length_behind(other)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_and_nothing_else(behind: bytes) -> None:
    for whole in (behind, SIGNATURE + behind, header(0x21, 0x11, behind), header(0x21, 0x21, behind)):
        try:
            parse_proxy_header(whole)
        except BadProxyHeader:
            continue
