"""Where traffic and churn come from."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from strangler_proxy.plan_draft import churn_of, traffic_of

from strangler.callers import Callers, Counted, Passage, Reached, text_of
from strangler.errors import ConfigError
from tests.proxy.plan_draft.known import shop

LINE = '10.0.0.1 - - [29/Nov/2026:12:00:0{second} +0000] "{method} {path} HTTP/1.1" 200 5 "-" "curl/8"\n'


def test_an_access_log_is_counted_by_view(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    lines = [("GET", "/cart/list/"), ("POST", "/cart/list/"), ("GET", "/static/x.css"), ("GET", "/cart/list/?page=2")]
    log.write_text("".join(LINE.format(second=n, method=method, path=path) for n, (method, path) in enumerate(lines)))
    traffic = traffic_of(shop(["cart"]), [log])
    assert traffic is not None
    assert (traffic.reads["cart/list/"], traffic.writes["cart/list/"], traffic.elsewhere) == (2, 1, 1)
    assert traffic.days == pytest.approx(3 / 86400)


def test_the_monoliths_own_counts_are_added_without_copies(tmp_path: Path) -> None:
    def row(passage: Passage, route: str) -> Reached:
        return Reached(passage, "GET", route, "", Counted(4, 100.0, 200.0))

    file = tmp_path / "callers.json"
    views = (row(Passage.THROUGH, "cart/list/"), row(Passage.COPIES, "cart/list/"), row(Passage.PAST, "elsewhere/"))
    file.write_text(text_of(Callers(at=86500.0, since=100.0, views=views)))
    traffic = traffic_of(shop(["cart"]), (), file)
    assert traffic is not None
    assert (traffic.of("cart/list/"), traffic.elsewhere, traffic.days) == (4, 4, 1.0)


def test_without_files_traffic_is_unknown_and_a_wrong_file_is_told(tmp_path: Path) -> None:
    assert traffic_of(shop(["cart"])) is None
    with pytest.raises(ConfigError):
        traffic_of(shop(["cart"]), [tmp_path / "none.log"])


def test_commits_are_counted_by_app(tmp_path: Path) -> None:
    project = tmp_path / "project"
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}

    def git(*words: str) -> None:
        command = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.com", *words]
        subprocess.run(command, check=True, capture_output=True, env=environment)

    git("init")
    for number, path in enumerate(["shop/cart/a.py", "shop/cart/b.py", "shop/cartoons/c.py"]):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(str(number))
        git("add", ".")
        git("commit", "-m", "change")
    churn = churn_of(project, shop(["cart", "mail"]).apps)
    assert churn is not None
    assert (churn.commits, churn.by_app) == (3, {"cart": 2, "mail": 0})


def test_a_folder_without_a_history_has_no_churn(tmp_path: Path) -> None:
    assert churn_of(tmp_path, shop(["cart"]).apps) is None
