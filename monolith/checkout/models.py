from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

__all__ = ["Attempt"]


class Attempt(models.Model):
    """One click on "buy", by the key that the page or the client gave it: the same key never buys twice."""

    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, related_name="+")
    key = models.CharField(_("idempotency key"), max_length=80)
    fingerprint = models.CharField(max_length=64)
    order = models.ForeignKey("orders.Order", on_delete=models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("checkout attempt")
        verbose_name_plural = _("checkout attempts")
        constraints = (models.UniqueConstraint(fields=["customer", "key"], name="attempt_one_a_key"),)

    def __str__(self) -> str:
        return self.key
