"""Orders: what was bought, frozen as it was at that moment."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from monolith.orders.states import OrderState

__all__ = ["Order", "OrderEvent", "OrderLine"]


class Order(models.Model):
    STATES: ClassVar = [
        (OrderState.PENDING_PAYMENT.value, _("Waiting for payment")),
        (OrderState.PAID.value, _("Paid")),
        (OrderState.SHIPPED.value, _("Shipped")),
        (OrderState.DELIVERED.value, _("Delivered")),
        (OrderState.CANCELLED.value, _("Cancelled")),
        (OrderState.REFUNDED.value, _("Refunded")),
        (OrderState.PAYMENT_FAILED.value, _("Payment failed")),
    ]

    number = models.CharField(_("number"), max_length=20, unique=True)
    customer = models.ForeignKey(
        "accounts.Customer", verbose_name=_("customer"), on_delete=models.PROTECT, related_name="orders"
    )
    email = models.EmailField(_("email address"))
    language = models.CharField(_("language"), max_length=8, default="en")
    state = models.CharField(
        _("state"), max_length=20, choices=STATES, default=OrderState.PENDING_PAYMENT.value, db_index=True
    )
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    net = models.DecimalField(_("net"), max_digits=12, decimal_places=2)
    tax = models.DecimalField(_("tax"), max_digits=12, decimal_places=2)
    gross = models.DecimalField(_("total"), max_digits=12, decimal_places=2)
    shipping = models.DecimalField(_("shipping"), max_digits=10, decimal_places=2)
    discount = models.DecimalField(_("discount"), max_digits=12, decimal_places=2)
    ship_name = models.CharField(_("name"), max_length=120)
    ship_street = models.CharField(_("street"), max_length=200)
    ship_postcode = models.CharField(_("postcode"), max_length=20)
    ship_city = models.CharField(_("city"), max_length=120)
    ship_country = models.CharField(_("country"), max_length=2, default="DE")
    placed_at = models.DateTimeField(_("placed at"), default=timezone.now, db_index=True)
    payment_due_at = models.DateTimeField(_("payment due at"))
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ("-placed_at", "-id")
        indexes = (models.Index(fields=["state", "payment_due_at"], name="order_due"),)

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    """A line as it was sold. ``product`` is a link for the reader's comfort (a named tangle), nothing depends on it."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey("catalog.Product", on_delete=models.SET_NULL, null=True, related_name="+")
    position = models.PositiveSmallIntegerField()
    sku = models.CharField(_("SKU"), max_length=40)
    name = models.CharField(_("name"), max_length=200)
    quantity = models.PositiveIntegerField(_("quantity"))
    unit_net = models.DecimalField(_("net unit price"), max_digits=10, decimal_places=2)
    unit_gross = models.DecimalField(_("unit price"), max_digits=10, decimal_places=2)
    tax_rate = models.DecimalField(_("tax rate"), max_digits=4, decimal_places=2)
    discount = models.DecimalField(_("discount"), max_digits=10, decimal_places=2)
    promotion = models.CharField(_("promotion"), max_length=120, blank=True)
    net = models.DecimalField(_("net"), max_digits=12, decimal_places=2)
    tax = models.DecimalField(_("tax"), max_digits=12, decimal_places=2)
    gross = models.DecimalField(_("total"), max_digits=12, decimal_places=2)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=["order", "position"], name="line_one_a_position"),)

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"


class OrderEvent(models.Model):
    """One step of an order's life."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="events")
    state = models.CharField(_("state"), max_length=20, choices=Order.STATES)
    note = models.CharField(_("note"), max_length=200, blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("order event")
        verbose_name_plural = _("order events")
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.state}"
