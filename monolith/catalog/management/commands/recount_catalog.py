"""``recount_catalog``: for the columns of a product that others keep (named tangles), when one has gone astray."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Count, Sum

from monolith.catalog import changes, services
from monolith.catalog.models import Product, Review
from monolith.inventory import services as inventory
from monolith.inventory.reservations import locked_stock

__all__ = ["Command", "Drift"]

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Drift:
    """A product whose column says ``stored`` where counting gives ``counted``."""

    product_id: int
    column: str
    stored: object
    counted: object

    def __str__(self) -> str:
        return f"product {self.product_id}: {self.column} is {self.stored}, counted {self.counted}"


class Command(BaseCommand):
    help = "Counts ratings and availability again, reports what differs, and repairs it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="repair nothing; exit 1 when anything differs")

    def handle(self, *, check: bool, **_: Any) -> None:
        ids = list(Product.objects.order_by("pk").values_list("pk", flat=True))
        found: list[Drift] = []
        for part in changes.chunks(ids):
            found += _recount(part, repair=not check)
        for drift in found[:_SHOWN]:
            self.stdout.write(str(drift))
        if len(found) > _SHOWN:
            self.stdout.write(f"… and {len(found) - _SHOWN} more")
        summary = f"recount_catalog: {len(found)} columns of {len(ids)} products differ"
        if not found:
            self.stdout.write(f"recount_catalog: {len(ids)} products, nothing differs")
        elif check:
            raise CommandError(f"{summary}; run it without --check to repair them.")
        else:
            self.stdout.write(f"{summary}: repaired")


@transaction.atomic
def _recount(ids: Sequence[int], *, repair: bool) -> list[Drift]:
    # Locked in the order of a sale, stock before product, so that nothing moves between counting and writing.
    locked_stock(ids)
    products = {row.pk: row for row in Product.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    levels = inventory.levels(ids)
    approved = Review.objects.approved().filter(product_id__in=ids).order_by().values("product_id")
    totals = {
        row["product_id"]: {"rating_sum": row["sum"], "review_count": row["number"]}
        for row in approved.annotate(sum=Sum("stars"), number=Count("pk"))
    }
    found: list[Drift] = []
    words: dict[int, str] = {}
    for pk, product in products.items():
        counted = totals.get(pk, {"rating_sum": 0, "review_count": 0})
        astray = [Drift(pk, name, getattr(product, name), value) for name, value in counted.items()]
        astray = [drift for drift in astray if drift.stored != drift.counted]
        if astray and repair:
            Product.objects.filter(pk=pk).update(**counted)
        if product.availability != levels[pk].availability:
            words[pk] = levels[pk].availability
            astray.append(Drift(pk, "availability", product.availability, words[pk]))
        found += astray
    if words and repair:
        services.set_availability(words)
    return found
