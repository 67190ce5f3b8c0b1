"""A question about one request, answered from configuration and toggles: what `strangler explain` and the API tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from strangler.errors import StranglerError
from strangler.toggles import Snapshot, Stage, Toggle, format_share
from strangler_proxy.config.shadow_words import in_shadow
from strangler_proxy.config.values import Config
from strangler_proxy.membership import Membership
from strangler_proxy.routes.explanation import Answer, Explanation, answer_for, fallback_words
from strangler_proxy.routes.route import Route
from strangler_proxy.routes.table import RouteTable

__all__ = ["Inquiry", "RequestError", "inquire", "parse_header", "parse_target"]

_ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


class RequestError(StranglerError):
    """What should be a request is none."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One request explained: the route and its rivals, its stage, who answers whom, and what happens on a failure.

    `answers` has one entry for each subject that was asked about. `rest` is who answers any other subject: the shares
    as text in stage canary, else the one upstream. `asked_as` is the path that the candidate is asked for; `identity`
    says, where the candidate is told who asks, what becomes of a client that is nobody; `shadow` what is copied in
    stage `shadow`, None where no route takes the request.
    """

    explanation: Explanation
    stage: str
    answers: tuple[Answer, ...]
    rest: str
    fallback: str
    asked_as: str | None
    identity: str | None
    shadow: str | None

    def to_json(self) -> dict[str, Any]:
        """The inquiry as plain JSON types."""
        return {
            **self.explanation.to_json(),
            "stage": self.stage,
            "answers": self.rest,
            "subjects": [answer.to_json() for answer in self.answers],
            "fallback": self.fallback,
            "asked_as": self.asked_as,
            "identity": self.identity,
            "shadow": self.shadow,
        }


def parse_target(text: str) -> tuple[bytes, bytes]:
    """A path with or without a query, or a whole URL, as raw path and raw query. Raises RequestError."""
    raw = text.encode("utf-8", "surrogateescape")
    if absolute := _ABSOLUTE.match(raw):
        raw = raw[absolute.end() :]
        if raw[:1] != b"/":
            raw = b"/" + raw
    if raw[:1] != b"/":
        raise RequestError(f"{text!r} is not a path. Write one that begins with a slash, or a whole URL.")
    path, _, query = raw.partition(b"?")
    return path, query


def parse_header(text: str) -> tuple[bytes, bytes]:
    """`Name: value` as a pair of bytes. Raises RequestError."""
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise RequestError(f"{text!r} is not a header. Write it as name:value.")
    return name.strip().encode("utf-8", "surrogateescape"), value.strip().encode("utf-8", "surrogateescape")


def inquire(
    config: Config,
    table: RouteTable,
    snapshot: Snapshot,
    method: str,
    target: tuple[bytes, bytes],
    headers: Sequence[tuple[bytes, bytes]] = (),
    subjects: Sequence[str] = (),
) -> Inquiry:
    """Explain the request `method` `target` (raw path and raw query) with `headers`, for `subjects` and their groups.

    The headers are taken for those of an edge that is believed.
    """
    raw_path, raw_query = target
    explanation = table.explain(method, raw_path, raw_query, headers)
    match = explanation.match
    route = None if match is None else match.route
    toggle = None if route is None else snapshot.toggles.get(route.name)
    lines = [name + b": " + value for name, value in headers]
    membership = Membership(config.groups)
    answers = tuple(
        answer_for(
            route,
            toggle,
            subject,
            membership.of(subject, lines, trusted=True),
            monolith=config.monolith,
        )
        for subject in subjects
    )
    candidate = route is not None and (not route.twin or _may_be_candidate(toggle))
    telling = answer_for(route, _all_candidate(toggle), "", monolith=config.monolith) if candidate else None
    return Inquiry(
        explanation=explanation,
        stage=_stage(route, toggle),
        answers=answers,
        rest=_rest(config, route, toggle),
        fallback="none: the monolith answers" if telling is None else fallback_words(telling, method, config.monolith),
        asked_as=None if match is None or not candidate else table.rewritten(match, raw_path).decode("latin-1"),
        identity=_identity(config, route) if candidate and route is not None else None,
        shadow=None if route is None else in_shadow(config, route),
    )


def _identity(config: Config, route: Route) -> str | None:
    if route.identity == "none":
        return None
    if route.identity == "optional":
        return f"optional: {config.monolith} vouches for who asks, and anonymous clients are passed on as such"
    anonymous = route.anonymous or config.identity.anonymous
    words = {"monolith": f"what {config.monolith}'s own view says", "redirect": "to log in"}
    told = words.get(anonymous, anonymous)
    return f"required: {config.monolith} vouches for who asks; one that is nobody is told {told}"


def _stage(route: Route | None, toggle: Toggle | None) -> str:
    if route is None:
        return "no route"
    if not route.twin:
        return "no twin"
    if toggle is None:
        return str(Stage.MONOLITH)
    return f"canary {format_share(toggle.share)}" if toggle.stage is Stage.CANARY else str(toggle.stage)


def _may_be_candidate(toggle: Toggle | None) -> bool:
    return toggle is not None and toggle.stage in (Stage.CANARY, Stage.EXTRACTED, Stage.RETIRED)


def _all_candidate(toggle: Toggle | None) -> Toggle | None:
    """The toggle as it is for those whom the candidate answers."""
    if toggle is None or toggle.stage is not Stage.CANARY:
        return toggle
    return Toggle(toggle.name, toggle.kind, Stage.EXTRACTED, salt=toggle.salt)


def _rest(config: Config, route: Route | None, toggle: Toggle | None) -> str:
    if route is None or toggle is None or not route.twin or toggle.stage is not Stage.CANARY:
        return answer_for(route, toggle, "", monolith=config.monolith).upstream
    by_hand = f", {len(toggle.overrides)} set by hand" if toggle.overrides else ""
    return f"{route.candidate} for {format_share(toggle.share)} of subjects, {config.monolith} for the rest{by_hand}"
