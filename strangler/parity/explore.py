"""Generating requests to one operation, and finding the smallest that the sides answer differently."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from strangler.compare import Cause, Comparison, Request, Verdict
from strangler.errors import NoAnswer
from strangler.parity.compared import Compared
from strangler.parity.covered import Covered
from strangler.parity.disagreement import Disagreement
from strangler.parity.extra import needed
from strangler.parity.openapi import Operation

if TYPE_CHECKING:
    from strangler.parity.parity import Parity

__all__ = ["explore"]


class _Silent(BaseException):
    """A side gives no answer. Hypothesis would look for a smaller request to which it gives none; this it lets out."""

    def __init__(self, error: NoAnswer) -> None:
        self.error = error


def explore(
    operation: Operation,
    parity: Parity,
    check: Callable[[Request], object],
    *,
    max_examples: int,
    seed: int,
    invalid: bool,
) -> Covered:
    """Check up to `max_examples` requests. Raises the Disagreement of the smallest request that shows one; one that is
    inconclusive (`transient`) where it does not show it again. Any other error of `check` comes out as it is."""
    covered = Covered(operation.label, operation.parameters)

    def observe(compared: Compared) -> None:
        covered.count(compared.pair, inconclusive=compared.comparison.verdict is Verdict.INCONCLUSIVE)

    lasted: list[Compared] = []

    def hurried(request: Request) -> None:
        try:
            check(request)
        except Disagreement as error:
            lasted.append(error.compared)
            parity.hurry()
            raise

    with parity.exploring(observe):
        requests = operation.requests(parity.values, invalid=invalid)
        found = _found(requests, hurried, max_examples=max_examples, seed=seed)
        if found is not None:
            found = _smallest(found, check)
    if found is None:
        return covered
    if parity.settings.lag and found.comparison.verdict is Verdict.DIFFER:
        with parity.exploring(observe):
            found = _lasting(found, lasted[0], check)
    if found.comparison.verdict is Verdict.INCONCLUSIVE and parity.settings.allow_inconclusive:
        covered.inconclusive += 1
        return covered
    note = f"The smallest request found that shows it, of {covered.requests} to {operation.label}; seed {seed}."
    raise parity.disagreement(found, [note])


def _found(requests: Any, check: Callable[[Request], object], *, max_examples: int, seed: int) -> Compared | None:
    """What did not agree, of the smallest request that hypothesis finds; None where all agree."""
    hypothesis = needed("hypothesis")
    agreed: set[Request] = set()
    failed: list[Disagreement] = []

    def run(request: Request) -> None:
        if request in agreed:
            return
        try:
            check(request)
        except Disagreement as error:
            failed.append(error)
            raise
        except NoAnswer as error:
            if error.why == "unsendable":
                hypothesis.reject()
            raise _Silent(error) from None
        agreed.add(request)

    settings = hypothesis.settings(
        max_examples=max_examples,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
        suppress_health_check=list(hypothesis.HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    try:
        hypothesis.seed(seed)(settings(hypothesis.given(request=requests)(run)))()
    except _Silent as silent:
        raise silent.error from None
    except Disagreement as error:
        return error.compared
    except hypothesis.errors.Flaky:
        detail = "the sides differed, and agreed when they were asked again"
        comparison = Comparison(Verdict.INCONCLUSIVE, cause=Cause.TRANSIENT, detail=detail)
        return Compared(failed[-1].compared.pair, comparison)
    return None


def _smallest(found: Compared, check: Callable[[Request], object]) -> Compared:
    """The same without the parts of the request that it does not need: hypothesis keeps what goes with its choices."""
    smaller = list(_smaller(found.pair.request))
    while smaller:
        try:
            check(smaller.pop())
        except Disagreement as error:
            shown = error.compared
            # What every request is sent with comes back by itself.
            if shown.comparison.verdict is found.comparison.verdict and shown.pair.request != found.pair.request:
                found = shown
                smaller = list(_smaller(found.pair.request))
        except NoAnswer:
            continue
    return found


def _lasting(found: Compared, lasted: Compared, check: Callable[[Request], object]) -> Compared:
    """The smallest, if it lasts for the lag too, which it was not given while it was looked for; else one that did."""
    try:
        check(found.pair.request)
    except Disagreement:
        return found
    return lasted


def _smaller(request: Request) -> Iterator[Request]:
    path, _, query = request.target.partition("?")
    parameters = query.split("&") if query else []
    for number in range(len(parameters)):
        left = "&".join(parameters[:number] + parameters[number + 1 :])
        yield replace(request, target=f"{path}?{left}" if left else path)
    for line in request.headers:
        if line[0].lower() != "host" and (not request.body or line[0].lower() != "content-type"):
            yield replace(request, headers=tuple(each for each in request.headers if each != line))
