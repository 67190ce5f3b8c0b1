"""Logging of the proxy's processes: one line an event on stderr, with the time and the process."""

from __future__ import annotations

import logging
import sys

__all__ = ["log_to_stderr"]


def log_to_stderr(process: str) -> None:
    """Log what happens in this process, called `process` in every line."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format=f"%(asctime)s %(levelname)s {process}: %(message)s",
        force=True,
    )
    # uvicorn's own words repeat what ours say.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    # httpx would write down each address that it asks, and that of a webhook is a secret.
    logging.getLogger("httpx").setLevel(logging.WARNING)
