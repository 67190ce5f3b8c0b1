from __future__ import annotations

from typing import ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from monolith.payments import provider

__all__ = ["CARDS", "AddressForm", "PaymentForm", "PlaceForm"]

CARDS = {
    card[-4:]: card
    for card in (provider.APPROVE, provider.DECLINE, provider.TIME_OUT, provider.LATE_APPROVE, provider.LATE_DECLINE)
}
"""The cards that the provider knows the customer by; the page and the session hold the last four digits only."""


class AddressForm(forms.Form):
    COUNTRIES: ClassVar = [
        ("", "–"),
        ("AT", _("Austria")),
        ("BE", _("Belgium")),
        ("CH", _("Switzerland")),
        ("DE", _("Germany")),
        ("DK", _("Denmark")),
        ("ES", _("Spain")),
        ("FR", _("France")),
        ("GB", _("United Kingdom")),
        ("IT", _("Italy")),
        ("NL", _("Netherlands")),
        ("PL", _("Poland")),
        ("SE", _("Sweden")),
    ]
    name = forms.CharField(
        label=_("Full name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "shipping name"})
    )
    street = forms.CharField(
        label=_("Street and number"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "shipping street-address"}),
    )
    postcode = forms.CharField(
        label=_("Postcode"), max_length=20, widget=forms.TextInput(attrs={"autocomplete": "shipping postal-code"})
    )
    city = forms.CharField(
        label=_("City"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "shipping address-level2"})
    )
    country = forms.ChoiceField(
        label=_("Country"), choices=COUNTRIES, widget=forms.Select(attrs={"autocomplete": "shipping country"})
    )


class PaymentForm(forms.Form):
    CHOICES: ClassVar = [
        (provider.APPROVE[-4:], _("Card ending in 4242: is approved at once")),
        (provider.DECLINE[-4:], _("Card ending in 0002: is declined")),
        (provider.TIME_OUT[-4:], _("Card ending in 0119: the bank does not answer, and pays later")),
        (provider.LATE_APPROVE[-4:], _("Card ending in 0259: the bank approves later")),
        (provider.LATE_DECLINE[-4:], _("Card ending in 0341: the bank declines later")),
    ]
    card = forms.ChoiceField(label=_("Card"), choices=CHOICES, widget=forms.RadioSelect)


class PlaceForm(forms.Form):
    """The click on "buy": which attempt it is, and the total that the customer saw."""

    key = forms.CharField(max_length=80)
    total = forms.DecimalField(max_digits=12, decimal_places=2)
