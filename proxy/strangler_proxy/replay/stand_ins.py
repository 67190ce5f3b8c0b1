"""What stands in for the secrets that a recording does not have: logins, tokens, and the values of redacted fields.

    [[login]]
    client = "*"                               # a glob over the recording's clients; default all
    path = "/accounts/login/"                  # signs in by this form, with these fields
    fields = {username = "${SHOP_USER}", password = "${SHOP_PASSWORD}"}

    [[login]]
    client = "5f0c*"
    headers = {Authorization = "Token ${SHOP_TOKEN}"}

    [fields]                                   # for redacted form fields, parameters and JSON keys of that name
    card = "4242"

`${NAME}` is taken from the environment, so that the file itself needs to hold no secret. Of several logins that fit a
client the first one holds.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from strangler.compare.toml_lines import TableLines, table_lines
from strangler.errors import ConfigError, Problem
from strangler_proxy.replay.redacted import is_redacted

__all__ = ["Login", "StandIns", "load_stand_ins"]

_LOGIN: Final = re.compile(r"login\[(?P<number>\d+)\](?:\.(?P<key>\w+))?")
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Login:
    """How a client signs in on a side: by the form at `path` with `fields`, or with `headers` on each request."""

    client: str = "*"
    path: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StandIns:
    """All of them. `fields` are by name."""

    logins: tuple[Login, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)

    def login_of(self, client: str) -> Login | None:
        """How that client signs in; None where nothing says so."""
        return next((login for login in self.logins if fnmatchcase(client, login.client)), None)

    def put_into_json(self, document: Any, name: str = "") -> Any:
        """A request's JSON with the values of redacted keys; `name` is the key that the document is of."""
        if isinstance(document, dict):
            return {key: self.put_into_json(value, key) for key, value in document.items()}
        if isinstance(document, list):
            return [self.put_into_json(value, name) for value in document]
        redacted = isinstance(document, str) and is_redacted(document)
        return self.fields.get(name, document) if redacted else document


def load_stand_ins(path: Path, environment: Mapping[str, str]) -> StandIns:
    """Read a file such as the one above. Raises ConfigError with everything that is wrong in it."""
    file = str(path)
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        wrong, right = f"cannot be read: {error.strerror}", "Check the path and its permissions."
        raise ConfigError([Problem(file, None, "", wrong, right)]) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError([Problem(file, None, "", f"is not TOML: {error}", "Correct the syntax there.")]) from error
    reader = _Reader(file, environment, table_lines(text, "login"))
    made = reader.read(document)
    if reader.problems:
        raise ConfigError(reader.problems)
    return made


class _Reader:
    """Reads the document, collecting problems."""

    def __init__(self, file: str, environment: Mapping[str, str], lines: Sequence[TableLines]) -> None:
        self._file = file
        self._lines = lines
        self._environment = environment
        self.problems: list[Problem] = []

    def read(self, document: Mapping[str, Any]) -> StandIns:
        self._only(document, "", ("login", "fields"))
        tables = document.get("login", [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self._wrong("login", "is not a list of tables", "Head each login with [[login]].")
            tables = []
        logins = tuple(self._login(f"login[{number}]", table) for number, table in enumerate(tables))
        return StandIns(logins, self._texts("fields", document.get("fields", {})))

    def _login(self, key: str, table: Mapping[str, Any]) -> Login:
        self._only(table, f"{key}.", ("client", "path", "fields", "headers"))
        client, path = table.get("client", "*"), table.get("path", "")
        if not isinstance(client, str) or not client:
            self._wrong(f"{key}.client", "is not a text", 'Write a glob over clients, such as "*".')
            client = "*"
        if not isinstance(path, str) or (path and not path.startswith("/")):
            self._wrong(f"{key}.path", "is not a path", "Begin it with a slash.")
            path = ""
        fields = self._texts(f"{key}.fields", table.get("fields", {}))
        headers = self._texts(f"{key}.headers", table.get("headers", {}))
        if bool(path) != bool(fields):
            self._wrong(key, "has path or fields alone", "Give the form's path together with its fields.")
        if not fields and not headers:
            self._wrong(key, "signs nobody in", "Give path and fields, or headers.")
        return Login(client, path, fields, headers)

    def _texts(self, key: str, table: Any) -> dict[str, str]:
        if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
            self._wrong(key, "is not a table of texts", 'Write {name = "value"}.')
            return {}
        return {name: self._filled(f"{key}.{name}", value) for name, value in table.items()}

    def _filled(self, key: str, text: str) -> str:
        for name in _VARIABLE.findall(text):
            if name not in self._environment:
                self._wrong(key, f"names {name}, which is not in the environment", f"Set {name}.")
        return _VARIABLE.sub(lambda found: self._environment.get(found[1], ""), text)

    def _only(self, table: Mapping[str, Any], place: str, known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                self._wrong(f"{place}{key}", "is not known here", f"There can be: {', '.join(known)}.")

    def _wrong(self, key: str, wrong: str, right: str) -> None:
        self.problems.append(Problem(self._file, self._line(key), key, wrong, right))

    def _line(self, key: str) -> int | None:
        found = _LOGIN.match(key)
        if found is None or int(found["number"]) >= len(self._lines):
            return None
        return self._lines[int(found["number"])].of(found["key"] or "")
