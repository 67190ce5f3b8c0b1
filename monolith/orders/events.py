"""The stream of an order's states, as server-sent events."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection
from django.utils import translation

from monolith.orders.models import Order
from monolith.orders.states import OrderState

__all__ = ["SETTLED", "Pace", "Status", "pace", "read_status", "stream"]

SETTLED = frozenset({OrderState.DELIVERED, OrderState.CANCELLED, OrderState.REFUNDED, OrderState.PAYMENT_FAILED})
"""States after which the customer waits for nothing more."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between looks at the order, between heartbeats, and until a stream ends (the browser comes again)."""

    look: float = 1.0
    heartbeat: float = 15.0
    longest: float = 300.0


def pace() -> Pace:
    """The default one, or what the setting ORDER_EVENTS_PACE says."""
    return getattr(settings, "ORDER_EVENTS_PACE", None) or Pace()


@dataclass(frozen=True, slots=True)
class Status:
    state: str
    label: str

    @property
    def settled(self) -> bool:
        return self.state in SETTLED

    def event(self) -> str:
        data = {"state": self.state, "label": self.label, "settled": self.settled}
        return f"event: status\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def read_status(order_id: int, language: str) -> Status | None:
    """None when the order is gone."""
    order = Order.objects.only("state").filter(pk=order_id).first()
    if order is None:
        return None
    with translation.override(language):
        return Status(order.state, str(order.get_state_display()))


def _look(order_id: int, language: str) -> Status | None:
    try:
        return read_status(order_id, language)
    finally:
        # A stream waits most of the time, and would keep a connection to the database from others.
        connection.close()


async def stream(order_id: int, language: str, pace: Pace) -> AsyncIterator[str]:
    """The state at once, then each change; comments in between; ends with the order, or after ``pace.longest``."""
    began = spoken = time.monotonic()
    last: Status | None = None
    while time.monotonic() - began < pace.longest:
        status = await sync_to_async(_look)(order_id, language)
        if status is None:
            return
        if status != last:
            last, spoken = status, time.monotonic()
            yield status.event()
            if status.settled:
                return
        elif time.monotonic() - spoken >= pace.heartbeat:
            spoken = time.monotonic()
            yield ": still here\n\n"
        await asyncio.sleep(pace.look)
