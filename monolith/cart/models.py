"""Carts of signed-in customers, and the promotions of the promotions desk."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

__all__ = ["Cart", "Item", "Promotion"]


class Cart(models.Model):
    customer = models.OneToOneField("accounts.Customer", on_delete=models.CASCADE, related_name="cart")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("cart")
        verbose_name_plural = _("carts")

    def __str__(self) -> str:
        return f"cart of {self.customer_id}"


class Item(models.Model):
    """A line of a cart. A product's deletion takes it out of every cart: a named tangle."""

    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="items")
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="+")
    quantity = models.PositiveIntegerField(_("quantity"))

    class Meta:
        verbose_name = _("cart item")
        verbose_name_plural = _("cart items")
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=["cart", "product"], name="item_one_a_product"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="item_of_something"),
        )

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product_id}"


class Promotion(models.Model):
    """Percent off (written onto the products each night), or n for the price of m (counted in the cart)."""

    class Kind(models.TextChoices):
        PERCENT = "percent", _("Percent off")
        N_FOR_M = "n_for_m", _("n for m")

    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    percent = models.DecimalField(
        _("percent"),
        max_digits=4,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.01")), MaxValueValidator(Decimal("99.00"))],
    )
    take = models.PositiveSmallIntegerField(_("take"), null=True, blank=True)
    pay = models.PositiveSmallIntegerField(_("pay"), null=True, blank=True)
    category = models.ForeignKey("catalog.Category", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    products = models.ManyToManyField("catalog.Product", blank=True, related_name="+")
    starts_at = models.DateTimeField(_("starts at"), default=timezone.now)
    ends_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("promotion")
        verbose_name_plural = _("promotions")
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(kind="percent", percent__isnull=False, percent__gt=0, percent__lt=100)
                | Q(kind="n_for_m", take__isnull=False, pay__isnull=False, pay__gt=0, take__gt=models.F("pay")),
                name="promotion_says_what_it_gives",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.kind == self.Kind.PERCENT and self.percent is None:
            raise ValidationError({"percent": _("Say how many percent.")})
        if self.kind == self.Kind.N_FOR_M:
            if not self.take or not self.pay or self.pay >= self.take:
                raise ValidationError({"pay": _("Who takes n pays for fewer than n, and for one at least.")})
            if self.category_id is not None:
                raise ValidationError({"category": _("n for m names its products; the cart knows no categories.")})
        if self.ends_at is not None and self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": _("It ends before it starts.")})

    def runs_at(self, moment: datetime) -> bool:
        return self.is_active and self.starts_at <= moment and (self.ends_at is None or moment < self.ends_at)
