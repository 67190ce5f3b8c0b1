"""System checks for a monolith behind the proxy: what the doctor can say by the monolith's settings alone.

They are among those of `manage.py check --deploy`, as they are about settings that customers are served with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.apps import AppConfig
from django.core.checks import CheckMessage, Info
from django.core.checks import Warning as Caution

from strangler.django.conf import configured, environment, vouch_setting
from strangler.doctor import Severity, examine

__all__ = ["check_proxied"]

_SEE: Final = "docs/reference/doctor.md"


def check_proxied(app_configs: Sequence[AppConfig] | None = None, **_: Any) -> list[CheckMessage]:
    """The doctor's findings; none for a monolith that no proxy is known to."""
    told = environment()
    known = told.get("STRANGLER_CONTROL_URL") or told.get("STRANGLER_SNAPSHOT") or vouch_setting("VOUCH_SECRET_FILE")
    if not known and not vouch_setting("VOUCH_SECRET") and not configured():
        return []
    # The app's configuration is imported before there are models, and these are imported for the check alone.
    from strangler.django.inventory.urlconf import UrlconfError
    from strangler.django.monolith_facts import monolith_facts

    try:
        findings = examine(monolith_facts())
    except (UrlconfError, ImportError):
        # Django's own checks say what is wrong with it.
        return []
    kinds = {Severity.WRONG: Caution, Severity.RISK: Caution, Severity.NOTE: Info}
    return [
        kinds[each.severity](
            f"Behind the proxy: {each.setting} {each.wrong}. {each.why}",
            hint=f"{each.where}: {each.change} ({_SEE})",
            id=f"strangler.{each.code}",
        )
        for each in findings
    ]
