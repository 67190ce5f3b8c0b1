from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import httpx
import pytest
from strangler_proxy.notify import Notice, NoticeKind, NotifySettings, Webhook

from strangler.testing import ManualClock
from tests.proxy.control.fakes import until

NOTICE = Notice(NoticeKind.PAUSE, "catalog.*", "Rollout catalog.*: Paused at canary 5%.", {"toggles": ["catalog.list"]})
SECRET = b"not to be guessed"


class Taker:
    """Takes notices: answers with `answers`, one after the other, the last one again and again."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = list(answers) or [204]
        self.taken: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.taken.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, headers={"Location": "http://elsewhere/"})


def told(
    taker: Taker, *notices: Notice, done: Callable[[Webhook], object], **changes: Any
) -> tuple[Webhook, ManualClock]:
    """A webhook that was told, once `done` is true of it."""
    clock = ManualClock(1_700_000_000.0)
    settings = NotifySettings(**{"webhook": "https://chat.example/hooks/very-secret", **changes})

    async def scenario() -> Webhook:
        webhook = Webhook(
            settings, SECRET, "eu-1", now=clock, pause=clock.sleep_async, transport=httpx.MockTransport(taker)
        )
        for each in notices:
            webhook.tell(each)
        running = asyncio.create_task(webhook.run())
        await until(lambda: done(webhook))
        running.cancel()
        return webhook

    return asyncio.run(scenario()), clock


def test_a_notice_is_sent_as_json_that_says_who_what_and_when() -> None:
    taker = Taker()
    told(taker, NOTICE, done=lambda webhook: webhook.counts["sent"])
    (request,) = taker.taken
    assert (request.method, request.headers["content-type"]) == ("POST", "application/json")
    document = json.loads(request.content)
    assert len(document.pop("id")) == 32
    assert document == {
        "format": 1,
        "at": 1_700_000_000.0,
        "replica": "eu-1",
        "kind": "pause",
        "name": "catalog.*",
        "text": "Rollout catalog.*: Paused at canary 5%.",
        "detail": {"toggles": ["catalog.list"]},
    }


def test_it_is_signed_with_the_secret_over_time_and_body() -> None:
    taker = Taker()
    told(taker, NOTICE, done=lambda webhook: webhook.counts["sent"])
    (request,) = taker.taken
    signed = hmac.new(SECRET, b"1700000000." + request.content, sha256).hexdigest()
    assert request.headers["Strangler-Signature"] == f"t=1700000000,v1={signed}"


def test_it_is_tried_again_with_growing_pauses_until_it_is_taken() -> None:
    taker = Taker(httpx.ConnectError("refused"), 503, 429, httpx.ReadTimeout("slow"), 200)
    webhook, clock = told(taker, NOTICE, done=lambda webhook: webhook.counts["sent"])
    assert clock.slept == [1.0, 2.0, 4.0, 8.0]
    assert len({json.loads(request.content)["id"] for request in taker.taken}) == 1
    assert webhook.counts == {"sent": 1, "failed": 0, "dropped": 0}


def test_it_is_given_up_in_the_end_and_the_next_one_is_sent(caplog: pytest.LogCaptureFixture) -> None:
    taker = Taker(500, 500, 500, 204)
    with caplog.at_level(logging.ERROR, "strangler.notify"):
        webhook, _ = told(taker, NOTICE, NOTICE, attempts=3, done=lambda webhook: webhook.counts["sent"])
    assert webhook.counts == {"sent": 1, "failed": 1, "dropped": 0}
    assert "chat.example" in caplog.text
    assert "very-secret" not in caplog.text


@pytest.mark.parametrize("status", [302, 400, 404, 410])
def test_an_answer_that_stays_no_is_not_asked_again_and_no_redirect_is_followed(status: int) -> None:
    taker = Taker(status)
    webhook, _ = told(taker, NOTICE, done=lambda webhook: webhook.counts["failed"])
    assert (len(taker.taken), webhook.counts["failed"]) == (1, 1)


def test_telling_never_waits_and_what_is_too_much_is_dropped_and_counted() -> None:
    taker = Taker()
    webhook, _ = told(taker, *[NOTICE] * 5, queue=3, done=lambda webhook: webhook.counts["sent"] == 3)
    assert webhook.counts == {"sent": 3, "failed": 0, "dropped": 2}


def test_what_is_no_json_is_dropped_and_harms_nobody() -> None:
    odd = Notice(NoticeKind.PAUSE, "x", "x", {"what": object()})
    webhook, _ = told(Taker(), odd, NOTICE, done=lambda webhook: webhook.counts["sent"])
    assert webhook.counts["dropped"] == 1


def test_a_kind_that_nobody_wants_is_not_sent() -> None:
    kinds = (NoticeKind.STEP_BACK,)
    back = Notice(NoticeKind.STEP_BACK, "x", "x")
    taker = Taker()
    told(taker, NOTICE, back, kinds=kinds, done=lambda webhook: webhook.counts["sent"])
    assert [json.loads(request.content)["kind"] for request in taker.taken] == ["step_back"]
