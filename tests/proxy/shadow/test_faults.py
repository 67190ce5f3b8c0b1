"""A fault of our own costs a copy, and never a customer."""

from __future__ import annotations

from collections import deque

from strangler_proxy.shadow.copies import Copy
from strangler_proxy.shadow.frame import Unequal
from strangler_proxy.shadow.outlet import Outlet
from strangler_proxy.shadow.shapes import Shapes

from strangler.toggles import Stage
from tests.proxy.dataplane.raw import RawUpstream, answer
from tests.proxy.shadow.conftest import MakeScene
from tests.proxy.shadow.misbehaving import lies
from tests.proxy.shadow.scene import GET

OK = (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"ok")


def test_a_fault_in_taking_a_copy_in_costs_no_other_and_gives_back_what_it_holds(make_scene: MakeScene) -> None:
    class Broken(deque[Copy]):
        def append(self, _: Copy) -> None:
            raise RuntimeError("a fault of the test's")

    scene = make_scene()
    scene.shadow.lane("catalog").waiting = Broken()
    for _ in range(3):
        assert scene.ask(GET) == OK
    scene.missing("fault", 3)
    scene.idle()
    assert len(scene.proxy.problems) == 3
    scene.proxy.problems.clear()


def test_a_fault_in_counting_a_fallback_costs_the_customer_nothing(make_scene: MakeScene, catalog: RawUpstream) -> None:
    class Broken(Shapes):
        def of(self, path: bytes) -> str:
            raise RuntimeError("a fault of the test's")

    catalog.script = answer(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
    scene = make_scene(stage=Stage.EXTRACTED)
    for plan in scene.shadow.plans:
        plan.template, plan.shapes = "", Broken("/p/")
    with scene.client() as client:
        for _ in range(2):
            assert client.ask(GET) == OK
    assert len(scene.proxy.problems) == 2
    scene.proxy.problems.clear()


def test_a_fault_of_our_own_costs_the_copy_and_nothing_else(make_scene: MakeScene, catalog: RawUpstream) -> None:
    class Broken(Outlet):
        def tell(self, unequal: Unequal) -> bool:
            raise RuntimeError("a fault of the test's")

    catalog.script = lies
    scene = make_scene(shadow={"in_flight": 1})

    def broken() -> None:
        scene.shadow.outlet = Broken([], scene.proxy.loop)

    scene.proxy.call(broken)
    for _ in range(3):
        assert scene.ask(GET) == OK
    scene.missing("fault", 3)
    scene.idle()
    assert [str(problem["exception"]) for problem in scene.proxy.problems] == ["a fault of the test's"] * 3
    scene.proxy.problems.clear()
