"""The draft as Markdown: prose that a team can argue with, and steps that `strangler plan` reads. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from strangler_proxy.plan_draft.chapter import chapter, routes_of
from strangler_proxy.plan_draft.draft import Draft
from strangler_proxy.plan_draft.part import libraries_of
from strangler_proxy.plan_draft.reasons import in_short
from strangler_proxy.plan_draft.steps import first_step, last_read_step
from strangler_proxy.plan_draft.tables import row, table
from strangler_proxy.plan_draft.weight import Weighed
from strangler_proxy.words import counted

__all__ = ["draft_text"]

_A_WEEK: Final = 6.5
# What is told of otherwise, or goes when the migration is over.
_OURS: Final = frozenset({"admin", "strangler"})


def draft_text(draft: Draft) -> str:
    """The whole document."""
    return "\n".join(_lines(draft)).replace("\n\n\n", "\n\n").rstrip() + "\n"


def _lines(draft: Draft) -> Iterator[str]:
    site = draft.inventory.site
    yield f"# Migration plan of {site.project} (a draft)\n"
    yield (
        "Drafted by `strangler plan new` from what is known of this monolith: its URLs, models, imports and signals"
        f"{_also(draft)}. It says in which order parts could leave, why in that order, what ties them together, and"
        " what should not leave at all. The numbers are counted; the judgement is a formula's"
        " (docs/reference/plan-draft.md of Strangler), and you know the people, the money and the history that it does"
        " not. Argue with it, write your own reasons over it, and then follow it with `strangler plan`.\n"
    )
    yield from _looked_at(draft)
    yield from _order(draft)
    yield from _staying(draft)
    yield from _tangles(draft)
    yield from _in_front()
    after = first_step()
    for number, each in enumerate(draft.moving, 1):
        routes = routes_of(draft, each.part)
        yield from chapter(draft, each, number, after, routes)
        if routes:
            after = last_read_step(each.part)


def _also(draft: Draft) -> str:
    more = [] if draft.traffic is None else [f"its traffic ({', '.join(draft.traffic.sources)})"]
    more += [] if draft.churn is None else ["the last year of its git history"]
    return f"; and of {' and '.join(more)}" if more else ""


def _looked_at(draft: Draft) -> Iterator[str]:
    inventory = draft.inventory
    yield "## What was looked at\n"
    own = [app for app in inventory.apps if app.origin == "project"]
    yield (
        f"{counted(len(own), 'app')} of the project with {counted(sum(app.lines for app in own), 'line')},"
        f" {counted(len(inventory.views), 'URL pattern')},"
        f" {counted(sum(not model.auto for model in inventory.models), 'model')},"
        f" {counted(len(inventory.relations), 'relation')} across apps,"
        f" {counted(len(inventory.receivers), 'receiver')} of signals, {counted(len(inventory.tasks), 'task')} and"
        f" {counted(len(inventory.commands), 'command')}; taken {inventory.site.at or 'at a time unknown'}.\n"
    )
    unknown: list[str] = []
    if draft.traffic is None:
        unknown.append(
            "**Traffic is not known.** The order goes by change, coupling and risk alone, and a part that nobody asks"
            " looks like any other. Give an access log of some days (`--access-log`), or the monolith's own counts"
            " (`--callers`)."
        )
    elif draft.traffic.days < _A_WEEK:
        unknown.append(
            f"**Traffic is of {draft.traffic.time or 'a time unknown'} alone**: what comes once a week, or a month,"
            " is not in it. Take a longer time before you call a part unused."
        )
    if draft.traffic is not None and draft.traffic.elsewhere:
        share = draft.traffic.elsewhere / (draft.traffic.total + draft.traffic.elsewhere)
        unknown.append(
            f"{draft.traffic.elsewhere} requests ({share * 100:.2g} %) are for paths that no URL pattern takes: static"
            " files, another host, or scanners."
        )
    if draft.churn is None:
        unknown.append(
            "**How often each part changes is not known**: there is no git history at hand (`--repository` names the"
            " project's folder)."
        )
    if not inventory.observed:
        unknown.append(
            "**Which tables a view touches is not known**, and so not which transactions cross parts, the costliest"
            " tangles of all. Let ObservedMiddleware watch for a while, take the inventory again, and draft anew."
        )
    yield from (f"- {each}" for each in [*unknown, *inventory.notes])
    yield ""


def _order(draft: Draft) -> Iterator[str]:
    yield "## The order\n"
    if not draft.moving:
        yield (
            "Nothing here is worth a service of its own as it stands; the next chapter says of each part why. Where"
            " apps are layers (pages in one, tables in another) and not contexts, say first which views and tables go"
            " together: let ObservedMiddleware watch which tables each view touches, or move code between apps.\n"
        )
        return
    head = ("#", "part", "URLs", "requests", "commits", "ties out / in", "coupling", "risk", "worth", "in short")
    rows = [
        row(
            number,
            f"**{each.part.name}**",
            len(each.part.views),
            _requests(each),
            "?" if each.commits is None else each.commits,
            f"{each.outward:.4g} / {each.inward:.4g}",
            f"{each.coupling:.2f}",
            f"{each.risk:.2f}",
            f"{each.worth:+.2f}",
            in_short(each),
        )
        for number, each in enumerate(draft.moving, 1)
    ]
    yield table(head, rows)
    yield (
        "Worth is what speaks for moving it (traffic, change) less what it costs (coupling, risk). Each chapter says"
        " why its part stands where it stands.\n"
    )


def _requests(each: Weighed) -> str:
    if each.requests is None:
        return "?"
    return str(each.requests) if each.share is None else f"{each.requests} ({each.share * 100:.2g} %)"


def _staying(draft: Draft) -> Iterator[str]:
    yield "## What should not be extracted\n"
    silent = [each for each in draft.staying if not each.part.views]
    faces = [each for each in draft.staying if each.part.views and not each.part.tables]
    for each in draft.staying:
        if each.part.views and each.part.tables:
            yield f"- **{each.part.name}**: {each.reason}"
    if faces:
        yield (
            f"- **Without tables** ({', '.join(each.part.name for each in faces)}): pages over what belongs to other"
            " parts, as back offices are. A service in their place would ask the monolith for everything. They are the"
            " face: they stay until those whose data they show have moved, and ask these then."
        )
    if silent:
        yield (
            f"- **Without URLs** ({', '.join(each.part.name for each in silent)}): they have tables, and nothing that"
            " the proxy could send elsewhere. Each belongs to whoever calls it most and goes along, or stands behind a"
            " seam of its own, which `strangler flip` moves as it does a route."
        )
    shared = libraries_of(draft.inventory)
    if shared:
        yield (
            f"- **Shared code** ({', '.join(app.module for app in shared)}): neither tables nor URLs. What a service"
            " needs of it, it takes along as a package or writes anew; imports of it count as no tie here."
        )
    admin = [view for view in draft.inventory.views if view.kind == "admin"]
    if admin:
        pages = sum(view.covers for view in admin)
        yield (
            f"- **The admin** ({', '.join('/' + view.key for view in admin)}, {pages} URL patterns): it reads and"
            " writes every part's tables through their models, and ends with a part's models. It stays with the"
            " monolith, and shrinks as parts leave; a service that needs a back office gets its own."
        )
    owned = {label for each in draft.weighed for label in each.part.labels}
    foreign = sorted({view.app for view in draft.inventory.views if view.app and view.app not in owned} - _OURS)
    if foreign:
        yield (
            f"- **Installed apps** ({', '.join(foreign)}): their code is not yours to split. They go when what needs"
            " them goes."
        )
    loose = [view for view in draft.inventory.views if not view.app]
    if loose:
        yield (
            f"- **URLs of no app** ({', '.join(view.title for view in loose[:8])}{', …' if loose[8:] else ''}): the"
            " project's own, such as health checks and redirects. They are the monolith's face and stay with it."
        )
    yield ""


def _tangles(draft: Draft) -> Iterator[str]:
    yield "## Tangles\n"
    if not draft.tangles:
        yield "None was found between parts: they are cut well, or what ties them is not in models and imports.\n"
        return
    kinds: dict[str, int] = {}
    for tangle in draft.tangles:
        kinds[tangle.kind] = kinds.get(tangle.kind, 0) + 1
    yield (
        f"{len(draft.tangles)} ties between parts: {', '.join(f'{count} by {kind}' for kind, count in kinds.items())}."
        " A tangle belongs to the part that needs the other, and is cut before that part's writes move; each chapter"
        " lists its own. Those that only point into a part that stays may stay too.\n"
    )


def _in_front() -> Iterator[str]:
    yield "## Before the first part\n"
    yield "Every route stands at stage `monolith`: the proxy is in front, and nothing has changed for anybody.\n"
    yield "### 0.1 The proxy stands in front and moves nothing\n"
    yield (
        "What is wrong between proxy and monolith shows now, before anything moves: `strangler doctor`. Let the"
        " monolith count its callers from here on; the last step of each part asks for two weeks of it.\n"
    )
    yield f'```toml step={first_step()}\nbefore = {{command = ["strangler check", "strangler doctor"]}}\n```\n'
