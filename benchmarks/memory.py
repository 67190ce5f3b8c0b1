"""Reading how much memory a process has and had at most."""

from __future__ import annotations

from pathlib import Path

__all__ = ["forget_peak", "peak", "resident"]


def peak(pid: int) -> float:
    """The most memory that the process has had at a time (VmHWM), in MiB."""
    return _status(pid, "VmHWM")


def resident(pid: int) -> float:
    """The memory that the process has now (VmRSS), in MiB."""
    return _status(pid, "VmRSS")


def forget_peak(pid: int) -> None:
    """Let the peak begin anew at what the process has now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _status(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) / 1024
    raise ValueError(f"/proc/{pid}/status has no {name}")
