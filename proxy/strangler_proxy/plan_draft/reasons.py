"""Why a part stands where it stands, in sentences. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from strangler_proxy.plan_draft.tangle import Tangle
from strangler_proxy.plan_draft.weight import Advice, Weighed

__all__ = ["in_short", "reasons"]

_MUCH, _LITTLE = 0.66, 0.33


def in_short(each: Weighed) -> str:
    """The same in a few words, for a table."""
    words = ["last"] if each.advice is Advice.LAST else []
    if each.traffic is not None:
        words.append("much asked" if each.traffic >= _MUCH else "little asked" if each.traffic <= _LITTLE else "asked")
    if each.change is not None:
        words.append(f"changes {_often(each.change)}")
    words.append(f"bound {_tightly(each.coupling)}")
    part = each.part
    words.append("reads alone" if not part.writing else "mostly reads" if each.risk <= _LITTLE else "writes")
    return ", ".join(words)


def reasons(each: Weighed, moving: Sequence[Weighed], tangles: Sequence[Tangle], *, first: bool) -> str:
    """The sentences for one part among those that move."""
    said = [each.reason] if each.advice is Advice.LAST else []
    if not each.part.tables:
        said.append("It has no tables of its own: a service in its place keeps a copy of what it shows.")
    said += [*_benefit(each), *_ties(each, tangles), *_risk(each)]
    if first and len(moving) > 1:
        said.append("So the most is learned here for the least.")
    return " ".join(said)


def _benefit(each: Weighed) -> list[str]:
    said = []
    if each.share is not None:
        if each.traffic is not None and each.traffic >= _MUCH:
            said.append(f"It carries {each.share * 100:.2g} % of all requests.")
        else:
            said.append(f"It carries no more than {each.share * 100:.2g} % of all requests.")
    if each.commit_share is not None:
        said.append(
            f"It changes {_often(each.change or 0)} ({each.commits} commits in a year), {_release(each.change or 0)}."
        )
    return said


def _release(change: float) -> str:
    if change >= _MUCH:
        return "so that a release of its own is worth having"
    return "so that a release of its own is no great gain" if change <= _LITTLE else "which a release of its own helps"


def _ties(each: Weighed, tangles: Sequence[Tangle]) -> list[str]:
    name = each.part.name
    needs = list(dict.fromkeys(tangle.target for tangle in tangles if tangle.source == name))
    needed = list(dict.fromkeys(tangle.source for tangle in tangles if tangle.target == name))
    if not needs and not needed:
        return ["Nothing ties it to any other part."]
    if not needs:
        return [f"It needs no other part; {_listed(needed)} {_verb(needed)} it."]
    outgoing = sum(tangle.source == name for tangle in tangles)
    ties = "tie" if outgoing == 1 else "ties"
    by = f", and {_listed(needed)} {_verb(needed)} it" if needed else ", and nobody needs it"
    return [f"It is bound {_tightly(each.coupling)}: {outgoing} {ties} to {_listed(needs)}{by}."]


def _risk(each: Weighed) -> list[str]:
    part = each.part
    writing, login = len(part.writing), sum(view.login for view in part.views)
    if not writing and not login:
        return ["All of its URLs read, and none wants a sign-in: what goes wrong can be taken back without a trace."]
    said = []
    if writing:
        said.append(f"{writing} of its {len(part.views)} URLs write{'s' if writing == 1 else ''}")
    if login:
        said.append(f"{login} want{'s' if login == 1 else ''} a sign-in")
    return [f"{' and '.join(said)}; reads move first."]


def _often(change: float) -> str:
    return "often" if change >= _MUCH else "seldom" if change <= _LITTLE else "now and then"


def _tightly(coupling: float) -> str:
    return "loosely" if coupling <= _LITTLE else "tightly" if coupling >= _MUCH else "by some threads"


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:5]) + ([f"{len(names) - 5} more"] if names[5:] else [])
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _verb(names: Sequence[str]) -> str:
    return "needs" if len(names) == 1 else "need"
