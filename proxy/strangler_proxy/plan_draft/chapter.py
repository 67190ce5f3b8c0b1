"""The chapter of one part: why, what moves, its data, its tangles, and its steps. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from strangler.inventory import Inventory, View
from strangler_proxy.discover.starting_routes import StartingRoute, proposed_routes
from strangler_proxy.plan_draft.draft import Draft
from strangler_proxy.plan_draft.part import Part
from strangler_proxy.plan_draft.reasons import reasons
from strangler_proxy.plan_draft.steps import part_steps
from strangler_proxy.plan_draft.tables import row, table
from strangler_proxy.plan_draft.tangle import Tangle
from strangler_proxy.plan_draft.weight import Weighed

__all__ = ["chapter", "routes_of"]

_MOST_VIEWS = 30
_MOST_TANGLES = 15


def routes_of(draft: Draft, part: Part) -> list[StartingRoute]:
    """The reads to begin with, as `strangler init --inventory` writes them."""
    found = [each for label in part.labels for each in proposed_routes(draft.inventory, label)]
    return [each for each in found if not each.left_out]


def chapter(draft: Draft, each: Weighed, number: int, after: str, routes: Sequence[StartingRoute]) -> Iterator[str]:
    """The lines of the chapter of one part. `after` is the step that has to be done before its first, `routes` are the
    reads to begin with."""
    part = each.part
    tangles = [tangle for tangle in draft.tangles if part.name in (tangle.source, tangle.target)]
    own = [tangle for tangle in tangles if tangle.source == part.name]
    yield f"## {number}. {part.name}\n"
    apps = ", ".join(f"`{app.module}`" for app in part.apps)
    yield f"{apps}, {part.lines} lines, {len(part.tables)} tables{_jobs(part)}.\n"
    if part.because:
        yield f"These are one part: {part.because}; neither has its data alone.\n"
    yield f"**Why here.** {reasons(each, draft.moving, draft.tangles, first=number == 1)}\n"
    yield f"**What moves.** {_moving_views(part)}\n"
    yield _views(draft, part)
    yield f"**Data.** {_data(part)}\n"
    yield from _chapter_tangles(own, [tangle for tangle in tangles if tangle.target == part.name])
    if routes:
        yield part_steps(part, number, after, routes, own)
    else:
        yield (
            "**No step yet.** None of its URLs can be moved by itself: it answers no reads, or their paths take other"
            " views along. Its writes move once its data has, and that is to be planned by hand.\n"
        )


def _jobs(part: Part) -> str:
    if not part.jobs:
        return ""
    return f", and {part.jobs} commands or tasks, which no proxy sees and which have to be moved by hand"


def _moving_views(part: Part) -> str:
    safe = [view for view in part.views if not view.writes]
    anonymous = [view for view in safe if not view.login]
    return (
        f"Of its URLs ({len(part.views)}), {len(safe)} only read as far as can be seen, {len(anonymous)} of these"
        " without a sign-in. Begin with those: they can be asked twice, compared, and taken back at any moment."
    )


def _views(draft: Draft, part: Part) -> str:
    traffic = draft.traffic
    views = sorted(part.views, key=lambda view: (-(traffic.of(view.key) if traffic else 0), view.writes, view.login))
    rows = [
        row(
            view.title,
            f"`{next(iter(view.forms[0].localised), view.key)}`",
            ", ".join(view.methods or view.mentions) or "any",
            "yes" if view.login else "",
            "?" if traffic is None else traffic.of(view.key),
            *([", ".join(_written(draft.inventory, view))] if draft.inventory.observed else []),
        )
        for view in views[:_MOST_VIEWS]
    ]
    head = ["view", "path", "methods", "sign-in", "requests"]
    if draft.inventory.observed:
        head.append("writes to")
    rest = len(views) - _MOST_VIEWS
    return table(head, rows) + (f"\nand {rest} more; `strangler discover` lists all.\n" if rest > 0 else "")


def _written(inventory: Inventory, view: View) -> list[str]:
    return sorted({name for seen in inventory.observed if seen.key == view.key for name in seen.writes})


def _data(part: Part) -> str:
    if not part.tables:
        return "None of its own: the service follows the tables of others that it shows, and writes nothing."
    named = ", ".join(f"`{name}`" for name in part.tables[:12])
    more = f" and {len(part.tables) - 12} more" if part.tables[12:] else ""
    return (
        f"{named}{more}. While reads move, the monolith stays the one that writes, and the service follows it; who"
        " writes changes once, at the end."
    )


def _told(tangle: Tangle) -> str:
    return tangle.what if tangle.kind in ("import", "relation") else f"{tangle.kind}: {tangle.what}"


def _chapter_tangles(own: Sequence[Tangle], others: Sequence[Tangle]) -> Iterator[str]:
    if own:
        yield "**Tangles on the way.** Cut before the service writes:\n"
        yield table(
            ("#", "needs", "what", "where", "how to cut it"),
            [row(f"T{each.number}", each.target, _told(each), each.where, each.cut) for each in own[:_MOST_TANGLES]],
        )
        if own[_MOST_TANGLES:]:
            yield f"and {len(own) - _MOST_TANGLES} more of the kind.\n"
    else:
        yield "**Tangles on the way.** None: it needs nothing of another part.\n"
    if others:
        sources = ", ".join(dict.fromkeys(each.source for each in others))
        yield (
            f"Ties of others that point here: {len(others)} ({sources}). Such can stay while the monolith keeps its"
            " copy, and are cut when the old code goes.\n"
        )
