"""What must agree between the tables of a file where requests are copied, and the compare rules that it names."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Any

from strangler.compare import Rules, load_rules
from strangler.errors import ConfigError, Problem
from strangler.shadow import SAFE_METHODS
from strangler_proxy.config.place import Place, did_you_mean
from strangler_proxy.config.positions import Path
from strangler_proxy.config.shadow_table import RULES, EvidenceTable, ShadowTable
from strangler_proxy.config.store_url import is_postgres
from strangler_proxy.config.upstreams import Upstream

__all__ = ["check_evidence", "check_shadow", "check_writes", "read_rules"]


def check_shadow(
    shadow: ShadowTable | None, document: dict[str, Any], upstreams: list[Upstream], monolith: str | None, place: Place
) -> list[Problem]:
    """The second instance, and sizes. `upstreams` are those without a problem of their own."""
    if shadow is None:
        return []
    problems = []
    if shadow.body_bytes > shadow.bytes:
        where: Path = ("shadow", "body_bytes" if "body_bytes" in document.get("shadow", {}) else "bytes")
        wrong = f"would let one body be longer ({shadow.body_bytes}) than all copies together ({shadow.bytes})"
        problems.append(place.problem(where, wrong, "make shadow.bytes several times as large as shadow.body_bytes"))
    second = shadow.second
    if second is None:
        return problems
    where = ("shadow", "second")
    known = list(document.get("upstreams", {}))
    if second == monolith:
        right = "name another instance of it, with a table of its own, or leave the key out"
        problems.append(place.problem(where, f"{second!r} is the monolith itself", right))
    elif second not in known:
        add = f"add [upstreams.{second}] with the url of the second instance and trusted = true"
        right = did_you_mean(second, [name for name in known if name != monolith], add)
        problems.append(place.problem(where, f"there is no upstream {second!r}", right))
    elif any(upstream.name == second and not upstream.trusted for upstream in upstreams):
        right = f"write trusted = true under [upstreams.{second}]: it is sent the monolith's own cookies"
        problems.append(place.problem(where, f"{second!r} is not trusted", right))
    return problems


def check_writes(document: dict[str, Any], place: Place) -> list[Problem]:
    """That a strategy for writes is for a route that has some."""
    problems = []
    for index, item in enumerate(document.get("routes", [])):
        if not isinstance(item, dict) or "writes" not in item:
            continue
        methods = item.get("methods", ["GET"])
        if isinstance(methods, list) and all(method in SAFE_METHODS for method in methods):
            wrong = "is for methods that change something, and this route has none"
            right = 'take it out, or name such a method, as in methods = ["POST"]'
            problems.append(place.problem(("routes", index, "writes"), wrong, right))
    return problems


def check_evidence(evidence: EvidenceTable | None, url: str, store: str, place: Place) -> list[Problem]:
    """That evidence has a file of its own; `url` and `store` are the absolute URLs. One PostgreSQL may hold both."""
    if evidence is None or url != store or is_postgres(url):
        return []
    where: Path = ("evidence", "url") if evidence.url is not None else ("store", "url")
    wrong = "names the toggles' and the evidence's store at once"
    return [place.problem(where, wrong, "give evidence a file of its own, or leave evidence.url out")]


def read_rules(
    shadow: ShadowTable | None, folder: FilePath, place: Place
) -> tuple[FilePath | None, Rules, list[Problem]]:
    """The file of the compare rules, the rules in it, and what is wrong with them: none of it where there is none."""
    named = None if shadow is None else shadow.rules
    path = folder / FilePath(named or RULES).expanduser()
    if named is None and not path.exists():
        return None, Rules(), []
    if named is not None and not path.is_file():
        wrong = f"there is no file {path}"
        return None, Rules(), [place.problem(("shadow", "rules"), wrong, f"write one, or leave the key out: {RULES}")]
    try:
        return path, load_rules(path), []
    except ConfigError as error:
        return None, Rules(), list(error.problems)
