"""What is measured of copies is told under names and labels that are known."""

from __future__ import annotations

from strangler_proxy.measures import COUNTER, MEASURES
from strangler_proxy.report import Report

from tests.proxy.dataplane.raw import RawUpstream, answer
from tests.proxy.shadow.conftest import MakeScene
from tests.proxy.shadow.scene import GET, POST, Scene


def told(scene: Scene) -> dict[tuple[str, ...], float]:
    report = Report(scene.proxy.worker.gateway)
    counters, gauges = scene.proxy.call(report.take)
    for name, labels, _ in counters:
        assert MEASURES[name].kind == COUNTER
        assert len(labels) == len(MEASURES[name].labels), name
    for name, labels, _ in gauges:
        assert len(labels) + 1 == len(MEASURES[name].labels), name
    return {(name, *labels): value for name, labels, value in [*counters, *gauges]}


def test_copies_pairs_and_what_became_none_are_counted_by_route(make_scene: MakeScene, catalog: RawUpstream) -> None:
    catalog.script = answer(b"HTTP/1.1 200 OK\r\nX-Strangler-Release: 7\r\nContent-Length: 2\r\n\r\nok")
    scene = make_scene()
    scene.ask(GET)
    scene.ask(GET)
    scene.ask(POST)
    scene.agreed(2)
    scene.missing("skip")
    scene.idle()
    values = told(scene)
    assert values["strangler_shadow_copies_total", "p", "catalog"] == 2
    assert values["strangler_shadow_pairs_total", "p", "agree", ""] == 2
    assert values["strangler_shadow_missed_total", "p", "skip"] == 1
    assert values["strangler_shadow_queue",] == values["strangler_shadow_queue_bytes",] == 0
    assert values["strangler_shadow_in_flight", "catalog"] == values["strangler_shadow_halted", "catalog"] == 0


def test_where_nothing_is_copied_nothing_is_told_of_it(make_scene: MakeScene) -> None:
    scene = make_scene(sample=0.0)
    scene.ask(GET)
    assert not [key for key in told(scene) if key[0].startswith("strangler_shadow") and "queue" not in key[0]]
