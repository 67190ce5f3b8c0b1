"""The tables of the evidence store in PostgreSQL, in the schema `strangler`, one entry a version.

They are those of `evidence_schema`. An index takes no long text, and names are as long as a client or a candidate makes
them: `key` is a digest of those that tell a row from another (`digest_of`).
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

__all__ = ["GONE", "PART", "VERSIONS", "digest_of", "plain_text"]

PART: Final = "evidence"
GONE: Final = (
    "Restore it, or drop the tables strangler.evidence_* and delete the row 'evidence' of strangler.version and restart"
    " `strangler serve`, which begins anew; traffic and toggles do not need it."
)

VERSIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """
        CREATE TABLE strangler.evidence_scope (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            key bytea NOT NULL UNIQUE,
            route text NOT NULL,
            release text NOT NULL,
            rules text NOT NULL
        )
        """,
        "CREATE TABLE strangler.evidence_batch (id text PRIMARY KEY, at double precision NOT NULL)",
        """
        CREATE TABLE strangler.evidence_counted (
            scope bigint NOT NULL REFERENCES strangler.evidence_scope ON DELETE CASCADE,
            day bigint NOT NULL,
            pairs numeric NOT NULL,
            first double precision,
            last double precision,
            document text NOT NULL,
            PRIMARY KEY (scope, day)
        )
        """,
        """
        CREATE TABLE strangler.evidence_missed (
            day bigint NOT NULL,
            key bytea NOT NULL,
            route text NOT NULL,
            cause text NOT NULL,
            count numeric NOT NULL,
            PRIMARY KEY (day, key)
        )
        """,
        """
        CREATE TABLE strangler.evidence_kept (
            id text PRIMARY KEY,
            scope bigint NOT NULL REFERENCES strangler.evidence_scope ON DELETE CASCADE,
            at double precision NOT NULL,
            template text NOT NULL,
            verdict text NOT NULL,
            cause text NOT NULL,
            subject text NOT NULL,
            size bigint NOT NULL,
            old_class integer NOT NULL,
            new_class integer NOT NULL,
            document text NOT NULL
        )
        """,
        "CREATE INDEX ON strangler.evidence_kept (scope, at)",
        "CREATE INDEX ON strangler.evidence_kept (at)",
        "CREATE INDEX ON strangler.evidence_kept USING hash (subject) WHERE subject <> ''",
        """
        CREATE TABLE strangler.evidence_shelf (
            scope bigint NOT NULL,
            key bytea NOT NULL,
            field text NOT NULL,
            kind text NOT NULL,
            kept text NOT NULL REFERENCES strangler.evidence_kept ON DELETE CASCADE,
            PRIMARY KEY (scope, key, kept)
        )
        """,
        "CREATE INDEX ON strangler.evidence_shelf (kept)",
        """
        CREATE TABLE strangler.evidence_traffic_key (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            key bytea NOT NULL UNIQUE,
            route text NOT NULL,
            side text NOT NULL,
            stage text NOT NULL,
            release text NOT NULL
        )
        """,
        """
        CREATE TABLE strangler.evidence_traffic (
            key bigint NOT NULL REFERENCES strangler.evidence_traffic_key,
            length bigint NOT NULL,
            start bigint NOT NULL,
            requests bigint NOT NULL,
            errors bigint NOT NULL,
            fallbacks bigint NOT NULL,
            seconds double precision NOT NULL,
            b0 bigint NOT NULL,
            b1 bigint NOT NULL,
            b2 bigint NOT NULL,
            b3 bigint NOT NULL,
            b4 bigint NOT NULL,
            b5 bigint NOT NULL,
            b6 bigint NOT NULL,
            b7 bigint NOT NULL,
            b8 bigint NOT NULL,
            b9 bigint NOT NULL,
            b10 bigint NOT NULL,
            b11 bigint NOT NULL,
            b12 bigint NOT NULL,
            b13 bigint NOT NULL,
            b14 bigint NOT NULL,
            b15 bigint NOT NULL,
            PRIMARY KEY (key, length, start)
        )
        """,
        """
        CREATE TABLE strangler.evidence_opened (
            upstream text NOT NULL,
            length bigint NOT NULL,
            start bigint NOT NULL,
            count bigint NOT NULL,
            PRIMARY KEY (upstream, length, start)
        )
        """,
    ),
    (
        """
        CREATE TABLE strangler.evidence_compared (
            scope bigint NOT NULL REFERENCES strangler.evidence_scope ON DELETE CASCADE,
            start bigint NOT NULL,
            agree bigint NOT NULL,
            differ bigint NOT NULL,
            inconclusive bigint NOT NULL,
            open bigint NOT NULL,
            PRIMARY KEY (scope, start)
        )
        """,
    ),
)


def plain_text(text: str) -> str:
    """`text` as PostgreSQL can hold it: without NUL, and without halves of surrogate pairs."""
    return text.replace("\0", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode("utf-8")


def digest_of(*names: str) -> bytes:
    """What tells these names from others, in sixteen bytes."""
    said = b"".join(b"%d:%b" % (len(each), each) for each in (plain_text(name).encode() for name in names))
    return sha256(said).digest()[:16]
