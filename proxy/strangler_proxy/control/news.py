"""What people are told of differences between the sides that were not seen before. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from strangler.evidence import Scope
from strangler_proxy.notify import Notice, NoticeKind

__all__ = ["difference_notices"]

_MOST_TOLD: Final = 5


def difference_notices(news: Iterable[tuple[Scope, str, str]]) -> Iterator[Notice]:
    """One notice for each scope: in which fields, and how, its sides differ as they never did. Of values it says
    nothing."""
    for scope, found in groupby(sorted(news), key=lambda each: each[0]):
        places = [(field, kind) for _, field, kind in found]
        told = ", ".join(f"{field} ({kind})" for field, kind in places[:_MOST_TOLD])
        more = f" and {len(places) - _MOST_TOLD} more" if len(places) > _MOST_TOLD else ""
        release = f", release {scope.release}" if scope.release else ""
        yield Notice(
            NoticeKind.NEW_DIFFERENCE,
            scope.route,
            f"Route {scope.route}{release}: differs as it was not seen to before: {told}{more}.",
            {
                "release": scope.release,
                "rules": scope.rules,
                "differences": [{"field": field, "kind": kind} for field, kind in places],
            },
        )
