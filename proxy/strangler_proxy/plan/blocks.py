"""The blocks of a Markdown text that are steps. Everything else in it is prose."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from strangler.errors import Problem
from strangler.toggles import NAME_PATTERN
from strangler_proxy.config.forms import shown

__all__ = ["Block", "step_blocks"]

_MARK: Final = "step="
_CHAPTER: Final = "h2"
_FORM: Final = "write ```toml step=ID, with an id such as catalog-reads.shadow"


@dataclass(frozen=True, slots=True)
class Block:
    """A step's block: its id, the nearest heading and the nearest chapter's above it, and the lines of its two fences.

    `text` is its TOML below as many empty lines as stand before it in the file, so that lines in it are lines there.
    """

    id: str
    title: str
    chapter: str
    line: int
    end: int
    text: str


def step_blocks(text: str, file: str) -> tuple[list[Block], list[Problem]]:
    """The steps' blocks in `text`, in its order, and everything that is wrong with the way they are marked."""
    # As Markdown counts them: a form feed ends none.
    lines = io.StringIO(text, newline=None).readlines()
    blocks: list[Block] = []
    problems: list[Problem] = []
    title = chapter = ""
    tokens = MarkdownIt("commonmark").parse(text)
    for token, following in _with_next(tokens):
        if token.type == "heading_open":
            title = "" if following is None else following.content
            if token.tag in ("h1", _CHAPTER):
                chapter = title if token.tag == _CHAPTER else ""
        elif token.type == "fence" and _MARK in token.info and token.map is not None:
            line, words = token.map[0] + 1, token.info.split()
            found = _problems(token, words, lines)
            problems += [Problem(file, line, "", *each) for each in found]
            if not found:
                padding = "\n" * line
                name = words[1].removeprefix(_MARK)
                blocks.append(Block(name, title, chapter, line, token.map[1], padding + token.content))
    return blocks, problems


def _with_next(tokens: list[Token]) -> Iterator[tuple[Token, Token | None]]:
    return zip_longest(tokens, tokens[1:])


def _problems(token: Token, words: list[str], lines: list[str]) -> list[tuple[str, str]]:
    """What is wrong with the fence and what would be right."""
    found: list[tuple[str, str]] = []
    if len(words) != 2 or not words[1].startswith(_MARK):
        found.append((f"is a step's block marked {shown(token.info.strip())}", _FORM))
    elif words[0] != "toml":
        found.append((f"is a step written in {words[0]}", "write ```toml step=ID, and a command as a move or a gate"))
    elif not NAME_PATTERN.fullmatch(words[1].removeprefix(_MARK)):
        wrong = f"has the id {shown(words[1].removeprefix(_MARK))}"
        found.append((wrong, "use a-z, 0-9, - and _, with dots between parts, such as catalog-reads.shadow"))
    last = lines[token.map[1] - 1] if token.map is not None and token.map[1] <= len(lines) else ""
    bare = last.strip().lstrip("> ")
    if set(bare) != {token.markup[0]} or len(bare) < len(token.markup):
        found.append(("has no end", f"close the block with {token.markup}"))
    return found
