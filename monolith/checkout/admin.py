from __future__ import annotations

from django.contrib import admin

from monolith.back_office import ReadOnlyAdmin
from monolith.checkout.models import Attempt

__all__ = ["AttemptAdmin"]


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin[Attempt]):
    list_display = ("key", "customer", "order", "created_at")
    list_filter = ("created_at",)
    list_select_related = ("customer", "order")
    search_fields = ("key", "customer__email", "order__number")
