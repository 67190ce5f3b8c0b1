"""What every test may ask for: real servers, started once a run and shared by its processes."""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from tests.servers.postgres import Postgres, PostgresAbsent
from tests.stack import stack

__all__ = ["chromium", "postgres_server", "postgres_url", "stack"]

# Where it is set, as in many images, each of the many processes that tests start would compile all that it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

RUN_FOLDER = "STRANGLER_TEST_RUN"

TOGETHER = {
    "tests/e2e/test_three_replicas.py": "replicas",
    "tests/e2e/": "stack",
    "tests/browser/": "browser",
    "tests/monolith/pages/test_served.py": "served",
    "tests/parity/": "stack",
    "tests/proof/": "stack",
    "tests/soak/": "soak",
    "tests/project/test_compiled.py": "compiled",
    "tests/project/test_images.py": "images",
    "tests/project/test_wheel.py": "wheel",
}

# No time limits of hypothesis' own, for the machine may be busy; `make test` asks for --hypothesis-profile=thorough.
settings.register_profile(
    "quick",
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
    print_blob=True,
)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=100)
# For the fuzz tests, by hand and by night: new cases every time.
settings.register_profile("hours", settings.get_profile("quick"), max_examples=100_000, derandomize=False)
settings.load_profile("quick")


def pytest_configure(config: pytest.Config) -> None:
    if RUN_FOLDER not in os.environ:
        os.environ[RUN_FOLDER] = tempfile.mkdtemp(prefix="strangler-test-")
        Path(os.environ[RUN_FOLDER]).chmod(0o755)  # PostgreSQL runs as a user of its own
        config.add_cleanup(_end_run)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if not fixtures.isdisjoint({"stack", "postgres_server", "quiet_postgres_url", "chromium"}):
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    # What was collected stays to the end: no search for garbage has to go through it.
    gc.collect()
    gc.freeze()


class Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist brings no types
    """One process runs all tests of a place that starts something large, so that it is started once."""

    def _split_scope(self, nodeid: str) -> str:
        return next((what for place, what in TOGETHER.items() if nodeid.startswith(place)), nodeid)

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        """Forget what is done: xdist keeps it, and counts through all of it after each test."""
        super().mark_test_complete(node, item_index, duration)
        scope = self._split_scope(self.registered_collections[node][item_index])
        if all(self.assigned_work[node][scope].values()):
            del self.assigned_work[node][scope]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    # The mark xdist_group says nothing to pytest 9.2, which no longer reads the names that xdist gives to tests.
    return Together(config, log) if config.getvalue("dist") == "loadgroup" else None


def _end_run() -> None:
    folder = Path(os.environ.pop(RUN_FOLDER))
    Postgres(folder / "postgres").stop()
    shutil.rmtree(folder, ignore_errors=True)


def absent(what: str) -> None:
    """Skip, and say so; under STRANGLER_REQUIRE=all fail, since then every real component must be there."""
    if os.environ.get("STRANGLER_REQUIRE") == "all":
        pytest.fail(f"STRANGLER_REQUIRE=all, and {what}")
    pytest.skip(what)


def program(name: str, package: str) -> str:
    """The path of a program that a test drives; absent without it. `package` is Debian's, as scripts/setup has it."""
    # Servers stand in a folder that only root has on its path.
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        absent(f"{name} is not on this machine; on Debian: apt-get install {package}")
    return str(path)


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The URL of this run's PostgreSQL, without a database name."""
    folder = Path(os.environ[RUN_FOLDER])
    with (folder / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            return Postgres(folder / "postgres").start()
        except PostgresAbsent as error:
            absent(str(error))
            raise


@pytest.fixture
def postgres_url(postgres_server: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty PostgreSQL database of this test's own."""
    name = f"t{os.getpid()}_{abs(hash(request.node.nodeid)) % 10**10}"
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield f"{postgres_server}/{name}"
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture
def quiet_postgres_url() -> Iterator[str]:
    """The URL of a database whose server nobody else uses: a transaction anywhere on a server holds a feed's reader."""
    server = Postgres(Path(os.environ[RUN_FOLDER]) / f"postgres-{uuid4().hex}")
    try:
        yield f"{server.start()}/postgres"
    except PostgresAbsent as error:
        absent(str(error))
    finally:
        server.stop()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Debian's Chromium."""
    return program("chromium", "chromium")
