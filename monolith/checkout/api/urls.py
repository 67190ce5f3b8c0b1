from __future__ import annotations

from django.urls import URLPattern, path

from monolith.checkout.api import views

urlpatterns: list[URLPattern] = [path("checkout/", views.CheckoutView.as_view(), name="api-checkout")]
