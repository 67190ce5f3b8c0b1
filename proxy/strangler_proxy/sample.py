"""What people take away from a kept pair: a parity case, and the request as curl commands."""

from __future__ import annotations

import re
from typing import Final

from strangler.compare.side_by_side import curl
from strangler.evidence import KeptPair
from strangler.recording import CASE_SUFFIX, Case
from strangler_proxy.config.values import Config
from strangler_proxy.replay.redacted import is_redacted

__all__ = ["case_name", "case_of", "curls_of"]

_UNFIT: Final = re.compile(r"[^A-Za-z0-9._-]")


def case_of(kept: KeptPair) -> Case:
    """The parity case that a kept pair makes."""
    scope, pair = kept.scope, kept.pair
    return Case(
        pair.request,
        pair.old,
        pair.new,
        kept.verdict,
        kept.cause,
        kept.differences,
        rules_revision=scope.rules,
        release=scope.release,
        at=kept.at,
    )


def case_name(kept: KeptPair) -> str:
    """How the case's file is called: `catalog.product-detail-9b0f3a77c2d1.parity.json`."""
    return f"{_UNFIT.sub('-', f'{kept.scope.route}-{kept.id[:12]}')}{CASE_SUFFIX}"


def curls_of(kept: KeptPair, config: Config) -> dict[str, str]:
    """The request as a curl command to each side, by the side: `monolith`, and `candidate` where the route is still
    there. Where it says redacted-…, a secret was taken out."""
    request = kept.pair.request
    route = next((each for each in config.routes if each.name == kept.scope.route), None)
    host = next((value for header, value in request.headers if header.lower() == "host"), "")
    if is_redacted(host):
        # Such as the address of a client on this machine, which is the proxy's own name here.
        host = ""
    sides = {"monolith": config.monolith, "candidate": None if route is None else route.candidate}
    return {
        side: curl(request, str(config.upstreams[upstream].urls[0]), host=host)
        for side, upstream in sides.items()
        if upstream is not None
    }
