from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import AnyHttpUrl, Field, SecretStr, TypeAdapter, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from extracted.catalog.errors import SettingsError
from extracted.catalog.public.throttle import parse_rate
from strangler.shadow import release_of

__all__ = ["Settings", "load_settings"]

_REMEDIES = {
    "monolith_url": "Set it to the address of the monolith, as http://127.0.0.1:8000.",
    "feed_token": "Set it to the same text as CATALOG_FEED_TOKEN of the monolith.",
    "database_url": "Set it to sqlite:///path/to/catalog.db or postgresql://user@host/database.",
    "poll_seconds": "Set it to a number of seconds from 0.05 to 60.",
    "release": "Set it to at most 128 printable ASCII characters, such as a commit's hash.",
    "anon_rate": "Set it to requests per period, as 6000/min (s, min, hour, day), or leave it empty for no limit.",
    "proxy_count": "Set it to the number of proxies in front, 0 to trust none.",
    "port": "Set it to a port from 1 to 65535, or to 0 for any free one.",
    "media_url": "Set it to the monolith's MEDIA_URL, as /media/ or https://cdn.example.com/.",
}


class Settings(BaseSettings):
    """The service's settings, each from the environment variable of its name with CATALOG_ before it."""

    model_config = SettingsConfigDict(env_prefix="CATALOG_", frozen=True)

    monolith_url: str
    """Where the monolith's changes feed is. Required."""

    feed_token: SecretStr
    """The token of the feed. Required."""

    database_url: str = "sqlite:///catalog.db"
    """The service's own database; default: a file in the working directory."""

    poll_seconds: float = Field(default=0.5, ge=0.05, le=60)
    """Time between two looks at the feed; default 0.5."""

    feed_page: int = Field(default=500, ge=1, le=1000)
    """How many changes are asked for at once; default 500."""

    media_url: str = "/media/"
    """The monolith's MEDIA_URL, below which the images are; default /media/."""

    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ("localhost", "127.0.0.1", "[::1]", "testserver")
    """Host names that are answered, comma-separated, as the monolith's ALLOWED_HOSTS; `*` for any."""

    anon_rate: str = "6000/min"
    """Requests which one client may make, as the monolith's API_ANON_RATE; empty for no limit."""

    proxy_count: int = Field(default=1, ge=0, le=10)
    """How many proxies append to X-Forwarded-For, as the monolith's API_PROXY_COUNT; default 1, for this service
    stands behind one. 0 counts by the peer's address and trusts no header."""

    host: str = "127.0.0.1"
    """The address that `serve` listens on; default 127.0.0.1."""

    port: int = Field(default=8100, ge=0, le=65535)
    """The port that `serve` listens on, 0 for any; default 8100."""

    release: str = Field(default_factory=partial(release_of, "extracted.catalog"), pattern=r"^[\x20-\x7e]{1,128}$")
    """The version that is running, told in every answer; default STRANGLER_RELEASE, else a digest of the sources."""

    migrate: bool = True
    """Whether `serve` and `import` bring the tables up to date first; default true."""

    log_level: str = "INFO"
    access_log: bool = True
    """One line for each request; default true."""

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(host.strip() for host in value.split(",") if host.strip()) if isinstance(value, str) else value

    @field_validator("monolith_url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        url = TypeAdapter(AnyHttpUrl).validate_python(value)
        if url.username or url.password or url.query or url.fragment:
            raise ValueError("has more than scheme, host, port and path")
        return value.rstrip("/")

    @field_validator("feed_token")
    @classmethod
    def _is_ascii(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if not text or not text.isascii() or not text.isprintable():
            raise ValueError("must be printable ASCII, and not empty")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_known_database(cls, value: str) -> str:
        try:
            url = make_url(value)
        except ArgumentError:
            raise ValueError("is no database URL") from None
        if url.get_backend_name() not in {"sqlite", "postgresql", "postgres"}:
            raise ValueError(f"{url.get_backend_name()} is not supported")
        if url.get_backend_name() == "postgres":
            return value.replace("postgres", "postgresql", 1)
        if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
            folder = Path(url.database).absolute().parent
            if not folder.is_dir():
                raise ValueError(f"the folder {folder} does not exist")
        return value

    @field_validator("anon_rate")
    @classmethod
    def _is_rate(cls, value: str) -> str:
        parse_rate(value)
        return value

    @field_validator("log_level")
    @classmethod
    def _is_level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("is none of DEBUG, INFO, WARNING, ERROR")
        return value.upper()


def load_settings(**overrides: Any) -> Settings:
    """Reads the environment; raises SettingsError with every problem, each with its variable and remedy."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError(_problem(one) for one in error.errors(include_url=False, include_input=False)) from None


def _problem(error: Any) -> str:
    field = str(error["loc"][0])
    message = "is not set" if error["type"] == "missing" else error["msg"].removeprefix("Value error, ")
    remedy = _REMEDIES.get(field, "")
    return f"CATALOG_{field.upper()}: {message}. {remedy}".rstrip()
