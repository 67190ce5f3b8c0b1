from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from strangler_proxy.control import tokens as module
from strangler_proxy.control.bootstrap import Bootstrap
from strangler_proxy.control.roles import Role
from strangler_proxy.control.token import KIND, Caller, TokenRefused, digest_of
from strangler_proxy.control.tokens import Tokens
from strangler_proxy.secret import read_secret

from strangler.documents import Document
from strangler.errors import StoreUnavailable
from strangler.testing.memory_documents import MemoryDocumentStore

FIRST = "the-first-token-of-tests"
WHO = {"who": "ada (control.token)", "why": "she asked"}


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 29, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def documents() -> MemoryDocumentStore:
    return MemoryDocumentStore()


@pytest.fixture
def tokens(documents: MemoryDocumentStore, clock: Clock) -> Tokens:
    return Tokens(documents, Bootstrap(FIRST), clock=clock)


def made(tokens: Tokens, name: str = "ci", role: Role = Role.OPERATE, seconds: float | None = None) -> str:
    return asyncio.run(tokens.create(name, role, seconds=seconds, **WHO))[1]


def caller(tokens: Tokens, secret: str) -> Caller | None:
    return asyncio.run(tokens.caller_of(secret))


@pytest.mark.parametrize(
    ("role", "may"),
    [("view", {"view"}), ("operate", {"view", "operate"}), ("approve", {"view", "operate", "approve"})],
)
def test_each_role_may_do_what_those_before_it_may(role: str, may: set[str]) -> None:
    assert {least.value for least in Role if Role(role).permits(least)} == may


def test_the_first_token_may_do_everything(tokens: Tokens) -> None:
    assert caller(tokens, FIRST) == Caller("control.token", Role.APPROVE)
    assert caller(tokens, FIRST + "x") is None


def test_a_token_that_is_revoked_does_not_come_back_with_a_look_that_began_before(clock: Clock) -> None:
    class Slow(MemoryDocumentStore):
        """Reads at once, and tells late."""

        def __init__(self) -> None:
            super().__init__()
            self.read_it, self.tell_it = threading.Event(), threading.Event()
            self.tell_it.set()

        def listed(self, kind: str) -> list[Document]:
            found = super().listed(kind)
            self.read_it.set()
            self.tell_it.wait(10.0)
            return found

    documents = Slow()
    tokens = Tokens(documents, Bootstrap(FIRST), clock=clock)
    secret = made(tokens)

    async def revoked_while_looked_at() -> Caller | None:
        documents.read_it.clear()
        documents.tell_it.clear()
        look = asyncio.create_task(tokens.look())
        await asyncio.to_thread(documents.read_it.wait, 10.0)
        await tokens.revoke("ci", **WHO)
        documents.tell_it.set()
        await look
        return tokens._of(digest_of(secret))

    assert asyncio.run(revoked_while_looked_at()) is None


def test_a_token_that_is_made_opens_the_door_and_its_secret_is_kept_nowhere(
    tokens: Tokens, documents: MemoryDocumentStore
) -> None:
    secret = made(tokens)
    assert caller(tokens, secret) == Caller("ci", Role.OPERATE)
    kept = f"{documents.listed(KIND)} {documents.events()} {tokens.listed()}"
    assert secret not in kept
    assert secret.removeprefix("strangler_") not in kept
    assert str(documents.listed(KIND)[0].content["digest"]) not in str(tokens.listed())
    (event,) = documents.events()
    assert (event.action, event.name, event.who, event.why) == ("token.create", "ci", WHO["who"], WHO["why"])


def test_no_two_tokens_are_alike(tokens: Tokens) -> None:
    one, other = made(tokens), made(tokens, "cd")
    assert one != other
    assert len(one) >= 43


def test_a_token_is_good_until_its_time_is_over(tokens: Tokens, clock: Clock) -> None:
    secret = made(tokens, seconds=60)
    clock.pass_by(59)
    assert caller(tokens, secret) is not None
    clock.pass_by(1)
    assert caller(tokens, secret) is None
    assert [each["in_force"] for each in tokens.listed()] == [False]


def test_a_token_that_was_revoked_is_good_no_more(tokens: Tokens, documents: MemoryDocumentStore) -> None:
    secret = made(tokens)
    asyncio.run(tokens.revoke("ci", **WHO))
    assert caller(tokens, secret) is None
    assert tokens.listed() == []
    assert [each.action for each in documents.events()] == ["token.revoke", "token.create"]
    asyncio.run(tokens.look())
    assert tokens._used == {}, "of one that is gone nothing is remembered"


def test_a_rotated_tokens_old_secret_is_good_for_its_grace_and_no_longer(tokens: Tokens, clock: Clock) -> None:
    old = made(tokens)
    new = asyncio.run(tokens.rotate("ci", grace=60, **WHO))
    assert caller(tokens, new) == caller(tokens, old) == Caller("ci", Role.OPERATE)
    clock.pass_by(60)
    assert caller(tokens, old) is None
    newer = asyncio.run(tokens.rotate("ci", grace=0, **WHO))
    assert caller(tokens, new) is None
    assert caller(tokens, newer) is not None


def test_a_token_made_on_another_replica_opens_the_door_here_and_one_revoked_there_opens_it_no_more(
    tokens: Tokens, documents: MemoryDocumentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LOOK_AT_ONCE", 0.0)
    other = Tokens(MemoryDocumentStore(beside=documents), Bootstrap("another-first-token"))
    secret = asyncio.run(other.create("ci", Role.VIEW, seconds=None, **WHO))[1]
    assert caller(tokens, secret) == Caller("ci", Role.VIEW)
    asyncio.run(other.revoke("ci", **WHO))
    asyncio.run(tokens.look())
    assert caller(tokens, secret) is None
    assert caller(tokens, "another-first-token") is None


def test_wrong_secrets_do_not_make_the_store_be_read_again_and_again(
    tokens: Tokens, documents: MemoryDocumentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def listed(kind: str) -> list[Document]:
        looked.append(kind)
        return []

    monkeypatch.setattr(documents, "listed", listed)
    monkeypatch.setattr(module, "_LOOK_AT_ONCE", 3600.0)

    async def guess() -> None:
        await tokens.look()
        for number in range(50):
            assert await tokens.caller_of(f"guess-{number}") is None

    asyncio.run(guess())
    assert looked == [KIND]


def test_while_the_store_does_not_answer_those_known_last_count(tokens: Tokens, documents: MemoryDocumentStore) -> None:
    secret = made(tokens)
    documents.outage = "gone"
    asyncio.run(tokens.look())
    assert caller(tokens, secret) is not None
    assert caller(tokens, FIRST) is not None
    with pytest.raises(StoreUnavailable):
        made(tokens, "cd")


def test_a_token_that_cannot_be_read_keeps_nobody_else_out(tokens: Tokens, documents: MemoryDocumentStore) -> None:
    secret = made(tokens)
    documents.write(KIND, "odd", {"role": "emperor"}, expected=0, at=datetime(2026, 1, 1, tzinfo=UTC))
    asyncio.run(tokens.look())
    assert caller(tokens, secret) is not None
    assert [each["name"] for each in tokens.listed()] == ["ci"]


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("token_exists", lambda tokens: tokens.create("ci", Role.VIEW, seconds=None, **WHO)),
        ("first_token", lambda tokens: tokens.create("control.token", Role.VIEW, seconds=None, **WHO)),
        ("first_token", lambda tokens: tokens.revoke("control.token", **WHO)),
        ("first_token", lambda tokens: tokens.rotate("control.token", grace=1, **WHO)),
        ("first_token", lambda tokens: tokens.rotate("control.token", grace=0, **WHO)),
        ("unknown_token", lambda tokens: tokens.revoke("cd", **WHO)),
        ("unknown_token", lambda tokens: tokens.rotate("cd", grace=0, **WHO)),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_changed(tokens: Tokens, code: str, what: object) -> None:
    secret = made(tokens)
    with pytest.raises(TokenRefused) as refused:
        asyncio.run(what(tokens))  # type: ignore[operator]
    assert refused.value.code == code
    assert refused.value.remedy
    assert caller(tokens, secret) == Caller("ci", Role.OPERATE)
    assert caller(tokens, FIRST) is not None


def test_of_two_who_rotate_at_once_one_is_told(tokens: Tokens, documents: MemoryDocumentStore) -> None:
    made(tokens)
    kept = documents.read(KIND, "ci")
    assert kept is not None

    class Late(MemoryDocumentStore):
        def read(self, kind: str, name: str) -> Document | None:
            return kept

    asyncio.run(tokens.rotate("ci", grace=0, **WHO))
    late = Tokens(Late(beside=documents), Bootstrap(FIRST))
    with pytest.raises(TokenRefused, match="Somebody else"):
        asyncio.run(late.rotate("ci", grace=0, **WHO))


def test_there_is_an_end_to_the_number_of_tokens(tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_TOKENS", 1)
    made(tokens)
    with pytest.raises(TokenRefused, match="Revoke those"):
        made(tokens, "cd")


def test_the_first_token_is_rotated_in_its_file_and_at_once(tmp_path: Path, documents: MemoryDocumentStore) -> None:
    path = tmp_path / "control.token"
    tokens = Tokens(documents, Bootstrap.of(path, {}))
    before = read_secret(path)
    secret = asyncio.run(tokens.rotate("control.token", grace=0, **WHO))
    assert read_secret(path) == secret != before
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
    assert caller(tokens, before) is None
    assert caller(tokens, secret) == Caller("control.token", Role.APPROVE)
    assert caller(Tokens(documents, Bootstrap.of(path, {})), secret) is not None
    assert documents.events()[0].action == "token.rotate"


def test_the_first_token_is_not_rotated_without_the_audit(tmp_path: Path, documents: MemoryDocumentStore) -> None:
    path = tmp_path / "control.token"
    tokens = Tokens(documents, Bootstrap.of(path, {}))
    before = read_secret(path)
    documents.outage = "gone"
    with pytest.raises(StoreUnavailable):
        asyncio.run(tokens.rotate("control.token", grace=0, **WHO))
    assert read_secret(path) == before


def test_the_environment_goes_before_the_file(tmp_path: Path, documents: MemoryDocumentStore) -> None:
    path = tmp_path / "control.token"
    given = Bootstrap.of(path, {"STRANGLER_TOKEN": "given-by-the-environment"})
    assert caller(Tokens(documents, given), "given-by-the-environment") is not None
    assert not path.exists()
