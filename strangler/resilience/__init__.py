"""What keeps a failure from spreading: circuit breaker, bulkhead, deadline and retry, for sync and async calls.

    catalog = Policy(
        deadline=1.0,
        retry=Retry(worth=(httpx.TransportError,)),
        breaker=CircuitBreaker("catalog", failures=(httpx.HTTPError,)),
        bulkhead=Bulkhead("catalog", 10, queue=20, wait=0.2),
    )

    @catalog.repeatable
    def product(pk: int) -> Product:
        return client.get(f"/v1/products/{pk}", timeout=remaining(), headers=deadline_headers())

`Breaker` and `Places` are the cores, for those who bring their own clock and need no lock.
"""

from strangler.resilience.breaker import CLOSED, HALF_OPEN, OPEN, Breaker
from strangler.resilience.breaker_settings import BreakerSettings
from strangler.resilience.bulkhead import Bulkhead
from strangler.resilience.circuit import BreakerChange, CircuitBreaker
from strangler.resilience.deadline import (
    DEADLINE_HEADER,
    Deadline,
    check_deadline,
    deadline_headers,
    no_deadline,
    remaining,
)
from strangler.resilience.places import ENTERED, FULL, QUEUED, Places
from strangler.resilience.policy import Policy
from strangler.resilience.retry import Retry, RetrySettings
from strangler.resilience.retry_after import read_retry_after
from strangler.resilience.retry_budget import RetryBudget

__all__ = [
    "CLOSED",
    "DEADLINE_HEADER",
    "ENTERED",
    "FULL",
    "HALF_OPEN",
    "OPEN",
    "QUEUED",
    "Breaker",
    "BreakerChange",
    "BreakerSettings",
    "Bulkhead",
    "CircuitBreaker",
    "Deadline",
    "Places",
    "Policy",
    "Retry",
    "RetryBudget",
    "RetrySettings",
    "check_deadline",
    "deadline_headers",
    "no_deadline",
    "read_retry_after",
    "remaining",
]
