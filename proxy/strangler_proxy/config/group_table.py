"""The tables `[groups.NAME]`, and what must be right about them."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from strangler.errors import Problem
from strangler.toggles import NAME_PATTERN
from strangler_proxy.config.forms import Condition, HttpToken
from strangler_proxy.config.groups import Group
from strangler_proxy.config.place import Place

__all__ = ["GroupTable", "check_groups"]

# What evidence calls whoever is in no group.
_TAKEN: Final = frozenset({"anonymous", "credentials"})


class GroupTable(BaseModel):
    """A group of subjects, [below](#groups-and-testers): one side can be set for all of it, and evidence is told apart
    by it. One that only seams know may be empty."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subjects: list[str] = Field([], description="Subjects by name, as `explain` names them.")
    headers: dict[HttpToken, Condition] = Field(
        {},
        description="Headers with their values (`true` for any) of which one makes a member. They count from one of"
        " `proxy.trusted_proxies` only, which has to take a client's own away.",
    )

    def group(self, name: str, line: int | None) -> Group:
        """The group of that name."""
        return Group(name, frozenset(self.subjects), self.headers, line)


def check_groups(groups: list[Group], place: Place, *, trusting: bool) -> list[Problem]:
    """That each group has a name of its own, and that somebody is believed who tells its members by headers; `trusting`
    says that there are trusted proxies."""
    problems = []
    for group in groups:
        where = ("groups", group.name)
        if not NAME_PATTERN.fullmatch(group.name) or group.name in _TAKEN:
            right = 'use a-z, 0-9, - and _, with dots between parts, such as "staff"'
            wrong = f"{group.name!r} is not a name" if group.name not in _TAKEN else "is what evidence calls others"
            problems.append(place.problem(where, wrong, right))
        if group.headers and not trusting:
            wrong = "nobody is trusted to send such headers: no request would ever count as this group's"
            right = "name the edge that sets them as proxy.trusted_proxies"
            problems.append(place.problem((*where, "headers"), wrong, right))
    return problems
