"""How pages tell numbers and times. Pure; each is a filter of the templates under its own name."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from markupsafe import Markup, escape

from strangler.toggles import format_share
from strangler_proxy.words import counted, milliseconds
from strangler_proxy.words import percent as told_percent

__all__ = ["FILTERS", "ago", "at", "coded", "count", "day", "duration", "latency", "percent", "rate", "share", "size"]

_NONE: Final = "–"
_TIME: Final = Markup('<time datetime="{}" data-time="{}" title="{}">{}</time>')
_STEPS: Final = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))


def count(number: float | None) -> str:
    """A whole number with its thousands apart: `12 345`."""
    return _NONE if number is None else f"{number:,.0f}".replace(",", "\u202f")


def rate(each_second: float | None) -> str:
    """So many a second: `12.5/s`; below one in ten seconds, so many a minute."""
    if each_second is None:
        return _NONE
    if 0 < each_second < 0.1:
        return f"{each_second * 60:.2g}/min"
    return f"{count(each_second) if each_second >= 100 else format(each_second, '.3g')}/s"


def latency(seconds: float | None) -> str:
    """How long an answer took: `12.3 ms`, `4.71 s`."""
    return _NONE if seconds is None else milliseconds(seconds)


def percent(share: float) -> str:
    """A share in per cent, which no line's end takes apart: `99.5 %`."""
    return told_percent(share).replace(" ", "\u00a0")


def share(buckets: int | None) -> str:
    """A toggle's share, counted in buckets: `12.5%`."""
    return _NONE if buckets is None else format_share(buckets)


def duration(seconds: float | None) -> str:
    """How long, in its two largest units: `2 d 3 h`, `45 s`, `12 ms`."""
    if seconds is None:
        return _NONE
    if abs(seconds) < 1:
        return milliseconds(seconds)
    told: list[str] = []
    left = round(abs(seconds))
    for each, unit in _STEPS:
        whole, left = divmod(left, int(each))
        if whole or told:
            told.append(f"{whole}\u00a0{unit}" if whole else "")
        if len(told) == 2:
            break
    return "\u00a0".join(filter(None, told))


def size(octets: float | None) -> str:
    """So many bytes: `1.5 MiB`."""
    if octets is None:
        return _NONE
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(octets) < 1024 or unit == "GiB":
            break
        octets /= 1024
    return f"{octets:.4g}\u00a0{unit}"


def at(moment: datetime | float | str | None) -> Markup:
    """A moment, told as UTC; the page's script shows it in the reader's zone. A number is seconds since 1970, a text
    what the API tells."""
    return _time(moment, lambda when: when.strftime("%Y-%m-%d %H:%M:%S UTC"), "at")


def coded(text: str) -> Markup:
    """A sentence as the command line tells it: what stands between backticks is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup().join(
        Markup("<code>{}</code>").format(part) if index % 2 else escape(part) for index, part in enumerate(parts)
    )


def day(moment: datetime | float | str | None) -> Markup:
    """The day of a moment, as `at`."""
    return _time(moment, lambda when: when.strftime("%Y-%m-%d"), "day")


def ago(moment: datetime | float | str | None) -> Markup:
    """How long ago a moment is: `3 min ago`. The page's script keeps it true."""
    return _time(moment, lambda when: _ago(time.time() - when.timestamp()), "ago")


def _ago(seconds: float) -> str:
    if abs(seconds) < 1:
        return "now"
    told = duration(seconds).split("\u00a0")
    largest = "\u00a0".join(told[:2])
    return f"{largest} ago" if seconds > 0 else f"in {largest}"


def _time(moment: datetime | float | str | None, told: Callable[[datetime], str], kind: str) -> Markup:
    if moment is None or moment == "":
        return escape(_NONE)
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    when = (moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)).astimezone(UTC)
    whole = when.strftime("%Y-%m-%d %H:%M:%S UTC")
    return _TIME.format(when.isoformat(timespec="milliseconds"), kind, whole, told(when))


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "ago": ago,
    "at": at,
    "coded": coded,
    "count": count,
    "counted": counted,
    "day": day,
    "duration": duration,
    "ms": latency,
    "percent": percent,
    "rate": rate,
    "share": share,
    "size": size,
}
