"""A small shop behind `strangler serve`: a monolith, a service that can be made to differ or fail, customers."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import httpx

from tests.proxy.supervisor.proxy import Proxy

__all__ = ["Customers", "Shop", "Side", "serving_shop"]

_CONFIG = """
[proxy]
listen = "127.0.0.1:0"
workers = 1
[control]
listen = "127.0.0.1:0"
rate = 0
[upstreams.monolith]
url = "http://127.0.0.1:{monolith}"
[upstreams.catalog]
url = "http://127.0.0.1:{catalog}"
[[routes]]
name = "catalog.product-list"
path = "/products/"
candidate = "catalog"
[[routes]]
name = "catalog.product-detail"
path = "/products/<int:id>/"
candidate = "catalog"
[[routes]]
name = "catalog.reviews"
path = "/products/<int:id>/reviews/"
candidate = "catalog"
[[routes]]
name = "orders.order-list"
path = "/orders/"
candidate = "catalog"
{more}
"""


@dataclass
class Side:
    """What one upstream does: `name` says who answers, `changed` replaces fields of its products, `failing` makes it
    answer 500, `body` all of it by others; each can be changed while it serves."""

    name: str
    changed: dict[str, Any] = field(default_factory=dict)
    failing: bool = False
    bodies: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, media type and body for a path."""
        bare = path.partition("?")[0]
        if self.failing:
            return 500, "text/plain", b"the database is gone"
        if bare in self.bodies:
            return 200, *self.bodies[bare]
        words = [word for word in bare.split("/") if word]
        numbers = [int(word) for word in words if word.isdigit()]
        found: Any = self._product(numbers[0]) if numbers else [self._product(each) for each in range(1, 6)]
        if words[-1:] == ["reviews"]:
            found = [{"id": each, "stars": each % 5 + 1, "text": "as described"} for each in range(1, 4)]
        return 200, "application/json", json.dumps(found).encode()

    def _product(self, number: int) -> dict[str, Any]:
        product = {"id": number, "name": f"Fig {number}", "price": f"{number * 3 % 17}.90", "stock": number % 9}
        return {**product, **self.changed}


class Customers:
    """Somebody who asks for one page after the other, each time as somebody new, until `stop`."""

    def __init__(self, url: str, paths: list[str], *, pause: float = 0.02) -> None:
        self.paths = paths
        self.answers: list[int] = []
        self._url, self._pause = url, pause
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._come, daemon=True)

    def _come(self) -> None:
        chance = random.Random(7)
        with httpx.Client(base_url=self._url, trust_env=False, timeout=30) as client:
            while not self._enough.wait(self._pause):
                client.cookies.clear()
                self.answers.append(client.get(chance.choice(self.paths)).status_code)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join(60)


class Shop(Proxy):
    """The proxy in `folder`, its `monolith` and `catalog`, and where its customers and its control room are."""

    def __init__(self, folder: Path, monolith: Side, catalog: Side) -> None:
        super().__init__(folder)
        self.monolith = monolith
        self.catalog = catalog

    def configure(self, monolith: int, catalog: int, *, workers: int = 1, more: str = "") -> None:
        """Write the configuration, with `more` tables."""
        self.workers = workers
        text = _CONFIG.format(monolith=monolith, catalog=catalog, more=more)
        (self.folder / "strangler.toml").write_text(text)

    @property
    def url(self) -> str:
        """Where customers come in."""
        return f"http://{self.addresses['listen']}"

    @property
    def room(self) -> str:
        """Where the control plane is, without a last slash."""
        return f"http://{self.addresses['control']}"

    @property
    def token(self) -> str:
        """The first token."""
        return (self.state / "control.token").read_text().strip()

    def token_of(self, role: str) -> str:
        """A new token of that role."""
        name = f"of-{role}-{random.randrange(10**9)}"
        return str(
            self.api("POST", "/api/v1/tokens", json={"name": name, "role": role, "why": "tests"}).json()["secret"]
        )

    def move(self, name: str, stage: str, **more: Any) -> None:
        """Move a route, whatever its gates say."""
        body = {"names": [name], "stage": stage, "why": "a test", "force": True, "wait_seconds": 20, **more}
        answered = self.api("POST", "/api/v1/flip", json=body)
        assert answered.is_success, answered.text

    def all_back(self) -> None:
        """Everything to the monolith."""
        assert self.api("POST", "/api/v1/back", json={"all": True, "why": "a test"}).is_success

    def customers(self, *paths: str, pause: float = 0.02) -> Customers:
        """Customers of these paths; of all, where there are none. A context manager."""
        usual = ["/products/", "/orders/", *(f"/products/{each}/" for each in range(1, 30)), "/products/3/reviews/"]
        return Customers(self.url, list(paths) or usual, pause=pause)


@contextmanager
def serving_shop(folder: Path, *, more: str = "") -> Iterator[Shop]:
    """A shop that serves, all its routes at stage `monolith`; `more` stands in its configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    shop = Shop(folder, Side("monolith"), Side("catalog", headers={"X-Strangler-Release": "v1"}))
    with ExitStack() as open_now:
        ports = [open_now.enter_context(_served(side)) for side in (shop.monolith, shop.catalog)]
        shop.configure(*ports, more=more)
        shop.start()
        open_now.callback(shop.stop)
        yield shop


@contextmanager
def _served(side: Side) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, media, body = side.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(body)))
            for name, value in side.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_OPTIONS(self) -> None:
            self.do_GET()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
