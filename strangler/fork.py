"""What has to start anew in a forked child: locks that another thread held, and threads that were not copied."""

from __future__ import annotations

import logging
import os
import sys
from importlib import import_module
from typing import Final, Protocol
from weakref import WeakSet

__all__ = ["Forkable", "renew_after_fork"]


class Forkable(Protocol):
    """Something that holds threads or locks. It must be hashable and weakly referable, as plain objects are."""

    def after_fork(self) -> None:
        """Called in the child, before anything else there runs: replace locks, forget threads."""
        ...


_LOG: Final = logging.getLogger("strangler.fork")
_LIVE: Final[WeakSet[Forkable]] = WeakSet()


def renew_after_fork(each: Forkable) -> None:
    """Call `each.after_fork()` in every child forked from now on, for as long as `each` lives."""
    _LIVE.add(each)


def _renew() -> None:
    for each in list(_LIVE):
        each.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
if "uwsgi" in sys.modules:
    # uWSGI forks without a word to Python, unless it is configured to say one. Without a master process its decorators
    # refuse to be imported, and nothing is forked that was used before.
    try:
        import_module("uwsgidecorators").postfork(_renew)
    except Exception:
        _LOG.debug("uWSGI tells nobody of its forks.", exc_info=True)
