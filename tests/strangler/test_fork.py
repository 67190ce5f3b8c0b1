from __future__ import annotations

import gc
import os

import pytest

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
