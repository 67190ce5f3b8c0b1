from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest


@pytest.fixture(scope="module")
def store_database(postgres_server: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a PostgreSQL database of this module's own."""
    name = f"s{os.getpid()}_{abs(hash(request.node.nodeid)) % 10**10}"
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield f"{postgres_server}/{name}"
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture
def store_url(store_database: str) -> str:
    """The URL of a PostgreSQL database without our tables: quicker made than a new one."""
    with psycopg.connect(store_database, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS strangler CASCADE")
    return store_database
