from __future__ import annotations

import gc
import os
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from strangler import fork
from strangler.fork import renew_after_fork

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]


class Counted:
    def __init__(self) -> None:
        self.forks = 0
        renew_after_fork(self)

    def after_fork(self) -> None:
        self.forks += 1


def test_what_lives_is_renewed_in_the_child_and_only_there() -> None:
    each = Counted()
    child = os.fork()
    if child == 0:
        os._exit(each.forks)
    assert os.WEXITSTATUS(os.waitpid(child, 0)[1]) == 1
    assert each.forks == 0


@pytest.mark.parametrize("masterless", [False, True])
def test_under_uwsgi_what_lives_is_renewed_by_its_own_hook(monkeypatch: pytest.MonkeyPatch, masterless: bool) -> None:
    hooks: list[Callable[[], None]] = []

    def postfork(hook: Callable[[], None]) -> None:
        if masterless:
            raise RuntimeError("you have to enable the uWSGI master process to use this module")
        hooks.append(hook)

    monkeypatch.setitem(sys.modules, "uwsgi", ModuleType("uwsgi"))
    decorators = ModuleType("uwsgidecorators")
    decorators.postfork = postfork  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "uwsgidecorators", decorators)
    monkeypatch.setattr(os, "register_at_fork", lambda **_: None)
    begun = runpy.run_path(str(Path(fork.__file__)))
    each = Counted()
    begun["renew_after_fork"](each)
    for hook in hooks:
        hook()
    assert each.forks == (not masterless)


def test_what_is_gone_is_forgotten() -> None:
    renewed: list[int] = []

    class Told(Counted):
        def after_fork(self) -> None:
            renewed.append(1)

    Told()
    gc.collect()
    child = os.fork()
    if child == 0:
        os._exit(len(renewed))
    assert os.waitpid(child, 0)[1] == 0
