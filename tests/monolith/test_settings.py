from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

ROOT = Path(__file__).parents[2]


@pytest.mark.django_db
def test_health_is_ok_in_plain_text(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, b"ok", "text/plain")
    assert client.post("/healthz").status_code == 405


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", stdout=StringIO())


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="asks SQLite")
def test_sqlite_writes_ahead_and_waits() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone() == ("wal",)
        cursor.execute("PRAGMA busy_timeout")
        assert cursor.fetchone() == (20000,)


@pytest.mark.slow
@pytest.mark.parametrize("missing", ["SECRET_KEY", "CATALOG_FEED_TOKEN", "PAYMENT_WEBHOOK_SECRET"])
def test_without_debug_every_secret_must_be_given(missing: str) -> None:
    given = {"SECRET_KEY": "x" * 60, "CATALOG_FEED_TOKEN": "f", "PAYMENT_WEBHOOK_SECRET": "w"}
    del given[missing]
    ran = subprocess.run(
        [sys.executable, "-c", "import monolith.settings"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DEBUG": "false", **given},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert f"{missing} is not set and DEBUG is off" in ran.stderr


@pytest.mark.slow
def test_the_shop_is_managed_as_a_module(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-m", "monolith.manage", "migrate", "--check"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATABASE_PATH": str(tmp_path / "shop.sqlite3")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1, "an empty database has migrations waiting"
    assert ran.stderr == ""
