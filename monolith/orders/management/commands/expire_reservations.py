"""``expire_reservations``: once, or as the shop's background job with ``--forever``."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, close_old_connections, transaction

from monolith.inventory import services as inventory
from monolith.orders import services as orders

__all__ = ["Command"]


class Command(BaseCommand):
    """One job over two contexts: promises of stock that ran out, and the orders they were made to (a named tangle)."""

    help = "Takes back reservations that ran out, and calls off the orders whose payment never came."

    def add_arguments(self, parser: ArgumentParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--forever", action="store_true", help="do it again and again, until SIGTERM or SIGINT")
        how.add_argument("--dry-run", action="store_true", help="say how many would end, and end none")
        parser.add_argument("--every", type=float, default=30.0, help="seconds between two rounds (%(default)s)")

    def handle(self, *, forever: bool, dry_run: bool, every: float, **_: Any) -> None:
        if every <= 0:
            raise CommandError(f"--every is {every}: give seconds above 0.")
        if forever:
            self._forever(every)
            return
        self._say(*_round(dry_run), dry_run=dry_run)

    def _forever(self, every: float) -> None:
        stop = threading.Event()

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            stop.set()

        before = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            self._out(f"expire_reservations: every {every:g} s")
            while not stop.is_set():
                close_old_connections()
                try:
                    expired, cancelled = _round()
                except (DatabaseError, InterfaceError) as error:
                    # A database that is away for a while is no reason to be away for good.
                    self.stderr.write(f"expire_reservations: {type(error).__name__}, again in {every:g} s: {error}")
                else:
                    if expired or cancelled:
                        self._say(expired, cancelled)
                stop.wait(every)
            self._out("expire_reservations: stopped")
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _say(self, expired: int, cancelled: int, *, dry_run: bool = False) -> None:
        would = "would be " if dry_run else ""
        self._out(
            f"expire_reservations: {expired} reservations {would}taken back, {cancelled} orders {would}called off"
        )

    def _out(self, line: str) -> None:
        self.stdout.write(line)
        # Whoever reads a job's log through a pipe sees the line now.
        self.stdout.flush()


def _round(dry_run: bool = False) -> tuple[int, int]:
    if not dry_run:
        return inventory.expire_reservations(), orders.cancel_overdue()
    with transaction.atomic():
        counted = inventory.expire_reservations(), orders.cancel_overdue()
        transaction.set_rollback(True)
    return counted
