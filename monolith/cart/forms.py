from __future__ import annotations

from django import forms

__all__ = ["LineForm", "ProductForm"]


class ProductForm(forms.Form):
    product_id = forms.IntegerField(min_value=1, max_value=2**63 - 1)


class LineForm(ProductForm):
    """A product and how many; how many a cart takes is the cart's to say."""

    quantity = forms.IntegerField(min_value=0, max_value=10_000)
