from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)

__all__ = ["category", "feed_position", "metadata", "product", "rejected", "review"]

metadata = MetaData()

# Times are microseconds since 1970 in UTC, amounts hundredths: whole numbers sort and compare alike everywhere.
# There are no foreign keys: rows arrive in any order, and one may be here before what it refers to.

category = Table(
    "category",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("slug", Text, nullable=False),
    Column("parent_id", BigInteger),
    Column("path", Text),
    Column("run", Integer, nullable=False),
)

product = Table(
    "product",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("sku", Text, nullable=False),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("category_id", BigInteger, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("sale_price", BigInteger),
    Column("currency", Text, nullable=False),
    Column("tax_rate", BigInteger, nullable=False),
    Column("availability", Text, nullable=False),
    Column("lifecycle", Text, nullable=False),
    Column("attributes", JSON, nullable=False),
    Column("weight", Integer),
    Column("image", Text),
    Column("stars", BigInteger, nullable=False),
    Column("reviews", BigInteger, nullable=False),
    Column("rank", Float(53), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("run", Integer, nullable=False),
    Index("product_by_category", "category_id", "lifecycle"),
    Index("product_by_id", "lifecycle", "id", "category_id"),
    Index("product_by_price", "lifecycle", "price", "id"),
    Index("product_by_created_at", "lifecycle", "created_at", "id"),
    Index("product_by_rank", "lifecycle", "rank", "id"),
)

review = Table(
    "review",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("product_id", BigInteger, nullable=False),
    Column("author", Text, nullable=False),
    Column("stars", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("approved", Boolean, nullable=False),
    Column("written_at", BigInteger, nullable=False),
    Column("run", Integer, nullable=False),
    Index("review_by_product", "product_id", "approved", "written_at", "id"),
)

rejected = Table(
    "rejected",
    metadata,
    Column("kind", Text, nullable=False),
    Column("id", BigInteger, nullable=False),
    Column("field", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("wrong", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("run", Integer, nullable=False),
    PrimaryKeyConstraint("kind", "id"),
)

feed_position = Table(
    "feed_position",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("cursor", Text, nullable=False),
    Column("run", Integer, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("sweeping", Boolean, nullable=False),
)
