"""Which pairs are kept whole: a few of each kind, without their secrets, and never too large a telling."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from strangler_proxy.comparer.finding import Finding, pair_of
from strangler_proxy.comparer.keeping import Keeper
from strangler_proxy.comparer.ledger import Ledger
from strangler_proxy.comparer.process import redacting
from strangler_proxy.shadow.frame import Unequal
from strangler_proxy.state import StateDir

from strangler.compare import Difference, DifferenceKind, Noise, NoiseKind, Rules, Verdict, compare_pair
from strangler.compare.redaction import Redaction, RedactionKind
from strangler.evidence import OTHERS, Cause, KeptPair, Redactor, Scope
from tests.proxy.comparer.exchanges import exchange, side
from tests.proxy.control.fakes import config

SCOPE = Scope("catalog.detail", "1.4", "abc")


def differing(*fields: str) -> Finding:
    return Finding(Verdict.DIFFER, tuple(Difference(field, DifferenceKind.VALUE, "1", "2") for field in fields))


def kept(keeper: Keeper, findings: Iterable[Finding], *, now: float = 0.0, unequal: Unequal | None = None) -> int:
    return sum(keeper.kept(unequal or exchange(), each, SCOPE, now) is not None for each in findings)


def test_of_each_field_and_kind_a_few_are_kept_and_later_more() -> None:
    keeper = Keeper(lambda each: each)
    assert kept(keeper, [differing("$.price")] * 100) == 5
    assert kept(keeper, [differing("$.price", "$.name")] * 100) == 5
    assert kept(keeper, [differing("$.price")] * 100, now=4.0) == 2


def test_of_the_others_fewer_are_kept_by_cause() -> None:
    keeper = Keeper(lambda each: each)
    assert kept(keeper, [Finding(Verdict.AGREE)] * 100) == 2
    for cause in (Cause.UNCHECKED, Cause.TRANSIENT):
        assert kept(keeper, [Finding(Verdict.INCONCLUSIVE, cause=cause)] * 100) == 3
    assert kept(keeper, [differing("$.price")]) == 1


def test_without_a_way_to_redact_nothing_is_kept() -> None:
    assert kept(Keeper(None), [differing("$.price")]) == 0


def test_a_pair_that_is_too_large_is_not_kept_and_all_together_are_bounded() -> None:
    keeper = Keeper(lambda each: each)
    large = exchange(side("x" * 550_000), side("y" * 550_000))
    assert kept(keeper, [differing("$")], unequal=large) == 0
    # As JSON it is six times as long.
    assert kept(keeper, [differing("$.a")], unequal=exchange(side(b"\0" * 400_000), side(b"\1"))) == 0
    some = exchange(side("x" * 400_000), side("y" * 400_000))
    fields = [differing(f"$.f{number}") for number in range(20)]
    assert kept(keeper, fields, unequal=some) == 8
    keeper.taken()
    assert kept(keeper, [differing("$.later")], unequal=some) == 1


PLANTED = {
    "target": "tok-in-query-7f3a",
    "cookie": "tok-in-cookie-7f3a",
    "authorization": "tok-in-authorization-7f3a",
    "request": "tok-in-request-body-7f3a",
    "old": "tok-in-old-body-7f3a",
    "new": "tok-in-new-body-7f3a",
    "set": "tok-in-set-cookie-7f3a",
    "header": "tok-in-own-header-7f3a",
}


def planted() -> Unequal:
    """An exchange with a secret in every place that there is."""
    return exchange(
        side({"password": PLANTED["old"], "price": 1}, lines=[b"Set-Cookie: sessionid=" + PLANTED["set"].encode()]),
        side({"password": PLANTED["new"], "price": 2}),
        method="POST",
        target=f"/products/7/?token={PLANTED['target']}".encode(),
        candidate_target=f"/v1/products/7?token={PLANTED['target']}".encode(),
        request_lines=[
            b"Host: shop",
            b"Content-Type: application/json",
            b"Cookie: sessionid=" + PLANTED["cookie"].encode(),
            b"Authorization: Bearer " + PLANTED["authorization"].encode(),
            b"X-Api-Key: " + PLANTED["header"].encode(),
        ],
        request_body=json.dumps({"password": PLANTED["request"]}).encode(),
    )


@pytest.mark.parametrize("verdict", Verdict)
def test_no_secret_of_any_place_is_in_what_is_kept(verdict: Verdict) -> None:
    unequal = planted()
    keeper = Keeper(Redactor((), key=b"k" * 32).kept)
    found = compare_pair(pair_of(unequal), Rules())
    finding = Finding(verdict, found.differences)
    assert any(each.field == "$.password" for each in finding.differences)
    pair = keeper.kept(unequal, finding, SCOPE, 0.0)
    assert isinstance(pair, KeptPair)
    document = json.dumps(pair.to_json())
    assert [place for place, secret in PLANTED.items() if secret in document] == []
    assert "price" in document


def test_a_field_whose_name_is_somebodys_data_is_counted_under_another_name() -> None:
    redactor = Redactor([Redaction(RedactionKind.PATTERN, r"[\w.]+@[\w.]+", "addresses")], key=b"k" * 32)
    keeper = Keeper(redactor.kept)
    field = '$.customers["ann.lee@example.org"].orders[*].total'
    shown = keeper.field(field)
    assert "ann.lee" not in shown
    assert shown.endswith(".orders[*].total")
    assert keeper.field(field) == shown
    assert keeper.field("$.price") == "$.price"
    ledger = Ledger(Rules(), keeper)
    noise = (Noise(field, NoiseKind.VALUE, field),)
    ledger.note(exchange(), Finding(Verdict.DIFFER, differing(field).differences, noise=noise), 0.0)
    assert "ann.lee" not in json.dumps(ledger.take().to_json())


def test_where_a_fields_name_cannot_be_redacted_it_is_not_told() -> None:
    def failing(kept: KeptPair) -> KeptPair:
        raise RuntimeError("no key")

    assert Keeper(failing).field("$.price") == OTHERS


def test_the_names_of_fields_that_are_remembered_are_bounded() -> None:
    keeper = Keeper(lambda each: each)
    for number in range(10_000):
        assert keeper.field(f"$.f{number}") == f"$.f{number}"
    assert len(keeper._fields) <= 4096


def test_with_a_key_that_others_may_read_nothing_is_kept_and_comparing_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    configured = config(tmp_path)
    state = StateDir.of(configured)
    state.create()
    assert redacting(configured, state) is not None
    assert state.redaction_key.stat().st_mode & 0o777 == 0o600
    state.redaction_key.chmod(0o644)
    assert redacting(configured, state) is None
    assert "no pair is kept whole" in caplog.text
