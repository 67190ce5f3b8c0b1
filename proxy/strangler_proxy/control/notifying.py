"""The notifier that the configuration asks for."""

from __future__ import annotations

from collections.abc import Mapping

from strangler.errors import ConfigError, Problem
from strangler_proxy.config.values import Config
from strangler_proxy.notify import Notifier, Silent, Webhook

__all__ = ["SECRET_VARIABLE", "notifier_of"]

SECRET_VARIABLE = "STRANGLER_NOTIFY_SECRET"  # noqa: S105 - the name of a variable


def notifier_of(config: Config, environment: Mapping[str, str], replica: str) -> Notifier:
    """Whom `[notify]` wants told. Raises ConfigError where the secret cannot be read."""
    settings = config.notify
    if not settings.webhook:
        return Silent()
    secret = environment.get(SECRET_VARIABLE, "")
    if settings.secret_file is not None:
        try:
            secret = settings.secret_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            wrong = f"{settings.secret_file} cannot be read: {error}"
            right = f"write the secret into it, or take the key out and set {SECRET_VARIABLE}"
            raise ConfigError([Problem(str(config.path), None, "notify.secret_file", wrong, right)]) from error
        if not secret:
            wrong, right = f"{settings.secret_file} is empty", "write a long random text into it"
            raise ConfigError([Problem(str(config.path), None, "notify.secret_file", wrong, right)])
    return Webhook(settings, secret.encode(), replica)
