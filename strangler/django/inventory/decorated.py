"""What decorators and mixins say of a view: methods, sign-in, caching."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from strangler.django.inventory.layers import code_of, held_by, innermost, layers_of, names_in

__all__ = ["Said", "said_by_class", "said_by_function"]

_HTTP: Final = "django.views.decorators.http."
_TEST: Final = "django.contrib.auth.decorators.user_passes_test"
_FROM_MIDDLEWARE: Final = "django.utils.decorators.make_middleware_decorator"
_METHOD: Final = "django.utils.decorators._multi_decorate"
# By their names, as their module can only be imported where Django's users are installed.
_MIXINS: Final = "django.contrib.auth.mixins."
_CONTEXT: Final = "contextlib.ContextDecorator.__call__"
_BY_MIDDLEWARE: Final = {"CacheMiddleware": "cache_page", "CsrfViewMiddleware": "csrf_protect"}
# A test or decorator that speaks of one of these turns away who is not signed in.
_SIGNED_IN: Final = frozenset(
    {
        "has_module_perms",
        "has_perm",
        "has_perms",
        "is_active",
        "is_authenticated",
        "is_staff",
        "is_superuser",
        "redirect_to_login",
    }
)


@dataclass(slots=True)
class Said:
    """What is around a view says of it. `methods` is None where nothing limits them."""

    decorators: list[str] = field(default_factory=list)
    access: list[str] = field(default_factory=list)
    login: bool = False
    methods: frozenset[str] | None = None
    cached: float | None = None

    def turned_away(self, by: str) -> None:
        """Who is not signed in gets no further than `by`."""
        self.login = True
        if by not in self.access:
            self.access.append(by)

    def limited(self, methods: Iterable[Any]) -> None:
        """Only these methods come through."""
        found = frozenset(str(each).upper() for each in methods)
        self.methods = found if self.methods is None else self.methods & found


def said_by_function(callback: Any) -> Said:
    """What the layers around a view function say."""
    said = Said()
    for layer in layers_of(callback):
        if layer.decorator:
            _note(said, layer.callback, layer.decorator)
    return said


def said_by_class(kind: type[Any], around: Any) -> Said:
    """What the layers around the view function of a class, its mixins and its `dispatch` say."""
    said = said_by_function(around)
    _note_mixins(said, kind)
    for layer in layers_of(getattr(kind, "dispatch", None)):
        if layer.decorator != _METHOD:
            continue
        decorators = held_by(layer.callback).get("decorators")
        for decorator in reversed(decorators if isinstance(decorators, list | tuple) else [decorators]):
            _try_on(said, decorator)
    return said


def _note_mixins(said: Said, kind: type[Any]) -> None:
    """Django's mixins that look at who asks. What a project puts in their place may let anybody in."""
    root = f"{_MIXINS}AccessMixin"
    bases = [each for each in kind.__mro__[1:] if any(_dotted(base) == root for base in each.__mro__)]
    names = [each.__name__ for each in bases if each.__name__.endswith(("Mixin", "Required"))]
    said.access = list(dict.fromkeys([*said.access, *(name for name in names if name != "AccessMixin")]))
    said.login = said.login or any(
        _dotted(base) == f"{_MIXINS}LoginRequiredMixin"
        or (base.__name__ == "PermissionRequiredMixin" and _is_djangos(getattr(kind, "has_permission", None)))
        or (base.__name__ == "UserPassesTestMixin" and names_in(getattr(kind, "test_func", None)) & _SIGNED_IN)
        for base in bases
    )


def _is_djangos(method: Any) -> bool:
    return str(getattr(method, "__module__", "")).startswith("django.")


def _try_on(said: Said, decorator: Any) -> None:
    """Note what a method's decorator does, by what it makes of a function."""

    def view(request: Any) -> None:
        """Stands in for the method."""

    try:
        made = decorator(view)
    except Exception:
        return  # it wants more than a function to look at
    for layer in layers_of(made):
        if layer.decorator:
            _note(said, layer.callback, layer.decorator)


def _note(said: Said, callback: Any, decorator: str) -> None:
    held = held_by(callback)
    name = decorator.rpartition(".")[2]
    if decorator.startswith(_HTTP):
        limits = held.get("request_method_list")
        if isinstance(limits, list | tuple | set | frozenset):
            said.limited(limits)
    elif decorator == _TEST:
        name = _test_name(held.get("test_func"))
        if name.startswith("user_passes_test") and not names_in(held.get("test_func")) & _SIGNED_IN:
            said.access.append(name)
        else:
            said.turned_away(name)
    elif decorator == _FROM_MIDDLEWARE:
        middleware = _middleware(held)
        name = _BY_MIDDLEWARE.get(type(middleware).__name__, type(middleware).__name__)
        seconds = getattr(middleware, "page_timeout", None)
        if name == "cache_page" and isinstance(seconds, int | float):
            said.cached = float(seconds)
    elif decorator == _CONTEXT:
        # A context manager that is put around a view: what it is, and not what puts it there.
        manager = held.get("self")
        name = _named(getattr(manager, "func", None) or type(manager))
    elif not decorator.startswith("django.") and names_in(callback) & _SIGNED_IN:
        name = decorator
        said.turned_away(decorator)
    elif not decorator.startswith("django."):
        name = decorator
    said.decorators.append(name)


def _named(thing: Any) -> str:
    return f"{thing.__module__}.{getattr(thing, '__qualname__', type(thing).__qualname__)}"


def _dotted(kind: type[Any]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _test_name(test: Any) -> str:
    """`login_required` and the like, or the test that was written by somebody else."""
    code = code_of(innermost(test))
    if code is None:
        return f"user_passes_test({type(test).__name__})"
    outer = code.co_qualname.partition(".<locals>")[0]
    module = str(getattr(test, "__globals__", {}).get("__name__", ""))
    return outer if module.startswith("django.") else f"user_passes_test({outer})"


def _middleware(held: Any) -> Any:
    """The middleware that a decorator was made of: held by it, or by a function that it holds."""
    found = held.get("middleware")
    for each in held.values():
        found = found or held_by(each).get("middleware")
    return found
