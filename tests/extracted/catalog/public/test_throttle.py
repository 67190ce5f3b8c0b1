from __future__ import annotations

import pytest

from extracted.catalog.public.throttle import parse_rate
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
