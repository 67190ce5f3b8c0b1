"""The shadow report as one HTML file that needs nothing else: no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment

from strangler.evidence import KeptPair
from strangler_proxy.causes import told_causes
from strangler_proxy.cli.both_answers import rows_of
from strangler_proxy.words import counted, milliseconds, moment, percent

__all__ = ["page"]

_TEMPLATE: Final = "report_page.html"


def page(reports: Sequence[Mapping[str, Any]], examples: Sequence[KeptPair], at: datetime) -> str:
    """The reports, as the control API gives them, with kept pairs beneath their routes. Whatever they hold is text."""
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(counted=counted, percent=percent, moment=moment, milliseconds=milliseconds)
    environment.globals.update(told_causes=told_causes)
    template = environment.from_string(files("strangler_proxy.cli").joinpath(_TEMPLATE).read_text(encoding="utf-8"))
    shown = {kept.id: _example(kept) for kept in examples}
    return template.render(reports=reports, examples=list(shown.values()), made=f"{at.astimezone():%Y-%m-%d %H:%M}")


def _example(kept: KeptPair) -> dict[str, Any]:
    return {
        "route": kept.scope.route,
        "method": kept.pair.request.method,
        "target": kept.pair.request.target,
        "at": moment(kept.at),
        "verdict": kept.verdict.value,
        "differences": [str(each) for each in kept.differences],
        "rows": rows_of(kept),
    }
