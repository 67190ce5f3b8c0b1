"""Transactions that are rolled back whatever happens, and writes past them that are stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.transaction import Atomic

from strangler.django.effects import guard
from strangler.shadow import current_shadow
from strangler.shadow.statements import ends, writes

__all__ = ["RolledBack", "rolled_back", "stop_other_writes"]


class RolledBack(Atomic):
    """A transaction of one database that is rolled back at its end; within another one, back to where it began.

    The code in it may open transactions of its own, durable ones too. What it wants done on commit is counted as
    "on_commit" and never done.
    """

    def __init__(self, using: str) -> None:
        super().__init__(using, savepoint=True, durable=False)
        # Django's own leave for durable blocks within this one: what it would make durable is rolled back on purpose.
        self._from_testcase = True
        self._hooks = 0

    def __enter__(self) -> None:
        connection: Any = connections[self.using or "default"]
        connection.ensure_connection()
        mode = getattr(connection, "transaction_mode", None)
        if mode is not None:
            # SQLite would lock at once, for a read as well: a customer's write would have to wait for a copy.
            connection.transaction_mode = None
        try:
            super().__enter__()
        finally:
            if mode is not None:
                connection.transaction_mode = mode
        self._hooks = len(connection.run_on_commit)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection: Any = connections[self.using or "default"]
        for _ in connection.run_on_commit[self._hooks :]:
            guard().count("on_commit", connection.alias)
        if connection.in_atomic_block:
            connection.needs_rollback = True
        super().__exit__(None, None, None)


@contextmanager
def rolled_back(databases: Sequence[str]) -> Iterator[None]:
    """A block in which all that is written to these databases, in this thread, is rolled back at its end."""
    with ExitStack() as opened:
        for alias in databases:
            opened.enter_context(RolledBack(alias))
        yield


def stop_other_writes() -> None:
    """Stop, from now on, what a copy would write through a connection that is not rolled back: EffectStopped.

    Such are those of threads that the view starts, and of databases that the dry run does not name.
    """
    connection_created.connect(_watch, dispatch_uid="strangler.shadow")
    for connection in connections.all(initialized_only=True):
        _watch(None, connection)


def _watch(sender: object, connection: BaseDatabaseWrapper, **_: object) -> None:
    if _stop_writes not in connection.execute_wrappers:
        connection.execute_wrappers.append(_stop_writes)


def _stop_writes(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    strategy = current_shadow()
    if strategy is not None and not strategy.keeps:
        connection = context["connection"]
        if not any(isinstance(block, RolledBack) for block in connection.atomic_blocks):
            if writes(sql):
                remedy = " It is not rolled back in this thread and database: write in the view's own thread."
                guard().refuse("database", connection.alias, remedy)
        elif ends(sql, connection.vendor):
            guard().refuse("database", connection.alias, " It would end the transaction that is to be rolled back.")
    return execute(sql, params, many, context)
