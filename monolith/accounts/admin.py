from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.utils.translation import gettext_lazy as _

from monolith.accounts.models import Address, Customer
from monolith.back_office import TabularInline

__all__ = ["CustomerAdmin", "CustomerCreationForm"]

if TYPE_CHECKING:
    CreationForm = AdminUserCreationForm[Customer]
    PersonAdmin = UserAdmin[Customer]
else:
    CreationForm, PersonAdmin = AdminUserCreationForm, UserAdmin


class CustomerCreationForm(CreationForm):
    class Meta:
        model = Customer
        fields = ("email", "display_name")


class AddressInline(TabularInline[Address, Customer]):
    model = Address
    extra = 0


@admin.register(Customer)
class CustomerAdmin(PersonAdmin):
    add_form = CustomerCreationForm
    list_display = ("email", "display_name", "language", "is_staff", "is_active", "date_joined", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active", "language", "groups")
    search_fields = ("email", "display_name")
    ordering = ("email",)
    date_hierarchy = "date_joined"
    readonly_fields = ("last_login", "date_joined")
    inlines = (AddressInline,)
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        (_("Person"), {"fields": ("display_name", "language")}),
        (_("Rights"), {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("email", "display_name", "usable_password", "password1", "password2"),
            },
        ),
    )
