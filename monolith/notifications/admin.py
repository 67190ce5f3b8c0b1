from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from monolith.back_office import ReadOnlyAdmin
from monolith.notifications.models import Mail

__all__ = ["MailAdmin"]


@admin.register(Mail)
class MailAdmin(ReadOnlyAdmin[Mail]):
    list_display = ("created_at", "kind", "to", "subject", "state", "attempts", "sent_at")
    list_filter = ("state", "kind", "language", "created_at")
    search_fields = ("to", "subject")
    date_hierarchy = "created_at"
    actions = ("try_again",)

    @admin.action(description=_("Try the selected failed mails again"), permissions=["change"])
    def try_again(self, request: HttpRequest, mails: QuerySet[Mail]) -> None:
        queued = mails.filter(state=Mail.State.FAILED).update(
            state=Mail.State.QUEUED, attempts=0, next_try_at=timezone.now()
        )
        text = ngettext("%(count)s mail waits to be sent.", "%(count)s mails wait to be sent.", queued)
        messages.success(request, text % {"count": queued})
