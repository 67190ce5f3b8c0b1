"""URLs of the HTML pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from monolith.site_pages import media, robots

urlpatterns: list[URLPattern | URLResolver] = [
    path("robots.txt", robots, name="robots"),
    path("media/<path:path>", media, name="media"),
    path("accounts/", include("monolith.accounts.urls")),
    path("cart/", include("monolith.cart.urls")),
    path("checkout/", include("monolith.checkout.urls")),
    path("orders/", include("monolith.orders.urls")),
    path("", include("monolith.catalog.urls")),
]
