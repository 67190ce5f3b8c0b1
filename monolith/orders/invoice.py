"""An order's invoice as plain text."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from monolith.display import money
from monolith.orders.models import Order, OrderLine
from monolith.orders.states import OrderState

__all__ = ["INVOICED", "invoice_text"]

INVOICED = frozenset({OrderState.PAID, OrderState.SHIPPED, OrderState.DELIVERED, OrderState.REFUNDED})
"""States in which there is an invoice: money has moved."""

_WIDTH = 72


def _row(left: str, right: str) -> str:
    return f"{left:<{_WIDTH - len(right) - 1}} {right}"


def _lines(line: OrderLine, currency: str) -> Iterable[str]:
    rate = f"{line.tax_rate.normalize():f} %"
    yield f"{line.position}. {line.name}"
    detail = f"   {line.sku}  {line.quantity} × {money(line.unit_gross, currency)}  ({_('tax')} {rate})"
    yield _row(detail, money(line.unit_gross * line.quantity, currency))
    if line.discount:
        yield _row(f"   {line.promotion}", money(-line.discount, currency))


def _taxes(order: Order, lines: list[OrderLine]) -> Iterable[str]:
    by_rate: dict[Decimal, Decimal] = {}
    for line in lines:
        by_rate[line.tax_rate] = by_rate.get(line.tax_rate, Decimal(0)) + line.tax
    for rate, tax in sorted(by_rate.items()):
        yield _row(_("of which tax %(rate)s %%") % {"rate": f"{rate.normalize():f}"}, money(tax, order.currency))
    freight = order.tax - sum(by_rate.values(), Decimal(0))
    if freight:
        yield _row(_("of which tax on shipping"), money(freight, order.currency))


def invoice_text(order: Order) -> str:
    """The invoice in the order's own language; the lines as they were sold."""
    lines = list(order.lines.all())
    with translation.override(order.language):
        title = _("Invoice %(number)s") % {"number": order.number}
        rows = [
            "Fig & Co.",
            "",
            title,
            "=" * len(title),
            _row(_("Date"), date_format(order.placed_at, "DATE_FORMAT")),
            _row(_("State"), str(order.get_state_display())),
            "",
            order.ship_name,
            order.ship_street,
            f"{order.ship_postcode} {order.ship_city}, {order.ship_country}",
            "",
            "-" * _WIDTH,
        ]
        for line in lines:
            rows.extend(_lines(line, order.currency))
        rows += [
            "-" * _WIDTH,
            _row(_("Shipping"), money(order.shipping, order.currency)),
            _row(_("Total"), money(order.gross, order.currency)),
            _row(_("Net"), money(order.net, order.currency)),
            *_taxes(order, lines),
            "",
        ]
    return "\n".join(rows)
