"""The control API: a Starlette application around a control plane."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from strangler.errors import StranglerError
from strangler.toggles import GROUP, Stage
from strangler_proxy.config.forms import is_loopback
from strangler_proxy.control.answers import answer, refusal, refusal_of
from strangler_proxy.control.asked import BadInput, RoleMissing, audited, need, number, parsed, who_asks, whole
from strangler_proxy.control.audit_api import AuditApi
from strangler_proxy.control.bootstrap import Bootstrap
from strangler_proxy.control.call_counts import CallCounts
from strangler_proxy.control.calls import Calls
from strangler_proxy.control.captures_api import CapturesApi
from strangler_proxy.control.counting import Counting
from strangler_proxy.control.events_api import EventsApi
from strangler_proxy.control.evidence_api import EvidenceApi
from strangler_proxy.control.gates_api import GatesApi
from strangler_proxy.control.guard import Guard, forbidden
from strangler_proxy.control.in_name import client_in_name
from strangler_proxy.control.incoming import LOOPBACK_NAMES
from strangler_proxy.control.looking import Looking
from strangler_proxy.control.metrics import exposition
from strangler_proxy.control.openapi import document, query_names
from strangler_proxy.control.outcome import Outcome
from strangler_proxy.control.overview import Overview
from strangler_proxy.control.overview_api import OverviewApi
from strangler_proxy.control.pace import Pace
from strangler_proxy.control.plan_api import PlanApi
from strangler_proxy.control.plan_run_api import PlanRunApi
from strangler_proxy.control.plan_runs import PlanRuns
from strangler_proxy.control.plane import ControlPlane
from strangler_proxy.control.recording_api import RecordingApi
from strangler_proxy.control.requests import AdoptRequest, BackRequest, FlipRequest
from strangler_proxy.control.roles import Role
from strangler_proxy.control.rollout_api import RolloutApi
from strangler_proxy.control.room import ControlRoom, Fork
from strangler_proxy.control.room_door import RoomDoor
from strangler_proxy.control.rules_api import RulesApi
from strangler_proxy.control.sessions import Sessions
from strangler_proxy.control.sessions_api import SessionsApi
from strangler_proxy.control.tester_register import TesterRegister
from strangler_proxy.control.testers_api import TestersApi
from strangler_proxy.control.threads import Threads, aside
from strangler_proxy.control.tokens import Tokens
from strangler_proxy.control.tokens_api import TokensApi
from strangler_proxy.control.traffic_api import TrafficApi
from strangler_proxy.control.upstreams_api import UpstreamsApi
from strangler_proxy.control.verbs import Verb
from strangler_proxy.gates import Gatekeeper, Observer
from strangler_proxy.identity_state import signing_keys, wants_identity
from strangler_proxy.inquiry import inquire, parse_header, parse_target
from strangler_proxy.page.app import pages, room_app
from strangler_proxy.plain import plain
from strangler_proxy.plan.on_disk import PlanOnDisk
from strangler_proxy.routes import RouteTable
from strangler_proxy.state import StateDir
from strangler_proxy.subject import Subjects, load_or_create_key

__all__ = ["app"]

_KEYS: Final = "/.well-known/strangler/jwks.json"
_API: Final = "/api/"
_LONGEST_WAIT: Final = 60.0
_MOST_ENTRIES: Final = 1000

_log = logging.getLogger("strangler.control")


def app(plane: ControlPlane, bootstrap: Bootstrap) -> Starlette:
    """The application: the API, and the control room under /room. Its lifespan starts and stops `plane`. `bootstrap` is
    the first token."""
    tokens = Tokens(plane.documents, bootstrap)
    sessions = Sessions(plane.documents, tokens)
    calls, pace = Calls(plane.documents), Pace(plane.config.control_rate)
    counts = CallCounts(plane.documents)
    testers = TesterRegister(plane.documents, plane.workers, StateDir.of(plane.config))
    runs = PlanRuns(plane.documents)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_default_executor(Threads())
        await plane.start()
        await asyncio.gather(tokens.look(), sessions.look())
        watching = [asyncio.create_task(plane.watch())]
        with aside():
            chores = (tokens.watch(), sessions.watch(), testers.watch(), counts.run())
            watching += [asyncio.create_task(each) for each in chores]
        try:
            yield
        finally:
            # While there is still somebody to answer them.
            await runs.close()
            for each in watching:
                each.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
            room.close()
            await counts.write()
            await plane.stop()

    handlers = _Handlers(plane)
    evidence = EvidenceApi(Looking(plane.config, plane.evidence.store), plane.documents)
    observer = Observer(plane.config, plane.evidence.store, plane.documents)
    plane.checks.append(Gatekeeper(plane.config, observer, plane.in_force.store.history))
    recording = RecordingApi(plane.recordings, [route.name for route in plane.config.routes])
    host = plane.config.control.host.lower()
    anybody_measures = plane.config.metrics_public
    routes: list[BaseRoute] = [
        Verb("/api/v1/snapshot", handlers.snapshot, "GET", least=Role.VIEW),
        Verb("/api/v1/status", handlers.status, "GET", least=Role.VIEW),
        Verb("/api/v1/history", handlers.history, "GET", least=Role.VIEW),
        Verb("/api/v1/routes", handlers.routes, "GET", least=Role.VIEW),
        Verb("/api/v1/explain", handlers.explain, "GET", least=Role.VIEW),
        Verb("/api/v1/flip", handlers.flip, "POST", least=Role.OPERATE),
        Verb("/api/v1/back", handlers.back, "POST", least=Role.OPERATE),
        Verb("/api/v1/adopt", handlers.adopt, "POST", least=Role.APPROVE),
        *evidence.routes(),
        *TrafficApi(plane.config, plane.evidence.store).routes(),
        *recording.routes(),
        *GatesApi(plane, observer).routes(),
        *PlanApi(plane, runs).routes(),
        *PlanRunApi(PlanOnDisk(plane.config.plan), runs, lambda request: client_in_name(request, tokens)).routes(),
        *TokensApi(tokens).routes(),
        *SessionsApi(sessions).routes(),
        *TestersApi(plane.config, testers).routes(),
        *EventsApi(plane.documents).routes(),
        *AuditApi(plane.in_force.store, plane.documents, counts).routes(),
        *CapturesApi(plane.config).routes(),
        *RulesApi(plane.config, plane.documents).routes(),
        *OverviewApi(Overview(plane)).routes(),
        *UpstreamsApi(plane).routes(),
        *RolloutApi(plane.rollouts, plane.config.rollouts).routes(),
        Verb("/openapi.json", handlers.openapi, "GET", least=Role.VIEW),
        Verb("/metrics", handlers.metrics, "GET", least=None if anybody_measures else Role.VIEW),
        Verb(_KEYS, handlers.keys, "GET", least=None),
        Verb("/health/live", handlers.live, "GET", least=None),
        Verb("/health/ready", handlers.ready, "GET", least=None),
    ]
    for each in routes:
        if isinstance(each, Verb) and each.path.startswith(_API):
            each.takes = query_names(each.path, each.method)

    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        await application(scope, receive, send)

    hosts = LOOPBACK_NAMES | {host} if is_loopback(host) else None
    room, shown = ControlRoom(plane, sessions, calls, pace, api), pages()
    door = Middleware(RoomDoor, room=room, routes=shown, calls=calls, hosts=hosts, pace=pace)
    application = Starlette(
        routes=routes,
        middleware=[
            Middleware(Counting, routes=[*routes, *shown], counts=counts),
            Middleware(Fork, room=room_app(room, shown, door)),
            Middleware(Guard, routes=routes, tokens=tokens, calls=calls, hosts=hosts, pace=pace),
        ],
        exception_handlers={
            StranglerError: _on_strangler_error,
            BadInput: _on_bad_input,
            RoleMissing: _on_missing_role,
            HTTPException: _on_http_error,
            Exception: _on_crash,
        },
        lifespan=lifespan,
    )
    return application


class _Handlers:
    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._table = RouteTable(plane.config.routes, file=str(plane.config.path))

    def _subject_in(self, headers: list[tuple[bytes, bytes]]) -> list[str]:
        config = self._plane.config
        key = load_or_create_key(StateDir.of(config).subject_key)
        subject = Subjects(key, config.subject).of(headers)
        return [] if subject.new else [subject.value]

    async def snapshot(self, request: Request) -> Response:
        """The snapshot, at once or as soon as it is another than the one known."""
        wait = number(request, "wait", 0.0, _LONGEST_WAIT)
        known = request.query_params.get("revision")
        if known is not None and wait > 0:
            await self._plane.newer(whole(request, "revision", 0, 2**53), wait)
        snapshot = self._plane.snapshot
        etag = f'"{snapshot.revision}"'
        asked = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
        if etag in asked or "*" in asked:
            return Response(status_code=304, headers={"ETag": etag, "Cache-Control": "no-cache"})
        return answer(snapshot.to_json(), headers={"ETag": etag, "Cache-Control": "no-cache"})

    async def keys(self, _: Request) -> Response:
        """The public keys that services verify identities with."""
        config = self._plane.config
        published: dict[str, Any] = {"keys": []}
        if wants_identity(config):
            published = await asyncio.to_thread(signing_keys(config).published, time.time())
        return answer(published, headers={"Cache-Control": "public, max-age=60"})

    async def status(self, _: Request) -> Response:
        """The state of this replica."""
        return answer(self._plane.status())

    async def history(self, request: Request) -> Response:
        """The audit, newest first."""
        limit = whole(request, "limit", 100, _MOST_ENTRIES)
        entries = await self._plane.history(request.query_params.get("name") or None, limit)
        return answer({"entries": [entry.to_json() for entry in entries]})

    async def routes(self, _: Request) -> Response:
        """Every route with its toggle."""
        toggles = self._plane.snapshot.toggles
        rows: list[dict[str, Any]] = []
        for route in self._plane.config.routes:
            toggle = toggles.get(route.name) if route.twin else None
            rows.append(
                {
                    **route.document(),
                    "stage": toggle and toggle.stage.value,
                    "share": toggle and toggle.share,
                }
            )
        return answer({"routes": rows})

    async def explain(self, request: Request) -> Response:
        """Which route a request takes, why, and who would answer it."""
        asked = request.query_params
        path = asked.get("path")
        if path is None:
            raise BadInput("path is missing.", "path")
        snapshot = self._plane.snapshot
        headers = [parse_header(header) for header in asked.getlist("header")]
        inquiry = inquire(
            self._plane.config,
            self._table,
            snapshot,
            asked.get("method", "GET").upper(),
            parse_target(path),
            headers,
            asked.getlist("subject") or self._subject_in(headers),
        )
        return answer({"revision": snapshot.revision, **inquiry.to_json()})

    async def flip(self, request: Request) -> Response:
        """Move toggles."""
        body = await parsed(request, FlipRequest)
        if body.dry_run:
            # It moves nothing, and a page asks again and again.
            audited(request)
        if body.stage is Stage.RETIRED:
            need(request, Role.APPROVE, "a one-way door")
        if body.force:
            need(request, Role.APPROVE, "`force`")
        self._check_groups(body)
        if body.dry_run:
            would = await self._plane.would_flip(body.names, body.move, expected_revision=body.expected_revision)
            return answer(would.to_json())
        outcome = await self._plane.flip(
            body.names,
            body.move,
            who=who_asks(request),
            why=body.why,
            expected_revision=body.expected_revision,
            wait_seconds=body.wait_seconds,
        )
        return _told(request, outcome)

    def _check_groups(self, body: FlipRequest) -> None:
        known = [group.name for group in self._plane.config.groups]
        for key, side in (body.overrides or {}).items():
            name = key.removeprefix(GROUP)
            if key.startswith(GROUP) and name not in known and side is not None:
                there = f"[groups.NAME] has {', '.join(known)}" if known else "strangler.toml has no [groups.NAME]"
                raise BadInput(f"There is no group {name!r}: {there}.", "overrides")

    async def back(self, request: Request) -> Response:
        """Take toggles back to the monolith."""
        body = await parsed(request, BackRequest)
        outcome = await self._plane.back(
            body.names, who=who_asks(request), why=body.why, wait_seconds=body.wait_seconds
        )
        return _told(request, outcome)

    async def adopt(self, request: Request) -> Response:
        """Settle a store that is not the one the toggles in force came from."""
        body = await parsed(request, AdoptRequest)
        outcome = await self._plane.adopt(
            body.keep, who=who_asks(request), why=body.why, wait_seconds=body.wait_seconds
        )
        return _told(request, outcome)

    async def openapi(self, _: Request) -> Response:
        """This API's description."""
        return answer(document())

    async def metrics(self, request: Request) -> Response:
        """What was counted and measured, for Prometheus."""
        content, media_type = exposition(self._plane, request.headers.get("accept", ""))
        return Response(content, headers={"Content-Type": media_type, "Cache-Control": "no-store"})

    async def live(self, _: Request) -> Response:
        """The process answers."""
        return answer({"status": "live"})

    async def ready(self, _: Request) -> Response:
        """Whether moves are possible and every worker has heard of the last, each dependency named."""
        lacks = self._plane.ready()
        ok = not any(reason for name, reason in lacks.items() if name != "evidence")
        # Reasons name paths of this machine, and nobody had to show a token.
        states = {name: "ok" if reason is None else "unavailable" for name, reason in lacks.items()}
        return answer({"status": "ready" if ok else "degraded", "dependencies": states}, status=200 if ok else 503)


def _told(request: Request, outcome: Outcome) -> Response:
    if outcome.moved:
        audited(request)
    return answer(outcome.to_json())


async def _on_strangler_error(_: Request, error: Exception) -> Response:
    return refusal_of(cast("StranglerError", error))


async def _on_bad_input(_: Request, error: Exception) -> Response:
    return refusal(422, "bad_input", str(error), where=cast("BadInput", error).where)


async def _on_missing_role(_: Request, error: Exception) -> Response:
    missing = cast("RoleMissing", error)
    return forbidden(missing.caller, missing.least, missing.what)


async def _on_http_error(request: Request, error: Exception) -> Response:
    wrong = cast("HTTPException", error)
    phrase = HTTPStatus(wrong.status_code).phrase
    refused = refusal(
        wrong.status_code,
        phrase.lower().replace(" ", "_"),
        f"{phrase}: {request.method} {plain(request.url.path)[:200]}",
        remedy="GET /openapi.json describes every verb.",
    )
    refused.headers.update(wrong.headers or {})
    return refused


async def _on_crash(_: Request, error: Exception) -> Response:
    _log.error("a request failed", exc_info=error)
    return refusal(500, "internal", "The control plane failed at this; its log says how. Traffic is not touched.")
