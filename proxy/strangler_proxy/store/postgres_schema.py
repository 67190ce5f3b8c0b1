"""The tables of toggles and documents in PostgreSQL, one entry a version: those of an older one are upgraded in place.

Replicas of the version before go on with them while they are replaced one after the other: a version only ever adds, or
permits more.
"""

from __future__ import annotations

from typing import Final

__all__ = ["GONE", "MOVES", "PART", "VERSIONS"]

PART: Final = "control"

MOVES: Final = "strangler_moves"
"""The channel on which each move of toggles is told; the message is its revision."""

GONE: Final = (
    "Restore a backup, or let new tables take over what is being served: `strangler adopt snapshot --why ...`."
)


def _only_added(table: str) -> tuple[str, ...]:
    return (
        f"""
        CREATE TRIGGER {table}_is_only_added_to BEFORE UPDATE OR DELETE ON strangler.{table}
        FOR EACH ROW EXECUTE FUNCTION strangler.only_added_to()
        """,
        f"""
        CREATE TRIGGER {table}_is_not_emptied BEFORE TRUNCATE ON strangler.{table}
        FOR EACH STATEMENT EXECUTE FUNCTION strangler.only_added_to()
        """,
    )


VERSIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """
        CREATE FUNCTION strangler.only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'the audit is only ever added to'; END $$
        """,
        """
        CREATE FUNCTION strangler.revision_goes_up() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.revision <= OLD.revision THEN RAISE EXCEPTION 'the revision only goes up'; END IF;
            RETURN NEW;
        END $$
        """,
        """
        CREATE TABLE strangler.revision (
            id integer PRIMARY KEY CHECK (id = 1),
            revision bigint NOT NULL,
            at timestamptz NOT NULL
        )
        """,
        "INSERT INTO strangler.revision VALUES (1, 0, '1970-01-01T00:00:00+00:00')",
        """
        CREATE TRIGGER revision_goes_up BEFORE UPDATE ON strangler.revision
        FOR EACH ROW EXECUTE FUNCTION strangler.revision_goes_up()
        """,
        "CREATE TABLE strangler.toggle (name text PRIMARY KEY, state json NOT NULL)",
        """
        CREATE TABLE strangler.audit (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            revision bigint NOT NULL,
            at timestamptz NOT NULL,
            who text NOT NULL,
            why text NOT NULL,
            name text NOT NULL,
            before json,
            after json NOT NULL,
            forced boolean NOT NULL,
            evidence json
        )
        """,
        "CREATE INDEX audit_name ON strangler.audit (name, id)",
        *_only_added("audit"),
        # A document that was deleted keeps its row, so that no version of it is ever given twice.
        """
        CREATE TABLE strangler.document (
            kind text NOT NULL,
            name text NOT NULL,
            version bigint NOT NULL,
            content json,
            at timestamptz NOT NULL,
            PRIMARY KEY (kind, name)
        )
        """,
        """
        CREATE TABLE strangler.event (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            at timestamptz NOT NULL,
            who text NOT NULL,
            action text NOT NULL,
            name text NOT NULL,
            why text NOT NULL,
            detail json NOT NULL
        )
        """,
        "CREATE INDEX event_name ON strangler.event (name, id)",
        *_only_added("event"),
        "CREATE TABLE strangler.lease (name text PRIMARY KEY, holder text NOT NULL, until double precision NOT NULL)",
        "CREATE TABLE strangler.replica (name text PRIMARY KEY, content json NOT NULL, at double precision NOT NULL)",
    ),
    (
        # Entries of events below this id go; whoever deletes any other does not mean to.
        "CREATE TABLE strangler.event_floor (id integer PRIMARY KEY CHECK (id = 1), below bigint NOT NULL)",
        "INSERT INTO strangler.event_floor VALUES (1, 0)",
        """
        CREATE FUNCTION strangler.event_floor_goes_up() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.below <= OLD.below THEN RAISE EXCEPTION 'the floor of events only goes up'; END IF;
            RETURN NEW;
        END $$
        """,
        """
        CREATE TRIGGER event_floor_goes_up BEFORE UPDATE ON strangler.event_floor
        FOR EACH ROW EXECUTE FUNCTION strangler.event_floor_goes_up()
        """,
        """
        CREATE FUNCTION strangler.event_is_old() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' OR OLD.id >= (SELECT below FROM strangler.event_floor) THEN
                RAISE EXCEPTION 'the audit is only ever added to';
            END IF;
            RETURN OLD;
        END $$
        """,
        "DROP TRIGGER event_is_only_added_to ON strangler.event",
        """
        CREATE TRIGGER event_is_only_added_to BEFORE UPDATE OR DELETE ON strangler.event
        FOR EACH ROW EXECUTE FUNCTION strangler.event_is_old()
        """,
    ),
    (
        """
        CREATE TABLE strangler.call (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            minute timestamptz NOT NULL,
            at timestamptz NOT NULL,
            last timestamptz NOT NULL,
            who text NOT NULL,
            token text NOT NULL,
            address text NOT NULL,
            verb text NOT NULL,
            status integer NOT NULL,
            count bigint NOT NULL,
            UNIQUE (minute, who, token, address, verb, status)
        )
        """,
        "CREATE TABLE strangler.call_floor (id integer PRIMARY KEY CHECK (id = 1), below bigint NOT NULL)",
        "INSERT INTO strangler.call_floor VALUES (1, 0)",
        """
        CREATE FUNCTION strangler.call_floor_goes_up() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.below <= OLD.below THEN RAISE EXCEPTION 'the floor of calls only goes up'; END IF;
            RETURN NEW;
        END $$
        """,
        """
        CREATE TRIGGER call_floor_goes_up BEFORE UPDATE ON strangler.call_floor
        FOR EACH ROW EXECUTE FUNCTION strangler.call_floor_goes_up()
        """,
        """
        CREATE FUNCTION strangler.calls_are_counted() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND OLD.id < (SELECT below FROM strangler.call_floor) THEN RETURN OLD; END IF;
            IF TG_OP = 'UPDATE'
                AND (NEW.id, NEW.minute, NEW.who, NEW.token, NEW.address, NEW.verb, NEW.status)
                    = (OLD.id, OLD.minute, OLD.who, OLD.token, OLD.address, OLD.verb, OLD.status)
                AND NEW.count > OLD.count AND NEW.at <= OLD.at AND NEW.last >= OLD.last
            THEN RETURN NEW; END IF;
            RAISE EXCEPTION 'calls are only ever counted';
        END $$
        """,
        """
        CREATE TRIGGER call_only_grows BEFORE UPDATE OR DELETE ON strangler.call
        FOR EACH ROW EXECUTE FUNCTION strangler.calls_are_counted()
        """,
        """
        CREATE TRIGGER call_is_not_emptied BEFORE TRUNCATE ON strangler.call
        FOR EACH STATEMENT EXECUTE FUNCTION strangler.calls_are_counted()
        """,
    ),
)
