"""Pages of the JSON API."""

from __future__ import annotations

from rest_framework.pagination import PageNumberPagination

__all__ = ["Pages"]


class Pages(PageNumberPagination):
    """20 things a page, up to 100 by ``page_size``."""

    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100
