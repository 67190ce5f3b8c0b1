"""What other parts of the shop may ask of accounts."""

from __future__ import annotations

from monolith.accounts.models import Address, Customer

__all__ = ["Customer", "customer_by_id", "customer_of", "register", "remember_address"]


def register(email: str, password: str, display_name: str, language: str = "en") -> Customer:
    """A new customer. Raises IntegrityError when the address is taken; forms check before."""
    return Customer.objects.create_user(email, password, display_name=display_name, language=language)


def customer_by_id(customer_id: int) -> Customer | None:
    return Customer.objects.filter(pk=customer_id, is_active=True).first()


def customer_of(user: object) -> Customer | None:
    """The customer behind ``request.user``; None for an anonymous visitor."""
    return user if isinstance(user, Customer) else None


def remember_address(
    customer: Customer, *, name: str, street: str, postcode: str, city: str, country: str = "DE"
) -> Address:
    """Keeps the address in the customer's book; the same address is kept once."""
    address, _created = Address.objects.get_or_create(
        customer=customer, name=name, street=street, postcode=postcode, city=city, country=country
    )
    return address
