"""Reading what a request to the control API asks for: its body, its query, and who asks."""

from __future__ import annotations

import json
import math
from typing import Any, Never, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from strangler_proxy.control.guard import who_says
from strangler_proxy.control.requests import place_of
from strangler_proxy.control.roles import Role
from strangler_proxy.control.token import Caller

__all__ = ["BadInput", "RoleMissing", "audited", "need", "number", "parsed", "who_asks", "whole"]

_Body = TypeVar("_Body", bound=BaseModel)


class BadInput(Exception):
    """A request that makes no sense; `where` names the parameter or field. It becomes a 422, and stays in the API."""

    def __init__(self, message: str, where: str) -> None:
        self.where = where
        super().__init__(message)


class RoleMissing(Exception):
    """A caller whose role will do for the verb, but not for what is asked of it. It becomes a 403, and stays in the
    API."""

    def __init__(self, caller: Caller, least: Role, what: str) -> None:
        self.caller = caller
        self.least = least
        self.what = what
        super().__init__(what)


async def parsed(request: Request, kind: type[_Body]) -> _Body:
    """The body as a `kind`. Raises BadInput."""
    try:
        content = json.loads(await request.body(), object_pairs_hook=_object, parse_constant=_no_constant)
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


def whole(request: Request, name: str, default: int, most: int) -> int:
    """The query parameter `name`, a whole number from 0 to `most`. Raises BadInput."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and int(text) <= most):
        raise BadInput(f"{name} is a whole number from 0 to {most}.", name)
    return int(text)


def who_asks(request: Request) -> str:
    """Who asks, as the audit names them: what they say of themselves, and which token they showed."""
    return who_says(request.headers, request.state.caller.token)


def need(request: Request, least: Role, what: str) -> None:
    """See to it that the caller has the role that `what` wants. Raises RoleMissing."""
    caller: Caller = request.state.caller
    if not caller.role.permits(least):
        raise RoleMissing(caller, least, what)


def audited(request: Request) -> None:
    """The call stands in the audit already, by what it did: it need not stand there as a call."""
    request.state.audited = True


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of the body. Of two values under one key somebody else might read the other."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in an object")
    return found


def _no_constant(text: str) -> Never:
    raise ValueError(f"{text} is no number of JSON")
