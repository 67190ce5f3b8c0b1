"""The guard: no mail, no call and no other effect leaves the process while a copy is served."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NoReturn

from strangler.errors import EffectStopped, PolicyError
from strangler.fork import renew_after_fork
from strangler.shadow.effect import Effect, EffectCounts, Outcome, Reaction
from strangler.shadow.mark import current_shadow
from strangler.shadow.strategy import SAFE_METHODS, Strategy

__all__ = ["Guard", "log_effect"]

_DEFAULTS: Final[Mapping[str, Reaction]] = {"mail": Reaction.RECORD}
_LOG: Final = logging.getLogger("strangler.shadow")


class Guard:
    """Decides what becomes of an effect, and counts it by kind. One a process, for all its threads and tasks.

        guard = Guard(allowed_hosts=["search.internal", "prices.internal:8443"], observer=log_effect)

    `allowed_hosts` may be asked all the same, with safe methods, by HTTP: hosts that a read needs; with a port, only
    there. `reactions` says for each kind whether whoever wants the effect is told an error (`raise`, the default) or a
    success (`record`, the default for "mail"). `observer` is told each effect, in the thread that wanted it; what it
    raises is logged. Raises PolicyError for what is no host or no reaction.
    """

    def __init__(
        self,
        *,
        allowed_hosts: Iterable[str] = (),
        reactions: Mapping[str, Reaction | str] | None = None,
        observer: Callable[[Effect], object] | None = None,
    ) -> None:
        self._allowed = frozenset(_host(each) for each in allowed_hosts)
        self._reactions = {**_DEFAULTS, **{kind: _reaction(kind, each) for kind, each in (reactions or {}).items()}}
        self._observer = observer
        self._counted: Counter[tuple[str, Outcome]] = Counter()
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Begin with a free lock in a forked child."""
        self._lock = threading.Lock()

    def stops(self, kind: str, target: str = "") -> bool:
        """Whether an effect must not be had. Ask it before whatever leaves the process: a task, a metric, a file.

            if not guard.stops("task", "orders.invoice"):
                invoice.delay(order.pk)

        False while no copy is served; True where the kind is recorded; otherwise it raises EffectStopped. `target` may
        end up in logs.
        """
        strategy = current_shadow()
        if strategy is None:
            return False
        self._settle(Effect(kind, target, strategy, self._outcome(kind)), "")
        return True

    def passes(self, method: str, host: str, port: int) -> bool:
        """Whether a call by HTTP may be made; to be asked while a copy is served only.

        A call that may is made with SHADOW_HEADER `read`. For one that may not, False where "http" is recorded, else
        EffectStopped.
        """
        strategy = current_shadow() or Strategy.DRY_RUN
        target = f"{method} {host}"
        known = not self._allowed.isdisjoint({host.lower(), f"{host.lower()}:{port}"})
        if known and method in SAFE_METHODS:
            self._note(Effect("http", target, strategy, Outcome.PASSED))
            return True
        remedy = (
            " Only GET, HEAD and OPTIONS may be sent to it."
            if known
            else " Name it in allowed_hosts if a read needs it."
        )
        self._settle(Effect("http", target, strategy, self._outcome("http")), remedy)
        return False

    def refuse(self, kind: str, target: str, remedy: str = "") -> NoReturn:
        """Raise EffectStopped whatever the kind's reaction: for an effect of which no success can be feigned."""
        strategy = current_shadow() or Strategy.DRY_RUN
        self._note(Effect(kind, target, strategy, Outcome.STOPPED))
        raise EffectStopped(kind, target, remedy)

    def count(self, kind: str, target: str = "") -> None:
        """Note an effect that somebody else has kept from being had, such as a database that rolled it back."""
        strategy = current_shadow()
        if strategy is not None:
            self._note(Effect(kind, target, strategy, Outcome.RECORDED))

    def counts(self) -> Mapping[str, EffectCounts]:
        """What became of the effects, by kind."""
        with self._lock:
            counted = dict(self._counted)
        kinds = sorted({kind for kind, _ in counted})
        return {kind: EffectCounts(*(counted.get((kind, each), 0) for each in Outcome)) for kind in kinds}

    def _outcome(self, kind: str) -> Outcome:
        recorded = self._reactions.get(kind, Reaction.RAISE) is Reaction.RECORD
        return Outcome.RECORDED if recorded else Outcome.STOPPED

    def _settle(self, effect: Effect, remedy: str) -> None:
        self._note(effect)
        if effect.outcome is Outcome.STOPPED:
            raise EffectStopped(effect.kind, effect.target, remedy)

    def _note(self, effect: Effect) -> None:
        with self._lock:
            self._counted[effect.kind, effect.outcome] += 1
        if self._observer is not None:
            try:
                self._observer(effect)
            except Exception:
                _LOG.exception("The observer of effects failed")


def log_effect(effect: Effect) -> None:
    """An observer that logs each effect, in `strangler.shadow`: a stopped one as a warning, any other to debug."""
    level = logging.WARNING if effect.outcome is Outcome.STOPPED else logging.DEBUG
    _LOG.log(level, "%s: %s %s (%s)", effect.outcome, effect.kind, effect.target, effect.strategy)


def _host(name: str) -> str:
    if not name or any(character in name for character in "/@?#, ") or not name.isascii():
        raise PolicyError(f"A Guard allows hosts such as search.internal or search.internal:9200, not {name!r}.")
    return name.lower()


def _reaction(kind: str, value: Reaction | str) -> Reaction:
    try:
        return Reaction(value)
    except ValueError:
        raise PolicyError(f"A Guard's reaction to {kind!r} is raise or record, not {value!r}.") from None
