"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register

from strangler.django.checks import check_setting

__all__ = ["StranglerConfig"]


class StranglerConfig(AppConfig):
    """Registers the system checks. The app has no models and no URLs."""

    name = "strangler.django"
    label = "strangler"
    verbose_name = "Strangler"

    def ready(self) -> None:
        """Register the checks."""
        register(check_setting)
