"""Whether servers answer at all: any answer counts, of whatever status."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx

from strangler.errors import Problem
from strangler_proxy.config.values import Address, Config, Upstream
from strangler_proxy.plain import reason

__all__ = ["answers", "unanswered"]

_SECONDS = 2.0


def answers(address: Address) -> str | None:
    """None when an HTTP server answers at `address`; else why not, in words."""
    try:
        with httpx.Client(timeout=_SECONDS, trust_env=False, follow_redirects=False) as client:
            client.head(f"http://{address}/")
    except httpx.TimeoutException:
        return f"no answer within {_SECONDS:g} seconds"
    except httpx.HTTPError as error:
        return reason(error)
    return None


def unanswered(config: Config) -> list[Problem]:
    """A warning for each upstream that does not answer; all are asked at once."""

    def asked(upstream: Upstream) -> Problem | None:
        why = answers(upstream.address)
        if why is None:
            return None
        key = f"upstreams.{upstream.name}"
        right = "start it, or mend the url; until it answers, nothing should be moved there"
        return Problem(str(config.path), None, key, f"http://{upstream.address} does not answer: {why}", right)

    with ThreadPoolExecutor(max_workers=8) as pool:
        return [problem for problem in pool.map(asked, config.upstreams.values()) if problem is not None]
