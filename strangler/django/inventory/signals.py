"""The receivers of signals: what is called when something else happens, which no import tells."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, Final
from weakref import ReferenceType

from django.apps import apps
from django.dispatch import Signal

from strangler.django.inventory.layers import innermost
from strangler.django.inventory.owners import Owners, is_left_out
from strangler.django.inventory.sources import place_of
from strangler.inventory import Receiver

__all__ = ["receivers_of"]

_OF_TESTS: Final = "django.core.signals.setting_changed"


def receivers_of(owners: Owners) -> Iterator[Receiver]:
    """What is connected to a signal, Django's receivers and ours left out, by signal."""
    senders = {id(model): model for model in apps.get_models(include_auto_created=True)}
    for name, signal in sorted(_signals().items()):
        if name == _OF_TESTS:
            continue
        for entry in signal.receivers:
            (_, sender), receiver = entry[0], entry[1]
            receiver = receiver() if isinstance(receiver, ReferenceType) else receiver
            if receiver is not None:
                yield from _told(name, receiver, senders.get(sender), owners)


def _told(name: str, receiver: Any, sender: Any, owners: Owners) -> Iterator[Receiver]:
    thing = innermost(receiver)
    thing = getattr(thing, "__func__", thing)
    written = thing if hasattr(thing, "__qualname__") else type(thing)
    module = str(written.__module__)
    if is_left_out(module):
        return
    file, line = place_of(written, owners)
    yield Receiver(
        signal=name,
        receiver=f"{module}.{written.__qualname__}",
        app=owners.label(module),
        signal_app=owners.label(name.rpartition(".")[0]),
        sender="" if sender is None else sender._meta.label,
        sender_app="" if sender is None else sender._meta.app_label,
        file=file,
        line=line,
    )


def _signals() -> dict[str, Signal]:
    """All signals that stand in a module, by dotted path: that of the module which seems to have made each."""
    found: dict[int, tuple[str, Signal]] = {}
    for module_name, module in sorted(sys.modules.items()):
        for name, value in list(getattr(module, "__dict__", {}).items()):
            # By its type: to ask a lazy object for its class is to make it.
            if issubclass(type(value), Signal):
                path = f"{module_name}.{name}"
                known = found.get(id(value))
                if known is None or _likelier(path, known[0]):
                    found[id(value)] = (path, value)
    return dict(found.values())


def _likelier(path: str, other: str) -> bool:
    """Whether a signal is rather made in the module of `path`: one that is called signals, else the shorter one."""
    mine, theirs = ("signal" in each.rpartition(".")[0].rpartition(".")[2] for each in (path, other))
    return mine > theirs if mine != theirs else len(path) < len(other)
