from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.test import AsyncClient, Client

from monolith.accounts.models import Customer
from monolith.orders import services
from monolith.orders.events import Pace
from monolith.orders.models import Order
from monolith.payments import provider
from tests.monolith.conftest import MakeCustomer, MakeOrder
from tests.monolith.pages.conftest import SignedIn

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(settings: Any) -> None:
    settings.ORDER_EVENTS_PACE = Pace(look=0.01, heartbeat=3600, longest=60)


def event_of(chunk: bytes) -> dict[str, Any]:
    name, data, *rest = chunk.decode().split("\n")
    assert (name, rest) == ("event: status", ["", ""])
    found: dict[str, Any] = json.loads(data.removeprefix("data: "))
    return found


def ask(number: str, customer: Customer | None, use: Callable[[Any], Awaitable[Any]], **headers: str) -> Any:
    """Asks over ASGI for the order's events and hands the response to ``use``."""

    async def talk() -> Any:
        browser = AsyncClient()
        if customer is not None:
            await browser.aforce_login(customer)
        return await asyncio.wait_for(use(await browser.get(f"/orders/{number}/events/", headers=headers)), 30)

    return async_to_sync(talk)()


async def chunks(response: Any) -> AsyncIterator[bytes]:
    async for chunk in response.streaming_content:
        yield chunk


async def status_of(response: Any) -> int:
    return int(response.status_code)


def test_the_state_comes_at_once_and_then_each_change(make_order: MakeOrder) -> None:
    order = make_order(card=provider.LATE_APPROVE)

    async def watch(response: Any) -> list[dict[str, Any]]:
        assert response.status_code == 200
        assert response["Content-Type"] == "text/event-stream"
        assert response["Cache-Control"] == "no-store"
        seen = []
        moves = iter([services.mark_paid, services.ship, services.mark_delivered])
        async for chunk in chunks(response):
            seen.append(event_of(chunk))
            if not seen[-1]["settled"]:
                await sync_to_async(next(moves))(order.pk)
        return seen

    seen = ask(order.number, order.customer, watch)
    assert [event["state"] for event in seen] == ["pending_payment", "paid", "shipped", "delivered"]
    assert [event["settled"] for event in seen] == [False, False, False, True]
    assert seen[0]["label"] == "Waiting for payment"


def test_the_labels_are_in_the_customers_language(make_order: MakeOrder) -> None:
    order = make_order()

    async def first(response: Any) -> dict[str, Any]:
        return event_of(await anext(chunks(response)))

    assert ask(order.number, order.customer, first, **{"Accept-Language": "de"})["label"] == "Bezahlt"


def test_a_comment_keeps_a_quiet_stream_alive(make_order: MakeOrder, settings: Any) -> None:
    settings.ORDER_EVENTS_PACE = Pace(look=0.01, heartbeat=0.0, longest=60)
    order = make_order()

    async def second(response: Any) -> bytes:
        stream = chunks(response)
        await anext(stream)
        return await anext(stream)

    assert ask(order.number, order.customer, second) == b": still here\n\n"


def test_a_stream_ends_by_itself(make_order: MakeOrder, settings: Any) -> None:
    settings.ORDER_EVENTS_PACE = Pace(look=0.01, heartbeat=3600, longest=0.05)
    order = make_order()

    async def everything(response: Any) -> list[dict[str, Any]]:
        return [event_of(chunk) async for chunk in chunks(response)]

    assert [event["state"] for event in ask(order.number, order.customer, everything)] == ["paid"]


def test_a_stream_ends_with_its_order(make_order: MakeOrder) -> None:
    order = make_order()

    async def watch(response: Any) -> int:
        seen = 0
        async for _ in chunks(response):
            seen += 1
            await sync_to_async(lambda: (order.payments.all().delete(), order.delete()))()
        return seen

    assert ask(order.number, order.customer, watch) == 1
    assert not Order.objects.exists()


def test_only_its_customer_watches_an_order(make_order: MakeOrder, make_customer: MakeCustomer) -> None:
    order = make_order()
    assert ask(order.number, None, status_of) == 403
    assert ask(order.number, make_customer(), status_of) == 404
    assert ask("SO-NONE", order.customer, status_of) == 404


def test_under_wsgi_the_present_state_is_all_and_the_browser_asks_again(
    make_order: MakeOrder, signed_in: SignedIn
) -> None:
    browser, customer = signed_in()
    order = make_order(customer)
    answer = browser.get(f"/orders/{order.number}/events/")
    assert answer["Content-Type"] == "text/event-stream"
    retry, _, rest = answer.content.partition(b"\n")
    assert retry == b"retry: 3000"
    assert event_of(rest)["state"] == "paid"
    assert Client().get(f"/orders/{order.number}/events/").status_code == 403
    assert signed_in()[0].get(f"/orders/{order.number}/events/").status_code == 404
    assert browser.post(f"/orders/{order.number}/events/").status_code == 405
