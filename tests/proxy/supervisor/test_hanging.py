"""Workers that hang, descriptors that run out, and a key that is deleted: whole proxies."""

from __future__ import annotations

import os
import re
import resource
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.proxy.supervisor.crowd import Crowd
from tests.proxy.supervisor.proxy import Proxy, is_running, served
from tests.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    with served(tmp_path) as proxy:
        yield proxy


def configure(proxy: Proxy, *keys: str) -> None:
    """Reload with more keys under [proxy]."""
    file = proxy.folder / "strangler.toml"
    file.write_text(file.read_text().replace("[proxy]", "\n".join(["[proxy]", *keys])))
    reloaded = proxy.run("reload")
    assert reloaded.returncode == 0, reloaded.stderr
    until(lambda: proxy.status()["live"] == "2/2")


def test_a_worker_that_hangs_is_told_as_not_live_and_killed_and_replaced(proxy: Proxy) -> None:
    # Time enough between the two, for a command that tells it on a busy machine.
    configure(proxy, 'hang_timeout = "20s"')
    hung = proxy.child("--slot 0")
    os.kill(hung, signal.SIGSTOP)
    until(lambda: proxy.status()["live"] == "1/2")
    assert "worker 0: hangs" in proxy.run("status").stdout
    until(lambda: not is_running(hung), seconds=60)
    until(lambda: proxy.status()["live"] == "2/2")
    assert re.search(rf"worker 0 \(pid {hung}\) has not been heard for [\d.]+ s: killed", proxy.log.read_text())


def test_nobody_is_killed_for_the_silence_of_a_whole_machine_that_slept(proxy: Proxy) -> None:
    configure(proxy, 'hang_timeout = "4s"')
    workers = [proxy.child("--slot 0"), proxy.child("--slot 1")]
    everybody = [*workers, proxy.child("strangler_proxy control"), proxy.process.pid]
    for pid in reversed(everybody):
        os.kill(pid, signal.SIGSTOP)
    threading.Event().wait(6)
    # The supervisor first: it must not judge by what it has not yet heard.
    for pid in reversed(everybody):
        os.kill(pid, signal.SIGCONT)
    until(lambda: proxy.status()["live"] == "2/2")
    assert [proxy.child("--slot 0"), proxy.child("--slot 1")] == workers
    assert "has not been heard" not in proxy.log.read_text()


def test_a_worker_without_a_control_plane_is_not_killed_for_that(proxy: Proxy) -> None:
    configure(proxy, 'hang_timeout = "2s"')
    workers = [proxy.child("--slot 0"), proxy.child("--slot 1")]
    control = proxy.child("strangler_proxy control")
    os.kill(control, signal.SIGSTOP)
    threading.Event().wait(4)
    os.kill(control, signal.SIGCONT)
    assert [proxy.child("--slot 0"), proxy.child("--slot 1")] == workers


def test_who_comes_while_no_descriptor_is_left_waits_and_no_worker_dies_or_spins(proxy: Proxy) -> None:
    workers = [proxy.child("--slot 0"), proxy.child("--slot 1")]
    host, port = proxy.addresses["listen"].split(":")
    limits = {pid: resource.prlimit(pid, resource.RLIMIT_NOFILE) for pid in workers}
    for pid in workers:
        used = max(int(each.name) for each in (Path("/proc") / str(pid) / "fd").iterdir())
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 20, limits[pid][1]))
    with ExitStack() as stack:
        before = {pid: cpu(pid) for pid in workers}
        for _ in range(200):
            stack.enter_context(socket.create_connection((host, int(port)), timeout=20))
        until(lambda: "no connection can be accepted now" in proxy.log.read_text())
        threading.Event().wait(1)
        # A worker that spins takes a second of processor time a second.
        assert all(cpu(pid) - before[pid] < 0.7 for pid in workers)
    for pid in workers:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits[pid])
    with Crowd(proxy.addresses["listen"]) as crowd:
        pass
    assert crowd.failures == []
    assert [proxy.child("--slot 0"), proxy.child("--slot 1")] == workers


def cpu(pid: int) -> float:
    """Processor seconds that a process has used."""
    fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_workers_raise_the_limit_of_open_files_to_what_they_may_have(proxy: Proxy) -> None:
    pid = proxy.child("--slot 0")
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    assert soft == hard


def test_a_subject_key_that_is_deleted_under_running_workers_is_put_back(proxy: Proxy) -> None:
    key = proxy.state / "subject.key"
    content = key.read_bytes()
    key.unlink()
    until(key.exists)
    assert key.read_bytes() == content
    assert key.stat().st_mode & 0o777 == 0o600
    until(lambda: "subject.key was gone, and is put back" in proxy.log.read_text())


def test_a_subject_key_that_is_changed_under_running_workers_is_told(proxy: Proxy) -> None:
    key = proxy.state / "subject.key"
    key.write_bytes(bytes(range(32)))
    until(lambda: "subject.key is another than the one in force" in proxy.log.read_text())
    assert key.read_bytes() == bytes(range(32))
    assert proxy.run("reload").returncode == 0
    with suppress(AssertionError):
        until(lambda: proxy.log.read_text().count("subject.key is another") > 1, seconds=3)
    assert proxy.log.read_text().count("subject.key is another") == 1
