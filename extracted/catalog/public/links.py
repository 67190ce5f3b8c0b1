from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote, urljoin, urlsplit

from extracted.catalog.domain import Product
from extracted.catalog.public.asked import Asked

__all__ = ["RequestLinks"]


class RequestLinks:
    """Addresses as seen by whoever made the request: by its Host and scheme."""

    def __init__(self, asked: Asked, media_url: str) -> None:
        self._here = asked.origin
        self._media_url = media_url

    def product_page(self, product: Product) -> str:
        return f"{self._here}/products/{product.id}-{product.slug}/"

    def reviews(self, product: Product) -> str:
        return f"{self._here}/api/v1/products/{product.id}/reviews/"

    def image(self, path: str) -> str:
        location, is_elsewhere = _image(self._media_url, path)
        return location if is_elsewhere else self._here + location


@lru_cache(maxsize=4096)
def _image(media_url: str, path: str) -> tuple[str, bool]:
    """Where the image is, escaped, and whether that is an address of its own."""
    quoted = quote(path.replace("\\", "/"), safe="/~!*()'").lstrip("/")
    location = quote(urljoin(media_url, quoted), safe="/#%[]=:;$&()+,!?*@'~")
    return location, bool(urlsplit(location).netloc)
