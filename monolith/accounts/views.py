"""Register, sign in and out, profile."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login, views
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from monolith.accounts import services
from monolith.accounts.access import customer_required
from monolith.accounts.forms import LoginForm, ProfileForm, RegisterForm
from monolith.accounts.services import Customer, customer_of

__all__ = ["Login", "Logout", "profile", "register"]


class Login(views.LoginView):
    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True


class Logout(views.LogoutView):
    """By POST only, as Django has it."""


@sensitive_post_parameters("password", "repeated")
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """A new customer, signed in at once; goes on to ``next`` (a page of this shop) or the profile."""
    after = request.POST.get("next") or request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(after, {request.get_host()}, require_https=request.is_secure()):
        after = ""
    if customer_of(request.user) is not None:
        return redirect(after or "accounts:profile")
    form = RegisterForm(request.POST or None)
    if form.is_valid():
        data = form.cleaned_data
        try:
            customer = services.register(
                data["email"], data["password"], data["display_name"], language=get_language() or "en"
            )
        except IntegrityError:
            form.add_error("email", _("A customer with this email address exists already."))
        else:
            login(request, customer)
            messages.success(request, _("Welcome, %(name)s.") % {"name": customer.display_name})
            return redirect(after or "accounts:profile")
    return render(request, "accounts/register.html", {"form": form, "next": after})


@require_http_methods(["GET", "HEAD", "POST"])
@customer_required
def profile(request: HttpRequest, customer: Customer) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=customer)
    if form.is_valid():
        form.save()
        messages.success(request, _("Your profile is saved."))
        return redirect("accounts:profile")
    return render(request, "accounts/profile.html", {"form": form, "addresses": customer.addresses.order_by("-id")})
