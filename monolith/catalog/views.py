"""The pages of the catalogue."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from monolith.accounts.services import customer_of
from monolith.catalog import services
from monolith.catalog.categories import CategoryTree
from monolith.catalog.forms import ReviewForm, ShelfForm
from monolith.catalog.models import Category, Product
from monolith.catalog.shelf import PAGE_SIZE, REVIEWS_A_PAGE, beside, matching, page_of, sorted_by

__all__ = ["category", "export", "home", "product", "product_by_id", "search"]

_ON_HOME = 8
_CSV_COLUMNS = (
    "id", "sku", "name", "category", "price", "sale_price", "price_with_tax", "currency", "availability", "url",
)  # fmt: skip


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    visible = Product.objects.visible()
    newest = visible.order_by("-created_at", "id")[:_ON_HOME]
    on_sale = visible.filter(sale_price__isnull=False).exclude(availability=Product.Availability.OUT_OF_STOCK)
    return render(
        request,
        "catalog/home.html",
        {"on_sale": on_sale.order_by("-created_at", "id")[:_ON_HOME], "newest": newest},
    )


def _shelf(request: HttpRequest, products: QuerySet[Product]) -> dict[str, Any]:
    """What both lists show of ``products``; an unknown way of sorting is passed over."""
    form = ShelfForm(request.GET, label_suffix="")
    form.is_valid()
    wish = form.cleaned_data
    if wish.get("in_stock"):
        products = products.exclude(availability=Product.Availability.OUT_OF_STOCK)
    page = page_of(sorted_by(products, wish.get("sort", "")), request.GET.get("page", ""), PAGE_SIZE)
    pages = page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    return {"page": page, "pages": pages, "form": form}


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Category, slug=slug)
    tree = CategoryTree.load()
    products = Product.objects.visible().filter(category_id__in=tree.with_descendants(found.pk))
    return render(
        request,
        "catalog/category.html",
        {
            "category": found,
            "above": tree.line(found.pk)[:-1],
            "below": tree.children(found.pk),
            **_shelf(request, products),
        },
    )


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Without a word there is nothing to look for, and nothing is shown."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:200]
    products = matching(Product.objects.visible(), text) if text else Product.objects.none()
    return render(request, "catalog/search.html", {"query": text, **_shelf(request, products)})


@require_safe
def product_by_id(request: HttpRequest, product_id: int) -> HttpResponse:
    """For links from carts and orders, which keep no slugs."""
    found = get_object_or_404(Product.objects.published(), pk=product_id)
    return redirect("catalog:product", product_id, found.slug)


@require_http_methods(["GET", "HEAD", "POST"])
def product(request: HttpRequest, product_id: int, slug: str) -> HttpResponse:
    """The product's page; a POST is a review of it."""
    found = get_object_or_404(Product.objects.published().select_related("category"), pk=product_id)
    here = reverse("catalog:product", args=[found.pk, found.slug])
    if request.method == "POST":
        return _review(request, found, here)
    if slug != found.slug:
        query = request.META.get("QUERY_STRING", "")
        return redirect(f"{here}?{query}" if query else here, permanent=True)
    return _product_page(request, found, ReviewForm())


def _product_page(request: HttpRequest, found: Product, form: ReviewForm, status: int = 200) -> HttpResponse:
    customer = customer_of(request.user)
    own = found.reviews.filter(author_id=customer.pk).first() if customer else None
    return render(
        request,
        "catalog/product.html",
        {
            "product": found,
            # As pairs: in a template an attribute that is named "items" would hide the method.
            "attributes": list(found.attributes.items()),
            "above": CategoryTree.load().line(found.category_id),
            "reviews": page_of(found.reviews.approved(), request.GET.get("reviews", ""), REVIEWS_A_PAGE),
            "own_review": own,
            "beside": beside(found),
            "form": form,
        },
        status=status,
    )


def _review(request: HttpRequest, found: Product, here: str) -> HttpResponse:
    customer = customer_of(request.user)
    if customer is None:
        return redirect_to_login(here, reverse("accounts:login"))
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return _product_page(request, found, form, status=422)
    try:
        services.submit_review(found.pk, author_id=customer.pk, author_name=customer.display_name, **form.cleaned_data)
    except services.AlreadyReviewed:
        messages.error(request, _("You have reviewed this product before."))
    else:
        messages.success(request, _("Thank you. Your review will be shown once we have read it."))
    return redirect(here)


class _Echo:
    """A file that hands each line straight back to whoever wrote it."""

    def write(self, line: str) -> str:
        return line


def _plain(text: str) -> str:
    """A spreadsheet takes a cell that begins so for a formula; the apostrophe says that it is text."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _csv_lines(request: HttpRequest) -> Iterator[str]:
    writer = csv.writer(_Echo())
    tree = CategoryTree.load()
    yield writer.writerow(_CSV_COLUMNS)
    for row in Product.objects.visible().defer("description", "attributes").iterator(chunk_size=500):
        url = request.build_absolute_uri(reverse("catalog:product", args=[row.pk, row.slug]))
        yield writer.writerow(
            (
                row.pk, _plain(row.sku), _plain(row.name), tree.path(row.category_id), row.price, row.sale_price,
                row.price_with_tax, row.currency, row.availability, url,
            )
        )  # fmt: skip


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The visible catalogue as CSV, a row at a time, for whoever compares prices."""
    answer = StreamingHttpResponse(_csv_lines(request), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="catalog.csv"'
    return answer
