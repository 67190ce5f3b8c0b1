"""The URL forms of a pattern: in each language, with and without a language prefix."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.urls.resolvers import LocalePrefixPattern
from django.utils.functional import Promise
from django.utils.translation import override

from strangler.inventory import UrlForm
from strangler.inventory.expression import joined, unnamed
from strangler.inventory.templates import templates_of

__all__ = ["forms_of", "language_prefixes", "languages"]


def languages() -> tuple[str, ...]:
    """The codes of LANGUAGES, the default one first; without translation the default alone."""
    default = settings.LANGUAGE_CODE
    return (default, *(code for code, _ in settings.LANGUAGES if code != default)) if settings.USE_I18N else (default,)


def language_prefixes(patterns: Iterable[Any]) -> tuple[str, ...]:
    """The prefixes that `i18n_patterns` puts before these patterns; empty where it does not."""
    prefixing = next((each for each in patterns if isinstance(each, LocalePrefixPattern)), None)
    if prefixing is None:
        return ()
    found = []
    for code in languages():
        with override(code):
            found.append(f"/{prefixing.language_prefix}".rstrip("/"))
    return tuple(dict.fromkeys(found))


def forms_of(patterns: tuple[Any, ...], *, subtree: bool = False) -> tuple[UrlForm, ...]:
    """The forms of the pattern that stands at the end of `patterns`; with `subtree` of everything below it.

    The first is that of the default language.
    """
    plain = tuple(each for each in patterns if not isinstance(each, LocalePrefixPattern))
    if not any(_is_translated(each) for each in plain):
        return (_form(plain, language_prefixes(patterns) or ("",), (), subtree),)
    # The same texts in several languages are one form.
    spoken: dict[tuple[str, ...], list[str]] = {}
    for code in languages():
        with override(code):
            spoken.setdefault(tuple(str(each) for each in plain), []).append(code)
    found = []
    for codes in spoken.values():
        prefixes = []
        for code in codes:
            with override(code):
                prefixes += _prefixes_now(patterns)
        with override(codes[0]):
            found.append(_form(plain, tuple(dict.fromkeys(prefixes)), tuple(codes), subtree))
    return tuple(found)


def _prefixes_now(patterns: Iterable[Any]) -> list[str]:
    """The prefix of the language at hand."""
    prefixing = next((each for each in patterns if isinstance(each, LocalePrefixPattern)), None)
    return [""] if prefixing is None else [f"/{prefixing.language_prefix}".rstrip("/")]


def _form(patterns: tuple[Any, ...], prefixes: tuple[str, ...], codes: tuple[str, ...], subtree: bool) -> UrlForm:
    route = ""
    for each in patterns:
        # As Django joins them for `ResolverMatch.route`.
        route = route + str(each).removeprefix("^") if route else str(each)
    pieces = [each.regex.pattern for each in patterns]
    expression = joined([*pieces, "^.*$"] if subtree else pieces)
    templates, exact = templates_of(expression)
    return UrlForm(route, unnamed(expression), templates, exact, prefixes, codes)


def _is_translated(pattern: Any) -> bool:
    return any(isinstance(getattr(pattern, name, None), Promise) for name in ("_route", "_regex"))
