from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

import pytest
from django.core.management import CommandError
from django.db import OperationalError
from django.utils import timezone

from monolith.inventory.models import Reservation
from monolith.notifications.models import Mail
from monolith.orders import services as orders
from monolith.orders.management.commands import expire_reservations as job
from monolith.orders.models import Order
from monolith.orders.states import OrderState
from monolith.payments import provider

from .conftest import Run

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def overdue(make_order: Any) -> Order:
    """An order whose payment never came, with its two units still promised."""
    order: Order = make_order(card=provider.LATE_APPROVE)
    past = timezone.now() - timedelta(minutes=1)
    Order.objects.filter(pk=order.pk).update(payment_due_at=past)
    Reservation.objects.filter(reference=order.number).update(expires_at=past)
    return order


@pytest.mark.django_db
def test_promises_that_ran_out_and_their_orders_end(run: Run, overdue: Order) -> None:
    said = run("expire_reservations")
    assert said == "expire_reservations: 1 reservations taken back, 1 orders called off\n"
    overdue.refresh_from_db()
    assert overdue.state == OrderState.CANCELLED
    assert Reservation.objects.get(reference=overdue.number).state == Reservation.State.EXPIRED
    assert Mail.objects.filter(kind="order_cancelled", to=overdue.email).count() == 1


@pytest.mark.django_db
def test_what_is_not_due_stays(run: Run, make_order: Any) -> None:
    order = make_order(card=provider.LATE_APPROVE)
    assert run("expire_reservations") == "expire_reservations: 0 reservations taken back, 0 orders called off\n"
    order.refresh_from_db()
    assert order.state == OrderState.PENDING_PAYMENT


@pytest.mark.django_db
def test_a_dry_run_says_how_many_and_ends_none(run: Run, overdue: Order) -> None:
    said = run("expire_reservations", "--dry-run")
    assert said == "expire_reservations: 1 reservations would be taken back, 1 orders would be called off\n"
    overdue.refresh_from_db()
    assert overdue.state == OrderState.PENDING_PAYMENT
    assert not Mail.objects.filter(kind="order_cancelled").exists()


def test_a_pause_of_nothing_is_refused(run: Run) -> None:
    with pytest.raises(CommandError, match=r"--every is 0\.0: give seconds above 0"):
        run("expire_reservations", "--forever", "--every=0")


@pytest.mark.django_db
def test_a_database_that_is_away_for_a_round_does_not_end_the_job(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[Callable[[], tuple[int, int]]] = [_away, _stopped]
    monkeypatch.setattr(job, "_round", lambda: rounds.pop(0)())
    # In a test's transaction the connection stays.
    monkeypatch.setattr(job, "close_old_connections", lambda: None)
    before = signal.getsignal(signal.SIGTERM)
    said = run("expire_reservations", "--forever", "--every=0.01")
    assert "OperationalError, again in 0.01 s: gone fishing" in capsys.readouterr().err
    assert said.splitlines()[-2:] == [
        "expire_reservations: 3 reservations taken back, 0 orders called off",
        "expire_reservations: stopped",
    ]
    assert signal.getsignal(signal.SIGTERM) == before


def _away() -> tuple[int, int]:
    raise OperationalError("gone fishing")


def _stopped() -> tuple[int, int]:
    os.kill(os.getpid(), signal.SIGTERM)
    return 3, 0


def _line(stream: IO[str], seconds: float = 60.0) -> str:
    with closing(selectors.DefaultSelector()) as selector:
        selector.register(stream, selectors.EVENT_READ)
        assert selector.select(seconds), "the job said nothing"
    return stream.readline()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_job_works_until_sigterm_and_ends_cleanly(overdue: Order) -> None:
    from django.conf import settings
    from django.db import connection

    name = connection.settings_dict["NAME"]
    environment = {
        **os.environ,
        "DATABASE_PATH": str(name),
        "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
    }
    environment.pop("DATABASE_URL", None)
    assert settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
    command = [sys.executable, "-m", "monolith.manage", "expire_reservations", "--forever", "--every", "30"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            assert _line(process.stdout) == "expire_reservations: every 30 s\n"
            assert "1 reservations taken back, 1 orders called off" in _line(process.stdout)
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=30)
        finally:
            process.kill()
    assert out == "expire_reservations: stopped\n"
    assert process.returncode == 0
    assert orders.order_by_id(overdue.pk).state == OrderState.CANCELLED
