"""Load by wrk, as fast as the peer answers, and what wrk said about it."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import LOAD_CORES

__all__ = ["PROGRAM", "Said", "WrkError", "load", "parse"]

PROGRAM = "/usr/bin/wrk"
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


class WrkError(RuntimeError):
    """wrk was answered with errors, or said something that nobody understands."""


@dataclass(frozen=True, slots=True)
class Said:
    """What wrk said: how many requests, how many a second, and latency in milliseconds at two quantiles."""

    count: int
    rate: float
    p50: float
    p99: float


def load(port: int, script: Path, *, connections: int, seconds: int, cores: frozenset[int] | None = LOAD_CORES) -> Said:
    """Keep all connections busy for some seconds; raises WrkError when an answer is not 2xx or a connection fails."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency", "-s", str(script)]
    if cores is not None:
        command = ["taskset", "-c", ",".join(str(core) for core in sorted(cores)), *command]
    done = subprocess.run([*command, f"http://127.0.0.1:{port}/"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise WrkError(f"wrk ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return parse(done.stdout)


def parse(text: str) -> Said:
    """What wrk printed, read; raises WrkError for errors that it tells of and for what is not its report."""
    if errors := re.search(r"Non-2xx.*|Socket errors.*", text):
        raise WrkError(errors.group())
    return Said(
        int(_found(r"(\d+) requests in", text)[0]),
        float(_found(r"Requests/sec:\s+([\d.]+)", text)[0]),
        _milliseconds(text, "50%"),
        _milliseconds(text, "99%"),
    )


def _found(pattern: str, text: str) -> tuple[str, ...]:
    found = re.search(pattern, text)
    if found is None:
        raise WrkError(f"wrk did not say {pattern!r}:\n{text}")
    return found.groups()


def _milliseconds(text: str, quantile: str) -> float:
    value, unit = _found(rf"\s{quantile}\s+([\d.]+)(us|ms|s|m)\b", text)
    return float(value) * _UNITS[unit]
