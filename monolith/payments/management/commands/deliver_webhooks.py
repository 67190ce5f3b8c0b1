"""``deliver_webhooks``: the fake provider's own background job, which sends what it still owes."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from monolith.payments.services import receive_webhook, waiting_webhooks

__all__ = ["Command"]


class Command(BaseCommand):
    help = "Delivers the provider's late messages: how the payments left open have ended."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--older-than", type=float, default=0.0, help="only for payments made so many seconds ago (%(default)s)"
        )
        parser.add_argument("--dry-run", action="store_true", help="say how many are waiting, and deliver none")

    def handle(self, *, older_than: float, dry_run: bool, **_: Any) -> None:
        if older_than < 0:
            raise CommandError(f"--older-than is {older_than}: give 0 or more seconds.")
        waiting = waiting_webhooks(timezone.now() - timedelta(seconds=older_than))
        if dry_run:
            self.stdout.write(f"deliver_webhooks: {len(waiting)} would be delivered")
            return
        news = sum(receive_webhook(webhook.body, webhook.signature) for webhook in waiting)
        self.stdout.write(f"deliver_webhooks: {news} delivered, {len(waiting) - news} known before")
