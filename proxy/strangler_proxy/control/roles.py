"""What the bearer of a token may do at the control plane."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Role"]


class Role(StrEnum):
    """What a token is good for. Members are in order: each may do all that those before it may.

    `view` reads; `operate` moves toggles by the stages' rules, and runs what can be taken back; `approve` goes through
    one-way doors, past gates, says a person's word, and gives out tokens.
    """

    VIEW = "view"
    OPERATE = "operate"
    APPROVE = "approve"

    def permits(self, least: Role) -> bool:
        """Whether this role will do where `least` is wanted."""
        return _POSITIONS[self] >= _POSITIONS[least]


_POSITIONS = {role: position for position, role in enumerate(Role)}
