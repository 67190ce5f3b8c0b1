"""A URLconf that includes itself."""

from __future__ import annotations

from django.urls import include, path

from tests.strangler.django.inventory.odd_urls import plain

__all__ = ["urlpatterns"]

urlpatterns = [path("page/", plain), path("again/", include("tests.strangler.django.inventory.endless_urls"))]
