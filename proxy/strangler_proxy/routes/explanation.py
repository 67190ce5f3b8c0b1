"""Why a request takes the route it takes, and who would answer it for which subject: for people, not for traffic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from strangler.toggles import BUCKETS, GROUP, Side, Stage, Toggle, bucket, format_share
from strangler_proxy.routes.condition import Asked
from strangler_proxy.routes.decision import decide
from strangler_proxy.routes.entry import Entry, Match
from strangler_proxy.routes.route import Route
from strangler_proxy.routes.target import decoded_path
from strangler_proxy.routes.template import Literal, Segment

__all__ = ["Answer", "Explanation", "Rival", "answer_for", "explain_match", "fallback_words"]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


@dataclass(frozen=True, slots=True)
class Rival:
    """A route which owns the path too, and why it does not take the request."""

    route: Route
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What became of a request: its decoded path (None where it has none), the match, and the rivals in their order."""

    method: str
    path: str | None
    match: Match | None
    why: str
    rivals: tuple[Rival, ...]

    def to_json(self) -> dict[str, Any]:
        """The explanation as plain JSON types."""
        return {
            "method": self.method,
            "path": self.path,
            "route": None if self.match is None else self.match.route.name,
            "params": {} if self.match is None else self.match.params,
            "why": self.why,
            "rivals": [
                {"route": rival.route.name, "path": rival.route.path, "why": rival.why} for rival in self.rivals
            ],
        }


def explain_match(
    entries: Sequence[Entry], match: Match | None, method: str, raw_path: bytes, asked: Asked
) -> Explanation:
    """Why `match` is what `entries`, in their order, give for the request."""
    path = decoded_path(raw_path)
    if path is None:
        return Explanation(method, None, None, "the request target has no path", ())
    owners = [entry for entry in entries if entry.template.match(path) is not None]
    winner = next((entry for entry in owners if match is not None and entry.route is match.route), None)
    rivals = tuple(Rival(entry.route, _lost(entry, winner, method, asked)) for entry in owners if entry is not winner)
    if winner is not None:
        why = "it is the only route that takes this request" if not rivals else "it is the most specific that takes it"
    elif rivals:
        why = "no route takes this request: each that owns the path wants something else of it"
    else:
        why = "no route owns this path"
    return Explanation(method, path, match, why, rivals)


def _lost(entry: Entry, winner: Entry | None, method: str, asked: Asked) -> str:
    if method not in entry.methods:
        return f"it takes {', '.join(sorted(entry.methods))}, not {method}"
    unmet = entry.conditions.unmet(asked) if entry.conditions is not None else None
    if unmet is not None:
        return unmet
    if winner is None:
        raise AssertionError(f"{entry.route.name} takes the request, and the table did not find it")
    mine, theirs = entry.template.segments, winner.template.segments
    for number, (segment, better) in enumerate(zip(mine, theirs, strict=False), start=1):
        if segment.rank != better.rank:
            return f"in segment {number}, {_shown(better)} beats {_shown(segment)}{_reason(better, segment)}"
    if len(mine) != len(theirs):
        return f"{winner.route.path} goes on where {entry.route.path} ends"
    return f"{winner.route.name} requires more headers and query parameters"


def _shown(segment: Segment) -> str:
    parts = (part.text if isinstance(part, Literal) else f"<{part.converter}:{part.name}>" for part in segment.parts)
    return f"`{''.join(parts)}`"


def _reason(better: Segment, segment: Segment) -> str:
    if better.text is not None:
        return " (a literal beats a variable)"
    if better.rank[1] != segment.rank[1]:
        return " (more literal characters)"
    return " (int, uuid, slug, str, path: in this order)"


@dataclass(frozen=True, slots=True)
class Answer:
    """Who answers a subject, and why. `bucket` is None where buckets do not matter."""

    subject: str
    side: Side
    upstream: str
    fallback: bool
    bucket: int | None
    why: str

    def to_json(self) -> dict[str, Any]:
        """The answer as plain JSON types."""
        return {
            "subject": self.subject,
            "side": self.side.value,
            "upstream": self.upstream,
            "fallback": self.fallback,
            "bucket": self.bucket,
            "why": self.why,
        }


def answer_for(
    route: Route | None,
    toggle: Toggle | None,
    subject: str,
    groups: Sequence[str] = (),
    *,
    monolith: str = "monolith",
) -> Answer:
    """Who answers `subject`, who belongs to `groups`, on `route` while its toggle is as given."""
    decision = decide(route, toggle, subject, groups, monolith=monolith)
    place: int | None = None
    group = None if toggle is None else next((each for each in groups if each in toggle.groups), None)
    if route is None:
        why = "no route takes the request, so the monolith does"
    elif not route.twin:
        why = "the monolith has no twin of this route"
    elif toggle is None:
        why = "the snapshot has no toggle of this route yet, which counts as stage monolith"
    elif toggle.stage is not Stage.CANARY:
        why = f"stage {toggle.stage}"
    elif subject in toggle.overrides and not subject.startswith(GROUP):
        why = f"stage canary, and an override puts this subject on the {decision.side}'s side"
    elif group is not None:
        why = f"stage canary, and an override puts the group {group} on the {decision.side}'s side"
    else:
        share = f"share {format_share(toggle.share)} of {BUCKETS:,} buckets"
        place = bucket(toggle.salt, subject)
        relation = "below" if decision.side is Side.CANDIDATE else "not below"
        why = f"stage canary, bucket {place:,} is {relation} {toggle.share:,} ({share})"
    return Answer(subject, decision.side, decision.upstream, decision.fallback, place, why)


def fallback_words(answer: Answer, method: str, monolith: str = "monolith") -> str:
    """What happens to this request when the side that answers fails."""
    if answer.side is Side.MONOLITH:
        return f"none: {answer.upstream} is the monolith itself"
    if not answer.fallback:
        return f"none: a failure of {answer.upstream} is an error for the customer"
    refused = f"{monolith}, when {answer.upstream} refuses the connection"
    if method in _SAFE:
        return f"{refused}, answers 502, 503 or 504, resets or runs out of time before any byte of an answer"
    return f"{refused}; any other failure is the customer's, since {method} must not be sent twice"
