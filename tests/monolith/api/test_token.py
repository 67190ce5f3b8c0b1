from __future__ import annotations

import pytest
from rest_framework.throttling import ScopedRateThrottle

from tests.monolith.api.conftest import Api
from tests.monolith.conftest import MakeCustomer

pytestmark = pytest.mark.django_db


def test_a_customer_gets_one_token_and_is_known_by_it(api: Api, make_customer: MakeCustomer) -> None:
    make_customer("ada@example.com")
    answers = [
        api("post", "auth/token/", {"email": email, "password": "open sesame 42"})
        for email in ("ada@example.com", "Ada@Example.com")
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    token = answers[0].json()["token"]
    assert api("get", "orders/", authorization=f"Token {token}").status_code == 200


@pytest.mark.parametrize(
    "credentials",
    [
        {"email": "ada@example.com", "password": "wrong"},
        {"email": "nobody@example.com", "password": "open sesame 42"},
        {"email": "gone@example.com", "password": "open sesame 42"},
        {"email": "ada@example.com"},
        {"email": "no address", "password": "open sesame 42"},
    ],
)
def test_nobody_else_gets_one(api: Api, make_customer: MakeCustomer, credentials: dict[str, str]) -> None:
    make_customer("ada@example.com")
    make_customer("gone@example.com", is_active=False)
    assert api("post", "auth/token/", credentials).status_code == 400


def test_guessing_is_slowed_down(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ScopedRateThrottle, "THROTTLE_RATES", {"login": "2/min"})
    guesses = [api("post", "auth/token/", {"email": "a@example.com", "password": str(n)}) for n in range(3)]
    assert [guess.status_code for guess in guesses] == [400, 400, 429]
    assert int(guesses[-1]["Retry-After"]) > 0


def test_a_wrong_token_is_refused_and_not_ignored(api: Api) -> None:
    for path in ("orders/", "cart/", "stock/1/"):
        answer = api("get", path, authorization="Token wrong")
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Token")
