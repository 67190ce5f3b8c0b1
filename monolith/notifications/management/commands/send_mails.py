"""``send_mails``: every few minutes, for the mails that did not go out at once."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from monolith.notifications.models import Mail
from monolith.notifications.services import send_queued

__all__ = ["Command"]


class Command(BaseCommand):
    help = "Tries the queued mails whose time has come, the oldest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--limit", type=int, default=100, help="how many to try at most (%(default)s)")
        parser.add_argument("--dry-run", action="store_true", help="say how many are due, and send none")

    def handle(self, *, limit: int, dry_run: bool, **_: Any) -> None:
        if limit < 1:
            raise CommandError(f"--limit is {limit}: give 1 or more.")
        queued = Mail.objects.filter(state=Mail.State.QUEUED)
        due = min(queued.filter(next_try_at__lte=timezone.now()).count(), limit)
        if dry_run:
            self.stdout.write(f"send_mails: {due} would be tried")
            return
        sent = send_queued(limit)
        failed = Mail.objects.filter(state=Mail.State.FAILED).count()
        self.stdout.write(f"send_mails: {sent} sent, {queued.count()} waiting, {failed} given up")
