"""Views for signed-in customers only."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import patch_cache_control

from monolith.accounts.services import Customer, customer_of

__all__ = ["customer_required"]

P = ParamSpec("P")


def customer_required(
    view: Callable[Concatenate[HttpRequest, Customer, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Gives the view the customer; visitors go to the login and come back, to the page or, from a POST, home.

    No shared cache may keep the answer.
    """

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        customer = customer_of(request.user)
        if customer is None:
            after = request.get_full_path() if request.method in ("GET", "HEAD") else "/"
            return redirect_to_login(after, reverse("accounts:login"))
        answer = view(request, customer, *args, **kwargs)
        patch_cache_control(answer, private=True)
        return answer

    return guarded
