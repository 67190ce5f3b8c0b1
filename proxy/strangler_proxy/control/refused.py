"""What is wanted of something that the control plane keeps, and cannot be."""

from __future__ import annotations

from strangler.errors import StranglerError

__all__ = ["Refused"]


class Refused(StranglerError):
    """What is wanted cannot be: `wrong` says why, `remedy` what to do. `code` is for programs, `status` the control
    API's."""

    def __init__(self, code: str, wrong: str, remedy: str, *, status: int = 409) -> None:
        self.code = code
        self.wrong = wrong
        self.remedy = remedy
        self.status = status
        super().__init__(f"{wrong} {remedy}")
