"""The check before a route takes traffic: that its candidate could answer it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

import httpx

from strangler.shadow import SHADOW_HEADER
from strangler.toggles import Refusal, Stage, Toggle
from strangler_proxy.config.certificates import BadCertificate, client_context
from strangler_proxy.config.upstreams import Upstream, UpstreamUrl
from strangler_proxy.config.values import Config
from strangler_proxy.control.intent import Intent
from strangler_proxy.plain import reason
from strangler_proxy.routes.rewrite import Rewrite
from strangler_proxy.routes.route import Route
from strangler_proxy.routes.template import Variable, parse_template

__all__ = ["Activation", "example_path"]

# Whoever wants to go back waits meanwhile.
_SECONDS: Final = 1.0
_MOST_ADDRESSES: Final = 3
# Several routes of one candidate move together, and it is asked once.
_FRESH: Final = 2.0
_TAKES_TRAFFIC: Final = frozenset({Stage.CANARY, Stage.EXTRACTED, Stage.RETIRED})
_NOT_FOUND: Final = 404
_VALUES: Final = {"int": "1", "uuid": "00000000-0000-4000-8000-000000000000", "slug": "a", "str": "a", "path": "a"}

_log = logging.getLogger("strangler.control")


class Activation:
    """A guard of moves: no route takes traffic, or more of it, whose candidate is not ready, or does not have the path
    that the route is rewritten to, or that takes other views of the monolith than it is meant to. Of one that goes into
    `shadow` it is said in the log.

    `rows` gives what the workers know of every upstream, as the status has it. What they do not know is asked of the
    candidate: its health path, where it has one.
    """

    def __init__(self, config: Config, rows: Callable[[], list[dict[str, Any]]]) -> None:
        self._config = config
        self._routes = {route.name: route for route in config.routes if route.twin}
        self._rows = rows
        self._asked: dict[str, tuple[float, str]] = {}
        self._intent = None if config.inventory is None else Intent(config.inventory, config.routes)

    def may_move(self, before: Toggle, after: Toggle) -> Refusal | None:
        """Why a route's toggle may not move yet; None where it may, and for seams."""
        route = self._routes.get(after.name)
        if route is None or after.stage is Stage.MONOLITH:
            return None
        refusal = self._unready(route) or self._unresolved(route) or self._unintended(route)
        if refusal is not None and after.stage not in _TAKES_TRAFFIC:
            _log.warning("%s goes into shadow all the same: %s", route.name, refusal.wrong)
            return None
        return refusal

    def _unready(self, route: Route) -> Refusal | None:
        why = self._told(route.candidate) or self._probed(self._config.upstreams[route.candidate])
        if not why:
            return None
        wrong = f"{route.candidate}, to which {route.name} would move, is not ready: {why}."
        return Refusal(route.name, wrong, "Start or mend it; `strangler status` shows it when it is well.")

    def _told(self, name: str) -> str:
        """Why the workers ask nothing of an upstream; empty where one of them does, or none has told of it."""
        for row in self._rows():
            if row["name"] != name or not row["workers"]:
                continue
            if row["troubles"] and not any(each["well"] for each in row["addresses"]):
                return "; ".join(row["troubles"])
            if row["breaker"].get("open", 0) == row["workers"]:
                return "every worker's breaker is open"
        return ""

    def _probed(self, upstream: Upstream) -> str:
        """Why no address of an upstream answers; empty where one does."""
        when, why = self._asked.get(upstream.name, (0.0, ""))
        if monotonic() - when > _FRESH or not when:
            why = _answers(upstream)
            self._asked[upstream.name] = monotonic(), why
        return why

    def _unintended(self, route: Route) -> Refusal | None:
        wrong = "" if self._intent is None else self._intent.missed(route)
        remedy = "Mend `path`, or write down what it is meant to take: `captures` of the route."
        return Refusal(route.name, wrong, remedy) if wrong else None

    def _unresolved(self, route: Route) -> Refusal | None:
        if route.rewrite is None:
            return None
        upstream, path = self._config.upstreams[route.candidate], example_path(route)
        for url in upstream.urls[:_MOST_ADDRESSES]:
            try:
                status = _ask(upstream, url, "OPTIONS", path)
            except (httpx.HTTPError, BadCertificate):
                continue
            if status != _NOT_FOUND:
                return None
            wrong = f"{route.candidate} has no path such as {path}, to which {route.name} is rewritten: it answers 404."
            return Refusal(route.name, wrong, "Mend `rewrite`, or release what has that path.")
        return None


def example_path(route: Route) -> str:
    """A path that a route's candidate could be asked for, with a value of each variable's kind."""
    variables = [
        part for segment in parse_template(route.path).segments for part in segment.parts if isinstance(part, Variable)
    ]
    values = {each.name: _VALUES[each.converter] for each in variables}
    return Rewrite(route.path if route.rewrite is None else route.rewrite).fill(values).decode("ascii")


def _answers(upstream: Upstream) -> str:
    """Why no address of an upstream answers as it should; empty where one does."""
    why = []
    health = upstream.health
    for url in upstream.urls[:_MOST_ADDRESSES]:
        try:
            status = _ask(upstream, url, "OPTIONS" if health is None else "GET", "/" if health is None else health.path)
        except BadCertificate as error:
            return error.wrong
        except httpx.TimeoutException:
            why.append(f"{url} does not answer within {_SECONDS:g} s")
            continue
        except httpx.HTTPError as error:
            why.append(f"{url} does not answer ({reason(error)})")
            continue
        if health is None or 200 <= status < 300:
            return ""
        why.append(f"{url}{health.path} answers {status}")
    return "; ".join(why)


def _ask(upstream: Upstream, url: UpstreamUrl, method: str, path: str) -> int:
    """The status of an answer to a request that nothing can come of."""
    tls = upstream.tls
    headers = {SHADOW_HEADER: "read"}
    if upstream.health is not None and upstream.health.host:
        headers["Host"] = upstream.health.host
    named = {"sni_hostname": tls.server_name} if tls is not None and tls.server_name else {}
    context = False if tls is None else client_context(tls)
    with httpx.Client(timeout=_SECONDS, trust_env=False, follow_redirects=False, verify=context) as client:
        return client.request(method, f"{url}{path}", headers=headers, extensions=named).status_code
