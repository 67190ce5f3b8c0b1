"""One client of a recording, at both sides."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strangler.compare import Answer
from strangler.recording import Recorded
from strangler_proxy.replay.forms import Forms
from strangler_proxy.replay.page import html_of
from strangler_proxy.replay.side import Asking, Given, Side
from strangler_proxy.replay.visitor import CredentialsMissing, Visitor

__all__ = ["Client", "Exchange"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """What came of one request: what each side was asked and what it gave, by its name; nothing where `why` says that
    neither was asked."""

    asked: Mapping[str, Asking]
    given: Mapping[str, Given]
    why: str = ""

    @property
    def answers(self) -> tuple[Answer, Answer] | None:
        """The old side's answer and the new one's; None where either is missing."""
        old, new = (given.answer if (given := self.given.get(name)) else None for name in ("old", "new"))
        return None if old is None or new is None else (old, new)

    @property
    def cause(self) -> str:
        """Why there are not two answers, in words such as `new: refused`."""
        return self.why or ", ".join(
            f"{name}: {given.why}" for name, given in sorted(self.given.items(), reverse=True) if given.answer is None
        )


class Client:
    """Asks both sides what one client asked, with what each of them gave it. Its requests go one after the other."""

    def __init__(self, theirs: Forms, visitors: Mapping[str, Visitor]) -> None:
        self.lock = asyncio.Lock()
        self._theirs = theirs
        self._visitors = visitors
        self._refused_login: set[str] = set()

    async def exchange(self, recorded: Recorded, sides: Sequence[Side]) -> Exchange:
        """Ask the sides, in their order; neither is where one of them cannot be asked as the client."""
        for side in sides:
            await self._sign_in(recorded, side)
        try:
            askings = {side.name: self._visitors[side.name].asking(recorded.request) for side in sides}
        except CredentialsMissing:
            return Exchange({}, {}, "identity")
        given = {side.name: await side.ask(askings[side.name]) for side in sides}
        self._learn(recorded, askings, given)
        return Exchange(askings, given)

    async def _sign_in(self, recorded: Recorded, side: Side) -> None:
        """Where the recording had a session that it does not tell, and somebody said how to get another one."""
        visitor = self._visitors[side.name]
        login = visitor.login
        if login is None or not login.path or side.name in self._refused_login:
            return
        if not visitor.wants_login(recorded.request):
            return
        page = visitor.login_page(login, recorded.request)
        shown = await side.ask(page)
        if shown.answer is not None:
            visitor.take(page, shown.answer, None)
            form = visitor.login_form(login, recorded.request)
            done = await side.ask(form)
            if done.answer is not None:
                visitor.take(form, done.answer, None)
        if not visitor.has_session(recorded.request.target.partition("?")[0]):
            # Once is enough: many a login locks an account that is tried again and again.
            self._refused_login.add(side.name)

    def _learn(self, recorded: Recorded, askings: Mapping[str, Asking], given: Mapping[str, Given]) -> None:
        theirs = recorded.old or recorded.new
        if theirs is not None and (page := html_of(theirs)):
            self._theirs.see(recorded.request.target, page)
        old = given["old"].answer
        for name, answered in given.items():
            if answered.answer is not None:
                # Without a recorded answer the ids are taken to be the monolith's.
                reference: Answer | None = theirs if theirs is not None else old if name == "new" else None
                self._visitors[name].take(askings[name], answered.answer, reference)
