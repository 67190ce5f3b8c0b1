"""The mail backend that sends nothing of copies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.mail.backends.base import BaseEmailBackend

from strangler.django.effects import guard
from strangler.errors import EffectStopped
from strangler.shadow import EffectCounts, Strategy, shadowed

NAME = "strangler.django.mail.ShadowGuardBackend"
LOCMEM = "django.core.mail.backends.locmem.EmailBackend"


class Noting(BaseEmailBackend):
    """A backend that notes what is done with it."""

    notes: ClassVar[list[str]] = []

    def __init__(self, fail_silently: bool = False, **more: Any) -> None:
        super().__init__(fail_silently)
        self.notes.append(f"made {fail_silently} {more}")

    def open(self) -> bool:
        self.notes.append("opened")
        return True

    def close(self) -> None:
        self.notes.append("closed")

    def send_messages(self, email_messages: Any) -> int:
        self.notes.append(f"sent {len(email_messages)}")
        return len(email_messages)


@pytest.fixture(autouse=True)
def _settings(settings: Any) -> None:
    Noting.notes.clear()
    settings.EMAIL_BACKEND = NAME
    settings.STRANGLER = {"MAIL_BACKEND": f"{__name__}.Noting"}


def send() -> int:
    return mail.send_mail("hello", "there", None, ["ann@example.com"])


def test_a_customers_mails_are_sent() -> None:
    assert send() == 1
    with mail.get_connection(fail_silently=True, host="mx") as connection:
        connection.send_messages([mail.EmailMessage(), mail.EmailMessage()])
    made = "made True {'host': 'mx'}"
    assert Noting.notes[1:] == ["sent 1", made, "opened", "sent 2", "closed"]
    assert guard().counts() == {}


@pytest.mark.parametrize("strategy", [Strategy.READ, Strategy.SANDBOX, Strategy.DRY_RUN])
def test_a_copys_mails_are_counted_and_told_to_be_sent(strategy: Strategy) -> None:
    with shadowed(strategy):
        assert send() == 1
        with mail.get_connection() as connection:
            assert connection.send_messages([mail.EmailMessage(), mail.EmailMessage()]) == 2
            assert connection.send_messages([]) == 0
    assert not {"opened", "sent 1", "sent 2"} & set(Noting.notes)
    assert guard().counts() == {"mail": EffectCounts(recorded=2)}


def test_an_error_can_be_told_instead(settings: Any) -> None:
    settings.STRANGLER = {"MAIL_BACKEND": LOCMEM, "SHADOW_EFFECTS": {"mail": "raise"}}
    with shadowed(Strategy.READ), pytest.raises(EffectStopped, match=r"mail \(one mail\)"):
        send()


def test_a_backend_of_ones_own_choice_can_be_wrapped(mailoutbox: list[Any]) -> None:
    ask: Callable[..., Any] = mail.get_connection
    assert mail.send_mail("hello", "there", None, ["ann@example.com"], connection=ask(NAME, wraps=LOCMEM)) == 1
    with shadowed(Strategy.READ):
        assert mail.send_mail("hello", "there", None, ["ann@example.com"], connection=ask(NAME, wraps=LOCMEM)) == 1
    assert (len(mailoutbox), Noting.notes) == (1, [])


def test_a_backend_that_would_wrap_itself_is_told(settings: Any) -> None:
    settings.STRANGLER = {"MAIL_BACKEND": NAME}
    with pytest.raises(ImproperlyConfigured, match="MAIL_BACKEND"):
        mail.get_connection()
