from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from extracted.catalog.app import create_app
from extracted.catalog.service import Service
from extracted.catalog.settings import Settings, load_settings
from extracted.catalog.store import SqlStore
from extracted.catalog.store.migrate import migrate
from strangler.resilience import RetrySettings
from tests.extracted.catalog.client import Client
from tests.extracted.catalog.rows import MONOLITH, TOKEN, FakeMonolith


@pytest.fixture(autouse=True)
def _no_waiting_between_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    hasty = RetrySettings(attempts=3, pause=0.001, longest_pause=0.001, longest_wait=2.0)
    monkeypatch.setattr("extracted.catalog.importer.feed._RETRY", hasty)


@pytest.fixture
def monolith() -> FakeMonolith:
    return FakeMonolith()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    return make_settings(tmp_path, monkeypatch)


def make_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **more: Any) -> Settings:
    monkeypatch.setenv("CATALOG_MONOLITH_URL", MONOLITH)
    monkeypatch.setenv("CATALOG_FEED_TOKEN", TOKEN)
    return load_settings(**{"database_url": f"sqlite:///{tmp_path / 'catalog.db'}", "release": "7", **more})


@pytest.fixture
def store(settings: Settings) -> Iterator[SqlStore]:
    store = SqlStore(settings.database_url)
    migrate(store)
    yield store
    store.close()


class Serve(Protocol):
    def __call__(self, *, filled: bool = True, follow: bool = False, **settings: Any) -> Client: ...


@pytest.fixture
def serve(store: SqlStore, monolith: FakeMonolith, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts a service on the store, takes in what the monolith has unless told not to, and gives its client."""
    with ExitStack() as running:

        def start(*, filled: bool = True, follow: bool = False, **more: Any) -> Client:
            changed = make_settings(tmp_path, monkeypatch, **({"allowed_hosts": "shop.test"} | more))
            service = Service(changed, store=store, transport=monolith.transport())
            client = Client(create_app(service, follow=follow), service, "http://shop.test")
            running.enter_context(client)
            if filled:
                client.import_all()
            return client

        yield start
