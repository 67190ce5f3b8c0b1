"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register

from strangler.django.checks import check_setting, check_shadowing, check_vouching
from strangler.django.conf import vouch_setting
from strangler.django.proxied_checks import check_proxied

__all__ = ["StranglerConfig"]


class StranglerConfig(AppConfig):
    """Registers the system checks, and the note of when a user signed in. The app has no models."""

    name = "strangler.django"
    label = "strangler"
    verbose_name = "Strangler"

    def ready(self) -> None:
        """Register the checks, and listen for sign-ins where the proxy may ask who somebody is."""
        register(check_setting)
        register(check_shadowing)
        register(check_vouching)
        register(check_proxied, deploy=True)
        if vouch_setting("VOUCH_SECRET") or vouch_setting("VOUCH_SECRET_FILE"):
            # Django's sign-in is there only where its app is, and a seam alone does without.
            from django.contrib.auth.signals import user_logged_in

            from strangler.django.facts import remember_auth_time

            user_logged_in.connect(remember_auth_time, dispatch_uid="strangler.auth_time")
