"""The mail backend that sends nothing while a copy of a request is served.

    EMAIL_BACKEND = "strangler.django.mail.ShadowGuardBackend"
    STRANGLER = {"MAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend", ...}

Code that names a backend of its own, `get_connection("other.Backend")`, goes past it; let it say
`get_connection("strangler.django.mail.ShadowGuardBackend", wraps="other.Backend")`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from strangler.django.conf import configured
from strangler.django.effects import guard
from strangler.shadow import is_shadow

__all__ = ["ShadowGuardBackend", "wrapped_backend"]

_DEFAULT: Final = "django.core.mail.backends.smtp.EmailBackend"


def wrapped_backend() -> str:
    """The backend that mails go through."""
    return str(configured().get("MAIL_BACKEND") or _DEFAULT)


class ShadowGuardBackend(BaseEmailBackend):
    """Passes mails on to the backend that it wraps: `wraps`, else STRANGLER["MAIL_BACKEND"], else Django's SMTP.

    While a copy is served, mails are counted and told to be sent; or EffectStopped is raised where
    STRANGLER["SHADOW_EFFECTS"] says so for "mail". No connection is opened for them. Raises ImproperlyConfigured for a
    backend that wraps itself.
    """

    def __init__(self, fail_silently: bool = False, *, wraps: str = "", **more: Any) -> None:
        super().__init__(fail_silently=fail_silently)
        name = wraps or wrapped_backend()
        if name == f"{__name__}.{type(self).__name__}":
            raise ImproperlyConfigured(
                f'{name} would wrap itself: name the backend that sends in STRANGLER["MAIL_BACKEND"].'
            )
        self._inner = get_connection(name, fail_silently=fail_silently, **more)

    def open(self) -> bool | None:
        """Open the wrapped backend's connection; nothing while a copy is served."""
        return False if is_shadow() else self._inner.open()

    def close(self) -> None:
        """Close the wrapped backend's connection."""
        self._inner.close()

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """How many were sent, or would have been."""
        messages = list(email_messages)
        if messages and guard().stops("mail", f"{len(messages)} mails" if len(messages) > 1 else "one mail"):
            return len(messages)
        return self._inner.send_messages(messages) or 0
