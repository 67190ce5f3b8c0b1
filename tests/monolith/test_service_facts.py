from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from extracted.catalog.api.shapes import ProductShape, RatingShape
from monolith.catalog.facts import ProductFacts
from monolith.catalog.service_facts import CatalogServiceFailed, ServiceCatalogFacts, facts_of
from strangler.resilience import DEADLINE_HEADER, Deadline
from strangler.testing import ManualClock
from tests.monolith.catalog_service import URL, answer, told

CUP = ProductFacts(
    id=7, sku="CUP-7", name="Tasse", price=Decimal("89.90"), sale_price=Decimal("79.90"), currency="EUR",
    tax_rate=Decimal("19.00"), availability="low", sellable=True,
)  # fmt: skip
PRICES = st.decimals(min_value=0, max_value=Decimal("99999999.99"), places=2)


@pytest.fixture
def facts() -> Iterator[ServiceCatalogFacts]:
    client = ServiceCatalogFacts(URL + "/", timeout=5.0)
    yield client
    client.close()


@given(
    st.builds(
        ProductFacts,
        id=st.integers(1, 10**18 - 1),
        sku=st.text(),
        name=st.text(),
        price=PRICES,
        sale_price=st.none() | PRICES,
        currency=st.sampled_from(["EUR", "CHF"]),
        tax_rate=st.decimals(min_value=0, max_value=Decimal("99.99"), places=2),
        availability=st.sampled_from(["in_stock", "low", "out_of_stock"]),
        sellable=st.booleans(),
    )
)
def test_what_the_service_tells_is_what_the_monolith_knows(product: ProductFacts) -> None:
    read = facts_of(told(product))
    assert read == product
    assert str(read.price) == str(product.price)


def test_the_shape_is_the_one_that_the_service_publishes() -> None:
    shape = ProductShape(
        **told(CUP), slug="cup-7", description="", attributes={}, weight_grams=None, image=None,
        rating=RatingShape(mean=None, reviews=0), created_at=datetime.now(UTC), updated_at=datetime.now(UTC),
    )  # fmt: skip
    assert facts_of(json.loads(shape.model_dump_json())) == CUP


@pytest.mark.parametrize(("status", "sellable"), [("on_sale", True), ("discontinued", False), ("unpublished", False)])
def test_only_what_is_on_sale_can_be_sold(status: str, sellable: bool) -> None:
    assert facts_of(told(CUP, status=status)).sellable is sellable


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "7"}, {"id": True}, {"id": -1}, {"sku": None}, {"name": 3}, {"price": None},
        {"price": {"minor": 89.9, "currency": "EUR"}}, {"price": {"minor": -1, "currency": "EUR"}},
        {"price": {"minor": 1, "currency": None}}, {"sale_price": {"minor": 1, "currency": "CHF"}},
        {"sale_price": {}}, {"tax_rate_bp": "19"}, {"availability": "plenty"}, {"availability": []},
        {"status": "lost"}, {"status": []},
    ],
)  # fmt: skip
def test_a_product_that_cannot_be_read_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(CatalogServiceFailed, match="cannot be read"):
        facts_of(told(CUP, **wrong))


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists)
    | st.dictionaries(st.text(), st.text())
)
def test_any_other_document_is_refused_by_the_one_error(document: Any) -> None:
    with pytest.raises(CatalogServiceFailed):
        facts_of(document)


@respx.mock
def test_products_are_asked_for_by_their_ids_and_unknown_ones_left_out(facts: ServiceCatalogFacts) -> None:
    asked = respx.get(f"{URL}/v1/products", params={"ids": "7,9"}).respond(json=answer(told(CUP)))
    assert facts.products([9, 7, 9]) == {7: CUP}
    assert asked.call_count == 1
    respx.get(f"{URL}/v1/products", params={"ids": "9"}).respond(json=answer())
    assert facts.product(9) is None


@respx.mock
def test_what_was_not_asked_for_is_not_taken(facts: ServiceCatalogFacts) -> None:
    respx.get(f"{URL}/v1/products").respond(json=answer(told(CUP)))
    assert facts.products([8]) == {}


@respx.mock(assert_all_called=False)
def test_nothing_is_asked_when_nothing_can_be_known(facts: ServiceCatalogFacts, respx_mock: Any) -> None:
    assert facts.products([]) == {}
    assert facts.products([0, -5, 10**18, 2**70]) == {}


@respx.mock
def test_many_are_asked_for_in_parts(facts: ServiceCatalogFacts) -> None:
    def some(request: httpx.Request) -> httpx.Response:
        ids = request.url.params["ids"].split(",")
        assert len(ids) <= 200
        return httpx.Response(200, json=answer(*(told(CUP, id=int(pk)) for pk in ids)))

    asked = respx.get(f"{URL}/v1/products").mock(side_effect=some)
    assert set(facts.products(range(1, 451))) == set(range(1, 451))
    assert asked.call_count == 3


@pytest.mark.parametrize("failure", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), 429, 502, 503, 504])
@respx.mock
def test_what_may_pass_is_tried_again(facts: ServiceCatalogFacts, failure: Any) -> None:
    bad = failure if isinstance(failure, Exception) else httpx.Response(failure)
    asked = respx.get(f"{URL}/v1/products")
    asked.side_effect = [bad, bad, httpx.Response(200, json=answer(told(CUP)))]
    assert facts.product(7) == CUP
    asked.side_effect = [bad, bad, bad, httpx.Response(200, json=answer(told(CUP)))]
    with pytest.raises(CatalogServiceFailed):
        facts.product(7)
    assert asked.call_count == 6


@pytest.mark.parametrize(
    "bad",
    [
        httpx.Response(400), httpx.Response(404), httpx.Response(500), httpx.Response(301, headers={"location": "/x"}),
        httpx.Response(200, text="no json"), httpx.Response(200, content=b"\xff"), httpx.Response(200, json=[]),
        httpx.Response(200, json={"products": {}}), httpx.Response(200, json={"products": [{}]}),
    ],
)  # fmt: skip
@respx.mock
def test_what_cannot_pass_is_not_tried_again(facts: ServiceCatalogFacts, bad: httpx.Response) -> None:
    asked = respx.get(f"{URL}/v1/products").mock(return_value=bad)
    with pytest.raises(CatalogServiceFailed):
        facts.product(7)
    assert asked.call_count == 1


@respx.mock
def test_no_try_begins_after_the_deadline() -> None:
    clock = ManualClock()
    facts = ServiceCatalogFacts(URL, timeout=1.0, clock=clock)

    def slow(request: httpx.Request) -> httpx.Response:
        clock.advance(1.0)
        return httpx.Response(503)

    asked = respx.get(f"{URL}/v1/products").mock(side_effect=slow)
    with pytest.raises(CatalogServiceFailed, match="503"):
        facts.product(7)
    assert asked.call_count == 1


@respx.mock
def test_the_service_is_told_how_much_time_is_left(facts: ServiceCatalogFacts) -> None:
    asked = respx.get(f"{URL}/v1/products").respond(json=answer())
    facts.product(7)
    assert 0 < int(asked.calls.last.request.headers[DEADLINE_HEADER]) <= 5000


@respx.mock
def test_the_sooner_deadline_of_the_caller_holds(facts: ServiceCatalogFacts) -> None:
    asked = respx.get(f"{URL}/v1/products").respond(json=answer())
    clock = ManualClock()
    with Deadline(0.5, clock=clock):
        facts.product(7)
        assert int(asked.calls.last.request.headers[DEADLINE_HEADER]) <= 500
        clock.advance(1.0)
        with pytest.raises(CatalogServiceFailed, match="not begun"):
            facts.product(7)
    assert asked.call_count == 1


@respx.mock
def test_it_does_not_come_again_sooner_than_it_was_told_to(facts: ServiceCatalogFacts) -> None:
    busy = httpx.Response(503, headers={"Retry-After": "30"})
    asked = respx.get(f"{URL}/v1/products").mock(return_value=busy)
    with pytest.raises(CatalogServiceFailed, match="503"):
        facts.product(7)
    assert asked.call_count == 1


@respx.mock
def test_a_service_that_keeps_failing_is_left_alone_until_one_call_finds_it_back() -> None:
    clock = ManualClock()
    facts = ServiceCatalogFacts(URL, clock=clock)
    asked = respx.get(f"{URL}/v1/products").respond(500)
    for _ in range(20):
        with pytest.raises(CatalogServiceFailed):
            facts.product(7)
    assert asked.call_count == 3
    clock.advance(1.0)
    asked.respond(json=answer(told(CUP)))
    assert [facts.product(7) for _ in range(5)] == [CUP] * 5
    assert asked.call_count == 8
    facts.close()


@respx.mock
def test_a_product_that_cannot_be_read_does_not_shut_out_the_others(facts: ServiceCatalogFacts) -> None:
    asked = respx.get(f"{URL}/v1/products").respond(json=answer(told(CUP, status="lost")))
    for _ in range(20):
        with pytest.raises(CatalogServiceFailed, match="cannot be read"):
            facts.product(7)
    assert asked.call_count == 20


Serve = Callable[[Callable[[socket.socket, threading.Event], None]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A server that does with each connection what it is told; the event is set when the test is over."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()
    threads: list[threading.Thread] = []

    def start(behave: Callable[[socket.socket, threading.Event], None]) -> str:
        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    try:
                        behave(connection, over)
                    except OSError:
                        continue

        threads.append(threading.Thread(target=accept, daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    over.set()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for thread in threads:
        thread.join(10)


def _hang(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(4096)
    over.wait(60)


def _drip(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not over.wait(0.02):
        connection.sendall(b" ")


def _half_close(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


@pytest.mark.parametrize("behave", [_hang, _drip, _half_close])
def test_a_service_that_does_not_answer_is_given_up(serve: Serve, behave: Any) -> None:
    facts = ServiceCatalogFacts(serve(behave), timeout=0.2)
    with pytest.raises(CatalogServiceFailed):
        facts.product(7)
    facts.close()


def test_a_service_that_hangs_is_waited_for_three_times_and_no_more(serve: Serve) -> None:
    connections = 0

    def hang(connection: socket.socket, over: threading.Event) -> None:
        nonlocal connections
        connections += 1
        connection.recv(4096)
        connection.settimeout(60)
        connection.recv(4096)  # until the client gives it up

    facts = ServiceCatalogFacts(serve(hang), timeout=0.05)
    for _ in range(20):
        with pytest.raises(CatalogServiceFailed):
            facts.product(7)
    assert connections <= 4  # the three that opened the breaker, and a probe if a second went by
    facts.close()


@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_a_forked_child_opens_connections_of_its_own(serve: Serve) -> None:
    ports: list[int] = []

    def respond(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(4096)
        ports.append(connection.getpeername()[1])
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n{"products":[],"next":null}')
        if len(ports) == 1:
            threading.Thread(target=_serve_again, args=(connection.dup(), ports, over), daemon=True).start()

    facts = ServiceCatalogFacts(serve(respond), timeout=5.0)
    assert facts.products([1]) == {}
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if facts._client is None and facts.products([1]) == {} else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert facts.products([1]) == {}
    facts.close()
    assert len(ports) == 3
    assert ports[0] == ports[2] != ports[1]


def _serve_again(connection: socket.socket, ports: list[int], over: threading.Event) -> None:
    with connection:
        while connection.recv(4096):
            ports.append(connection.getpeername()[1])
            connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n{"products":[],"next":null}')
