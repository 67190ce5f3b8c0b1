from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Self

import httpx
import pytest

from tests.proxy.supervisor.proxy import STRANGLER, Proxy, children, is_running, kill, served, upstream
from tests.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    with served(tmp_path) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """For tests that harm nothing: starting a proxy takes longer than they do."""
    with served(tmp_path_factory.mktemp("shared")) as proxy:
        yield proxy


class Customers:
    """Customers who keep asking, each with a connection of its own a request, until told to stop."""

    def __init__(self, proxy: Proxy) -> None:
        self.answers: list[str] = []
        self._proxy = proxy
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(4)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        until(lambda: len(self.answers) > 20)
        return self

    def __exit__(self, *_: object) -> None:
        asked = len(self.answers)
        until(lambda: len(self.answers) > asked + 20 or self._stop.is_set())
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while not self._stop.is_set():
            try:
                self.answers.append(self._proxy.get())
            except httpx.HTTPError as error:
                self.answers.append(repr(error))


def replace(proxy: Proxy, words: str) -> None:
    """Kill a child, and wait until the supervisor has started another."""
    pid = proxy.child(words)
    kill(pid)
    until(lambda: any(words in command and each != pid for each, command in children(proxy.process.pid)))


def test_it_says_where_it_serves_beside_the_access_log_and_never_its_token(shared: Proxy) -> None:
    assert "Strangler is serving" not in shared.said.read_text()
    said = shared.log.read_text()
    for address in shared.addresses.values():
        assert f"http://{address}" in said
    assert str(shared.state / "control.token") in said
    token = (shared.state / "control.token").read_text().strip()
    assert token not in said
    assert token not in shared.said.read_text()


def test_what_lies_in_the_state_folder_is_for_its_owner_only(shared: Proxy) -> None:
    assert stat.S_IMODE(shared.state.stat().st_mode) == 0o700
    for name in ("control.token", "subject.key", "control.sock", "toggles.json", "accepted.toml"):
        assert stat.S_IMODE((shared.state / name).stat().st_mode) == 0o600, name


def test_a_flip_is_acknowledged_by_every_worker_and_decides_at_once(shared: Proxy) -> None:
    shared.flip("monolith")
    assert shared.get() == "monolith"
    assert shared.flip("extracted")["acknowledged"] == ["0", "1"]
    assert {shared.get() for _ in range(20)} == {"catalog"}
    assert shared.get("/elsewhere") == "monolith"
    shared.flip("monolith")
    assert {shared.get() for _ in range(20)} == {"monolith"}


@pytest.mark.skipif("CS_GNU_LIBC_VERSION" not in os.confstr_names, reason="other C libraries have other heaps")
def test_the_threads_of_the_control_plane_share_their_memory(shared: Proxy) -> None:
    def heaps(pid: int) -> int:
        """How many there are beside the first: each has 64 MiB of addresses, at a multiple of that."""
        maps = (Path("/proc") / str(pid) / "maps").read_text()
        starts = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw-p .*\n\2-([0-9a-f]+) ---p ", maps, re.MULTILINE)
        return sum(
            int(start, 16) % (64 << 20) == 0 == (int(end, 16) - int(start, 16)) % (64 << 20) for start, _, end in starts
        )

    control = shared.child("strangler_proxy control")
    for _ in range(3):
        shared.flip("monolith")
    assert len(list((Path("/proc") / str(control) / "task").iterdir())) > 4
    assert heaps(control) <= 1


def test_a_hundred_flips_lose_no_request(shared: Proxy) -> None:
    before = shared.flip("monolith")["revision"]
    with Customers(shared) as customers:
        for number in range(100):
            shared.flip(("extracted", "monolith")[number % 2])
    assert set(customers.answers) == {"monolith", "catalog"}
    assert shared.status()["revision"] == before + 100


def test_a_stop_lets_the_answers_under_way_end(proxy: Proxy) -> None:
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(proxy.get, "/slow") for _ in range(4)]
        until(lambda: proxy.slow_requests.qsize() == 4)
        proxy.process.terminate()
        until(lambda: "draining" in proxy.log.read_text())
        proxy.answer_slowly.set()
        assert [each.result() for each in asked] == ["monolith"] * 4
    assert proxy.stop() == 0


def test_killing_the_control_plane_stops_no_traffic_and_loses_no_revision(proxy: Proxy) -> None:
    revision = proxy.flip("extracted")["revision"]
    control = proxy.child("strangler_proxy control")
    with Customers(proxy) as customers:
        kill(control)
        until(lambda: proxy.status()["live"] == "2/2")
    assert set(customers.answers) == {"catalog"}
    assert proxy.status()["revision"] == revision
    assert proxy.child("strangler_proxy control") != control
    assert proxy.flip("monolith")["revision"] == revision + 1
    assert proxy.get() == "monolith"


def test_killing_a_worker_refuses_no_connection_and_a_replacement_takes_its_socket(proxy: Proxy) -> None:
    proxy.flip("extracted")
    before = proxy.child("--slot 0")
    with Customers(proxy) as customers:
        kill(before)
        until(lambda: {worker["pid"] for worker in proxy.status()["workers"]}.isdisjoint({before, None}))
        until(lambda: proxy.status()["live"] == "2/2")
    # Only a request that the dead worker had in its hands may be cut off; nobody is refused.
    cut_off = [answer for answer in customers.answers if answer != "catalog"]
    assert len(cut_off) <= 4
    assert not [answer for answer in cut_off if "ConnectError" in answer]


def test_a_worker_told_to_stop_is_replaced_while_it_ends_what_it_began(proxy: Proxy) -> None:
    with ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(proxy.get, "/slow") for _ in range(16)]
        try:
            until(lambda: proxy.slow_requests.qsize() == 16)
            before = proxy.child("--slot 0")
            os.kill(before, signal.SIGTERM)
            until(lambda: {each["pid"] for each in proxy.status()["workers"]}.isdisjoint({before, None}))
            assert is_running(before)
            assert [proxy.get() for _ in range(20)] == ["monolith"] * 20
        finally:
            proxy.answer_slowly.set()
        assert [each.result() for each in asked] == ["monolith"] * 16
    until(lambda: not is_running(before))
    assert "accepts no more; another takes its place" in proxy.log.read_text()
    assert "it is started again" not in proxy.log.read_text()


def test_a_stop_refuses_new_connections_at_once_while_answers_are_under_way(proxy: Proxy) -> None:
    host, port = proxy.addresses["listen"].split(":")

    def refused() -> bool:
        try:
            socket.create_connection((host, int(port)), timeout=20).close()
        except ConnectionRefusedError:
            return True
        return False

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(proxy.get, "/slow") for _ in range(4)]
        try:
            until(lambda: proxy.slow_requests.qsize() == 4)
            proxy.process.terminate()
            until(refused)
            assert proxy.process.poll() is None
        finally:
            proxy.answer_slowly.set()
        assert [each.result() for each in asked] == ["monolith"] * 4
    assert proxy.stop() == 0


def test_workers_that_are_killed_start_again_without_a_control_plane_by_the_snapshot_on_disk(proxy: Proxy) -> None:
    proxy.flip("extracted")
    control = proxy.child("strangler_proxy control")
    os.kill(control, signal.SIGSTOP)
    for slot in ("--slot 0", "--slot 1"):
        replace(proxy, slot)
    assert {proxy.get() for _ in range(10)} == {"catalog"}
    os.kill(control, signal.SIGCONT)
    until(lambda: proxy.status()["live"] == "2/2")


def test_deleting_the_store_stops_no_traffic_and_moves_nobody(proxy: Proxy) -> None:
    proxy.flip("extracted")
    with Customers(proxy) as customers:
        (proxy.state / "store.db").unlink()
        until(lambda: not proxy.status()["store"]["ok"])
        refused = proxy.run("flip", "catalog.list", "monolith", "--why", "x")
        assert refused.returncode == 1
        assert "strangler adopt snapshot" in refused.stderr
        assert proxy.run("status").returncode == 1
        kill(proxy.child("strangler_proxy control"))
        until(lambda: "made anew" in (proxy.status()["store"]["error"] or ""))
        adopted = proxy.run("adopt", "snapshot", "--why", "somebody deleted it", "--wait", "20")
        assert adopted.returncode == 0, adopted.stderr
    assert set(customers.answers) == {"catalog"}
    assert proxy.run("status").returncode == 0
    back = proxy.run("back", "--all", "--why", "now it can", "--wait", "20")
    assert back.returncode == 0
    assert "catalog.list: extracted -> monolith, live on 2/2 workers" in back.stdout


def test_a_store_that_is_damaged_is_told_and_comes_back_by_itself_once_it_is_restored(proxy: Proxy) -> None:
    proxy.flip("extracted")
    store, log, good = (proxy.state / name for name in ("store.db", "store.db-wal", "good.db"))
    with closing(sqlite3.connect(store)) as present, closing(sqlite3.connect(good)) as copy:
        present.backup(copy)

    def damaged() -> bool:
        # While anybody has the file open its log may hold whole pages, which would mend it again.
        for each in (store, log):
            if each.exists():
                each.write_bytes(b"\0" * 100 + b"garbage" * 1000)
        return "damaged" in (proxy.status()["store"]["error"] or "")

    until(damaged, every=0.3)
    assert proxy.get() == "catalog"
    log.unlink(missing_ok=True)
    good.replace(store)
    until(lambda: proxy.status()["store"]["ok"])
    proxy.flip("monolith")


def test_a_start_without_the_store_serves_what_was_in_force(proxy: Proxy) -> None:
    proxy.flip("extracted")
    assert proxy.stop() == 0
    (proxy.state / "store.db").unlink()
    (proxy.state / "store.db").mkdir()
    proxy.start()
    assert {proxy.get() for _ in range(10)} == {"catalog"}
    assert not proxy.status()["store"]["ok"]


def test_of_two_flips_at_once_that_expect_the_same_revision_one_wins(shared: Proxy) -> None:
    revision = str(shared.status()["revision"])
    flip = ("flip", "catalog.list", "canary", "--force", "--why", "x", "--expect-revision", revision, "--share")
    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(lambda share: shared.run(*flip, share), ["5%", "10%"]))
    assert sorted(each.returncode for each in ended) == [0, 1]
    assert "somebody was first" in "".join(each.stderr for each in ended)


def test_a_second_supervisor_on_the_same_state_folder_is_refused(shared: Proxy) -> None:
    second = shared.run("serve")
    assert second.returncode == 2
    assert f"running on {shared.state} already (pid {shared.process.pid})" in second.stderr
    assert shared.get() in {"monolith", "catalog"}


def test_an_address_in_use_is_refused_also_by_another_proxy_of_ours(shared: Proxy, tmp_path: Path) -> None:
    text = (shared.folder / "strangler.toml").read_text()
    other = tmp_path / "other"
    other.mkdir()
    (other / "strangler.toml").write_text(text.replace("127.0.0.1:0", shared.addresses["listen"], 1))
    second = Proxy(other).run("serve")
    assert second.returncode == 2
    assert f"{shared.addresses['listen']} is in use" in second.stderr


def test_a_token_that_others_can_read_is_refused(proxy: Proxy) -> None:
    assert proxy.stop() == 0
    (proxy.state / "control.token").chmod(0o644)
    refused = proxy.run("serve")
    assert refused.returncode == 2
    assert "chmod 600" in refused.stderr
    assert not children(proxy.process.pid)


def test_nobody_outlives_a_supervisor_that_is_killed(proxy: Proxy) -> None:
    pids = [pid for pid, _ in children(proxy.process.pid)]
    assert len(pids) == 4  # two workers, the control plane, a comparer
    kill(proxy.process.pid)
    proxy.process.wait()
    until(lambda: not any(is_running(pid) for pid in pids))
    proxy.start()
    assert proxy.get() == "monolith"


def test_a_stop_ends_every_process_in_order(proxy: Proxy) -> None:
    pids = [pid for pid, _ in children(proxy.process.pid)]
    assert proxy.stop() == 0
    assert not any(is_running(pid) for pid in pids)
    assert not (proxy.state / "addresses.json").exists()
    status = proxy.run("status")
    assert (status.returncode, "strangler serve" in status.stderr) == (4, True)


def test_a_configuration_edited_into_nonsense_harms_neither_a_restart_nor_the_way_back(proxy: Proxy) -> None:
    proxy.flip("extracted")
    (proxy.folder / "strangler.toml").write_text("nonsense")
    worker = proxy.child("--slot 0")
    kill(worker)
    until(lambda: {each["pid"] for each in proxy.status()["workers"]}.isdisjoint({worker, None}))
    back = proxy.run("back", "--all", "--why", "x", "--wait", "20")
    assert back.returncode == 0, back.stderr
    assert "is wrong as it stands" in back.stderr
    assert proxy.get() == "monolith"


def test_a_worker_that_dies_again_and_again_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    with served(tmp_path) as proxy:
        for _ in range(3):
            replace(proxy, "--slot 0")
        log = proxy.log.read_text()
        assert "it is started again at once" in log
        assert re.search(r"worker 0 \(pid \d+\) was killed by SIGKILL, for the 2. time soon after its start", log)
        assert "worker 0 gets no connections until it lives" in log
        until(lambda: proxy.status()["live"] == "2/2")


def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    with served(tmp_path) as proxy:
        os.kill(proxy.child("--slot 0"), signal.SIGSTOP)
        # Twice at once is one wish: Ctrl-C reaches a whole group, and a process runner passes it on as well.
        proxy.process.terminate()
        proxy.process.send_signal(signal.SIGINT)
        until(lambda: "draining" in proxy.log.read_text())
        assert proxy.process.poll() is None

        def ended_by_another() -> bool:
            told = "A second signal came: killing 1 of our processes" in proxy.log.read_text()
            if not told:
                proxy.process.terminate()
            return told

        until(ended_by_another)
        assert proxy.process.wait(10) == 0


def test_init_and_serve_in_an_empty_folder_proxy_any_http_server(tmp_path: Path) -> None:
    with upstream("somebody's server") as port:
        folder = tmp_path / "empty"
        folder.mkdir()
        proxy = Proxy(folder)
        begun = subprocess.run(
            [*STRANGLER, "init", "--monolith", f"http://127.0.0.1:{port}"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert begun.returncode == 0, begun.stderr
        config = folder / "strangler.toml"
        # The only change: ports that are free for sure while other tests run.
        config.write_text(
            re.sub(r'^(#? ?)listen = "127\.0\.0\.1:\d+"', 'listen = "127.0.0.1:0"', config.read_text(), flags=re.M)
        )
        proxy.start()
        try:
            assert proxy.get("/any/path?x=1") == "somebody's server"
            assert proxy.run("status").returncode == 0
        finally:
            assert proxy.stop() == 0
