"""Bugs planted in the service's code, each of a kind that real extractions have."""

from collections.abc import Mapping

from tests.parity.planted.answers import ANSWERS
from tests.parity.planted.items import ITEMS
from tests.parity.planted.plants import Plant
from tests.parity.planted.reading import READING

__all__ = ["BUGS", "Plant"]

BUGS: Mapping[str, Plant] = {**ITEMS, **READING, **ANSWERS}
