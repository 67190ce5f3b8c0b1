from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from monolith.catalog.models import Product, Review
from tests.monolith.conftest import MakeCustomer, MakeProduct, MakeReview
from tests.monolith.pages.conftest import SignedIn, said

pytestmark = pytest.mark.django_db


def page_of(product: Product) -> str:
    return f"/products/{product.pk}-{product.slug}/"


def test_a_product_shows_its_price_stock_and_attributes(client: Client, make_product: MakeProduct) -> None:
    lamp = make_product(
        name="Lamp", sale_price=Decimal("8.00"), stock=3, attributes={"Colour": "red", "items": "two"}, weight_grams=450
    )
    text = client.get(page_of(lamp)).content.decode()
    for shown in (
        "Lamp",
        "€11.90",
        "€9.52",
        "Only a few left",
        "Colour",
        "red",
        "450 g",
        lamp.sku,
        "includes 19 % tax",
    ):
        assert shown in text


def test_the_wrong_slug_leads_to_the_right_one_and_keeps_the_query(client: Client, make_product: MakeProduct) -> None:
    lamp = make_product()
    answer = client.get(f"/products/{lamp.pk}-old-name/?reviews=1")
    assert (answer.status_code, answer["Location"]) == (301, page_of(lamp) + "?reviews=1")


def test_the_number_alone_leads_to_the_page(client: Client, make_product: MakeProduct) -> None:
    lamp = make_product()
    answer = client.get(f"/products/{lamp.pk}/")
    assert (answer.status_code, answer["Location"]) == (302, page_of(lamp))


def test_an_unpublished_product_is_not_found_and_a_discontinued_one_cannot_be_bought(
    client: Client, make_product: MakeProduct
) -> None:
    hidden, old = make_product(is_published=False), make_product(is_discontinued=True)
    assert client.get(page_of(hidden)).status_code == 404
    assert client.get(f"/products/{hidden.pk}/").status_code == 404
    text = client.get(page_of(old)).content.decode()
    assert "No longer made" in text
    assert 'action="/cart/add/"' not in text


def test_what_is_sold_out_has_no_button(client: Client, make_product: MakeProduct) -> None:
    text = client.get(page_of(make_product(stock=0))).content.decode()
    assert "Out of stock" in text
    assert 'action="/cart/add/"' not in text


def test_a_number_beyond_the_database_is_not_found(client: Client, db: None) -> None:
    assert client.get(f"/products/{10**30}-x/").status_code == 404


def test_approved_reviews_are_shown_with_their_mean(
    client: Client, make_product: MakeProduct, make_review: MakeReview
) -> None:
    lamp = make_product()
    make_review(lamp, stars=5, title="Bright", body="<b>Very</b> bright")
    make_review(lamp, stars=4)
    make_review(lamp, stars=1, title="Unseen", is_approved=False)
    text = client.get(page_of(lamp)).content.decode()
    assert 'aria-label="4.5 of 5 stars"' in text
    assert "2 reviews" in text
    assert "&lt;b&gt;Very&lt;/b&gt; bright" in text
    assert "Unseen" not in text


def test_reviews_have_pages(client: Client, make_product: MakeProduct, make_review: MakeReview) -> None:
    lamp = make_product()
    for number in range(11):
        make_review(lamp, title=f"Review no. {number}.")
    assert "?reviews=2#reviews" in client.get(page_of(lamp)).content.decode()
    second = client.get(page_of(lamp), {"reviews": "2"}).content.decode()
    assert "Review no. 0." in second
    assert "Review no. 1." not in second
    assert client.get(page_of(lamp), {"reviews": "3"}).status_code == 404


def test_a_visitor_is_asked_to_sign_in_and_comes_back(client: Client, make_product: MakeProduct) -> None:
    lamp = make_product()
    assert f'href="/accounts/login/?next={page_of(lamp)}"' in client.get(page_of(lamp)).content.decode()
    answer = client.post(page_of(lamp), {"stars": "5"})
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={page_of(lamp)}")
    assert not Review.objects.exists()


def test_a_customers_review_waits_for_approval(make_product: MakeProduct, signed_in: SignedIn) -> None:
    lamp, (browser, customer) = make_product(), signed_in()
    answer = browser.post(page_of(lamp), {"stars": "4", "title": "Nice", "body": "Warm light."})
    assert (answer.status_code, answer["Location"]) == (302, page_of(lamp))
    assert said(answer) == ["Thank you. Your review will be shown once we have read it."]
    review = Review.objects.get()
    assert (review.product, review.author, review.author_name) == (lamp, customer, customer.display_name)
    assert (review.stars, review.title, review.is_approved) == (4, "Nice", False)
    assert "We are reading your review" in browser.get(page_of(lamp)).content.decode()


def test_nobody_reviews_a_product_twice(make_product: MakeProduct, signed_in: SignedIn) -> None:
    lamp, (browser, _) = make_product(), signed_in()
    browser.post(page_of(lamp), {"stars": "4"})
    browser.get(page_of(lamp))
    answer = browser.post(page_of(lamp), {"stars": "1"})
    assert said(answer)[-1] == "You have reviewed this product before."
    assert Review.objects.get().stars == 4


@pytest.mark.parametrize("stars", ["", "0", "6", "x"])
def test_a_review_without_stars_comes_back_with_the_reason(
    make_product: MakeProduct, signed_in: SignedIn, stars: str
) -> None:
    lamp, (browser, _) = make_product(), signed_in()
    answer = browser.post(page_of(lamp), {"stars": stars, "title": "Kept"})
    assert answer.status_code == 422
    assert 'class="errorlist"' in answer.content.decode()
    assert 'value="Kept"' in answer.content.decode()
    assert not Review.objects.exists()


def test_an_image_is_shown_and_served(client: Client, make_product: MakeProduct) -> None:
    default_storage.save("products/lamp.png", ContentFile(b"not really a picture"))
    lamp = make_product(image="products/lamp.png")
    assert 'src="/media/products/lamp.png"' in client.get(page_of(lamp)).content.decode()
    answer = client.get("/media/products/lamp.png")
    assert answer["Content-Type"] == "image/png"
    assert answer.getvalue() == b"not really a picture"
    again = client.get("/media/products/lamp.png", headers={"If-Modified-Since": answer["Last-Modified"]})
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/media/none.png", "/media/../settings.py", "/media/%2e%2e/settings.py", "/media/"])
def test_no_file_but_an_uploaded_one_is_served(client: Client, db: None, path: str) -> None:
    assert client.get(path).status_code in (400, 404)


def test_a_customer_sees_only_her_own_waiting_review(
    make_product: MakeProduct, signed_in: SignedIn, make_review: MakeReview, make_customer: MakeCustomer
) -> None:
    lamp, (browser, _) = make_product(), signed_in()
    make_review(lamp, author=make_customer(), is_approved=False)
    assert "We are reading your review" not in browser.get(page_of(lamp)).content.decode()
