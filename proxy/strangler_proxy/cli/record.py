"""`strangler record`: record what passes the running proxy."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import click

from strangler.errors import ControlRefused, ControlUnreachable
from strangler_proxy.cli.amounts import duration, share, size
from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.output import print_json, print_text, warn
from strangler_proxy.cli.record_progress import RecordProgress
from strangler_proxy.cli.record_told import told_end, told_running
from strangler_proxy.cli.remote import control_client, edits_named
from strangler_proxy.client import ControlClient

__all__ = ["record"]

_LOOK_EVERY: Final = 0.5
# While the proxy is reloaded nobody answers for a moment.
_PATIENCE: Final = 5.0
_NOTHING: Final = 3


def _one_line(_: click.Context, __: click.Parameter, value: str) -> str:
    text = value.encode(errors="surrogateescape").decode(errors="replace").strip()
    if not text:
        raise click.BadParameter("it is empty; leave it out, or say in a few words why.")
    return text


@click.command(short_help="Record what passes the running proxy, for replay.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option(
    "--route", "routes", metavar="GLOB", multiple=True, help="Only these routes, by name.  [default: everything]"
)
@click.option(
    "--sample",
    metavar="SHARE",
    callback=share,
    default="100%",
    show_default=True,
    help="Share of clients, each with all it asks.",
)
@click.option(
    "--for",
    "seconds",
    metavar="TIME",
    callback=duration,
    default="10m",
    show_default=True,
    help="End after this, 24h at most.",
)
@click.option("--requests", type=click.IntRange(1), help="End after so many recorded requests.")
@click.option(
    "--rotate-size", metavar="SIZE", callback=size, default="64MiB", show_default=True, help="When a file is full."
)
@click.option(
    "--rotate-age", metavar="TIME", callback=duration, default="24h", show_default=True, help="When it is, too."
)
@click.option("--gzip", is_flag=True, help="Pack the file.")
@click.option("--bodies/--no-bodies", default=True, show_default=True, help="Whether bodies are recorded.")
@click.option("--force", is_flag=True, help="Replace a recording of that name.")
@click.option("--why", default="recording", show_default=True, callback=_one_line, help="Why; stands in the log.")
@click.option("--stop", is_flag=True, help="End the recording that runs.")
@click.option("--status", "show", is_flag=True, help="Show the recording that runs, or ran last.")
@JSON
@CONFIG
def record(
    file: Path | None,
    routes: tuple[str, ...],
    sample: str,
    seconds: float,
    requests: int | None,
    rotate_size: int,
    rotate_age: float,
    gzip: bool,
    bodies: bool,
    force: bool,
    why: str,
    stop: bool,
    show: bool,
    as_json: bool,
    config: Path,
) -> None:
    """Record requests and the answers that customers get into FILE, for `strangler replay`.

    The proxy writes FILE, without what is secret, until the time or the number is over, or Ctrl-C. Ends with 0 when
    something was recorded, with 3 when nothing was.
    """
    if stop + show + (file is not None) != 1:
        raise click.UsageError("Name a FILE to record into, or say --stop or --status.")
    if str(file) in ("stop", "status"):
        # Whoever says `record stop` wants an end, and would have begun another.
        raise click.UsageError(f"Say --{file}; a file of that name wants an ending, such as {file}.ndjson.")
    with control_client(config) as client:
        if show:
            _show(client.recording(), as_json)
            return
        if file is None:
            _end(client.stop_recording, as_json)
            return
        with edits_named(config):
            began = client.record(
                {
                    "file": str(file.absolute()),
                    "routes": list(routes),
                    "sample": sample,
                    "seconds": seconds,
                    "requests": requests,
                    "rotate_bytes": rotate_size,
                    "rotate_seconds": rotate_age,
                    "gzip": gzip,
                    "bodies": bodies,
                    "force": force,
                    "why": why,
                }
            )
        _follow(client, began, as_json)


def _show(recording: Mapping[str, Any] | None, as_json: bool) -> None:
    if as_json:
        print_json({"recording": recording})
    elif recording is None:
        print_text("Nothing is being recorded, and nothing was since the control plane started.")
    else:
        for line in told_end(recording) if recording["state"] == "ended" else told_running(recording):
            print_text(line)


def _end(stop: Callable[[], dict[str, Any]], as_json: bool) -> None:
    try:
        ended = stop()
    except ControlRefused as error:
        if error.code != "no_recording":
            raise
        if as_json:
            print_json({"recording": None})
        else:
            print_text("Nothing is being recorded.")
        raise SystemExit(_NOTHING) from error
    _finish(ended, as_json)


def _follow(client: ControlClient, began: dict[str, Any], as_json: bool) -> None:
    """Show how it goes on until it has ended."""
    if began["missing"]:
        warn(f"worker {', '.join(began['missing'])} has not taken the order yet, and records once it has")
    last = began
    try:
        with RecordProgress(began) as progress:
            while last["state"] != "ended":
                time.sleep(_LOOK_EVERY)
                present = _asked(client.recording)
                if present is None or present["id"] != began["id"]:
                    _finish({**last, "state": "ended", "end": "restarted"}, as_json)
                    return
                last = present
                progress.show(last)
    except KeyboardInterrupt:
        last = _ended(client, last)
    _finish(last, as_json)


def _ended(client: ControlClient, last: dict[str, Any]) -> dict[str, Any]:
    """End this recording, and no other that may have begun after it ended by itself."""
    present = client.recording()
    if present is None or present["id"] != last["id"]:
        return {**last, "state": "ended", "end": "restarted"}
    if present["state"] == "ended":
        return present
    try:
        return client.stop_recording()
    except ControlRefused:
        # It was over in between.
        return client.recording() or present


def _asked(ask: Callable[[], dict[str, Any] | None]) -> dict[str, Any] | None:
    """What the control plane answers, as soon as there is one. Raises ControlUnreachable."""
    patient_until = time.monotonic() + _PATIENCE
    while True:
        try:
            return ask()
        except ControlUnreachable:
            if time.monotonic() > patient_until:
                raise
            time.sleep(_LOOK_EVERY)


def _finish(recording: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print_json({"recording": recording})
    else:
        for line in told_end(recording):
            print_text(line)
    if not recording["written"]:
        raise SystemExit(_NOTHING)
