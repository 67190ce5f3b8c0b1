"""Asking a running service whether it is ready, for whoever stands before a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

__all__ = ["ask_readiness"]

_SECONDS = 10.0


def ask_readiness(url: str, say: Callable[[str], object], transport: httpx.BaseTransport | None = None) -> int:
    """Say how the service at `url` is, a line for each thing it depends on.

    0 when it is ready and holds every row; 1 when it is not ready or has rejected rows; 3 when nothing answers there.
    `transport` is for tests.
    """
    try:
        with httpx.Client(transport=transport, timeout=_SECONDS) as client:
            answer = client.get(f"{url.rstrip('/')}/health/ready")
            body = answer.json()
            return _tell(body, say)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        say(f"No answer from the catalogue service at {url}: {str(error) or type(error).__name__}.")
    except (ValueError, KeyError, TypeError):
        say(f"What answers at {url} is not the catalogue service.")
    say("Start it, or set CATALOG_SERVICE_URL (or --url) to where it listens.")
    return 3


def _tell(body: dict[str, Any], say: Callable[[str], object]) -> int:
    database, feed, filled = (body["dependencies"][name] for name in ("database", "feed", "import"))
    lag = feed["lag_seconds"]
    say(f"{body['status']} (release {body['release']})")
    say(f"  database  {database['status']}")
    say(f"  feed      {feed['status']}" + ("" if lag is None else f", {lag} s behind"))
    if filled["status"] == "unknown":
        say("  import    unknown")
        return 1
    say(
        f"  import    {filled['status']}: {filled['categories']} categories, {filled['products']} products, "
        f"{filled['reviews']} reviews; {filled['rejected']} rows rejected"
    )
    if filled["rejected"]:
        say("`python -m extracted.catalog rejected` lists the rejected rows and what to do about each.")
    return 0 if body["status"] in {"ready", "degraded"} and not filled["rejected"] else 1
