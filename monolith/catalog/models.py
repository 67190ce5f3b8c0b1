"""Categories, products, reviews, and the log of what changed among them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from monolith import money
from monolith.catalog.logged import CategoryQuerySet, LoggedModel, ProductQuerySet, ReviewQuerySet

__all__ = ["CatalogChange", "Category", "Product", "Review"]


class Category(LoggedModel):
    change_kind: ClassVar[str] = "category"

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    parent = models.ForeignKey(
        "self", verbose_name=_("parent"), on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    sort_order = models.IntegerField(_("sort order"), default=0)

    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ("sort_order", "name", "id")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        above, seen = self.parent, set()
        while above is not None and above.pk not in seen:
            if above.pk == self.pk and self.pk is not None:
                raise ValidationError({"parent": _("A category cannot stand below itself.")})
            seen.add(above.pk)
            above = above.parent


class Product(LoggedModel):
    """Something for sale. Prices are net; ``tax_rate`` is in percent.

    ``availability``, ``rating_sum`` and ``review_count`` belong to others (inventory, the reviews) and are written
    through ``catalog.services`` only: saving a loaded product leaves them alone, or it would put back stale values.
    """

    class Availability(models.TextChoices):
        IN_STOCK = "in_stock", _("In stock")
        LOW = "low", _("Only a few left")
        OUT_OF_STOCK = "out_of_stock", _("Out of stock")

    change_kind: ClassVar[str] = "product"
    denormalised: ClassVar[frozenset[str]] = frozenset({"availability", "rating_sum", "review_count"})

    sku = models.CharField(_("SKU"), max_length=40, unique=True)
    slug = models.SlugField(_("slug"), max_length=140, unique=True)
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    category = models.ForeignKey(
        Category, verbose_name=_("category"), on_delete=models.PROTECT, related_name="products"
    )
    price = models.DecimalField(
        _("price"), max_digits=10, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))]
    )
    sale_price = models.DecimalField(
        _("sale price"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.01"))],
    )
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    tax_rate = models.DecimalField(_("tax rate"), max_digits=4, decimal_places=2, default=Decimal("19.00"))
    availability = models.CharField(
        _("availability"), max_length=12, choices=Availability, default=Availability.OUT_OF_STOCK, db_index=True
    )
    is_published = models.BooleanField(_("published"), default=True)
    is_discontinued = models.BooleanField(_("discontinued"), default=False)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    weight_grams = models.PositiveIntegerField(_("weight in grams"), null=True, blank=True)
    image = models.ImageField(_("image"), upload_to="products/", max_length=200, blank=True)
    rating_sum = models.PositiveIntegerField(_("sum of stars"), default=0, editable=False)
    review_count = models.PositiveIntegerField(_("number of reviews"), default=0, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, db_index=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if update_fields is None and not self._state.adding and not args and not kwargs.get("force_insert"):
            update_fields = [
                field.name
                for field in self._meta.concrete_fields
                if not field.primary_key and field.name not in self.denormalised
            ]
        super().save(*args, update_fields=update_fields, **kwargs)

    def clean(self) -> None:
        # A form whose price was not a number leaves None there.
        price: Decimal | None = getattr(self, "price", None)
        if self.sale_price is not None and price is not None and self.sale_price >= price:
            raise ValidationError({"sale_price": _("The sale price must be below the price.")})

    @property
    def current_price(self) -> Decimal:
        """The net price asked today."""
        return self.price if self.sale_price is None else self.sale_price

    @property
    def price_with_tax(self) -> Decimal:
        return money.with_tax(self.current_price, self.tax_rate)

    @property
    def rating(self) -> Decimal | None:
        """The mean of the approved reviews' stars at two decimals; None without any."""
        if not self.review_count:
            return None
        return (Decimal(self.rating_sum) / self.review_count).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


class Review(LoggedModel):
    change_kind: ClassVar[str] = "review"

    product = models.ForeignKey(Product, verbose_name=_("product"), on_delete=models.CASCADE, related_name="reviews")
    author = models.ForeignKey(
        "accounts.Customer",
        verbose_name=_("author"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="reviews",
    )
    author_name = models.CharField(_("author's name"), max_length=80)
    stars = models.PositiveSmallIntegerField(_("stars"), validators=[MinValueValidator(1), MaxValueValidator(5)])
    title = models.CharField(_("title"), max_length=120, blank=True)
    body = models.TextField(_("text"), blank=True)
    is_approved = models.BooleanField(_("approved"), default=False, db_index=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ("-created_at", "-id")
        constraints = (
            models.CheckConstraint(condition=models.Q(stars__range=(1, 5)), name="review_one_to_five_stars"),
            models.UniqueConstraint(
                fields=["product", "author"],
                condition=models.Q(author__isnull=False),
                name="review_one_an_author_and_product",
            ),
        )

    def __str__(self) -> str:
        return f"{self.stars}/5 {self.title}"


class CatalogChange(models.Model):
    """The newest change of one category, product or review; a deleted one stays as a tombstone.

    ``seq`` grows with every change. PostgreSQL has a column ``xid`` beside it (see migration 0002), by which a reader
    stays behind transactions still running. Written and read by ``catalog.changes`` only.
    """

    kind = models.CharField(max_length=10)
    object_id = models.BigIntegerField()
    seq = models.BigIntegerField(unique=True)
    op = models.CharField(max_length=6)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("catalogue change")
        verbose_name_plural = _("catalogue changes")
        ordering = ("seq",)
        constraints = (models.UniqueConstraint(fields=["kind", "object_id"], name="one_change_an_object"),)

    def __str__(self) -> str:
        return f"{self.seq}: {self.op} {self.kind} {self.object_id}"
