"""What keeps a failure from spreading: circuit breaker, bulkhead, deadline and retry, for sync and async calls."""

from strangler.resilience.breaker import CLOSED, HALF_OPEN, OPEN, Breaker
from strangler.resilience.breaker_settings import BreakerSettings

__all__ = ["CLOSED", "HALF_OPEN", "OPEN", "Breaker", "BreakerSettings"]
