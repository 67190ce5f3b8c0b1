"""Evidence as the evidence stores' suite adds it."""

from __future__ import annotations

from strangler.compare import Answer, Difference, DifferenceKind, Pair, Request, Verdict
from strangler.evidence import Batch, KeptPair, Scope

__all__ = ["AT", "DAY", "SCOPE", "batch_of", "kept_pair"]

DAY = 86_400
AT = 20_000.0 * DAY + 3600
SCOPE = Scope("catalog.list", "1.0", "abc")


def kept_pair(
    name: str,
    *,
    at: float = AT,
    scope: Scope = SCOPE,
    field: str = "$.price",
    verdict: Verdict = Verdict.DIFFER,
    cause: str = "",
    subject: str = "",
    old: int = 200,
    body: bytes = b"{}",
) -> KeptPair:
    """A whole pair of one product, judged as said; `old` is the status of the monolith's answer, `body` its body."""
    differences = (Difference(field, DifferenceKind.VALUE, "1", "2"),) if verdict is Verdict.DIFFER else ()
    return KeptPair(
        id=name,
        at=at,
        scope=scope,
        template="/products/<int>",
        stage="shadow",
        answering="monolith",
        verdict=verdict,
        cause=cause,
        differences=differences,
        subject=subject,
        seconds=(0.25, 0.5),
        pair=Pair(
            Request("GET", "/products/1?a=ü", "catalog.list", (("Accept", "*/*"),), b"\x00\xff"),
            Answer(old, (("Content-Type", "application/json"),), body),
            Answer(200, (), b"x"),
        ),
    )


def batch_of(*kept: KeptPair, scope: Scope = SCOPE, pairs: int = 1, at: float = AT) -> Batch:
    """A batch with those pairs kept, and so many more counted that agree."""
    batch = Batch()
    if pairs:
        batch.pair(
            scope,
            template="/products/<int>",
            method="GET",
            status=200,
            stage="shadow",
            answering="monolith",
            verdict=Verdict.AGREE,
            at=at,
            count=pairs,
        )
    for each in kept:
        batch.keep(each)
    return batch
