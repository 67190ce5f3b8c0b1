"""What SQL does, as far as its words tell."""

from __future__ import annotations

import pytest

from strangler.shadow.statements import ends, writes


@pytest.mark.parametrize(
    ("sql", "wrote"),
    [
        ("SELECT 1", False),
        ("  /* a */ -- b\n (select 1)", False),
        ('SELECT "id" FROM "orders" FOR NO KEY UPDATE', False),
        ("SAVEPOINT x", False),
        ("PRAGMA table_info(x)", False),
        ("WITH a AS (SELECT 1) SELECT * FROM a", False),
        ("INSERT INTO orders VALUES (1)", True),
        ("WITH a AS (DELETE FROM orders RETURNING 1) SELECT * FROM a", True),
        ("SELECT * INTO copies FROM orders", True),
        ("SELECT 'a; b'", False),
        ("SELECT 1; DROP TABLE orders", True),
        ("BEGIN; DELETE FROM orders; COMMIT", True),
        ("EXPLAIN ANALYZE UPDATE orders SET a = 1", True),
        ("PRAGMA journal_mode = OFF", True),
        ("CALL anything()", True),
        ("NOTIFY somebody", True),
        ("", True),
        (b"SELECT 1", True),
    ],
)
def test_what_could_write_counts_as_writing(sql: object, wrote: bool) -> None:
    assert writes(sql) is wrote


@pytest.mark.parametrize(
    ("sql", "database", "ended"),
    [
        ("COMMIT", "postgresql", True),
        ("abort work", "postgresql", True),
        ("PREPARE TRANSACTION 'x'", "postgresql", True),
        ("PREPARE plan AS SELECT 1", "postgresql", False),
        ("ROLLBACK", "sqlite", True),
        ("ROLLBACK TO SAVEPOINT x", "sqlite", False),
        ("ROLLBACK WORK TO x", "postgresql", False),
        ("CREATE TABLE x (a int)", "sqlite", False),
        ("CREATE TABLE x (a int)", "mysql", True),
        ("SELECT 'x; COMMIT'", "mysql", False),
        ("SELECT 1 AS committed", "mysql", False),
        (b"COMMIT", "sqlite", False),
    ],
)
def test_what_ends_a_transaction_is_known(sql: object, database: str, ended: bool) -> None:
    assert ends(sql, database) is ended
