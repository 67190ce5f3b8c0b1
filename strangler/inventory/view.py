"""One view behind one URL pattern of the monolith."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from strangler.inventory.url_form import UrlForm

__all__ = ["View"]


@dataclass(frozen=True, slots=True)
class View:
    """A URL pattern with what answers it, in the order in which Django tries them.

    `forms` are its URLs: one form, unless the pattern is translated; the first is that of the default language. `view`
    is the dotted path of what answers, `kind` one of `function`, `class`, `viewset`, `instance` and `admin`. `app` is
    the label of the app that it belongs to, empty for none. `name` is the name that reverses to it, with its
    `namespaces` before it (`shop:product`), empty for none.

    `methods` are those that it answers with something but 405, as far as that can be seen; empty where nothing limits
    them: then `mentions` are the ones that its own source asks for. `actions` says by method which action of a viewset
    answers. `login` says that somebody who is not signed in is seen to be turned away, `access` by what. `decorators`
    are those that are seen around it, the outermost first. `csrf_exempt` is Django's own mark. `atomic` are the
    databases whose transaction is around the view (ATOMIC_REQUESTS). `cached` is for how many seconds its answers are
    cached by `cache_page`, None where no such thing is seen. `append_slash` says that Django redirects its path without
    the last slash to the one with it. `asynchronous` is for a view that is a coroutine.

    `covers` is of how many patterns this is the sum: an admin site is one view here. `catch_all` says that it takes
    whatever stands below it. `file` (from the project's folder on, or absolute) and `line` are where it is written,
    empty and 0 where nobody knows.
    """

    forms: tuple[UrlForm, ...]
    view: str
    kind: str = "function"
    app: str = ""
    name: str = ""
    namespaces: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    actions: Mapping[str, str] = field(default_factory=dict)
    login: bool = False
    access: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()
    csrf_exempt: bool = False
    atomic: tuple[str, ...] = ()
    cached: float | None = None
    append_slash: bool = False
    asynchronous: bool = False
    covers: int = 1
    catch_all: bool = False
    file: str = ""
    line: int = 0

    @property
    def key(self) -> str:
        """What tells it from the others: the route of its first form, without the `^` of an expression."""
        return self.forms[0].route.removeprefix("^")

    @property
    def title(self) -> str:
        """What people know it by: its name, else what answers."""
        return self.name or self.view

    @property
    def translated(self) -> bool:
        """Whether its URLs differ by language."""
        return len(self.forms) > 1 or any(form.prefixes != ("",) for form in self.forms)

    @property
    def writes(self) -> bool:
        """Whether it is seen to answer a method that may change something."""
        return bool({*self.methods, *self.mentions} - {"GET", "HEAD", "OPTIONS", "TRACE"})

    def takes(self, method: str) -> bool:
        """Whether it answers a method, as far as can be seen."""
        return not self.methods or method in self.methods or method == "OPTIONS"
