"""`strangler reload` and SIGHUP, with whole proxies under load."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from strangler_proxy.unix import connect_unix

from tests.proxy.supervisor.crowd import Crowd
from tests.proxy.supervisor.proxy import Proxy, children, is_running, kill, served
from tests.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    with served(tmp_path) as proxy:
        yield proxy


def edit(proxy: Proxy, before: str, after: str) -> None:
    """Change the file."""
    file = proxy.folder / "strangler.toml"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def pids(proxy: Proxy) -> set[int]:
    """The children that run."""
    return {pid for pid, _ in children(proxy.process.pid)}


def test_a_reload_puts_a_new_route_into_force_and_loses_no_request(proxy: Proxy) -> None:
    before = pids(proxy)
    with Crowd(proxy.addresses["listen"]) as crowd:
        edit(proxy, 'name = "catalog.list"', 'name = "catalog.all"')
        reloaded = proxy.run("reload", "--json")
        assert reloaded.returncode == 0, reloaded.stderr
        outcome = json.loads(reloaded.stdout)
        assert outcome["ok"]
        until(lambda: proxy.status()["live"] == "2/2")
        state = proxy.status()
        assert "catalog.all" in {each["name"] for each in state["toggles"] if each["configured"]}
        assert {each["config"] for each in state["workers"]} == {outcome["config"]} == {state["replica"]["config"]}
        assert not {each["pid"] for each in state["workers"]} & before
        flip = proxy.run("flip", "catalog.all", "extracted", "--force", "--why", "x", "--wait", "20")
        assert flip.returncode == 0, flip.stderr
        until(lambda: b"catalog" in crowd.answers[-10:])
    assert crowd.failures == []
    until(lambda: not pids(proxy) & before)
    assert "was edited" not in proxy.run("status").stderr


@pytest.mark.timeout(600)
def test_ten_reloads_in_a_row_under_load_lose_no_request(proxy: Proxy) -> None:
    with Crowd(proxy.addresses["listen"]) as crowd:
        for number in range(10):
            edit(proxy, "workers =", f"# {number}\n            workers =")
            assert proxy.run("reload").returncode == 0
            crowd.more()
    assert crowd.failures == []


@pytest.mark.timeout(600)
def test_the_number_of_workers_grows_and_shrinks_without_a_lost_request(proxy: Proxy) -> None:
    with Crowd(proxy.addresses["listen"]) as crowd:
        for before, after in ((2, 4), (4, 3), (3, 1), (1, 2)):
            edit(proxy, f"workers = {before}\n", f"workers = {after}\n")
            reloaded = proxy.run("reload")
            assert reloaded.returncode == 0, reloaded.stderr
            until(lambda live=f"{after}/{after}": proxy.status()["live"] == live)  # type: ignore[misc]
            # Every socket that was ever opened has somebody who accepts on it.
            crowd.more(400)
    assert crowd.failures == []


def test_a_wrong_file_is_refused_with_everything_that_is_wrong_and_all_goes_on(proxy: Proxy) -> None:
    before = pids(proxy)
    edit(proxy, "[upstreams.catalog]", "[upstreams.catalgo]")
    edit(proxy, 'path = "/products/"', 'path = "products/"')
    refused = proxy.run("reload")
    assert refused.returncode == 2
    for wrong in ("there is no upstream 'catalog'", "catalog.list].path", "2 problems found; nothing was done."):
        assert wrong in refused.stderr
    assert "there is no upstream 'catalog'" in proxy.log.read_text()
    assert pids(proxy) == before
    assert proxy.get() == "monolith"
    state = proxy.status()
    assert len(state["reload"]["problems"]) == 2
    assert "reload refused" in proxy.run("status").stdout
    edit(proxy, "[upstreams.catalgo]", "[upstreams.catalog]")
    edit(proxy, 'path = "products/"', 'path = "/products/"')
    assert proxy.run("reload").returncode == 0
    assert "reload refused" not in proxy.run("status").stdout


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ('listen = "127.0.0.1:0"\n            workers', 'listen = "127.0.0.1:1"\n            workers', "proxy.listen"),
        (
            '[control]\n            listen = "127.0.0.1:0"',
            '[control]\n            listen = "[::1]:0"',
            "control.listen",
        ),
        ("[control]", '[store]\n            url = "sqlite:///other.db"\n            [control]', "store.url"),
    ],
)
def test_what_only_a_start_can_change_is_refused_by_its_name(proxy: Proxy, before: str, after: str, key: str) -> None:
    was = pids(proxy)
    edit(proxy, before, after)
    refused = proxy.run("reload")
    assert refused.returncode == 2
    assert f"{key}: cannot change while the proxy serves" in refused.stderr
    assert "stop `strangler serve` and start it again" in refused.stderr
    assert pids(proxy) == was


def test_a_hangup_reloads_and_a_storm_of_them_ends_in_the_newest_file(proxy: Proxy) -> None:
    with Crowd(proxy.addresses["listen"]) as crowd:
        for number in range(30):
            edit(proxy, "workers =", f"# {number}\n            workers =")
            proxy.process.send_signal(signal.SIGHUP)
            crowd.more(5)
        newest = (proxy.folder / "strangler.toml").read_text()
        until(lambda: (proxy.state / "accepted.toml").read_text() == newest)
        until(lambda: proxy.status()["live"] == "2/2")
    assert crowd.failures == []
    until(lambda: len(children(proxy.process.pid)) == 4)


def test_reloads_at_the_same_time_all_end_well_and_each_has_seen_the_file_as_it_was_then(proxy: Proxy) -> None:
    edit(proxy, "workers =", "# edited\n            workers =")
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda _: proxy.run("reload"), range(4)))
    assert [each.returncode for each in ended] == [0] * 4
    assert "# edited" in (proxy.state / "accepted.toml").read_text()


def test_new_workers_that_die_at_their_start_leave_the_old_ones_serving(proxy: Proxy) -> None:
    before = pids(proxy)
    with Crowd(proxy.addresses["listen"]) as crowd:
        # What no check of the file sees, and every worker needs.
        key = (proxy.state / "subject.key").read_bytes()
        (proxy.state / "subject.key").chmod(0o644)
        (proxy.state / "subject.key").write_bytes(b"no key")
        refused = proxy.run("reload")
        assert refused.returncode == 1
        assert "ended before it was ready" in refused.stderr
        assert "Everything goes on as it was" in refused.stderr
        (proxy.state / "subject.key").write_bytes(key)
        (proxy.state / "subject.key").chmod(0o600)
        until(lambda: pids(proxy) == before)
        assert proxy.status()["live"] == "2/2"
        assert proxy.run("reload").returncode == 0
    assert crowd.failures == []


def test_a_worker_that_dies_during_a_reload_is_replaced(proxy: Proxy) -> None:
    for _ in range(3):
        victim = proxy.child("--slot 0")
        with ThreadPoolExecutor(1) as pool:
            reloading = pool.submit(proxy.run, "reload")
            kill(victim)
            reloading.result()
        until(lambda: proxy.status()["live"] == "2/2")
    assert proxy.run("reload").returncode == 0
    assert {proxy.get() for _ in range(20)} == {"monolith"}


def test_answers_under_way_and_their_workers_end_after_a_reload(proxy: Proxy) -> None:
    workers = [proxy.child("--slot 0"), proxy.child("--slot 1")]
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(proxy.get, "/slow") for _ in range(4)]
        try:
            until(lambda: proxy.slow_requests.qsize() == 4)
            assert proxy.run("reload").returncode == 0
            assert any(is_running(worker) for worker in workers)
        finally:
            proxy.answer_slowly.set()
        assert [each.result() for each in asked] == ["monolith"] * 4
    until(lambda: not any(is_running(worker) for worker in workers))


def test_a_stop_during_a_reload_ends_everybody(proxy: Proxy) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(proxy.run, "reload")
        until(lambda: "reloading" in proxy.log.read_text())
        everybody = pids(proxy)
        assert proxy.stop() == 0
    assert not any(is_running(pid) for pid in everybody)


def test_only_the_owner_may_ask_for_a_reload_and_nonsense_harms_nobody(proxy: Proxy) -> None:
    path = proxy.state / "supervisor.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for said in (b"nonsense\n", b"[]\n", b'{"wish": 7}\n', b"x" * 10_000, b"", b'{"wish": "fly"}\n'):
        with connect_unix(path) as connection:
            connection.settimeout(20)
            connection.sendall(said)
            connection.shutdown(socket.SHUT_WR)
            with suppress(ConnectionResetError):
                connection.recv(4096)
    silent = [connect_unix(path) for _ in range(40)]
    os.kill(proxy.process.pid, signal.SIGHUP)
    until(lambda: (proxy.state / "reload.json").exists())
    for each in silent:
        each.close()
    assert proxy.run("reload").returncode == 0


def test_a_reload_of_a_file_that_is_not_there_reloads_no_other(proxy: Proxy) -> None:
    refused = proxy.run("-c", "nowhere.toml", "reload")
    assert (refused.returncode, "nowhere.toml: there is no such file" in refused.stderr) == (2, True)
    assert not (proxy.state / "reload.json").exists()


def test_without_a_proxy_a_reload_says_that_there_is_none(proxy: Proxy) -> None:
    proxy.stop()
    refused = proxy.run("reload")
    assert refused.returncode == 4
    assert "strangler serve" in refused.stderr
