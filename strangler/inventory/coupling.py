"""What ties one app of a monolith to another, of whatever kind, in one list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from strangler.inventory.inventory import Inventory
from strangler.inventory.observed import Together

__all__ = ["Coupling", "CouplingKind", "couplings"]


class CouplingKind(StrEnum):
    """How two apps are tied."""

    IMPORT = "import"
    RELATION = "relation"
    SIGNAL = "signal"
    TRANSACTION = "transaction"
    JOIN = "join"


@dataclass(frozen=True, slots=True)
class Coupling:
    """That `source` needs `target` in one way, `count` times: places in the code, fields, receivers, or, of what was
    observed, transactions and statements. `example` is one of them, for people."""

    source: str
    target: str
    kind: CouplingKind
    count: int
    example: str


def couplings(inventory: Inventory) -> list[Coupling]:
    """All of them, by apps and kind. What only a type checker imports does not count."""
    found: dict[tuple[str, str, CouplingKind], Coupling] = {}
    for each in _each(inventory):
        if not each.source or not each.target or each.source == each.target or not each.count:
            continue
        place = each.source, each.target, each.kind
        known = found.get(place)
        count = each.count + (known.count if known else 0)
        found[place] = Coupling(*place, count, known.example if known else each.example)
    return [found[place] for place in sorted(found)]


def _each(inventory: Inventory) -> Iterator[Coupling]:
    for edge in inventory.imports:
        place = next((f"{each.file}:{each.line} {each.what}" for each in edge.places), "")
        yield Coupling(edge.source, edge.target, CouplingKind.IMPORT, edge.count - edge.typing, place)
    for relation in inventory.relations:
        deletion = f", {relation.on_delete}" if relation.on_delete else ""
        told = f"{relation.model}.{relation.field} to {relation.target} ({relation.kind}{deletion})"
        yield Coupling(relation.source_app, relation.target_app, CouplingKind.RELATION, 1, told)
    for receiver in inventory.receivers:
        sender = receiver.sender_app or receiver.signal_app
        told = f"{receiver.receiver} on {receiver.signal.rpartition('.')[2]} of {receiver.sender or 'anything'}"
        yield Coupling(receiver.app, sender, CouplingKind.SIGNAL, 1, told)
    owners = {view.key: view for view in inventory.views}
    for row in inventory.observed:
        view = owners.get(row.key)
        title, app = (row.key, "") if view is None else (view.title, view.app)
        yield from _seen(row.transactions, CouplingKind.TRANSACTION, f"{row.method} {title}", app)
        yield from _seen(row.joins, CouplingKind.JOIN, f"{row.method} {title}", app)


def _seen(rows: Iterable[Together], kind: CouplingKind, title: str, app: str) -> Iterator[Coupling]:
    for row in rows:
        # From the view's own app where it takes part, else from the first of them.
        source = app if app in row.apps else row.apps[0]
        for target in row.apps:
            yield Coupling(source, target, kind, row.count, f"{title}: {', '.join(row.tables)}")
