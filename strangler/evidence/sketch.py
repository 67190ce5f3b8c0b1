"""Counting distinct things in a kilobyte."""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from collections import Counter
from hashlib import blake2b
from typing import Any, Final

from strangler.evidence.shape import items_of, member_of, text_of

__all__ = ["Sketch", "hash64"]

_PRECISION: Final = 10
_REGISTERS: Final = 1 << _PRECISION
_RANKS: Final = 64 - _PRECISION
_LOW: Final = (1 << _RANKS) - 1
_EXACT: Final = 120
"""So many hashes take about as much room as the registers do."""
_HIGH_BITS: Final = int.from_bytes(b"\x80" * _REGISTERS, "big")
_HASH: Final = re.compile("[0-9a-f]{16}")


def hash64(data: bytes, key: bytes = b"") -> int:
    """64 well mixed bits of `data`, the same in every process that has the same `key` (up to 64 bytes). A small sketch
    holds hashes as they are: without a key, whoever reads it can find out whether a guess was among them."""
    return int.from_bytes(blake2b(data, digest_size=8, key=key).digest(), "big")


class Sketch:
    """How many distinct hashes were added: exact up to 120, then HyperLogLog with 1,024 registers, whose standard error
    is 3.3 %.

    Hashes are 64 well mixed bits (`hash64`). Merging gives what adding everything to one sketch would have given.
    """

    __slots__ = ("_hashes", "_registers")

    def __init__(self) -> None:
        self._hashes: set[int] = set()
        self._registers: bytearray | None = None

    def __bool__(self) -> bool:
        return self._registers is not None or bool(self._hashes)

    def add(self, hash64: int) -> None:
        """Count a thing by its hash."""
        registers = self._registers
        if registers is None:
            self._hashes.add(hash64)
            if len(self._hashes) > _EXACT:
                self._spill()
            return
        place = hash64 >> _RANKS
        rank = _RANKS + 1 - (hash64 & _LOW).bit_length()
        if rank > registers[place]:
            registers[place] = rank

    def _spill(self) -> bytearray:
        if self._registers is None:
            self._registers = bytearray(_REGISTERS)
            for each in self._hashes:
                self.add(each)
            self._hashes.clear()
        return self._registers

    def merge(self, other: Sketch) -> None:
        """Count everything that `other` has counted."""
        theirs = other._registers
        if self._registers is None and theirs is None:
            self._hashes |= other._hashes
            if len(self._hashes) > _EXACT:
                self._spill()
        elif theirs is None:
            for each in other._hashes:
                self.add(each)
        else:
            self._registers = _greater_of(self._spill(), theirs)

    @property
    def exact(self) -> bool:
        """Whether `estimate` is the true number."""
        return self._registers is None

    @property
    def error(self) -> float:
        """The relative standard error of `estimate`."""
        return 0.0 if self._registers is None else 1.04 / math.sqrt(_REGISTERS)

    def estimate(self) -> int:
        """How many distinct things were added."""
        if self._registers is None:
            return len(self._hashes)
        # The estimator of O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), algorithm
        # 6: without bias from the first to the last, and without tables.
        ranks = Counter(self._registers)
        total = _REGISTERS * _tau(1 - ranks[_RANKS + 1] / _REGISTERS)
        for rank in range(_RANKS, 0, -1):
            total = 0.5 * (total + ranks[rank])
        total += _REGISTERS * _sigma(ranks[0] / _REGISTERS)
        return round(_REGISTERS * _REGISTERS / (2 * math.log(2)) / total)

    def to_json(self) -> dict[str, Any]:
        """The hashes as 16 hex digits each, or the registers."""
        if self._registers is None:
            digits = struct.pack(f">{len(self._hashes)}Q", *sorted(self._hashes)).hex()
            return {"hashes": [digits[at : at + 16] for at in range(0, len(digits), 16)]}
        return {"registers": base64.b64encode(self._registers).decode("ascii")}

    @classmethod
    def from_json(cls, document: Any) -> Sketch:
        """What `to_json` gave. Raises ValueError for anything else."""
        made = cls()
        if isinstance(document, dict) and "hashes" in document:
            hashes = items_of(document["hashes"], "a sketch's hashes")
            if not all(isinstance(each, str) and _HASH.fullmatch(each) for each in hashes):
                raise ValueError("a sketch's hashes are not 16 hex digits each")
            made._hashes.update(int(each, 16) for each in hashes)
            if len(made._hashes) > _EXACT:
                made._spill()
            return made
        text = text_of(member_of(document, "registers", "a sketch"), "a sketch's registers")
        try:
            registers = bytearray(base64.b64decode(text, validate=True))
        except binascii.Error:
            raise ValueError("a sketch's registers are not base64") from None
        if len(registers) != _REGISTERS or max(registers) > _RANKS + 1:
            raise ValueError("a sketch's registers are not those of a sketch")
        made._registers = registers
        return made


def _greater_of(one: bytearray, other: bytearray) -> bytearray:
    """Register by register the greater one, all at once: ranks leave the highest bit of each byte free, in which a
    subtraction shows whether it borrowed."""
    first, second = int.from_bytes(one, "big"), int.from_bytes(other, "big")
    kept = ((first | _HIGH_BITS) - second) & _HIGH_BITS
    kept = (kept << 1) - (kept >> 7)
    return bytearray((second ^ ((first ^ second) & kept)).to_bytes(_REGISTERS, "big"))


def _sigma(x: float) -> float:
    if x == 1.0:
        return math.inf
    y, z, before = 1.0, x, -1.0
    while z != before:
        x *= x
        before = z
        z += x * y
        y += y
    return z


def _tau(x: float) -> float:
    if x in (0.0, 1.0):
        return 0.0
    y, z, before = 1.0, 1 - x, -1.0
    while z != before:
        x = math.sqrt(x)
        before = z
        y *= 0.5
        z -= (1 - x) ** 2 * y
    return z / 3
