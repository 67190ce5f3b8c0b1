"""The world as a control plane moves it: it runs nothing, looks into no file, and can be called off."""

from __future__ import annotations

import threading
from pathlib import Path

import httpx
import pytest
from strangler_proxy.client import ControlClient
from strangler_proxy.config.values import Address
from strangler_proxy.plan.checks import Checks, NothingLeft, NoTraffic
from strangler_proxy.plan.own_hands import apply_by_hand, undo_by_hand
from strangler_proxy.plan.served_world import CalledOff, ServedWorld

from strangler.errors import PlanError
from strangler.evidence import GateVerdict
from tests.proxy.plan.plans import plan_of


def nobody(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"asked for {request.url}")


@pytest.fixture
def called_off() -> threading.Event:
    return threading.Event()


@pytest.fixture
def world(tmp_path: Path, called_off: threading.Event) -> ServedWorld:
    client = ControlClient(Address("localhost", 80), "", transport=httpx.MockTransport(nobody))
    return ServedWorld(client, "shop", tmp_path, who="ada", show=print, called_off=called_off)


def test_it_runs_no_command(world: ServedWorld, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="runs no command"):
        world.run(f"touch {tmp_path}/ran", 10.0)
    assert list(tmp_path.iterdir()) == []


def test_a_pause_ends_as_soon_as_it_is_called_off(world: ServedWorld, called_off: threading.Event) -> None:
    world.pause(0.0)
    called_off.set()
    with pytest.raises(CalledOff):
        world.pause(10_000.0)


def test_files_beside_the_plan_prove_nothing_here(world: ServedWorld, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (judged,) = world.check(Checks(None, NothingLeft(("shop.lists",), ("shop",))))
    assert (judged.judgement.name, judged.judgement.verdict) == ("files", GateVerdict.INCONCLUSIVE)


def test_what_is_done_by_hand_says_why() -> None:
    plan = plan_of("""
```toml step=flips
moves = [{ flip = "a.b", stage = "shadow" }]
undo = [{ command = "x" }]
```

```toml step=runs
moves = [{ command = "x" }]
```

```toml step=gated
[after]
command = "x"
```

```toml step=swept
[checks]
nothing_left = { names = ["a"], within = ["a"] }
```

```toml step=called
[checks]
no_traffic = { routes = "a.b", time = "1h", callers = "c.json", views = ["v"] }
```

```toml step=quiet
[checks]
no_traffic = { routes = "a.b", time = "1h" }
```
""")
    assert {name for name, step in plan.steps.items() if apply_by_hand(step)} == {"runs", "gated", "swept", "called"}
    assert {name for name, step in plan.steps.items() if undo_by_hand(step)} == {"flips"}
    assert plan.steps["called"].checks == Checks(NoTraffic(("a.b",), 3600.0, "c.json", ("v",)))
