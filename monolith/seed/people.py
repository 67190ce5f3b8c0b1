"""The seeded customers with their address books, unsaved, with their ids."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.hashers import make_password

from monolith.accounts.models import Address, Customer
from monolith.seed.sizes import ADMIN_EMAIL, CUSTOMER_PASSWORD, LONG_AGO, TODAY, Sizes, between, chance
from monolith.seed.words import CITIES, FAMILY_NAMES, GIVEN_NAMES, STREETS

__all__ = ["addresses", "admin", "customers"]

_SALT = "seededshop"
_ADMIN_ID = 1


def admin() -> Customer:
    """The back office's user; for development only, as everybody knows the password."""
    return Customer(
        pk=_ADMIN_ID,
        email=ADMIN_EMAIL,
        display_name="Shop Admin",
        password=make_password("admin", _SALT),
        is_staff=True,
        is_superuser=True,
        date_joined=LONG_AGO,
    )


def customers(sizes: Sizes) -> list[Customer]:
    """``customer1@shop.example`` and so on: all with one password, in one hash, as hashing takes its time."""
    draw = chance(sizes, "customers")
    hashed = make_password(CUSTOMER_PASSWORD, _SALT)
    return [
        Customer(
            # The admin's id stays free where there is no admin: the others' do not depend on it.
            pk=_ADMIN_ID + number,
            email=f"customer{number}@shop.example",
            display_name=f"{draw.choice(GIVEN_NAMES)} {draw.choice(FAMILY_NAMES)}",
            language=draw.choice(("en", "en", "de")),
            password=hashed,
            date_joined=between(draw, LONG_AGO, TODAY - timedelta(days=30)),
        )
        for number in range(1, sizes.customers + 1)
    ]


def addresses(sizes: Sizes, people: list[Customer]) -> list[Address]:
    """One or two each, in the order of their ids."""
    draw = chance(sizes, "addresses")
    rows: list[Address] = []
    for customer in people:
        for _ in range(draw.choice((1, 1, 1, 2))):
            postcode, city, country = draw.choice(CITIES)
            rows.append(
                Address(
                    pk=len(rows) + 1,
                    customer=customer,
                    name=customer.display_name,
                    street=f"{draw.choice(STREETS)} {draw.randrange(1, 180)}{draw.choice(('', '', '', 'a', 'b'))}",
                    postcode=postcode,
                    city=city,
                    country=country,
                )
            )
    return rows
