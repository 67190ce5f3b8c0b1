"""The facts of the catalogue as its service tells them: the new side of the seam ``cart.catalog-facts``."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterator
from decimal import Decimal
from time import monotonic
from typing import Any, Final

import httpx

from monolith.catalog.facts import ProductFacts
from strangler.django.effects import guard
from strangler.errors import BreakerOpen, DeadlineExceeded
from strangler.fork import renew_after_fork
from strangler.resilience import (
    BreakerSettings,
    CircuitBreaker,
    Deadline,
    Policy,
    Retry,
    check_deadline,
    deadline_headers,
    read_retry_after,
    remaining,
)
from strangler.shadow.httpx import GuardedTransport

__all__ = ["CatalogServiceFailed", "ServiceCatalogFacts", "facts_of"]

_IDS_A_REQUEST: Final = 200
_LARGEST_ID: Final = 10**18 - 1
_LARGEST_ANSWER: Final = 8 * 1024 * 1024
# A service that hangs costs its caller the whole deadline each time, and that is within the checkout's transaction:
# three times in a row is enough, then one call after 1 s, 2 s and so on up to 15 s sees whether it is back.
_BREAKER: Final = BreakerSettings(consecutive_failures=3, open_for=1.0, longest_open=15.0)
_WORTH_ANOTHER_TRY: Final = frozenset({429, 502, 503, 504})
_AVAILABILITIES: Final = frozenset({"in_stock", "low", "out_of_stock"})
_STATUSES: Final = {"on_sale": True, "discontinued": False, "unpublished": False}


class CatalogServiceFailed(Exception):
    """The catalogue service gave no answer that could be used.

    ``again``: another try could help, ``retry_after`` seconds from then on if the service has said so.
    """

    def __init__(self, message: str, *, again: bool = False, retry_after: float | None = None) -> None:
        self.again = again
        self.retry_after = retry_after
        super().__init__(message)


class ServiceCatalogFacts:
    """Asks the service at ``base_url``. Nothing but reads, so that each may be tried again.

    ``timeout`` is the deadline of a whole call, its retries and pauses included, in seconds above 0: a cart is waiting,
    maybe with a transaction open. It is looked at between the parts of an answer, so that a last part may overstep it
    once. A service that fails three times in a row is left alone for a while: calls fail at once. One client a process,
    made when first needed, anew in a forked child.

    Every call raises CatalogServiceFailed.
    """

    def __init__(self, base_url: str, timeout: float = 1.0, *, clock: Callable[[], float] = monotonic) -> None:
        self._url = base_url.rstrip("/")
        self._timeout = timeout
        self._clock = clock
        policy = Policy(
            retry=Retry(worth=_worth_another_try),
            breaker=CircuitBreaker("The catalogue service", _BREAKER, failures=(CatalogServiceFailed,), clock=clock),
        )
        self._ask = policy.repeatable(self._ask_once)
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Begin anew in a forked child: connections cannot be shared."""
        self._client: httpx.Client | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Give the connections back. The next call opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def product(self, product_id: int, /) -> ProductFacts | None:
        return self.products([product_id]).get(product_id)

    def products(self, product_ids: Collection[int], /) -> dict[int, ProductFacts]:
        found: dict[int, ProductFacts] = {}
        try:
            with Deadline(self._timeout, clock=self._clock):
                for ids in _parts(product_ids):
                    document = self._ask(f"/v1/products?ids={','.join(map(str, ids))}")
                    told = [facts_of(each) for each in _list_of_products(document)]
                    found.update({facts.id: facts for facts in told if facts.id in ids})
        except BreakerOpen as error:
            raise CatalogServiceFailed(str(error)) from error
        except DeadlineExceeded as error:
            raise CatalogServiceFailed(
                f"The catalogue service did not answer within {self._timeout:g} s: {error}"
            ) from error
        return found

    def _ask_once(self, target: str) -> Any:
        check_deadline()
        try:
            with self._http().stream(
                "GET", self._url + target, headers=deadline_headers(), timeout=remaining()
            ) as response:
                body = _body(response)
        except httpx.HTTPError as error:
            raise CatalogServiceFailed(f"The catalogue service failed at {target}: {error!r}", again=True) from error
        if response.status_code != 200:
            raise CatalogServiceFailed(
                f"The catalogue service answered {response.status_code} to {target}",
                again=response.status_code in _WORTH_ANOTHER_TRY,
                retry_after=read_retry_after(response.headers.get("Retry-After")),
            )
        try:
            return json.loads(body)
        except ValueError as error:
            raise CatalogServiceFailed(f"The catalogue service answered {target} with no JSON: {error}") from error

    def _http(self) -> httpx.Client:
        if (client := self._client) is not None:
            return client
        with self._lock:
            if self._client is None:
                # The environment's proxies are for the world outside. In a copy of a request, guarded as any call is.
                transport = GuardedTransport(httpx.HTTPTransport(trust_env=False), guard())
                headers = {"Accept": "application/json"}
                self._client = httpx.Client(transport=transport, trust_env=False, headers=headers)
            return self._client


def _worth_another_try(error: Exception) -> bool:
    return isinstance(error, CatalogServiceFailed) and error.again


def _parts(product_ids: Collection[int]) -> Iterator[list[int]]:
    # What no product can have as its id is unknown without asking.
    wanted = sorted({pk for pk in product_ids if 0 < pk <= _LARGEST_ID})
    for start in range(0, len(wanted), _IDS_A_REQUEST):
        yield wanted[start : start + _IDS_A_REQUEST]


def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > _LARGEST_ANSWER:
            raise CatalogServiceFailed(f"The catalogue service sent more than {_LARGEST_ANSWER} bytes.")
        if remaining() <= 0:
            raise CatalogServiceFailed("The catalogue service did not finish its answer in time.")
    return bytes(body)


def _list_of_products(document: Any) -> list[Any]:
    products = document.get("products") if isinstance(document, dict) else None
    if not isinstance(products, list):
        raise CatalogServiceFailed("The catalogue service's answer holds no list of products.")
    return products


def facts_of(document: Any) -> ProductFacts:
    """The monolith's facts from the service's shape: minor units to decimals, basis points to percent.

    Raises CatalogServiceFailed for anything that is not such a shape.
    """
    try:
        currency = document["price"]["currency"]
        on_sale = document["sale_price"]
        facts = ProductFacts(
            id=_whole(document["id"]),
            sku=document["sku"],
            name=document["name"],
            price=_amount(document["price"], currency),
            sale_price=None if on_sale is None else _amount(on_sale, currency),
            currency=currency,
            tax_rate=_hundredths(document["tax_rate_bp"]),
            availability=document["availability"],
            sellable=_STATUSES[document["status"]],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CatalogServiceFailed(f"The catalogue service's product cannot be read: {error!r}") from error
    texts = (facts.sku, facts.name, facts.currency, facts.availability)
    if not all(isinstance(text, str) for text in texts) or facts.availability not in _AVAILABILITIES:
        raise CatalogServiceFailed(f"The catalogue service's product {facts.id} cannot be read.")
    return facts


def _amount(money: Any, currency: str) -> Decimal:
    if money["currency"] != currency:
        raise ValueError(f"{money['currency']!r} beside {currency!r}")
    return _hundredths(money["minor"])


def _hundredths(number: Any) -> Decimal:
    return Decimal(_whole(number)).scaleb(-2)


def _whole(number: Any) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise ValueError(f"{number!r} is no whole number from 0 on")
    return number
