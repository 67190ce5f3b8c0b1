"""The forms of a page, as a browser would send them: every field with the value that it has when the page opens."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

__all__ = ["Form", "forms_of"]


@dataclass(frozen=True, slots=True)
class Form:
    """A form's action, as written, and its named inputs with their values."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


def forms_of(page: str) -> list[Form]:
    """The forms of an HTML page, in its order."""
    reader = _Reader()
    reader.feed(page)
    return reader.forms


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(attributes.get("action", ""))
            self.forms.append(self._open)
        elif tag == "input" and self._open is not None and attributes.get("name"):
            chosen = attributes.get("type") not in {"radio", "checkbox"} or "checked" in attributes
            if chosen:
                self._open.fields[attributes["name"]] = attributes.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
