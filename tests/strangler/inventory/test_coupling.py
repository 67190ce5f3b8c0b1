from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from strangler.inventory import CouplingKind, Import, Receiver, couplings, read_inventory

EXAMPLE = Path(__file__).with_name("example.json")


def test_what_ties_two_apps_is_counted_by_kind() -> None:
    found = {(each.source, each.target, each.kind): each for each in couplings(read_inventory(EXAMPLE))}
    assert {place: each.count for place, each in found.items()} == {
        ("orders", "accounts", CouplingKind.RELATION): 1,
        ("orders", "catalog", CouplingKind.IMPORT): 2,
        ("orders", "catalog", CouplingKind.RELATION): 1,
        ("orders", "catalog", CouplingKind.SIGNAL): 1,
        ("orders", "catalog", CouplingKind.TRANSACTION): 41,
        ("orders", "catalog", CouplingKind.JOIN): 82,
    }
    assert found["orders", "catalog", CouplingKind.IMPORT].example == "shop/orders/services.py:9 shop.catalog.models"
    assert found["orders", "accounts", CouplingKind.RELATION].example == (
        "orders.Order.customer to accounts.User (foreign-key, PROTECT)"
    )


def test_what_only_a_type_checker_reads_and_what_stays_at_home_is_no_tie() -> None:
    inventory = replace(
        read_inventory(EXAMPLE),
        imports=(Import("orders", "accounts", 2, typing=2),),
        relations=(),
        observed=(),
        receivers=(Receiver("shop.orders.signals.placed", "shop.orders.receivers.x", "orders", signal_app="orders"),),
    )
    assert couplings(inventory) == []
