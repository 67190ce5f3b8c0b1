"""The control API's client, as the command line uses it."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self
from urllib.parse import quote

import httpx

from strangler.errors import ControlRefused, ControlUnreachable, StranglerError
from strangler.evidence import KeptPair
from strangler.toggles import Snapshot
from strangler_proxy.config.values import Address
from strangler_proxy.plain import reason

__all__ = ["ControlClient"]

_SECONDS: Final = 10.0
# Everything that was recorded is written before this is answered.
_ENDING_SECONDS: Final = 30.0


class ControlClient:
    """Talks to the control plane at `address` with `token`. Use it in a `with` block, or close it.

    Every method raises ControlUnreachable when nothing answers and ControlRefused when the answer is an error.
    """

    def __init__(self, address: Address, token: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._address = address
        self._http = httpx.Client(
            base_url=f"http://{address}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=_SECONDS,
            # A proxy named in the environment has no business between us and this machine.
            trust_env=False,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def snapshot(self) -> Snapshot:
        """The snapshot in force."""
        return Snapshot.from_json(self._get("/api/v1/snapshot"))

    def status(self) -> dict[str, Any]:
        """Revision, store, workers, toggles and traffic."""
        return self._get("/api/v1/status")

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
    ) -> dict[str, Any]:
        """Move toggles to a stage."""
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
        }
        return self._post("/api/v1/flip", body)

    def back(self, names: Sequence[str] | None, *, why: str, wait_seconds: float | None = None) -> dict[str, Any]:
        """Take toggles back to the monolith, `None` meaning all."""
        which: dict[str, Any] = {"all": True} if names is None else {"names": list(names)}
        return self._post("/api/v1/back", {**which, "why": why, "wait_seconds": wait_seconds})

    def adopt(self, keep: str, *, why: str, wait_seconds: float | None = None) -> dict[str, Any]:
        """Settle a store that is not the one the toggles in force came from: keep the `snapshot` or the `store`."""
        return self._post("/api/v1/adopt", {"keep": keep, "why": why, "wait_seconds": wait_seconds})

    def reports(self, names: Sequence[str], **asked: Any) -> list[dict[str, Any]]:
        """What has been observed of routes, by names or globs; `asked` is release, rules, since, bound."""
        reports: list[dict[str, Any]] = self._get("/api/v1/evidence", {"route": list(names), **asked})["reports"]
        return reports

    def pairs(self, **asked: Any) -> list[KeptPair]:
        """Kept pairs, newest first; `asked` is route, path, kind, verdict, cause, subject, limit."""
        return [KeptPair.from_json(each) for each in self._get("/api/v1/pairs", asked)["pairs"]]

    def pair(self, name: str) -> KeptPair:
        """The kept pair of that id."""
        return KeptPair.from_json(self._get(f"/api/v1/pairs/{quote(name, safe='')}"))

    def clear(self, names: Sequence[str], *, why: str, release: str | None = None) -> list[str]:
        """Forget the evidence of routes; gives which."""
        cleared: list[str] = self._post(
            "/api/v1/evidence/clear", {"names": list(names), "release": release, "why": why}
        )["cleared"]
        return cleared

    def erase(self, subject: str, *, why: str) -> int:
        """Forget a person's kept pairs; gives how many."""
        return int(self._post("/api/v1/evidence/erase", {"subject": subject, "why": why})["erased"])

    def rejudge(self, names: Sequence[str], *, rules: str | None = None, keep: bool = False) -> dict[str, Any]:
        """Judge kept pairs by the text of a rule file, by default the proxy's as it stands now."""
        return self._post("/api/v1/evidence/rejudge", {"names": list(names), "rules": rules, "keep": keep})

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
        ended = self._ask("DELETE", "/api/v1/recording", headers=_who(), timeout=_ENDING_SECONDS)
        recording: dict[str, Any] = ended["recording"]
        return recording

    def _get(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        given = {key: value for key, value in (query or {}).items() if value is not None}
        return self._ask("GET", path, params=given)

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        wait = body.get("wait_seconds") or 0.0
        return self._ask("POST", path, json=body, headers=_who(), timeout=_SECONDS + wait)

    def _ask(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        try:
            answered = self._http.request(method, path, **given)
            document = answered.json()
        except httpx.TransportError as error:
            raise ControlUnreachable(
                f"Nothing answers at http://{self._address} ({reason(error)}). Is `strangler serve` running with this"
                " configuration?"
            ) from error
        except UnicodeEncodeError as error:
            raise StranglerError(f"{error.object!r} is not UTF-8. Write it anew, or set a UTF-8 locale.") from error
        except ValueError as error:
            raise ControlUnreachable(
                f"What answers at http://{self._address} is not a control plane. Check `control` in strangler.toml."
            ) from error
        if answered.is_success and isinstance(document, dict):
            return document
        raise _refused(answered.status_code, document)


def _refused(status: int, document: Any) -> ControlRefused:
    error = document.get("error") if isinstance(document, dict) else None
    if status == 401:
        # The API tells programs which header to send; people need to know which token was sent.
        return ControlRefused(
            status,
            "unauthorized",
            "The control plane does not take this token: STRANGLER_TOKEN, or where that is not set control.token in the"
            " state folder. Use the one that `strangler serve` was started with.",
        )
    if not isinstance(error, dict):
        return ControlRefused(status, "unknown", f"The control plane answered {status}.")
    message = f"{error.get('message', '')} {error.get('remedy', '')}".strip()
    return ControlRefused(status, str(error.get("code", "unknown")), message)


def _who() -> dict[bytes, bytes]:
    return {b"X-Strangler-Who": f"{_user()}@{socket.gethostname()}".encode()}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container's user without a name.
        return "somebody"
