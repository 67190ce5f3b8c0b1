from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, DecimalException

from extracted.catalog.domain import CategoryPath, Criteria, Order, Shelf, SortBy
from extracted.catalog.public.asked import Asked
from extracted.catalog.public.phrases import phrase
from extracted.catalog.public.refusal import Refusal

__all__ = ["ProductsAsked"]

_LARGEST = Decimal(10) ** 50
_FARTHEST = 10**15
_EXACT = Context(prec=100)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class ProductsAsked:
    """What the query string of the list asks for: `criteria` and `order`.

    Raises Refusal with all wrong parameters at once. `shelf` finds a category by its slug.
    """

    def __init__(self, asked: Asked, shelf: Callable[[str], Shelf | None]) -> None:
        self._asked = asked
        self._wrong: dict[str, list[str]] = {}
        below = self._category(shelf)
        terms = self._terms()
        lowest = self._price("min_price")
        highest = self._price("max_price")
        in_stock = _BOOLEANS.get((asked.parameter("in_stock") or "").lower())
        self.order = self._order()
        if self._wrong:
            raise Refusal(400, self._wrong)
        self.criteria = Criteria(
            below=below,
            terms=terms,
            min_price=None if lowest is None else _hundredths(lowest, ROUND_CEILING),
            max_price=None if highest is None else _hundredths(highest, ROUND_FLOOR),
            in_stock=in_stock,
        )

    def _refuse(self, parameter: str, name: str, **values: object) -> None:
        self._wrong.setdefault(parameter, []).append(phrase(name, self._asked.language, **values))

    def _category(self, shelf: Callable[[str], Shelf | None]) -> CategoryPath | None:
        slug = self._asked.parameter("category")
        if not slug:
            return None
        if "\0" in slug:
            self._refuse("category", "nul")
            return None
        found = shelf(slug)
        if found is None:
            self._refuse("category", "no_such_choice")
            return None
        return found.path

    def _terms(self) -> tuple[str, ...]:
        text = (self._asked.parameter("search") or "").strip()
        if "\0" in text:
            self._refuse("search", "nul")
        return tuple(dict.fromkeys(text.split()))

    def _price(self, parameter: str) -> Decimal | None:
        text = self._asked.parameter(parameter)
        if not text:
            return None
        try:
            value = Decimal(text)
        except DecimalException:
            value = Decimal("NaN")
        if not value.is_finite():
            self._refuse(parameter, "no_number")
            return None
        if value > _LARGEST:
            self._refuse(parameter, "too_large", limit=float(_LARGEST))
        return value

    def _order(self) -> tuple[Order, ...]:
        order = []
        for part in filter(None, (self._asked.parameter("ordering") or "").split(",")):
            try:
                order.append(Order(SortBy(part.removeprefix("-")), descending=part.startswith("-")))
            except ValueError:
                self._refuse("ordering", "not_a_choice", value=part)
                break
        return tuple(order)


def _hundredths(amount: Decimal, rounding: str) -> int:
    """The bound in hundredths that the same prices meet; no further out than any price can be."""
    if abs(amount) > _FARTHEST:
        return _FARTHEST * 100 if amount > 0 else -_FARTHEST * 100
    return int(amount.scaleb(2, _EXACT).to_integral_value(rounding, _EXACT))
