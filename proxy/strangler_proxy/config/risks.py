"""What is allowed in a configuration but is worth a second look: warnings of `strangler check`."""

from __future__ import annotations

from strangler.errors import Problem
from strangler.shadow import SAFE_METHODS
from strangler_proxy.config.forms import is_loopback
from strangler_proxy.config.shadow_words import sees_private_cookies
from strangler_proxy.config.values import Config
from strangler_proxy.routes.route import Route

__all__ = ["risks"]

_COMMON = SAFE_METHODS | {"DELETE", "PATCH", "POST", "PUT", "TRACE"}


def risks(config: Config) -> list[Problem]:
    """The warnings for a configuration that is right, in the order of its lines."""
    found = [*_upstreams(config), *_addresses(config), *_trust(config), *_subjects(config)]
    for route in config.routes:
        found += _route(config, route)
    return sorted(found, key=lambda problem: problem.line or 0)


def _upstreams(config: Config) -> list[Problem]:
    used = {config.monolith, config.shadow.second, *(route.candidate for route in config.routes)}
    unused = [name for name in config.upstreams if name not in used]
    found = [
        _warning(
            config, None, f"upstreams.{name}", "no route uses it", "name it as a route's candidate, or take it out"
        )
        for name in unused
    ]
    for name, upstream in config.upstreams.items():
        if upstream.tls is not None and not upstream.tls.verify:
            wrong = "IS FALSE: anybody on the way can be this upstream, read every request and answer it"
            right = 'take it out; for a CA of your own write ca = "ca.pem", for another name server_name'
            found.append(_warning(config, None, f"upstreams.{name}.verify", wrong, right))
    return found


def _addresses(config: Config) -> list[Problem]:
    if is_loopback(config.control.host):
        return []
    right = "publish its port to nobody but operators and the monolith; tokens are all that protects it"
    how = "" if config.control_tls is not None else " in plain HTTP: whoever listens on the way has your tokens"
    wrong = f"{config.control} can be reached from other machines{how}"
    return [_warning(config, None, "control.listen", wrong, right)]


def _trust(config: Config) -> list[Problem]:
    right = "name your edge's own addresses: whoever is believed chooses the client and the scheme that Django sees"
    return [
        _warning(config, None, "proxy.trusted_proxies", f"{network} is everybody", right)
        for network in config.trusted_proxies
        if not network.prefixlen
    ]


def _subjects(config: Config) -> list[Problem]:
    secret = [name for name in config.private_cookies if f"cookie:{name}" in config.subject]
    return [
        _warning(
            config,
            None,
            "proxy.subject",
            f"takes subjects from the private cookie {name!r}, which changes at login",
            "a customer would change sides there; leave it out, and our own cookie keeps each on one side",
        )
        for name in sorted(secret)
    ]


def _route(config: Config, route: Route) -> list[Problem]:
    key = f"routes[{route.name}]"
    found = [
        _warning(config, route.line, f"{key}.methods", f"{method!r} is no common method", "look for a slip of the pen")
        for method in sorted(route.methods - _COMMON)
    ]
    if not route.twin:
        found.append(
            _warning(
                config,
                route.line,
                f"{key}.twin",
                f"is false: {route.candidate!r} answers at once and in every stage, and nothing falls back",
                "right for what the monolith never had; else take `twin` out",
            )
        )
    elif writes := sorted(route.methods - SAFE_METHODS):
        found.append(
            _warning(
                config,
                route.line,
                f"{key}.methods",
                f"{', '.join(writes)}: when the candidate fails after it was sent such a request, nobody asks again",
                "move reads first, and writes once their data has moved",
            )
        )
    found += _copies(config, route)
    if route.anonymous is not None and route.identity != "required":
        found.append(
            _warning(
                config,
                route.line,
                f"{key}.anonymous",
                f"says nothing while `identity` is {route.identity!r}: nobody is refused here",
                'write identity = "required", or take `anonymous` out',
            )
        )
    if route.path == "/<path:" + route.path.removeprefix("/<path:") and route.path.rstrip("/").count("/") == 1:
        found.append(
            _warning(
                config,
                route.line,
                f"{key}.path",
                "owns nearly every path, the admin's and static files' too",
                "move one endpoint at a time",
            )
        )
    return found


def _copies(config: Config, route: Route) -> list[Problem]:
    """What is worth knowing before the route's requests are copied."""
    key = f"routes[{route.name}]"
    if not route.twin:
        said = [name for name, given in (("sample", route.sample), ("writes", route.writes != "skip")) if given]
        wrong, right = "says nothing while `twin` is false: there is nothing to compare with", "take it out"
        return [_warning(config, route.line, f"{key}.{name}", wrong, right) for name in said]
    writes = ", ".join(sorted(route.methods - SAFE_METHODS))
    if not writes:
        return []
    if route.writes == "skip":
        wrong = f'is "skip": {writes} is not compared while in stage shadow'
        right = (
            'write "dry-run" or "sandbox" once the candidate knows X-Strangler-Shadow; else reads alone are evidence'
        )
        return [_warning(config, route.line, f"{key}.writes", wrong, right)]
    candidate, monolith = config.upstreams[route.candidate], config.upstreams[config.monolith]
    if candidate.trusted or set(candidate.addresses) & set(monolith.addresses):
        whose = "of the monolith's own trust domain" if candidate.trusted else "where the monolith itself listens"
        wrong = f"sends copies of {writes} to {route.candidate!r}, which is {whose}"
        right = "make sure that it heeds X-Strangler-Shadow and writes nowhere that the monolith reads"
        return [_warning(config, route.line, f"{key}.writes", wrong, right)]
    if route.identity == "none" and not sees_private_cookies(config, route):
        wrong = f"sends copies of {writes} without a word of who asks: what needs a user will be inconclusive"
        right = 'write identity = "required" or "optional"; right as it is for what anybody may do'
        return [_warning(config, route.line, f"{key}.identity", wrong, right)]
    return []


def _warning(config: Config, line: int | None, key: str, wrong: str, right: str) -> Problem:
    return Problem(str(config.path), line, key, wrong, right)
