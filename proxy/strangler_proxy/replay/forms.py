"""The forms of the pages that one client was given: what a browser would send back with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin, urlsplit

__all__ = ["Form", "Forms"]

_MOST: Final = 64
_LONGEST: Final = 2 * 1024 * 1024
_META: Final = frozenset({"csrf-token", "csrf_token", "csrfmiddlewaretoken"})


@dataclass(slots=True)
class Form:
    """One form's hidden fields, in their order, each name with its values."""

    hidden: dict[str, list[str]] = field(default_factory=dict)

    def likeness(self, fields: Sequence[tuple[str, str]]) -> int:
        """In how many hidden fields the sent `fields` have the form's own value."""
        return sum(value in self.hidden.get(name, ()) for name, value in fields)


class Forms:
    """The forms that were last seen, by the path that they are sent to (64 of them), and the last CSRF token."""

    def __init__(self, token_field: str) -> None:
        self.token = ""
        self._token_field = token_field
        self._by_action: dict[str, list[Form]] = {}

    def see(self, target: str, page: str) -> None:
        """Look at a page that was given for `target`; what it does not show any more is remembered all the same."""
        reader = _Reader()
        reader.feed(page[:_LONGEST])
        found: dict[str, list[Form]] = {}
        for action, form in reader.forms:
            try:
                path = urlsplit(urljoin(target, action)).path
            except ValueError:
                continue
            found.setdefault(path, []).append(form)
            self.token = next(iter(form.hidden.get(self._token_field, ())), self.token)
        self.token = reader.token or self.token
        for path, forms in found.items():
            self._by_action.pop(path, None)
            self._by_action[path] = forms
        while len(self._by_action) > _MOST:
            del self._by_action[next(iter(self._by_action))]

    def of(self, path: str) -> Sequence[Form]:
        """The forms of the last page that had some for this path, in the page's order."""
        return self._by_action.get(path, ())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, Form]] = []
        self.token = ""
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form()
            self.forms.append((attributes.get("action", ""), self._open))
        elif tag == "input" and attributes.get("type", "").lower() == "hidden" and attributes.get("name"):
            if self._open is not None:
                self._open.hidden.setdefault(attributes["name"], []).append(attributes.get("value", ""))
        elif tag == "meta" and attributes.get("name", "").lower() in _META:
            self.token = attributes.get("content", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
