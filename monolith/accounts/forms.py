from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _

from monolith.accounts.models import Customer

__all__ = ["LoginForm", "ProfileForm", "RegisterForm"]

if TYPE_CHECKING:
    CustomerForm = forms.ModelForm[Customer]
else:
    CustomerForm = forms.ModelForm


class LoginForm(AuthenticationForm):
    username = forms.EmailField(
        label=_("Email address"), widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )


class RegisterForm(CustomerForm):
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        help_text=_("At least 8 characters, and not one that many others use."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    repeated = forms.CharField(
        label=_("Password again"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    class Meta:
        model = Customer
        fields = ("display_name", "email")
        labels = {"display_name": _("Your name"), "email": _("Email address")}  # noqa: RUF012  # Django reads it once
        help_texts = {"display_name": _("Shown beside your reviews.")}  # noqa: RUF012  # Django reads it once
        widgets = {  # noqa: RUF012  # Django reads it once
            "display_name": forms.TextInput(attrs={"autocomplete": "name"}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
        }

    def clean_email(self) -> str:
        """Lower case before the model asks whether the address is taken."""
        email: str = self.cleaned_data["email"]
        return email.strip().lower()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        password = data.get("password", "")
        if password and "repeated" in data and password != data["repeated"]:
            self.add_error("repeated", _("The two passwords differ."))
        elif password:
            known = Customer(email=data.get("email", ""), display_name=data.get("display_name", ""))
            try:
                password_validation.validate_password(password, known)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return data


class ProfileForm(CustomerForm):
    language = forms.ChoiceField(label=_("Language of our mails"), choices=settings.LANGUAGES)

    class Meta:
        model = Customer
        fields = ("display_name", "language")
        labels = {"display_name": _("Your name")}  # noqa: RUF012  # Django reads it once
