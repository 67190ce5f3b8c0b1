"""Mails: queued with what they tell of, sent when that is committed, tried again by a background job."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from django.core.mail import send_mail
from django.db import transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone, translation

from monolith.notifications.models import Mail

__all__ = ["MAX_ATTEMPTS", "RETRY_AFTER", "queue", "send", "send_queued"]

MAX_ATTEMPTS = 5
RETRY_AFTER = timedelta(minutes=5)
_log = logging.getLogger(__name__)


def queue(kind: str, *, to: str, language: str, context: Mapping[str, object]) -> Mail:
    """Writes a mail from the template ``notifications/<kind>.txt`` (first line: subject), sent after the commit."""
    with translation.override(language):
        text = render_to_string(f"notifications/{kind}.txt", dict(context))
    subject, _, body = text.strip().partition("\n")
    mail = Mail.objects.create(kind=kind, to=to, language=language, subject=subject.strip(), body=body.strip())
    # Robust: what the mail tells of is done, and nothing that a mail meets may turn that into an error.
    transaction.on_commit(partial(_send_now, mail.pk), robust=True)
    return mail


def _send_now(mail_id: int) -> None:
    send(mail_id)


def send(mail_id: int) -> bool:
    """Tries once; True when it went out. A mail already sent, failed, or being tried elsewhere is left alone."""
    now = timezone.now()
    # Whoever moves next_try_at has the mail to itself until then.
    claimed = Mail.objects.filter(pk=mail_id, state=Mail.State.QUEUED, next_try_at__lte=now).update(
        attempts=F("attempts") + 1, next_try_at=now + RETRY_AFTER
    )
    if not claimed:
        return False
    mail = Mail.objects.get(pk=mail_id)
    try:
        send_mail(mail.subject, mail.body, None, [mail.to])
    except OSError as error:  # smtplib's errors are OSErrors too
        _log.warning("Mail %s (%s) was not sent: %s", mail.pk, mail.kind, type(error).__name__)
        if mail.attempts >= MAX_ATTEMPTS:
            Mail.objects.filter(pk=mail_id).update(state=Mail.State.FAILED)
        return False
    Mail.objects.filter(pk=mail_id).update(state=Mail.State.SENT, sent_at=timezone.now())
    return True


def send_queued(limit: int = 100) -> int:
    """Tries the oldest mails whose time has come; returns how many went out."""
    due = Mail.objects.filter(state=Mail.State.QUEUED, next_try_at__lte=timezone.now())
    return sum(send(mail_id) for mail_id in list(due.order_by("id").values_list("pk", flat=True)[:limit]))
