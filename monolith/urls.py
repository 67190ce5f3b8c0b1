from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from monolith.health import healthz
from monolith.site_pages import switch_language

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("i18n/setlang/", switch_language, name="set_language"),
    path("api/v1/", include("monolith.api_urls")),
    path("internal/", include("monolith.internal_urls")),
    path("_strangler/", include("strangler.django.urls")),
    path("", include("monolith.page_urls")),
]

handler404 = "monolith.api_errors.not_found"
