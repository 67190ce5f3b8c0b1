"""Categories, products, reviews, what was rejected, and the position in the feed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "category",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("parent_id", sa.BigInteger),
        sa.Column("path", sa.Text),
        sa.Column("run", sa.Integer, nullable=False),
    )
    op.create_table(
        "product",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("category_id", sa.BigInteger, nullable=False),
        sa.Column("price", sa.BigInteger, nullable=False),
        sa.Column("sale_price", sa.BigInteger),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("tax_rate", sa.BigInteger, nullable=False),
        sa.Column("availability", sa.Text, nullable=False),
        sa.Column("lifecycle", sa.Text, nullable=False),
        sa.Column("attributes", sa.JSON, nullable=False),
        sa.Column("weight", sa.Integer),
        sa.Column("image", sa.Text),
        sa.Column("stars", sa.BigInteger, nullable=False),
        sa.Column("reviews", sa.BigInteger, nullable=False),
        sa.Column("rank", sa.Float(53), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
    )
    op.create_index("product_by_category", "product", ["category_id", "lifecycle"])
    op.create_index("product_by_id", "product", ["lifecycle", "id", "category_id"])
    op.create_index("product_by_price", "product", ["lifecycle", "price", "id"])
    op.create_index("product_by_created_at", "product", ["lifecycle", "created_at", "id"])
    op.create_index("product_by_rank", "product", ["lifecycle", "rank", "id"])
    op.create_table(
        "review",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("product_id", sa.BigInteger, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("stars", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("approved", sa.Boolean, nullable=False),
        sa.Column("written_at", sa.BigInteger, nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
    )
    op.create_index("review_by_product", "review", ["product_id", "approved", "written_at", "id"])
    op.create_table(
        "rejected",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("wrong", sa.Text, nullable=False),
        sa.Column("remedy", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
    )
    op.create_table(
        "feed_position",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("cursor", sa.Text, nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("sweeping", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    for name in ("feed_position", "rejected", "review", "product", "category"):
        op.drop_table(name)
