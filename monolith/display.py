"""Template tags of the shop's pages: prices as the reader's language writes them, stars, placeholders' colours."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext

from monolith import money as amounts

__all__ = ["gross", "hue", "money", "register", "stars"]

register = template.Library()

_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£"}
_HUES = 8


@register.filter
def money(amount: Decimal, currency: str = "EUR") -> str:
    """``€1,234.50`` in English, ``1.234,50 €`` in German; a currency without a sign is named."""
    number = number_format(abs(amount), decimal_pos=2, force_grouping=True)
    minus = "−" if amount < 0 else ""
    sign = _SIGNS.get(currency, currency)
    if (get_language() or "en").startswith("en") and currency in _SIGNS:
        return f"{minus}{sign}{number}"
    return f"{minus}{number}\N{NO-BREAK SPACE}{sign}"


@register.filter
def gross(net: Decimal, rate: Decimal) -> Decimal:
    return amounts.with_tax(net, rate)


@register.simple_tag
def stars(rating: Decimal | int | None, count: int | None = None) -> SafeString | str:
    """Five stars, filled by halves, with the words for who cannot see them. Nothing without a rating."""
    if rating is None:
        return ""
    shown = number_format(rating, decimal_pos=None if isinstance(rating, int) else 1)
    words = gettext("%(rating)s of 5 stars") % {"rating": shown}
    halves = int(Decimal(rating) * 2 + Decimal("0.5"))
    drawn = format_html('<span class="stars" data-halves="{}" role="img" aria-label="{}"></span>', halves, words)
    if count is None:
        return drawn
    reviews = ngettext("%(count)s review", "%(count)s reviews", count) % {"count": count}
    return format_html(
        '<span class="rating">{} <span aria-hidden="true">{}</span>'
        ' <span class="muted">(<span aria-hidden="true">{}</span><span class="only-read">{}</span>)</span></span>',
        drawn,
        shown,
        count,
        reviews,
    )


@register.filter
def hue(product_id: int) -> int:
    """Which of the placeholder's colours a product gets, always the same one."""
    return product_id % _HUES
