"""Customers: whoever signs in, staff included, by email address."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

__all__ = ["Address", "Customer", "CustomerManager"]


class CustomerManager(UserManager["Customer"]):
    """Creates customers by email; addresses are kept in lower case, so a login never depends on case."""

    def get_by_natural_key(self, username: str | None) -> Customer:
        return self.get(email=(username or "").strip().lower())

    def create_user(  # type: ignore[override]  # an email address is the user name here
        self, email: str, password: str | None = None, **fields: Any
    ) -> Customer:
        """A customer who may sign in with ``password``; None makes the password unusable."""
        if not email:
            raise ValueError("A customer needs an email address.")
        customer = self.model(email=email.strip().lower(), **fields)
        customer.set_password(password)
        customer.save(using=self._db)
        return customer

    def create_superuser(  # type: ignore[override]  # as create_user
        self, email: str, password: str | None = None, **fields: Any
    ) -> Customer:
        return self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})


class Customer(AbstractUser):
    username = None  # type: ignore[assignment]  # the email address takes its place
    first_name = None  # type: ignore[assignment]  # display_name takes their place
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(_("email address"), unique=True)
    display_name = models.CharField(_("display name"), max_length=80)
    language = models.CharField(_("language"), max_length=8, default="en")

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name"]

    objects: ClassVar[CustomerManager] = CustomerManager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = (models.UniqueConstraint(Lower("email"), name="customer_email_any_case"),)

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        self.email = self.email.strip().lower()

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name


class Address(models.Model):
    """A postal address in a customer's book; orders copy it, they never point at it."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="addresses")
    name = models.CharField(_("name"), max_length=120)
    street = models.CharField(_("street"), max_length=200)
    postcode = models.CharField(_("postcode"), max_length=20)
    city = models.CharField(_("city"), max_length=120)
    country = models.CharField(_("country"), max_length=2, default="DE")

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")

    def __str__(self) -> str:
        return f"{self.name}, {self.street}, {self.postcode} {self.city}"
