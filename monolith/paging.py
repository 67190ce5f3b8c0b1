"""Pages of the JSON API."""

from __future__ import annotations

from typing import Any

from rest_framework.pagination import PageNumberPagination
from rest_framework.views import APIView

__all__ = ["Pages"]


class Pages(PageNumberPagination):
    """20 things a page, up to 100 by ``page_size``."""

    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """With the bounds, so that requests can be made from the schema."""
        page, page_size = super().get_schema_operation_parameters(view)
        page["schema"] |= {"minimum": 1}
        page_size["schema"] |= {"minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return [page, page_size]
