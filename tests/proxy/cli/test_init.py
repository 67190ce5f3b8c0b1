from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from strangler_proxy.config import Address, load_config

from tests.proxy.cli.conftest import Run


class Handler(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Address]:
    """Some HTTP server, which knows no page at all."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield Address("127.0.0.1", serving.server_port)
        serving.shutdown()
        thread.join()


def test_the_written_file_is_right_and_names_the_monolith(run: Run, tmp_path: Path, server: Address) -> None:
    result = run("init", "--monolith", f"http://{server}/", "--dir", str(tmp_path / "new"))
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    config = load_config(tmp_path / "new" / "strangler.toml", {})
    assert config.upstreams["monolith"].address == server
    assert config.routes == ()
    assert server.port not in (config.listen.port, config.control.port)
    assert f"cd {tmp_path / 'new'}" in result.stdout
    assert "strangler serve" in result.stdout


def test_the_commented_example_in_it_is_right_too(run: Run, tmp_path: Path, server: Address) -> None:
    run("init", "--monolith", f"http://{server}", "--dir", str(tmp_path))
    file = tmp_path / "strangler.toml"
    before, _, example = file.read_text().partition("#\n")
    lines = [line.removeprefix("# ") for line in example.split("\n") if line not in ("#", "")]
    lines = [f"# {line}" if line.startswith("A seam") else line for line in lines]
    file.write_text(before + "\n".join(lines) + "\n")
    # Nobody is told to leave out the comparison.
    assert "--force" not in before
    config = load_config(file, {})
    assert [route.name for route in config.routes] == ["catalog.product-detail"]
    assert [seam.name for seam in config.seams] == ["billing.rates"]


def test_a_file_that_is_there_is_left_unless_forced(run: Run, folder: Path, server: Address) -> None:
    before = (folder / "strangler.toml").read_text()
    result = run("init", "--monolith", f"http://{server}")
    assert result.exit_code == 2
    assert "--force" in result.stderr
    assert (folder / "strangler.toml").read_text() == before
    assert run("init", "--monolith", f"http://{server}", "--force").exit_code == 0
    assert (folder / "strangler.toml").read_text() != before


def test_a_monolith_that_does_not_answer_is_a_warning(run: Run, tmp_path: Path, server: Address) -> None:
    del server  # its port is free again only after the test, so another one is asked: port 9 answers nobody
    result = run("init", "--monolith", "http://127.0.0.1:9", "--dir", str(tmp_path))
    assert result.exit_code == 0
    assert "warning: http://127.0.0.1:9 does not answer" in result.stderr
    assert (tmp_path / "strangler.toml").exists()


@pytest.mark.parametrize("url", ["ftp://shop.example", "shop", "http://", "http://a/path", "http://u:p@a"])
def test_what_is_no_url_of_a_server_is_refused_and_nothing_is_written(run: Run, tmp_path: Path, url: str) -> None:
    result = run("init", "--monolith", url, "--dir", str(tmp_path))
    assert result.exit_code == 2
    assert "--monolith" in result.stderr
    assert not (tmp_path / "strangler.toml").exists()


def test_the_answer_as_json(run: Run, tmp_path: Path, server: Address) -> None:
    document = json.loads(run("init", "--monolith", f"http://{server}", "--dir", str(tmp_path), "--json").stdout)
    assert document["reachable"] is True
    assert document["monolith"] == f"http://{server}"
    assert document["next"][-2] == "strangler serve"


def test_a_folder_that_cannot_be_written_is_one_clear_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run("init", "--monolith", "http://127.0.0.1:9", "--dir", str(tmp_path / "file" / "below"))
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr
