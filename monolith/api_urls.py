"""URLs of the JSON API below /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularAPIView

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("monolith.catalog.api.urls")),
    path("", include("monolith.inventory.api.urls")),
    path("", include("monolith.cart.api.urls")),
    path("", include("monolith.checkout.api.urls")),
    path("", include("monolith.orders.api.urls")),
    path("", include("monolith.payments.api.urls")),
    path("", include("monolith.accounts.api.urls")),
    path(
        "schema/",
        SpectacularAPIView.as_view(
            authentication_classes=[], renderer_classes=[OpenApiJsonRenderer, OpenApiYamlRenderer]
        ),
        name="api-schema",
    ),
]
