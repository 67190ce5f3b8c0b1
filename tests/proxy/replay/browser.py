"""A browser that records what it asks and what it is given."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from demo.forms import forms_of
from strangler.compare import Answer, Pair, Request
from strangler.recording import Recorded, RecordingWriter

__all__ = ["Browser", "browsing", "kept"]


class Browser:
    """One client. Each answer to it is recorded, redirects too; `recorded` has them in their order."""

    def __init__(self, client: httpx.Client, name: str) -> None:
        self.recorded: list[Recorded] = []
        self._client = client
        self._name = name
        client.event_hooks = {"response": [self._record]}

    def get(self, target: str, **headers: str) -> httpx.Response:
        return self._client.get(target, headers=headers)

    def send(self, target: str, values: dict[str, str], *, on: str = "") -> httpx.Response:
        """Fill in the form for `target` on the page `on` (by default that of the target itself), and send it."""
        page = self.get(on or target)
        forms = [form for form in forms_of(page.text) if form.action in (target, "" if not on else target)]
        form = next(form for form in forms if "csrfmiddlewaretoken" in form.fields)
        return self._client.post(target, data={**form.fields, **values})

    def post_json(self, target: str, document: object, method: str = "POST") -> httpx.Response:
        token = self._client.cookies.get("csrftoken") or ""
        return self._client.request(method, target, json=document, headers={"X-CSRFToken": token})

    def _record(self, response: httpx.Response) -> None:
        response.read()
        asked = response.request
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in asked.headers.raw)
        # httpx gives bodies unpacked.
        lines = tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in response.headers.raw
            if name.lower() not in (b"content-encoding", b"content-length", b"transfer-encoding")
        )
        request = Request(asked.method, asked.url.raw_path.decode("ascii"), "", headers, asked.read())
        answer = Answer(response.status_code, lines, response.content)
        self.recorded.append(Recorded(time.time(), request, answer, None, self._name, 0.01))


@contextmanager
def browsing(url: str, name: str = "c1") -> Iterator[Browser]:
    """A browser at the site `url`."""
    with httpx.Client(base_url=url, follow_redirects=True, timeout=30, trust_env=False) as client:
        yield Browser(client, name)


def as_it_is(pair: Pair) -> Pair:
    """Redacts nothing."""
    return pair


def kept(path: Path, *several: list[Recorded], redactor: Callable[[Pair], Pair] = as_it_is) -> Path:
    """The recording at `path`, of what browsers recorded."""
    writer = RecordingWriter(path, redactor)
    for recorded in sorted((each for some in several for each in some), key=lambda each: each.at):
        assert writer.add(recorded)
    writer.close()
    return path
