"""The state folder, `.strangler/` beside `strangler.toml` unless it says otherwise, and what lies in it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from strangler.errors import StranglerError
from strangler_proxy.config.values import Config

__all__ = ["StateDir"]


@dataclass(frozen=True, slots=True)
class StateDir:
    """The files of one `strangler serve`. Only its own user may look into the folder."""

    path: Path

    @classmethod
    def of(cls, config: Config) -> StateDir:
        """The state folder of a configuration."""
        return cls(config.path.parent / config.state_dir)

    @property
    def token(self) -> Path:
        """The control API's bearer token."""
        return self.path / "control.token"

    @property
    def subject_key(self) -> Path:
        """The key which signs the subject cookie."""
        return self.path / "subject.key"

    @property
    def snapshot(self) -> Path:
        """The last snapshot of the toggles: what everything decides by when nobody answers."""
        return self.path / "toggles.json"

    @property
    def testers(self) -> Path:
        """Of which testers words are revoked, for workers that start while nobody answers."""
        return self.path / "testers.json"

    @property
    def socket(self) -> Path:
        """The Unix socket on which the control plane meets its workers."""
        return self.path / "control.sock"

    def comparer(self, crew: str, number: int) -> Path:
        """The Unix socket on which a comparer of a crew is told what is unequal."""
        return self.path / f"comparer-{crew}-{number}.sock"

    def learned_ids(self, number: int) -> Path:
        """The ids that the comparer of a number has learned to belong together."""
        return self.path / f"ids-{number}.json"

    @property
    def comparers(self) -> list[Path]:
        """The sockets of comparers, of every crew that has left one."""
        return list(self.path.glob("comparer-*-*.sock"))

    @property
    def pid(self) -> Path:
        """Locked by the supervisor for as long as it lives; holds its process id."""
        return self.path / "supervisor.pid"

    @property
    def addresses(self) -> Path:
        """Where the running proxy really listens, for ports that the system chose."""
        return self.path / "addresses.json"

    @property
    def accepted(self) -> Path:
        """The text of strangler.toml that is in force in the running proxy."""
        return self.path / "accepted.toml"

    @property
    def offered(self) -> Path:
        """The text of strangler.toml that a reload is trying, while it does."""
        return self.path / "offered.toml"

    @property
    def supervisor(self) -> Path:
        """The Unix socket on which the supervisor is asked to reload."""
        return self.path / "supervisor.sock"

    @property
    def reloaded(self) -> Path:
        """How the last reload went."""
        return self.path / "reload.json"

    @property
    def vouch_secret(self) -> Path:
        """What the monolith knows the proxy by when it is asked who a client is."""
        return self.path / "vouch.secret"

    @property
    def redaction_key(self) -> Path:
        """The key with which secrets in kept pairs are made unreadable, equal ones alike."""
        return self.path / "redaction.key"

    @property
    def identity_keys(self) -> Path:
        """The keys which sign identities."""
        return self.path / "identity.keys.json"

    @property
    def identity_jwks(self) -> Path:
        """Their public halves."""
        return self.path / "identity.jwks.json"

    def create(self) -> None:
        """Make the folder where it does not exist. Raises StranglerError when it cannot be made or written to."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StranglerError(
                f"The state folder {self.path} cannot be made: {error.strerror}. Make it writable, or name another one"
                " as `dir` under [state] in strangler.toml."
            ) from error
        if not os.access(self.path, os.R_OK | os.W_OK | os.X_OK):
            raise StranglerError(
                f"The state folder {self.path} belongs to another user, or cannot be written to. Serve as the user"
                " who made it, or name another one as `dir` under [state] in strangler.toml."
            )

    def write(self, path: Path, text: str) -> None:
        """Keep `text` in `path`, whole or not at all, for our own eyes."""
        handle, name = tempfile.mkstemp(dir=self.path, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        Path(name).replace(path)

    def write_addresses(self, addresses: Mapping[str, str]) -> None:
        """Keep the addresses that are really listened on."""
        self.write(self.addresses, json.dumps(dict(addresses)))

    def read_addresses(self) -> dict[str, str]:
        """What `write_addresses` kept; empty where there is nothing readable."""
        try:
            document = json.loads(self.addresses.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(key): str(value) for key, value in document.items()} if isinstance(document, dict) else {}

    def write_reloaded(self, document: Mapping[str, object]) -> None:
        """Keep how a reload went."""
        self.write(self.reloaded, json.dumps(dict(document), ensure_ascii=False))

    def read_reloaded(self) -> dict[str, object] | None:
        """What `write_reloaded` kept last; None where there is nothing readable."""
        try:
            document = json.loads(self.reloaded.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return document if isinstance(document, dict) else None

    def write_testers(self, revoked: Mapping[str, int]) -> None:
        """Keep whose words are revoked, and until when of issue. Raises OSError."""
        self.write(self.testers, json.dumps(dict(revoked), ensure_ascii=False))

    def read_testers(self) -> dict[str, int]:
        """What `write_testers` kept; empty where there is nothing readable."""
        try:
            document = json.loads(self.testers.read_text(encoding="utf-8"))
            return {str(name): int(issued) for name, issued in document.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}
