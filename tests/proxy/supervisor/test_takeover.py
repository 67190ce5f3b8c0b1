"""A newer program takes the place of the one that serves, in the same process, with whole proxies under load."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import strangler_proxy

from tests.proxy.supervisor.crowd import Crowd
from tests.proxy.supervisor.proxy import Proxy, children, is_running, kill, served
from tests.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the program in a folder of its own, which the processes of the test run and which it can change.

    What it is compiled to comes along, which counts for files that are as old as they were; for those that a test
    changes nothing is kept, for it may change one twice within the second by which their age is told.
    """
    folder = tmp_path / "program"
    source = Path(str(strangler_proxy.__file__)).parent
    # Another process may be writing what it has compiled, under such a name at first.
    ignored = shutil.ignore_patterns("*.pyc.*")
    shutil.copytree(source, folder / "strangler_proxy", ignore=ignored)
    shutil.copytree(source.parents[1] / "strangler", folder / "strangler", ignore=ignored)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return folder


@pytest.fixture
def proxy(tmp_path: Path, program: Path) -> Iterator[Proxy]:
    folder = tmp_path / "site"
    folder.mkdir()
    with served(folder) as proxy:
        yield proxy


def install(program: Path, version: str) -> None:
    """Put another version in the place of the program."""
    file = program / "strangler" / "__init__.py"
    lines = [
        f'__version__ = "{version}"' if line.startswith("__version__") else line
        for line in file.read_text().split("\n")
    ]
    file.write_text("\n".join(lines))


def test_a_new_version_takes_over_without_a_lost_request_and_keeps_the_process(proxy: Proxy, program: Path) -> None:
    before = {pid for pid, _ in children(proxy.process.pid)}
    proxy.flip("extracted")
    with Crowd(proxy.addresses["listen"]) as crowd:
        for number in range(3):
            install(program, f"9.9.{number}")
            reloaded = proxy.run("reload", "--program", "--json")
            assert reloaded.returncode == 0, reloaded.stderr + proxy.log.read_text()
            outcome = json.loads(reloaded.stdout)
            assert (outcome["program"], outcome["version"]) == (True, f"9.9.{number}")
            until(lambda: proxy.status()["live"] == "2/2")
            assert proxy.status()["replica"]["version"] == f"9.9.{number}"
            crowd.more()
    assert crowd.failures == []
    assert set(crowd.answers) == {b"catalog"}
    assert proxy.process.poll() is None
    until(lambda: not before & {pid for pid, _ in children(proxy.process.pid)})
    until(lambda: len(children(proxy.process.pid)) == 4)
    assert f"(pid {proxy.process.pid})" in proxy.run("serve").stderr
    kill(proxy.child("--slot 0"))
    until(lambda: proxy.status()["live"] == "2/2")
    assert proxy.run("reload").returncode == 0
    everybody = [pid for pid, _ in children(proxy.process.pid)]
    assert proxy.stop() == 0
    assert not any(is_running(pid) for pid in everybody)
    assert not (proxy.state / "addresses.json").exists()


def test_a_signal_takes_the_new_program_too(proxy: Proxy, program: Path) -> None:
    install(program, "9.9.9")
    proxy.process.send_signal(signal.SIGUSR2)
    until(lambda: proxy.status().get("replica", {}).get("version") == "9.9.9")
    assert proxy.get() == "monolith"


@pytest.mark.parametrize(
    ("file", "broken", "told"),
    [
        ("strangler_proxy/supervisor.py", "this is no Python", "SyntaxError"),
        ("strangler_proxy/worker.py", "import nothing_of_that_name", "nothing_of_that_name"),
        ("strangler_proxy/__main__.py", "raise SystemExit(3)", "exit code 3"),
        ("strangler_proxy/handover.py", None, "hands over by version 1, and this one takes 2 only"),
    ],
)
def test_a_broken_program_leaves_everything_running(
    proxy: Proxy, program: Path, file: str, broken: str | None, told: str
) -> None:
    before = children(proxy.process.pid)
    path = program / file
    good = path.read_text()
    text = good.replace("VERSION: Final = 1", "VERSION: Final = 2") if broken is None else broken
    # The command that asks is the old program still, as it would be on another machine's shell.
    with Crowd(proxy.addresses["listen"]) as crowd:
        path.write_text(text)
        proxy.process.send_signal(signal.SIGUSR2)
        until(lambda: "cannot take over" in proxy.log.read_text())
        crowd.more()
        path.write_text(good)
    assert crowd.failures == []
    assert told in proxy.log.read_text()
    assert children(proxy.process.pid) == before
    reload = proxy.status()["reload"]
    assert (reload["ok"], "Traceback" in reload["message"], told in reload["message"]) == (False, False, True)
    assert proxy.run("reload", "--program").returncode == 0


def test_workers_of_the_new_program_that_die_leave_the_old_ones_serving(proxy: Proxy, program: Path) -> None:
    path = program / "strangler_proxy" / "worker.py"
    good = path.read_text()
    workers = [proxy.child("--slot 0"), proxy.child("--slot 1")]
    with Crowd(proxy.addresses["listen"]) as crowd:
        path.write_text(good.replace("link.load_snapshot()", "raise SystemExit(7)", 1))
        refused = proxy.run("reload", "--program")
        assert refused.returncode == 1
        assert "ended before it was ready" in refused.stderr
        crowd.more()
        assert [proxy.child("--slot 0"), proxy.child("--slot 1")] == workers
        path.write_text(good)
        assert proxy.run("reload").returncode == 0
    assert crowd.failures == []


def test_a_wrong_file_is_refused_by_the_new_program_before_anything_is_risked(proxy: Proxy) -> None:
    before = children(proxy.process.pid)
    file = proxy.folder / "strangler.toml"
    file.write_text(file.read_text().replace("[control]", '[store]\nurl = "sqlite:///other.db"\n[control]'))
    refused = proxy.run("reload", "--program")
    assert refused.returncode == 1
    assert "store.url: cannot change while the proxy serves" in refused.stderr
    assert children(proxy.process.pid) == before


def test_signals_and_reloads_during_a_take_over_are_not_lost(proxy: Proxy) -> None:
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(proxy.run, "reload", *words) for words in (["--program"], [], ["--program"])]
        assert [each.result().returncode for each in asked] == [0, 0, 0]
        last = pool.submit(proxy.run, "reload", "--program")
        until(lambda: proxy.log.read_text().count("has taken over from") >= 2 or last.done())
        os.kill(proxy.process.pid, signal.SIGTERM)
        last.result()
    assert proxy.process.wait(40) == 0


def test_answers_under_way_survive_a_take_over(proxy: Proxy) -> None:
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(proxy.get, "/slow") for _ in range(4)]
        try:
            until(lambda: proxy.slow_requests.qsize() == 4)
            assert proxy.run("reload", "--program").returncode == 0
        finally:
            proxy.answer_slowly.set()
        assert [each.result() for each in asked] == ["monolith"] * 4


def test_a_program_that_is_run_to_prove_itself_touches_nothing(proxy: Proxy) -> None:
    proved = subprocess.run(
        [sys.executable, "-P", "-m", "strangler_proxy", "serve", "--prove"],
        cwd=proxy.folder,
        input="nonsense",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert proved.returncode == 2
    assert "no hand-over document" in proved.stderr
    assert proxy.status()["live"] == "2/2"
