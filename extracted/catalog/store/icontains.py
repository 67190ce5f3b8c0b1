from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, ColumnElement, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

__all__ = ["icontains"]


class _IContains(GenericFunction[bool]):
    """A text within a text, in any case, as the monolith's ORM asks for it of the same database.

    SQLite folds ASCII letters only, PostgreSQL all that its locale knows. That is a difference between databases, and
    not one between this service and the monolith when both use the same.
    """

    type = Boolean()
    inherit_cache = True


@compiles(_IContains, "sqlite")
def _sqlite(element: _IContains, compiler: SQLCompiler, **kw: Any) -> str:
    column, pattern = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{column} LIKE {pattern} ESCAPE '\\'"


@compiles(_IContains, "postgresql")
def _postgresql(element: _IContains, compiler: SQLCompiler, **kw: Any) -> str:
    column, pattern = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"UPPER({column}) LIKE UPPER({pattern})"


def icontains(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return _IContains(column, bindparam(None, f"%{escaped}%"))
