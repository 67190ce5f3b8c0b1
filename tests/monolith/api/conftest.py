from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.authtoken.models import Token

from monolith.accounts.models import Customer

Api = Callable[..., Any]


@pytest.fixture
def api(client: Client) -> Api:
    """Calls the API with a JSON body, by token when a customer is given."""

    def call(method: str, path: str, body: Any = None, *, by: Customer | None = None, **headers: str) -> Any:
        if by is not None:
            headers["authorization"] = f"Token {Token.objects.get_or_create(user=by)[0].key}"
        arguments = {} if body is None else {"data": body, "content_type": "application/json"}
        return getattr(client, method)(f"/api/v1/{path}", headers=headers, **arguments)

    return call
