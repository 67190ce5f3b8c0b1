"""The service's commands: `python -m extracted.catalog serve | ready | import | migrate | rejected`.

Exit codes: 0 yes; 1 not ready, or rows rejected; 2 the environment is wrong; 3 monolith, database or service is away.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Sequence

import uvicorn

from extracted.catalog.app import create_app
from extracted.catalog.errors import CatalogError, SettingsError, StoreGone
from extracted.catalog.logs import configure_logging
from extracted.catalog.readiness import ask_readiness
from extracted.catalog.service import Service
from extracted.catalog.settings import Settings, load_settings
from extracted.catalog.store import SqlStore
from extracted.catalog.store.migrate import is_current, migrate

_GRACE_SECONDS = 10


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    if asked.command == "ready":
        return ask_readiness(asked.url, print)
    try:
        settings = load_settings()
        configure_logging(settings.log_level)
        command: str = asked.command
        if command == "serve":
            host = settings.host if asked.host is None else asked.host
            return _serve(settings, host, settings.port if asked.port is None else asked.port)
        if command == "import":
            return asyncio.run(_import(settings, from_start=asked.from_start))
        if command == "rejected":
            return _rejected(settings)
        return _migrate(settings)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except CatalogError as error:
        sys.stderr.write(f"{error}\n")
        return 3


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m extracted.catalog", description="The catalogue service.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="answer requests and follow the monolith")
    serve.add_argument("--host", help="address to listen on (default CATALOG_HOST, else 127.0.0.1)")
    serve.add_argument("--port", type=int, help="port to listen on, 0 for any (default CATALOG_PORT, else 8100)")
    ready = commands.add_parser("ready", help="say whether the running service is ready, and with how much")
    ready.add_argument(
        "--url",
        default=os.environ.get("CATALOG_SERVICE_URL") or f"http://127.0.0.1:{os.environ.get('CATALOG_PORT') or 8100}",
        help="where it listens (default CATALOG_SERVICE_URL, else this machine at CATALOG_PORT or 8100)",
    )
    importing = commands.add_parser("import", help="follow the monolith's changes to their end, once")
    importing.add_argument(
        "--from-start", action="store_true", help="read everything anew, and take out what the monolith no longer has"
    )
    commands.add_parser("rejected", help="list the rows of the monolith that could not be translated")
    commands.add_parser("migrate", help="bring the tables up to date")
    return parser


def _serve(settings: Settings, host: str, port: int) -> int:
    _prepare(settings)
    config = uvicorn.Config(
        create_app(Service(settings)),
        host=host,
        port=port,
        lifespan="on",
        log_config=None,
        access_log=False,
        # Addresses and scheme are read as the monolith reads them, not as uvicorn would.
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run()
    return 0


async def _import(settings: Settings, *, from_start: bool) -> int:
    _prepare(settings)
    service = Service(settings)
    applied = swept = 0
    try:
        if from_start:
            await service.importer.start_anew()
        while True:
            step = await service.importer.step()
            applied, swept = applied + step.applied, swept + step.swept
            if not step.more:
                break
        with service.store.reading() as reading:
            tally = reading.tally()
    finally:
        await service.close()
    sys.stdout.write(
        f"{applied} changes taken in, {swept} things swept out. The catalogue has {tally.categories} categories, "
        f"{tally.products} products, {tally.reviews} reviews; {tally.waiting} products wait for their category; "
        f"{tally.rejected} rows are rejected.\n"
    )
    return 1 if tally.rejected else 0


def _rejected(settings: Settings) -> int:
    store = SqlStore(settings.database_url)
    with store.reading() as reading:
        rejections = reading.rejections(limit=10_000)
    for rejection in rejections:
        sys.stdout.write(json.dumps(rejection.document(), ensure_ascii=False) + "\n")
    store.close()
    return 1 if rejections else 0


def _migrate(settings: Settings) -> int:
    store = SqlStore(settings.database_url)
    migrate(store)
    store.close()
    sys.stdout.write("The tables are up to date.\n")
    return 0


def _prepare(settings: Settings) -> None:
    if settings.migrate:
        store = SqlStore(settings.database_url)
        migrate(store)
        store.close()
        return
    store = SqlStore(settings.database_url)
    current = is_current(store)
    store.close()
    if not current:
        raise StoreGone("The tables are not up to date: run `python -m extracted.catalog migrate` first.")


if __name__ == "__main__":
    sys.exit(main())
