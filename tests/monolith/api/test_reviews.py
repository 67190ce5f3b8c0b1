from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from rest_framework.authtoken.models import Token

from monolith.catalog.models import Review
from tests.monolith.conftest import MakeCustomer, MakeProduct, MakeReview

pytestmark = pytest.mark.django_db
OPINION = {"stars": 5, "title": "Schön", "body": "Täglich benutzt."}


def test_approved_reviews_come_newest_first(
    client: Client, make_product: MakeProduct, make_review: MakeReview,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    product = make_product()
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    same, later_id = (make_review(product, created_at=moment) for _ in range(2))
    newest = make_review(product, author_name="Bea", stars=2, title="", created_at=datetime(2026, 1, 3, tzinfo=UTC))
    make_review(product, is_approved=False)
    make_review()
    with django_assert_num_queries(3):
        answer = client.get(f"/api/v1/products/{product.pk}/reviews/")
    assert answer["Allow"] == "GET, POST, HEAD, OPTIONS"
    assert [each["id"] for each in answer.json()["results"]] == [newest.pk, later_id.pk, same.pk]
    assert list(answer.json()["results"][0].items()) == [
        ("id", newest.pk),
        ("author", "Bea"),
        ("stars", 2),
        ("title", ""),
        ("body", "I use it daily."),
        ("created_at", "2026-01-03T00:00:00Z"),
    ]


def test_reviews_of_a_product_that_is_not_shown_are_not_found(client: Client, make_product: MakeProduct) -> None:
    hidden, gone = make_product(is_published=False), make_product(is_discontinued=True)
    answer = client.get(f"/api/v1/products/{hidden.pk}/reviews/")
    assert (answer.status_code, answer.json()) == (404, {"detail": "No Product matches the given query."})
    assert client.get(f"/api/v1/products/{gone.pk}/reviews/").json()["count"] == 0
    assert client.get(f"/api/v1/products/{gone.pk}/reviews/?page=2").json() == {"detail": "Invalid page."}


def test_a_customer_writes_one_review_which_waits_for_approval(
    client: Client, make_product: MakeProduct, make_customer: MakeCustomer
) -> None:
    path = f"/api/v1/products/{make_product().pk}/reviews/"
    token = Token.objects.create(user=make_customer(display_name="Ada"))
    headers = {"authorization": f"Token {token.key}"}
    answer = client.post(path, OPINION, content_type="application/json", headers=headers)
    assert answer.status_code == 201
    assert answer.json().items() >= {**OPINION, "author": "Ada"}.items()
    assert not Review.objects.get().is_approved
    assert client.get(path).json()["count"] == 0
    again = client.post(path, OPINION, content_type="application/json", headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "already_reviewed")


def test_nobody_reviews_unknown_or_unseen(
    client: Client, make_product: MakeProduct, make_customer: MakeCustomer
) -> None:
    product, hidden = make_product(), make_product(is_published=False)
    path = f"/api/v1/products/{product.pk}/reviews/"
    unknown = client.post(path, OPINION, content_type="application/json")
    assert (unknown.status_code, unknown["WWW-Authenticate"]) == (401, "Token")
    client.force_login(make_customer())
    answer = client.post(f"/api/v1/products/{hidden.pk}/reviews/", OPINION, content_type="application/json")
    assert answer.status_code == 404
    for wrong in ({"stars": 6}, {"stars": 0}, {"title": "no stars"}, {"stars": 3, "title": "x" * 121}):
        assert client.post(path, wrong, content_type="application/json").status_code == 400
    assert not Review.objects.exists()


def test_a_session_writes_only_with_the_form_token(make_product: MakeProduct, make_customer: MakeCustomer) -> None:
    path = f"/api/v1/products/{make_product().pk}/reviews/"
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_customer())
    refused = strict.post(path, OPINION, content_type="application/json")
    assert refused.status_code == 403
    strict.cookies["csrftoken"] = "a" * 32
    answer = strict.post(path, OPINION, content_type="application/json", headers={"x-csrftoken": "a" * 32})
    assert answer.status_code == 201
