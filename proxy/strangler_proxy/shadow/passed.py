"""An exchange that is to be recorded, as it crosses from a worker to a comparer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from strangler_proxy.shadow.frame_parts import Bodies, Side, bytes_of, lines_of, seconds_of, side_of, text_of, texts

__all__ = ["PASSED", "Passed", "head_of", "passed_of"]

PASSED = "passed"
"""The `kind` of its frame."""


@dataclass(slots=True, kw_only=True, repr=False)
class Passed:
    """One request and the answer that the customer got to it.

    `order` is the recording that it belongs to, `client` a keyed hash of whoever asked, `route` empty where none took
    it. `target` and `lines` are as they came from the client. `candidate` says that the candidate gave the `answer`;
    else the monolith did. `at` is when it was asked, in seconds since 1970.
    """

    order: str
    client: str
    route: str
    method: str
    target: bytes
    lines: list[bytes]
    body: bytes
    candidate: bool
    answer: Side
    at: float


def head_of(passed: Passed) -> dict[str, Any]:
    """The head of its frame; behind it come the request's body and the answer's."""
    answer = passed.answer
    return {
        "kind": PASSED,
        "order": passed.order,
        "client": passed.client,
        "route": passed.route,
        "method": passed.method,
        "target": passed.target.decode("latin-1"),
        "lines": texts(passed.lines),
        "body": len(passed.body),
        "candidate": passed.candidate,
        "answer": {
            "status": answer.status,
            "lines": texts(answer.lines),
            "body": len(answer.body),
            "seconds": answer.seconds,
        },
        "at": passed.at,
    }


def passed_of(head: dict[str, Any], bodies: Bodies) -> Passed:
    """What a frame of this kind holds. Raises BadFrame."""
    return Passed(
        order=text_of(head, "order"),
        client=text_of(head, "client"),
        route=text_of(head, "route"),
        method=text_of(head, "method"),
        target=bytes_of(head.get("target")),
        lines=lines_of(head.get("lines")),
        body=bodies.next(head.get("body")),
        candidate=head.get("candidate") is True,
        answer=side_of(head.get("answer"), bodies),
        at=seconds_of(head.get("at")),
    )
