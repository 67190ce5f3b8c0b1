"""What stands around a view: decorators, partials and `as_view`, taken off one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import CodeType
from typing import Any, Final

__all__ = ["Layer", "code_of", "held_by", "innermost", "layers_of", "names_in"]

# What people call the view that a decorator wraps, where `functools.wraps` does not tell.
_VIEW_NAMES: Final = ("view_func", "view", "func", "fn", "f", "function", "wrapped", "view_function")
_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Layer:
    """A callable that wraps another. `decorator` is the dotted path of what made it, empty for a partial."""

    callback: Any
    decorator: str


def code_of(callback: Any) -> CodeType | None:
    """The code of a function, None for everything else."""
    code = getattr(callback, "__code__", None)
    return code if isinstance(code, CodeType) else None


def held_by(callback: Any) -> Mapping[str, Any]:
    """The variables that a function holds of where it was made."""
    code, cells = code_of(callback), getattr(callback, "__closure__", None) or ()
    if code is None:
        return {}
    found = {}
    for name, cell in zip(code.co_freevars, cells, strict=False):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            continue  # not filled yet
    return found


def names_in(callback: Any) -> frozenset[str]:
    """The names and attributes that a function's code speaks of, functions within it included."""
    code = code_of(callback)
    return frozenset() if code is None else frozenset(_names(code))


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def layers_of(callback: Any) -> list[Layer]:
    """What is around a view, the outermost first."""
    return [layer for layer, _ in _peeled(callback)]


def innermost(callback: Any) -> Any:
    """What is left of a view without all of it: a function, the view function of a class, or any other callable."""
    within = [inner for _, inner in _peeled(callback)]
    return within[-1] if within else callback


def _peeled(callback: Any) -> Iterator[tuple[Layer, Any]]:
    """Each layer, and what is within it."""
    for _ in range(_MOST):
        bare = isinstance(callback, partial)
        inner = callback.func if bare else _wrapped(callback)
        if inner is None:
            return
        yield Layer(callback, "" if bare else _decorator(callback)), inner
        callback = inner


def _wrapped(callback: Any) -> Callable[..., Any] | None:
    code = code_of(callback)
    if code is not None and ".as_view.<locals>." in code.co_qualname:
        # The attributes of `dispatch` are copied onto it, and what they say is said of `dispatch`.
        return None
    inner = getattr(callback, "__wrapped__", None)
    if inner is not None or code is None or "<locals>" not in code.co_qualname:
        return inner if callable(inner) else None
    held = held_by(callback)
    found = [held[name] for name in _VIEW_NAMES if callable(held.get(name)) and not isinstance(held[name], type)]
    return found[0] if found else None


def _decorator(callback: Any) -> str:
    code = code_of(callback)
    if code is None:
        return f"{type(callback).__module__}.{type(callback).__qualname__}"
    module = callback.__globals__.get("__name__", "") if hasattr(callback, "__globals__") else ""
    return f"{module}.{code.co_qualname.partition('.<locals>')[0]}"
