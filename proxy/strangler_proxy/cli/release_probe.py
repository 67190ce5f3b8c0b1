"""Whether candidates say which release they are, which evidence belongs to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx

from strangler.errors import Problem
from strangler.shadow import RELEASE_HEADER
from strangler_proxy.config.certificates import BadCertificate, client_context
from strangler_proxy.config.upstreams import Upstream, UpstreamTls
from strangler_proxy.config.values import Config

__all__ = ["unreleased"]

_SECONDS = 2.0
# What `release_of` says where it found no sources.
_UNKNOWN = "unknown"


def unreleased(config: Config) -> list[Problem]:
    """A warning for each candidate that answers, and names its release neither there nor in the file."""
    names = dict.fromkeys(route.candidate for route in config.routes if route.twin)
    candidates = [config.upstreams[name] for name in names if not config.upstreams[name].release]
    with ThreadPoolExecutor(max_workers=8) as pool:
        silent = [upstream for upstream, says in zip(candidates, pool.map(_says, candidates), strict=True) if not says]
    wrong = f"nobody knows its release: its answer has no {RELEASE_HEADER}, or says that it is unknown"
    right = "set STRANGLER_RELEASE there, or write `release` here; else evidence of all its versions is one"
    return [Problem(str(config.path), None, f"upstreams.{upstream.name}", wrong, right) for upstream in silent]


def _says(upstream: Upstream) -> bool:
    """Whether it names its release, or does not answer, which is another's to tell."""
    url, tls = upstream.urls[0], upstream.tls
    try:
        context = client_context(tls or UpstreamTls()) if url.secure else False
        named = {"sni_hostname": tls.server_name} if tls is not None and tls.server_name else {}
        with httpx.Client(timeout=_SECONDS, trust_env=False, follow_redirects=False, verify=context) as client:
            release: str = client.head(f"{url}/", extensions=named).headers.get(RELEASE_HEADER, _UNKNOWN)
            return release != _UNKNOWN
    except (BadCertificate, httpx.HTTPError):
        return True
