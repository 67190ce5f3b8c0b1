"""A monolith and a catalogue service behind a worker whose copies are looked at."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from strangler_proxy.shadow.outlet import Outlet

from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream, cleanup, make_proxy, make_upstream
from tests.proxy.dataplane.raw import RawUpstream
from tests.proxy.shadow.listening import Comparer
from tests.proxy.shadow.scene import Scene

__all__ = ["MakeProxy", "MakeScene", "MakeUpstream", "cleanup", "make_proxy", "make_upstream"]

MakeScene = Callable[..., Scene]


@pytest.fixture
def monolith(make_upstream: MakeUpstream) -> RawUpstream:
    return make_upstream()


@pytest.fixture
def catalog(make_upstream: MakeUpstream) -> RawUpstream:
    return make_upstream()


@pytest.fixture
def make_scene(make_proxy: MakeProxy, monolith: RawUpstream, catalog: RawUpstream) -> MakeScene:
    """Makes a worker between the two; what is given goes to `Scene`."""

    def make(**given: object) -> Scene:
        return Scene(make_proxy, monolith, catalog, **given)  # type: ignore[arg-type]

    return make


@pytest.fixture
def comparer(cleanup: ExitStack, tmp_path: Path) -> Comparer:
    """Somebody who takes frames at the Unix socket `comparer.path`."""
    listening = Comparer(tmp_path / "comparer.sock")
    cleanup.callback(listening.close)
    return listening


def connect(scene: Scene, comparer: Comparer) -> None:
    """Let the worker tell this comparer."""
    shadow = scene.shadow

    def connected() -> None:
        shadow.outlet = Outlet([comparer.path], scene.proxy.loop)

    scene.proxy.call(connected)
    comparer.wait()
