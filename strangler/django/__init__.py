"""The Django app: add `strangler.django` to INSTALLED_APPS, and seams find their toggles, subjects and connections.

    MIDDLEWARE = [..., "strangler.django.subject.subject_middleware"]    # after sessions and authentication
    STRANGLER = {"CONTROL_URL": "http://127.0.0.1:8081", "TOKEN_FILE": ".strangler/control.token"}

    facts = Seam[CatalogFacts](
        "catalog.facts", old=OrmFacts(), new=ServiceFacts,
        toggles=toggles(), subject=current_subject, groups=current_groups, around=shadow_connections,
    ).facade()

`strangler.django.conf` says what STRANGLER can hold. Without it the environment decides, and without that every toggle
stands at `monolith`.
"""

from strangler.django.conf import toggles
from strangler.django.connections import shadow_connections
from strangler.django.subject import current_groups, current_subject

__all__ = ["current_groups", "current_subject", "shadow_connections", "toggles"]
