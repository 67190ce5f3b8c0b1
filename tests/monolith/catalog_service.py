"""The catalogue service's clean shape, made from the monolith's facts."""

from __future__ import annotations

from typing import Any

from monolith.catalog.facts import ProductFacts

__all__ = ["URL", "answer", "told"]

URL = "http://catalog.test"


def told(facts: ProductFacts, **changes: Any) -> dict[str, Any]:
    """One product as the service tells it."""

    def amount(value: Any) -> dict[str, Any]:
        return {"minor": int(value * 100), "currency": facts.currency}

    return {
        "id": facts.id,
        "sku": facts.sku,
        "name": facts.name,
        "price": amount(facts.price),
        "sale_price": None if facts.sale_price is None else amount(facts.sale_price),
        "tax_rate_bp": int(facts.tax_rate * 100),
        "availability": facts.availability,
        "category_path": "kitchen/knives",
        "status": "on_sale" if facts.sellable else "discontinued",
        **changes,
    }


def answer(*products: dict[str, Any]) -> dict[str, Any]:
    return {"products": list(products), "next": None}
