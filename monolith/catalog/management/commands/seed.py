"""``seed``: fills an empty shop with the same plausible rows each time."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from monolith.seed import ADMIN_EMAIL, CUSTOMER_PASSWORD, ShopNotEmpty, Sizes, empty, fill

__all__ = ["Command"]


class Command(BaseCommand):
    help = "Fills an empty shop with customers, goods and orders: the same sizes and seed give the same rows."

    def add_arguments(self, parser: ArgumentParser) -> None:
        default = Sizes()
        for name in ("products", "customers", "orders"):
            parser.add_argument(f"--{name}", type=int, default=getattr(default, name), help="how many (%(default)s)")
        parser.add_argument("--seed", type=int, default=default.seed, help="where chance begins (%(default)s)")
        parser.add_argument("--fresh", action="store_true", help="empty the shop first: deletes ALL its rows")

    def handle(
        self, *, products: int, customers: int, orders: int, seed: int, fresh: bool, verbosity: int, **_: Any
    ) -> None:
        began = time.monotonic()

        def say(line: str) -> None:
            if verbosity > 0:
                self.stdout.write(f"{time.monotonic() - began:6.1f} s  {line}")

        try:
            sizes = Sizes(products, customers, orders, seed)
            if fresh:
                empty()
                say("shop emptied")
            fill(sizes, say)
        except (ValueError, ShopNotEmpty) as error:
            raise CommandError(str(error)) from error
        say(f"done; sign in as customer1@shop.example with the password {CUSTOMER_PASSWORD!r}")
        if settings.DEBUG:
            say(f"back office: {ADMIN_EMAIL} with the password 'admin' (DEBUG is on)")
