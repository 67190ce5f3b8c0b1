"""What the forms of a route's page send. Pure.

What is wrong with it is for the API to say; here it is only put as the API takes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from strangler_proxy.page.route_shown import Moved

__all__ = ["NO_TROUBLE", "ApproveForm", "MoveForm", "RolloutForm", "Trouble"]

_MOST_DIGITS: Final = 15


@dataclass(frozen=True, slots=True)
class MoveForm:
    """A move that somebody wants, by a page that showed the toggles at `revision`. `share` is in percent."""

    stage: str = ""
    share: str = ""
    why: str = ""
    force: bool = False
    confirm: str = ""
    revision: int = 0

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> MoveForm:
        """What a form's fields say."""
        revision = fields.get("revision", "")
        return cls(
            stage=fields.get("stage", ""),
            share=fields.get("share", "").strip(),
            why=fields.get("why", ""),
            force=fields.get("force", "") == "yes",
            confirm=fields.get("confirm", "").strip(),
            revision=int(revision)
            if revision.isascii() and revision.isdigit() and len(revision) <= _MOST_DIGITS
            else 0,
        )

    @property
    def api_share(self) -> str | None:
        """The share as the API takes it: of stage `canary` only."""
        if self.stage != "canary" or not self.share:
            return None
        return self.share if self.share.endswith("%") else f"{self.share}%"


@dataclass(frozen=True, slots=True)
class RolloutForm:
    """What a rollout is to do: `order` is `start`, `freeze`, `resume` or `abort`; `name` which one, `schedule` by which
    one it begins."""

    order: str = ""
    name: str = ""
    schedule: str = ""
    why: str = ""

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> RolloutForm:
        """What a form's fields say."""
        return cls(*(fields.get(key, "") for key in ("order", "name", "schedule", "why")))


@dataclass(frozen=True, slots=True)
class ApproveForm:
    """A person's yes, as `word`."""

    word: str = ""
    why: str = ""

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> ApproveForm:
        """What a form's fields say."""
        return cls(fields.get("word", "").strip(), fields.get("why", ""))


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the form `at` (`move`, `rollout` or `approve`) was not carried out, and what to do; `meanwhile` is what
    happened since its page was made, newest first. `status` is the answer's."""

    at: str = ""
    wrong: str = ""
    remedy: str = ""
    meanwhile: tuple[Moved, ...] = ()
    status: int = 200


NO_TROUBLE: Final = Trouble()
