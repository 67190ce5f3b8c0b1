"""Models and querysets whose every write leaves an entry in the change log, in the same transaction.

``save`` and ``delete`` (cascades included) are caught by signals, bulk writes by the querysets. Raw SQL is not caught.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django.db import models, transaction
from django.db.models import Count, Q, Sum
from django.db.models.signals import post_delete, post_save

from monolith.catalog import changes

if TYPE_CHECKING:
    from monolith.catalog.models import Category, Product, Review

__all__ = ["CategoryQuerySet", "LoggedModel", "LoggedQuerySet", "ProductQuerySet", "ReviewQuerySet", "connect"]

M = TypeVar("M", bound="LoggedModel")


class LoggedModel(models.Model):
    change_kind: ClassVar[str]

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        # The signal that logs the change comes after Django's own transaction; this one holds both.
        with transaction.atomic(savepoint=False):
            super().save(*args, **kwargs)


class LoggedQuerySet(models.QuerySet[M]):
    def after_bulk(self, ids: list[int]) -> None:
        """Logs a bulk write of these rows; the signals do it for single ones."""
        changes.record(self.model.change_kind, ids)

    def update(self, **kwargs: Any) -> int:
        with transaction.atomic(savepoint=False):
            ids = list(self.order_by().values_list("pk", flat=True))
            rows = super().update(**kwargs)
            self.after_bulk(ids)
        return rows

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        """As Django's. Ignored or updated conflicts are refused: their ids would not be known for the log."""
        if args[1:] or kwargs.get("ignore_conflicts") or kwargs.get("update_conflicts"):
            raise NotImplementedError("bulk_create of a logged model takes batch_size only: the log needs every id.")
        with transaction.atomic(savepoint=False):
            created = super().bulk_create(objs, *args, **kwargs)
            self.after_bulk([row.pk for row in created])
        return created


class CategoryQuerySet(LoggedQuerySet["Category"]):
    pass


class ProductQuerySet(LoggedQuerySet["Product"]):
    def published(self) -> ProductQuerySet:
        """What has a page: discontinued ones included."""
        return self.filter(is_published=True)

    def visible(self) -> ProductQuerySet:
        """What lists and searches show."""
        return self.filter(is_published=True, is_discontinued=False)


class ReviewQuerySet(LoggedQuerySet["Review"]):
    def approved(self) -> ReviewQuerySet:
        return self.filter(is_approved=True)

    def after_bulk(self, ids: list[int]) -> None:
        super().after_bulk(ids)
        products = _products()
        for part in changes.chunks(ids):
            touched = self.model.objects.filter(pk__in=part).values_list("product_id", flat=True)
            _rate(self.model.objects.all(), products, touched)


def _products() -> ProductQuerySet:
    # models.py imports this module, so its classes are reached when they are needed.
    from monolith.catalog.models import Product

    return Product.objects.all()


def _rate(reviews: models.QuerySet[Review], products: ProductQuerySet, product_ids: Iterable[int]) -> None:
    """Writes the mean's parts onto the products: a denormalisation that a later step of the plan takes out."""
    for part in changes.chunks(sorted(set(product_ids))):
        # Locked first, so that of two reviews at once the later one counts both.
        list(products.select_for_update().filter(pk__in=part).order_by("pk").values_list("pk"))
        approved = reviews.filter(product_id__in=part, is_approved=True).order_by().values("product_id")
        totals = {
            row["product_id"]: (row["sum"], row["number"])
            for row in approved.annotate(sum=Sum("stars"), number=Count("pk"))
        }
        for product_id in part:
            stars, number = totals.get(product_id, (0, 0))
            stale = products.filter(~Q(rating_sum=stars, review_count=number), pk=product_id)
            stale.update(rating_sum=stars, review_count=number)


def _saved(sender: type[LoggedModel], instance: LoggedModel, **_: Any) -> None:
    changes.record(sender.change_kind, [instance.pk])


def _deleted(sender: type[LoggedModel], instance: LoggedModel, **_: Any) -> None:
    changes.record(sender.change_kind, [instance.pk], op=changes.DELETE)


def _review_touched(sender: type[Review], instance: Review, **_: Any) -> None:
    _rate(sender.objects.all(), _products(), [instance.product_id])


def connect(categories: type[Category], products: type[Product], reviews: type[Review]) -> None:
    """Connects the signals; called once, when the app is ready."""
    for model in (categories, products, reviews):
        post_save.connect(_saved, sender=model, dispatch_uid=f"log-save-{model.change_kind}")
        post_delete.connect(_deleted, sender=model, dispatch_uid=f"log-delete-{model.change_kind}")
    post_save.connect(_review_touched, sender=reviews, dispatch_uid="rate-save")
    post_delete.connect(_review_touched, sender=reviews, dispatch_uid="rate-delete")
