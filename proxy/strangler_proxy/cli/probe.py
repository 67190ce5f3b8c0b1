"""Whether servers answer at all: any answer counts, of whatever status."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx

from strangler.errors import Problem
from strangler_proxy.config.certificates import BadCertificate, client_context
from strangler_proxy.config.upstreams import Upstream, UpstreamTls, UpstreamUrl
from strangler_proxy.config.values import Config
from strangler_proxy.plain import reason

__all__ = ["answers", "unanswered"]

_SECONDS = 2.0


def answers(url: UpstreamUrl, tls: UpstreamTls | None = None) -> str | None:
    """None when an HTTP server answers at `url`; else why not, in words."""
    try:
        context = client_context(tls or UpstreamTls()) if url.secure else False
        named = {"sni_hostname": tls.server_name} if tls is not None and tls.server_name else {}
        with httpx.Client(timeout=_SECONDS, trust_env=False, follow_redirects=False, verify=context) as client:
            client.head(f"{url}/", extensions=named)
    except BadCertificate as error:
        return error.wrong
    except httpx.TimeoutException:
        return f"no answer within {_SECONDS:g} seconds"
    except httpx.HTTPError as error:
        return reason(error)
    return None


def unanswered(config: Config) -> list[Problem]:
    """A warning for each address of an upstream that does not answer; all are asked at once."""

    def asked(upstream: Upstream, url: UpstreamUrl) -> Problem | None:
        why = answers(url, upstream.tls)
        if why is None:
            return None
        key = f"upstreams.{upstream.name}"
        right = "start it, or mend the url; until it answers, nothing should be moved there"
        return Problem(str(config.path), None, key, f"{url} does not answer: {why}", right)

    with ThreadPoolExecutor(max_workers=8) as pool:
        pairs = [(upstream, url) for upstream in config.upstreams.values() for url in upstream.urls]
        return [problem for problem in pool.map(asked, *zip(*pairs, strict=True)) if problem is not None]
