from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import CommandError
from django.utils import timezone

from monolith.notifications.models import Mail

from .conftest import Run

pytestmark = pytest.mark.django_db


def queued(number: int, **fields: object) -> Mail:
    return Mail.objects.create(
        kind="order_paid", to=f"c{number}@shop.example", language="en", subject="Paid", body="Thank you.", **fields
    )


def test_what_is_due_goes_out_and_what_is_not_waits(run: Run) -> None:
    queued(1)
    queued(2, next_try_at=timezone.now() + timedelta(hours=1))
    queued(3, state=Mail.State.FAILED)
    assert run("send_mails") == "send_mails: 1 sent, 1 waiting, 1 given up\n"
    assert [message.to for message in mail.outbox] == [["c1@shop.example"]]


def test_no_more_than_the_limit_are_tried_the_oldest_first(run: Run) -> None:
    for number in range(3):
        queued(number)
    assert run("send_mails", "--limit=2") == "send_mails: 2 sent, 1 waiting, 0 given up\n"
    assert [message.to for message in mail.outbox] == [["c0@shop.example"], ["c1@shop.example"]]


def test_a_dry_run_sends_nothing(run: Run) -> None:
    queued(1)
    assert run("send_mails", "--dry-run") == "send_mails: 1 would be tried\n"
    assert mail.outbox == []


def test_a_limit_of_nothing_is_refused(run: Run) -> None:
    with pytest.raises(CommandError, match="--limit is 0: give 1 or more"):
        run("send_mails", "--limit=0")
