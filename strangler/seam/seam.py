"""The seam itself: who answers a call, by the stage of its toggle."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from functools import partial, update_wrapper
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from time import perf_counter
from typing import Any, Final, Generic, TypeVar, cast

from strangler.compare.python_values import compare_values
from strangler.compare.values import Comparison, Difference, DifferenceKind, Verdict
from strangler.errors import SeamError
from strangler.fork import renew_after_fork
from strangler.resilience import no_deadline
from strangler.seam.background import Background
from strangler.seam.observation import Observation, SeamCounts, SeamResult
from strangler.seam.tally import Tally, log_error
from strangler.toggles.bucket import BUCKETS
from strangler.toggles.client import ToggleReader
from strangler.toggles.stage import Side, Stage
from strangler.toggles.toggle import NAME_PATTERN, Toggle

__all__ = ["Seam"]

Interface = TypeVar("Interface")

# Looked up once: through the class, each look-up would cost as much as the rest of the decision.
_MONOLITH: Final = Stage.MONOLITH
_SHADOW: Final = Stage.SHADOW
_RETIRED: Final = Stage.RETIRED


class Seam(Generic[Interface]):
    """A point in the monolith where one interface has two implementations, and the toggle `name` decides.

    `facade()` is what the rest of the monolith calls, in place of either implementation:

        facts = Seam[CatalogFacts]("catalog.facts", old=OrmFacts(), new=ServiceFacts, toggles=toggles).facade()
        facts.product(42)

        price_of = Seam("catalog.price", old=orm_price, new=lambda: service_price, toggles=toggles).facade()
        price_of(42)

    `old` is an object with methods, or a function. `new` makes its counterpart, when first needed and again in a forked
    child. What happens is decided for each call by the toggle's stage:

    - `monolith`, and for a toggle that nobody has heard of: the old one answers, and nothing else happens.
    - `shadow`: the old one answers; then, in the background, the new one is asked too and the answers are compared.
    - `canary`: for subjects within the share as in `extracted`, for the others as in `monolith`. Without a subject the
      old one answers, unless the share is 100 %.
    - `extracted`: the new one answers; when it raises, the old one does, and that is counted as a fallback.
    - `retired`: the new one answers, errors and all.

    So from `shadow` to `extracted` both may run for one call: a seam is for calls that may be repeated. How long the
    new one may take is its own affair: give its client a deadline.

    - `subject`: whom a share is counted over, such as `strangler.django.current_subject`.
    - `groups`: which groups that subject belongs to, such as `strangler.django.current_groups`; asked only where a
      group's side was set by hand.
    - `raises`: exceptions that belong to the interface. Raised by the new one they are an answer, not a failure.
    - `compare`: takes both answers and returns whether they agree, or a `Comparison`. By default `==` decides, and
      where it says no the differences are listed field by field. Exceptions are compared by their type alone.
    - `clean`: turns an answer into what is compared and published: a list from a queryset, a value without its secrets.
    - `copy`: applied, on the caller's path in stage `shadow`, to each argument and to the answer. Give `copy.deepcopy`
      where they are mutable and somebody may change them afterwards, which would look like a difference.
    - `around`: a context manager entered in the background thread around each shadowed call, such as
      `strangler.django.shadow_connections`.
    - `observer`: told every `SeamResult`, in the background.
    - `on_error`: told what was being done and the exception, whenever one of these hooks, the new implementation or the
      queue fails. By default such failures are logged, the same one at most every ten seconds. No failure of ours
      reaches the caller.
    - `threads` and `queue`: how many threads shadow at once (default 2) and how many calls may wait for one (default
      100). A full queue drops and counts.

    Raises SeamError for what cannot work: a name that is not a toggle's, no threads, and async or generator functions,
    for which there would be nothing to compare when they return.
    """

    def __init__(
        self,
        name: str,
        *,
        old: Interface,
        new: Callable[[], Interface],
        toggles: ToggleReader,
        subject: Callable[[], str | None] | None = None,
        groups: Callable[[], Iterable[str]] | None = None,
        raises: tuple[type[Exception], ...] = (),
        compare: Callable[[Any, Any], bool | Comparison] = compare_values,
        clean: Callable[[Any], Any] | None = None,
        copy: Callable[[Any], Any] | None = None,
        around: Callable[[], AbstractContextManager[object]] = nullcontext,
        observer: Callable[[SeamResult], object] | None = None,
        on_error: Callable[[str, Exception], object] = log_error,
        threads: int = 2,
        queue: int = 100,
    ) -> None:
        if not NAME_PATTERN.fullmatch(name):
            raise SeamError(f"{name!r} is not a toggle's name; use a-z, 0-9, - and _, with dots between parts.")
        if threads < 1 or queue < 1:
            raise SeamError(f"Seam {name}: threads and queue begin at 1, not {threads} and {queue}.")
        _refuse_lazy(name, old)
        self.name = name
        self._old = old
        self._make_new = new
        self._new: Interface | None = None
        self._find = toggles.toggle
        self._subject = subject
        self._groups = groups
        self._raises = raises
        self._compare = compare
        self._clean = clean
        self._copy = copy
        self._around = around
        self._observer = observer
        self._on_error = on_error
        self._tally = Tally()
        self._background = Background(threads=threads, capacity=queue, name=f"strangler-seam-{name}")
        self._lock = threading.Lock()
        renew_after_fork(self)

    def facade(self) -> Interface:
        """What callers use: of the same interface as both implementations, deciding anew for each call."""
        if callable(self._old):
            return cast("Interface", update_wrapper(self._dispatcher("", self._old), self._old))
        return cast("Interface", _Facade(self))

    def counts(self) -> SeamCounts:
        """How often the sides agreed, differed, failed, since this process started."""
        return self._tally.counts()

    def drain(self, timeout: float) -> bool:
        """Wait until nothing is being shadowed: whether that came within `timeout` seconds. For tests and shutdown."""
        return self._background.drain(timeout)

    def after_fork(self) -> None:
        """In a forked child: a new implementation of its own, for connections cannot be shared; and fresh counts."""
        self._lock = threading.Lock()
        self._tally = Tally()
        self._new = None

    def _dispatcher(self, method: str, old: Callable[..., Any]) -> Callable[..., Any]:
        find, name = self._find, self.name

        def dispatch(*args: Any, **kwargs: Any) -> Any:
            try:
                toggle = find(name)
            except Exception as error:
                self._report("toggle", error)
                toggle = None
            if toggle is None or toggle.stage is _MONOLITH:
                return old(*args, **kwargs)
            return self._decided(toggle, _Call(method, old, args, kwargs))

        return dispatch

    def _decided(self, toggle: Toggle, call: _Call) -> Any:
        if toggle.stage is _SHADOW:
            return self._shadowed(call)
        if toggle.stage is _RETIRED:
            return call.on(self._implementation())
        if self._side(toggle) is Side.MONOLITH:
            return call.on_old()
        return self._with_fallback(toggle.stage, call)

    def _side(self, toggle: Toggle) -> Side:
        if not toggle.asks_subject:
            return toggle.side()
        subject: str | None = None
        if self._subject is not None:
            try:
                subject = self._subject()
            except Exception as error:
                self._report("subject", error)
        groups: list[str] = []
        if toggle.groups and self._groups is not None:
            try:
                groups = [group for group in self._groups() if group in toggle.groups]
            except Exception as error:
                self._report("groups", error)
        if not subject and not groups and toggle.share < BUCKETS:
            return Side.MONOLITH
        return toggle.side(subject or "", groups)

    def _with_fallback(self, stage: Stage, call: _Call) -> Any:
        began = perf_counter()
        try:
            return call.on(self._implementation())
        except self._raises:
            raise
        except Exception as error:
            failed = Observation(Side.CANDIDATE, None, error, perf_counter() - began)
        self._report("new", cast("Exception", failed.error))
        self._tally.fallback()
        if self._observer is not None:
            result = SeamResult(self.name, call.method, stage, call.args, call.kwargs, None, failed, fallback=True)
            self._hand_over(partial(self._publish, result))
        return call.on_old()

    def _shadowed(self, call: _Call) -> Any:
        began = perf_counter()
        try:
            answer = call.on_old()
        except Exception as error:
            self._shadow(call, Observation(Side.MONOLITH, None, error, perf_counter() - began))
            raise
        self._shadow(call, Observation(Side.MONOLITH, answer, None, perf_counter() - began))
        return answer

    def _shadow(self, call: _Call, old: Observation) -> None:
        try:
            if self._copy is not None:
                call = call.copied(self._copy)
                old = Observation(old.side, self._copy(old.value), old.error, old.seconds)
        except Exception as error:
            self._report("copy", error)
            self._tally.verdict(Verdict.INCONCLUSIVE, ())
            return
        self._hand_over(partial(copy_context().run, self._compared, call, old))

    def _hand_over(self, job: Callable[[], None]) -> None:
        try:
            if not self._background.submit(job):
                self._tally.drop()
        except Exception as error:
            self._tally.drop()
            self._report("queue", error)

    # In the background.

    def _compared(self, call: _Call, old: Observation) -> None:
        new: Observation | None = None
        differences: tuple[Difference, ...] = ()
        doing = "around"
        try:
            # The customer's deadline came along with the context, and the customer has the answer.
            with no_deadline(), self._around():
                doing = "new"
                implementation = self._implementation()
                new = _observed(partial(call.on, implementation))
                doing = "clean"
                old, new = self._cleaned(old), self._cleaned(new)
                doing = "compare"
                verdict, cause, differences = self._judged(old, new)
                doing = "around"
        except Exception as error:
            self._report(doing, error)
            verdict, cause = Verdict.INCONCLUSIVE, f"{doing}: {error!r}"
        self._tally.verdict(verdict, differences)
        self._publish(
            SeamResult(self.name, call.method, _SHADOW, call.args, call.kwargs, old, new, verdict, differences, cause)
        )

    def _cleaned(self, seen: Observation) -> Observation:
        if self._clean is None or seen.error is not None:
            return seen
        return Observation(seen.side, self._clean(seen.value), None, seen.seconds)

    def _judged(self, old: Observation, new: Observation) -> tuple[Verdict, str, tuple[Difference, ...]]:
        if old.error is not None or new.error is not None:
            if type(old.error) is type(new.error):
                return Verdict.AGREE, "", ()
            difference = Difference("$", DifferenceKind.EXCEPTION, _raised(old.error), _raised(new.error))
            return Verdict.DIFFER, "", (difference,)
        found = self._compare(old.value, new.value)
        if isinstance(found, Comparison):
            return found.verdict, found.cause, found.differences
        if found:
            return Verdict.AGREE, "", ()
        return Verdict.DIFFER, "", (Difference("$", DifferenceKind.VALUE, _short(old.value), _short(new.value)),)

    def _publish(self, result: SeamResult) -> None:
        if self._observer is None:
            return
        try:
            self._observer(result)
        except Exception as error:
            self._report("observer", error)

    # Anywhere.

    def _implementation(self) -> Interface:
        if self._new is None:
            with self._lock:
                if self._new is None:
                    made = self._make_new()
                    _refuse_lazy(self.name, made)
                    self._new = made
        return self._new

    def _report(self, doing: str, error: Exception) -> None:
        try:
            self._on_error(f"seam {self.name}: {doing}", error)
        except Exception as failure:
            log_error(f"seam {self.name}: on_error", failure)


class _Call:
    """One call: which method, of which old callable, with what."""

    __slots__ = ("args", "kwargs", "method", "old")

    def __init__(self, method: str, old: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        self.method = method
        self.old = old
        self.args = args
        self.kwargs = kwargs

    def on_old(self) -> Any:
        return self.old(*self.args, **self.kwargs)

    def on(self, implementation: Any) -> Any:
        target = getattr(implementation, self.method) if self.method else implementation
        return target(*self.args, **self.kwargs)

    def copied(self, copy: Callable[[Any], Any]) -> _Call:
        args = tuple(copy(each) for each in self.args)
        return _Call(self.method, self.old, args, {key: copy(value) for key, value in self.kwargs.items()})


class _Facade:
    """Stands for an object with methods. Each method's dispatcher is made once, at its first use."""

    def __init__(self, seam: Seam[Any]) -> None:
        self.__dict__["_seam"] = seam

    def __getattr__(self, method: str) -> Any:
        if method.startswith("__"):
            raise AttributeError(method)
        seam: Seam[Any] = self.__dict__["_seam"]
        old = getattr(seam._old, method)
        if not callable(old):
            raise AttributeError(
                f"{method!r} is not a method: a seam dispatches calls only, so that each can be decided and compared"
            )
        dispatch = update_wrapper(seam._dispatcher(method, old), old)
        self.__dict__[method] = dispatch
        return dispatch

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name!r} cannot be set: a seam has methods only")

    def __repr__(self) -> str:
        return f"<seam {self.__dict__['_seam'].name}>"


def _refuse_lazy(name: str, implementation: Any) -> None:
    if callable(implementation):
        found = {"": implementation}
    else:
        kind = type(implementation)
        found = {each: getattr(kind, each, None) for each in dir(kind) if not each.startswith("_")}
    for method, function in found.items():
        for test, word in (
            (iscoroutinefunction, "async"),
            (isasyncgenfunction, "an async generator"),
            (isgeneratorfunction, "a generator"),
        ):
            if test(function):
                what = f"method {method}" if method else "the function"
                raise SeamError(
                    f"Seam {name}: {what} is {word}; a seam compares what a call returns, so wrap it in an ordinary"
                    " function that returns the finished answer."
                )


def _observed(ask: Callable[[], Any]) -> Observation:
    began = perf_counter()
    try:
        value = ask()
    except Exception as error:
        return Observation(Side.CANDIDATE, None, error, perf_counter() - began)
    return Observation(Side.CANDIDATE, value, None, perf_counter() - began)


def _raised(error: Exception | None) -> str:
    return "an answer" if error is None else f"{type(error).__module__}.{type(error).__qualname__}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"
