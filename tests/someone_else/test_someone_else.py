from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.conftest import absent
from tests.someone_else import __main__ as command
from tests.someone_else.compare import differences
from tests.someone_else.proxied import proxied
from tests.someone_else.relay import relay
from tests.someone_else.site import HOST, SiteError, installed
from tests.someone_else.visitor import Visitor
from tests.someone_else.wire import Answer, Origin

PAGE = b"<form><input name='csrfmiddlewaretoken' value='%b'></form> made <b>2\xc2\xa0minutes ago</b> " % (b"t" * 64)


@contextmanager
def small_site() -> Iterator[int]:
    """The port of a server with two cookies and a few header fields, the same in each answer."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200, "Fine")
            for name, value in (
                ("Content-Type", "text/html"),
                ("X-Frame-Options", "DENY"),
                ("Set-Cookie", "sessionid=0123456789; HttpOnly; Path=/; SameSite=Lax"),
                ("Set-Cookie", "seen=1; Path=/"),
                ("Vary", "Cookie"),
                ("Content-Length", str(len(PAGE))),
            ):
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(PAGE)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def compared(port: int, through: int) -> list[str]:
    visitors = [Visitor(Origin("127.0.0.1", each), HOST) for each in (port, through)]
    for visitor in visitors:
        visitor.ask("a page", "GET", "/")
        visitor.ask("HEAD of a page", "HEAD", "/")
    return [name for name, _ in differences(visitors[0].steps, visitors[1].steps)]


def swapped(answer: bytes) -> bytes:
    head, _, rest = answer.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    return b"\r\n".join([first, *reversed(lines)]) + b"\r\n\r\n" + rest


@pytest.mark.parametrize(
    "spoil",
    [
        lambda answer: answer.replace(b"X-Frame-Options: DENY\r\n", b""),
        lambda answer: answer.replace(b"X-Frame-Options", b"x-frame-options"),
        lambda answer: answer.replace(b"Vary: Cookie\r\n", b"Vary: Cookie\r\nVia: 1.1 somebody\r\n"),
        lambda answer: answer.replace(b"; HttpOnly", b""),
        lambda answer: answer.replace(b"sessionid=0123456789", b"sessionid=012345678"),
        lambda answer: answer.replace(b"SameSite=Lax\r\nSet-Cookie: ", b"SameSite=Lax, "),
        lambda answer: answer.replace(b"200 Fine", b"200 OK"),
        lambda answer: answer.replace(b"<form>", b"<Form>"),
        lambda answer: re.sub(rb"Content-Length: \d+", b"Connection: close", answer),
        swapped,
    ],
    ids=["gone", "case", "added", "attribute", "shorter", "folded", "phrase", "body", "framing", "order"],
)
def test_a_proxy_that_spoils_anything_is_found_out(spoil: Callable[[bytes], bytes]) -> None:
    with small_site() as port, relay(port, spoil) as spoiling:
        assert "a page" in compared(port, spoiling)


def test_what_two_right_answers_differ_in_is_no_difference() -> None:
    def later(answer: bytes) -> bytes:
        answer = re.sub(rb"Date: [^\r]+", b"Date: Fri, 01 Jan 2038 10:00:00 GMT", answer)
        answer = answer.replace(b"0123456789", b"9876543210").replace(b"t" * 64, b"u" * 64)
        return answer.replace(b"2\xc2\xa0min", b"9\xc2\xa0min").replace(b"Vary", b"Connection: close\r\nVary")

    with small_site() as port, relay(port, later) as other:
        assert compared(port, other) == []


def test_a_step_that_only_one_side_came_to_is_a_difference() -> None:
    visitor = Visitor(Origin("127.0.0.1", 1), HOST)
    visitor.note("a page", "GET / HTTP/1.1", Answer("HTTP/1.1 200 OK", (), b"", "none"))
    assert [name for name, _ in differences(visitor.steps, [])] == ["a page"]


def test_an_own_site_is_compared_by_its_two_addresses(capsys: pytest.CaptureFixture[str]) -> None:
    with small_site() as port:
        url = f"http://127.0.0.1:{port}"
        assert command.main(["--direct", url, "--through", url, "--quiet", "/", "/page/"]) == 0
        assert "0 of them different" in capsys.readouterr().out
    with small_site() as port, relay(port, lambda answer: answer.replace(b"DENY", b"NONE")) as through:
        visitors = [Visitor(Origin("127.0.0.1", each), HOST) for each in (port, through)]
        for visitor in visitors:
            visitor.ask("a page", "GET", "/")
        assert command.report(visitors[0].steps, visitors[1].steps) == 1
        said = capsys.readouterr().out
    assert "DIFFERENT: a page" in said
    assert "+< X-Frame-Options: NONE" in said


@pytest.mark.parametrize("wrong", [["--direct", "http://127.0.0.1:1"], ["/page/"]])
def test_half_of_an_own_site_is_refused(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(wrong)
    assert ended.value.code == 2


def test_an_own_site_that_is_away_is_no_comparison(capsys: pytest.CaptureFixture[str]) -> None:
    away = "http://127.0.0.1:1"
    assert command.main(["--direct", away, "--through", away]) == 2
    assert "did not come to its end" in capsys.readouterr().err


@pytest.mark.slow
def test_an_own_site_is_the_same_through_the_real_proxy(tmp_path: Path) -> None:
    with small_site() as port, proxied(port, tmp_path) as through:
        assert compared(port, through) == []


@pytest.mark.slow
def test_a_site_of_somebody_else_is_the_same_direct_and_through_the_proxy(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        installed()
    except SiteError as error:
        absent(f"the site's packages could not be installed: {error}")
    assert command.main([]) == 0, capsys.readouterr().out.partition("DIFFERENT")[2]
    said = capsys.readouterr().out
    assert "signing in" in said
    assert "a document of five megabytes" in said
