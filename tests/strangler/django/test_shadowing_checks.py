"""What `manage.py check` says of copies of requests."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from strangler.django.checks import check_shadowing

MIDDLEWARE = "strangler.django.shadow.ShadowMiddleware"
OTHER = "django.middleware.common.CommonMiddleware"
MAIL = "strangler.django.mail.ShadowGuardBackend"
SMTP = "django.core.mail.backends.smtp.EmailBackend"
GUARDED = {
    "BACKEND": "strangler.django.cache.ShadowGuardCache",
    "OPTIONS": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}
PLAIN = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONTROL_URL", "TOKEN", "TOKEN_FILE", "SNAPSHOT", "CACHE", "RELEASE"):
        monkeypatch.delenv(f"STRANGLER_{name}", raising=False)


def found(**changed: Any) -> list[str]:
    settings: dict[str, Any] = {
        "MIDDLEWARE": [MIDDLEWARE, OTHER],
        "EMAIL_BACKEND": MAIL,
        "CACHES": {"default": GUARDED},
        "STRANGLER": {"MAIL_BACKEND": SMTP},
        **changed,
    }
    with override_settings(**settings):
        messages = check_shadowing()
    assert all(message.hint for message in messages)
    return [str(message.id) for message in messages]


def test_a_project_that_is_set_up_is_in_order() -> None:
    assert found() == []
    assert found(STRANGLER={"SHADOW_DRY_RUN": ["default"], "SHADOW_OBSERVER": "strangler.shadow.log_effect"}) == []
    assert found(STRANGLER=["wrong, and check_setting says so"]) == []


def test_a_project_that_no_proxy_knows_of_is_left_alone() -> None:
    assert found(MIDDLEWARE=[OTHER], STRANGLER={}) == []


def test_behind_a_proxy_the_middleware_is_missed() -> None:
    assert found(MIDDLEWARE=[OTHER], STRANGLER={"SNAPSHOT": "/x/toggles.json"}) == ["strangler.W006"]
    assert found(MIDDLEWARE=[OTHER], STRANGLER={"SHADOW_DRY_RUN": True}) == ["strangler.W006"]


def test_the_middleware_has_to_be_the_first() -> None:
    assert found(MIDDLEWARE=[OTHER, MIDDLEWARE]) == ["strangler.W007"]


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        (SMTP, ["strangler.W008"]),
        ("django.core.mail.backends.filebased.EmailBackend", ["strangler.W008"]),
        ("django.core.mail.backends.console.EmailBackend", []),
        ("no.such.Backend", ["strangler.E009"]),
    ],
)
def test_a_mail_backend_that_is_not_guarded_is_named(backend: str, expected: list[str]) -> None:
    assert found(EMAIL_BACKEND=backend) == expected


@pytest.mark.parametrize("inner", [MAIL, "no.such.Backend"])
def test_a_guarded_backend_needs_one_that_sends(inner: str) -> None:
    assert found(STRANGLER={"MAIL_BACKEND": inner}) == ["strangler.E009"]


def test_a_cache_that_is_not_guarded_is_named() -> None:
    dummy = {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
    assert found(CACHES={"default": PLAIN, "other": dummy}) == ["strangler.I003"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"SHADOW_DRY_RUN": ["no such database"]},
        {"SHADOW_DRY_RUN": "default"},
        {"SHADOW_ALLOWED_HOSTS": "search.internal"},
        {"SHADOW_ALLOWED_HOSTS": ["http://search.internal"]},
        {"SHADOW_EFFECTS": {"mail": "swallow"}},
        {"SHADOW_OBSERVER": "no.such.function"},
        {"RELEASE": "ü"},
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_is_an_error(wrong: dict[str, Any]) -> None:
    assert found(STRANGLER={"MAIL_BACKEND": SMTP, **wrong}) == ["strangler.E008"]
