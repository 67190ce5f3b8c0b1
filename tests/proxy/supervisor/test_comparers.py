"""Comparers under their supervisor: whole proxies, to whose comparers the test talks as a worker does."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.shadow.frame import Unequal, pack
from strangler_proxy.store import SQLiteEvidenceStore
from strangler_proxy.unix import connect_unix

from strangler.evidence import OTHERS
from tests.proxy.comparer.exchanges import exchange, side
from tests.proxy.comparer.test_keeping import PLANTED, planted
from tests.proxy.supervisor.crowd import Crowd
from tests.proxy.supervisor.proxy import Proxy, children, is_running, kill, upstream
from tests.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    """A proxy that serves, asks again soon, and does not wait long for who hangs."""
    proxy = Proxy(tmp_path)
    with upstream("monolith") as monolith, upstream("catalog") as catalog:
        proxy.configure(monolith, catalog)
        file = tmp_path / "strangler.toml"
        text = file.read_text().replace("[proxy]", '[proxy]\nhang_timeout = "6s"')
        file.write_text(f'{text}\n[shadow]\nlag = "0.1s"\n')
        proxy.start()
        until(lambda: comparer(proxy)["live"])
        try:
            yield proxy
        finally:
            proxy.stop()


def comparer(proxy: Proxy) -> dict[str, Any]:
    """What the status tells of the one comparer; not live while it tells nothing."""
    rows: list[dict[str, Any]] = proxy.status().get("comparers", [])
    return rows[0] if rows else {"live": False, "pid": None}


def place(proxy: Proxy) -> Path:
    """The socket of the one comparer that there is."""
    [path] = proxy.state.glob("comparer-*.sock")
    return path


def unequal(**changed: Any) -> Unequal:
    """An exchange that both sides repeat: the monolith says `monolith`, and the candidate `catalog`."""
    given = {
        "route": "catalog.list",
        "template": "/products/",
        "target": b"/products/",
        "candidate_target": b"/products/",
        "request_lines": [b"Host: shop"],
        "candidate_lines": [b"Host: shop"],
    }
    length = [b"Content-Length: 8"]
    old, new = side(b"monolith", lines=length), side(b"catalog", lines=[b"Content-Length: 7"])
    old.lines, new.lines = old.lines[1:], new.lines[1:]
    return exchange(old, new, **{**given, **changed})


@contextmanager
def worker(path: Path) -> Iterator[socket.socket]:
    """A connection to a comparer, as a worker has one."""
    with connect_unix(path) as connection:
        connection.settimeout(20)
        yield connection


def tell(proxy: Proxy, *exchanges: Unequal) -> None:
    with worker(place(proxy)) as connection:
        for each in exchanges:
            connection.sendall(pack(each))


def verdicts(proxy: Proxy) -> Counter[str]:
    """The pairs in the store by verdict, or by cause where there is one."""
    found: Counter[str] = Counter()
    with closing(SQLiteEvidenceStore(proxy.state / "evidence.db")) as store:
        for seen in store.scopes():
            for key, tally in store.read(seen.scope).pairs.items():
                found[key.cause or key.verdict] += tally.count
    return found


def test_what_a_comparer_is_told_comes_to_the_store_with_an_example_and_is_told_of_once(proxy: Proxy) -> None:
    tell(proxy, unequal(), unequal(method="POST"))
    until(lambda: verdicts(proxy) == {"differ": 2})
    with closing(SQLiteEvidenceStore(proxy.state / "evidence.db")) as store:
        [kept, *_] = store.kept(route="catalog.list")
        assert (kept.pair.old.body, kept.pair.new.body) == (b"monolith", b"catalog")
        assert OTHERS not in kept.template
    assert proxy.log.read_text().count("not seen before: body (value)") == 1
    metrics = proxy.api("GET", "/metrics").text
    assert 'strangler_shadow_pairs_total{cause="",route="catalog.list",verdict="differ"} 2.0' in metrics
    assert 'strangler_comparer_up{comparer="0"} 1.0' in metrics
    assert 'strangler_process_cpu_seconds_total{worker="comparer-0"}' in metrics


def test_a_comparer_that_is_killed_is_replaced_and_no_customer_notices(proxy: Proxy) -> None:
    before = comparer(proxy)["pid"]
    workers = [each["pid"] for each in proxy.status()["workers"]]
    with Crowd(proxy.addresses["listen"]) as crowd:
        kill(before)
        crowd.more()
    assert crowd.failures == []
    until(lambda: comparer(proxy)["live"] and comparer(proxy)["pid"] != before)
    assert [each["pid"] for each in proxy.status()["workers"]] == workers
    tell(proxy, unequal(method="POST"))
    until(lambda: verdicts(proxy) == {"differ": 1})


def test_a_comparer_that_hangs_is_killed_and_replaced_and_no_customer_notices(proxy: Proxy) -> None:
    before = comparer(proxy)["pid"]
    os.kill(before, signal.SIGSTOP)
    with Crowd(proxy.addresses["listen"]) as crowd:
        until(lambda: not is_running(before), seconds=60)
        crowd.more()
    assert crowd.failures == []
    assert f"comparer 0 (pid {before}) has not been heard" in proxy.log.read_text()
    until(lambda: comparer(proxy)["live"] and comparer(proxy)["pid"] != before)


def test_garbage_on_its_socket_ends_that_connection_and_nothing_else(proxy: Proxy) -> None:
    before = comparer(proxy)["pid"]
    for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 5000, (20).to_bytes(4, "big") * 6):
        with worker(place(proxy)) as connection:
            connection.sendall(garbage)
            assert connection.recv(1) == b""
    tell(proxy, unequal(method="POST"))
    until(lambda: verdicts(proxy) == {"differ": 1})
    assert comparer(proxy)["pid"] == before


def test_after_a_reload_the_old_comparer_stays_for_the_workers_that_it_has_and_then_ends(proxy: Proxy) -> None:
    before, old = comparer(proxy)["pid"], place(proxy)
    with worker(old) as connection:
        connection.sendall(pack(unequal(method="POST")))
        assert proxy.run("reload").returncode == 0
        until(lambda: comparer(proxy)["live"] and comparer(proxy)["pid"] != before)
        connection.sendall(pack(unequal(method="PUT")))
        [new] = set(proxy.state.glob("comparer-*.sock")) - {old}
        with worker(new) as other:
            other.sendall(pack(unequal(method="PATCH")))
        until(lambda: verdicts(proxy) == {"differ": 3})
        assert is_running(before)
    until(lambda: not is_running(before))
    assert not old.exists()
    assert verdicts(proxy) == {"differ": 3}


def test_with_a_reload_comparers_come_and_go_as_the_file_says(proxy: Proxy) -> None:
    file = proxy.folder / "strangler.toml"
    text = file.read_text()
    # One is always there, for recordings.
    for count, more in ((2, ""), (1, "sample = 0.0")):
        file.write_text(text.replace("[shadow]", f"[shadow]\ncomparers = 2\n{more}"))
        assert proxy.run("reload").returncode == 0
        until(lambda count=count: [each["live"] for each in proxy.status()["comparers"]] == [True] * count)  # type: ignore[misc]
        until(lambda count=count: len(list(proxy.state.glob("comparer-*.sock"))) == count)  # type: ignore[misc]
        until(lambda count=count: len(children(proxy.process.pid)) == 3 + count)  # type: ignore[misc]


def test_a_take_over_by_another_program_goes_on_with_a_comparer_that_it_does_not_lose(proxy: Proxy) -> None:
    before, old = comparer(proxy)["pid"], place(proxy)
    with worker(old) as connection:
        reloaded = proxy.run("reload", "--program")
        assert reloaded.returncode == 0, reloaded.stderr
        until(lambda: comparer(proxy)["live"] and comparer(proxy)["pid"] != before)
        connection.sendall(pack(unequal(method="PUT")))
        until(lambda: verdicts(proxy) == {"differ": 1})
        assert is_running(before)
    until(lambda: not is_running(before))
    until(lambda: len(children(proxy.process.pid)) == 4)


def test_what_is_found_while_the_control_plane_hangs_is_told_when_it_is_back(proxy: Proxy) -> None:
    control = proxy.child("strangler_proxy control")
    os.kill(control, signal.SIGSTOP)
    tell(proxy, *(unequal(method="POST") for _ in range(5)))
    os.kill(control, signal.SIGCONT)
    until(lambda: verdicts(proxy) == {"differ": 5})


def test_what_was_found_last_is_in_the_store_after_a_stop(proxy: Proxy) -> None:
    path = place(proxy)
    tell(proxy, *(unequal(method="POST") for _ in range(20)))
    assert proxy.stop() == 0
    assert verdicts(proxy) == {"differ": 20}
    assert not path.exists()


def test_while_another_has_the_store_of_evidence_locked_toggles_move_and_evidence_waits(proxy: Proxy) -> None:
    tell(proxy, unequal(method="POST"))
    until(lambda: verdicts(proxy) == {"differ": 1})
    with closing(sqlite3.connect(proxy.state / "evidence.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        tell(proxy, unequal(method="POST"))
        until(lambda: not proxy.status()["evidence"]["ok"], seconds=60)
        proxy.flip("extracted")
        assert proxy.get() == "catalog"
        assert proxy.api("GET", "/health/ready").json()["dependencies"]["evidence"] == "unavailable"
        assert proxy.api("GET", "/health/ready").status_code == 200
        assert "evidence: " in proxy.run("status").stdout
        other.execute("ROLLBACK")
    until(lambda: verdicts(proxy) == {"differ": 2})
    until(lambda: proxy.status()["evidence"]["ok"])


def test_a_secret_of_no_place_of_an_exchange_comes_to_the_disk_or_the_log(proxy: Proxy) -> None:
    secret = planted()
    secret.route = "catalog.list"
    tell(proxy, secret, unequal(method="POST"))
    until(lambda: verdicts(proxy) == {"differ": 2})
    assert proxy.stop() == 0
    files = [path for path in proxy.state.rglob("*") if path.is_file()]
    assert any(path.name == "evidence.db" for path in files)
    found = {
        (path.name, where)
        for path in (*files, proxy.log, proxy.said)
        for where, planted_secret in PLANTED.items()
        if planted_secret.encode() in path.read_bytes()
    }
    assert found == set()
    key = proxy.state / "redaction.key"
    assert key.stat().st_mode & 0o777 == 0o600


def test_customers_of_a_route_in_shadow_are_answered_by_the_monolith_and_what_differs_is_found(proxy: Proxy) -> None:
    proxy.flip("shadow")
    # A worker comes to its comparers only now.
    until(lambda: proxy.get() == "monolith" and verdicts(proxy)["differ"] >= 3)
    assert [each for each in proxy.status()["traffic"] if each["side"] != "monolith"] == []
