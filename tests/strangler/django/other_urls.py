"""A URLconf that a middleware puts in the place of the one that the settings name."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

__all__ = ["urlpatterns"]


def _view(request: HttpRequest) -> HttpResponse:
    raise AssertionError("executed")


urlpatterns = [path("decorated/", _view)]
