"""The shop's processes as the proof needs them: beside a second instance of the monolith, or without a proxy."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from demo.addresses import Addresses
from demo.stack import ROOT, Part, Seeding, Stack

__all__ = ["ServiceStack", "TwinStack"]

_CONFIG = ROOT / "tests" / "proof" / "strangler.toml"


class TwinStack(Stack):
    """Monolith, twin and proxy. The twin stands at the address of the catalogue service, which is not started."""

    def __init__(self, folder: Path, *, say: Callable[[str], None] = print) -> None:
        super().__init__(folder, Addresses.free(), say=say)

    @property
    def environment(self) -> dict[str, str]:
        """What the processes find in their environment."""
        return {
            **super().environment,
            "STRANGLER_CONFIG": str(_CONFIG),
            "TWIN_URL": self.addresses.url("catalog"),
        }

    def parts(self) -> list[Part]:
        """The processes in the order in which they start."""
        monolith, *_ = super().parts()
        at = self.addresses
        twin = [word.replace(f":{at.monolith}", f":{at.catalog}") for word in monolith.command]
        return [
            monolith,
            Part("twin", twin, f"{at.url('catalog')}/healthz"),
            Part(
                "proxy",
                [sys.executable, "-m", "strangler_proxy", "--config", str(_CONFIG), "serve"],
                f"{at.url('shop')}/healthz",
            ),
        ]

    def strangler(self, *arguments: str) -> str:
        """Run the `strangler` command; its output. Raises StackError when it fails."""
        return self.run(sys.executable, "-m", "strangler_proxy", "--config", str(_CONFIG), *arguments)


class ServiceStack(Stack):
    """Monolith and catalogue service; whoever asks them is the proxy."""

    @classmethod
    @contextmanager
    def running(cls, folder: Path, *, say: Callable[[str], None] = print) -> Iterator[Self]:
        """A small shop, until the block ends."""
        stack = cls(folder, Addresses.free(), say=say)
        stack.prepare(Seeding(products=150, customers=20, orders=40))
        try:
            stack.start()
            yield stack
        finally:
            stack.stop()

    def parts(self) -> list[Part]:
        """The processes in the order in which they start."""
        return [part for part in super().parts() if part.name in ("monolith", "catalog")]
