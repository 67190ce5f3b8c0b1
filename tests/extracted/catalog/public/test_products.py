from __future__ import annotations

from tests.extracted.catalog import rows
from tests.extracted.catalog.conftest import Serve
from tests.extracted.catalog.rows import FakeMonolith


def test_the_list_is_the_monoliths_list_byte_for_byte(serve: Serve, monolith: FakeMonolith) -> None:
    monolith.put("category", rows.category(1, "kitchen"), rows.category(2, "knives", 1))
    monolith.put(
        "product",
        rows.product(
            5, 2, name="Messer „Grün“", sale_price="79.90", image="products/grün 1.jpg", rating_sum=13, review_count=3
        ),
    )
    answer = serve().get("/api/v1/products/")
    assert answer.status_code == 200
    assert answer.text == (
        '{"count":1,"next":null,"previous":null,"results":[{"id":5,"sku":"SKU-00005","slug":"product-5",'
        '"name":"Messer „Grün“","url":"http://shop.test/products/5-product-5/",'
        '"category":{"id":2,"slug":"knives","name":"Knives","path":"kitchen/knives"},"price":"89.90",'
        '"currency":"EUR","tax_rate":"19.00","price_with_tax":"95.08","sale_price":"79.90",'
        '"availability":"in_stock","rating":"4.33","review_count":3,'
        '"image":"http://shop.test/media/products/gr%C3%BCn%201.jpg","created_at":"2026-01-02T03:04:05.678901Z"}]}'
    )
