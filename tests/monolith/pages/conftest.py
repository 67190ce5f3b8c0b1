from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from monolith.accounts.models import Customer
from tests.monolith.conftest import MakeCustomer

SignedIn = Callable[..., tuple[Client, Customer]]


@pytest.fixture
def signed_in(make_customer: MakeCustomer) -> SignedIn:
    """A browser in which a customer (a new one by default) is signed in."""

    def make(customer: Customer | None = None) -> tuple[Client, Customer]:
        who = customer or make_customer()
        browser = Client()
        browser.force_login(who)
        return browser, who

    return make


def said(response: object) -> list[str]:
    """What the page says to the customer."""
    return [str(message) for message in get_messages(response.wsgi_request)]  # type: ignore[attr-defined]  # the test client's
