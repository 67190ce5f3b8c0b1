"""How often callers may come to the control plane, whether programs or people."""

from __future__ import annotations

from typing import Final

from strangler_proxy.control.throttle import Throttle

__all__ = ["Pace"]

# What a caller may ask for at once after a rest, in seconds of the rate.
_BURST_SECONDS: Final = 5.0
# Whoever shows a wrong token: so often a second, and so often at once.
_WRONG: Final = (1.0, 50.0)


class Pace:
    """A token, and an address, may come `rate` times a second (0: any number). Wrong tokens are counted apart: nobody's
    keep the bearer of a right one out. Both tell the seconds to wait, 0 for none."""

    def __init__(self, rate: float) -> None:
        self._throttle = Throttle(rate, max(rate * _BURST_SECONDS, 1.0)) if rate else None
        self._wrong = Throttle(*_WRONG)

    def wait(self, address: str, token: str = "") -> float:
        """For whoever comes from `address` by `token` (empty: by none)."""
        if self._throttle is None:
            return 0.0
        keys = [f"by {token}"] if token else []
        return max(self._throttle.wait(key) for key in (*keys, f"from {address}"))

    def wait_wrong(self, address: str) -> float:
        """For whoever has just shown a wrong token from `address`."""
        return self._wrong.wait(address)
