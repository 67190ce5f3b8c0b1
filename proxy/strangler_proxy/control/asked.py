"""Reading what a request to the control API asks for: its body, its query, and who asks."""

from __future__ import annotations

import json
import math
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from strangler_proxy.control.requests import place_of
from strangler_proxy.plain import plain

__all__ = ["BadInput", "number", "parsed", "who_asks"]

_TOKEN_NAME: Final = "control.token"  # noqa: S105 - the name of a file

_Body = TypeVar("_Body", bound=BaseModel)


class BadInput(Exception):
    """A request that makes no sense; `where` names the parameter or field. It becomes a 422, and stays in the API."""

    def __init__(self, message: str, where: str) -> None:
        self.where = where
        super().__init__(message)


async def parsed(request: Request, kind: type[_Body]) -> _Body:
    """The body as a `kind`. Raises BadInput."""
    try:
        content = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise BadInput("The body is not JSON.", "body") from error
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        where, wrong = place_of(error)
        raise BadInput(f"{where or 'The request'}: {wrong}.", where) from error


def number(request: Request, name: str, default: float, most: float) -> float:
    """The query parameter `name`, from 0 to `most`. Raises BadInput."""
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= most:
        raise BadInput(f"{name} is a number from 0 to {most:g}.", name)
    return value


def who_asks(request: Request) -> str:
    """Who asks, as the audit names them: what they say of themselves, and which token they showed."""
    said = request.headers.get("x-strangler-who", "").encode("latin-1").decode("utf-8", "replace")
    return f"{plain(said.strip())[:100] or 'somebody'} ({_TOKEN_NAME})"
