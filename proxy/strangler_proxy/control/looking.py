"""Looking at evidence, and what is done with it when somebody asks: reports, kept pairs, clear, erase, rejudge."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any, Final

from strangler.compare import Rules, load_rules, parse_rules
from strangler.errors import ConfigError, UnknownToggle
from strangler.evidence import Compared, EvidenceStore, KeptPair, Scope, subject_hash
from strangler.evidence.agreement import Agreement, agreement_of
from strangler.evidence.compared import compared_by
from strangler.evidence.rejudge import rejudged
from strangler.evidence.report import RouteReport, report_of
from strangler_proxy.config.shadow_table import RULES
from strangler_proxy.config.values import Config
from strangler_proxy.control.differing import Differing, RouteDiffers
from strangler_proxy.routes.route import Route
from strangler_proxy.secret import keep_secret
from strangler_proxy.state import StateDir

__all__ = ["Looking"]

_MOST_DAYS: Final = 2000
_MOST_WINDOWS: Final = 20_000
_DAY: Final = 86_400
_GIVEN: Final = "the given rules"


class Looking:
    """Reads `store` for people. Every method works in a thread and raises StoreUnavailable where the store does not
    answer, UnknownToggle where a name is nobody's."""

    def __init__(self, config: Config, store: EvidenceStore) -> None:
        self._config = config
        self._store = store
        self._differing = Differing(store)

    async def reports(
        self,
        names: Sequence[str],
        *,
        release: str | None = None,
        rules: str | None = None,
        since: float = 0.0,
        bound: float,
    ) -> list[RouteReport]:
        """A report of each route that one of `names` (names or globs; none: all) is: of the release and revision of
        rules with the newest pairs, unless it is said which. `since` is in seconds since 1970; `bound` is the agreement
        that a route must reach."""
        return await asyncio.to_thread(self._reports, self._routes(names), release, rules, since, bound)

    async def days(self, names: Sequence[str], *, since: float) -> list[tuple[Scope, float, Agreement]]:
        """How surely the sides of routes agreed on each day (UTC), by scope, from the day of `since` (seconds since
        1970) on; with when the day began, in the order of days. Of more than 2,000 the newest."""
        return await asyncio.to_thread(self._days, self._routes(names), since)

    async def compared(self, names: Sequence[str], *, since: float, step: int) -> list[Compared]:
        """The pairs of routes by their verdicts, in windows of `step` seconds (whole minutes) from `since` (seconds
        since 1970) on, in the order of time. Of more than 20,000 the newest."""
        return await asyncio.to_thread(self._compared, self._routes(names), since, step)

    async def differences(self, names: Sequence[str], *, seconds: float) -> tuple[list[RouteDiffers], list[str]]:
        """Where the sides of routes differ, a row for each route where they do, after reading for about so long; and of
        which routes there is newer evidence than that."""
        chosen = [route.name for route in self._routes(names)]
        return await asyncio.to_thread(self._differing.rows, chosen, seconds=seconds)

    async def pairs(self, **wanted: Any) -> list[KeptPair]:
        """Kept pairs, as `EvidenceStore.kept`; `subject` is a subject itself and not its hash."""
        if wanted.get("subject") is not None:
            wanted["subject"] = self._hashed(wanted["subject"])
        return await asyncio.to_thread(lambda: self._store.kept(**wanted))

    async def pair(self, name: str) -> KeptPair | None:
        """The kept pair of that id."""
        return await asyncio.to_thread(self._store.kept_pair, name)

    async def clear(self, names: Sequence[str], *, release: str | None) -> list[str]:
        """Forget the evidence of routes, or of one release of each; the routes."""
        chosen = await asyncio.to_thread(self.known, names)

        def forget() -> None:
            for name in chosen:
                self._store.clear(name, release=release)

        await asyncio.to_thread(forget)
        return chosen

    async def erase(self, subject: str) -> int:
        """Forget a person's kept pairs; how many there were."""
        return await asyncio.to_thread(self._store.erase, self._hashed(subject))

    async def rejudge(
        self, names: Sequence[str], *, rules: str | None, keep: bool, most: int
    ) -> tuple[Rules, list[tuple[KeptPair, KeptPair]]]:
        """The kept pairs of routes before and after judging them by `rules`: the text of a rule file, None for the file
        as it stands now. They are `most` at most. With `keep` the store has them as they are after. Raises ConfigError
        for wrong rules."""
        chosen = await asyncio.to_thread(self.known, names)
        return await asyncio.to_thread(self._rejudge, chosen, rules, keep, most)

    def _reports(
        self, routes: Sequence[Route], release: str | None, rules: str | None, since: float, bound: float
    ) -> list[RouteReport]:
        made = []
        for route in routes:
            seen = self._store.scopes(route.name)
            fitting = [
                each.scope
                for each in seen
                if (release is None or each.scope.release == release) and (rules is None or each.scope.rules == rules)
            ]
            scope = fitting[0] if fitting else Scope(route.name, release or "", rules or self._config.rules.revision)
            made.append(
                report_of(
                    scope,
                    self._store.read(scope, since=since),
                    missed=self._store.missed(route.name, since=since),
                    examples=self._store.examples(scope),
                    seen=seen,
                    methods=route.methods,
                    templates=[route.path],
                    rules=self._config.rules,
                    bound=bound,
                    at=time.time(),
                )
            )
        return made

    def _days(self, routes: Sequence[Route], since: float) -> list[tuple[Scope, float, Agreement]]:
        first = int(since // _DAY)
        wanted = [
            (day, seen.scope)
            for route in routes
            for seen in self._store.scopes(route.name)
            if seen.pairs
            for day in range(max(first, int(seen.first // _DAY)), int(seen.last // _DAY) + 1)
        ]
        found = []
        for day, scope in sorted(wanted)[-_MOST_DAYS:]:
            evidence = self._store.read(scope, since=day * _DAY, until=(day + 1) * _DAY)
            agreement = agreement_of(evidence)
            if agreement.pairs:
                found.append((scope, float(day * _DAY), agreement))
        return found

    def _compared(self, routes: Sequence[Route], since: float, step: int) -> list[Compared]:
        minutes = (each for route in routes for each in self._store.compared(route.name, since=since))
        return compared_by(minutes, step)[-_MOST_WINDOWS:]

    def _rejudge(
        self, names: Sequence[str], text: str | None, keep: bool, most: int
    ) -> tuple[Rules, list[tuple[KeptPair, KeptPair]]]:
        rules = self._rules(text)
        before = [pair for name in names for pair in self._store.kept(route=name, limit=most)]
        judged = [(pair, rejudged(pair, rules)) for pair in before[:most]]
        if keep:
            self._store.replace([after for _, after in judged])
        return rules, judged

    def _rules(self, text: str | None) -> Rules:
        # The first rule may have been written since the start, when there was no file yet.
        file = self._config.shadow.rules or self._config.path.parent / RULES
        if text is not None:
            # Files of ids are looked for where they are for the rules in force.
            name = str(file.with_name(_GIVEN))
            try:
                return parse_rules(text, name)
            except ConfigError as error:
                # Whoever gave them knows where they are: not in that folder.
                given = (replace(each, file=_GIVEN) if each.file == name else each for each in error.problems)
                raise ConfigError(given) from error
        return load_rules(file) if self._config.shadow.rules or file.exists() else self._config.rules

    def _routes(self, names: Sequence[str]) -> list[Route]:
        twins = [route for route in self._config.routes if route.twin]
        chosen = [route for route in twins if not names or any(fnmatchcase(route.name, each) for each in names)]
        _nobody(names, [route.name for route in twins])
        return chosen

    def known(self, names: Sequence[str]) -> list[str]:
        """Routes that there are, or that there is evidence of: also of one that was taken out of the file."""
        known = {route.name for route in self._config.routes if route.twin}
        known |= {each.scope.route for each in self._store.scopes()}
        _nobody(names, known)
        return sorted(name for name in known if any(fnmatchcase(name, each) for each in names))

    def _hashed(self, subject: str) -> str:
        return subject_hash(keep_secret(StateDir.of(self._config).redaction_key).encode(), subject)


def _nobody(names: Sequence[str], known: Any) -> None:
    for each in names:
        if not any(fnmatchcase(name, each) for name in known):
            raise UnknownToggle(
                f"No route with two sides is named {each!r}.", "`strangler routes` lists them; a glob will do too."
            )
