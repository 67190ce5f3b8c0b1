"""System checks: what keeps the proxy from being told who a client is."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.conf import settings as shop
from django.urls import include, path

from monolith.urls import urlpatterns
from strangler.django.checks import check_vouching

SECRET = "a secret of the tests, long enough"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    for name in ("VOUCH_SECRET", "VOUCH_SECRET_FILE"):
        monkeypatch.delenv(f"STRANGLER_{name}", raising=False)
    settings.STRANGLER = {"VOUCH_SECRET": SECRET}


def found() -> list[str | None]:
    return [message.id for message in check_vouching()]


def without(name: str) -> list[str]:
    return [each for each in shop.MIDDLEWARE if not each.endswith(name)]


def test_the_shop_is_right_and_says_nothing_without_a_secret(settings: Any) -> None:
    assert found() == []
    settings.STRANGLER = {}
    settings.MIDDLEWARE = []
    assert found() == []


def test_a_secret_that_is_too_short_is_an_error(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.STRANGLER = {"VOUCH_SECRET": "short"}
    assert found() == ["strangler.E005"]
    settings.STRANGLER = {}
    monkeypatch.setenv("STRANGLER_VOUCH_SECRET", "short")
    assert found() == ["strangler.E005"]


def test_a_file_that_is_not_there_yet_is_a_warning(settings: Any, tmp_path: Path) -> None:
    file = tmp_path / "vouch.secret"
    settings.STRANGLER = {"VOUCH_SECRET_FILE": str(file)}
    assert found() == ["strangler.W004"]
    file.write_text(SECRET)
    assert found() == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SessionMiddleware", "strangler.E006"),
        ("AuthenticationMiddleware", "strangler.E006"),
        ("CsrfViewMiddleware", "strangler.W005"),
    ],
)
def test_middleware_that_is_missing_is_told(settings: Any, name: str, code: str) -> None:
    settings.MIDDLEWARE = without(name)
    assert found() == [code]


def test_a_view_that_is_not_included_is_an_error(settings: Any) -> None:
    settings.ROOT_URLCONF = module([each for each in urlpatterns if "_strangler" not in str(each.pattern)])
    assert found() == ["strangler.E007"]


def test_another_place_than_the_proxys_own_is_worth_a_note(settings: Any) -> None:
    settings.ROOT_URLCONF = module([path("inside/", include("strangler.django.urls"))])
    assert found() == ["strangler.I002"]


def module(patterns: list[Any]) -> ModuleType:
    made = ModuleType("urls_of_a_test")
    made.urlpatterns = patterns  # type: ignore[attr-defined]
    return made
