"""Sessions of the control room as they are kept: how long they last, with and without a store."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.control.bootstrap import Bootstrap
from strangler_proxy.control.roles import Role
from strangler_proxy.control.session import LIFETIME, Session, name_of, new_id
from strangler_proxy.control.sessions import MOST_EACH, Sessions, TooManyBegun
from strangler_proxy.control.tokens import Tokens

from strangler.documents import Document
from strangler.testing.memory_documents import MemoryDocumentStore

FIRST = "the-first-token-of-this-replica"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Replica:
    """Tokens and sessions of one control plane."""

    def __init__(self, documents: MemoryDocumentStore, clock: Clock, first: str = FIRST) -> None:
        self.documents = documents
        self.tokens = Tokens(documents, Bootstrap(first), clock=clock)
        self.sessions = Sessions(documents, self.tokens, clock=clock)

    async def begin(self, secret: str = FIRST, who: str = "ada") -> str:
        session_id = await self.sessions.begin(secret, who, "192.0.2.1")
        assert session_id is not None
        return session_id

    async def whose(self, session_id: str) -> str | None:
        await asyncio.gather(self.tokens.look(), self.sessions.look())
        visitor = await self.sessions.visitor(session_id)
        return None if visitor is None else f"{visitor.told}, {visitor.role}"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def documents() -> MemoryDocumentStore:
    return MemoryDocumentStore()


@pytest.fixture
def replica(documents: MemoryDocumentStore, clock: Clock) -> Replica:
    return Replica(documents, clock)


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(coroutine)


def test_a_session_lasts_a_working_day_and_then_leaves_nothing(replica: Replica, clock: Clock) -> None:
    async def day() -> None:
        session_id = await replica.begin()
        clock.now += LIFETIME - timedelta(seconds=1)
        assert await replica.whose(session_id) == "ada (control.token), approve"
        clock.now += timedelta(seconds=1)
        assert await replica.whose(session_id) is None
        assert replica.documents.listed("session") == []

    run(day())


def test_its_token_ends_it_sooner(replica: Replica, clock: Clock) -> None:
    async def ends() -> None:
        _, secret = await replica.tokens.create("ci", Role.OPERATE, seconds=3600, who="ada", why="tests")
        session_id = await replica.begin(secret)
        assert await replica.whose(session_id) == "ada (ci), operate"
        clock.now += timedelta(hours=1)
        assert await replica.whose(session_id) is None

    run(ends())


def test_another_token_of_the_same_name_does_not_take_its_sessions_over(replica: Replica) -> None:
    async def ends() -> None:
        _, secret = await replica.tokens.create("ci", Role.VIEW, seconds=None, who="ada", why="tests")
        session_id = await replica.begin(secret)
        await replica.tokens.revoke("ci", who="ada", why="tests")
        await replica.tokens.create("ci", Role.APPROVE, seconds=None, who="ada", why="tests")
        assert await replica.whose(session_id) is None

    run(ends())


def test_the_first_token_of_one_replica_opens_no_other(documents: MemoryDocumentStore, clock: Clock) -> None:
    async def both() -> None:
        here, there = Replica(documents, clock), Replica(MemoryDocumentStore(documents), clock, "another-first-token")
        session_id = await here.begin()
        assert await there.whose(session_id) is None
        assert await here.whose(session_id) is not None, "it was ended where it only does not count"

    run(both())


def test_the_first_token_ends_its_sessions_when_it_is_written_anew(
    documents: MemoryDocumentStore, clock: Clock, tmp_path: Path
) -> None:
    async def rotated() -> None:
        replica = Replica(documents, clock)
        replica.tokens = Tokens(documents, Bootstrap.of(tmp_path / "control.token", {}), clock=clock)
        replica.sessions = Sessions(documents, replica.tokens, clock=clock)
        session_id = await replica.begin((tmp_path / "control.token").read_text().strip())
        assert await replica.whose(session_id) is not None
        secret = await replica.tokens.rotate("control.token", grace=0, who="ada", why="somebody left")
        assert await replica.whose(session_id) is None
        assert await replica.whose(await replica.begin(secret)) is not None

    run(rotated())


def test_signing_out_counts_on_every_replica(documents: MemoryDocumentStore, clock: Clock) -> None:
    async def both() -> None:
        here, there = Replica(documents, clock), Replica(MemoryDocumentStore(documents), clock)
        session_id = await here.begin()
        assert await there.whose(session_id) is not None
        await there.sessions.end(session_id, "192.0.2.1")
        assert await here.whose(session_id) is None

    run(both())


def test_signing_out_where_it_was_never_seen_ends_it_all_the_same(documents: MemoryDocumentStore, clock: Clock) -> None:
    async def both() -> None:
        here, there = Replica(documents, clock), Replica(MemoryDocumentStore(documents), clock)
        session_id = await here.begin()
        await there.sessions.end(session_id, "192.0.2.1")
        assert await here.whose(session_id) is None

    run(both())


def test_without_a_store_a_session_begins_and_ends_here_and_is_written_down_later(
    replica: Replica, clock: Clock, documents: MemoryDocumentStore
) -> None:
    async def outage() -> None:
        before = await replica.begin()
        documents.outage = "gone"
        meanwhile = await replica.begin(who="ben")
        passing = await replica.begin(who="cleo")
        assert await replica.whose(meanwhile) == "ben (control.token), approve"
        await replica.sessions.end(before, "192.0.2.1")
        await replica.sessions.end(passing, "192.0.2.1")
        assert await replica.whose(before) is None
        documents.outage = None
        assert await replica.whose(before) is None
        assert await replica.whose(passing) is None
        assert await Replica(MemoryDocumentStore(documents), clock).whose(meanwhile) == "ben (control.token), approve"
        assert [each.name for each in documents.listed("session")] == [name_of(meanwhile)]
        ended = documents.events(action="session.end")
        assert [each.who for each in ended] == ["ada (control.token)"], "cleo's was never written down"

    run(outage())


def test_a_token_has_so_many_sessions_and_the_oldest_makes_room(
    replica: Replica, clock: Clock, documents: MemoryDocumentStore
) -> None:
    async def many() -> None:
        _, secret = await replica.tokens.create("ci", Role.VIEW, seconds=None, who="ada", why="tests")
        other = await replica.begin()
        began = []
        for _ in range(MOST_EACH + 1):
            clock.now += timedelta(seconds=1)
            began.append(await replica.begin(secret))
        assert await replica.whose(began[0]) is None
        assert await replica.whose(began[1]) is not None
        assert await replica.whose(other) is not None, "it is another token's"
        assert len(documents.listed("session")) == MOST_EACH + 1

    run(many())


def test_nobody_fills_the_store_and_the_audit_by_signing_in_again_and_again(
    documents: MemoryDocumentStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("strangler_proxy.control.sessions._BEGUN", (1e-9, 3.0))
    replica = Replica(documents, clock)

    async def many() -> None:
        _, secret = await replica.tokens.create("looker", Role.VIEW, seconds=None, who="ada", why="tests")
        for _ in range(3):
            await replica.begin(secret)
        with pytest.raises(TooManyBegun) as often:
            await replica.begin(secret)
        assert (often.value.token, often.value.seconds > 1) == ("looker", True)
        assert len(documents.listed("session")) == len(documents.events(action="session.*")) == 3
        await replica.begin()

    run(many())


def test_a_wrong_secret_begins_nothing(replica: Replica, documents: MemoryDocumentStore) -> None:
    async def wrong() -> None:
        assert await replica.sessions.begin("a-guess", "mallory", "192.0.2.1") is None
        assert await replica.sessions.begin("", "mallory", "192.0.2.1") is None
        assert documents.listed("session") == []

    run(wrong())


def test_what_cannot_be_read_opens_nothing_and_keeps_nobody_out(
    replica: Replica, documents: MemoryDocumentStore
) -> None:
    async def broken() -> None:
        session_id = await replica.begin()
        documents.write("session", "0" * 64, {"token": "control.token"}, expected=0, at=datetime.now(UTC))
        assert await replica.whose(session_id) is not None
        assert await replica.whose("anything") is None

    run(broken())


def test_nothing_that_is_kept_lets_anybody_in_or_try_secrets(replica: Replica, documents: MemoryDocumentStore) -> None:
    async def kept() -> None:
        session_id = await replica.begin()
        (document,) = documents.listed("session")
        known = repr(document.to_json())
        assert session_id not in known
        assert FIRST not in known
        for shown in (document.name, document.content["bond"]):
            assert await replica.whose(shown) is None

    run(kept())


def test_a_session_is_bound_to_its_id_and_to_the_secret_that_was_shown() -> None:
    session_id = new_id()
    session = Session.begun(session_id, "ci", "digest", "ada", datetime.now(UTC))
    assert session.bound_to(session_id, "digest")
    assert not session.bound_to(session_id, "another")
    assert not session.bound_to(new_id(), "digest")
    assert Session.from_content(session.content()) == session


def test_somebody_elses_session_is_listed_and_ended_on_every_replica(
    documents: MemoryDocumentStore, clock: Clock
) -> None:
    async def ended() -> None:
        here, there = Replica(documents, clock), Replica(MemoryDocumentStore(documents), clock)
        hers = await here.begin()
        clock.now += timedelta(minutes=1)
        his = await here.begin(who="ben")
        assert await there.whose(his) is not None
        ben, ada = there.sessions.listed()
        assert [each.who for each in (ben, ada)] == ["ben", "ada"]
        for secret in (hers, his):
            assert secret not in repr(ben.to_json())
            assert await there.whose(ben.id) is None, "what it is told by opens nothing"
        assert await there.sessions.end_of([ben.id, "0" * 16], who="ada (ci)", why="left") == [ben.id]
        assert await here.whose(his) is None
        assert await here.whose(hers) is not None
        (event, *_) = documents.events(action="session.end")
        assert (event.who, event.why, event.detail["of"]) == ("ada (ci)", "left", "ben (control.token)")
        assert [each.id for each in here.sessions.listed()] == [ada.id]
        clock.now += LIFETIME
        assert here.sessions.listed() == []

    run(ended())


def test_a_session_whose_token_is_gone_is_listed_no_more(replica: Replica) -> None:
    async def gone() -> None:
        _, secret = await replica.tokens.create("ci", Role.VIEW, seconds=None, who="ada", why="tests")
        await replica.begin(secret)
        assert [each.token for each in replica.sessions.listed()] == ["ci"]
        await replica.tokens.revoke("ci", who="ada", why="tests")
        assert replica.sessions.listed() == []

    run(gone())


class HeldStore(MemoryDocumentStore):
    """Writes nothing of a session, once `hold` is set, until `go` is."""

    def __init__(self) -> None:
        super().__init__()
        self.hold, self.held, self.go = threading.Event(), threading.Event(), threading.Event()

    def write(self, kind: str, name: str, content: Mapping[str, Any] | None, **more: Any) -> Document | None:
        if self.hold.is_set():
            self.held.set()
            assert self.go.wait(30)
        return super().write(kind, name, content, **more)


def test_a_look_while_one_signs_in_or_out_undoes_neither(clock: Clock) -> None:
    async def both() -> None:
        store = HeldStore()
        replica = Replica(store, clock)

        async def looked_at_meanwhile(doing: Coroutine[Any, Any, Any]) -> None:
            store.held.clear()
            store.go.clear()
            store.hold.set()
            task = asyncio.create_task(doing)
            assert await asyncio.to_thread(store.held.wait, 30)
            await replica.sessions.look()
            store.go.set()
            await task
            store.hold.clear()

        begun = asyncio.get_running_loop().create_future()

        async def begin() -> None:
            begun.set_result(await replica.begin())

        await looked_at_meanwhile(begin())
        assert len(replica.sessions.listed()) == 1
        await looked_at_meanwhile(replica.sessions.end(await begun, "192.0.2.1"))
        assert replica.sessions.listed() == []

    run(both())
