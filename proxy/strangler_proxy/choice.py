"""Who answers a request, settled at its start and made ready for the hot path."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from strangler.toggles import Side

if TYPE_CHECKING:
    from strangler_proxy.counts import Tally
    from strangler_proxy.pool import Pool
    from strangler_proxy.shadow.plan import Plan
    from strangler_proxy.wish import Wish

__all__ = ["Choice"]


class Choice:
    """The answering side of one route, in one state of its toggle; shared by all requests that it fits.

    `fallback` says that the monolith may answer when this upstream fails; `foreign` that the upstream is outside the
    monolith's trust domain, so that the private cookies are kept from it. `target` is what to ask for, empty for the
    target as it came; `set_cookie` is a whole line to add to the answer, or empty. `wish` is what is to be
    known of the client first, None for nothing; `plan` says what becomes of copies, None where there are none. `label`
    is the access log's part, `tally` where its answers are counted.
    """

    __slots__ = (
        "fallback",
        "first_byte_timeout",
        "foreign",
        "label",
        "plan",
        "pool",
        "rewrites",
        "route",
        "set_cookie",
        "side",
        "tally",
        "target",
        "upstream",
        "wish",
    )

    def __init__(
        self,
        route: str,
        pool: Pool,
        side: Side,
        tally: Tally,
        *,
        fallback: bool = False,
        rewrites: bool = False,
        timeout: float | None = None,
        foreign: bool | None = None,
        target: bytes = b"",
        set_cookie: bytes = b"",
        wish: Wish | None = None,
        plan: Plan | None = None,
    ) -> None:
        self.route = route
        self.pool = pool
        self.upstream = pool.upstream.name
        self.side = side.value
        self.tally = tally
        self.foreign = side is Side.CANDIDATE and not pool.upstream.trusted if foreign is None else foreign
        self.fallback = fallback
        self.rewrites = rewrites
        self.first_byte_timeout = pool.upstream.first_byte_timeout if timeout is None else timeout
        self.target = target
        self.set_cookie = set_cookie
        self.wish = wish
        self.plan = plan
        self.label = f'"route":"{route}","side":"{self.side}","upstream":{json.dumps(self.upstream)}'.encode()

    def of_one_request(self, target: bytes, set_cookie: bytes) -> Choice:
        """This choice with a target or a cookie that belong to one request only."""
        return Choice(
            self.route,
            self.pool,
            Side(self.side),
            self.tally,
            fallback=self.fallback,
            timeout=self.first_byte_timeout,
            foreign=self.foreign,
            target=target,
            set_cookie=set_cookie,
            wish=self.wish,
            plan=self.plan,
        )
