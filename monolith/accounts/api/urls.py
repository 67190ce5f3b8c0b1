from __future__ import annotations

from django.urls import URLPattern, path

from monolith.accounts.api import views

urlpatterns: list[URLPattern] = [path("auth/token/", views.TokenView.as_view(), name="api-token")]
