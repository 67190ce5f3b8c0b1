from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.validators import FileExtensionValidator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from monolith.back_office import ModelAdmin, ReadOnlyInline
from monolith.catalog import services
from monolith.catalog.models import Category, Product, Review

__all__ = ["CategoryAdmin", "ProductAdmin", "ProductForm", "ReviewAdmin"]

MAX_IMAGE_BYTES = 5 * 1024 * 1024

if TYPE_CHECKING:
    ProductModelForm = forms.ModelForm[Product]
else:
    ProductModelForm = forms.ModelForm


class ProductForm(ProductModelForm):
    """The image is one that every browser shows, and of a size that a page can bear; attributes are texts by name."""

    def clean_attributes(self) -> dict[str, str]:
        attributes = self.cleaned_data.get("attributes") or {}
        if not isinstance(attributes, dict) or not all(isinstance(value, str) for value in attributes.values()):
            raise forms.ValidationError(_('Write attributes as {"name": "text"}.'))
        return attributes

    def clean_image(self) -> Any:
        image = self.cleaned_data.get("image")
        if image and "image" in self.changed_data:
            FileExtensionValidator(["jpg", "jpeg", "png", "webp", "gif"])(image)
            if image.size > MAX_IMAGE_BYTES:
                raise forms.ValidationError(_("The image is larger than 5 MB."))
        return image


class ReviewInline(ReadOnlyInline[Review, Product]):
    model = Review
    fields = ("created_at", "author_name", "stars", "title", "is_approved")
    show_change_link = True


@admin.register(Category)
class CategoryAdmin(ModelAdmin[Category]):
    list_display = ("name", "slug", "parent", "sort_order")
    list_editable = ("sort_order",)
    list_filter = (("parent", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("parent",)
    search_fields = ("name", "slug")
    autocomplete_fields = ("parent",)
    prepopulated_fields = {"slug": ("name",)}  # noqa: RUF012  # Django's own type


@admin.register(Product)
class ProductAdmin(ModelAdmin[Product]):
    form = ProductForm
    list_display = ("sku", "name", "category", "price", "sale_price", "availability", "is_published", "is_discontinued")
    list_filter = ("is_published", "is_discontinued", "availability", "tax_rate", "category")
    list_select_related = ("category",)
    list_per_page = 50
    search_fields = ("sku", "name", "slug")
    date_hierarchy = "created_at"
    autocomplete_fields = ("category",)
    prepopulated_fields = {"slug": ("name",)}  # noqa: RUF012  # Django's own type
    # Written by others: the inventory, the reviews, the promotions desk's nightly command.
    readonly_fields = ("availability", "rating_sum", "review_count", "picture", "created_at", "updated_at")
    actions = ("publish", "unpublish")
    inlines = (ReviewInline,)

    @admin.display(description=_("picture"))
    def picture(self, product: Product) -> str:
        if not product.image:
            return "–"
        return format_html('<img src="{}" alt="" style="max-width: 12rem; max-height: 9rem">', product.image.url)

    @admin.action(description=_("Publish the selected products"), permissions=["change"])
    def publish(self, request: HttpRequest, products: QuerySet[Product]) -> None:
        self._set_published(request, products, True)

    @admin.action(description=_("Take the selected products out of the shop"), permissions=["change"])
    def unpublish(self, request: HttpRequest, products: QuerySet[Product]) -> None:
        self._set_published(request, products, False)

    def _set_published(self, request: HttpRequest, products: QuerySet[Product], published: bool) -> None:
        changed = products.exclude(is_published=published).update(is_published=published)
        text = ngettext("%(count)s product changed.", "%(count)s products changed.", changed)
        messages.success(request, text % {"count": changed})


@admin.register(Review)
class ReviewAdmin(ModelAdmin[Review]):
    list_display = ("created_at", "product", "author_name", "stars", "title", "is_approved")
    list_filter = ("is_approved", "stars", "created_at")
    list_select_related = ("product",)
    search_fields = ("title", "body", "author_name", "product__sku", "product__name")
    autocomplete_fields = ("product", "author")
    date_hierarchy = "created_at"
    actions = ("approve", "withdraw")

    @admin.action(description=_("Approve the selected reviews"), permissions=["change"])
    def approve(self, request: HttpRequest, reviews: QuerySet[Review]) -> None:
        changed = services.approve_reviews(reviews.values_list("pk", flat=True))
        text = ngettext("%(count)s review is shown now.", "%(count)s reviews are shown now.", changed)
        messages.success(request, text % {"count": changed})

    @admin.action(description=_("Hide the selected reviews"), permissions=["change"])
    def withdraw(self, request: HttpRequest, reviews: QuerySet[Review]) -> None:
        changed = reviews.filter(is_approved=True).update(is_approved=False)
        text = ngettext("%(count)s review is hidden now.", "%(count)s reviews are hidden now.", changed)
        messages.success(request, text % {"count": changed})
