"""The seeded categories, products and reviews, unsaved, with their ids."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.utils.text import slugify

from monolith.accounts.models import Customer
from monolith.catalog.models import Category, Product, Review
from monolith.seed import pictures
from monolith.seed.sizes import LONG_AGO, TODAY, Sizes, between, chance
from monolith.seed.words import (
    ADJECTIVES,
    CATEGORIES,
    COLOURS,
    EXTRA_WORDS,
    GIVEN_NAMES,
    MATERIALS,
    ODDITIES,
    OPINIONS,
    SENTENCES,
    SERIES,
    Leaf,
    Oddity,
)

__all__ = ["Shelves", "categories", "products", "reviews"]

_EVERY_ODDITY = 5
_MANY_REVIEWS = 45
"""So many that a product's reviews fill several pages."""


@dataclass(frozen=True, slots=True)
class Shelves:
    """The tree, parents before children, and what may stand where."""

    rows: list[Category]
    leaves: list[tuple[Category, Leaf]]
    middles: list[Category]


def categories() -> Shelves:
    rows: list[Category] = []
    leaves: list[tuple[Category, Leaf]] = []
    middles: list[Category] = []

    def add(name: str, parent: Category | None, order: int) -> Category:
        row = Category(pk=len(rows) + 1, name=name, slug=slugify(name), parent=parent, sort_order=order)
        rows.append(row)
        return row

    for root_order, (root_name, below) in enumerate(CATEGORIES.items(), 1):
        root = add(root_name, None, root_order * 10)
        for middle_order, (middle_name, ends) in enumerate(below.items(), 1):
            middle = add(middle_name, root, middle_order * 10)
            middles.append(middle)
            for order, leaf in enumerate(ends, 1):
                leaves.append((add(leaf.name, middle, order * 10), leaf))
    # A category in which nothing stands yet, and one whose name is not ASCII.
    add("Coming soon", None, 90)
    rows.append(
        Category(pk=len(rows) + 1, name="Für Gäste & Geschenke 🎁", slug="gifts", parent=rows[0], sort_order=90)
    )
    return Shelves(rows, leaves, middles)


def products(sizes: Sizes, shelves: Shelves) -> list[Product]:
    """In the order of their ids, with neither stock, ratings nor sale prices."""
    draw = chance(sizes, "products")
    return [_product(draw, number, shelves) for number in range(1, sizes.products + 1)]


def _product(draw: random.Random, number: int, shelves: Shelves) -> Product:
    category, leaf = draw.choice(shelves.leaves)
    noun = draw.choice(leaf.nouns)
    name = f"{draw.choice(ADJECTIVES)} {noun} {draw.choice(SERIES)}"
    if draw.random() < 0.15:
        name += f" {draw.randrange(2, 60)} {draw.choice(('cm', 'mm', 'L', '-piece', '″'))}"
    if draw.random() < 0.04:
        category = draw.choice(shelves.middles)
    odd = _oddity(number)
    # Low prices are more frequent than high ones.
    cents = round(leaf.cents[0] + (leaf.cents[1] - leaf.cents[0]) * draw.random() ** 2.2)
    cents = cents - cents % 10 + draw.choice((0, 5, 9, 9))
    created = between(draw, LONG_AGO, TODAY - timedelta(days=1))
    changed = between(draw, created, TODAY)
    fate = draw.random()
    attributes = _attributes(draw)
    description = _description(draw, noun)
    weight = draw.choice((None, draw.randrange(5, 900), draw.randrange(100, 9000)))
    image = draw.choice(pictures.NAMES) if draw.random() < 0.6 else ""
    tax = Decimal(leaf.tax)
    if odd is not None:
        name, attributes = odd.name, {**attributes, **odd.attributes}
        description = description if odd.description is None else odd.description
        cents = cents if odd.cents is None else odd.cents
        # Gift cards and the like are not taxed when they are sold.
        tax = Decimal("0.00") if odd.name == "Gift Card" else tax
        fate = 1.0
    return Product(
        pk=number,
        sku=f"{slugify(leaf.name)[:3].upper()}-{number:05d}",
        slug=f"{slugify(name)[:120].strip('-') or 'product'}-{number}",
        name=name,
        description=description,
        category=category,
        price=Decimal(max(cents, 1)) / 100,
        tax_rate=tax,
        is_published=not fate < 0.03,
        is_discontinued=0.02 < fate < 0.08,
        attributes=attributes,
        weight_grams=weight,
        image=image,
        created_at=created,
        updated_at=changed,
    )


def _oddity(number: int) -> Oddity | None:
    place, rest = divmod(number - 3, _EVERY_ODDITY)
    return ODDITIES[place] if rest == 0 and 0 <= place < len(ODDITIES) else None


def _attributes(draw: random.Random) -> dict[str, str]:
    if draw.random() < 0.1:
        return {}
    found = {"material": draw.choice(MATERIALS), "colour": draw.choice(COLOURS)}
    if draw.random() < 0.4:
        found["size"] = f"{draw.randrange(5, 80)} × {draw.randrange(5, 60)} × {draw.randrange(1, 40)} cm"
    if draw.random() < 0.2:
        found["warranty"] = f"{draw.choice((2, 5, 10))} years"
    if draw.random() < 0.1:
        found["Größe"] = draw.choice(("S", "M", "L", "XL"))
    return found


def _description(draw: random.Random, noun: str) -> str:
    kind = draw.random()
    if kind < 0.04:
        return ""
    first = f"A {draw.choice(EXTRA_WORDS)}, {draw.choice(EXTRA_WORDS)} {noun.lower()}."
    if kind > 0.98:
        # What a supplier's catalogue looks like when somebody pastes all of it.
        return "\n\n".join([first, *(" ".join(draw.choices(SENTENCES, k=8)) for _ in range(draw.randrange(8, 24)))])
    return " ".join([first, *draw.sample(SENTENCES, draw.randrange(1, 6))])


def reviews(sizes: Sizes, shown: Sequence[Product], customers: Sequence[Customer]) -> list[Review]:
    """In the order of their ids; the parts of the mean are written onto the products."""
    draw = chance(sizes, "reviews")
    rows: list[Review] = []
    for index, product in enumerate(shown):
        number = _MANY_REVIEWS if index == 0 else _how_many(draw)
        # Some wrote before accounts existed; nobody writes twice about one thing.
        known = draw.sample(customers, min(number - number // 6, len(customers)))
        authors: list[Customer | None] = [*known, *[None] * (number - len(known))]
        liking = draw.choice((1.2, 2.0, 3.0, 4.0))
        for author in authors:
            stars = min(5, max(1, round(draw.triangular(1, 5.6, 1.4 + liking))))
            title, body = draw.choice(OPINIONS[stars])
            if draw.random() < 0.03:
                body = " ".join([body, *draw.choices(SENTENCES, k=30)])
            row = Review(
                pk=len(rows) + 1,
                product=product,
                author=author,
                author_name=author.display_name if author else draw.choice(GIVEN_NAMES),
                stars=stars,
                title=title,
                body=body,
                is_approved=draw.random() < 0.88,
                created_at=between(draw, product.created_at, TODAY),
            )
            rows.append(row)
            if row.is_approved:
                product.rating_sum += stars
                product.review_count += 1
    return rows


def _how_many(draw: random.Random) -> int:
    return 0 if draw.random() < 0.35 else min(int(draw.expovariate(1 / 4)) + 1, 40)
