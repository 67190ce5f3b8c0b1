"""The cart's page and what can be done on it."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from monolith.cart import services
from monolith.cart.forms import LineForm, ProductForm
from monolith.errors import ShopError

__all__ = ["add", "remove", "show", "update"]


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    view = services.view(services.basket_for(request))
    return render(
        request,
        "cart/cart.html",
        {
            "cart": view,
            "gone": [(pk, view.facts[pk].name if pk in view.facts else "") for pk in view.gone],
            "missing": [pk for pk, facts in view.facts.items() if facts.availability == "out_of_stock"],
            "most": settings.CART_MAX_QUANTITY,
            "free_from": settings.SHOP_FREE_SHIPPING_FROM,
        },
    )


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Puts ``quantity`` (1) of ``product_id`` in, and goes to ``next`` (a page of this shop) or the cart."""
    form = LineForm({"quantity": "1", **request.POST.dict()})
    if not form.is_valid() or form.cleaned_data["quantity"] == 0:
        messages.error(request, _("That is not a number of units that we could put in your cart."))
        return _back(request)
    quantity = form.cleaned_data["quantity"]
    try:
        services.add(services.basket_for(request), form.cleaned_data["product_id"], quantity)
    except ShopError as error:
        _refused(request, error)
    else:
        text = ngettext("%(count)s unit is in your cart.", "%(count)s units are in your cart.", quantity)
        messages.success(request, text % {"count": quantity})
    return _back(request)


@require_POST
def update(request: HttpRequest) -> HttpResponse:
    """Makes it ``quantity`` units; 0 takes the product out."""
    form = LineForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("That is not a number of units that we could put in your cart."))
        return redirect("cart:show")
    try:
        services.set_quantity(services.basket_for(request), **form.cleaned_data)
    except ShopError as error:
        _refused(request, error)
    else:
        messages.success(request, _("Your cart is up to date."))
    return redirect("cart:show")


@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    form = ProductForm(request.POST)
    if form.is_valid():
        services.remove(services.basket_for(request), form.cleaned_data["product_id"])
        messages.success(request, _("The product is out of your cart."))
    return redirect("cart:show")


def _refused(request: HttpRequest, error: ShopError) -> None:
    if isinstance(error, services.CartLimit):
        text = _("A cart holds up to %(units)s units of a product and %(lines)s different products.")
        numbers = {"units": settings.CART_MAX_QUANTITY, "lines": settings.CART_MAX_LINES}
        messages.error(request, text % numbers)
    elif isinstance(error, services.ProductUnavailable):
        messages.error(request, _("This product is no longer for sale."))
    else:
        raise error


def _back(request: HttpRequest) -> HttpResponse:
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return redirect(target if safe else "cart:show")
