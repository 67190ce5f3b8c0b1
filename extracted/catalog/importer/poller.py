from __future__ import annotations

import logging
import random

import anyio

from extracted.catalog.errors import FeedError, PositionMoved, StoreError
from extracted.catalog.importer.following import Following
from extracted.catalog.importer.importer import Importer

__all__ = ["poll"]

log = logging.getLogger(__name__)

_LONGEST_PAUSE = 2.0


async def poll(importer: Importer, following: Following, seconds: float) -> None:
    """Follows the feed for good: to its end, then again every so many seconds, until it is cancelled.

    Nothing ends it: while monolith or database are away it asks again, at most two seconds apart unless `seconds`
    is more, so that what changed meanwhile is soon here when they are back.
    """
    failures = 0
    while True:
        try:
            step = await importer.step()
        except PositionMoved:
            continue
        except (FeedError, StoreError) as error:
            failures += 1
            if following.went_wrong(error):
                log.warning("the feed cannot be followed", extra={"fields": {"error": following.error}})
        except Exception as error:  # A poller that dies unseen would let the catalogue grow old.
            failures += 1
            if following.went_wrong(error):
                log.exception("the feed cannot be followed")
        else:
            if following.error is not None:
                log.info("the feed is followed again")
            following.went_well(caught_up=not step.more)
            failures = 0
            if step.applied or step.rejected or step.swept:
                log.info(
                    "changes taken in",
                    extra={"fields": {"applied": step.applied, "rejected": step.rejected, "swept": step.swept}},
                )
            if step.more:
                continue
        await anyio.sleep(_pause(seconds, failures))


def _pause(seconds: float, failures: int) -> float:
    if not failures:
        return seconds
    bound = max(seconds, min(seconds * 2 ** min(failures, 10), _LONGEST_PAUSE))
    return random.uniform(bound / 2, bound)  # noqa: S311
