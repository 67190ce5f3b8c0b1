"""The keys that sign identities: kept in the state folder, replaced by age or by command, published as a JWK Set."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import stat
import tempfile
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from strangler.errors import StranglerError

__all__ = ["OVERLAP", "SETTLING", "SigningKey", "SigningKeys"]

# A new key is published for so long, in seconds, before it signs: services have read it by then.
SETTLING: Final = 600.0
# A key that signs no more is published for so long: identities that it signed may still be on their way.
OVERLAP: Final = 600.0


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key. `kid` names it in tokens, `made` is when it was made, in seconds since the epoch."""

    kid: str
    made: float
    private: Ed25519PrivateKey

    def public_jwk(self) -> dict[str, str]:
        """What services need to verify with it."""
        x = _text(self.private.public_key().public_bytes_raw())
        return {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": self.kid, "x": x}


class SigningKeys:
    """The keys in the file `path` (mode 0600), which any process of this replica may replace; all agree on them.

    The public halves are written to `published`, for services that cannot ask the control port. A key is replaced
    once it is older than `rotate` seconds; 0 leaves that to `strangler identity rotate`.
    """

    def __init__(self, path: Path, published: Path, *, rotate: float) -> None:
        self._path = path
        self._published = published
        self._rotate = rotate
        self._keys: list[SigningKey] = []
        self._seen: tuple[int, int, int] | None = None

    def signing(self, now: float) -> SigningKey:
        """The key to sign with: the newest one that has been published for long enough; the only one, if there is one.

        Makes the first key and replaces one that is too old. Raises StranglerError when the file cannot be read, made
        or believed.
        """
        self.refresh(now)
        settled = [key for key in self._keys if key.made <= now - SETTLING]
        return settled[-1] if settled else self._keys[0]

    def listed(self, now: float) -> list[tuple[SigningKey, bool]]:
        """The published keys, newest first, each with whether it signs now. Raises as `signing` does."""
        signing = self.signing(now)
        return [(key, key is signing) for key in reversed(self._keys) if not self._is_over(key, now)]

    def published(self, now: float) -> dict[str, Any]:
        """The public keys as a JWK Set, newest first. Raises as `signing` does."""
        return {"keys": [key.public_jwk() for key, _ in self.listed(now)]}

    def refresh(self, now: float) -> None:
        """Follow the file, and replace a key that is too old. Raises as `signing` does."""
        self._read()
        if not self._keys or (self._rotate and now - self._keys[-1].made > self._rotate):
            self.rotate(now, unless_newer_than=self._keys[-1].made if self._keys else None, first=not self._keys)

    def rotate(
        self, now: float, *, at_once: bool = False, unless_newer_than: float | None = None, first: bool = False
    ) -> SigningKey:
        """Make a new key, which signs `SETTLING` seconds from now. Raises as `signing` does.

        With `at_once` it signs from now on and the others are believed no more: when a key has got out. Nothing is
        made when somebody else was first: there is one newer than `unless_newer_than`, or any where `first`.
        """
        with self._locked():
            self._seen = None
            self._read()
            if self._keys and (first or (unless_newer_than is not None and self._keys[-1].made > unless_newer_than)):
                return self._keys[-1]
            key = SigningKey(secrets.token_urlsafe(12), now, Ed25519PrivateKey.generate())
            kept = [] if at_once else [each for each in self._keys if not self._is_over(each, now)]
            self._write([*kept, key])
            self._seen = None
            self._read()
        return key

    def _is_over(self, key: SigningKey, now: float) -> bool:
        """Whether nobody can hold an identity signed with it any more."""
        later = [each for each in self._keys if each.made > key.made]
        return bool(later) and now > later[0].made + SETTLING + OVERLAP

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            handle = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._failure("made", error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _read(self) -> None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._keys, self._seen = [], None
            return
        except OSError as error:
            raise self._failure("read", error) from error
        seen = (found.st_ino, found.st_mtime_ns, found.st_size)
        if seen == self._seen:
            return
        if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise StranglerError(
                f"{self._path} can be read by others (mode {stat.S_IMODE(found.st_mode):04o}), and whoever has these"
                f" keys is anybody. Run `chmod 600 {self._path}`, then `strangler identity rotate --at-once`."
            )
        try:
            document = json.loads(self._path.read_text(encoding="ascii"))
            keys = [_key(each) for each in document["keys"]]
        except OSError as error:
            raise self._failure("read", error) from error
        except (ValueError, KeyError, TypeError) as error:
            raise StranglerError(
                f"{self._path} holds no keys. Bring it back from a backup; or remove it, and new keys are made."
            ) from error
        self._keys = sorted(keys, key=lambda key: key.made)
        self._seen = seen

    def _write(self, keys: list[SigningKey]) -> None:
        private = [{"kid": key.kid, "made": key.made, "d": _text(key.private.private_bytes_raw())} for key in keys]
        public = [key.public_jwk() for key in reversed(keys)]
        try:
            # The public ones first: nobody may sign with what nobody can verify.
            _put(self._published, json.dumps({"keys": public}, indent=2) + "\n", 0o644)
            _put(self._path, json.dumps({"keys": private}) + "\n", 0o600)
        except OSError as error:
            raise self._failure("written", error) from error

    def _failure(self, what: str, error: OSError) -> StranglerError:
        return StranglerError(
            f"The keys that sign identities, {self._path}, cannot be {what}: {error.strerror}. They belong to the user"
            " that `strangler serve` runs as."
        )


def _key(document: dict[str, Any]) -> SigningKey:
    private = Ed25519PrivateKey.from_private_bytes(_bytes(str(document["d"])))
    return SigningKey(str(document["kid"]), float(document["made"]), private)


def _put(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
