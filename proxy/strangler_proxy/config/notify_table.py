"""The table `[notify]`, with keys, defaults and meaning."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, PlainValidator

from strangler_proxy.config.forms import PositiveDuration, refusal, shown
from strangler_proxy.notify import NoticeKind, NotifySettings

__all__ = ["NotifyTable"]

_SETTINGS = NotifySettings()
_KINDS = ", ".join(f'"{each.value}"' for each in NoticeKind)


def _webhook(value: Any) -> str:
    right = 'write "https://HOST/PATH", or "${NAME}" with the address in the environment'
    try:
        url = urlsplit(value) if isinstance(value, str) else urlsplit("")
        known = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        known = False
    # What it says may be a secret, so it is not shown.
    if not known:
        raise refusal("is not an address of HTTP", right)
    return str(value)


def _kind(value: Any) -> NoticeKind:
    try:
        return NoticeKind(value)
    except ValueError:
        raise refusal(f"is {shown(value)}, no kind of notice", f"the kinds are {_KINDS}") from None


class NotifyTable(BaseModel):
    """Whom to tell of what rollouts do by themselves, and of new differences."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    webhook: Annotated[str, PlainValidator(_webhook)] | None = Field(
        None,
        description="Where notices are sent, as [a POST of JSON](rollouts.md#notices); without it, nowhere.",
        examples=["https://chat.example/hooks/abc"],
    )
    secret_file: str | None = Field(
        None,
        min_length=1,
        description="The file with the secret that notices are signed with, from this file's folder; else"
        " `STRANGLER_NOTIFY_SECRET` in the environment. Without either they are not signed.",
        examples=["notify.secret"],
    )
    kinds: list[Annotated[NoticeKind, PlainValidator(_kind)]] = Field(
        list(_SETTINGS.kinds), min_length=1, description="Which kinds are sent."
    )
    timeout: PositiveDuration = Field(_SETTINGS.timeout, description="Time for one attempt.")
    attempts: Annotated[int, Field(ge=1, le=100)] = Field(
        _SETTINGS.attempts, description="How often a notice is tried, with pauses of 1 to 60 seconds between."
    )
    queue: Annotated[int, Field(ge=1, le=100_000)] = Field(
        _SETTINGS.queue, description="Notices that wait at most; one more is dropped and counted."
    )

    def settings(self, folder: Path) -> NotifySettings:
        """This table as settings; `folder` is the configuration's."""
        return NotifySettings(
            webhook=self.webhook or "",
            secret_file=None if self.secret_file is None else folder / Path(self.secret_file).expanduser(),
            kinds=tuple(self.kinds),
            timeout=self.timeout,
            attempts=self.attempts,
            queue=self.queue,
        )
