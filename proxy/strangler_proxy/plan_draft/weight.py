"""What speaks for moving a part and what against it, as numbers, and the order that comes of them. Pure.

docs/reference/plan-draft.md says the same in words; what is counted is always shown beside the number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from strangler.inventory import Inventory
from strangler_proxy.plan_draft.churn import Churn
from strangler_proxy.plan_draft.part import Part
from strangler_proxy.plan_draft.ties import ties_between
from strangler_proxy.plan_draft.traffic import Traffic

__all__ = ["Advice", "Weighed", "weigh"]

# What points here is cut at the other end, as its own part leaves: it weighs half.
_INWARD: Final = 0.5
_COUPLING, _RISK = 0.6, 0.4
_WRITES, _SIGN_IN, _JOBS = 0.5, 0.3, 0.2
# Below that share of all requests a part is not worth a service of its own, unless it changes often.
_LITTLE_TRAFFIC: Final = 0.005
_LITTLE_CHANGE: Final = 0.05
# What nobody asked for in less than so many days somebody may ask for tomorrow.
_LONG_ENOUGH: Final = 1.0
# A part that writes with so many others in one transaction is a knot, and so is one that needs half of the others.
_KNOT: Final = 3
_COORDINATES: Final = 4
# Pages without tables of their own may move as a copy that is read, unless so many of them write.
_FACE_WRITES: Final = 1 / 3
# A part with so much of all tables is what the monolith is.
_CORE: Final = 0.5
_UNKNOWN: Final = 0.5


class Advice(StrEnum):
    """What to do with a part: `move` it in its turn, `last` after the others, or let it `stay`."""

    MOVE = "move"
    LAST = "last"
    STAY = "stay"


@dataclass(frozen=True, slots=True)
class Weighed:
    """A part with what was counted of it. `outward` and `inward` weigh its ties to others and theirs to it.

    `traffic` and `change` are shares of the most that any part has, from 0 to 1, None where nothing is known;
    `coupling` and `risk` likewise, always known. `worth` is what they come to. `requests`, `share` (of all requests)
    and `commits` are the counts behind, None where unknown; `needs` names the parts that it is bound to, `knot` those
    that it writes with in one transaction. `advice` with its `reason`, a sentence.
    """

    part: Part
    outward: float = 0.0
    inward: float = 0.0
    traffic: float | None = None
    change: float | None = None
    coupling: float = 0.0
    risk: float = 0.0
    worth: float = 0.0
    requests: int | None = None
    share: float | None = None
    commits: int | None = None
    commit_share: float | None = None
    needs: tuple[str, ...] = ()
    knot: tuple[str, ...] = ()
    advice: Advice = Advice.MOVE
    reason: str = ""


def weigh(
    parts: Sequence[Part], inventory: Inventory, traffic: Traffic | None = None, churn: Churn | None = None
) -> list[Weighed]:
    """The parts in the order in which they should go: those that move, the last ones, those that stay; within each the
    one that is worth most first."""
    ties = ties_between(inventory, {label: part.name for part in parts for label in part.labels})
    counted = [
        _counted(
            Weighed(
                part,
                outward=sum(ties.outward(part.name).values()),
                inward=sum(ties.inward(part.name).values()),
                needs=tuple(sorted(ties.outward(part.name))),
                knot=tuple(sorted(ties.together.get(part.name, ()))),
            ),
            traffic,
            churn,
        )
        for part in parts
    ]
    most_requests = max((each.requests or 0 for each in counted), default=0)
    most_commits = max((each.commits or 0 for each in counted), default=0)
    most_ties = max((each.outward + _INWARD * each.inward for each in counted), default=0.0)
    weighed = [_advised(_worth(each, most_requests, most_commits, most_ties), traffic, parts) for each in counted]
    order = list(Advice)
    return sorted(weighed, key=lambda each: (order.index(each.advice), -round(each.worth, 6), each.part.name))


def _counted(each: Weighed, traffic: Traffic | None, churn: Churn | None) -> Weighed:
    requests = None if traffic is None else sum(traffic.of(view.key) for view in each.part.views)
    commits = None
    if churn is not None:
        # A commit that touches two apps of one part is counted twice, as it is twice the work.
        commits = sum(churn.by_app.get(label, 0) for label in each.part.labels)
    return replace(
        each,
        requests=requests,
        share=None if traffic is None or not traffic.total else (requests or 0) / traffic.total,
        commits=commits,
        commit_share=None if churn is None or commits is None else commits / churn.commits,
    )


def _worth(each: Weighed, most_requests: int, most_commits: int, most_ties: float) -> Weighed:
    traffic = None if each.requests is None or not most_requests else each.requests / most_requests
    change = None if each.commits is None or not most_commits else each.commits / most_commits
    known = [value for value in (traffic, change) if value is not None]
    benefit = sum(known) / len(known) if known else _UNKNOWN
    coupling = (each.outward + _INWARD * each.inward) / most_ties if most_ties else 0.0
    views = each.part.views
    writes = len(each.part.writing) / len(views) if views else 0.0
    login = sum(view.login for view in views) / len(views) if views else 0.0
    risk = _WRITES * writes + _SIGN_IN * login + _JOBS * bool(each.part.jobs)
    worth = benefit - (_COUPLING * coupling + _RISK * risk)
    return replace(each, traffic=traffic, change=change, coupling=coupling, risk=risk, worth=worth)


def _advised(each: Weighed, traffic: Traffic | None, parts: Sequence[Part]) -> Weighed:
    part = each.part
    if not part.views:
        return replace(
            each, advice=Advice.STAY, reason="It has no URL: there is nothing for the proxy to send elsewhere."
        )
    if not part.tables and len(part.writing) > len(part.views) * _FACE_WRITES:
        of = f" ({_and(each.needs)})" if each.needs else ""
        return replace(
            each,
            advice=Advice.STAY,
            reason=f"It has no tables of its own: it shows and changes what is others'{of}.",
        )
    login = part.signing_in
    if login is not None:
        return replace(
            each,
            advice=Advice.STAY,
            reason=f"It holds the sign-in ({login.title}). The session is the monolith's, services are told who asks by"
            " the identity that it vouches for; whoever moves sign-in moves everybody at once.",
        )
    if _is_little(each, traffic):
        return replace(each, advice=Advice.STAY, reason=_little(each, traffic))
    if len(each.knot) >= _KNOT:
        return replace(
            each,
            advice=Advice.LAST,
            reason=f"It writes in one transaction with {_and(each.knot)}. Taken out before them it would need a saga"
            " over all of them at once; after them it is a coordinator of services that stand already.",
        )
    tables, others = sum(len(other.tables) for other in parts), len(parts) - 1
    if others >= _KNOT and len(part.tables) > tables * _CORE:
        return replace(
            each,
            advice=Advice.LAST,
            reason=f"It is the core: {len(part.tables)} of {tables} tables are its own. A service of that size is the"
            " monolith again; let what stands around it leave, and look then what within it can be told apart.",
        )
    if len(each.needs) >= max(_COORDINATES, others / 2):
        return replace(
            each,
            advice=Advice.LAST,
            reason=f"It needs {len(each.needs)} of the {others} other parts ({_and(each.needs)}): it puts together what"
            " they do. Taken out before them it would call back into the monolith for each of them.",
        )
    return each


def _is_little(each: Weighed, traffic: Traffic | None) -> bool:
    if traffic is None or traffic.days < _LONG_ENOUGH or each.share is None or each.share >= _LITTLE_TRAFFIC:
        return False
    return each.commit_share is None or each.commit_share < _LITTLE_CHANGE


def _little(each: Weighed, traffic: Traffic | None) -> str:
    days = f" in {traffic.time}" if traffic is not None and traffic.time else ""
    changed = "" if each.commits is None else f", and it changed {each.commits} times in the last year"
    return (
        f"{each.requests or 0} requests{days} ({(each.share or 0) * 100:.2g} % of all){changed}: a service would cost"
        " more to run than it gives. Look again when it grows, or ask whether anybody needs it."
    )


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
