"""One form of a URL pattern: as Django has it, as a regular expression, and as a path template of the proxy."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["UrlForm"]


@dataclass(frozen=True, slots=True)
class UrlForm:
    """One form of a view's URLs.

    `route` is Django's own text of the pattern and of the includes above it, without a language prefix. `regex` is what
    the decoded path matches in full, from its first slash on and without a language prefix, in Python's syntax and
    without named groups. `template` is the narrowest path template of the proxy that takes all of these paths, None
    where there is none; `exact` says that it takes no others, the last slash aside. `prefixes` are the language
    prefixes that may or must stand before it: `("",)` for none, `("", "/de")` where the default language has none.
    `languages` are the languages in which the pattern reads like this, empty for all.
    """

    route: str
    regex: str
    template: str | None = None
    exact: bool = False
    prefixes: tuple[str, ...] = ("",)
    languages: tuple[str, ...] = ()

    @property
    def templates(self) -> tuple[str, ...]:
        """The templates that take its paths in every language; empty where there is none."""
        return () if self.template is None else tuple(prefix + self.template for prefix in self.prefixes)
