"""The control API's client, as the command line and the control room use it: a method for each verb."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from strangler.evidence import KeptPair
from strangler.toggles import Snapshot
from strangler_proxy.control_connection import ControlConnection

__all__ = ["ControlClient"]

# Everything that was recorded is written before this is answered.
_ENDING_SECONDS: Final = 30.0
_MOST_ENTRIES: Final = 1000


class ControlClient(ControlConnection):
    """The verbs of the control API, over a connection."""

    def snapshot(self) -> Snapshot:
        """The snapshot in force."""
        return Snapshot.from_json(self._get("/api/v1/snapshot"))

    def status(self) -> dict[str, Any]:
        """Revision, store, workers, toggles and traffic."""
        return self._get("/api/v1/status")

    def overview(self, *, over: int | None = None, seconds: float | None = None) -> dict[str, Any]:
        """How much has moved, how each route stands and fares, what needs a person. `over` says of how many seconds
        rates are, `seconds` for how long at most agreements are brought up to date first."""
        return self._get("/api/v1/overview", {"over": over, "seconds": seconds})

    def progress(self, *, since: float, step: int) -> list[dict[str, Any]]:
        """How much had moved since then (seconds since 1970), every `step` seconds."""
        points: list[dict[str, Any]] = self._get("/api/v1/progress", {"since": since, "step": step})["points"]
        return points

    def upstreams(self) -> dict[str, Any]:
        """How the upstreams are, and what becomes of copies."""
        return self._get("/api/v1/upstreams")

    def metrics(self) -> str:
        """The metrics, in Prometheus' text format."""
        return self._text("/metrics")

    def routes(self) -> list[dict[str, Any]]:
        """Every route with its toggle."""
        routes: list[dict[str, Any]] = self._get("/api/v1/routes")["routes"]
        return routes

    def history(self, name: str | None = None, *, limit: int = 100) -> list[dict[str, Any]]:
        """The audit, newest first, of toggles by name or glob."""
        entries: list[dict[str, Any]] = self._get("/api/v1/history", {"name": name, "limit": limit})["entries"]
        return entries

    def flip(
        self,
        names: Sequence[str],
        stage: str,
        *,
        why: str,
        share: str | None = None,
        overrides: Mapping[str, str | None] | None = None,
        force: bool = False,
        confirm: str | None = None,
        expected_revision: int | None = None,
        wait_seconds: float | None = None,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Move toggles to a stage; in a `dry_run` nothing moves, and what would is told."""
        body = {
            "names": list(names),
            "stage": stage,
            "share": share,
            "overrides": None if overrides is None else dict(overrides),
            "why": why,
            "force": force,
            "confirm": confirm,
            "expected_revision": expected_revision,
            "wait_seconds": wait_seconds,
            "dry_run": dry_run,
        }
        return self._post("/api/v1/flip", body)

    def back(self, names: Sequence[str] | None, *, why: str, wait_seconds: float | None = None) -> dict[str, Any]:
        """Take toggles back to the monolith, `None` meaning all."""
        which: dict[str, Any] = {"all": True} if names is None else {"names": list(names)}
        return self._post("/api/v1/back", {**which, "why": why, "wait_seconds": wait_seconds})

    def adopt(self, keep: str, *, why: str, wait_seconds: float | None = None) -> dict[str, Any]:
        """Settle a store that is not the one the toggles in force came from: keep the `snapshot` or the `store`."""
        return self._post("/api/v1/adopt", {"keep": keep, "why": why, "wait_seconds": wait_seconds})

    def rollouts(self) -> list[dict[str, Any]]:
        """All rollouts, each as it stands now."""
        rollouts: list[dict[str, Any]] = self._get("/api/v1/rollouts")["rollouts"]
        return rollouts

    def schedules(self) -> list[dict[str, Any]]:
        """The schedules that rollouts can go by."""
        schedules: list[dict[str, Any]] = self._get("/api/v1/schedules")["schedules"]
        return schedules

    def start_rollout(
        self, names: Sequence[str], *, why: str, schedule: str | None = None, name: str | None = None
    ) -> dict[str, Any]:
        """Begin a rollout of toggles by names or globs."""
        wanted = {"names": list(names), "schedule": schedule, "name": name, "why": why}
        return self._rolled("/api/v1/rollouts", {key: value for key, value in wanted.items() if value is not None})

    def freeze_rollout(self, name: str, *, why: str) -> dict[str, Any]:
        """Let a rollout go no further."""
        return self._rolled("/api/v1/rollouts/freeze", {"name": name, "why": why})

    def resume_rollout(self, name: str, *, why: str) -> dict[str, Any]:
        """Let a rollout go on."""
        return self._rolled("/api/v1/rollouts/resume", {"name": name, "why": why})

    def abort_rollout(self, name: str, *, why: str, wait_seconds: float = 2.0) -> dict[str, Any]:
        """End a rollout, and take its toggles back to where it began; waits so long until they are there."""
        return self._rolled("/api/v1/rollouts/abort", {"name": name, "why": why, "wait_seconds": wait_seconds})

    def gates(
        self, names: Sequence[str], *, gates: Mapping[str, Any] | None = None, since: float | None = None
    ) -> list[dict[str, Any]]:
        """What gates come to, a row for each route or seam: by a table of them as it is written in TOML, or by those
        that the configuration wants before the next stage. `since` is in seconds since 1970."""
        body = {"names": list(names), "gates": None if gates is None else dict(gates), "since": since}
        rows: list[dict[str, Any]] = self._post("/api/v1/gates", body)["routes"]
        return rows

    def approve(self, names: Sequence[str], *, word: str, why: str) -> dict[str, Any]:
        """Say a person's yes to routes and seams."""
        return self._post("/api/v1/approvals", {"names": list(names), "word": word, "why": why})

    def reports(self, names: Sequence[str], **asked: Any) -> list[dict[str, Any]]:
        """What has been observed of routes, by names or globs; `asked` is release, rules, since, bound."""
        reports: list[dict[str, Any]] = self._get("/api/v1/evidence", {"route": list(names), **asked})["reports"]
        return reports

    def days(self, names: Sequence[str], *, since: float | None = None) -> list[dict[str, Any]]:
        """How surely the sides of routes agreed, by day, release and rules, from the day of `since` on."""
        days: list[dict[str, Any]] = self._get("/api/v1/evidence/days", {"route": list(names), "since": since})["days"]
        return days

    def minutes(self, names: Sequence[str], *, since: float | None = None, step: int = 60) -> list[dict[str, Any]]:
        """Pairs of routes by their verdicts, in windows of `step` seconds (whole minutes) from `since` on."""
        asked = {"route": list(names), "since": since, "step": step}
        windows: list[dict[str, Any]] = self._get("/api/v1/evidence/minutes", asked)["windows"]
        return windows

    def pairs(self, **asked: Any) -> list[KeptPair]:
        """Kept pairs, newest first; `asked` is route, path, kind, verdict, cause, subject, limit."""
        return [KeptPair.from_json(each) for each in self._get("/api/v1/pairs", asked)["pairs"]]

    def pair_lines(self, **asked: Any) -> list[dict[str, Any]]:
        """Kept pairs as lines of a list: with method, target and statuses instead of whole exchanges; as `pairs`."""
        lines: list[dict[str, Any]] = self._get("/api/v1/pairs", {**asked, "brief": "true"})["pairs"]
        return lines

    def pair(self, name: str) -> KeptPair:
        """The kept pair of that id."""
        return KeptPair.from_json(self._get(f"/api/v1/pairs/{quote(name, safe='')}"))

    def captures(self, name: str) -> dict[str, Any]:
        """What a route takes of the monolith, where the configuration names an inventory."""
        return self._get("/api/v1/captures", {"route": name})

    def clear(self, names: Sequence[str], *, why: str, release: str | None = None) -> list[str]:
        """Forget the evidence of routes; gives which."""
        cleared: list[str] = self._post(
            "/api/v1/evidence/clear", {"names": list(names), "release": release, "why": why}
        )["cleared"]
        return cleared

    def erase(self, subject: str, *, why: str) -> int:
        """Forget a person's kept pairs; gives how many."""
        return int(self._post("/api/v1/evidence/erase", {"subject": subject, "why": why})["erased"])

    def rejudge(
        self, names: Sequence[str], *, rules: str | None = None, keep: bool = False, most: int = 2000
    ) -> dict[str, Any]:
        """Judge kept pairs, so many at most, by the text of a rule file, by default the proxy's as it stands now."""
        body = {"names": list(names), "rules": rules, "keep": keep, "most": most}
        return self._post("/api/v1/evidence/rejudge", body)

    def differences(self, names: Sequence[str] = (), *, seconds: float | None = None) -> dict[str, Any]:
        """The routes whose sides differ somewhere, in short (`routes`): how often, how badly, and since when; after
        reading for about so many seconds (by default 10), and what there is newer evidence of than that (`behind`)."""
        return self._get("/api/v1/differences", {"route": list(names), "seconds": seconds})

    def rules(self) -> dict[str, Any]:
        """The file of the compare rules as it stands, and whether it may be written."""
        return self._get("/api/v1/rules")

    def write_rules(self, text: str, *, expected_digest: str, why: str) -> dict[str, Any]:
        """Put another text in the place of that file, and have it reloaded."""
        body = {"text": text, "expected_digest": expected_digest, "why": why}
        return self._put("/api/v1/rules", body)

    def recording(self) -> dict[str, Any] | None:
        """The recording that runs, or the one that ran last."""
        recording: dict[str, Any] | None = self._get("/api/v1/recording")["recording"]
        return recording

    def record(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Begin to record; `wanted` is what the verb takes."""
        recording: dict[str, Any] = self._post("/api/v1/recording", wanted)["recording"]
        return recording

    def stop_recording(self) -> dict[str, Any]:
        """End the recording that runs; gives how it ended."""
        ended = self._delete("/api/v1/recording", seconds=_ENDING_SECONDS)
        recording: dict[str, Any] = ended["recording"]
        return recording

    def events(self, name: str | None = None, *, action: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """The audit of all that is not a toggle's move, newest first; `name` and `action` may be globs."""
        asked = {"name": name, "action": action, "limit": limit}
        events: list[dict[str, Any]] = self._get("/api/v1/events", asked)["events"]
        return events

    def audit(self, *, limit: int = 100, before: str | None = None, **asked: Any) -> dict[str, Any]:
        """Moves and events together, or calls, newest first, and where to read `further`; `asked` is kind, name, who,
        action, since, until."""
        return self._get("/api/v1/audit", {**asked, "limit": limit, "before": before})

    def audit_pages(self, *, most: int, **asked: Any) -> Iterator[dict[str, Any]]:
        """The entries of `audit`, at most so many, asked for as they are wanted."""
        before: str | None = None
        while most > 0:
            page = self.audit(limit=min(most, _MOST_ENTRIES), before=before, **asked)
            yield from page["entries"]
            most -= len(page["entries"])
            before = page["further"]
            if before is None:
                return

    def tokens(self) -> list[dict[str, Any]]:
        """All tokens but the first."""
        tokens: list[dict[str, Any]] = self._get("/api/v1/tokens")["tokens"]
        return tokens

    def create_token(self, name: str, role: str, *, expires: float | None, why: str) -> dict[str, Any]:
        """Make a token that is good for so many seconds (None: for ever); gives it with its secret."""
        return self._post("/api/v1/tokens", {"name": name, "role": role, "expires_seconds": expires, "why": why})

    def revoke_token(self, name: str, *, why: str) -> None:
        """Let a token be good no more."""
        self._post("/api/v1/tokens/revoke", {"name": name, "why": why})

    def rotate_token(self, name: str, *, grace: float, why: str) -> str:
        """Give a token another secret, and give that."""
        return str(self._post("/api/v1/tokens/rotate", {"name": name, "grace_seconds": grace, "why": why})["secret"])

    def sessions(self) -> list[dict[str, Any]]:
        """Who has signed in to the control room, the newest first."""
        sessions: list[dict[str, Any]] = self._get("/api/v1/sessions")["sessions"]
        return sessions

    def end_sessions(self, ids: Sequence[str], *, why: str) -> list[str]:
        """Let sessions be over, by their ids; gives those that were in force."""
        ended: list[str] = self._post("/api/v1/sessions/end", {"ids": list(ids), "why": why})["ended"]
        return ended

    def create_tester(self, name: str, routes: str, side: str, *, expires: float, why: str) -> dict[str, Any]:
        """Sign a word that gives somebody a side on routes (a name or a glob), for so many seconds."""
        body = {"name": name, "routes": routes, "side": side, "expires_seconds": expires, "why": why}
        return self._post("/api/v1/testers", body)

    def testers(self) -> list[dict[str, Any]]:
        """The testers whose words are good, a row for each word."""
        testers: list[dict[str, Any]] = self._get("/api/v1/testers")["testers"]
        return testers

    def revoke_tester(self, name: str, *, why: str, wait_seconds: float | None = None) -> dict[str, Any]:
        """Let all words of a tester be good no more; gives how many were, and which workers have taken it."""
        wanted = {"name": name, "why": why, "wait_seconds": wait_seconds}
        return self._post("/api/v1/testers/revoke", {key: value for key, value in wanted.items() if value is not None})

    def traffic(self, *, since: float, step: int, names: Sequence[str] = ()) -> list[dict[str, Any]]:
        """What customers got of routes (by default of all) since then (seconds since 1970), by windows of `step`
        seconds."""
        asked = {"since": since, "step": step, "route": list(names)}
        windows: list[dict[str, Any]] = self._get("/api/v1/traffic", asked)["windows"]
        return windows

    def plan(self, name: str) -> dict[str, Any]:
        """All that the standing of a plan's steps is computed from."""
        return self._get(f"/api/v1/plan/{quote(name, safe='')}")

    def plan_lease(self, name: str, holder: str, *, release: bool = False) -> str:
        """Take or go on with the lease of a plan, or let go of it; gives who has it."""
        body = {"holder": holder, "release": release}
        return str(self._post(f"/api/v1/plan/{quote(name, safe='')}/lease", body)["holder"])

    def plan_mark(self, name: str, body: Mapping[str, Any]) -> int:
        """Keep the mark of a step; `body` is what the verb takes. Gives its version."""
        return int(self._post(f"/api/v1/plan/{quote(name, safe='')}/mark", body)["version"])

    def plan_flip(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Move toggles for a step; `body` is what the verb takes."""
        return self._post(f"/api/v1/plan/{quote(name, safe='')}/flip", body)

    def plan_consent(self, name: str, step: str, meaning: str, *, why: str) -> dict[str, Any]:
        """Say yes to a step as it is written."""
        body = {"step": step, "meaning": meaning, "why": why}
        return self._post(f"/api/v1/plan/{quote(name, safe='')}/consent", body)

    def plan_run(self, name: str, step: str, digest: str, act: str, *, confirm: str = "") -> dict[str, Any]:
        """Let the control plane apply or undo a step as it was read; gives the run that has begun."""
        body = {"step": step, "digest": digest, "act": act, "confirm": confirm}
        run: dict[str, Any] = self._post(f"/api/v1/plan/{quote(name, safe='')}/run", body)["run"]
        return run

    def plan_call_off(self, name: str) -> bool:
        """Let what the control plane is at of that plan end where it is; gives whether something was."""
        path = f"/api/v1/plan/{quote(name, safe='')}/run"
        return bool(self._delete(path)["called_off"])

    def _rolled(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        rollout: dict[str, Any] = self._post(path, body)["rollout"]
        return rollout
