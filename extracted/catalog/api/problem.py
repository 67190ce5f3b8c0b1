from __future__ import annotations

from starlette.responses import Response

from extracted.catalog.api.shapes import ErrorShape, ProblemShape
from extracted.catalog.errors import CatalogError

__all__ = ["Problem", "problem_response"]


class Problem(CatalogError):
    """The clean API's no."""

    def __init__(
        self, status: int, code: str, message: str, where: str | None = None, remedy: str | None = None
    ) -> None:
        self.status = status
        self.error = ErrorShape(code=code, message=message, where=where, remedy=remedy)
        super().__init__(message)


def problem_response(problem: Problem) -> Response:
    body = ProblemShape(error=problem.error).model_dump_json(exclude_none=True)
    headers = {"Retry-After": "1"} if problem.status == 503 else None
    return Response(body, status_code=problem.status, media_type="application/json", headers=headers)
