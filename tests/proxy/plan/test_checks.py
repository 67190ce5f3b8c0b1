"""What is proved before old code goes, and the patch that takes it away."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.plan.checking import callers_judged, traffic_judged, traffic_step
from strangler_proxy.plan.checks import NothingLeft, NoTraffic
from strangler_proxy.plan.leftovers import leftovers, leftovers_judged
from strangler_proxy.plan.patch import deletion_patch

from strangler.errors import ConfigError, PlanError
from strangler.evidence import GateVerdict

DAY = 86400.0
NOW = 100 * DAY
WANTED = NoTraffic(("catalog.*",), 10 * DAY)


def window(
    day: float, route: str = "-", side: str = "monolith", requests: int = 5, fallbacks: int = 0
) -> dict[str, Any]:
    return {
        "start": NOW - day * DAY,
        "seconds": DAY / 2,
        "route": route,
        "side": side,
        "requests": requests,
        "fallbacks": fallbacks,
    }


EVERY_DAY = [window(half / 2) for half in range(1, 21)]


@pytest.mark.parametrize(
    ("more", "verdict", "told"),
    [
        ([], GateVerdict.PASS, "answered none of catalog.list for 10 d"),
        ([window(3, "catalog.list", "candidate")], GateVerdict.PASS, "none of catalog.list"),
        ([window(3, "orders.list")], GateVerdict.PASS, "none of catalog.list"),
        ([window(3, "catalog.list", requests=7)], GateVerdict.FAIL, "catalog.list 7; wanted is none for 10 d"),
        ([window(3, "catalog.list", "candidate", fallbacks=2)], GateVerdict.FAIL, "catalog.list 2"),
    ],
)
def test_traffic_on_the_old_path_fails_also_in_a_failing_candidates_place(
    more: list[dict[str, Any]], verdict: GateVerdict, told: str
) -> None:
    judged = traffic_judged(WANTED, ["catalog.list"], [*EVERY_DAY, *more], NOW)
    assert judged.judgement.verdict is verdict
    assert told in judged.judgement.reason


def test_nobody_was_answered_later_than_now_however_long_the_windows_are() -> None:
    window = {**EVERY_DAY[-1], "route": "catalog.list", "side": "monolith", "requests": 1, "start": NOW - 10.0}
    judged = traffic_judged(WANTED, ["catalog.list"], [*EVERY_DAY, window], NOW)
    assert judged.judgement.figures["last"] == NOW


@pytest.mark.parametrize("windows", [[], EVERY_DAY[:10], EVERY_DAY[4:], [*EVERY_DAY[:8], *EVERY_DAY[12:]]])
def test_silence_is_no_proof(windows: list[dict[str, Any]]) -> None:
    judged = traffic_judged(WANTED, ["catalog.list"], windows, NOW)
    assert judged.judgement.verdict is GateVerdict.INCONCLUSIVE
    assert "counted no request at all" in judged.judgement.reason


@pytest.mark.parametrize(("seconds", "step"), [(60.0, 5), (3600.0, 70), (14 * DAY, 24190), (10_000 * DAY, 86400)])
def test_windows_are_asked_for_in_a_length_that_keeps_them_few(seconds: float, step: int) -> None:
    assert traffic_step(seconds) == step
    assert step % 5 == 0


def test_what_the_monolith_counted_has_to_be_there_and_readable(tmp_path: Path) -> None:
    wanted = NoTraffic(("catalog.*",), DAY, "callers.json", ("api/v1/products/",))
    with pytest.raises(ConfigError):
        callers_judged(wanted, tmp_path, NOW)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for name, text in {
        "shop/old/views.py": "from shop.old import forms\n\n\ndef view():\n    return '/old/'\n",
        "shop/old/forms.py": "FORMS = 1\n",
        "shop/new/__init__.py": "",
        "shop/new/relative.py": "from ..old import views\n\nx = views\n",
        "shop/new/names.py": "from shop import old, new\n",
        "shop/settings.py": 'INSTALLED_APPS = [\n    "shop.old",\n    "shop.older",\n]\n',
        "shop/templates/page.html": '<a href="/old/">\n<a href="/older/">\n',
        "shop/broken.py": "def (:\nimport shop.old\n",
        "shop/.hidden/x.py": "import shop.old\n",
        "shop/__pycache__/x.py": "import shop.old\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "shop" / "image.png").write_bytes(b"\0shop.old")
    return tmp_path


OLD = NothingLeft(("shop.old", "/old/"), ("shop",), ("shop/old",))


def test_imports_strings_and_urls_that_name_old_code_are_found_with_their_lines(shop: Path) -> None:
    assert [(each.file, each.line, each.name) for each in leftovers(OLD, shop)] == [
        ("shop/broken.py", 2, "shop.old"),
        ("shop/new/names.py", 1, "shop.old"),
        ("shop/new/relative.py", 1, "shop.old"),
        ("shop/settings.py", 2, "shop.old"),
        ("shop/templates/page.html", 1, "/old/"),
    ]
    judged = leftovers_judged(OLD, shop).judgement
    assert judged.verdict is GateVerdict.FAIL
    assert "shop/settings.py:2" in judged.reason


def test_a_folder_that_is_not_there_is_no_proof(shop: Path) -> None:
    with pytest.raises(PlanError, match="is not there"):
        leftovers(NothingLeft(("x.y",), ("shopp",)), shop)


def test_the_patch_applies_whatever_ends_a_line(shop: Path) -> None:
    odd = shop / "shop" / "odd.py"
    odd.write_bytes(b"import shop.old\x0cone = 1\r\ntwo = 'shop.old'\n\x0c\nthree = 3")
    (shop / "retire.patch").write_bytes(deletion_patch(OLD, shop).encode())
    subprocess.run(["git", "init", "-q", "."], cwd=shop, check=True)
    subprocess.run(["git", "apply", "retire.patch"], cwd=shop, check=True)
    assert odd.read_bytes() == b"one = 1\r\n\x0c\nthree = 3"


def test_the_patch_applies_and_leaves_nothing(shop: Path) -> None:
    (shop / "shop" / "old" / "last.txt").write_text("without an end")
    (shop / "retire.patch").write_text(deletion_patch(OLD, shop))
    subprocess.run(["git", "init", "-q", "."], cwd=shop, check=True)
    subprocess.run(["git", "apply", "retire.patch"], cwd=shop, check=True)
    assert not [path for path in (shop / "shop" / "old").rglob("*") if path.is_file()]
    assert leftovers(OLD, shop) == []
    assert (shop / "shop" / "settings.py").read_text() == 'INSTALLED_APPS = [\n    "shop.older",\n]\n'
    assert deletion_patch(OLD, shop) == ""
