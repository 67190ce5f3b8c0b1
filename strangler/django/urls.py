"""URLs that the proxy calls: `path("_strangler/", include("strangler.django.urls"))` in the monolith's URLconf."""

from __future__ import annotations

from django.urls import path

from strangler.django.seen import seen
from strangler.django.vouch import vouch

__all__ = ["app_name", "urlpatterns"]

app_name = "strangler"
urlpatterns = [path("vouch/", vouch, name="vouch"), path("seen/", seen, name="seen")]
