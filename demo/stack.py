"""The whole stack as processes: monolith (WSGI, and ASGI for its stream), catalogue service, proxy."""

from __future__ import annotations

import json
import os
import shlex
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from demo.addresses import Addresses
from demo.releases import DEMO_RELEASE

__all__ = ["ROOT", "Part", "Seeding", "Stack", "StackError"]

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "proxy" / "strangler.toml"
# No part is asked by TLS, and httpx would read all certificates that it trusts each time it looks.
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class StackError(Exception):
    """A part did not come up; the message holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Seeding:
    """How large a shop to make."""

    products: int = 400
    customers: int = 60
    orders: int = 250


@dataclass(frozen=True, slots=True)
class Part:
    """A process of the stack: its name, its command, and the URL that answers 200 once it is ready."""

    name: str
    command: Sequence[str]
    ready: str


class Stack:
    """The shop's processes, with their data and logs below `folder`.

    `start` returns when all are ready, or raises StackError after stopping those that were. Tokens and ports reach the
    processes by their environment, as they would in production.
    """

    def __init__(self, folder: Path, addresses: Addresses, *, say: Callable[[str], None] = print) -> None:
        self.folder = folder
        self.addresses = addresses
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._say = say

    @property
    def environment(self) -> dict[str, str]:
        """What the processes find in their environment."""
        at, data = self.addresses, self.folder
        return {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "DATABASE_URL": f"sqlite:///{data / 'shop.sqlite3'}",
            "MEDIA_ROOT": str(data / "media"),
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "API_PROXY_COUNT": "1",
            # All customers of the demo come from one address; its throttle would take them for one.
            "API_ANON_RATE": "1000000/min",
            "API_USER_RATE": "1000000/min",
            "CATALOG_ANON_RATE": "1000000/min",
            "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "EMAIL_FILE_PATH": str(data / "mail"),
            "CATALOG_FEED_TOKEN": "a-token-of-the-demo",
            "CATALOG_DATABASE_URL": f"sqlite:///{data / 'catalog.sqlite3'}",
            "CATALOG_MONOLITH_URL": at.url("monolith"),
            "CATALOG_SERVICE_URL": at.url("catalog"),
            DEMO_RELEASE: str(self.release_file),
            "STRANGLER_CONFIG": str(CONFIG),
            "STRANGLER_LISTEN": f"127.0.0.1:{at.shop}",
            "STRANGLER_CONTROL": f"127.0.0.1:{at.control}",
            "STRANGLER_CONTROL_URL": at.url("control"),
            "STRANGLER_STATE": str(self.state),
            "STRANGLER_SNAPSHOT": str(self.state / "toggles.json"),
            "STRANGLER_TOKEN_FILE": str(self.state / "control.token"),
            "MONOLITH_URL": at.url("monolith"),
            "MONOLITH_EVENTS_URL": at.url("events"),
            "CATALOG_URL": at.url("catalog"),
        }

    def environment_for(self, part: Part) -> dict[str, str]:
        """What one of the processes finds in its environment."""
        return self.environment

    def shell_file(self) -> Path:
        """Write the file `env`, which a shell sources to have the `strangler` command know this stack; its path."""
        names = (
            "STRANGLER_CONFIG",
            "STRANGLER_STATE",
            "STRANGLER_LISTEN",
            "STRANGLER_CONTROL",
            "MONOLITH_URL",
            "MONOLITH_EVENTS_URL",
            "CATALOG_URL",
            "CATALOG_SERVICE_URL",
        )
        lines = [f"export {name}={shlex.quote(self.environment[name])}" for name in names]
        lines.append(f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH")
        path = self.folder / "env"
        path.write_text("\n".join([*lines, ""]))
        return path

    @property
    def state(self) -> Path:
        """The proxy's state folder: store, token, snapshot."""
        return self.folder / "strangler"

    @property
    def release_file(self) -> Path:
        """Where the name of the catalogue's release stands that is out; without the file it is the one in this tree."""
        return self.folder / "catalog.release"

    def release(self, name: str) -> None:
        """Put out another release of the catalogue service, without a pause; empty for the one in this tree."""
        if name:
            written = self.release_file.with_suffix(".new")
            written.write_text(name, encoding="ascii")
            written.replace(self.release_file)
        else:
            self.release_file.unlink(missing_ok=True)

    def parts(self) -> list[Part]:
        """The processes in the order in which they start."""
        at, python = self.addresses, sys.executable
        gunicorn = [
            python,
            "-m",
            "gunicorn",
            "monolith.wsgi:application",
            "--worker-class",
            "gthread",
            "--workers",
            "2",
        ]
        uvicorn = [python, "-m", "uvicorn", "monolith.asgi:application", "--lifespan", "off", "--log-level", "warning"]
        return [
            Part(
                "monolith",
                [*gunicorn, "--bind", f"127.0.0.1:{at.monolith}"],
                f"{at.url('monolith')}/healthz",
            ),
            Part(
                "events",
                [*uvicorn, "--host", "127.0.0.1", "--port", str(at.events), "--timeout-graceful-shutdown", "5"],
                f"{at.url('events')}/healthz",
            ),
            Part(
                "catalog",
                [python, "-m", "demo.releases", "serve", "--host", "127.0.0.1", "--port", str(at.catalog)],
                f"{at.url('catalog')}/health/ready",
            ),
            Part(
                "proxy",
                [python, "-m", "strangler_proxy", "--config", str(CONFIG), "serve"],
                f"{at.url('shop')}/healthz",
            ),
        ]

    def prepare(self, seeding: Seeding) -> None:
        """Make the shop's database and fill it, unless that was done before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "logs").mkdir(exist_ok=True)
        if (self.folder / "seeded").exists():
            return
        self.manage("migrate", "--verbosity", "0")
        self.manage("collectstatic", "--no-input", "--verbosity", "0")
        sizes = [f"--{name}={count}" for name, count in asdict(seeding).items()]
        self.manage("seed", *sizes, "--seed", "1")
        (self.folder / "seeded").touch()

    def manage(self, *arguments: str) -> str:
        """Run one of the monolith's management commands; its output. Raises StackError when it fails."""
        return self.run(sys.executable, "-m", "monolith.manage", *arguments)

    def run(self, *command: str) -> str:
        """Run a command in the stack's environment; its output. Raises StackError when it fails."""
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StackError(f"`{' '.join(command)}` failed with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self) -> None:
        """Start every part and wait for each to be ready."""
        try:
            for part in self.parts():
                self.start_part(part)
                self._say(f"  {part.name:<9} {part.ready.rsplit('/', 1)[0].removesuffix('/health')}")
        except BaseException:
            self.stop()
            raise
        pids = {name: process.pid for name, process in self.processes.items()}
        (self.folder / "stack.json").write_text(json.dumps({"pids": pids, **asdict(self.addresses)}))

    def start_part(self, part: Part, *, seconds: float = 60) -> None:
        """Start one part and wait until it is ready. Raises StackError when it ends first or takes too long."""
        with (self.folder / "logs" / f"{part.name}.log").open("ab") as log:
            process = subprocess.Popen(
                part.command,
                cwd=ROOT,
                env=self.environment_for(part),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes[part.name] = process
        deadline = time.monotonic() + seconds
        while not _answers(part.ready):
            if process.poll() is not None:
                raise StackError(f"{part.name} ended with {process.returncode}.\n{self.log_end(part.name)}")
            if time.monotonic() > deadline:
                raise StackError(f"{part.name} was not ready in {seconds:.0f} s.\n{self.log_end(part.name)}")
            time.sleep(0.05)

    def stop_part(self, name: str, *, by: signal.Signals = signal.SIGTERM, seconds: float = 20) -> None:
        """End one part, by force when it has not ended in time."""
        process = self.processes.pop(name)
        stop_process(process, by=by, seconds=seconds)

    def stop(self) -> None:
        """End every part, the proxy first, so that customers are turned away before their shop is gone."""
        for name in reversed(list(self.processes)):
            self.stop_part(name)
        (self.folder / "stack.json").unlink(missing_ok=True)

    def log_end(self, name: str, lines: int = 15) -> str:
        """The last lines of a part's log."""
        path = self.folder / "logs" / f"{name}.log"
        text = path.read_text(errors="replace").splitlines() if path.exists() else []
        return "\n".join([f"The end of {path}:", *text[-lines:]])


def stop_process(process: subprocess.Popen[bytes], *, by: signal.Signals, seconds: float) -> None:
    """Signal the process's whole session and wait; kill what is left after `seconds`."""
    if process.poll() is None:
        os.killpg(process.pid, by)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(url: str, headers: Mapping[str, str] | None = None) -> bool:
    try:
        return httpx.get(url, headers=dict(headers or {}), verify=_NO_CERTIFICATES, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
