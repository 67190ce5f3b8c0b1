"""A PostgreSQL of the tests' own: made in a folder of the run, on a free port of loopback, gone with it."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path

__all__ = ["Postgres", "PostgresAbsent"]


class PostgresAbsent(Exception):
    """No PostgreSQL server programs on this machine."""


class Postgres:
    """A cluster in `folder`. The folder tells whether it runs, so that several test processes can share one. What is
    committed there outlives the server's end only if it is `durable`: that is for measurements."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self.folder = folder
        self.durable = durable
        self.port_file = folder / "port"

    def start(self) -> str:
        """Make and start the cluster unless it runs; its URL without a database name, such as `postgresql://…:5433`."""
        if not self.port_file.exists():
            self._make()
        return f"postgresql://strangler:strangler@127.0.0.1:{self.port_file.read_text()}"

    def stop(self) -> None:
        """Stop the cluster if it runs, and remove it."""
        if self.port_file.exists():
            self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def halt(self) -> None:
        """Stop the server as in a crash, and keep what is in it."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")

    def resume(self) -> None:
        """Start a halted server again, at the same port."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-l", str(self.folder / "log"), "-w", "start", "-o",
                  self._options(int(self.port_file.read_text())))  # fmt: skip

    def _options(self, port: int) -> str:
        hasty = "" if self.durable else " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        return f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={self.folder}{hasty}"

    def _make(self) -> None:
        data = self.folder / "data"
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(self.folder, *_owner())
        password = self.folder / "password"
        password.write_text("strangler")
        if os.geteuid() == 0:
            os.chown(password, *_owner())
        self._run("initdb", "-D", str(data), "-U", "strangler", "--auth=scram-sha-256", f"--pwfile={password}",
                  "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")  # fmt: skip
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._run("pg_ctl", "-D", str(data), "-o", self._options(port), "-l", str(self.folder / "log"), "-w", "start")
        self.port_file.write_text(str(port))

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(_programs() / program), *arguments]
        user, group = _owner() if os.geteuid() == 0 else (None, None)
        done = subprocess.run(
            command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
            user=user, group=group, extra_groups=None if user is None else [],
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.decode(errors='replace')}")


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parent.parent.name))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise PostgresAbsent("PostgreSQL's `initdb` is not on this machine; on Debian: apt-get install postgresql")
    return Path(on_path).parent


def _owner() -> tuple[int, int]:
    # initdb refuses to run as root; the Debian package brings this user.
    entry = pwd.getpwnam("postgres")
    return entry.pw_uid, entry.pw_gid
