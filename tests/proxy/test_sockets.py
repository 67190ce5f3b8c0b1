from __future__ import annotations

import socket
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.config.values import Address
from strangler_proxy.sockets import address_of, listen, renewed, shares

from strangler.errors import StranglerError


def test_all_sockets_share_the_port_that_the_system_chose() -> None:
    sockets = listen(Address("127.0.0.1", 0), 3, key="listen")
    assert len({address_of(each) for each in sockets}) == 1
    assert address_of(sockets[0]).port > 0
    assert not any(each.get_inheritable() for each in sockets)
    for each in sockets:
        each.close()


def test_a_port_in_use_is_refused_even_by_sockets_that_would_share_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strangler_proxy.sockets._PATIENCE", 0.0)
    (first,) = listen(Address("127.0.0.1", 0), 1, key="listen")
    with closing(first), pytest.raises(StranglerError, match=r"in use.*`listen` under \[proxy\]"):
        listen(address_of(first), 1, key="`listen` under [proxy]")


@pytest.mark.parametrize("host", ["203.0.113.1", "no such host", "nowhere.invalid"])
def test_an_address_that_is_not_ours_is_refused(host: str) -> None:
    with pytest.raises(StranglerError, match=r"cannot be listened on.* address as `listen` under \[proxy\] in"):
        listen(Address(host, 0), 1, key="`listen` under [proxy]")


def test_a_renewed_socket_leaves_all_connections_to_the_others_until_somebody_listens() -> None:
    dead, live = listen(Address("127.0.0.1", 0), 2, key="listen")
    address = ("127.0.0.1", address_of(live).port)
    dead = renewed(dead)
    live.settimeout(5)
    with closing(live), closing(dead):
        for _ in range(30):
            with socket.create_connection(address, timeout=5), live.accept()[0]:
                pass
        live.close()
        dead.listen()
        dead.settimeout(5)
        with socket.create_connection(address, timeout=5), dead.accept()[0]:
            pass


@given(st.integers(1, 40), st.integers(1, 40))
def test_every_socket_has_somebody_who_serves_it_and_all_have_equally_many_of_their_own(
    more: int, workers: int
) -> None:
    sockets = workers + more - 1
    parts = [shares(sockets, workers, slot) for slot in range(workers)]
    assert {number for part in parts for number in part} == set(range(sockets))
    assert len({len(part) for part in parts}) == 1
    for number in range(sockets):
        owners = sum(number in part for part in parts)
        assert owners == 1 or (owners == workers and number >= sockets - sockets % workers)
