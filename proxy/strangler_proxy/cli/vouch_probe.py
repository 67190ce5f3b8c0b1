"""Whether the monolith vouches: it is asked who nobody is, as the proxy would ask it."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping

import httpx

from strangler.errors import Problem, StranglerError
from strangler.vouch import SEAL, TARGET, WANTS, ask_seal
from strangler_proxy.config.certificates import BadCertificate, client_context
from strangler_proxy.config.upstreams import Upstream, UpstreamTls
from strangler_proxy.config.values import Config
from strangler_proxy.plain import reason
from strangler_proxy.state import StateDir
from strangler_proxy.vouch_secret import VOUCH_VARIABLE, vouch_secret
from strangler_proxy.vouched import parse_answer
from strangler_proxy.wish import wish_of

__all__ = ["unvouched"]

_SEE = "docs/reference/identity.md, `What can stand in the way`"
_RIGHT = {
    404: "compare the secrets, the URL of strangler.django.urls with identity.path, and the clocks",
    400: "its ALLOWED_HOSTS does not know the host in its url, by which it was asked; customers' own may be there",
    301: "SECURE_SSL_REDIRECT needs SECURE_PROXY_SSL_HEADER, or a middleware wants something of every client",
}
_RIGHT[302] = _RIGHT[301]


def unvouched(config: Config, environment: Mapping[str, str] = os.environ) -> list[Problem]:
    """A warning where a route has an identity and the monolith does not vouch: until it does, it answers 503."""
    route = next((route for route in config.routes if route.identity != "none"), None)
    if route is None:
        return []
    found = _found(config, environment)
    if found is None:
        return []
    wrong, right = found
    key = "identity.path"
    return [Problem(str(config.path), None, key, f"the monolith does not vouch for {route.name!r}: {wrong}", right)]


def _found(config: Config, environment: Mapping[str, str]) -> tuple[str, str] | None:
    kept = StateDir.of(config).vouch_secret
    if not environment.get(VOUCH_VARIABLE) and not kept.exists():
        return f"there is no {kept} yet", "`strangler serve` makes it at its first start; tell the monolith of it"
    try:
        secret = vouch_secret(config, environment)
    except StranglerError as error:
        return "its secret cannot be used", str(error)
    return _asked(config, config.upstreams[config.monolith], secret)


def _asked(config: Config, monolith: Upstream, secret: str) -> tuple[str, str] | None:
    wish = next(wish for route in config.routes if (wish := wish_of(route, config.identity)) is not None)
    nonce, wants, url = secrets.token_hex(16), wish.wants.decode("ascii"), monolith.urls[0]
    lines = {
        SEAL: ask_seal(secret, int(time.time()), nonce, "GET", "/", wants),
        TARGET: "/",
        WANTS: wants,
        "X-Forwarded-Proto": "https",
    }
    if monolith.health is not None and monolith.health.host:
        lines["Host"] = monolith.health.host
    tls = monolith.tls or UpstreamTls()
    try:
        context = client_context(tls) if url.secure else False
        named = {"sni_hostname": tls.server_name} if tls.server_name else {}
        with httpx.Client(timeout=config.identity.timeout, trust_env=False, verify=context) as client:
            answer = client.get(f"{url}{config.identity.path}", headers=lines, extensions=named)
    except BadCertificate as error:
        return error.wrong, error.right
    except httpx.HTTPError as error:
        return f"{url} does not answer ({reason(error)})", "start it, or mend its url"
    if answer.status_code != 200:
        return f"it answers {answer.status_code}", f"{_RIGHT.get(answer.status_code, 'look into its log')}; see {_SEE}"
    if parse_answer(secret, nonce, answer.content) is None:
        return (
            "its answer is not sealed with our secret",
            f"something on the way answers, or changes the answer; see {_SEE}",
        )
    return None
