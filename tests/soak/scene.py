"""The processes of a soak: two upstreams of our own and a real `strangler serve` with two workers before them."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.proxy.supervisor.proxy import Proxy, children
from tests.soak.gauges import Gauge, measured
from tests.soak.witness import MEASUREMENTS, Measurement, pid_file, read
from tests.waiting import until

__all__ = ["Scene"]

_ROOT = Path(__file__).resolve().parents[2]
_CONFIG = """
[proxy]
listen = "127.0.0.1:0"
workers = 2
[control]
listen = "127.0.0.1:0"
[upstreams.monolith]
url = "http://127.0.0.1:{monolith}"
first_byte_timeout = {patience}
idle_timeout = 5
[upstreams.catalog]
url = "http://127.0.0.1:{catalog}"
connect_timeout = 1
first_byte_timeout = {patience}
idle_timeout = 5
breaker_open = 0.5
breaker_longest = 1.0
[[routes]]
name = "soak.moving"
methods = ["GET", "POST"]
path = "/c/<path:rest>"
candidate = "catalog"
[[routes]]
name = "soak.new"
methods = ["GET", "POST"]
path = "/n/<path:rest>"
candidate = "catalog"
twin = false
"""


class Scene:
    """Everything that runs, below `folder`. `fault` makes the upstreams wrong, see upstream.py."""

    def __init__(self, folder: Path, fault: str = "") -> None:
        self.folder = folder
        self.proxy = Proxy(folder)
        self.upstreams: dict[str, subprocess.Popen[bytes]] = {}
        self._ports = {name: _quiet_port() for name in ("monolith", "catalog")}
        self._fault = fault
        # The witness and its upstream: nobody else knows them, and nothing is done to them.
        self.beside: dict[str, subprocess.Popen[bytes]] = {}
        self.witness_port = _quiet_port()

    def start(self) -> None:
        """Start everything and wait until all is live."""
        for name in self._ports:
            self.start_upstream(name)
        self._start_witness()
        self.configure(3.0)
        self.proxy.start()

    def configure(self, patience: float) -> None:
        """Write the configuration with another time limit, so that a reload has something to put into force."""
        (self.folder / "strangler.toml").write_text(_CONFIG.format(**self._ports, patience=patience))

    def spoil_configuration(self) -> None:
        """Write one that must be refused whole."""
        (self.folder / "strangler.toml").write_text('[proxy]\nworkers = "many"\n')

    def start_upstream(self, name: str) -> None:
        """Start an upstream and wait until it accepts."""
        process = self._upstream(name, self._ports[name], *([self._fault] if self._fault else []))
        self.upstreams[name] = process
        pid_file(self.folder, name).write_text(str(process.pid))

    def _upstream(self, name: str, port: int, *more: str) -> subprocess.Popen[bytes]:
        process = self._run(name, "tests.soak.upstream", name, str(port), str(self.ledger(name)), *more)
        until(lambda: process.poll() is not None or _accepts(port))
        assert process.poll() is None, (self.folder / f"{name}.log").read_text()
        return process

    def _run(self, name: str, module: str, *words: str) -> subprocess.Popen[bytes]:
        # At the priority of whoever runs the soak, as all that is started here: so it can be raised as a whole.
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen([sys.executable, "-m", module, *words], cwd=_ROOT, stdout=log, stderr=log)

    def _start_witness(self) -> None:
        port = self.witness_port
        self.beside["witness upstream"] = self._upstream("witness-upstream", port)
        self.beside["witness"] = self._run("witness", "tests.soak.witness", str(port), str(self.folder))
        until(lambda: self.measurements(0.0))

    def measurements(self, origin: float) -> list[Measurement]:
        """What the witness has measured so far, in seconds since `origin` of the monotonic clock."""
        ended = [name for name, process in self.beside.items() if process.poll() is not None]
        assert not ended, f"{ended[0]} has ended: {(self.folder / 'witness.log').read_text()}"
        return read(self.folder / MEASUREMENTS, origin)

    def kill_upstream(self, name: str) -> None:
        """Kill an upstream as no process can prevent."""
        self.upstreams[name].kill()
        self.upstreams[name].wait()

    def ledger(self, name: str) -> Path:
        """Where an upstream writes down what it executed."""
        return self.folder / f"{name}.ledger"

    def executed(self) -> list[tuple[str, str]]:
        """What the upstreams have executed, doubles included: names and digests of bodies."""
        lines = [
            line.split()
            for name in self._ports
            if self.ledger(name).exists()
            for line in self.ledger(name).read_text().splitlines()
        ]
        return [(name, digest) for name, digest in lines]

    @property
    def port(self) -> int:
        """Where customers are served."""
        return int(self.proxy.addresses["listen"].rpartition(":")[2])

    def pids(self) -> dict[str, int]:
        """Every process by its role. Of a worker that is leaving and its replacement, the younger one."""
        found = {"supervisor": self.proxy.process.pid}
        for pid, command in sorted(children(self.proxy.process.pid)):
            words = command.split()
            if "worker" in words:
                found[f"worker {words[words.index('--slot') + 1]}"] = pid
            else:
                found["comparer" if "comparer" in words else "control"] = pid
        return found | {name: process.pid for name, process in self.upstreams.items()}

    def left_over(self) -> list[str]:
        """Processes of the proxy that should have ended: there are two workers, a control plane and a comparer."""
        commands = [command for _, command in children(self.proxy.process.pid)]
        return commands if len(commands) != 4 else []

    def gauges(self, at: float) -> dict[str, Gauge]:
        """What each process holds now."""
        return {role: gauge for role, pid in self.pids().items() if (gauge := measured(pid, at)) is not None}

    def all_live(self) -> bool:
        """Whether every worker acknowledged the revision in force, moves are possible, and answers are compared."""
        status = self.proxy.status()
        comparing = all(comparer["live"] for comparer in status["comparers"])
        return status["live"] == "2/2" and bool(status["store"]["ok"]) and comparing

    def stop(self) -> None:
        """End everything."""
        if self.proxy.process.poll() is None:
            self.proxy.stop()
        # The witness before its upstream, or it would complain.
        for process in (*self.upstreams.values(), *reversed(self.beside.values())):
            if process.poll() is None:
                os.kill(process.pid, signal.SIGCONT)
                process.kill()
            process.wait()


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _quiet_port() -> int:
    """A free port that the system gives to nobody by itself.

    Somebody who connects to a dead server's port again and again would else get that port himself one day, and be
    connected to himself.
    """
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(max(lowest - 12_000, 1024), lowest)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
