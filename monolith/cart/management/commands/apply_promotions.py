"""``apply_promotions``: each night, after midnight."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from monolith.cart.services import apply_promotions

__all__ = ["Command"]


class Command(BaseCommand):
    help = "Writes the sale prices of the percent promotions in force onto the products, and takes all others off."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say how many would change, and change none")

    def handle(self, *, dry_run: bool, **_: Any) -> None:
        with transaction.atomic():
            changed = apply_promotions()
            transaction.set_rollback(dry_run)
        self.stdout.write(f"apply_promotions: {changed} products {'would get' if dry_run else 'got'} another price")
