from __future__ import annotations

from urllib.parse import quote, urljoin

from extracted.catalog.domain import Product
from extracted.catalog.public.asked import Asked

__all__ = ["RequestLinks"]


class RequestLinks:
    """Addresses as seen by whoever made the request: by its Host and scheme."""

    def __init__(self, asked: Asked, media_url: str) -> None:
        self._asked = asked
        self._media_url = media_url

    def product_page(self, product: Product) -> str:
        return self._asked.absolute(f"/products/{product.id}-{product.slug}/")

    def reviews(self, product: Product) -> str:
        return self._asked.absolute(f"/api/v1/products/{product.id}/reviews/")

    def image(self, path: str) -> str:
        quoted = quote(path.replace("\\", "/"), safe="/~!*()'").lstrip("/")
        return self._asked.absolute(urljoin(self._media_url, quoted))
