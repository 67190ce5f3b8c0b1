"""Asking both sides, and holding them to the same answer: what the fixture `parity` is."""

from __future__ import annotations

import json as json_module
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from strangler.compare import (
    Answer,
    Cause,
    Comparison,
    Limits,
    Pair,
    Request,
    Rules,
    Verdict,
    compare_pair,
    judge,
)
from strangler.errors import StranglerError
from strangler.parity.compared import Compared
from strangler.parity.covered import Covered
from strangler.parity.disagreement import Disagreement, explain
from strangler.parity.openapi import Operation, Source, operations_of
from strangler.parity.redacted import missing_credentials, without_marks
from strangler.parity.settings import Mode, ParitySettings
from strangler.parity.sides import Ask, place_of
from strangler.recording import Case
from strangler.shadow import RELEASE_HEADER, SAFE_METHODS

__all__ = ["Parity"]

_NO_RULES: Final = Rules()
_SETTINGS: Final = ParitySettings()
_PAUSE: Final = 0.05


class Parity:
    """Both sides, and the rules under which they have to agree.

    `old` and `new` answer a request each; `old` is None where kept answers alone are compared with. Every request is
    sent with `headers`, in the place of its own of that name, and to both sides as for the same `host`. `values` are
    known values of parameters, for what a schema generates. `keep` is told of each pair that fails a test, and says in
    a sentence where it went; `observers` are told of every comparison. What a side raises, and NoAnswer where it gives
    no answer, comes out of every method that asks.
    """

    def __init__(
        self,
        old: Ask | None,
        new: Ask,
        rules: Rules = _NO_RULES,
        *,
        settings: ParitySettings = _SETTINGS,
        headers: Sequence[tuple[str, str]] = (),
        host: str = "",
        values: Mapping[str, Sequence[object]] | None = None,
        keep: Callable[[Pair, Comparison], str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.rules = rules
        self.settings = settings
        self.values = dict(values or {})
        self.observers: list[Callable[[Compared], object]] = []
        self._old = old
        self._new = new
        self._headers = tuple(headers)
        self._given = {name.lower() for name, _ in headers}
        self._host = host
        self._ids = rules.id_map()
        self._keep = keep
        self._lag = settings.lag
        self._clock = clock
        self._sleep = sleep

    def ask(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: bytes | str = b"",
        json: Any = None,
        route: str | None = None,
    ) -> Pair:
        """Ask both sides, and raise Disagreement unless they answer alike under the rules; both answers otherwise.

        `target` is the path with its query, as it is sent. `json` is the body as JSON, with its Content-Type.
        """
        __tracebackhide__ = True
        lines = tuple(headers.items() if isinstance(headers, Mapping) else headers)
        content = body.encode("utf-8") if isinstance(body, str) else body
        if json is not None:
            content = json_module.dumps(json).encode("ascii")
            lines = (*lines, ("Content-Type", "application/json"))
        return self.check(Request(method, target, self.settings.route if route is None else route, lines, content))

    def check(self, asked: Request | Pair) -> Pair:
        """Raise Disagreement unless both sides answer the request alike, or the answers of the pair are alike."""
        __tracebackhide__ = True
        compared = self.compare(asked)
        self._demand(compared)
        return compared.pair

    def compare(self, asked: Request | Pair) -> Compared:
        """What `check` would demand, without demanding it. Nobody is asked about a pair."""
        if isinstance(asked, Pair):
            return self._told(Compared(asked, compare_pair(asked, self.rules, ids=self._ids)))
        request = self._addressed(asked)
        old, new = self._old_side(), self._new
        compared = self._compared(request, old, new)
        deadline = self._clock() + self._lag
        while (
            compared.comparison.verdict is not Verdict.AGREE
            and request.method in SAFE_METHODS
            and self._clock() < deadline
        ):
            self._sleep(_PAUSE)
            compared = self._compared(request, old, new)
        return self._told(compared)

    def check_case(self, case: Case) -> Compared:
        """Ask what a case has kept, and raise Disagreement unless the sides agree: in mode `ask` both sides, in mode
        `replay` the new one, whose answer is compared with the kept old one.

        A request that cannot be asked as the client whose it was is inconclusive (`identity`), and so is a case without
        an old answer in mode `replay` (`unchecked`).
        """
        __tracebackhide__ = True
        compared = self._of_case(case)
        hints = [f"The case is kept because: {case.note}"] if case.note else []
        if case.rules_file and not self.settings.rules_file:
            hints.append(f"It was compared under {case.rules_file}, and here under no rules: give --parity-rules.")
        self._demand(compared, hints, kept=True)
        return compared

    def schema(
        self,
        source: Source,
        *,
        include: str | Sequence[str] = "*",
        exclude: str | Sequence[str] = (),
        methods: Sequence[str] = ("GET",),
    ) -> tuple[Operation, ...]:
        """The operations of an OpenAPI document: a mapping, a file, a URL, or a target that the old side is asked for,
        such as `/schema/`. `include` and `exclude` are globs on paths. Raises MissingExtra without schemathesis, and
        ConfigError where there is no document, or nothing in it is meant."""
        return operations_of(source, self._fetched, include=include, exclude=exclude, methods=methods)

    def explore(
        self,
        operation: Operation,
        check: Callable[[Request], object] | None = None,
        *,
        max_examples: int = 50,
        seed: int | None = None,
        invalid: bool = True,
    ) -> Covered:
        """Generate up to `max_examples` requests to an operation, and `check` each (default: `check` of this object).

        Some of them are not as the schema wants them, unless `invalid` is False, and in some the parameters that
        `values` names take those. The same seed makes the same requests. The Disagreement raised is of the smallest
        request that shows one.
        """
        from strangler.parity.explore import explore  # hypothesis takes a while to import

        __tracebackhide__ = True
        settings = self.settings
        return explore(
            operation,
            self,
            check or self.check,
            max_examples=settings.max_examples or max_examples,
            seed=settings.seed if seed is None else seed,
            invalid=invalid,
        )

    def _of_case(self, case: Case) -> Compared:
        own = tuple((name, value) for name, value in case.request.headers if name.lower() not in self._given)
        asked = replace(case.request, headers=own)
        request, missing = missing_credentials(asked)
        kept = Pair(case.request, case.old or Answer(100), case.new or Answer(100))
        if missing:
            remedy = "give the header by --parity-header, or take it out of the case" if "header" in missing else ""
            detail = f"taken out before it was kept: {missing}" + (f"; {remedy}" if remedy else "")
            return Compared(kept, _inconclusive(Cause.IDENTITY, detail))
        if self.settings.mode is Mode.ASK:
            return self.compare(request)
        if case.old is None:
            return Compared(kept, _inconclusive(Cause.UNCHECKED, "the case keeps no answer of the old side"))
        request = self._addressed(request)
        pair = Pair(request, case.old, _asked(self._new, request))
        return self._told(Compared(pair, without_marks(case.old, compare_pair(pair, self.rules, ids=self._ids))))

    def _told(self, compared: Compared) -> Compared:
        for observer in self.observers:
            observer(compared)
        return compared

    def _compared(self, request: Request, old: Ask, new: Ask) -> Compared:
        pair = Pair(request, _asked(old, request), _asked(new, request))
        comparison = compare_pair(pair, self.rules, ids=self._ids)
        if comparison.verdict is not Verdict.DIFFER or request.method not in SAFE_METHODS or not self.settings.again:
            return Compared(pair, comparison)
        again = [_asked(old, request) for _ in range(self.settings.again)]
        judged = judge(pair.old, pair.new, again, self.rules, route=request.route, limits=Limits(), ids=self._ids)
        matched = comparison.matched | judged.comparison.matched
        return Compared(pair, replace(judged.comparison, matched=matched), judged.noise)

    def _addressed(self, request: Request) -> Request:
        """The request as it is sent: with Host, the headers of all requests, and the route of this test."""
        own = tuple((name, value) for name, value in request.headers if name.lower() not in self._given)
        if self._host and "host" not in self._given | {name.lower() for name, _ in own}:
            own = (("Host", self._host), *own)
        return replace(request, route=request.route or self.settings.route, headers=(*own, *self._headers))

    def _fetched(self, target: str) -> Answer:
        return self._old_side()(self._addressed(Request("GET", target)))

    def _old_side(self) -> Ask:
        if self._old is None:
            raise StranglerError("there is no old side to ask: give --parity-old, or an old side in parity_sides")
        return self._old

    def _demand(self, compared: Compared, notes: Sequence[str] = (), *, kept: bool = False) -> None:
        __tracebackhide__ = True
        verdict = compared.comparison.verdict
        if verdict is Verdict.DIFFER or (verdict is Verdict.INCONCLUSIVE and not self.settings.allow_inconclusive):
            raise self.disagreement(compared, notes, kept=kept)

    def disagreement(self, compared: Compared, notes: Sequence[str] = (), *, kept: bool = False) -> Disagreement:
        """What to raise for a pair that does not agree; it is kept by then, unless it came from there (`kept`)."""
        pair, comparison = compared.pair, compared.comparison
        said = list(notes)
        if compared.noise:
            fields = sorted({each.field for each in compared.noise})
            said.append(f"Not counted, for the old side does not repeat it: {', '.join(fields)}.")
        if self._keep is not None and not kept:
            said.append(self._keep(pair, comparison))
        places = (place_of(self._old), place_of(self._new))
        host = next((value for name, value in pair.request.headers if name.lower() == "host"), "")
        rules_file = self.settings.rules_file
        message = explain(pair, comparison, places=places, host=host, rules_file=rules_file, notes=said)
        return Disagreement(message, compared)

    @contextmanager
    def exploring(self, observer: Callable[[Compared], object]) -> Iterator[None]:
        """A block in which `observer` is told of every comparison, and no pair is kept: many are tried in it. `hurry`
        holds until its end."""
        keep, self._keep = self._keep, None
        self.observers.append(observer)
        try:
            yield
        finally:
            self.observers.remove(observer)
            self._keep = keep
            self._lag = self.settings.lag

    def hurry(self) -> None:
        """Grant no lag any more: a difference has lasted longer than that, and is to be made smaller."""
        self._lag = 0.0


def _asked(side: Ask, request: Request) -> Answer:
    """The side's answer, without what the proxy keeps from customers."""
    answer = side(request)
    hidden = RELEASE_HEADER.lower()
    return replace(answer, headers=tuple(line for line in answer.headers if line[0].lower() != hidden))


def _inconclusive(cause: Cause, detail: str) -> Comparison:
    return Comparison(Verdict.INCONCLUSIVE, cause=cause, detail=detail)
