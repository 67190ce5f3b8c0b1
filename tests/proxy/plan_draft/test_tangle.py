"""What has to be cut, and how."""

from __future__ import annotations

import pytest
from strangler_proxy.plan_draft import Tangle, parts_of, tangles_of

from strangler.inventory import Inventory, Receiver
from tests.proxy.plan_draft.known import imports, relation, shop, together


def tangles(inventory: Inventory) -> list[Tangle]:
    return tangles_of(inventory, parts_of(inventory))


@pytest.mark.parametrize(
    ("on_delete", "cut"),
    [("CASCADE", "event"), ("PROTECT", "marks as deleted"), ("SET_NULL", "copy of what is shown"), ("", "plain id")],
)
def test_a_foreign_key_is_cut_by_what_its_deletion_does(on_delete: str, cut: str) -> None:
    [tangle] = tangles(shop(["cart", "catalog"], relations=[relation("cart", "catalog", on_delete)]))
    assert (tangle.number, tangle.kind, tangle.source, tangle.target) == (1, "relation", "cart", "catalog")
    assert tangle.where == "shop/cart/models.py:5"
    assert cut in tangle.cut


def test_imports_signals_and_transactions_are_told_with_their_places() -> None:
    inventory = shop(
        ["cart", "orders"],
        edges=[imports("orders", "cart", 2)],
        observed=[together("orders/list/", "orders", "cart"), together("orders/list/", "orders", "cart")],
    )
    receiver = Receiver(
        "shop.cart.signals.emptied", "shop.orders.receivers.note", "orders", "cart", file="shop/orders/r.py", line=7
    )
    inventory = Inventory(
        **{**{name: getattr(inventory, name) for name in inventory.__slots__}, "receivers": (receiver,)}
    )
    found = {tangle.kind: tangle for tangle in tangles(inventory)}
    assert list(found) == ["transaction", "signal", "import"]
    assert [tangle.number for tangle in found.values()] == [1, 2, 3]
    assert found["signal"].where == "shop/orders/r.py:7"
    assert found["import"].what == "2 imports: shop.cart.services"
    assert "saga" in found["transaction"].cut


def test_within_a_part_nothing_is_a_tangle() -> None:
    both = [relation("cart", "catalog"), relation("catalog", "cart")]
    assert tangles(shop(["cart", "catalog"], relations=both)) == []
