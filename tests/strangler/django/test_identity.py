"""The middleware for services in Django."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings

from strangler.django.identity import IdentityMiddleware
from strangler.identity import HEADER
from tests.strangler.identity.service import Signer, write_keys

SIGNER = Signer()
FOR_EVER: dict[str, Any] = {"iat": 1, "exp": 2**40}


def view(request: HttpRequest) -> HttpResponse:
    identity = getattr(request, "strangler_identity", None)
    return HttpResponse("nobody" if identity is None else identity.id)


def answer(path: str, keys: Path, token: str = "", method: str = "GET", **more: Any) -> HttpResponse:
    with override_settings(STRANGLER_IDENTITY={"KEYS": [str(keys)], "AUDIENCE": "orders", **more}):
        headers = {HEADER: token} if token else {}
        return IdentityMiddleware(view)(RequestFactory().generic(method, path, headers=headers))


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return write_keys(tmp_path / "keys.json", SIGNER)


def signed(method: str, path: str, query: str = "", **more: Any) -> str:
    return SIGNER.token(SIGNER.claims(method, path, query, **FOR_EVER, **more))


def test_a_request_goes_on_with_its_identity(keys: Path) -> None:
    assert answer("/orders/?a=1", keys, signed("GET", "/orders/", "a=1")).content == b"7"
    assert answer("/orders/%C3%BC%2F", keys, signed("PUT", "/orders/ü/"), "PUT").content == b"7"


def test_what_is_not_believed_is_answered_401(keys: Path) -> None:
    for token in ("", "x", signed("GET", "/other/"), signed("GET", "/orders/", aud="x"), Signer().token()):
        refused = answer("/orders/", keys, token)
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Strangler")


def test_an_expired_identity_is_refused(keys: Path) -> None:
    assert answer("/orders/", keys, SIGNER.token(SIGNER.claims(exp=5, iat=1))).status_code == 401


def test_without_keys_nobody_is_let_in_but_to_open_paths(tmp_path: Path) -> None:
    gone = tmp_path / "gone.json"
    assert answer("/orders/", gone, signed("GET", "/orders/")).status_code == 503
    assert answer("/health/", gone, OPEN_PATHS=["/health/"]).content == b"nobody"


def test_anonymous_clients_can_be_refused(keys: Path) -> None:
    token = SIGNER.token(SIGNER.claims("GET", "/orders/", anonymous=True, **FOR_EVER), without="sub")
    assert answer("/orders/", keys, token).content == b""
    assert answer("/orders/", keys, token, ANONYMOUS=False).status_code == 401


@pytest.mark.parametrize(
    "wrong", [{}, {"KEYS": []}, {"AUDIENCE": ""}, {"KEYS": "http://proxy/"}, {"EXTRA": 1}], ids=str
)
def test_wrong_settings_are_told_at_start(keys: Path, wrong: dict[str, Any]) -> None:
    if wrong:
        wrong = {"KEYS": [str(keys)], "AUDIENCE": "orders", **wrong}
    with override_settings(STRANGLER_IDENTITY=wrong), pytest.raises(ImproperlyConfigured, match="STRANGLER_IDENTITY"):
        IdentityMiddleware(view)
