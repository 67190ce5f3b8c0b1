from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
from strangler_proxy.store.postgres_connection import ADVISORY, PostgresConnection


class Little:
    """A part of us with one table: what is made by few statements is told to no other session on the side."""

    VERSIONS = (("CREATE TABLE strangler.little (id integer)",),)
    PART = "little"
    GONE = "Make it again."


def test_tables_that_another_replica_makes_just_now_are_not_made_again(store_url: str) -> None:
    def looked(connection: PostgresConnection) -> int:
        with connection.connection() as opened:
            return len(opened.execute("SELECT * FROM strangler.little").fetchall())

    with closing(PostgresConnection(store_url, Little())) as connection, ThreadPoolExecutor(1) as pool:
        with psycopg.connect(store_url) as other, psycopg.connect(store_url, autocommit=True) as looking:
            other.execute("SELECT pg_advisory_xact_lock(%s, hashtext('upgrade'))", (ADVISORY,))
            seen = pool.submit(looked, connection)
            waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()"
            while not looking.execute(waiting.encode()).fetchone():
                assert not seen.done()
            other.execute("CREATE SCHEMA strangler")
            other.execute("CREATE TABLE strangler.version (part text PRIMARY KEY, version integer NOT NULL)")
            other.execute("CREATE TABLE strangler.little (id integer)")
            other.execute("INSERT INTO strangler.version VALUES ('little', 1)")
        assert seen.result() == 0
