"""The names of HTML that something depends on, by what that is."""

from __future__ import annotations

from typing import Final

__all__ = [
    "ATOMS",
    "BLOCKS",
    "BOOLEAN",
    "ENDED",
    "EXACT",
    "FORMATTING",
    "RAW",
    "TEXT_ONLY",
    "TO_HTML",
    "UNSEEN",
    "VOID",
    "WALLS",
]


def _names(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


BLOCKS: Final = _names(
    "address article aside blockquote body br caption center col colgroup dd details dialog dir div dl dt fieldset",
    "figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li listing main",
    "menu nav noframes ol optgroup option p pre rp rt search section summary table tbody td tfoot th thead title tr ul",
)
"""Elements whose edges are edges of lines of text."""
ATOMS: Final = _names("audio button canvas embed iframe img input math meter object progress select svg textarea video")
"""Elements that stand in a line like a word; what is in them has lines of its own."""
UNSEEN: Final = _names("base link meta script style template")
"""Elements that are not seen in a line."""
EXACT: Final = _names("listing plaintext pre textarea xmp")
"""Elements in which all white space counts."""
RAW: Final = _names("script style")
"""Elements that hold code."""
BOOLEAN: Final = _names(
    "allowfullscreen async autofocus autoplay checked controls default defer disabled formnovalidate inert ismap",
    "itemscope loop multiple muted nomodule novalidate open playsinline readonly required reversed selected",
)
"""Attributes that count by being there."""

# For the parser.

VOID: Final = _names(
    "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr"
)
"""Elements that nothing can be in."""
ENDED: Final = _names("body caption colgroup dd dt head html li optgroup option p rp rt tbody td tfoot th thead tr")
"""Elements that end one another, or with what they are in: they nest only with other elements between."""
FORMATTING: Final = _names("a b big code em font i nobr s small strike strong tt u")
"""Elements that are opened again in the next block where they were left open."""
WALLS: Final = _names(
    "address applet article aside blockquote button center details dialog dir div dl fieldset figcaption figure footer",
    "form frameset h header hgroup iframe listing main marquee menu nav noembed noframes noscript object ol pre search",
    "section select summary table template ul xmp",
)
"""Elements past which the end tag of another does not reach for certain; `h` is any heading."""
TEXT_ONLY: Final = _names("iframe noembed noframes script style textarea title xmp")
"""Elements in which tags are text."""
TO_HTML: Final = _names(
    "annotation-xml b big blockquote body br center code dd div dl dt em embed font foreignobject h head hr i img li",
    "listing menu meta mi mn mo ms mtext nobr ol p pre ruby s small span strong strike sub sup table tt u ul var",
)
"""Elements that lead back to HTML within SVG and MathML."""
