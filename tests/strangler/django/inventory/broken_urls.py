"""A URLconf that names a module which is not there."""

from __future__ import annotations

from django.urls import include, path

__all__ = ["urlpatterns"]

urlpatterns = [path("fine/", include("tests.strangler.django.other_urls")), path("x/", include("tests.nowhere.urls"))]
