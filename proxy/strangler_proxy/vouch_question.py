"""A question to the monolith of who a client is, and the requests that wait for its answer."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from strangler_proxy.ask import Answered, Ask, ask
from strangler_proxy.credentials import Credentials
from strangler_proxy.request_head import RequestHead
from strangler_proxy.vouched import Refusal, Vouched
from strangler_proxy.wish import Wish

if TYPE_CHECKING:
    from strangler_proxy.vouching import Vouching

__all__ = ["Done", "Pending", "Question"]

_LARGEST_ANSWER: Final = 1024 * 1024

Done = Callable[[Vouched | Refusal], None]


class Pending:
    """One request that waits for the monolith's word. `cancel` gives it up: then it is told nothing."""

    __slots__ = ("_question", "body", "done", "forwarded", "head", "request_id", "target", "wish")

    def __init__(
        self, wish: Wish, head: RequestHead, target: bytes, forwarded: bytes, body: bytes, request_id: bytes, done: Done
    ) -> None:
        self.wish = wish
        self.head = head
        self.target = target
        self.forwarded = forwarded
        self.body = body
        self.request_id = request_id
        self.done: Done | None = done
        self._question: Question | None = None

    def cancel(self) -> None:
        """Nobody waits any more."""
        self.done = None
        question, self._question = self._question, None
        if question is not None:
            question.leave(self)

    def join(self, question: Question) -> None:
        """Wait for the answer to this question."""
        self._question = question
        question.waiting.append(self)

    def tell(self, result: Vouched | Refusal) -> None:
        """Say what came of it, once."""
        self._question = None
        done, self.done = self.done, None
        if done is not None:
            done(result)


class Question:
    """One question to the monolith, for the first of those that wait and all who ask the same meanwhile."""

    __slots__ = ("_again", "_ask", "_nonce", "_vouching", "credentials", "fresh", "key", "target", "waiting")

    def __init__(self, vouching: Vouching, key: bytes, credentials: Credentials) -> None:
        self._vouching = vouching
        self.key = key
        self.credentials = credentials
        self.waiting: list[Pending] = []
        # Whether nothing has happened to the session since: what is said of it then is not to be remembered.
        self.fresh = True
        # Where the one was going whose question it is; by the answer's time it may have left.
        self.target = b""
        self._nonce = ""
        self._again = True
        self._ask: Ask | None = None

    def begin(self) -> None:
        """Ask for the first that waits."""
        self._nonce = secrets.token_hex(16)
        self.target = self.waiting[0].head.target
        request = self._vouching.request(self.waiting[0], self.credentials, self._nonce)
        settings = self._vouching.settings
        self._ask = ask(
            self._vouching.pool, request, seconds=settings.timeout, most=_LARGEST_ANSWER, done=self._answered
        )

    def leave(self, pending: Pending) -> None:
        """One waits no more; without any, nobody is asked."""
        if pending in self.waiting:
            self.waiting.remove(pending)
        if not self.waiting:
            self.cancel()
            self._vouching.dismiss(self)

    def cancel(self) -> None:
        """Give up what is under way."""
        if self._ask is not None:
            self._ask.cancel()
            self._ask = None

    def _answered(self, answered: Answered | str) -> None:
        self._ask = None
        if answered == "reset" and self._again and self.waiting:
            # A question may be put twice: it does nothing that the request itself would not do.
            self._again = False
            self.begin()
            return
        self._vouching.answered(self, self._nonce, answered)
