"""What becomes of a route's requests once its toggle is in stage `shadow`, in a sentence."""

from __future__ import annotations

from strangler.shadow import SAFE_METHODS
from strangler.toggles import BUCKETS, format_share
from strangler_proxy.config.values import Config
from strangler_proxy.routes.route import Route

__all__ = ["in_shadow", "sees_private_cookies"]


def sees_private_cookies(config: Config, route: Route) -> bool:
    """Whether the candidate is shown the monolith's own cookies, on copies as on customers' requests."""
    return route.private_cookies or config.upstreams[route.candidate].trusted


def in_shadow(config: Config, route: Route) -> str:
    """Which share of the requests is copied to whom, as whom, and what is done with writes."""
    sample = config.shadow.sample if route.sample is None else route.sample
    if not route.twin:
        return "never copied: the monolith has no twin of it"
    if not sample:
        return "nothing is copied: sample is 0"
    share = "all" if sample == 1 else f"{format_share(round(sample * BUCKETS))} of"
    reads, writes = sorted(route.methods & SAFE_METHODS), sorted(route.methods - SAFE_METHODS)
    copied = reads if route.writes == "skip" else [*reads, *writes]
    parts = []
    if copied:
        parts.append(f"{share} {', '.join(copied)} to {route.candidate} {_as_whom(config, route)}")
    if writes and route.writes == "skip":
        parts.append(f'{", ".join(writes)} not compared (writes = "skip")')
    elif writes:
        parts.append(f"{', '.join(writes)} as a {route.writes}")
    if config.shadow.second and reads:
        parts.append(f"{config.shadow.second} asked as well")
    return "; ".join(parts)


def _as_whom(config: Config, route: Route) -> str:
    if route.identity != "none":
        return f"with the identity that {config.monolith} vouches for"
    if sees_private_cookies(config, route):
        return f"with {config.monolith}'s cookies"
    return f"without {config.monolith}'s cookies"
