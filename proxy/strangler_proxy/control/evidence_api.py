"""The control API's verbs of evidence."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from strangler.compare import DifferenceKind, Verdict
from strangler.documents import DocumentStore, Event
from strangler.evidence import MINUTE, KeptPair
from strangler_proxy.control.answers import answer, refusal
from strangler_proxy.control.asked import BadInput, audited, number, parsed, who_asks, whole
from strangler_proxy.control.evidence_requests import ClearRequest, EraseRequest, RejudgeRequest
from strangler_proxy.control.looking import Looking
from strangler_proxy.control.roles import Role
from strangler_proxy.control.verbs import Verb

__all__ = ["EvidenceApi"]

_MOST_PAIRS: Final = 200
_BOUND: Final = 0.99
_DAYS: Final = 30
_HOUR: Final = 3600
_LONGEST_STEP: Final = 86_400
_LONGEST_SECONDS: Final = 10.0

_log = logging.getLogger("strangler.evidence")
_Word = TypeVar("_Word", bound=StrEnum)


class EvidenceApi:
    """The handlers, on what `looking` sees; what is forgotten is written down in `documents`."""

    def __init__(self, looking: Looking, documents: DocumentStore) -> None:
        self._looking = looking
        self._documents = documents

    def routes(self) -> list[Verb]:
        """Where the verbs are served."""
        return [
            Verb("/api/v1/evidence", self.reports, "GET", least=Role.VIEW),
            Verb("/api/v1/evidence/days", self.days, "GET", least=Role.VIEW),
            Verb("/api/v1/evidence/minutes", self.minutes, "GET", least=Role.VIEW),
            Verb("/api/v1/evidence/clear", self.clear, "POST", least=Role.OPERATE),
            Verb("/api/v1/evidence/erase", self.erase, "POST", least=Role.OPERATE),
            Verb("/api/v1/evidence/rejudge", self.rejudge, "POST", least=Role.OPERATE),
            Verb("/api/v1/differences", self.differences, "GET", least=Role.VIEW),
            Verb("/api/v1/pairs", self.pairs, "GET", least=Role.VIEW),
            Verb("/api/v1/pairs/{id}", self.pair, "GET", least=Role.VIEW),
        ]

    async def reports(self, request: Request) -> Response:
        """What has been observed of routes."""
        asked = request.query_params
        reports = await self._looking.reports(
            asked.getlist("route"),
            release=asked.get("release"),
            rules=asked.get("rules"),
            since=number(request, "since", 0.0, 2.0**40),
            bound=number(request, "bound", _BOUND, 1.0),
        )
        return answer({"reports": [report.to_json() for report in reports]})

    async def days(self, request: Request) -> Response:
        """How surely routes agreed, by day."""
        a_month_ago = max(time.time() - _DAYS * 86_400, 0.0)
        since = number(request, "since", a_month_ago, 2.0**40)
        found = await self._looking.days(request.query_params.getlist("route"), since=since)
        return answer(
            {"days": [{**scope._asdict(), "start": start, **agreement.to_json()} for scope, start, agreement in found]}
        )

    async def minutes(self, request: Request) -> Response:
        """Pairs by their verdicts, minute by minute."""
        since = number(request, "since", max(time.time() - _HOUR, 0.0), 2.0**40)
        step = whole(request, "step", MINUTE, _LONGEST_STEP)
        if step < MINUTE or step % MINUTE:
            raise BadInput(f"step is a multiple of {MINUTE}, in seconds.", "step")
        found = await self._looking.compared(request.query_params.getlist("route"), since=since, step=step)
        return answer({"windows": [each.to_json() for each in found]})

    async def differences(self, request: Request) -> Response:
        """Where the sides of routes differ, in short."""
        seconds = number(request, "seconds", _LONGEST_SECONDS, _LONGEST_SECONDS)
        rows, behind = await self._looking.differences(request.query_params.getlist("route"), seconds=seconds)
        return answer({"routes": [each.to_json() for each in rows], "behind": behind})

    async def pairs(self, request: Request) -> Response:
        """Kept pairs, newest first."""
        asked = request.query_params
        kind = _word(request, "kind", DifferenceKind)
        found = await self._looking.pairs(
            route=asked.get("route"),
            field=asked.get("path"),
            kind=None if kind is None else kind.value,
            verdict=_word(request, "verdict", Verdict),
            cause=asked.get("cause"),
            subject=asked.get("subject"),
            limit=whole(request, "limit", 20, _MOST_PAIRS),
        )
        told = _brief if _yes(request, "brief") else KeptPair.to_json
        return answer({"pairs": [told(kept) for kept in found]})

    async def pair(self, request: Request) -> Response:
        """One kept pair."""
        kept = await self._looking.pair(request.path_params["id"])
        if kept is None:
            return refusal(
                404,
                "unknown_pair",
                "No pair of that id is kept any more.",
                remedy="A few are kept for each place that differs, and newer ones take their room: look at the newest"
                " of its route. What is to stay is saved as a parity case.",
            )
        return answer(kept.to_json())

    async def clear(self, request: Request) -> Response:
        """Forget the evidence of routes."""
        body = await parsed(request, ClearRequest)
        names = await asyncio.to_thread(self._looking.known, body.names)
        # Before it is done: what failed must not be forgotten without a trace.
        for name in names:
            await self._record(request, "evidence.clear", name, body.why, {"release": body.release})
        cleared = await self._looking.clear(names, release=body.release)
        _log.warning("evidence of %s cleared by %s: %s", ", ".join(cleared), who_asks(request), body.why)
        return answer({"cleared": cleared})

    async def erase(self, request: Request) -> Response:
        """Forget a person's kept pairs."""
        body = await parsed(request, EraseRequest)
        await self._record(request, "evidence.erase", "a subject", body.why, {})
        erased = await self._looking.erase(body.subject)
        _log.warning("%d kept pairs of one subject erased by %s: %s", erased, who_asks(request), body.why)
        return answer({"erased": erased})

    async def _record(self, request: Request, action: str, name: str, why: str, detail: dict[str, Any]) -> None:
        event = Event(datetime.now(UTC), who_asks(request), action, name, why, detail)
        await asyncio.to_thread(self._documents.record, event)
        audited(request)

    async def rejudge(self, request: Request) -> Response:
        """Judge kept pairs anew."""
        body = await parsed(request, RejudgeRequest)
        if not body.keep:
            # It changes nothing, and whoever makes a rule asks again and again.
            audited(request)
        rules, judged = await self._looking.rejudge(body.names, rules=body.rules, keep=body.keep, most=body.most)
        return answer(
            {
                "rules": rules.revision,
                "kept": body.keep,
                "pairs": len(judged),
                "before": _verdicts(before for before, _ in judged),
                "after": _verdicts(after for _, after in judged),
                "fields": _fields(judged),
            }
        )


def _verdicts(pairs: Iterable[KeptPair]) -> dict[str, int]:
    counted = Counter(kept.verdict for kept in pairs)
    return {verdict.value: counted[verdict] for verdict in Verdict}


def _fields(judged: list[tuple[KeptPair, KeptPair]]) -> list[dict[str, Any]]:
    """By route, field and kind, in how many kept pairs the sides differ there before and after."""
    before: Counter[tuple[str, str, str]] = Counter()
    after: Counter[tuple[str, str, str]] = Counter()
    for counted, pairs in ((before, (old for old, _ in judged)), (after, (new for _, new in judged))):
        for kept in pairs:
            counted.update({(kept.scope.route, each.field, each.kind.value) for each in kept.differences})
    return [
        {"route": route, "field": field, "kind": kind, "before": before[place], "after": after[place]}
        for place in sorted(before | after)
        for route, field, kind in [place]
    ]


def _brief(kept: KeptPair) -> dict[str, Any]:
    """A kept pair as a line of a list: what was asked, and both statuses, in the place of the whole exchange."""
    pair = kept.pair
    asked = {"method": pair.request.method, "target": pair.request.target}
    return {**kept.head(), **asked, "statuses": [pair.old.status, pair.new.status]}


def _yes(request: Request, name: str) -> bool:
    text = request.query_params.get(name, "false")
    if text not in ("true", "false"):
        raise BadInput(f"{name} is true or false.", name)
    return text == "true"


def _word(request: Request, name: str, words: type[_Word]) -> _Word | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return words(text)
    except ValueError:
        raise BadInput(f"{name} is one of: {', '.join(words)}.", name) from None
