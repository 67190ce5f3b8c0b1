"""What breaker, bulkhead, retry and policy have in common: each makes of a function one that it stands around."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from types import CoroutineType
from typing import Any, ParamSpec, TypeVar, cast

from strangler.errors import PolicyError

__all__ = ["Guard"]

P = ParamSpec("P")
R = TypeVar("R")


class Guard:
    """Stands around calls. `guard(function)`, best as a decorator, is the guarded function, sync or async as it was.

    Raises PolicyError for a generator function, and when an ordinary function returns a coroutine: their work would
    be done after the guard has looked.
    """

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        return self._around(function, self._run, self._run_async)

    def _run(self, call: Callable[[], Any]) -> Any:
        raise NotImplementedError

    async def _run_async(self, call: Callable[[], Awaitable[Any]]) -> Any:
        raise NotImplementedError

    def _around(
        self,
        function: Callable[P, R],
        run: Callable[[Callable[[], Any]], Any],
        run_async: Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]],
    ) -> Callable[P, R]:
        name = getattr(function, "__qualname__", repr(function))
        asked = function if hasattr(function, "__code__") else getattr(function, "__call__", function)  # noqa: B004
        if any(lazy(each) for lazy in (isgeneratorfunction, isasyncgenfunction) for each in (function, asked)):
            raise PolicyError(f"{name} is a generator: return the finished answer, so that the call can be judged.")
        if iscoroutinefunction(function) or iscoroutinefunction(asked):

            async def guarded_async(*args: P.args, **kwargs: P.kwargs) -> Any:
                return await run_async(cast("Callable[[], Awaitable[Any]]", partial(function, *args, **kwargs)))

            return cast("Callable[P, R]", _named(guarded_async, function))

        def finished(*args: P.args, **kwargs: P.kwargs) -> Any:
            answer: Any = function(*args, **kwargs)
            if type(answer) is CoroutineType:
                answer.close()
                raise PolicyError(f"{name} returns a coroutine: make it `async def`, so that the call can be judged.")
            return answer

        def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
            return run(partial(finished, *args, **kwargs))

        return cast("Callable[P, R]", _named(guarded, function))


def _named(made: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    return wraps(function)(made)
