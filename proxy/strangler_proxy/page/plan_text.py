"""The plan's document as HTML, in pieces, with a place for each of its steps. Whatever it holds stays text. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup, escape

__all__ = ["Piece", "block_anchor", "pieces_of"]

_DEEPEST: Final = 6
_NOT_IN_SLUGS: Final = re.compile(r"[^\w\- ]")
_WEB: Final = frozenset({"http", "https"})
# Before every anchor of the document, so that none of its headings takes the place of a part of the page.
_PREFIX: Final = "doc-"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the document: `html`, or the place of the `step` of that id."""

    html: Markup
    step: str = ""


def block_anchor(line: int) -> str:
    """The anchor of the block that begins in that line."""
    return f"block-{line}"


@lru_cache(maxsize=4)
def pieces_of(text: str, steps: tuple[tuple[int, str], ...]) -> tuple[Piece, ...]:
    """The document `text`; `steps` are the ids of its steps by the line that their block begins in. A step's block may
    stand in a list or a quote: then so does its place, between pieces that are no whole elements by themselves."""
    known = dict(steps)
    markdown = _markdown()
    env: dict[str, Any] = {"slugs": {}}
    tokens = markdown.parse(text, env)
    _settle_links(tokens)
    pieces: list[Piece] = []
    begun = 0
    for index, token in enumerate(tokens):
        step = known.get(token.map[0] + 1) if token.type == "fence" and token.map is not None else None
        if step is not None:
            pieces.append(_piece(markdown, tokens[begun:index], env))
            pieces.append(Piece(Markup(), step))
            begun = index + 1
    pieces.append(_piece(markdown, tokens[begun:], env))
    return tuple(piece for piece in pieces if piece.html or piece.step)


def _piece(markdown: MarkdownIt, tokens: Sequence[Token], env: dict[str, Any]) -> Piece:
    return Piece(Markup(markdown.renderer.render(tokens, markdown.options, env)))  # noqa: S704 - of text without HTML


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    # Without html, so that nothing in the document becomes more than text.
    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    for name, rule in _RULES.items():
        markdown.add_render_rule(name, rule)
    return markdown


def _settle_links(tokens: Sequence[Token]) -> None:
    """Let links lead to the web, to mail and to headings here alone; others, such as paths of files, become text."""
    for inline in tokens:
        leads = True
        for token in inline.children or ():
            if token.type == "link_open":
                href = _followed(str(token.attrs.get("href", "")))
                leads = bool(href)
                if leads:
                    token.attrs = {"href": href, "rel": "noreferrer noopener"}
                else:
                    token.tag, token.attrs = "span", {"class": "plan-path", "title": str(token.attrs.get("href", ""))}
            elif token.type == "link_close" and not leads:
                token.tag = "span"


def _followed(href: str) -> str:
    """Where a link leads; empty where it is not to lead anywhere."""
    if href.startswith("#"):
        return f"#{_PREFIX}{href[1:]}"
    try:
        parts = urlsplit(href)
    except ValueError:
        return ""
    web = parts.scheme.lower() in _WEB and bool(parts.netloc)
    return href if web or (parts.scheme.lower() == "mailto" and bool(parts.path)) else ""


def _heading_open(
    _: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: Mapping[str, Any]
) -> str:
    inline = tokens[index + 1]
    slug = _NOT_IN_SLUGS.sub("", _plain(inline).strip().lower()).replace(" ", "-")
    seen: dict[str, int] = env["slugs"]
    seen[slug] = seen.get(slug, 0) + 1
    anchor = slug if seen[slug] == 1 else f"{slug}-{seen[slug] - 1}"
    return f'<h{_deeper(tokens[index])} id="{_PREFIX}{escape(anchor)}">'


def _heading_close(
    _: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: Mapping[str, Any]
) -> str:
    return f"</h{_deeper(tokens[index])}>\n"


def _deeper(token: Token) -> int:
    """The page has a heading of its own above the document's."""
    return min(int(token.tag[1]) + 1, _DEEPEST)


def _image(_: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: Mapping[str, Any]) -> str:
    """What it shows, in words: nothing is fetched from elsewhere."""
    token = tokens[index]
    told = _plain(token) or "picture"
    return f'<span class="plan-path" title="{escape(str(token.attrs.get("src", "")))}">{escape(told)}</span>'


def _fence(_: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: Mapping[str, Any]) -> str:
    token = tokens[index]
    line = 0 if token.map is None else token.map[0] + 1
    label = escape(token.info.strip() or "code")
    anchor = block_anchor(line)
    code = escape(token.content)
    return f'<pre id="{anchor}" tabindex="0" role="group" aria-label="{label}"><code>{code}</code></pre>\n'


def _code(_: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: Mapping[str, Any]) -> str:
    return f'<pre tabindex="0" role="group" aria-label="code"><code>{escape(tokens[index].content)}</code></pre>\n'


def _table_open(*_: Any) -> str:
    return '<div class="plan-table" tabindex="0" role="group" aria-label="table"><table>\n'


def _table_close(*_: Any) -> str:
    return "</table></div>\n"


def _th_open(_: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: Mapping[str, Any]) -> str:
    return '<th scope="col">'


def _td_open(_: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: Mapping[str, Any]) -> str:
    # Alignment is a style, and the page takes none from a document.
    return "<td>"


_RULES: Final = {
    "heading_open": _heading_open,
    "heading_close": _heading_close,
    "image": _image,
    "fence": _fence,
    "code_block": _code,
    "table_open": _table_open,
    "table_close": _table_close,
    "th_open": _th_open,
    "td_open": _td_open,
}


def _plain(token: Token) -> str:
    """The text of an inline token, without its marks."""
    return "".join(_texts(token))


def _texts(token: Token) -> Iterator[str]:
    for child in token.children or ():
        if child.type in ("softbreak", "hardbreak"):
            yield " "
        elif child.children:
            yield from _texts(child)
        else:
            yield child.content
