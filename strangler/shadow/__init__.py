"""Serve shadow traffic, inside a monolith or a service: know a copy by its mark, and let nothing come of it.

The proxy asks the other side with a copy of a customer's request, marked `X-Strangler-Shadow`. Middleware reads the
mark (`strangler.shadow.asgi`, `strangler.django.shadow`), and while the copy is served

    is_shadow()                            # here, in tasks, and in threads that were given a copy of the context
    guard.stops("task", "orders.invoice")  # whether an effect beyond this process must not be had

A `Guard` stops mail and outgoing HTTP, through `strangler.shadow.httpx`, `strangler.shadow.requests` and
`strangler.django.mail`. `strangler.shadow.sqlalchemy` and `strangler.django.shadow` roll a dry run back. These are
imported where they are needed: this package needs nothing but Python.

Only the proxy can set the mark, since it takes `X-Strangler-*` away from clients. Let nobody reach a service past the
proxy, or take the header away at its edge. The worst that a forged mark does: one's own request has no effect.
"""

from strangler.shadow.effect import Effect, EffectCounts, Outcome, Reaction
from strangler.shadow.guard import Guard, log_effect
from strangler.shadow.mark import current_shadow, is_shadow, read_mark, shadowed
from strangler.shadow.release import release_of
from strangler.shadow.strategy import RELEASE_HEADER, SAFE_METHODS, SHADOW_HEADER, Strategy

__all__ = [
    "RELEASE_HEADER",
    "SAFE_METHODS",
    "SHADOW_HEADER",
    "Effect",
    "EffectCounts",
    "Guard",
    "Outcome",
    "Reaction",
    "Strategy",
    "current_shadow",
    "is_shadow",
    "log_effect",
    "read_mark",
    "release_of",
    "shadowed",
]
