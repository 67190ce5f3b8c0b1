"""The compose file's services as processes of this machine: their commands and health checks as they are written."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

from demo.addresses import Addresses
from tests.project.images import ROOT, Image, compose_file, image_of

__all__ = ["Composed", "Service", "until"]

_PORTS = {"8000": "monolith", "8001": "events", "8100": "catalog", "8080": "shop", "8081": "control"}


@dataclass
class Service:
    """A service of the compose file; `log` is where it writes, `needs` what it waits for and how."""

    name: str
    image: Image
    command: list[str]
    environment: dict[str, str]
    health: list[str] | None
    needs: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def said(self) -> str:
        """What it has written so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def run(self, command: str | Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a command in it, as `docker compose exec` would."""
        return subprocess.run(
            self._words(shlex.split(command) if isinstance(command, str) else command),
            cwd=self.image.here(self.image.workdir),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def start(self) -> None:
        """Start its command."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._words(self.command),
                cwd=self.image.here(self.image.workdir),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def is_healthy(self) -> bool:
        """What its health check says. Fails when the process has ended."""
        assert self.health is not None
        assert self.process is None or self.process.poll() is None, f"{self.name} ended:\n{self.said}"
        return self.run(self.health).returncode == 0

    def end(self) -> int:
        """Ask it to end, as `docker stop` does, and wait: its exit code. Fails when it must be killed."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end by itself:\n{self.said[-3000:]}") from None

    def kill(self) -> None:
        """End what is left of it by force."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _words(self, command: Sequence[str]) -> list[str]:
        program = self.image.folder / "venv" / "bin" / command[0]
        assert program.exists(), f"{command[0]} is not in the image of {self.name}"
        return [str(program), *command[1:]]


class Composed:
    """Every service that has an image of ours, in `folder`.

    `databases` are the URLs that stand for the databases' services. Ports and host names are replaced in environment
    variables only: what a command line says is run as it is.
    """

    def __init__(self, folder: Path, databases: Mapping[str, str]) -> None:
        self.addresses = Addresses.free()
        asked = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M)
        self.variables = {name: secrets.token_urlsafe(32) for name in asked}
        document = compose_file(self.variables)
        ours = {name: each for name, each in document["services"].items() if "build" in each}
        files = sorted({each["build"]["dockerfile"] for each in ours.values()})
        images = {file: image_of(ROOT / file, _made(folder / file.replace("/", "-").lower())) for file in files}
        self._images = list(images.values())
        self._built = self._files()
        self.services: dict[str, Service] = {}
        for name, each in ours.items():
            image = images[each["build"]["dockerfile"]]
            given = {**image.environment, **each.get("environment", {})}
            self.services[name] = Service(
                name,
                image,
                list(each.get("command", image.command)),
                {key: self._value(str(value), databases, set(document["services"])) for key, value in given.items()},
                None if each.get("healthcheck", {}).get("disable") else list(image.health),
                {needed: how["condition"] for needed, how in each.get("depends_on", {}).items() if needed in ours},
                folder / f"{name}.log",
            )

    def start(self) -> None:
        """Start all in order, and see each become healthy. A failure names who and what it said."""
        for name in TopologicalSorter({name: set(each.needs) for name, each in self.services.items()}).static_order():
            service = self.services[name]
            for needed, how in service.needs.items():
                self._wait(self.services[needed], how)
            service.start()
        for service in self.services.values():
            if service.health is not None:
                self._wait(service, "service_healthy")

    def stop(self) -> None:
        """End by force what still runs."""
        for service in self.services.values():
            service.kill()

    def written(self) -> set[str]:
        """What of the images was written to since they were built, but for their volumes."""
        return {path for path, changed in self._files().items() if self._built.get(path) != changed}

    def _files(self) -> dict[str, int]:
        return {
            str(path): path.stat().st_mtime_ns
            for image in self._images
            for folder in image.folder.iterdir()
            if folder.name != "data"
            for path in folder.rglob("*")
            # Left out: directories, which a .pyc in them changes; and what an unprivileged user silently goes without.
            if path.is_file() and path.suffix != ".pyc"
        }

    def _wait(self, service: Service, how: str) -> None:
        if how == "service_completed_successfully":
            assert service.process is not None
            assert service.process.wait(60) == 0, service.said
        else:
            until(service.is_healthy, f"{service.name} to be healthy", lambda: service.said)

    def _value(self, value: str, databases: Mapping[str, str], names: set[str]) -> str:
        for name, url in databases.items():
            if f"@{name}:" in value:
                return value.partition("://")[0] + "://" + url.partition("://")[2]
        if value in _PORTS:
            return str(getattr(self.addresses, _PORTS[value]))
        value = re.sub(rf"(?<=//)({'|'.join(names)})(?=:)", "127.0.0.1", value)
        return re.sub(
            rf"(?<=:)({'|'.join(_PORTS)})\b", lambda match: str(getattr(self.addresses, _PORTS[match[1]])), value
        )


def until(holds: Callable[[], bool], what: str, say: Callable[[], str] = str, seconds: float = 60) -> None:
    """Wait until `holds`, at most so long; else fail with `what` was waited for and what `say` says."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}\n{say()}"
        time.sleep(0.1)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
