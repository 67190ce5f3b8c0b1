"""Who is let in, decided without sockets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from strangler_proxy.config.values import Limits
from strangler_proxy.door import FULL, PEER, Door
from strangler_proxy.downstream import ClientConnection


class Transport:
    """A client's transport; with bytes that nobody takes it stays open though it is closed."""

    def __init__(self, address: str, *, closing: bool = False) -> None:
        self.closing = closing
        self._address = address

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def get_extra_info(self, _: str) -> Any:
        return (self._address, 1)


class Client:
    """A client that waits for nobody."""

    exchange = None

    def __init__(
        self, address: str = "192.0.2.1", *, closing: bool = False, deadline: float = 1.0, in_head: bool = False
    ) -> None:
        self.transport = Transport(address, closing=closing)
        self.deadline = deadline
        self.in_head = in_head


def door(*clients: Client, **limits: int) -> Door:
    moments = iter(range(10_000_000))
    chosen = replace(Limits(), **limits)
    return Door(chosen, (), cast("list[ClientConnection]", list(clients)), lambda: float(next(moments)))


def test_a_connection_that_is_being_closed_makes_no_room() -> None:
    full = door(*(Client(closing=True) for _ in range(10)), connections=10)
    assert [full.refusal("192.0.2.9", 10 + number) for number in range(20)] == [FULL] * 20


def test_each_unused_connection_makes_room_for_one() -> None:
    full = door(*(Client() for _ in range(10)), connections=10)
    welcome = [full.refusal("192.0.2.9", 10) == "" for _ in range(20)]
    assert sum(welcome) == 10


def test_of_the_unused_and_of_those_in_the_middle_of_a_head_the_longest_there_makes_room() -> None:
    limits = Limits()
    idle = [Client(deadline=since + limits.idle_timeout) for since in (0, 40)]
    heads = [Client(deadline=since + limits.head_timeout, in_head=True) for since in (30, 50)]
    full = door(*heads, *idle, connections=4)
    gone = []
    for _ in range(4):
        assert full.refusal("192.0.2.9", 4) == ""
        gone.append([each.transport.closing for each in (idle[0], heads[0], idle[1], heads[1])])
    assert gone == [[number <= turn for number in range(4)] for turn in range(4)]


def test_addresses_that_came_and_went_are_forgotten() -> None:
    busy = door(connections=100, connections_per_peer=5)
    for number in range(10_000):
        assert busy.refusal(f"198.51.{number // 250}.{number % 250}", 0) == ""
    assert len(busy._peers) <= 201


def test_of_ipv6_a_whole_subnet_is_one_peer() -> None:
    clients = [Client(f"2001:db8:1:2::{number:x}") for number in range(5)]
    busy = door(*clients, connections_per_peer=5)
    answers = [busy.refusal(f"2001:db8:1:2::{number:x}", 5) for number in range(100, 110)]
    assert answers == [""] * 5 + [PEER] * 5
    assert busy.refusal("2001:db8:1:3::1", 5) == ""
    assert busy.refusal("::ffff:192.0.2.7", 5) == ""
    assert busy.refusal("fe80::1%eth0", 5) == ""
