"""What must agree between the tables of a file.

Each check looks at whatever of the file is readable, so that all problems show at once.
"""

from __future__ import annotations

from importlib.util import find_spec
from ipaddress import ip_address
from typing import Any

from strangler.errors import Problem
from strangler.toggles import NAME_PATTERN
from strangler_proxy.config.document import ControlTable, ProxyTable, TracingTable
from strangler_proxy.config.forms import is_loopback
from strangler_proxy.config.place import Place, did_you_mean
from strangler_proxy.config.positions import Path
from strangler_proxy.config.values import Address, Upstream
from strangler_proxy.routes.template import TemplateError, parse_template, placeholders

__all__ = ["check_addresses", "check_listener", "check_names", "check_routes", "check_tracing", "check_upstreams"]


def check_upstreams(document: dict[str, Any], monolith: str | None, place: Place) -> list[Problem]:
    """Names of upstreams, and that the monolith is among them. `monolith` is None where its name is a problem."""
    upstreams = document.get("upstreams", {})
    problems = [
        place.problem(
            ("upstreams", name),
            f"{name!r} is not a name",
            'use a-z, 0-9, - and _, with dots between parts, such as "catalog"',
        )
        for name in upstreams
        if not NAME_PATTERN.fullmatch(name)
    ]
    if monolith is not None and monolith not in upstreams:
        where: Path = ("proxy", "monolith") if "monolith" in document.get("proxy", {}) else ("upstreams",)
        add = f'add [upstreams.{monolith}] with url = "http://127.0.0.1:8000"'
        if "monolith" not in document.get("proxy", {}):
            add += ", or say which upstream is the monolith: proxy.monolith"
        problems.append(
            place.problem(where, f"there is no upstream {monolith!r}", did_you_mean(monolith, list(upstreams), add))
        )
    return problems


def check_names(document: dict[str, Any], place: Place) -> list[Problem]:
    """No two routes or seams of one name: each name is one toggle."""
    first: dict[str, Path] = {}
    problems = []
    for section in ("routes", "seams"):
        for index, item in enumerate(document.get(section, [])):
            name = item.get("name") if isinstance(item, dict) else None
            if not isinstance(name, str):
                continue
            path: Path = (section, index, "name")
            known = first.setdefault(name, path)
            if known is not path:
                problems.append(
                    place.problem(
                        path,
                        f"{name!r} already names a {str(known[0])[:-1]} ({place.file}:{place.line(known)})",
                        "give each route and each seam a name of its own: it is the name of its toggle",
                    )
                )
    return problems


def check_routes(document: dict[str, Any], monolith: str | None, place: Place) -> list[Problem]:
    """Candidates, templates and rewrites of the routes."""
    problems = []
    for index, item in enumerate(document.get("routes", [])):
        if isinstance(item, dict):
            path: Path = ("routes", index)
            problems += _check_candidate(item, path, list(document.get("upstreams", {})), monolith, place)
            problems += _check_template(item, path, place)
            problems += _check_headers(item, path, place)
    return problems


def _check_candidate(
    item: dict[str, Any], path: Path, upstreams: list[str], monolith: str | None, place: Place
) -> list[Problem]:
    candidate = item.get("candidate")
    if not isinstance(candidate, str) or not NAME_PATTERN.fullmatch(candidate):
        return []
    where = (*path, "candidate")
    if candidate == monolith:
        wrong = f"{candidate!r} is the monolith itself"
        return [
            place.problem(where, wrong, "name the service that the route moves to; unrouted requests stay as they are")
        ]
    if candidate in upstreams:
        return []
    known = [name for name in upstreams if name != monolith]
    add = f'add [upstreams.{candidate}] with url = "http://127.0.0.1:8100"'
    return [place.problem(where, f"there is no upstream {candidate!r}", did_you_mean(candidate, known, add))]


def _check_template(item: dict[str, Any], path: Path, place: Place) -> list[Problem]:
    text, rewrite = item.get("path"), item.get("rewrite")
    problems = []
    names: frozenset[str] | None = None
    if isinstance(text, str):
        try:
            names = parse_template(text).names
        except TemplateError as error:
            problems.append(place.problem((*path, "path"), error.wrong, error.right))
    if isinstance(rewrite, str):
        where = (*path, "rewrite")
        try:
            used = placeholders(rewrite)
        except TemplateError as error:
            return [*problems, place.problem(where, error.wrong, error.right)]
        for name in dict.fromkeys(used):
            if names is not None and name not in names:
                known = ", ".join(f"<{each}>" for each in sorted(names))
                right = f"use {known}" if known else "write a variable into the path first, such as <int:id>"
                problems.append(place.problem(where, f"uses <{name}>, which the path {text!r} does not have", right))
    return problems


def _check_headers(item: dict[str, Any], path: Path, place: Place) -> list[Problem]:
    headers = item.get("headers")
    if not isinstance(headers, dict):
        return []
    seen: dict[str, str] = {}
    problems = []
    for name in headers:
        first = seen.setdefault(name.lower(), name)
        if first != name:
            where = (*path, "headers", name)
            problems.append(place.problem(where, f"is the header {first!r} again", "names of headers have no case"))
    return problems


def check_addresses(
    proxy: ProxyTable | None, control: ControlTable | None, upstreams: list[Upstream], place: Place, *, tls: bool
) -> list[Problem]:
    """Who can reach the control plane, which may be served by TLS, and that nothing is sent round in a circle."""
    problems = []
    listen = None if proxy is None else proxy.listen
    if control is not None:
        address = control.listen
        if not control.allow_remote and not tls and not is_loopback(address.host):
            problems.append(
                place.problem(
                    ("control", "listen"),
                    f"{address} can be reached from other machines in plain HTTP, tokens and all, and it moves your"
                    " traffic",
                    f'write "127.0.0.1:{address.port}", or give it [control.tls]; on a network that you trust, add'
                    " control.allow_remote = true",
                )
            )
        if listen is not None and _same(listen, address):
            where: Path = ("control", "listen") if place.line(("control",)) else ("proxy", "listen")
            wrong = f"{address} is where customers are served (proxy.listen)"
            problems.append(place.problem(where, wrong, "give the control plane a port of its own"))
    own = {"proxy.listen": listen, "control.listen": None if control is None else control.listen}
    problems += [
        place.problem(
            ("upstreams", upstream.name, "url"),
            f"{address} is Strangler's own address ({key}): requests would go round in a circle",
            "name the address of the server behind Strangler, and give the two different ports",
        )
        for upstream in upstreams
        for address in upstream.addresses
        for key, listening in own.items()
        if listening is not None and _same(listening, address)
    ]
    return problems


def check_listener(proxy: ProxyTable | None, place: Place) -> list[Problem]:
    """That a PROXY header is expected from somebody."""
    if proxy is None or not proxy.proxy_protocol or proxy.trusted_proxies:
        return []
    wrong = "is true, and nobody is trusted to send a PROXY header: every connection would be closed"
    return [place.problem(("proxy", "proxy_protocol"), wrong, "name the edge's addresses as proxy.trusted_proxies")]


def check_tracing(tracing: TracingTable | None, place: Place) -> list[Problem]:
    """That what sends spans is there where spans are asked for."""
    if tracing is None or tracing.endpoint is None or find_spec("opentelemetry") is not None:
        return []
    wrong = "asks for spans, and OpenTelemetry is not installed"
    return [place.problem(("tracing", "endpoint"), wrong, 'install "strangler[proxy,otel]", or leave the key out')]


def _same(listening: Address, other: Address) -> bool:
    if listening.port != other.port or listening.port == 0:
        return False
    return listening.host == other.host or (_is_here(listening.host) and _is_here(other.host))


def _is_here(host: str) -> bool:
    """Whether this machine's loopback is among what `host` stands for."""
    try:
        return is_loopback(host) or ip_address(host).is_unspecified
    except ValueError:
        return False
