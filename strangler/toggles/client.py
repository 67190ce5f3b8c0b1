"""How a process that is not ours, such as the monolith, reads the toggles: from the control plane or from disk."""

from __future__ import annotations

import logging
import math
import os
import threading
from collections.abc import Callable, Mapping
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from random import SystemRandom
from socket import SHUT_RDWR
from time import monotonic
from typing import Final, Protocol

from strangler.errors import SnapshotError
from strangler.fork import renew_after_fork
from strangler.toggles.control import ControlSource
from strangler.toggles.snapshot import Snapshot, read_snapshot, write_snapshot
from strangler.toggles.stage import Side, Stage
from strangler.toggles.toggle import Toggle

__all__ = ["ToggleReader", "Toggles"]

_LOG: Final = logging.getLogger("strangler.toggles")
_GRACE: Final = 10.0
_LOOK_EVERY: Final = 0.5
_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 10.0
_REARM_AFTER: Final = 5.0
_JITTER: Final = SystemRandom()


class ToggleReader(Protocol):
    """Whatever can say how a toggle stands now. It must be quick, for seams ask on every call."""

    def toggle(self, name: str) -> Toggle | None:
        """The toggle of that name as it stands now, None where there is none."""
        ...


class Toggles:
    """The toggles as they stand now, followed in the background.

    Sources, in this order: the control API at `control_url` (with `token`, or the token in `token_file`, read anew for
    each question); the file `snapshot`, which somebody else writes, read again when it changes; the snapshot
    `default`, without toggles unless given. With `cache`, what the control API said is kept in that file of our own, so
    that a restart without control plane goes on where the process stopped.

    Nothing happens at construction. The first question reads the files and starts one daemon thread; from then on no
    question waits for anything, and none ever raises. Whatever fails, the last snapshot decides, without end. `wait` is
    how long the control plane may hold an answer back until something changes (seconds, default 25); `stale_after` is
    the age from which the snapshot is called stale (seconds, default 60). `on_error` is told each failure; without one
    a failure is logged when it begins. A forked child starts its own thread at its first question.

    Raises ConfigError for a `control_url` that is not an http or https address.
    """

    def __init__(
        self,
        *,
        control_url: str = "",
        token: str = "",
        token_file: Path | None = None,
        snapshot: Path | None = None,
        cache: Path | None = None,
        default: Snapshot | None = None,
        wait: float = 25.0,
        stale_after: float = 60.0,
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        self._control = ControlSource(control_url, token, token_file) if control_url else None
        self._file = snapshot
        self._cache = cache
        self._wait = wait
        self._stale_after = stale_after
        self._on_error = on_error
        self._snapshot = default if default is not None else Snapshot()
        self._found: Mapping[str, Toggle] = self._snapshot.toggles
        self._signature: tuple[int, int, int] | None = None
        self._confirmed: float | None = None
        self._complaint = ""
        self._begin()
        renew_after_fork(self)

    def _begin(self) -> None:
        self._armed = False
        self._arm_at = 0.0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._heard = threading.Event()
        self._thread: threading.Thread | None = None
        self._connection: HTTPConnection | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ, *, default: Snapshot | None = None) -> Toggles:
        """Toggles as the environment says; without any of these variables every toggle stands at `monolith`.

        STRANGLER_CONTROL_URL, STRANGLER_TOKEN or STRANGLER_TOKEN_FILE, STRANGLER_SNAPSHOT (the file that the proxy
        writes) and STRANGLER_CACHE (a file of this process's own).
        """

        def path(name: str) -> Path | None:
            value = environ.get(name, "")
            return Path(value) if value else None

        return cls(
            control_url=environ.get("STRANGLER_CONTROL_URL", ""),
            token=environ.get("STRANGLER_TOKEN", ""),
            token_file=path("STRANGLER_TOKEN_FILE"),
            snapshot=path("STRANGLER_SNAPSHOT"),
            cache=path("STRANGLER_CACHE"),
            default=default,
        )

    def toggle(self, name: str) -> Toggle | None:
        """The toggle of that name as it stands now, None where there is none."""
        if not self._armed:
            self._arm()
        return self._found.get(name)

    def side(self, name: str, subject: str = "") -> Side:
        """Who answers `subject`. A toggle that nobody has heard of gives the monolith: installed is inert."""
        toggle = self.toggle(name)
        return Side.MONOLITH if toggle is None else toggle.side(subject)

    def stage(self, name: str) -> Stage:
        """The toggle's stage; `monolith` for a toggle that nobody has heard of."""
        toggle = self.toggle(name)
        return Stage.MONOLITH if toggle is None else toggle.stage

    @property
    def snapshot(self) -> Snapshot:
        """All toggles as they stand now."""
        if not self._armed:
            self._arm()
        return self._snapshot

    @property
    def source(self) -> str:
        """Where the toggles come from, for people to read: an address, a file, or `default`."""
        if self._control is not None:
            return self._control.place
        return str(self._file) if self._file is not None else "default"

    @property
    def age(self) -> float:
        """Seconds since the source last said how the toggles stand; infinite when it never did, 0 without a source."""
        if self._control is None and self._file is None:
            return 0.0
        return math.inf if self._confirmed is None else monotonic() - self._confirmed

    @property
    def stale(self) -> bool:
        """Whether the source has been silent for longer than `stale_after`. The last snapshot decides all the same."""
        return self.age > self._stale_after + self._wait

    def wait(self, timeout: float) -> bool:
        """Wait until the source has answered once: whether it did within `timeout` seconds. For commands and tests."""
        if not self._armed:
            self._arm()
        return (self._control is None and self._file is None) or self._heard.wait(timeout)

    def close(self) -> None:
        """Stop following. What is known stays known."""
        with self._lock:
            self._armed = True
            self._stop.set()
            connection, thread = self._connection, self._thread
        if connection is not None and connection.sock is not None:
            # Closing alone would not wake the thread that waits on this socket.
            _quietly(partial(connection.sock.shutdown, SHUT_RDWR))
        if thread is not None:
            thread.join(timeout=2.0)

    def after_fork(self) -> None:
        """In a forked child: the thread is gone and the connection belongs to the parent."""
        connection, closed = self._connection, self._stop.is_set()
        self._begin()
        self._armed = closed
        if connection is not None:
            _quietly(connection.close)

    def _arm(self) -> None:
        with self._lock:
            if self._armed or monotonic() < self._arm_at:
                return
            try:
                self._read_disk()
                if self._control is not None or self._file is not None:
                    self._thread = self._started(self._stop)
                self._armed = True
            except Exception as error:
                # No thread to be had: questions go on being answered, and the next try waits a little.
                self._arm_at = monotonic() + _REARM_AFTER
                self._complain(error)

    def _started(self, stop: threading.Event) -> threading.Thread:
        follow = self._follow_file if self._control is None else partial(self._follow_control, control=self._control)
        thread = threading.Thread(target=follow, args=(stop,), name="strangler-toggles", daemon=True)
        thread.start()
        return thread

    def _read_disk(self) -> None:
        """Start from whichever file knows the newest revision."""
        self._look_at_file()
        if self._cache is not None:
            try:
                kept = read_snapshot(self._cache)
            except SnapshotError as error:
                self._complain(error)
                return
            unread = self._signature is None
            if kept is not None and (unread or kept.revision >= self._snapshot.revision):
                self._take(kept)

    def _take(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._found = snapshot.toggles

    def _confirm(self) -> None:
        self._confirmed = monotonic()
        if self._complaint:
            _LOG.info("Toggles are followed again from %s.", self.source)
            self._complaint = ""
        self._heard.set()

    def _complain(self, error: Exception) -> None:
        if self._on_error is not None:
            try:
                self._on_error(error)
            except Exception:
                _LOG.exception("The on_error hook of Toggles failed.")
            return
        if str(error) != self._complaint:
            self._complaint = str(error)
            _LOG.warning("%s The last snapshot (revision %d) decides.", error, self._snapshot.revision)

    # The file.

    def _follow_file(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self._look_at_file()
            stop.wait(_LOOK_EVERY)

    def _look_at_file(self) -> None:
        """Read the file if it changed. A file that is gone or garbled changes nothing."""
        if self._file is None:
            return
        try:
            status = _status(self._file)
            signature = (status.st_mtime_ns, status.st_size, status.st_ino)
            if signature != self._signature:
                found = read_snapshot(self._file)
                # Beside a control plane that has spoken, the file is believed only where it knows more.
                if found is not None and (self._confirmed is None or self._may_rule(found)):
                    self._take(found)
                self._signature = signature
        except SnapshotError as error:
            self._complain(error)
            return
        if self._control is None:
            self._confirm()

    def _may_rule(self, found: Snapshot) -> bool:
        return self._control is None or found.revision > self._snapshot.revision

    # The control plane.

    def _follow_control(self, stop: threading.Event, control: ControlSource) -> None:
        pause = _FIRST_PAUSE
        while not stop.is_set():
            before = self._confirmed
            try:
                self._listen(stop, control)
            except Exception as error:
                if stop.is_set():
                    return
                self._complain(error)
                self._look_at_file()
                pause = min(pause * 2, _LONGEST_PAUSE) if self._confirmed == before else _FIRST_PAUSE
                # Jitter, so that a whole fleet does not come back in the same instant.
                stop.wait(pause * _JITTER.uniform(0.5, 1.0))

    def _listen(self, stop: threading.Event, control: ControlSource) -> None:
        """Over one connection: ask how the toggles stand, then again and again what has changed."""
        connection = control.connection(timeout=self._wait + _GRACE)
        with self._lock:
            self._connection = connection
        try:
            known: int | None = None
            while not stop.is_set():
                asked = monotonic()
                snapshot = control.ask(connection, known, self._wait)
                if snapshot.revision != known:
                    self._take(snapshot)
                    self._keep(snapshot)
                self._confirm()
                if snapshot.revision == known and monotonic() - asked < _FIRST_PAUSE:
                    # It did not hold the answer back: do not ask it in a tight circle.
                    stop.wait(_FIRST_PAUSE)
                known = snapshot.revision
        finally:
            connection.close()

    def _keep(self, snapshot: Snapshot) -> None:
        if self._cache is None:
            return
        try:
            write_snapshot(self._cache, snapshot)
        except OSError as error:
            self._complain(error)


def _status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except FileNotFoundError as error:
        raise SnapshotError(f"{path}: no snapshot is there; the proxy writes it when it starts.") from error
    except OSError as error:
        raise SnapshotError(f"{path}: cannot be read: {error.strerror}.") from error


def _quietly(close: Callable[[], None]) -> None:
    try:
        close()
    except OSError:
        _LOG.debug("Closing a connection failed.", exc_info=True)
