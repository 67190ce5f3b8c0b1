"""Units on hand, and units promised for a while."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

__all__ = ["Reservation", "Stock"]


class Stock(models.Model):
    """Units of one product on the shelf. The cascade from the catalogue is a named tangle."""

    product = models.OneToOneField(
        "catalog.Product", verbose_name=_("product"), on_delete=models.CASCADE, related_name="stock"
    )
    on_hand = models.PositiveIntegerField(_("on hand"), default=0)

    class Meta:
        verbose_name = _("stock")
        verbose_name_plural = _("stock")

    def __str__(self) -> str:
        return f"{self.product_id}: {self.on_hand}"


class Reservation(models.Model):
    """Units promised to ``reference`` (an order's number) until ``expires_at``; only active ones bind stock."""

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        COMMITTED = "committed", _("Committed")
        RELEASED = "released", _("Released")
        EXPIRED = "expired", _("Expired")

    stock = models.ForeignKey(Stock, verbose_name=_("stock"), on_delete=models.CASCADE, related_name="reservations")
    reference = models.CharField(_("reference"), max_length=64)
    quantity = models.PositiveIntegerField(_("quantity"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ACTIVE)
    expires_at = models.DateTimeField(_("expires at"))
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        constraints = (
            models.UniqueConstraint(fields=["reference", "stock"], name="reservation_one_a_reference_and_stock"),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="reservation_of_something"),
        )
        indexes = (models.Index(fields=["state", "expires_at"], name="reservation_due"),)

    def __str__(self) -> str:
        return f"{self.quantity} for {self.reference} ({self.state})"
