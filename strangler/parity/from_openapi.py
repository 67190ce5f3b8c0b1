"""The decorator that makes a test of each operation of a schema."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from strangler.compare import Answer, Request
from strangler.errors import NoAnswer
from strangler.parity.covered import COVERED
from strangler.parity.disagreement import Disagreement
from strangler.parity.openapi import Source, is_local, operations_of

__all__ = ["Plan", "from_openapi", "labels_of", "plan_of"]

_PLAN = "strangler_parity_plan"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a test generates: see `from_openapi`."""

    source: Source
    include: str | Sequence[str]
    exclude: str | Sequence[str]
    methods: Sequence[str]


def labels_of(function: object) -> list[str]:
    """The operations of a test function's plan, where the document is at hand; none where somebody has to be asked for
    it, or where there is no plan. Raises MissingExtra and ConfigError."""
    plan = plan_of(function)
    if plan is None or not is_local(plan.source):
        return []

    def nobody(target: str) -> Answer:
        raise NoAnswer("nobody", "unsendable")

    found = operations_of(plan.source, nobody, include=plan.include, exclude=plan.exclude, methods=plan.methods)
    return [operation.label for operation in found]


def plan_of(function: object) -> Plan | None:
    """The plan of a test function, None where it has none."""
    found = getattr(function, _PLAN, None)
    return found if isinstance(found, Plan) else None


def from_openapi(
    source: Source,
    *,
    include: str | Sequence[str] = "*",
    exclude: str | Sequence[str] = (),
    methods: Sequence[str] = ("GET",),
    max_examples: int = 50,
    seed: int | None = None,
    invalid: bool = True,
) -> Callable[[Callable[..., object]], Callable[..., None]]:
    """Run a test once for each generated request, which it takes as `question`, beside the fixture `parity` and others:

        @parity.from_openapi("/api/v1/schema/", include="/api/v1/products/*")
        def test_reads_are_answered_alike(parity, question):
            parity.check(question)

    See `Parity.schema` for `source`, `include`, `exclude` and `methods`, and `Parity.explore` for the others. Nobody is
    asked for the document before the test runs; where it is a mapping or a file, each operation is a test of its own.
    Methods that change something are asked of both sides when they are named.
    """

    def decorate(function: Callable[..., object]) -> Callable[..., None]:
        signature = inspect.signature(function)
        if "question" not in signature.parameters:
            raise TypeError(f"{function.__name__} has to take `question`, the generated request")
        own = [each for name, each in signature.parameters.items() if name != "question"]
        # Of the rest, what the test itself does not want.
        ours = {"parity", "parity_operation", "request"} - set(signature.parameters)

        @functools.wraps(function)
        def run(*args: Any, **fixtures: Any) -> None:
            import pytest  # this module is imported where only its values are wanted, too

            parity, label, node = fixtures["parity"], fixtures["parity_operation"], fixtures["request"].node
            given = {name: value for name, value in fixtures.items() if name not in ours}

            def check(request: Request) -> object:
                return function(*args, **given, question=request)

            failed: list[Disagreement] = []
            for operation in parity.schema(source, include=include, exclude=exclude, methods=methods):
                if label in (None, operation.label):
                    try:
                        covered = parity.explore(
                            operation, check, max_examples=max_examples, seed=seed, invalid=invalid
                        )
                    except Disagreement as error:
                        failed.append(error)
                    else:
                        node.user_properties.append((COVERED, str(covered)))
            if failed:
                # Where it went wrong is not in this file, nor in the few lines of the test.
                pytest.fail("\n\n".join(map(str, failed)), pytrace=False)

        more = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in sorted(ours)]
        run.__signature__ = signature.replace(parameters=[*own, *more])  # type: ignore[attr-defined]
        setattr(run, _PLAN, Plan(source, include, exclude, methods))
        return run

    return decorate
