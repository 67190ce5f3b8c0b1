"""Checkout in three steps: address, payment, review."""

from __future__ import annotations

from dataclasses import asdict

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from monolith.accounts.access import customer_required
from monolith.accounts.services import Customer, remember_address
from monolith.cart import services as cart
from monolith.checkout import services
from monolith.checkout.draft import Draft
from monolith.checkout.forms import CARDS, AddressForm, PaymentForm, PlaceForm
from monolith.errors import ShopError
from monolith.inventory.services import OutOfStock
from monolith.orders.services import OrderState

__all__ = ["address", "payment", "review", "start"]

_step = require_http_methods(["GET", "HEAD", "POST"])


def start(request: HttpRequest) -> HttpResponse:
    return redirect("checkout:address")


def _cart_of(customer: Customer) -> cart.CartView:
    return cart.view(cart.CustomerBasket(customer.pk))


def _unfit(request: HttpRequest, view: cart.CartView) -> HttpResponse | None:
    """Back to the cart when it is not one that could be bought."""
    if view.gone:
        messages.error(request, _("Some products in your cart are no longer for sale: please take them out."))
    elif not view.price.lines:
        messages.info(request, _("Your cart is empty."))
    else:
        return None
    return redirect("cart:show")


@_step
@customer_required
def address(request: HttpRequest, customer: Customer) -> HttpResponse:
    view = _cart_of(customer)
    if (unfit := _unfit(request, view)) is not None:
        return unfit
    draft = Draft.read(request.session)
    form = AddressForm(request.POST) if request.method == "POST" else AddressForm(initial=_suggested(request, customer))
    if form.is_bound and form.is_valid():
        draft.with_address(services.ShippingAddress(**form.cleaned_data)).write(request.session)
        return redirect("checkout:review" if draft.card else "checkout:payment")
    saved = list(customer.addresses.order_by("-id")[:5])
    return render(
        request, "checkout/address.html", {"form": form, "saved": saved, "cart": view, "draft": draft, "step": 1}
    )


def _suggested(request: HttpRequest, customer: Customer) -> dict[str, str]:
    """The address chosen from the book, else the one said before, else the newest of the book."""
    draft, book, chosen = Draft.read(request.session), customer.addresses.order_by("-id"), request.GET.get("saved", "")
    entry = book.filter(pk=int(chosen)).first() if chosen.isdecimal() and len(chosen) < 19 else None
    if entry is None and draft.address is not None:
        return asdict(draft.address)
    entry = entry or book.first()
    if entry is None:
        return {"name": customer.display_name, "country": "DE"}
    return {name: getattr(entry, name) for name in ("name", "street", "postcode", "city", "country")}


@_step
@customer_required
def payment(request: HttpRequest, customer: Customer) -> HttpResponse:
    view = _cart_of(customer)
    if (unfit := _unfit(request, view)) is not None:
        return unfit
    draft = Draft.read(request.session)
    if draft.address is None:
        return redirect("checkout:address")
    form = PaymentForm(request.POST) if request.method == "POST" else PaymentForm(initial={"card": draft.card})
    if form.is_bound and form.is_valid():
        draft.with_card(form.cleaned_data["card"]).write(request.session)
        return redirect("checkout:review")
    return render(request, "checkout/payment.html", {"form": form, "cart": view, "draft": draft, "step": 2})


@_step
@customer_required
def review(request: HttpRequest, customer: Customer) -> HttpResponse:
    draft = Draft.read(request.session)
    if request.method == "POST":
        return _place(request, customer, draft)
    view = _cart_of(customer)
    if (unfit := _unfit(request, view)) is not None:
        return unfit
    if draft.address is None:
        return redirect("checkout:address")
    if draft.card not in CARDS:
        return redirect("checkout:payment")
    # The key that the page shows has to be the one that the session knows.
    draft.write(request.session)
    return render(request, "checkout/review.html", {"cart": view, "draft": draft, "step": 3})


def _place(request: HttpRequest, customer: Customer, draft: Draft) -> HttpResponse:
    form = PlaceForm(request.POST)
    if not form.is_valid():
        return redirect("checkout:review")
    key: str = form.cleaned_data["key"]
    if key in dict(draft.placed):
        return redirect("orders:order", dict(draft.placed)[key])
    if key != draft.key or draft.address is None or draft.card not in CARDS:
        messages.info(request, _("Please look at your order once more: something in it has changed."))
        return redirect("checkout:review")
    view = _cart_of(customer)
    if view.price.lines and view.price.gross != form.cleaned_data["total"]:
        messages.info(request, _("Prices or contents of your cart have changed: please look at your order once more."))
        return redirect("checkout:review")
    try:
        order = services.place_order(
            customer, draft.address, CARDS[draft.card], idempotency_key=key, language=get_language()
        )
    except ShopError as error:
        return _refused(request, error, view)
    if order.state == OrderState.PAYMENT_FAILED:
        draft.declined().write(request.session)
        messages.error(request, _("Your card was declined and nothing was charged. Please choose another one."))
        return redirect("checkout:payment")
    remember_address(customer, **asdict(draft.address))
    draft.bought(order.number).write(request.session)
    if order.state == OrderState.PENDING_PAYMENT:
        messages.info(request, _("Thank you. We are waiting for your bank; this page tells you when it has answered."))
    else:
        messages.success(request, _("Thank you for your order."))
    return redirect("orders:order", order.number)


def _refused(request: HttpRequest, error: ShopError, view: cart.CartView) -> HttpResponse:
    if isinstance(error, OutOfStock):
        for product_id, left in error.available.items():
            name = view.facts[product_id].name if product_id in view.facts else str(product_id)
            text = _("There are only %(left)s of “%(name)s” left.") if left else _("“%(name)s” is sold out.")
            messages.error(request, text % {"left": left, "name": name})
    elif isinstance(error, cart.ProductUnavailable):
        messages.error(request, _("Some products in your cart are no longer for sale: please take them out."))
    elif isinstance(error, cart.CartEmpty):
        messages.info(request, _("Your cart is empty."))
    elif isinstance(error, services.IdempotencyConflict):
        messages.info(request, _("Please look at your order once more: something in it has changed."))
        return redirect("checkout:payment")
    else:
        raise error
    return redirect("cart:show")
