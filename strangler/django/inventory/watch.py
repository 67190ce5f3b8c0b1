"""What one request does with the tables of the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache, lru_cache
from typing import Any, Final

from django.apps import apps
from django.db import connections

from strangler.inventory.statement import tables_in

__all__ = ["Watch", "table_apps", "watched"]

Tables = frozenset[str]
# Beyond this there are statements of other lengths only, such as `IN (…)` makes them.
_STATEMENTS: Final = 4096


@cache
def table_apps() -> Mapping[str, str]:
    """The label of the app of each table that a model has."""
    return {model._meta.db_table: model._meta.app_label for model in apps.get_models(include_auto_created=True)}


@lru_cache(maxsize=_STATEMENTS)
def _tables(sql: str) -> tuple[Tables, Tables]:
    return tables_in(sql, table_apps())


class Watch:
    """The tables of one request: `transactions` and `joins` count those that cross apps."""

    def __init__(self) -> None:
        self.statements = 0
        self.reads: set[str] = set()
        self.writes: set[str] = set()
        self.transactions: Counter[Tables] = Counter()
        self.joins: Counter[Tables] = Counter()
        # By database, what the transaction that is open has read and written.
        self._open: dict[str, tuple[set[str], set[str]]] = {}

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        """Run a statement, as `connection.execute_wrapper` asks; what is seen of it changes nothing."""
        if isinstance(sql, str):
            self._note(sql, context["connection"])
        return execute(sql, params, many, context)

    def end(self) -> None:
        """The request is over, and no transaction of it goes on."""
        for alias in list(self._open):
            self._close(alias)

    def _note(self, sql: str, connection: Any) -> None:
        reads, writes = _tables(sql)
        self.reads |= reads
        self.writes |= writes
        touched = reads | writes
        self.statements += bool(touched)
        if len(touched) > 1 and _crosses(touched):
            self.joins[touched] += 1
        alias = connection.alias
        if not connection.in_atomic_block:
            self._close(alias)
        elif touched:
            if alias not in self._open:
                self._open[alias] = (set(), set())
                connection.on_commit(lambda: self._close(alias), robust=True)
            self._open[alias][0].update(reads)
            self._open[alias][1].update(writes)

    def _close(self, alias: str) -> None:
        reads, writes = self._open.pop(alias, (set(), set()))
        tables = frozenset(reads | writes)
        if writes and _crosses(tables):
            self.transactions[tables] += 1


def _crosses(tables: Tables) -> bool:
    owners = table_apps()
    return len({owners[table] for table in tables}) > 1


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Let `watch` see what this thread asks its databases."""
    with ExitStack() as stack:
        for connection in connections.all():
            stack.enter_context(connection.execute_wrapper(watch))
        yield
