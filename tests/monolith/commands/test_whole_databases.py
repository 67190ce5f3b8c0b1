"""The commands as a person runs them, from nothing, on both databases."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
SEED = ("seed", "--products", "60", "--customers", "12", "--orders", "80", "--seed", "7")
APPS = ("accounts", "catalog", "inventory", "cart", "checkout", "orders", "payments", "notifications")


def manage(folder: Path, *arguments: str, code: int = 0, **environment: str) -> str:
    """Runs the command on the SQLite file in ``folder``, or on DATABASE_URL when that is given."""
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-m", "monolith.manage", *arguments],
        cwd=ROOT,
        env={
            **kept,
            "DATABASE_PATH": str(folder / "shop.sqlite3"),
            "MEDIA_ROOT": str(folder / "media"),
            "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "media").rglob("*.png"))}


def rows(dump: str) -> list[Any]:
    """As it is, but for the order in which a promotion names its products: no database promises one."""
    found: list[Any] = json.loads(dump)
    for row in found:
        if row["model"] == "cart.promotion":
            row["fields"]["products"].sort()
    return found


def test_two_databases_seeded_alike_are_alike_to_the_byte(tmp_path: Path) -> None:
    dumps = []
    folders = [tmp_path / "one", tmp_path / "two"]
    for number, folder in enumerate(folders):
        folder.mkdir()
        # Neither the hash seed nor the time zone of the machine may show in the rows.
        zone = ("UTC", "Asia/Tokyo")[number]
        manage(folder, "migrate", "-v0", PYTHONHASHSEED=str(number), TZ=zone)
        manage(folder, *SEED, PYTHONHASHSEED=str(number), TZ=zone)
        dumps.append(manage(folder, "dumpdata", *APPS))
    assert dumps[0] == dumps[1]
    assert '"seq"' in dumps[0]
    assert files(folders[0]) == files(folders[1])


def test_the_shop_comes_up_from_nothing_on_postgresql_with_the_same_rows(tmp_path: Path, postgres_url: str) -> None:
    here, there = tmp_path / "sqlite", tmp_path / "postgresql"
    here.mkdir()
    there.mkdir()
    manage(here, "migrate", "-v0")
    manage(here, *SEED)

    def on_postgresql(*arguments: str) -> str:
        return manage(there, *arguments, DATABASE_URL=postgres_url)

    on_postgresql("migrate", "-v0")
    on_postgresql("makemigrations", "--check", "--dry-run")
    on_postgresql(*SEED)
    without_log = ("dumpdata", *APPS, "--exclude", "catalog.catalogchange")
    assert rows(on_postgresql(*without_log)) == rows(manage(here, *without_log))
    on_postgresql("recount_catalog", "--check")
    assert "0 products" in on_postgresql("apply_promotions", "--dry-run")
    on_postgresql(*SEED, "--fresh")
    on_postgresql("deliver_webhooks")
    on_postgresql("expire_reservations")
    on_postgresql("recount_catalog", "--check")
    # Ids counted by the database itself go on behind those seeded.
    made = on_postgresql(
        "shell",
        "--no-imports",
        "-c",
        "from monolith.catalog.models import Category; print(Category.objects.create(name='New', slug='new').pk)",
    )
    assert int(made.split()[-1]) > 60


def test_migrating_back_to_nothing_and_up_again_works(tmp_path: Path) -> None:
    manage(tmp_path, "migrate", "-v0")
    manage(tmp_path, "migrate", "checkout", "zero", "-v0")
    manage(tmp_path, "migrate", "-v0")
    manage(tmp_path, "makemigrations", "--check", "--dry-run")


def test_the_deployed_settings_pass_djangos_own_checks(tmp_path: Path) -> None:
    secret = "0123456789-a-long-and-random-string-for-this-test-only-abcdefghijklmnop"
    manage(
        tmp_path,
        "check",
        "--deploy",
        "--fail-level",
        "ERROR",
        DEBUG="false",
        SECRET_KEY=secret,
        CATALOG_FEED_TOKEN=secret,
        PAYMENT_WEBHOOK_SECRET=secret,
        ALLOWED_HOSTS="shop.example",
        SESSION_COOKIE_SECURE="true",
    )


def test_a_shop_that_has_rows_ends_the_seed_with_an_error(tmp_path: Path) -> None:
    manage(tmp_path, "migrate", "-v0")
    manage(tmp_path, *SEED)
    assert "--fresh" in manage(tmp_path, *SEED, code=1)
