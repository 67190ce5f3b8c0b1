from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from monolith.notifications import services as notifications
from monolith.notifications.models import Mail

pytestmark = pytest.mark.django_db


class DeadServer(BaseEmailBackend):
    def send_messages(self, email_messages: Any) -> int:
        raise ConnectionRefusedError


def queued() -> Mail:
    context = {"number": "SO-1", "name": "Ada & Co", "gross": "1.00", "currency": "EUR"}
    return notifications.queue("order_paid", to="a@example.com", language="en", context=context)


def test_a_mail_goes_out_once() -> None:
    one = queued()
    assert "Ada & Co" in one.body
    assert notifications.send_queued() == 1
    assert notifications.send(one.pk) is False
    assert len(mail.outbox) == 1


def test_a_mail_is_tried_again_later_and_given_up_in_the_end(settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.monolith.test_notifications.DeadServer"
    one = queued()
    for _ in range(notifications.MAX_ATTEMPTS):
        assert notifications.send_queued() == 0
        assert notifications.send(one.pk) is False, "it waits for its time"
        Mail.objects.update(next_try_at=timezone.now() - timedelta(seconds=1))
    one.refresh_from_db()
    assert (one.state, one.attempts) == ("failed", notifications.MAX_ATTEMPTS)
