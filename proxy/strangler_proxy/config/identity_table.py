"""The table `[identity]`, with keys, defaults and meaning, and the forms that only it and the routes' keys take."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator

from strangler_proxy.config.forms import Duration, Flag, HttpToken, refusal, shown
from strangler_proxy.config.identity import IdentitySettings

__all__ = ["Anonymous", "IdentityNeed", "IdentityTable"]

_IDENTITY = IdentitySettings()
_PATH: Final = re.compile(r"/(?!/)[A-Za-z0-9/._~!$&'()*+,;=:@%-]*")
_NEEDS: Final = ("none", "optional", "required")
_ANSWERS: Final = ("monolith", "redirect", "401", "403")
_LONGEST_CACHE: Final = 60.0
_LONGEST_LIFE: Final = 3600.0


def _url_path(value: Any) -> str:
    if isinstance(value, str) and _PATH.fullmatch(value):
        return value
    right = 'write a path of the monolith from the first slash on, such as "/_strangler/vouch/"'
    raise refusal(f"is {shown(value)}, not the path of a URL", right)


def _anonymous(value: Any) -> str:
    if str(value) in _ANSWERS:
        return str(value)
    right = 'write "monolith", "redirect", "401" or "403"'
    raise refusal(f"is {shown(value)}, nothing that a client can be told", right)


def _need(value: Any) -> str:
    if value in _NEEDS:
        return str(value)
    raise refusal(f"is {shown(value)}", 'write "none", "optional" or "required"')


def _brief(value: float) -> float:
    if value <= _LONGEST_CACHE:
        return value
    wrong = f"is {value:g} s, and for so long somebody who signed out would be known"
    raise refusal(wrong, f"write at most {_LONGEST_CACHE:g}")


def _life(value: float) -> float:
    if 1 <= value <= _LONGEST_LIFE:
        return value
    raise refusal(f"is {value:g} s", f"write from 1 to {_LONGEST_LIFE:g}: an identity is for one request")


Anonymous = Annotated[str, PlainValidator(_anonymous)]
IdentityNeed = Annotated[str, PlainValidator(_need)]
_UrlPath = Annotated[str, PlainValidator(_url_path)]


class IdentityTable(BaseModel):
    """How the monolith vouches for clients, and what services are told: [identity.md](identity.md)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: _UrlPath = Field(_IDENTITY.path, description="Where the monolith includes `strangler.django.urls`.")
    timeout: Duration = Field(_IDENTITY.timeout, description="Time for the monolith to say who a client is.")
    cache: Annotated[Duration, AfterValidator(_brief)] = Field(
        _IDENTITY.cache,
        description="How long that is believed for further requests of the session that change nothing, at most `60`;"
        " `0` asks for each.",
    )
    sessions: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        _IDENTITY.sessions, description="Clients that a worker remembers at most."
    )
    anonymous: Anonymous = Field(
        _IDENTITY.anonymous,
        description="What a client is told that is nobody where `identity` is `required`: `monolith` for what the"
        " monolith's own view would say, `redirect` to the login, `401` or `403`.",
    )
    session: list[str] = Field(
        [], description="Names of values in the monolith's session that services are told, to be read only."
    )
    permissions: list[str] = Field(
        ["*"], description="Which of the user's permissions services are told: names such as `orders.view_*`."
    )
    username: Flag = Field(_IDENTITY.username, description="Whether services are told the user's name too.")
    headers: list[HttpToken] = Field(
        [], description="Headers by which the monolith knows its clients, besides `Cookie` and `Authorization`."
    )
    csrf_header: HttpToken = Field(
        _IDENTITY.csrf_header, description="The header with the CSRF token, as Django's `CSRF_HEADER_NAME` has it."
    )
    form_bytes: Annotated[int, Field(ge=0, le=16 * 1024 * 1024)] = Field(
        _IDENTITY.form_bytes,
        description="How many bytes of a form are held back and looked through for its CSRF token.",
    )
    issuer: str = Field(_IDENTITY.issuer, min_length=1, description="Who signs, as services are told to expect it.")
    lifetime: Annotated[Duration, AfterValidator(_life)] = Field(
        _IDENTITY.lifetime, description="How long a signed identity is valid, from `1` to `3600`."
    )
    rotate: Duration = Field(
        _IDENTITY.rotate, description="The age at which the signing key is replaced; `0` for by command only."
    )
    keys_file: str | None = Field(
        None,
        min_length=1,
        description="Where the public keys are written; by default `identity.jwks.json` in the state folder.",
        examples=["/srv/keys/strangler.jwks.json"],
    )

    def settings(self) -> dict[str, Any]:
        """The keys of IdentitySettings but for `keys_file`."""
        found = self.model_dump(exclude={"keys_file"})
        return {key: tuple(value) if isinstance(value, list) else value for key, value in found.items()}
