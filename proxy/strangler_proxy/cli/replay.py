"""`strangler replay`: recorded traffic asked of two sides, and their answers compared."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import click

from strangler.compare import Comparison, Rules, load_rules
from strangler.errors import StranglerError
from strangler.evidence import Redactor
from strangler.recording import CaseFolder, Recording, open_recording
from strangler.shadow import SAFE_METHODS
from strangler_proxy.cli.amounts import Finite
from strangler_proxy.cli.options import JSON
from strangler_proxy.cli.output import print_json
from strangler_proxy.cli.progress import Progress
from strangler_proxy.cli.replay_report import print_report
from strangler_proxy.cli.verdict import EXIT_CODES, header_lines, rule_json
from strangler_proxy.config import Config, load_config
from strangler_proxy.replay.endpoints import Endpoints
from strangler_proxy.replay.junit import junit_xml
from strangler_proxy.replay.pace import Pace
from strangler_proxy.replay.replay import Replay, ReplaySettings
from strangler_proxy.replay.side import Side
from strangler_proxy.replay.stand_ins import StandIns, load_stand_ins
from strangler_proxy.replay.tally import Tally
from strangler_proxy.replay.visitor import Spelling
from strangler_proxy.routes import RouteTable

__all__ = ["replay"]

_FILE = click.Path(path_type=Path, dir_okay=False)
_POSITIVE = Finite(0, min_open=True)
_EVERY_METHOD = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class _Context:
    """What a configuration says of requests: routes by which they are named, rules, and the monolith's cookies. `names`
    are the routes', None without a configuration: then the recording names them."""

    endpoints: Endpoints
    names: tuple[str, ...] | None
    rules: Rules
    rules_file: str
    spelling: Spelling


def _url(context: click.Context, parameter: click.Parameter, value: str) -> str:
    try:
        Side("", value)
    except ValueError as error:
        raise click.BadParameter(f"{error}. Write one such as http://127.0.0.1:8000.") from error
    return value


def _share(context: click.Context, parameter: click.Parameter, value: str) -> float:
    number, percent = value.strip().removesuffix("%"), value.strip().endswith("%")
    try:
        share = float(number) / (100 if percent else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise click.BadParameter("it is no share. Write one from 0% to 100%, such as 5%.")
    return share


def _methods(context: click.Context, parameter: click.Parameter, value: str | None) -> frozenset[str]:
    named = frozenset(each.strip().upper() for each in (value or "").split(",") if each.strip())
    if value is not None and (not named or not all(each.isalpha() for each in named)):
        raise click.BadParameter("it names no methods. Write some such as GET,HEAD.")
    return named


@click.command(short_help="Ask recorded requests of two sides, and compare.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--old", "old_url", metavar="URL", required=True, callback=_url, help="The monolith, or a copy of it.")
@click.option("--new", "new_url", metavar="URL", required=True, callback=_url, help="What is to answer as the old one.")
@click.option("--rules", "rules_file", type=_FILE, help="Compare rules; default those of --route-config.")
@click.option("--route-config", type=_FILE, help="A strangler.toml: its routes name the requests.")
@click.option("--rate", type=_POSITIVE, help="At most so many requests a second.")
@click.option("--as-recorded", is_flag=True, help="At the pace at which they were recorded.")
@click.option("--speed", type=_POSITIVE, help="With --as-recorded: so many times as fast.")
@click.option("--concurrency", type=click.IntRange(1, 256), default=8, show_default=True, help="Requests at once.")
@click.option("--methods", metavar="LIST", callback=_methods, help="Only these methods; default GET,HEAD.")
@click.option(
    "--route", "routes", metavar="GLOB", multiple=True, help="Compare only what this route takes; repeatable."
)
@click.option("--unsafe", is_flag=True, help="Also what changes something. Both sides will be WRITTEN to.")
@click.option("--interleave", is_flag=True, help="Ask the new side first every other time: no cache favours one.")
@click.option("--again", type=click.IntRange(0, 5), default=1, show_default=True, help="Further looks at noise.")
@click.option("--own-host", is_flag=True, help="Send each side its own name as Host, not the recorded one.")
@click.option("--header", "headers", metavar="NAME:VALUE", multiple=True, help="A header for every request.")
@click.option("--login-as", type=_FILE, envvar="STRANGLER_LOGIN_AS", show_envvar=True, help="For what is redacted.")
@click.option("--timeout", "seconds", type=_POSITIVE, default=30.0, show_default=True, help="Seconds for an answer.")
@click.option("--limit", type=click.IntRange(1), help="Only the first so many requests.")
@click.option("--may-miss", metavar="SHARE", default="0%", callback=_share, help="Pairs that may be inconclusive.")
@click.option("--junit", type=_FILE, help="Write JUnit XML there.")
@click.option("--save", type=click.Path(path_type=Path, file_okay=False), help="Keep what differs, as parity cases.")
@JSON
def replay(
    file: Path,
    old_url: str,
    new_url: str,
    rules_file: Path | None,
    route_config: Path | None,
    rate: float | None,
    as_recorded: bool,
    speed: float | None,
    concurrency: int,
    methods: frozenset[str],
    routes: tuple[str, ...],
    unsafe: bool,
    interleave: bool,
    again: int,
    own_host: bool,
    headers: tuple[str, ...],
    login_as: Path | None,
    seconds: float,
    limit: int | None,
    may_miss: float,
    junit: Path | None,
    save: Path | None,
    as_json: bool,
) -> None:
    """Ask both sides every request in FILE, and compare their answers under the rules of its route.

    FILE is a recording of Strangler's, a HAR of a browser or an access log. Each recorded client has cookies, CSRF
    tokens and ids of its own on either side: its login is replayed, and what a side calls 7 is asked for as 7 there.
    Ends with 0 when both sides agree, 1 when they differ, 3 when too little could be compared to say.
    """
    wanted = _wanted(methods, unsafe=unsafe)
    if rate and as_recorded:
        raise click.UsageError("--rate and --as-recorded exclude each other: give one.")
    if speed and not as_recorded:
        raise click.UsageError("--speed is for --as-recorded: give both, or --rate.")
    context = _context(route_config, rules_file)
    _check_routes(routes, context.names)
    settings = ReplaySettings(
        methods=wanted,
        routes=routes,
        concurrency=concurrency,
        interleave=interleave,
        again=again,
        own_host=own_host,
        headers=header_lines(headers),
        limit=limit or 0,
        spelling=context.spelling,
        stand_ins=StandIns() if login_as is None else load_stand_ins(login_as, os.environ),
    )
    if junit is not None and not junit.absolute().parent.is_dir():
        raise StranglerError(f"{junit} cannot be written: there is no such folder. Name another file.")
    recording = open_recording(file)
    tally = Tally(may_miss=may_miss)
    began = datetime.now(UTC)
    cases = None
    if save is not None:
        redactor = Redactor(context.rules.redactions, key=secrets.token_bytes(32))
        cases = CaseFolder(save, redactor, rules=context.rules, rules_file=context.rules_file)
    sides = [Side(name, url, seconds=seconds) for name, url in (("old", old_url), ("new", new_url))]
    with Progress("replayed", min(recording.count, limit or recording.count)) as progress:
        replaying = Replay(
            *sides,
            settings=settings,
            rules=context.rules,
            endpoints=context.endpoints,
            tally=tally,
            pace=Pace(rate=rate or 0.0, speed=(speed or 1.0) if as_recorded else 0.0),
            differing=None if cases is None else cases.keep,
            done=progress.advance,
        )
        asyncio.run(_run(replaying, sides, recording))
    if junit is not None:
        _write(junit, junit_xml(tally, moment=began.strftime("%Y-%m-%dT%H:%M:%S"), host=socket.gethostname()))
    unused = context.rules.unused([Comparison(tally.verdict, matched=frozenset(tally.matched))])
    if as_json:
        print_json(_json(recording, tally, context, unused=[rule_json(rule) for rule in unused], cases=cases))
    else:
        print_report(recording, tally, unused=unused, saved=None if cases is None else (cases.written, cases.dropped))
    raise SystemExit(EXIT_CODES[tally.verdict])


def _wanted(methods: frozenset[str], *, unsafe: bool) -> frozenset[str]:
    changing = sorted(methods - SAFE_METHODS)
    if changing and not unsafe:
        raise click.UsageError(
            f"{', '.join(changing)} would change something on both sides. Add --unsafe if that is meant, and point"
            " --old and --new at copies whose data nobody needs."
        )
    return methods or (_EVERY_METHOD if unsafe else frozenset({"GET", "HEAD"}))


def _context(route_config: Path | None, rules_file: Path | None) -> _Context:
    config: Config | None = None if route_config is None else load_config(route_config)
    rules, named = Rules(), ""
    if rules_file is not None:
        rules, named = load_rules(rules_file), str(rules_file)
    elif config is not None and config.shadow.rules is not None:
        rules, named = config.rules, str(config.shadow.rules)
    if config is None:
        return _Context(Endpoints(), None, rules, named, Spelling())
    csrf = frozenset(name for name in config.private_cookies if "csrf" in name.lower())
    spelling = Spelling(
        session_cookies=config.private_cookies - csrf or Spelling().session_cookies,
        csrf_cookies=csrf or Spelling().csrf_cookies,
    )
    endpoints = Endpoints(RouteTable(config.routes, file=str(route_config)))
    return _Context(endpoints, tuple(route.name for route in config.routes), rules, named, spelling)


def _check_routes(globs: Sequence[str], names: Sequence[str] | None) -> None:
    for glob in globs:
        if names is not None and not any(fnmatchcase(name, glob) for name in names):
            raise click.UsageError(f"--route {glob} is no route of --route-config, which has: {', '.join(names)}.")


async def _run(replaying: Replay, sides: Sequence[Side], recording: Recording) -> None:
    async with AsyncExitStack() as stack:
        for side in sides:
            await stack.enter_async_context(side)
        await replaying.run(recording)


def _json(
    recording: Recording, tally: Tally, context: _Context, *, unused: list[dict[str, Any]], cases: CaseFolder | None
) -> dict[str, Any]:
    return {
        "recording": {
            "file": str(recording.path),
            "format": recording.format.value,
            "requests": recording.count,
            "skipped": dict(recording.skipped),
        },
        **tally.to_json(),
        "rules": {"file": context.rules_file, "revision": context.rules.revision, "unused": unused},
        "saved": None if cases is None else {"cases": cases.written, "dropped": cases.dropped},
    }


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise StranglerError(f"{path} cannot be written: {error.strerror}. Name another file.") from error
