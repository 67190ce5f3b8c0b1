"""What ties two parts together and has to be cut before one can leave, each with a way to cut it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from strangler.inventory import Inventory, Relation
from strangler_proxy.plan_draft.part import Part

__all__ = ["Tangle", "tangles_of"]

_MOST_PLACES = 3


@dataclass(frozen=True, slots=True)
class Tangle:
    """That `source` needs `target`: `what` is there, `where` in the code, and how to `cut` it. `number` counts from 1.

    `kind` is `relation`, `import`, `signal`, `transaction` or `join`.
    """

    number: int
    kind: str
    source: str
    target: str
    what: str
    where: str
    cut: str


def tangles_of(inventory: Inventory, parts: Sequence[Part]) -> list[Tangle]:
    """The tangles between parts: relations first, then what runs in one transaction, signals, joins and imports."""
    owner = {label: part.name for part in parts for label in part.labels}
    found: list[Tangle] = []
    for kind, source, target, what, where, cut in _each(inventory, owner):
        if source and target and source != target:
            found.append(Tangle(len(found) + 1, kind, source, target, what, where, cut))
    return found


_Row = tuple[str, str, str, str, str, str]


def _each(inventory: Inventory, owner: dict[str, str]) -> Iterator[_Row]:
    places = {model.name: _place(model.file, model.line) for model in inventory.models}
    for relation in inventory.relations:
        deletion = f", {relation.on_delete}" if relation.on_delete else ""
        yield (
            "relation",
            owner.get(relation.source_app, ""),
            owner.get(relation.target_app, ""),
            f"{relation.model}.{relation.field} → {relation.target or 'anything'} ({relation.kind}{deletion})",
            places.get(relation.model, ""),
            _cut_relation(relation),
        )
    yield from _together(inventory, owner)
    for receiver in inventory.receivers:
        yield (
            "signal",
            owner.get(receiver.app, ""),
            owner.get(receiver.sender_app or receiver.signal_app, ""),
            f"{receiver.receiver} on {receiver.signal.rpartition('.')[2]} of {receiver.sender or 'anything'}",
            _place(receiver.file, receiver.line),
            "a signal ends at the process: an event through an outbox, or a call of the other side's API",
        )
    for edge in inventory.imports:
        count = edge.count - edge.typing
        if count > 0:
            named = ", ".join(dict.fromkeys(place.what for place in edge.places if place.what))
            yield (
                "import",
                owner.get(edge.source, ""),
                owner.get(edge.target, ""),
                f"{count} {'import' if count == 1 else 'imports'}: {_short(named)}",
                ", ".join(f"{place.file}:{place.line}" for place in edge.places[:_MOST_PLACES]),
                "one interface in the target's part (a seam where it has to be switched), and no model across it",
            )


def _together(inventory: Inventory, owner: dict[str, str]) -> Iterator[_Row]:
    views = {view.key: view for view in inventory.views}
    seen: set[tuple[str, str, str, str]] = set()
    for row in inventory.observed:
        view = views.get(row.key)
        title = row.key if view is None else view.title
        own = "" if view is None else owner.get(view.app, "")
        for kind, rows in (("transaction", row.transactions), ("join", row.joins)):
            for together in rows:
                taking = list(dict.fromkeys(owner[app] for app in together.apps if app in owner))
                source = own if own in taking else taking[0] if taking else ""
                for target in taking:
                    key = (kind, source, target, f"{row.method} {title}")
                    if target == source or key in seen:
                        continue
                    seen.add(key)
                    place = "" if view is None else _place(view.file, view.line)
                    cut = (
                        "what now commits together needs a saga, or one of the two may lag behind by an event"
                        if kind == "transaction"
                        else "two queries with ids between them, or a copy of the columns that are needed"
                    )
                    yield kind, source, target, f"{row.method} {title}: {', '.join(together.tables)}", place, cut


def _cut_relation(relation: Relation) -> str:
    if relation.kind == "generic":
        return "name kind and id in plain columns; whoever owns the thing is asked for it"
    if relation.kind == "many-to-many":
        return "the table between belongs to one side, which keeps plain ids of the other"
    match relation.on_delete:
        case "CASCADE":
            return "a plain id; the owner tells of a deletion by an event, and this side deletes its own rows"
        case "PROTECT" | "RESTRICT":
            return "a plain id; the owner marks as deleted instead, or asks before"
        case "SET_NULL" | "SET_DEFAULT" | "SET":
            return "a plain id, with a copy of what is shown of it; an id that leads nowhere is shown as gone"
        case _:
            return "a plain id, without a key in the database"


def _place(file: str, line: int) -> str:
    return f"{file}:{line}" if line else file


def _short(text: str, most: int = 100) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip(', ')}…"
