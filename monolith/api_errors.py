"""The domain's refusals as answers of the JSON API: ``{"detail": for people, "code": for programs}``."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.defaults import page_not_found
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from monolith.errors import ShopError
from monolith.inventory.services import OutOfStock

__all__ = ["answer_to", "not_found"]

# Everything else is a conflict with the state of things: 409.
_STATUS: Final = {
    "bad_signature": status.HTTP_403_FORBIDDEN,
    "bad_webhook": status.HTTP_400_BAD_REQUEST,
    "idempotency_conflict": status.HTTP_422_UNPROCESSABLE_ENTITY,
}


def answer_to(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an exception of an API view; None for what is a defect (500)."""
    if not isinstance(error, ShopError):
        return exception_handler(error, context)
    body: dict[str, Any] = {"detail": str(error), "code": error.code}
    if isinstance(error, OutOfStock):
        body["available"] = {str(pk): units for pk, units in error.available.items()}
    return Response(body, status=_STATUS.get(error.code, status.HTTP_409_CONFLICT))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The answer to a path that nothing owns: JSON for programs, the page for people.

    The page reads the session. For programs that would show even in the redirect to an address's slash.
    """
    if request.path_info.startswith(("/api/", "/internal/")):
        return JsonResponse({"detail": _("Not found.")}, status=status.HTTP_404_NOT_FOUND)
    return page_not_found(request, exception)
