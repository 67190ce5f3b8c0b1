"""Documents with places that a monolith does not repeat, as it gives them one time after the other, and ways to spoil
one where nothing excuses it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

__all__ = ["SCHEMAS", "Choice", "Noisy", "Optional", "Schema", "Shuffled", "rendered", "spoilers"]

NOISY: dict[str, list[Any]] = {
    "integer": [1000, 1007, 31],
    "real": [1.5, 2.25, 3.75],
    "boolean": [True, False, True],
    "uuid": [str(UUID(int=number + 1)) for number in range(3)],
    "timestamp": ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", "2026-02-03T10:11:12Z"],
    "date": ["2026-01-01", "2026-01-02", "2027-12-31"],
    "url": ["http://a/x", "http://a/y?z=1", "http://a"],
    "path": ["/a/", "/b/c/", "/"],
    "number": ["1.00", "2.50", "19.99"],
    "hex": ["0011aaff", "deadbeef", "00ff00aa"],
    "token": ["aaaa1111bbbb2222", "zzzz9999yyyy8888xxxx", "q1w2e3r4t5y6u7i8"],
    "text": ["one thing", "another", "Zwei Dinge – drei"],
}
OTHER: dict[str, list[Any]] = {
    kind: [values[2] for name, values in NOISY.items() if name != kind] for kind, values in NOISY.items()
}
OTHER["timestamp"] += ["2026-02-03T10:11:12", "2026-02-03 10:11:12Z", "Tue, 03 Feb 2026 10:11:12 GMT"]
OTHER["url"] += ["https://a/x", "http://b/x"]
# Hex digits and tokens are texts, and texts may be anything of that kind.
OTHER["text"] = [None, True, 5, 1.5, "", NOISY["uuid"][2], NOISY["number"][2], [], {}]


@dataclass(frozen=True)
class Noisy:
    """A value of one kind, another one each time."""

    kind: str


@dataclass(frozen=True)
class Optional:
    """A field that is there the first time and not the second; the new answer has it or not."""

    value: Any
    there: bool


@dataclass(frozen=True)
class Shuffled:
    """A list of these elements in another order each time."""

    elements: list[Any]


@dataclass(frozen=True)
class Choice:
    """A list of so many elements, others each time; with `shared` the first one always is the same."""

    length: int
    shared: bool


Schema = Any
"""A Noisy, Optional, Shuffled or Choice, an object or a list of schemas, or a scalar: the same each time."""

STABLE = st.sampled_from([None, True, False, 0, 17, -3, 2.5, "", "word", "two words", "9.99", "2026-01-01", "/p/"])
KEYS = st.sampled_from(["a", "b", "c", "d", "e f"])
ELEMENTS = st.lists(STABLE, min_size=2, max_size=6).map(
    lambda values: Shuffled([{"id": number, "value": value} for number, value in enumerate(values)])
) | st.lists(st.integers(), min_size=2, max_size=6, unique=True).map(Shuffled)
LEAVES = st.one_of(
    STABLE,
    st.sampled_from(sorted(NOISY)).map(Noisy),
    ELEMENTS,
    st.builds(Choice, st.integers(1, 5), st.booleans()),
)
OBJECTS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(KEYS, inner | st.builds(Optional, STABLE, st.booleans()), max_size=4)
    ),
    max_leaves=10,
)
SCHEMAS = st.dictionaries(KEYS, OBJECTS, min_size=1, max_size=4)
"""Objects, as APIs answer."""


def rendered(schema: Schema, time: int) -> Any:
    """The document as it is given the first time (0), again (1), and by the new side (2)."""
    if isinstance(schema, Noisy):
        return NOISY[schema.kind][time]
    if isinstance(schema, Shuffled):
        at = time % len(schema.elements)
        return copy.deepcopy(schema.elements[at:] + schema.elements[:at])
    if isinstance(schema, Choice):
        return [_element(0 if schema.shared and number == 0 else time, number) for number in range(schema.length)]
    if isinstance(schema, dict):
        return {key: rendered(each, time) for key, each in _there(schema, time)}
    if isinstance(schema, list):
        return [rendered(each, time) for each in schema]
    return schema.value if isinstance(schema, Optional) else schema


def _there(schema: dict[str, Schema], time: int) -> Iterator[tuple[str, Schema]]:
    for key, each in schema.items():
        if not isinstance(each, Optional) or time == 0 or (time == 2 and each.there):
            yield key, each


def _element(time: int, number: int) -> dict[str, Any]:
    name = f"thing {'abc'[time]}{number}"
    return {"id": 100 * time + number, "name": name, "price": f"{time}{number}.50", "in": {"stock": 10 * time + number}}


@dataclass(frozen=True)
class Spoiler:
    """A change that nothing excuses: sets the place to `value`, or takes it away, or puts another element there."""

    place: tuple[str | int, ...]
    how: str
    value: Any = None

    def spoil(self, document: Any) -> Any:
        whole = copy.deepcopy(document)
        parent = whole
        for step in self.place[:-1]:
            parent = parent[step]
        if self.how == "delete":
            del parent[self.place[-1]]
        elif self.how == "double":
            parent.append(copy.deepcopy(parent[-1]))
        else:
            parent[self.place[-1]] = self.value
        return whole


def spoilers(schema: Schema, place: tuple[str | int, ...] = ()) -> Iterator[Spoiler]:
    """Every change of the new document that has to be found."""
    if isinstance(schema, Noisy):
        yield from (Spoiler(place, "set", value) for value in [None, [], {"x": 1}, *OTHER[schema.kind]])
    elif isinstance(schema, Shuffled):
        yield Spoiler((*place, 0), "delete")
        yield Spoiler((*place, 0), "double")
        yield Spoiler((*place, 0), "set", "no such element")
        if isinstance(schema.elements[0], dict):
            yield Spoiler((*place, 1, "value"), "set", "another value")
            yield Spoiler((*place, 1, "value"), "delete")
            yield Spoiler((*place, 1, "more"), "set", 1)
    elif isinstance(schema, Choice):
        last = schema.length - 1
        if schema.length > 1 or not schema.shared:
            yield Spoiler((*place, last, "price"), "set", None)
            yield Spoiler((*place, last, "price"), "set", 9.5)
            yield Spoiler((*place, last, "price"), "delete")
            yield Spoiler((*place, last, "in", "stock"), "set", "many")
            yield Spoiler((*place, last, "more"), "set", 1)
            yield Spoiler((*place, last), "set", None)
        if schema.shared:
            yield Spoiler((*place, 0, "price"), "set", "77.00")
        yield Spoiler((*place, 0), "delete")
        yield Spoiler((*place, 0), "double")
    elif isinstance(schema, dict):
        yield Spoiler((*place, "a new key"), "set", 1)
        for key, each in _there(schema, 2):
            if not isinstance(each, Optional):
                yield Spoiler((*place, key), "delete")
            yield from spoilers(each, (*place, key))
    elif isinstance(schema, list):
        for number, each in enumerate(schema):
            yield from spoilers(each, (*place, number))
    elif isinstance(schema, Optional):
        yield Spoiler(place, "set", [schema.value])
    else:
        yield Spoiler(place, "set", "another word" if schema != "another word" else 1)
        if isinstance(schema, int | float) and not isinstance(schema, bool):
            yield Spoiler(place, "set", schema + 1)
