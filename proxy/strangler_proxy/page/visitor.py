"""Who looks at a page."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

__all__ = ["Visitor", "visitor_of"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who has signed in: with the token of that name, as `who`; `role` is the token's now (`view`, `operate`
    or `approve`). What they send by a form carries `form_token`; `session` is what their session is told by in the list
    of sessions."""

    token: str
    who: str
    role: str
    form_token: str
    session: str = ""

    @property
    def told(self) -> str:
        """Who it is, as the audit has it."""
        return f"{self.who} ({self.token})"

    @property
    def may_operate(self) -> bool:
        """Whether they may move toggles."""
        return self.role in {"operate", "approve"}

    @property
    def may_approve(self) -> bool:
        """Whether they may go through one-way doors, past gates, and say a person's word."""
        return self.role == "approve"

    def may(self, least: str) -> bool:
        """Whether they may do what wants the role `least`."""
        return {"view": True, "operate": self.may_operate}.get(least, self.may_approve)


def visitor_of(request: Request) -> Visitor:
    """Whose request it is. The door has seen to it that there is somebody, where a page wants a role."""
    visitor: Visitor = request.state.visitor
    return visitor
