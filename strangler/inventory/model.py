"""The monolith's models with their tables, and the relations between them that cross apps."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Model", "Relation"]


@dataclass(frozen=True, slots=True)
class Model:
    """A model with a table of its own. `name` is Django's label (`orders.Order`), `app` the label of its app.

    `managed` is False where Django does not make the table. `auto` is for the table of a many-to-many field.
    """

    name: str
    table: str
    app: str
    managed: bool = True
    auto: bool = False
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Relation:
    """A field of one app's model that refers to another app's.

    `model` and `target` are labels of models (`orders.Order`), `source_app` and `target_app` of their apps. `kind` is
    `foreign-key`, `one-to-one`, `many-to-many`, `parent` (a model that inherits another's table), `proxy` or `generic`
    (a foreign key to anything: `target` is then empty, or the model that declares the way back). `on_delete` is what
    becomes of the row when what it refers to is deleted (`CASCADE`, `PROTECT`, …), empty where that is not asked.
    `constraint` says that the database itself holds it. `accessor` is the name by which the other model reaches back.
    """

    model: str
    field: str
    kind: str
    target: str
    source_app: str
    target_app: str
    on_delete: str = ""
    null: bool = False
    constraint: bool = True
    accessor: str = ""
