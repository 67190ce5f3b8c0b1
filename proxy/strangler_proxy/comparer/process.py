"""A comparer's process."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

from strangler.compare import Limits
from strangler.errors import StranglerError
from strangler.evidence import Redactor
from strangler_proxy.comparer.backlog import Backlog
from strangler_proxy.comparer.comparer import Comparer
from strangler_proxy.comparer.desk import Desk
from strangler_proxy.comparer.examination import Examiner
from strangler_proxy.comparer.intake import Intake
from strangler_proxy.comparer.keeping import Keeper
from strangler_proxy.comparer.learned import LearnedIds
from strangler_proxy.comparer.ledger import Ledger
from strangler_proxy.comparer.link import EvidenceLink
from strangler_proxy.comparer.report import Report
from strangler_proxy.comparer.sides import Sides
from strangler_proxy.config.values import Config
from strangler_proxy.life import SERVING, Tie, beat, go_or_stop
from strangler_proxy.priority import give_way
from strangler_proxy.proxied_line import ProxiedLine
from strangler_proxy.secret import keep_secret
from strangler_proxy.shadow.frame import longest_frame
from strangler_proxy.state import StateDir
from strangler_proxy.vouch_secret import vouch_secret

__all__ = ["redacting", "run"]

_MOST_WAITING: Final = 1024
# To end, within what the supervisor allows: for what is under way, and for telling it.
_FINISH_SECONDS: Final = 2.5
_TELL_SECONDS: Final = 1.5

_log = logging.getLogger("strangler.comparer")


def run(number: int, config: Config, at: Path, tie: Tie) -> None:
    """Be the comparer of that `number`: compare what is told on the Unix socket `at` until SIGTERM, and then until
    nobody is connected any more, within `config.longest_drain`.

    The control plane need not be there, then or ever. `tie` is told how far this comparer is, and says when it may
    begin.
    """
    # An interrupt from the terminal reaches the whole process group; the supervisor decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    give_way()
    asyncio.run(_serve(number, config, at, tie))


async def _serve(number: int, config: Config, at: Path, tie: Tie) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    state = StateDir.of(config)
    backlog = Backlog(_MOST_WAITING, config.shadow.bytes, lambda: intake.read_on())
    redactor = redacting(config, state)
    desk = Desk(
        redactor,
        config.shadow.bytes,
        lambda: intake.read_on(),
        telling=lambda: intake.records,
        tell=lambda: link.tell_recording(),
    )
    intake = Intake(backlog, longest_frame(config.shadow.body_bytes), desk)
    ledger = Ledger(config.rules, Keeper(None if redactor is None else redactor.kept))
    if not await go_or_stop(tie, stop):
        return
    sides = Sides(config, ProxiedLine(vouch_secret(config)))
    learned = LearnedIds(config.rules, state.learned_ids(number), state.write)
    examiner = Examiner(config.rules, sides, lag=config.shadow.lag, ids=learned.map, limits=_limits(config))
    comparer = Comparer(backlog, ledger, examiner, sides, recheck=config.shadow.recheck)
    report = Report(intake, backlog, comparer, ledger, sides, desk)
    link = EvidenceLink(
        state.socket,
        number,
        ledger.take,
        report.take,
        config=config.digest,
        on_order=desk.heed,
        recording=desk.report,
    )
    await intake.listen(at)
    saving = loop.create_task(learned.run())
    tasks = [loop.create_task(work) for work in (comparer.run(), desk.run(), link.run(), beat(tie))]
    for task in tasks:
        # None of them ends by itself: where one does, whoever starts us anew sets it right.
        task.add_done_callback(lambda _: stop.set())
    tie.say(SERVING)
    await stop.wait()
    # The last time, for whoever comes after us writes there too.
    saving.cancel()
    learned.save()
    with suppress(TimeoutError):
        async with asyncio.timeout(config.longest_drain):
            await intake.deserted()
    intake.close()
    desk.finish()
    link.tell_recording()
    await comparer.finish(_FINISH_SECONDS)
    if not await link.tell_all(_TELL_SECONDS):
        _log.warning("what was found last could not be told")
    for task in tasks:
        task.cancel()
    for failure in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(failure, Exception):
            _log.error("ended by a fault of its own", exc_info=failure)
    sides.close()
    # A second word to end, as when the tie breaks, would otherwise come to an event loop that is closed by half.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _limits(config: Config) -> Limits:
    """How long one comparison may hold everything else up: some tenths of a second."""
    return Limits(body_bytes=4 * config.shadow.body_bytes, nodes=500_000)


def redacting(config: Config, state: StateDir) -> Redactor | None:
    """What takes secrets out of what is kept; None, which the log tells, where its key cannot be had."""
    try:
        return Redactor(config.rules.redactions, key=keep_secret(state.redaction_key).encode())
    except StranglerError as error:
        _log.error("%s Until then, no pair is kept whole, and nothing is recorded.", error)
        return None
