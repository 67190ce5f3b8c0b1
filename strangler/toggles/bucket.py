"""The bucket function: which of 100,000 buckets a subject falls into. Frozen: a change would move customers.

The bucket is floor(h × 100000 / 2^64), where h is the first eight bytes, big-endian, of
SHA-256(salt ‖ 0x00 ‖ subject), both as UTF-8. A subject is on the candidate's side when its bucket is below the
share, so that widening a share never moves a subject out. `VECTORS` publishes results for other implementations.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Final

__all__ = ["BUCKETS", "VECTORS", "bucket", "bucketer", "format_share", "parse_share"]

BUCKETS: Final = 100_000


def bucketer(salt: str) -> Callable[[str], int]:
    """The bucket function of one salt, with the salt's part of the hash done once."""
    seeded = sha256(salt.encode("utf-8", "surrogatepass") + b"\0")
    from_bytes = int.from_bytes

    def of(subject: str) -> int:
        digest = seeded.copy()
        digest.update(subject.encode("utf-8", "surrogatepass"))
        return (from_bytes(digest.digest()[:8], "big") * BUCKETS) >> 64

    return of


def bucket(salt: str, subject: str) -> int:
    """The bucket of `subject` under `salt`: 0 to 99,999."""
    return bucketer(salt)(subject)


def parse_share(text: str) -> int:
    """A share such as `10%`, `0.5%` or `12.345 %`, as a number of buckets (0 to 100,000).

    Raises ValueError for anything that is not a percentage from 0 to 100 with at most three decimals.
    """
    number = text.strip().removesuffix("%").strip()
    try:
        buckets = Decimal(number) * (BUCKETS // 100)
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a share; write a percentage such as 10%") from None
    if not buckets.is_finite() or not 0 <= buckets <= BUCKETS:
        raise ValueError(f"{text!r} is not a share; write a percentage from 0% to 100%")
    if buckets != buckets.to_integral_value():
        raise ValueError(f"{text!r} is too fine a share; at most three decimals can be told apart")
    return int(buckets)


def format_share(buckets: int) -> str:
    """A number of buckets as a percentage: `10%`, `0.5%`."""
    return f"{(Decimal(buckets) / (BUCKETS // 100)).normalize():f}%"


# salt, subject, bucket
VECTORS: Final[tuple[tuple[str, str, int], ...]] = (
    ("catalog", "", 44148),
    ("catalog", "a", 62088),
    ("catalog", "c1b2a3d4e5f60718293a4b5c6d7e8f90", 72670),
    ("catalog.product-detail", "c1b2a3d4e5f60718293a4b5c6d7e8f90", 9204),
    ("", "user-1", 628),
    ("orders", "user-1", 65774),
    ("orders", "user-2", 81773),
    ("orders", "Zoë", 28094),
    ("Bestellungen/ü", "客户-7", 57860),
)
