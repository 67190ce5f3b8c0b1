"""One form of a URL pattern: as Django has it, as a regular expression, and as path templates of the proxy."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["UrlForm"]


@dataclass(frozen=True, slots=True)
class UrlForm:
    """One form of a view's URLs.

    `route` is Django's own text of the pattern and of the includes above it, without a language prefix. `regex` is what
    the decoded path matches in full, from its first slash on and without a language prefix, in Python's syntax and
    without named groups. `templates` are path templates of the proxy, as narrow as can be, that together take these
    paths; empty where no template can. `exact` says that they take all of them and no others, the last slash aside.
    `prefixes` are the language prefixes that stand before all of it: `("",)` for none, `("", "/de")` where the default
    language has none. `languages` are the languages in which the pattern reads like this, empty for all.
    """

    route: str
    regex: str
    templates: tuple[str, ...] = ()
    exact: bool = False
    prefixes: tuple[str, ...] = ("",)
    languages: tuple[str, ...] = ()

    @property
    def localised(self) -> tuple[str, ...]:
        """The templates in every language, each with its prefix."""
        return tuple(prefix + template for prefix in self.prefixes for template in self.templates)
