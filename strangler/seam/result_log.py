"""An observer for seams that writes one log line for each compared or failed call, and no value of anybody's."""

from __future__ import annotations

import logging
from typing import Final

from strangler.compare.values import Verdict
from strangler.seam.observation import SeamResult

__all__ = ["log_result"]

_LOG: Final = logging.getLogger("strangler.seam.results")
_MOST_FIELDS: Final = 5


def log_result(result: SeamResult) -> None:
    """Log what came of one call to the logger `strangler.seam.results`: give it to a seam as its `observer`.

    Agreement is logged at INFO, everything else at WARNING. A difference is told by its field and kind, never by its
    values, which may be a customer's.
    """
    name = f"{result.seam}.{result.method}" if result.method else result.seam
    if result.verdict is Verdict.AGREE:
        _LOG.info("seam %s: agree", name)
    elif result.verdict is Verdict.DIFFER:
        fields = dict.fromkeys(f"{each.field} {each.kind}" for each in result.differences)
        _LOG.warning("seam %s: differ: %s", name, ", ".join(list(fields)[:_MOST_FIELDS]))
    elif result.verdict is Verdict.INCONCLUSIVE:
        _LOG.warning("seam %s: inconclusive: %s", name, result.cause)
    elif result.fallback:
        error = result.new.error if result.new is not None else None
        _LOG.warning("seam %s: fallback: %s", name, type(error).__name__)
