"""The control API's verbs of compare rules: the file as it stands, and another text in its place."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from difflib import unified_diff
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from strangler.compare import parse_rules
from strangler.documents import DocumentStore, Event
from strangler.errors import ConfigError
from strangler_proxy.config.values import Config
from strangler_proxy.control.answers import answer, refusal
from strangler_proxy.control.asked import audited, parsed, who_asks
from strangler_proxy.control.roles import Role
from strangler_proxy.control.rules_file import RulesChanged, RulesFile, RulesText
from strangler_proxy.control.rules_requests import RulesRequest
from strangler_proxy.control.verbs import Verb
from strangler_proxy.plain import reason
from strangler_proxy.reload_socket import RELOAD, tell
from strangler_proxy.state import StateDir

__all__ = ["RulesApi"]

# Of a patch so much stands in the audit.
_LONGEST_PATCH: Final = 4000

_log = logging.getLogger("strangler.control")


class RulesApi:
    """The handlers, on the rule file of `config`. Who writes it, and why, is written down in `documents`."""

    def __init__(self, config: Config, documents: DocumentStore) -> None:
        self._config = config
        self._state = StateDir.of(config)
        self._file = RulesFile(config)
        self._documents = documents
        self._writing = asyncio.Lock()
        # Of the text that was read last: with long tables of ids it takes a while.
        self._read: tuple[str, str | None, str | None] = ("", None, None)

    def routes(self) -> list[Verb]:
        """Where the verbs are served."""
        return [
            Verb("/api/v1/rules", self.read, "GET", least=Role.VIEW),
            # Whoever says what does not count can have any gate of agreement pass: that wants as much as passing it.
            Verb("/api/v1/rules", self.write, "PUT", least=Role.APPROVE),
        ]

    async def read(self, _: Request) -> Response:
        """The rule file as it stands."""
        return answer(await asyncio.to_thread(self._told))

    async def write(self, request: Request) -> Response:
        """Put another text in its place, and have it reloaded."""
        body = await parsed(request, RulesRequest)
        if not self._config.edit_rules:
            return refusal(
                403,
                "rules_not_editable",
                f"This control plane may not write {self._file.path}.",
                remedy="Put the patch into it by hand, and `strangler reload`; or serve with --edit-rules"
                " (`edit_rules = true` under [control]).",
            )
        async with self._writing:
            try:
                told = await self._write(request, body)
            except RulesChanged:
                return refusal(
                    409,
                    "rules_conflict",
                    f"{self._file.path} is not what it was when you looked: somebody else has written it. Nothing was"
                    " changed.",
                    remedy="Look at it again, and make the rule anew.",
                )
        return answer(told)

    async def _write(self, request: Request, body: RulesRequest) -> dict[str, Any]:
        before = await asyncio.to_thread(self._file.read)
        if before.digest != body.expected_digest:
            raise RulesChanged
        rules = await asyncio.to_thread(parse_rules, body.text, str(self._file.path))
        # Before it is done: what failed must not have happened without a trace.
        detail = {"before": before.digest, "rules": rules.revision, "patch": _patch(before.text, body.text)}
        event = Event(datetime.now(UTC), who_asks(request), "rules.write", self._file.path.name, body.why, detail)
        await asyncio.to_thread(self._documents.record, event)
        audited(request)
        await asyncio.to_thread(self._file.write, body.text, expected=before.digest)
        _log.warning("%s written by %s: %s", self._file.path, who_asks(request), body.why)
        reloading = True
        try:
            await asyncio.to_thread(tell, self._state.supervisor, RELOAD)
        except OSError as error:
            _log.error("the supervisor could not be asked to reload: %s", reason(error))
            reloading = False
        return {**await asyncio.to_thread(self._told), "reloading": reloading}

    def _told(self) -> dict[str, Any]:
        """The file, whether it makes sense, and whether it is in force here."""
        found = self._file.read()
        revision, problem = self._revision(found)
        return {
            "file": str(self._file.path),
            "text": found.text,
            "digest": found.digest,
            "revision": revision,
            "problem": problem,
            "in_force": self._config.rules.revision,
            "editable": self._config.edit_rules,
            "edited": self._is_edited(),
            "reloaded": self._state.read_reloaded(),
        }

    def _revision(self, found: RulesText) -> tuple[str | None, str | None]:
        digest, revision, problem = self._read
        if not found.digest or digest != found.digest:
            try:
                revision, problem = parse_rules(found.text, str(self._file.path)).revision, None
            except ConfigError as error:
                revision, problem = None, str(error)
            self._read = found.digest, revision, problem
        return revision, problem

    def _is_edited(self) -> bool:
        """Whether a reload would take up more than rules."""
        try:
            return self._config.path.read_bytes() != self._config.text.encode()
        except OSError:
            # A reload refuses, and says why.
            return False


def _patch(before: str, after: str) -> str:
    lines = unified_diff(before.splitlines(), after.splitlines(), "before", "after", n=1, lineterm="")
    patch = "\n".join(lines)
    return patch if len(patch) <= _LONGEST_PATCH else f"{patch[:_LONGEST_PATCH]}…"
