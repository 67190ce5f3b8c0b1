from __future__ import annotations

import pytest

from strangler.inventory.statement import tables_in

KNOWN = frozenset({"orders_order", "orders_line", "catalog_product", "user", "created", "odd table"})


@pytest.mark.parametrize(
    ("sql", "reads", "writes"),
    [
        ('SELECT "orders_order"."id" FROM "orders_order" WHERE "orders_order"."id" = %s', "orders_order", ""),
        ('SELECT 1 FROM "orders_line" INNER JOIN "catalog_product" ON (1=1)', "orders_line catalog_product", ""),
        (
            'INSERT INTO "orders_line" ("user", "created") VALUES (%s, %s) RETURNING "orders_line"."id"',
            "",
            "orders_line",
        ),
        ('UPDATE "orders_order" SET "created" = %s WHERE 1=1', "", "orders_order"),
        ('DELETE FROM "orders_line" WHERE "id" IN (SELECT "id" FROM "orders_order")', "orders_order", "orders_line"),
        ('INSERT INTO "orders_line" SELECT * FROM catalog_product', "catalog_product", "orders_line"),
        ("select * from ORDERS_ORDER, orders_line o, user where created = 1", "orders_order orders_line user", ""),
        ("SELECT id, created FROM orders_order", "orders_order", ""),
        ('SELECT * FROM "public"."orders_order" FOR UPDATE OF "orders_order"', "orders_order", ""),
        ("SELECT * FROM `orders_order` JOIN [catalog_product] ON 1=1", "orders_order catalog_product", ""),
        ("SELECT 'FROM user' FROM orders_order -- FROM user\n/* JOIN user */", "orders_order", ""),
        ("INSERT INTO user VALUES (1) ON CONFLICT DO UPDATE SET created = 1", "", "user"),
        (
            "WITH x AS (SELECT * FROM orders_line) SELECT * FROM x JOIN orders_order ON 1=1",
            "orders_line orders_order",
            "",
        ),
        ("UPDATE orders_order SET created = 1 FROM user WHERE 1=1", "user", "orders_order"),
        ("TRUNCATE TABLE orders_line", "", "orders_line"),
        ('SELECT * FROM ONLY "odd table"', "odd table", ""),
        ('SELECT EXTRACT(YEAR FROM "orders_order"."when") FROM "orders_order"', "orders_order", ""),
        ("SAVEPOINT x", "", ""),
        ("", "", ""),
    ],
)
def test_the_tables_of_a_statement_are_seen(sql: str, reads: str, writes: str) -> None:
    def named(text: str) -> frozenset[str]:
        return frozenset({text} if text in KNOWN else text.split())

    assert tables_in(sql, KNOWN) == (named(reads), named(writes))
