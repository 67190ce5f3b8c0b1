"""Copies of requests in Django: served as they are marked, rolled back, and telling the release."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import copy_context
from typing import Any

import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.mail import send_mail
from django.db import connection, connections, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View

from strangler.django.effects import guard
from strangler.django.rollback import RolledBack
from strangler.django.shadow import ShadowMiddleware, dry_run
from strangler.shadow import EffectCounts, current_shadow

READ = {"x-strangler-shadow": "read"}
DRY = {"x-strangler-shadow": "dry-run"}
SANDBOX = {"x-strangler-shadow": "sandbox"}

pytestmark = pytest.mark.django_db(transaction=True)

hooks: list[str] = []


def names() -> list[str]:
    return sorted(Group.objects.values_list("name", flat=True))


def mark(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(current_shadow()))


def write(request: HttpRequest) -> HttpResponse:
    """A view that does all that a view does."""
    request.session["seen"] = True
    Group.objects.create(name="plain")
    with transaction.atomic(durable=True):
        Group.objects.create(name="durable")
        transaction.on_commit(lambda: hooks.append("done"))
    try:
        with transaction.atomic():
            Group.objects.create(name="undone")
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    cache.set("counted", 1)
    sent = send_mail("hello", "there", None, ["ann@example.com"])
    return HttpResponse(f"{','.join(names())} {sent}")


def failing(request: HttpRequest) -> HttpResponse:
    Group.objects.create(name="before the failure")
    raise ZeroDivisionError


def threaded(request: HttpRequest) -> HttpResponse:
    found: list[str] = []

    def work() -> None:
        try:
            found.append(str(Group.objects.count()))
            Group.objects.create(name="from a thread")
        except Exception as error:
            found.append(type(error).__name__)
        finally:
            connection.close()

    thread = threading.Thread(target=copy_context().run, args=(work,))
    thread.start()
    thread.join()
    return HttpResponse(" ".join(found))


def streaming(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[str]:
        Group.objects.create(name="from a stream")
        yield str(current_shadow())

    answer = StreamingHttpResponse(parts(), status=207)
    answer["X-Own"] = "kept"
    return answer


async def streaming_async(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[str]:
        await Group.objects.acreate(name="from an async stream")
        yield str(current_shadow())

    return StreamingHttpResponse(parts())


def endless(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(iter(lambda: b"x" * 1024 * 1024, None))


async def write_async(request: HttpRequest) -> HttpResponse:
    await Group.objects.acreate(name="async")
    await request.session.aset("seen", True)
    marks = [await asyncio.create_task(told()), await sync_to_async(current_shadow)()]
    return HttpResponse(f"{await Group.objects.acount()} {marks == [current_shadow()] * 2}")


async def told() -> Any:
    return current_shadow()


async def write_in_another_thread(request: HttpRequest) -> HttpResponse:
    def work() -> None:
        try:
            Group.objects.create(name="elsewhere")
        finally:
            connection.close()

    await sync_to_async(work, thread_sensitive=False)()
    return HttpResponse("written")


def committing(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        Group.objects.create(name="before the end")
        cursor.execute(request.headers["X-Ends"])
        Group.objects.create(name="after the end")
    return HttpResponse("kept")


@method_decorator(dry_run, name="dispatch")
class Decorated(View):
    def post(self, request: HttpRequest) -> HttpResponse:
        Group.objects.create(name="decorated")
        return HttpResponse("served")


Respond = Callable[[HttpRequest], HttpResponse]


def flush(get_response: Respond) -> Respond:
    """A middleware that ends the session before any view is entered."""

    def flushing(request: HttpRequest) -> HttpResponse:
        request.session.flush()
        return HttpResponse("flushed")

    return flushing


def elsewhere(get_response: Respond) -> Respond:
    """A middleware that puts another URLconf in the place of the one that the settings name."""

    def other_urls(request: HttpRequest) -> HttpResponse:
        request.urlconf = "tests.strangler.django.other_urls"
        return get_response(request)

    return other_urls


urlpatterns = [
    path("mark/", mark),
    path("write/", write),
    path("failing/", failing),
    path("threaded/", threaded),
    path("streaming/", streaming),
    path("streaming-async/", streaming_async),
    path("endless/", endless),
    path("write-async/", write_async),
    path("committing/", committing),
    path("elsewhere/", write_in_another_thread),
    path("decorated/", Decorated.as_view()),
    path("decorated-function/", dry_run(mark)),
]


@pytest.fixture(autouse=True)
def _project(settings: Any) -> None:
    hooks.clear()
    cache.clear()
    settings.ROOT_URLCONF = __name__
    settings.EMAIL_BACKEND = "strangler.django.mail.ShadowGuardBackend"
    configure(settings, SHADOW_DRY_RUN=True)


def configure(settings: Any, **more: Any) -> None:
    settings.STRANGLER = {"MAIL_BACKEND": "django.core.mail.backends.locmem.EmailBackend", "RELEASE": "7", **more}


def refused(answer: Any) -> str:
    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    return str(json.loads(answer.content)["detail"])


Ask = Callable[..., Any]


@pytest.fixture(params=["wsgi", "asgi"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Asks the shop's middleware with these views, in both of Django's worlds."""
    if request.param == "wsgi":

        def ask_sync(where: str, method: str = "GET", headers: Any = None) -> Any:
            return Client(raise_request_exception=False).generic(method, f"/{where}/", headers=headers or {})

        return ask_sync

    def ask_async(where: str, method: str = "GET", headers: Any = None) -> Any:
        async def once() -> Any:
            # As Django's handler does it: one thread for the request, whose connections are closed after it.
            async with ThreadSensitiveContext():
                found = AsyncClient(raise_request_exception=False)
                answer = await found.generic(method, f"/{where}/", headers=headers or {})
                await sync_to_async(connections.close_all)()
                return answer

        return asyncio.run(once())

    return ask_async


# Marks and releases.


def test_every_answer_tells_the_release(ask: Ask) -> None:
    for where, headers in [("mark", {}), ("mark", READ), ("nowhere", {}), ("mark", SANDBOX)]:
        assert ask(where, headers=headers)["X-Strangler-Release"] == "7"


def test_without_a_setting_the_release_is_a_digest_of_the_sources(settings: Any, client: Client) -> None:
    settings.STRANGLER = {}
    told = client.get("/mark/")["X-Strangler-Release"]
    assert (len(told), told) == (12, client.get("/mark/")["X-Strangler-Release"])


def test_a_view_is_served_as_its_request_is_marked(ask: Ask) -> None:
    assert ask("mark").content == b"None"
    assert ask("mark", headers=READ).content == b"read"
    assert ask("mark", headers=DRY).content == b"dry-run"
    assert ask("mark", headers={"x-strangler-shadow": "nonsense"}).content == b"dry-run"
    assert ask("mark", "POST", headers=READ).content == b"dry-run"
    assert current_shadow() is None


# Nothing is kept.


@pytest.mark.parametrize("headers", [READ, DRY], ids=["read", "dry-run"])
def test_nothing_of_a_copy_is_kept(ask: Ask, headers: dict[str, str], mailoutbox: list[Any]) -> None:
    answer = ask("write", headers=headers)
    assert answer.content == b"durable,plain 1"
    assert (names(), hooks, mailoutbox, cache.get("counted")) == ([], [], [], None)
    assert not Session.objects.exists()
    counts = guard().counts()
    assert counts["mail"] == EffectCounts(recorded=1)
    assert counts["on_commit"] == EffectCounts(recorded=1)
    assert counts["session"].recorded >= 1
    assert counts["cache"].recorded == 1


def test_all_of_a_customers_own_request_is_kept(ask: Ask, mailoutbox: list[Any]) -> None:
    assert ask("write").content == b"durable,plain 1"
    assert (names(), hooks, len(mailoutbox), cache.get("counted")) == (["durable", "plain"], ["done"], 1, 1)
    assert Session.objects.count() == 1
    assert guard().counts() == {}


def test_a_sandbox_keeps_its_own_stores_and_mails_nobody(ask: Ask, settings: Any, mailoutbox: list[Any]) -> None:
    configure(settings, SHADOW_SANDBOX=True)
    assert ask("write", headers=SANDBOX).content == b"durable,plain 1"
    assert (names(), hooks, mailoutbox, cache.get("counted")) == (["durable", "plain"], ["done"], [], 1)
    assert Session.objects.count() == 1


def test_a_view_that_raises_keeps_nothing_either(ask: Ask) -> None:
    assert ask("failing", headers=DRY).status_code == 500
    assert ask("failing", headers=READ).status_code == 500
    assert names() == []
    assert ask("failing").status_code == 500
    assert names() == ["before the failure"]


def test_with_atomic_requests_too_nothing_is_kept(ask: Ask, settings: Any) -> None:
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    try:
        assert ask("mark", headers=DRY).content == b"dry-run"
        assert ask("failing", headers=DRY).status_code == 500
        assert ask("decorated", "GET", headers=DRY).status_code == 405
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False
    assert names() == []


def test_after_a_copy_the_connection_is_as_it_was(ask: Ask) -> None:
    ask("write", headers=DRY)
    assert not connection.in_atomic_block
    ask("write")
    assert names() == ["durable", "plain"]


@pytest.mark.parametrize("engine", ["db", "cache", "cached_db", "file"])
def test_no_session_engine_saves_for_a_copy(settings: Any, client: Client, engine: str, tmp_path: Any) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    # The cache itself is not guarded here.
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": engine}}
    kept = client.session
    kept["cart"] = [1]
    kept.save()
    assert client.session.get("cart") == [1]
    client.get("/write/", headers=READ)
    assert dict(client.session) == {"cart": [1]}
    upto = settings.MIDDLEWARE.index("django.contrib.sessions.middleware.SessionMiddleware") + 1
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:upto], f"{__name__}.flush"]
    for headers, after in [(READ, {"cart": [1]}), ({}, {})]:
        other = Client()
        other.cookies["sessionid"] = str(kept.session_key)
        assert other.get("/mark/", headers=headers).content == b"flushed"
        assert dict(type(kept)(kept.session_key)) == after


def test_a_new_sessions_cookie_has_a_key(client: Client) -> None:
    answer = client.get("/write/", headers=READ)
    assert len(answer.cookies["sessionid"].value) == 32


# Beyond the view's own thread.


def test_a_thread_of_the_view_reads_and_writes_nothing(ask: Ask) -> None:
    assert ask("threaded", headers=READ).content == b"0 EffectStopped"
    assert names() == []
    assert guard().counts()["database"] == EffectCounts(stopped=1)
    assert ask("threaded").content == b"0"
    assert names() == ["from a thread"]


def test_a_stream_is_made_while_the_request_is_marked(ask: Ask) -> None:
    answer = ask("streaming", headers=READ)
    assert (answer.status_code, answer.content, answer["X-Own"]) == (207, b"read", "kept")
    assert names() == []


def test_an_async_stream_is_made_while_the_request_is_marked(client: Client) -> None:
    async def once() -> HttpResponseBase:
        async with ThreadSensitiveContext():
            answer = await AsyncClient().get("/streaming-async/", headers=READ)
            await sync_to_async(connections.close_all)()
            return answer

    assert asyncio.run(once()).content == b"read"  # type: ignore[attr-defined]
    assert client.get("/streaming-async/", headers=READ).content == b"read"
    assert names() == []


def test_a_stream_without_an_end_is_refused(ask: Ask) -> None:
    assert "has not ended" in refused(ask("endless", headers=READ))


# Async views.


def test_an_async_view_is_read_and_rolled_back_with_its_tasks(ask: Ask) -> None:
    assert ask("write-async", headers=READ).content == b"1 True"
    assert (names(), Session.objects.count()) == ([], 0)


def test_an_async_view_has_no_dry_run(ask: Ask) -> None:
    assert "async view" in refused(ask("write-async", headers=DRY))
    assert names() == []


def test_an_async_view_cannot_write_past_the_transaction(ask: Ask) -> None:
    assert ask("elsewhere", headers=READ).status_code == 500
    assert names() == []
    assert ask("elsewhere").content == b"written"


# Refusals.


def test_a_dry_run_that_is_not_set_up_is_refused_and_not_executed(ask: Ask, settings: Any) -> None:
    configure(settings)
    assert "SHADOW_DRY_RUN" in refused(ask("write", headers=DRY))
    assert "SHADOW_DRY_RUN" in refused(ask("nowhere", "POST", headers=READ))
    assert (names(), guard().counts()) == ([], {})


def test_a_view_that_is_decorated_has_one(ask: Ask, settings: Any) -> None:
    configure(settings)
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "Csrf" not in each]
    assert ask("decorated", "POST", headers=DRY).content == b"served"
    assert ask("decorated-function", "POST", headers=DRY).content == b"dry-run"
    assert names() == []


def test_a_sandbox_has_to_be_one(ask: Ask, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "SHADOW_SANDBOX" in refused(ask("write", headers=SANDBOX))
    assert names() == []
    monkeypatch.setenv("STRANGLER_SANDBOX", "1")
    assert ask("write", headers=SANDBOX).status_code == 200


def test_the_view_that_is_entered_decides_not_the_one_that_the_address_told(settings: Any, client: Client) -> None:
    configure(settings)
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:2], f"{__name__}.elsewhere"]
    assert "SHADOW_DRY_RUN" in refused(client.get("/decorated/", headers=DRY))


@pytest.mark.parametrize("sql", ["COMMIT", "end transaction", "/* now */ rollback", "SELECT 1; COMMIT"])
def test_a_view_cannot_end_the_transaction_that_is_rolled_back(ask: Ask, sql: str) -> None:
    before = guard().counts().get("database", EffectCounts()).stopped
    assert ask("committing", "POST", {**DRY, "X-Ends": sql}).status_code == 500
    assert guard().counts()["database"].stopped == before + 1
    assert names() == []


def test_a_view_can_go_back_to_a_savepoint_of_its_own(ask: Ask) -> None:
    ends = "SAVEPOINT own" if connection.vendor == "sqlite" else "SAVEPOINT own; ROLLBACK TO SAVEPOINT own"
    assert ask("committing", "POST", {**DRY, "X-Ends": ends}).content == b"kept"
    assert names() == []


# The parts.


def test_what_is_written_to_a_database_that_is_not_named_is_stopped(settings: Any, monkeypatch: Any) -> None:
    configure(settings, SHADOW_DRY_RUN=["default"])
    served = ShadowMiddleware(failing)
    monkeypatch.setattr(served, "_databases", ())
    assert "database (default)" in refused(served(RequestFactory().get("/failing/", headers=DRY)))
    assert names() == []


def test_a_refused_copy_is_told_once_in_the_log_and_pages_nobody(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    refused(client.get("/write/", headers=SANDBOX))
    assert [(each.name, each.levelname) for each in caplog.records] == [("strangler.shadow", "WARNING")]


def test_a_block_within_a_transaction_goes_back_to_where_it_began() -> None:
    with transaction.atomic():
        Group.objects.create(name="before")
        with RolledBack("default"):
            Group.objects.create(name="within")
        Group.objects.create(name="after")
    assert names() == ["after", "before"]
