from __future__ import annotations

from datetime import UTC, datetime

from strangler_proxy.gates import began

from strangler.toggles import AuditEntry, Side, Stage, Toggle

AT_FIVE = Toggle("a.b", stage=Stage.CANARY, share=5_000)
AT_ONE = Toggle("a.b", stage=Stage.CANARY, share=1_000)
OVERRIDDEN = Toggle("a.b", stage=Stage.CANARY, share=5_000, overrides={"ana": Side.CANDIDATE})


def entry(at: float, before: Toggle | None, after: Toggle) -> AuditEntry:
    return AuditEntry(
        id=int(at),
        revision=int(at),
        at=datetime.fromtimestamp(at, UTC),
        who="ana",
        why="",
        name=after.name,
        before=before,
        after=after,
        forced=False,
    )


def test_it_began_with_its_stage_and_share_and_not_with_an_override() -> None:
    history = [entry(30, AT_FIVE, OVERRIDDEN), entry(20, AT_ONE, AT_FIVE), entry(10, None, AT_ONE)]
    assert began(OVERRIDDEN, history) == 20
    # A share that it had before is another time.
    again = [entry(50, AT_ONE, AT_FIVE), entry(40, AT_FIVE, AT_ONE), *history]
    assert began(AT_FIVE, again) == 50


def test_one_that_was_only_declared_began_then_and_one_without_audit_is_not_known() -> None:
    assert began(AT_ONE, [entry(10, None, AT_ONE)]) == 10
    assert began(AT_ONE, []) is None
    assert began(AT_ONE, [entry(10, None, AT_FIVE)]) is None
    other = Toggle("a.c", stage=Stage.SHADOW)
    assert began(AT_FIVE, [entry(30, None, other), entry(20, AT_ONE, AT_FIVE)]) == 20
