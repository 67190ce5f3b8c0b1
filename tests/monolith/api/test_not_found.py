from __future__ import annotations

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/api/v1/nothing/", "/api/", "/internal/nothing/"])
def test_a_path_that_nothing_owns_is_answered_in_json_and_without_a_session(client: Client, path: str) -> None:
    answer = client.get(path, headers={"accept-language": "de"})
    assert (answer.status_code, answer.json()) == (404, {"detail": "Nicht gefunden."})
    assert answer["Vary"] == "Accept-Language"


def test_people_get_a_page(client: Client) -> None:
    answer = client.get("/nothing/")
    assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_the_way_to_the_slash_reads_no_session(client: Client) -> None:
    answer = client.get("/api/v1/products?page=2")
    assert (answer.status_code, answer["Location"]) == (301, "/api/v1/products/?page=2")
    assert answer["Vary"] == "Accept-Language"


@pytest.mark.parametrize("path", ["products/", "products/1/reviews/", "categories/", "cart/", "orders/", "checkout/"])
def test_options_are_answered_everywhere(client: Client, path: str) -> None:
    assert client.options(f"/api/v1/{path}").status_code in {200, 401}
