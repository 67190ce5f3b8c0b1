from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from monolith.accounts import services as accounts
from monolith.catalog import services as catalog
from monolith.catalog.categories import CategoryTree
from monolith.catalog.facts import ProductFacts, catalog_facts
from monolith.catalog.models import Review
from tests.monolith.conftest import MakeCategory, MakeCustomer, MakeProduct

pytestmark = pytest.mark.django_db


def test_the_tree_knows_paths_descendants_and_order(make_category: MakeCategory) -> None:
    kitchen = make_category("kitchen")
    knives = make_category("knives", parent=kitchen, sort_order=2)
    pans = make_category("pans", parent=kitchen, sort_order=1)
    bread = make_category("bread", parent=knives)
    bath = make_category("bath")
    tree = CategoryTree.load()
    assert tree.path(bread.pk) == "kitchen/knives/bread"
    assert tree.with_descendants(kitchen.pk) == {kitchen.pk, knives.pk, pans.pk, bread.pk}
    assert tree.children(kitchen.pk) == [pans, knives]
    assert tree.by_path() == [bath, kitchen, knives, bread, pans]
    assert tree.line(bread.pk) == [kitchen, knives, bread]


def test_a_category_cannot_stand_below_itself(make_category: MakeCategory) -> None:
    above = make_category()
    above.parent = make_category(parent=above)
    with pytest.raises(ValidationError, match="below itself"):
        above.full_clean()


def test_facts_tell_what_cart_and_checkout_may_know(make_product: MakeProduct) -> None:
    product = make_product(sku="K1", name="Messer", price=Decimal("10.00"), sale_price=Decimal("9.00"), stock=2)
    gone = make_product(is_discontinued=True)
    assert catalog_facts().product(product.pk) == ProductFacts(
        product.pk, "K1", "Messer", Decimal("10.00"), Decimal("9.00"), "EUR", Decimal("19.00"), "low", True
    )
    found = catalog_facts().products([product.pk, gone.pk, 0])
    assert {pk: facts.sellable for pk, facts in found.items()} == {product.pk: True, gone.pk: False}
    assert catalog_facts().product(0) is None


def test_a_sale_price_is_below_the_price(make_product: MakeProduct) -> None:
    product = make_product(price=Decimal("10.00"))
    product.sale_price = Decimal("10.00")
    with pytest.raises(ValidationError, match="below the price"):
        product.full_clean()


def test_a_review_waits_for_approval_and_one_author_has_one(
    make_product: MakeProduct, make_customer: MakeCustomer
) -> None:
    product, author = make_product(), make_customer()
    review = catalog.submit_review(product.pk, author_id=author.pk, author_name="Ada", stars=5)
    assert not Review.objects.approved().exists()
    with pytest.raises(catalog.AlreadyReviewed):
        catalog.submit_review(product.pk, author_id=author.pk, author_name="Ada", stars=1)
    with pytest.raises(catalog.ProductUnavailable):
        catalog.submit_review(0, author_id=author.pk, author_name="Ada", stars=1)
    assert catalog.approve_reviews([review.pk]) == 1
    assert catalog.approve_reviews([review.pk]) == 0


def test_an_email_address_is_one_account_in_any_case() -> None:
    customer = accounts.register("Ada@Example.COM", "open sesame 42", "Ada")
    assert customer.email == "ada@example.com"
    assert type(customer).objects.get_by_natural_key("ADA@example.com") == customer
    assert accounts.customer_of(customer) is customer
    assert accounts.customer_of(object()) is None
