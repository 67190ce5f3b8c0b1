"""The proxy's part of a question to the monolith, played by a test."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.test import Client

from strangler.vouch import PATH, SEAL, TARGET, WANTS, answer_seal, ask_seal

__all__ = ["SECRET", "Answer", "ask"]

SECRET = "a secret of the tests, long enough"
NONCE = "0123456789abcdef"


@dataclass
class Answer:
    """What the monolith said: the facts, or the answer that refuses the client."""

    document: dict[str, Any]
    response: HttpResponse
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""

    @property
    def user(self) -> dict[str, Any] | None:
        assert not self.status, f"refused with {self.status}: {self.body[:200]}"
        user: dict[str, Any] | None = self.document["user"]
        return user


def ask(client: Client, method: str, target: str, **more: Any) -> Answer:
    """Ask as the proxy asks; `more` are wants other than the default, or `headers`, `form`, `sealed_with` and `at`."""
    headers = more.pop("headers", {})
    form = more.pop("form", None)
    secret = more.pop("sealed_with", SECRET)
    moment = more.pop("at", int(time.time()))
    wanted = {
        "route": "a.b",
        "need": "optional",
        "anonymous": "monolith",
        "permissions": ["*"],
        "session": [],
        "username": False,
        "origin": False,
        **more,
    }
    wants = json.dumps(wanted, separators=(",", ":"))
    seal = ask_seal(secret, moment, NONCE, method, target, wants)
    response = client.generic(
        method,
        PATH,
        form or b"",
        content_type="application/x-www-form-urlencoded",
        headers={SEAL: seal, TARGET: target, WANTS: wants, **headers},
    )
    return _answer(response)


def _answer(response: Any) -> Answer:
    if response.status_code != 200:
        return Answer({}, response, response.status_code, dict(response.items()), response.content.decode())
    line, _, text = response.content.decode().partition("\n")
    assert line == answer_seal(SECRET, NONCE, text)
    document = json.loads(text)
    refused = document.get("refused")
    if refused is None:
        return Answer(document, response)
    body = base64.b64decode(refused["body"]).decode()
    return Answer(document, response, refused["status"], dict(refused["lines"]), body)
