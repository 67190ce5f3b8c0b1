"""A few small product pictures, drawn: no file in the tree, no licence to ask for."""

from __future__ import annotations

from colorsys import hls_to_rgb
from io import BytesIO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, ImageDraw

__all__ = ["NAMES", "draw", "store"]

_SIZE = (240, 180)
NAMES = tuple(f"products/seed-{number:02d}.png" for number in range(1, 13))
"""Their paths below MEDIA_URL."""


def draw(number: int) -> bytes:
    """The picture of that number as PNG."""
    hue = number / len(NAMES)

    def colour(lightness: float, turn: float = 0.0) -> tuple[int, int, int]:
        red, green, blue = hls_to_rgb((hue + turn) % 1.0, lightness, 0.45)
        return round(red * 255), round(green * 255), round(blue * 255)

    image = Image.new("RGB", _SIZE, colour(0.92))
    pen = ImageDraw.Draw(image)
    pen.ellipse((50, 138, 190, 160), fill=colour(0.82))
    box = (70, 45, 170, 150)
    if number % 3 == 0:
        pen.ellipse(box, fill=colour(0.55))
        pen.ellipse((90, 60, 125, 95), fill=colour(0.72))
    elif number % 3 == 1:
        pen.rounded_rectangle(box, radius=14, fill=colour(0.5))
        pen.rectangle((70, 80, 170, 98), fill=colour(0.7, 0.5))
    else:
        pen.polygon(((120, 35), (180, 150), (60, 150)), fill=colour(0.52))
        pen.polygon(((120, 35), (120, 150), (60, 150)), fill=colour(0.62))
    target = BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


def store() -> int:
    """Puts all pictures into the media storage, over what stands there; returns how many."""
    for number, name in enumerate(NAMES):
        default_storage.delete(name)
        default_storage.save(name, ContentFile(draw(number)))
    return len(NAMES)
