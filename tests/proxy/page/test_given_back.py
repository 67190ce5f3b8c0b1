"""What somebody wrote into a form is given back to them, whatever is wrong with sending it."""

from __future__ import annotations

from pathlib import Path

import pytest
from httpx import Response

from strangler.testing import MemoryToggleStore
from tests.proxy.control.fakes import plane
from tests.proxy.page.visit import Visit, visiting

BACK = {"name": "catalog.list", "why": "a <b>long</b> why"}
GIVEN_BACK = "<code>a &lt;b&gt;long&lt;/b&gt; why</code>"


def posted(visit: Visit, path: str = "/room/back", **more: str) -> Response:
    return visit.post(path, {**BACK, **more})


def test_by_a_page_of_another_visit(tmp_path: Path) -> None:
    with visiting(plane(tmp_path, MemoryToggleStore(), workers=0)) as visit:
        stale = posted(visit, form_token="of another visit")
        assert (stale.status_code, GIVEN_BACK in stale.text) == (403, True)
        assert "of another visit" not in stale.text


def test_where_there_is_no_such_page(tmp_path: Path) -> None:
    with visiting(plane(tmp_path, MemoryToggleStore(), workers=0)) as visit:
        nowhere = posted(visit, "/room/nowhere")
        assert (nowhere.status_code, GIVEN_BACK in nowhere.text) == (404, True)


def test_where_a_page_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("strangler_proxy.page.back.told_move", failing)
    with visiting(plane(tmp_path, MemoryToggleStore(), workers=0), strict=False) as visit:
        failed = posted(visit)
        assert (failed.status_code, GIVEN_BACK in failed.text) == (500, True)


def test_where_it_is_too_often(tmp_path: Path) -> None:
    control = plane(tmp_path, MemoryToggleStore(), workers=0, control_rate=2)
    with visiting(control) as visit:
        token = visit.form_token()
        late = next(
            answer for answer in (posted(visit, form_token=token) for _ in range(20)) if answer.status_code == 429
        )
        assert GIVEN_BACK in late.text
