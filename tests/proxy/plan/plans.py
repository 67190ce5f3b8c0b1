"""A plan that tests follow."""

from __future__ import annotations

from pathlib import Path

from strangler_proxy.plan.plan import Plan
from strangler_proxy.plan.reading import read_plan

__all__ = ["READS", "plan_of"]

READS = """
# Plan

## Reads

### Look

```toml step=look
[before]
command = "strangler check"
```

### Ask both

```toml step=shadow
owner = "catalogue team"
needs = ["look"]
moves = [{ flip = "catalog.*", stage = "shadow" }]

[after]
agreement = 0.95
```

### A tenth

```toml step=canary
needs = ["shadow"]
moves = [
  { approval = "the owner" },
  { flip = "catalog.*", stage = "canary", share = "10%" },
  { command = "warm" },
]
undo = [{ flip = "catalog.*", stage = "shadow" }, { command = "cool" }]

[after]
errors = 0.005
```

### All

```toml step=all
needs = ["canary"]
moves = [{ rollout = "catalog.*" }, { wait = "20s" }]

[after]
errors = 0.005
```

### Good-bye

```toml step=gone
needs = ["all"]
one_way = "catalog.list"
moves = [{ flip = "catalog.list", stage = "retired" }]

[checks]
no_traffic = { routes = "catalog.list", time = "1h" }
```
"""


def plan_of(text: str) -> Plan:
    """The plan that `text` says."""
    return read_plan(text, Path("plan.md"))
