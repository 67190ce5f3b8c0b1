from __future__ import annotations

import pytest

from extracted.catalog.public.asked import Asked
from extracted.catalog.public.refusal import Refusal
from extracted.catalog.public.throttle import Throttle, parse_rate
from tests.extracted.catalog.conftest import Serve

LIST = "/api/v1/products/"


def test_one_request_too_many_is_told_when_to_come_again(serve: Serve) -> None:
    client = serve(anon_rate="2/hour")
    assert [client.get(LIST).status_code for _ in range(3)] == [200, 200, 429]
    answer = client.get(LIST, accept_language="de")
    wait = int(answer.headers["Retry-After"])
    assert 3590 < wait <= 3600
    assert answer.json() == {"detail": f"Die Anfrage wurde gedrosselt. Erwarte Verfügbarkeit in {wait} Sekunden."}


def test_each_client_counts_alone_by_the_hop_that_our_proxy_wrote(serve: Serve) -> None:
    client = serve(anon_rate="1/hour")
    assert client.get(LIST, x_forwarded_for="6.6.6.6, 1.1.1.1").status_code == 200
    assert client.get(LIST, x_forwarded_for="7.7.7.7,1.1.1.1").status_code == 429
    assert client.get(LIST, x_forwarded_for="1.1.1.2").status_code == 200
    assert client.get(LIST).status_code == 200


def test_without_a_proxy_no_header_is_trusted(serve: Serve) -> None:
    client = serve(anon_rate="1/hour", proxy_count=0)
    assert client.get(LIST, x_forwarded_for="1.1.1.1").status_code == 200
    assert client.get(LIST, x_forwarded_for="1.1.1.2").status_code == 429


def test_what_is_refused_before_it_counts_is_not_counted(serve: Serve) -> None:
    client = serve(anon_rate="1/hour")
    assert client.get(LIST, accept="text/html").status_code == 406
    assert client.get("/v1/categories").status_code == 200
    assert client.get(f"{LIST}?page=9").status_code == 404
    assert client.get(LIST).status_code == 429


def test_an_empty_rate_is_no_limit(serve: Serve) -> None:
    client = serve(anon_rate="")
    assert {client.get(LIST).status_code for _ in range(20)} == {200}


@pytest.mark.parametrize(
    ("rate", "parsed"),
    [("6000/min", (6000, 60)), ("1/s", (1, 1)), ("5/hour", (5, 3600)), ("9/day", (9, 86400)), ("", None)],
)
def test_rates_are_read_as_the_monolith_reads_them(rate: str, parsed: tuple[int, int] | None) -> None:
    assert parse_rate(rate) == parsed


@pytest.mark.parametrize("rate", ["5", "5/", "x/min", "0/min", "5/year", "-1/min", "²/min"])
def test_what_is_no_rate_is_refused(rate: str) -> None:
    with pytest.raises(ValueError, match="no rate"):
        parse_rate(rate)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def asked(peer: str) -> Asked:
    return Asked("GET", LIST, "", {}, peer)


def test_a_request_counts_for_its_period_and_a_refused_one_not_at_all() -> None:
    clock = Clock()
    throttle = Throttle("2/min", 0, clock)
    for moment, admitted, wait in [
        (0.0, True, ""),
        (30.0, True, ""),
        (30.5, False, "30"),
        (59.5, False, "1"),
        (60.0, True, ""),
        (60.5, False, "30"),
        (90.0, True, ""),
    ]:
        clock.now = 1000.0 + moment
        if admitted:
            throttle.admit(asked("a"))
        else:
            with pytest.raises(Refusal) as caught:
                throttle.admit(asked("a"))
            assert caught.value.headers == {"Retry-After": wait}


def test_clients_that_stay_away_are_forgotten() -> None:
    clock = Clock()
    throttle = Throttle("2/min", 0, clock)
    for number in range(1000):
        throttle.admit(asked(f"client {number}"))
    clock.now += 61
    throttle.admit(asked("another"))
    assert len(throttle._requests) == 1
