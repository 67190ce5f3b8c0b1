"""The models with their tables, and the relations that cross apps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.apps import apps
from django.db.models import Model as DjangoModel

from strangler.django.inventory.owners import Owners
from strangler.django.inventory.sources import place_of
from strangler.inventory import Model, Relation

__all__ = ["models_of", "relations_of"]

_KINDS: Final = {"ForeignKey": "foreign-key", "OneToOneField": "one-to-one", "ManyToManyField": "many-to-many"}


def models_of(owners: Owners) -> Iterator[Model]:
    """The models that have a table, those of many-to-many fields included."""
    for model in apps.get_models(include_auto_created=True):
        meta = model._meta
        if meta.proxy or meta.swapped:
            continue
        file, line = ("", 0) if meta.auto_created else place_of(model, owners)
        yield Model(meta.label, meta.db_table, meta.app_label, meta.managed, bool(meta.auto_created), file, line)


def relations_of() -> Iterator[Relation]:
    """The fields of all apps' models that refer to another app's, by model; those among Django's own apps left out."""
    for model in apps.get_models():
        if model._meta.swapped:
            continue
        if model._meta.proxy and (base := model._meta.concrete_model) is not None:
            yield from _between(model, base, "", "proxy")
        for field in (*model._meta.local_fields, *model._meta.local_many_to_many):
            target = field.related_model
            if isinstance(target, type) and issubclass(target, DjangoModel):
                yield from _between(model, target, field.name, _kind(field), field)
        for field in model._meta.private_fields:
            yield from _generic(model, field)


def _kind(field: Any) -> str:
    if getattr(field.remote_field, "parent_link", False):
        return "parent"
    return next((_KINDS[each.__name__] for each in type(field).__mro__ if each.__name__ in _KINDS), "foreign-key")


def _is_djangos(model: type[DjangoModel]) -> bool:
    return model.__module__.startswith("django.")


def _between(
    model: type[DjangoModel], target: type[DjangoModel], name: str, kind: str, field: Any = None
) -> Iterator[Relation]:
    source_app, target_app = model._meta.app_label, target._meta.app_label
    if source_app == target_app or (_is_djangos(model) and _is_djangos(target)):
        return
    on_delete = getattr(getattr(field, "remote_field", None), "on_delete", None)
    accessor = str(field.remote_field.get_accessor_name() or "") if field is not None else ""
    yield Relation(
        model=model._meta.label,
        field=name,
        kind=kind,
        target=target._meta.label,
        source_app=source_app,
        target_app=target_app,
        on_delete="" if on_delete is None else _deletion(on_delete),
        null=bool(getattr(field, "null", False)),
        constraint=kind != "proxy" and bool(getattr(field, "db_constraint", True)),
        accessor="" if accessor.endswith("+") else accessor,
    )


def _deletion(on_delete: Any) -> str:
    """Django's word; a function that SET made is one of many."""
    name = str(getattr(on_delete, "__name__", type(on_delete).__name__))
    return "SET" if name == "set_on_delete" else name


def _generic(model: type[DjangoModel], field: Any) -> Iterator[Relation]:
    # Told by what they have: their module can only be imported where content types are installed.
    if not hasattr(field, "ct_field") and not hasattr(field, "content_type_field_name"):
        return
    target = getattr(field, "related_model", None)
    if isinstance(target, type) and issubclass(target, DjangoModel):
        yield from _between(model, target, field.name, "generic", field)
    else:
        yield Relation(model._meta.label, field.name, "generic", "", model._meta.app_label, "", constraint=False)
