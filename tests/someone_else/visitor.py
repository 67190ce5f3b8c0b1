"""Who asks a site step by step, keeps its cookies as a browser does, and writes down what was answered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from tests.someone_else.masks import masked
from tests.someone_else.wire import Answer, Origin, Wire, WireError

__all__ = ["Step", "Visitor", "multipart"]

# The same on both sides: a boundary is the client's choice, and a length is compared.
_BOUNDARY = "someone-else-" + "7" * 20


@dataclass(frozen=True, slots=True)
class Step:
    """What was asked and answered: the lines that are compared, and the masked body for showing what differs."""

    name: str
    lines: tuple[str, ...]
    body: bytes
    masks: tuple[str, ...]


class Visitor:
    """Asks one side of the comparison. `name` is the Host that is asked for, on both sides the same one."""

    def __init__(self, origin: Origin, name: str) -> None:
        self.origin = origin
        self.name = name
        self.steps: list[Step] = []
        self.cookies: dict[str, str] = {}

    def ask(
        self,
        step: str,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        chunked: bool = False,
        version: str = "1.1",
    ) -> Answer:
        """Ask on a connection of its own, and write the answer down as `step`."""
        request = self.request(method, target, headers=headers, body=body, chunked=chunked, version=version)
        try:
            with Wire(self.origin) as wire:
                answer = wire.ask(request)
        except (OSError, WireError) as error:
            # What breaks on one side must break on the other; how it is told there is the system's affair.
            self.steps.append(Step(step, (f"> {method} {target}", f"! {type(error).__name__}"), b"", ()))
            raise
        self.note(step, f"{method} {target} HTTP/{version}", answer)
        return answer

    def ask_in_turn(self, step: str, targets: Sequence[str], *, at_once: bool) -> list[Answer]:
        """Ask several on one connection, all sent `at_once` (pipelined) or each after the answer before."""
        requests = [self.request("GET", target) for target in targets]
        with Wire(self.origin) as wire:
            if at_once:
                requests = [b"".join(requests), *[b""] * (len(targets) - 1)]
            answers = [wire.ask(request) for request in requests]
        for target, answer in zip(targets, answers, strict=True):
            self.note(step, f"GET {target} HTTP/1.1", answer)
        return answers

    def post(
        self, step: str, target: str, fields: Mapping[str, str], *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a form as a browser sends it from a page of the same site."""
        body = urlencode(fields).encode()
        more = {**self.as_browser(target), "Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return self.ask(step, "POST", target, headers=more, body=body)

    def upload(
        self,
        step: str,
        target: str,
        fields: Mapping[str, str],
        files: Mapping[str, tuple[str, str, bytes]],
        *,
        headers: Mapping[str, str] | None = None,
        chunked: bool = False,
    ) -> Answer:
        """Send a form with files: field name to file name, content type and content."""
        more = {
            **self.as_browser(target),
            "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
            **(headers or {}),
        }
        return self.ask(step, "POST", target, headers=more, body=multipart(fields, files), chunked=chunked)

    def as_browser(self, target: str) -> dict[str, str]:
        """What a browser adds to a form of the page at `target`."""
        scheme = "https" if self.origin.tls else "http"
        return {"Origin": f"{scheme}://{self.name}", "Referer": f"{scheme}://{self.name}{target}"}

    def request(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        chunked: bool = False,
        version: str = "1.1",
    ) -> bytes:
        """The bytes of a request with the cookies so far."""
        fields = {"Host": self.name, "User-Agent": "Mozilla/5.0 (somebody)", "Accept": "*/*", **(headers or {})}
        if self.cookies:
            fields["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if chunked:
            fields["Transfer-Encoding"] = "chunked"
            parts = [body[start : start + 30_000] for start in range(0, len(body), 30_000)]
            body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        elif body or method == "POST":
            fields["Content-Length"] = str(len(body))
        lines = [f"{method} {target} HTTP/{version}", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        return "\r\n".join(lines).encode("latin-1") + body

    def note(self, step: str, asked: str, answer: Answer) -> None:
        """Write an answer down, and keep its cookies."""
        seen = masked(answer)
        digest = hashlib.sha256(seen.body).hexdigest()
        lines = (
            f"> {asked}",
            *(f"< {line}" for line in answer.interim),
            f"< {seen.line}",
            *(f"< {name}: {value}" for name, value in seen.fields),
            f"= body of {len(seen.body)} bytes, its end told by {answer.framing}, sha256 {digest}",
        )
        self.steps.append(Step(step, lines, seen.body, tuple(seen.used)))
        for value in answer.values("set-cookie"):
            for name, morsel in SimpleCookie(value).items():
                if morsel["max-age"] == "0" or not morsel.value:
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value


def multipart(fields: Mapping[str, str], files: Mapping[str, tuple[str, str, bytes]]) -> bytes:
    """A form's body as multipart/form-data."""
    parts = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    parts += [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n'
        f"Content-Type: {kind}\r\n\r\n".encode()
        + content
        + b"\r\n"
        for name, (file, kind, content) in files.items()
    ]
    return b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode()
