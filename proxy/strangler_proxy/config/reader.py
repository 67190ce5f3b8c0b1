"""`load_config`: a `strangler.toml` to a Config, or to every problem in it at once."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from strangler.errors import ConfigError, Problem
from strangler.toggles import NAME_PATTERN, default_salt
from strangler_proxy.config.checks import (
    check_addresses,
    check_listener,
    check_names,
    check_routes,
    check_tracing,
    check_upstreams,
)
from strangler_proxy.config.document import (
    TABLES,
    ControlTable,
    ControlTlsTable,
    EvidenceTable,
    LimitsTable,
    ListenerTlsTable,
    ProxyTable,
    RouteItem,
    SeamItem,
    ShadowTable,
    StateTable,
    StoreTable,
    TracingTable,
    UpstreamTable,
)
from strangler_proxy.config.environment import expanded
from strangler_proxy.config.forms import shown
from strangler_proxy.config.gates_section import StageGatesTable, check_gates
from strangler_proxy.config.group_table import GroupTable, check_groups
from strangler_proxy.config.groups import Group
from strangler_proxy.config.identity import IdentitySettings
from strangler_proxy.config.identity_table import IdentityTable
from strangler_proxy.config.notify_table import NotifyTable
from strangler_proxy.config.place import Place, did_you_mean
from strangler_proxy.config.positions import Path as KeyPath
from strangler_proxy.config.positions import Positions
from strangler_proxy.config.rollout_table import RolloutTable, schedule_of
from strangler_proxy.config.shadow_checks import check_evidence, check_shadow, check_writes, read_rules
from strangler_proxy.config.store_url import absolute, is_postgres
from strangler_proxy.config.upstream_checks import check_upstream
from strangler_proxy.config.validation import validated
from strangler_proxy.config.values import Config, Limits, ListenerTls, Seam, Tracing, Upstream
from strangler_proxy.rollout import DEFAULT, Schedule
from strangler_proxy.routes.clash import clashes
from strangler_proxy.routes.route import Route

__all__ = ["config_text", "load_config", "read_config", "syntax_problem"]

Model = TypeVar("Model", bound=BaseModel)


def load_config(path: Path, environment: Mapping[str, str] | None = None) -> Config:
    """Read and check the file at `path`; `${NAME}` in its texts comes from `environment` (default: the process's).

    Raises ConfigError with every problem that was found.
    """
    return read_config(config_text(path), path, os.environ if environment is None else environment)


def config_text(path: Path) -> str:
    """The text of the file at `path`. Raises ConfigError where it cannot be read."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        wrong, right = (
            "there is no such file",
            "write one with `strangler init --monolith URL`, or name another with -c",
        )
        raise ConfigError([Problem(str(path), None, "", wrong, right)]) from None
    except OSError as error:
        wrong = f"cannot be read: {error.strerror}"
        raise ConfigError([Problem(str(path), None, "", wrong, "name a file that can be read with -c")]) from None
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem(str(path), line, "", "is not UTF-8", "save the file as UTF-8")]) from None


def read_config(text: str, path: Path, environment: Mapping[str, str]) -> Config:
    """`text` as the Config of a file at `path`. Raises ConfigError with every problem that was found."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([syntax_problem(str(path), text, error)]) from None
    place = Place(str(path), Positions(text), raw)
    document, missing = expanded(raw, environment)
    reading = _Reading(document, place, frozenset(gap for gap, _ in missing))
    reading.problems += [
        place.problem(
            gap, f"the environment variable {name} is not set", f"set it, or write a default: ${{{name}:-...}}"
        )
        for gap, name in missing
    ]
    return reading.config(path, text)


def syntax_problem(file: str, text: str, error: tomllib.TOMLDecodeError) -> Problem:
    """Where the `text` of a file is not TOML."""
    found = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", str(error))
    wrong = str(error)[: found.start()] if found else str(error)
    line = int(found[1]) if found and found[1] else max(1, len(text.rstrip("\n").split("\n")))
    column = f" at column {found[2]}" if found and found[2] else ""
    wrong = f"is not TOML{column}: {wrong[:1].lower()}{wrong[1:]}"
    return Problem(file, line, "", wrong, "mend the syntax; texts stand in quotes, tables in [brackets]")


class _Reading:
    """One file on its way to a Config, with what was found wrong so far."""

    def __init__(self, document: dict[str, Any], place: Place, unset: frozenset[KeyPath]) -> None:
        self._document = document
        self._place = place
        self._unset = unset
        self.problems: list[Problem] = []

    def config(self, path: Path, text: str) -> Config:
        self._check_shape()
        tls = self._tls("proxy", ListenerTlsTable, path.resolve().parent)
        control_tls = self._tls("control", ControlTlsTable, path.resolve().parent)
        proxy = self._table("proxy", ProxyTable)
        control = self._table("control", ControlTable)
        store = self._table("store", StoreTable)
        state = self._table("state", StateTable)
        limits = self._table("limits", LimitsTable)
        identity = self._table("identity", IdentityTable)
        tracing = self._table("tracing", TracingTable)
        shadow = self._table("shadow", ShadowTable)
        evidence = self._table("evidence", EvidenceTable)
        gates = self._table("gates", StageGatesTable)
        upstreams = self._upstreams(path.resolve().parent)
        routes = self._routes()
        seams = [
            Seam(item.name, item.salt or default_salt(item.name), line) for item, line in self._items("seams", SeamItem)
        ]
        monolith = self._monolith()
        self.problems += check_upstreams(self._document, monolith, self._place)
        self.problems += check_names(self._document, self._place)
        self.problems += check_routes(self._document, monolith, self._place)
        groups = self._groups()
        schedules, notify = self._schedules(), self._table("notify", NotifyTable)
        trusting = bool(self._document.get("proxy", {}).get("trusted_proxies"))
        self.problems += check_groups(groups, self._place, trusting=trusting)
        self.problems += check_addresses(proxy, control, upstreams, self._place, tls=control_tls is not None)
        self.problems += check_listener(proxy, self._place)
        self.problems += check_tracing(tracing, self._place)
        self.problems += check_shadow(shadow, self._document, upstreams, monolith, self._place)
        self.problems += check_writes(self._document, self._place)
        self.problems += check_gates(self._document, self._place)
        self.problems += clashes(routes, file=self._place.file)
        folder = path.resolve().parent
        rules_file, rules, problems = read_rules(shadow, folder, self._place)
        self.problems += problems
        if not (
            proxy and control and store and state and limits and tracing and identity and shadow and evidence and notify
        ):
            raise ConfigError(dict.fromkeys(self.problems))
        state_dir = folder / Path(state.dir).expanduser()
        toggles_url = absolute(store.url, folder, state_dir / "store.db")
        evidence_url = absolute(evidence.url, folder, state_dir / "evidence.db")
        if evidence.url is None and is_postgres(toggles_url):
            evidence_url = toggles_url
        self.problems += check_evidence(evidence, evidence_url, toggles_url, self._place)
        if self.problems:
            raise ConfigError(dict.fromkeys(self.problems))
        return Config(
            path=path,
            upstreams={upstream.name: upstream for upstream in upstreams},
            routes=tuple(routes),
            seams=tuple(seams),
            monolith=proxy.monolith,
            listen=proxy.listen,
            control=control.listen,
            replica=proxy.replica or "",
            workers=proxy.workers,
            state_dir=state_dir,
            store=toggles_url,
            subject=tuple(proxy.subject),
            private_cookies=frozenset(proxy.private_cookies),
            trusted_proxies=tuple(proxy.trusted_proxies),
            limits=Limits(**limits.model_dump()),
            identity=IdentitySettings(
                **identity.settings(),
                keys_file=folder / Path(identity.keys_file).expanduser() if identity.keys_file else None,
            ),
            refuse_dot_segments=proxy.refuse_dot_segments,
            access_log=proxy.access_log,
            drain_timeout=proxy.drain_timeout,
            tunnel_grace=proxy.tunnel_grace,
            hang_timeout=proxy.hang_timeout,
            proxy_protocol=proxy.proxy_protocol,
            tls=tls,
            access_log_sample=proxy.access_log_sample,
            access_log_slow=proxy.access_log_slow,
            metrics_public=control.metrics_public,
            tracing=Tracing(tracing.endpoint or "", tracing.sample, tracing.service_name),
            shadow=shadow.settings(rules_file),
            evidence=evidence.settings(evidence_url),
            gates=gates.by_stage() if gates else {},
            rules=rules,
            rollouts=schedules,
            notify=notify.settings(folder),
            groups=tuple(groups),
            inventory=None if proxy.inventory is None else folder / Path(proxy.inventory).expanduser(),
            control_tls=control_tls,
            control_rate=control.rate,
            edit_rules=control.edit_rules,
            plan=folder / Path(control.plan).expanduser(),
            text=text,
        )

    def _tls(self, section: str, model: type[ListenerTlsTable], folder: Path) -> ListenerTls | None:
        """`[SECTION.tls]`, which is taken out of its table: it is looked at as a table of its own."""
        whole = self._document.get(section, {})
        if "tls" not in whole:
            return None
        self._document[section] = {key: value for key, value in whole.items() if key != "tls"}
        table = self._validated(model, whole["tls"], (section, "tls"))
        if table is None:
            return None
        return ListenerTls(folder / Path(table.certificate).expanduser(), folder / Path(table.key).expanduser())

    def _schedules(self) -> dict[str, Schedule]:
        found = {DEFAULT.name: DEFAULT}
        for name, raw in self._document.get("rollouts", {}).items():
            table = self._validated(RolloutTable, raw, ("rollouts", name))
            if table is not None:
                schedule, problems = schedule_of(name, table, self._place, unset=self._unset)
                self.problems += problems
                found |= {} if schedule is None else {name: schedule}
        return found

    def _groups(self) -> list[Group]:
        found = []
        for name, raw in self._document.get("groups", {}).items():
            table = self._validated(GroupTable, raw, ("groups", name))
            if table is not None:
                found.append(table.group(name, self._place.line(("groups", name))))
        return found

    def _monolith(self) -> str | None:
        """The name of the monolith's upstream even where something else in its table is wrong; None if it is itself."""
        name = self._document.get("proxy", {}).get("monolith", ProxyTable.model_fields["monolith"].default)
        return name if isinstance(name, str) and NAME_PATTERN.fullmatch(name) else None

    def _check_shape(self) -> None:
        """Drop what is not a known section of the right shape, so that the rest can be looked at."""
        lists = ("routes", "seams")
        for key, value in list(self._document.items()):
            if key not in TABLES or "." in key:
                known = [f"[[{name}]]" if name in lists else f"[{name}]" for name in TABLES]
                right = did_you_mean(key, list(TABLES), f"the sections are {', '.join(known)}")
                wrong = f"is not a {'section' if isinstance(value, dict | list) else 'key'} that Strangler knows"
            elif key in lists and not isinstance(value, list):
                wrong, right = "is not a list", f"write [[{key}]] above each, with two brackets"
            elif key not in lists and not isinstance(value, dict):
                wrong, right = (
                    f"is {shown(value)}",
                    f"write a table: [{key}" + (".NAME]" if key in ("upstreams", "groups", "rollouts") else "]"),
                )
            else:
                continue
            self.problems.append(self._place.problem((key,), wrong, right))
            del self._document[key]

    def _table(self, name: str, model: type[Model]) -> Model | None:
        return self._validated(model, self._document.get(name, {}), (name,))

    def _validated(self, model: type[Model], raw: Any, path: KeyPath) -> Model | None:
        table, problems = validated(model, raw, path, self._place, unset=self._unset)
        self.problems += problems
        return table

    def _items(self, section: str, model: type[Model]) -> list[tuple[Model, int | None]]:
        found = []
        for index, raw in enumerate(self._document.get(section, [])):
            item = self._validated(model, raw, (section, index))
            if item is not None:
                found.append((item, self._place.line((section, index))))
        return found

    def _upstreams(self, folder: Path) -> list[Upstream]:
        monolith = self._monolith()
        upstreams = []
        for name, raw in self._document.get("upstreams", {}).items():
            table = self._validated(UpstreamTable, raw, ("upstreams", name))
            if table is not None:
                problems = check_upstream(name, table, raw, folder, self._place)
                self.problems += problems
                if not problems:
                    upstreams.append(table.upstream(name, folder, monolith=name == monolith))
        return upstreams

    def _routes(self) -> list[Route]:
        return [
            Route(
                name=item.name,
                methods=frozenset(item.methods) | ({"HEAD"} if "GET" in item.methods else set()),
                path=item.path,
                candidate=item.candidate,
                headers=item.headers,
                query=item.query,
                rewrite=item.rewrite,
                timeout=item.timeout,
                twin=item.twin,
                salt=item.salt or default_salt(item.name),
                identity=item.identity,
                private_cookies=item.private_cookies,
                anonymous=item.anonymous,
                captures=tuple(item.captures),
                sample=item.sample,
                writes=item.writes,
                gates=item.gates.by_stage() if item.gates else {},
                line=line,
            )
            for item, line in self._items("routes", RouteItem)
        ]
