"""A customer's orders: history, page, cancelling, invoice, and the stream of states. Nobody else's are to be seen."""

from __future__ import annotations

from io import BytesIO

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.core.handlers.asgi import ASGIRequest
from django.core.paginator import EmptyPage, PageNotAnInteger, Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from monolith.accounts.access import customer_required
from monolith.accounts.services import Customer, customer_of
from monolith.orders import events, services
from monolith.orders.invoice import INVOICED, invoice_text
from monolith.orders.services import Order, OrderState, TransitionRefused
from monolith.orders.states import may_become
from monolith.payments.services import payments_of

__all__ = ["cancel", "history", "invoice", "order", "order_events"]

_A_PAGE = 10


def _own(customer: Customer, number: str) -> Order:
    """Raises Http404 alike for an order that is not there and for one that is another's."""
    found = services.order_by_number(number, customer_id=customer.pk)
    if found is None:
        raise Http404(_("You have no order of that number."))
    return found


@require_safe
@customer_required
def history(request: HttpRequest, customer: Customer) -> HttpResponse:
    paginator = Paginator(services.orders_of(customer.pk), _A_PAGE)
    try:
        page = paginator.page(request.GET.get("page", 1))
    except (EmptyPage, PageNotAnInteger) as error:
        raise Http404(_("There is no such page.")) from error
    pages = paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    return render(request, "orders/history.html", {"page": page, "pages": pages})


@require_safe
@customer_required
def order(request: HttpRequest, customer: Customer, number: str) -> HttpResponse:
    found = _own(customer, number)
    return render(
        request,
        "orders/order.html",
        {
            "order": found,
            "payments": payments_of(found.pk),
            "may_cancel": _may_cancel(found),
            "has_invoice": found.state in INVOICED,
            "watched": found.state not in events.SETTLED,
        },
    )


def _may_cancel(found: Order) -> bool:
    # A paid order is called off by sending the money back; one on its way goes another road.
    return found.state == OrderState.PAID or may_become(found.state, OrderState.CANCELLED)


@require_POST
@customer_required
def cancel(request: HttpRequest, customer: Customer, number: str) -> HttpResponse:
    found = _own(customer, number)
    try:
        after = services.cancel(found.pk, "cancelled by the customer")
    except TransitionRefused:
        messages.error(request, _("This order can no longer be cancelled."))
    else:
        if after.state == OrderState.REFUNDED:
            messages.success(request, _("Your order is cancelled, and your money is on its way back."))
        else:
            messages.success(request, _("Your order is cancelled."))
    return redirect("orders:order", number)


@require_safe
@customer_required
def invoice(request: HttpRequest, customer: Customer, number: str) -> FileResponse:
    found = _own(customer, number)
    if found.state not in INVOICED:
        raise Http404(_("There is no invoice before an order is paid."))
    content = BytesIO(invoice_text(found).encode())
    return FileResponse(
        content,
        as_attachment=True,
        filename=f"invoice-{number}.txt",
        content_type="text/plain; charset=utf-8",
    )


@require_safe
async def order_events(request: HttpRequest, number: str) -> HttpResponseBase:
    """The order's state as server-sent events: at once, then on each change.

    403 without a session, 404 for another's order. A WSGI server would hold a thread for as long as the stream lasts,
    so there the answer is the present state only, and the browser asks again.
    """
    customer = customer_of(await request.auser())
    if customer is None:
        return HttpResponse(status=403)
    found = await sync_to_async(services.order_by_number)(number, customer_id=customer.pk)
    if found is None:
        return HttpResponse(status=404)
    language = get_language() or "en"
    answer: HttpResponseBase
    if isinstance(request, ASGIRequest):
        answer = StreamingHttpResponse(
            events.stream(found.pk, language, events.pace()), content_type="text/event-stream"
        )
    else:
        status = await sync_to_async(events.read_status)(found.pk, language)
        answer = HttpResponse("retry: 3000\n" + (status.event() if status else "\n"), content_type="text/event-stream")
    answer["Cache-Control"] = "no-store"
    answer["X-Accel-Buffering"] = "no"
    return answer
