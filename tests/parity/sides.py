"""Both sides of a case: the monolith and the service as they run, or the service in this process with a bug planted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import yaml

from demo.stack import Stack
from extracted.catalog.app import create_app
from extracted.catalog.service import Service
from extracted.catalog.settings import load_settings
from strangler.compare import Answer, Comparison, Pair, Request, Rules, compare_pair
from strangler.parity import AsgiSide
from tests.parity.cases import Case, Shop

__all__ = ["Asker", "ask_in_process", "compared", "in_process", "schema_of", "shop_of"]


class Asker:
    """Asks one running side, with the Host that the proxy would pass on."""

    def __init__(self, stack: Stack, side: str) -> None:
        self._host = f"127.0.0.1:{stack.addresses.shop}"
        self._client = httpx.Client(base_url=stack.addresses.url(side), timeout=30, follow_redirects=False)

    def ask(self, case: Case) -> Answer:
        """The side's whole answer."""
        headers = {"Host": self._host, "Accept-Language": "", **case.headers}
        return _answer(self._client.request(case.method, case.target, headers=headers))

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()


@contextmanager
def in_process(stack: Stack) -> Iterator[AsgiSide]:
    """The service's code in this process, over a database of the running one's."""
    database = Path(stack.environment["CATALOG_DATABASE_URL"].removeprefix("sqlite:///"))
    settings = load_settings(
        database_url=f"sqlite:///{database}",
        monolith_url=stack.addresses.url("monolith"),
        feed_token=stack.environment["CATALOG_FEED_TOKEN"],
        anon_rate="",
        access_log=False,
    )
    with AsgiSide(create_app(Service(settings), follow=False)) as side:
        yield side


def ask_in_process(stack: Stack, cases: Iterable[Case]) -> list[Answer]:
    """What that answers."""
    always = {"Host": f"127.0.0.1:{stack.addresses.shop}", "Accept": "*/*", "Accept-Language": ""}
    with in_process(stack) as side:
        return [
            side(Request(case.method, case.target, headers=tuple({**always, **case.headers}.items()))) for case in cases
        ]


def compared(case: Case, old: Answer, new: Answer, rules: Rules) -> Comparison:
    """What comes of comparing a case's answers."""
    return compare_pair(Pair(Request(case.method, case.target, case.route), old, new), rules)


def schema_of(stack: Stack) -> dict[str, object]:
    """The monolith's OpenAPI schema."""
    document: dict[str, object] = yaml.safe_load(httpx.get(f"{stack.addresses.url('monolith')}/api/v1/schema/").text)
    return document


def shop_of(stack: Stack) -> Shop:
    """What the running shop holds."""
    url = stack.addresses.url("monolith")
    products = httpx.get(f"{url}/api/v1/products/?page_size=100").json()["results"]
    facts = f"{stack.addresses.url('catalog')}/v1/products?ids={','.join(str(number) for number in range(1, 151))}"
    kept = httpx.get(facts).json()
    rows = kept["products"] if isinstance(kept, dict) else kept
    return Shop(
        products=[product["id"] for product in products],
        slugs=[category["slug"] for category in httpx.get(f"{url}/api/v1/categories/").json()],
        words=sorted({word for product in products for word in product["name"].split()})[:40],
        hidden=[row["id"] for row in rows if row["status"] == "unpublished"],
        discontinued=[row["id"] for row in rows if row["status"] == "discontinued"],
    )


def _answer(response: httpx.Response) -> Answer:
    return Answer(response.status_code, tuple(response.headers.multi_items()), response.content)
