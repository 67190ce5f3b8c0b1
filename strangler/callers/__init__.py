"""Who reaches the monolith, through the proxy or past it, as counted inside the monolith.

    callers = read_callers(Path("callers.json"))     # of `manage.py strangler_callers --json`
    callers.unused({"api/v1/products/"}, seconds=14 * 86400, now=datetime.now(UTC))

`strangler.django.callers` counts.
"""

from strangler.callers.callers import VERSION, Callers
from strangler.callers.counted import Caller, Counted, Passage, Reached
from strangler.callers.file import read_callers, text_of

__all__ = [
    "VERSION",
    "Caller",
    "Callers",
    "Counted",
    "Passage",
    "Reached",
    "read_callers",
    "text_of",
]
