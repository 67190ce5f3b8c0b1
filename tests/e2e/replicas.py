"""The shop behind three replicas of the proxy that share a PostgreSQL, in processes of their own, and its customers."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import httpx

from demo.addresses import Addresses
from demo.stack import CONFIG, ROOT, Part
from tests.stack import QuickStack

__all__ = ["REPLICAS", "Customer", "ReplicaStack"]

REPLICAS: Final = ("ada", "bea", "cleo")
_NO_REPLICA: Final = (httpx.ConnectError, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)


class ReplicaStack(QuickStack):
    """Monolith, catalogue service and three proxies with a state folder each; their store is at `store`.

    What belongs to one proxy in a `Stack` (its addresses, its state) is the first replica's here.
    """

    def __init__(self, folder: Path, store: str) -> None:
        super().__init__(folder, Addresses.free())
        self.at = {REPLICAS[0]: self.addresses, **{name: Addresses.free() for name in REPLICAS[1:]}}
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / "strangler.toml"
        shutil.copy(CONFIG.parent / "strangler.rules.toml", folder)
        self.config.write_text(f'{CONFIG.read_text()}\n[store]\nurl = "${{STRANGLER_STORE}}"\n')
        self._store = store
        key = os.urandom(32)
        for name in REPLICAS:
            (folder / name).mkdir()
            # The same for all: a customer keeps their side at whichever replica.
            (folder / name / "subject.key").write_bytes(key)

    @property
    def environment(self) -> dict[str, str]:
        """What the processes, and the plan's commands, find in their environment."""
        return self.environment_of(REPLICAS[0])

    def environment_of(self, name: str) -> dict[str, str]:
        """The environment in which `strangler` is that replica, or talks to it."""
        at, state = self.at[name], self.folder / name
        return {
            **super().environment,
            "STRANGLER_STORE": self._store,
            "STRANGLER_CONFIG": str(self.config),
            "STRANGLER_WORKERS": "1",
            "STRANGLER_STATE": str(state),
            "STRANGLER_LISTEN": f"127.0.0.1:{at.shop}",
            "STRANGLER_CONTROL": f"127.0.0.1:{at.control}",
            "STRANGLER_CONTROL_URL": at.url("control"),
            "STRANGLER_TOKEN_FILE": str(state / "control.token"),
            "STRANGLER_PLAN": str(ROOT / "migration_plan.md"),
        }

    def parts(self) -> list[Part]:
        """The processes in the order in which they start."""
        *shop, _ = super().parts()
        return [*shop, *(self._part(name) for name in REPLICAS)]

    def environment_for(self, part: Part) -> dict[str, str]:
        """What a part finds in its environment."""
        return self.environment_of(part.name) if part.name in self.at else self.environment

    def _part(self, name: str) -> Part:
        serve = [sys.executable, "-m", "strangler_proxy", "--config", str(self.config), "serve"]
        return Part(name, serve, f"{self.at[name].url('shop')}/healthz")

    def kill(self, name: str) -> None:
        """Kill all processes of a replica at once, as when its machine is gone."""
        os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes.pop(name).wait()

    def revive(self, name: str) -> None:
        """Start a replica that was killed."""
        self.start_part(self._part(name))

    def strangler(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the `strangler` command against a replica."""
        command = [sys.executable, "-m", "strangler_proxy", *arguments]
        environment = {**self.environment_of(name), "NO_COLOR": "1", "COLUMNS": "200"}
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


class Customer(threading.Thread):
    """Somebody new with each product, who goes to any replica, and to the next where one is gone.

    `wrong` are answers that nobody should have got, `asked` counts requests, `passed` those that a replica which was
    gone left to the next.
    """

    def __init__(self, urls: list[str], products: list[dict[str, Any]], enough: threading.Event) -> None:
        super().__init__(daemon=True)
        self._urls, self._products, self._enough = urls, cycle(products), enough
        self._chance = random.Random(len(products))
        self.asked: Counter[str] = Counter()
        self.passed = 0
        self.wrong: list[str] = []

    def run(self) -> None:
        with httpx.Client(timeout=30) as client:
            while not self._enough.is_set():
                product = next(self._products)
                client.cookies.clear()
                for path in _paths(int(product["id"])):
                    self._ask(client, path)

    def _ask(self, client: httpx.Client, path: str) -> None:
        for url in self._chance.sample(self._urls, len(self._urls)):
            try:
                answer = client.get(f"{url}{path}")
            except _NO_REPLICA:
                self.passed += 1
                continue
            self.asked[url] += 1
            if answer.status_code != 200:
                self.wrong.append(f"{path}: {answer.status_code} {answer.text[:100]}")
            return
        self.wrong.append(f"{path}: no replica answered")


def _paths(product: int) -> list[str]:
    """A visit that asks every route of the catalogue."""
    return [
        f"/api/v1/products/?page_size={product % 50 + 1}&page={product % 3 + 1}",
        f"/api/v1/products/{product}/",
        f"/api/v1/products/{product}/reviews/",
        "/api/v1/categories/",
    ]
