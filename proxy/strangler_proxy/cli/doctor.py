"""`strangler doctor`: what is wrong between the proxy and the monolith behind it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import click

from strangler.doctor import Finding, MonolithFacts, Severity, examine, read_facts
from strangler.doctor.facts import parse_facts
from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.output import print_json, print_text
from strangler_proxy.config import Config, load_config
from strangler_proxy.doctor import Live, live_findings, proxy_facts
from strangler_proxy.secret import read_secret
from strangler_proxy.state import StateDir
from strangler_proxy.vouch_secret import VOUCH_VARIABLE, vouch_secret
from strangler_proxy.words import counted

__all__ = ["doctor"]

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where we connect instead


def _origins(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    for each in given:
        url = urlsplit(each)
        if url.scheme not in ("http", "https") or not url.hostname or url.path not in ("", "/") or url.query:
            raise click.BadParameter(f"{each!r} is no origin; write one such as https://shop.example.com.")
    return tuple(each.rstrip("/").lower() for each in given)


def _service(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[tuple[str, Path], ...]:
    pairs = [each.partition("=") for each in given]
    for name, equals, file in pairs:
        if not (name and equals and file):
            raise click.BadParameter(f"{name!r} is no NAME=FILE, such as events=events-facts.json.")
    return tuple((name, Path(file)) for name, _equals, file in pairs)


@click.command(short_help="Say what is wrong between proxy and monolith, with the line to change.")
@click.option(
    "--facts",
    default="facts.json",
    show_default=True,
    metavar="FILE",
    help="What `python manage.py strangler_doctor --facts FILE` wrote in the monolith; - for standard input.",
)
@click.option(
    "--origin", "origins", multiple=True, callback=_origins, metavar="URL", help="Where customers are; may be repeated."
)
@click.option(
    "--service",
    "services",
    multiple=True,
    callback=_service,
    metavar="NAME=FILE",
    help="The facts of another Django process that sees the session; may be repeated.",
)
@click.option("--live", is_flag=True, help="Ask the first origin too, else the proxy itself; nothing is changed.")
@JSON
@CONFIG
def doctor(
    facts: str,
    origins: tuple[str, ...],
    services: tuple[tuple[str, Path], ...],
    live: bool,
    as_json: bool,
    config: Path,
) -> None:
    """Say what is wrong between the proxy and the Django monolith behind it: what, why, and which line to change.

    First, in the monolith's environment: python manage.py strangler_doctor --facts facts.json. Then here, beside
    strangler.toml. Ends with 0 when nothing is wrong, risks and notes or not, with 1 when something is, and with 2 for
    bad input.
    """
    loaded = load_config(config)
    monolith = parse_facts(sys.stdin.read(), "standard input") if facts == "-" else read_facts(Path(facts))
    findings = examine(monolith, proxy_facts(loaded, origins), {name: read_facts(file) for name, file in services})
    if live:
        findings += live_findings(_live(loaded, monolith, origins), monolith)
    if as_json:
        print_json({"facts": facts, "at": monolith.at, "findings": [each.to_json() for each in findings]})
    else:
        _tell(findings, live=live)
    if any(each.severity is Severity.WRONG for each in findings):
        click.get_current_context().exit(1)


def _live(config: Config, facts: MonolithFacts, origins: Sequence[str]) -> Live:
    # Never made here: the monolith could not know it yet.
    kept = StateDir.of(config).vouch_secret
    secret = vouch_secret(config) if os.environ.get(VOUCH_VARIABLE) else read_secret(kept)
    if origins:
        return Live(origins[0], origins[0], secret)
    scheme = "http" if config.tls is None else "https"
    port = StateDir.of(config).read_addresses().get("listen", "").rpartition(":")[2] or config.listen.port
    host = _ANYWHERE.get(config.listen.host, config.listen.host)
    url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
    named = next((each for each in facts.allowed_hosts if not each.startswith((".", "*", "["))), "")
    return Live(f"{scheme}://{named}" if named else url, url, secret)


def _tell(findings: Sequence[Finding], *, live: bool) -> None:
    for each in findings:
        print_text(f"{each.severity.value} {each.code}  {each.setting} {each.wrong}")
        print_text(f"    {each.why}")
        if each.where:
            print_text(f"    {each.where}:")
        for line in each.change.split("\n"):
            print_text(f"    {'    ' if each.where else ''}{line}")
        print_text()
    counts = {severity: sum(each.severity is severity for each in findings) for severity in Severity}
    words = f"{counts[Severity.WRONG]} wrong, {counted(counts[Severity.RISK], 'risk')}, "
    print_text(f"{words}{counted(counts[Severity.NOTE], 'note')}.")
    if not live:
        print_text("Settings were looked at. With --live a few requests are sent the way that customers go.")
