from __future__ import annotations

from typing import ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

__all__ = ["ReviewForm", "ShelfForm"]


class ShelfForm(forms.Form):
    """How a list is sorted and narrowed; sent by GET, so that a list can be linked to."""

    SORTS: ClassVar = [
        ("newest", _("Newest first")),
        ("price", _("Price: low to high")),
        ("-price", _("Price: high to low")),
        ("rating", _("Best rated")),
        ("name", _("Name")),
    ]
    sort = forms.ChoiceField(label=_("Sort by"), choices=SORTS, required=False)
    in_stock = forms.BooleanField(label=_("In stock only"), required=False)


class ReviewForm(forms.Form):
    STARS: ClassVar = [
        ("", "–"),
        ("5", pgettext_lazy("stars", "5 – excellent")),
        ("4", pgettext_lazy("stars", "4 – good")),
        ("3", pgettext_lazy("stars", "3 – all right")),
        ("2", pgettext_lazy("stars", "2 – poor")),
        ("1", pgettext_lazy("stars", "1 – bad")),
    ]
    stars = forms.TypedChoiceField(label=_("Stars"), choices=STARS, coerce=int)
    title = forms.CharField(label=_("Title"), max_length=120, required=False)
    body = forms.CharField(
        label=_("Your review"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 5})
    )
