"""The forms that values of gates may take."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlsplit

from pydantic import BeforeValidator, GetJsonSchemaHandler, PlainValidator, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from strangler.evidence.secret_names import is_secret
from strangler_proxy.config.forms import PositiveDuration, refusal, shown

__all__ = [
    "HEADER_VALUE",
    "Address",
    "Bound",
    "Breaker",
    "Confidence",
    "Count",
    "Factor",
    "Headers",
    "Number",
    "OneOrMore",
    "Share",
    "Short",
    "StatusClass",
    "Text",
    "Time",
    "Word",
]

HEADER_VALUE: Final = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,30} )?env:([A-Za-z_][A-Za-z0-9_]*)")
"""How a header says where its value is: a word to put before it, if there is one, and a variable of the environment."""

_NEVER: Final = "never open"
_LONGEST: Final = 4000
_TAKE_OUT: Final = "take it out: an address stands in judgements and in the audit"
_MOST: Final = 10**12
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_NOT_SENT: Final = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "host", "te", "transfer-encoding", "upgrade"}
)
_CLASSES: Final = {f"{each}xx": each for each in (2, 3, 4, 5)}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _between(value: Any, what: str, example: str, *, least: float = 0.0, open_end: bool = False) -> float:
    if not _is_number(value) or value != value:
        raise refusal(f"is {shown(value)}, not {what}", f"write {example}")
    if value > 1:
        raise refusal(f"is {value:g}, and a share is from 0 to 1", f"write {example}")
    if value < least or (open_end and value >= 1):
        why = "more than can ever be shown" if value >= 1 else "too small"
        raise refusal(f"is {value:g}, {why}", f"write {example}")
    return float(value)


def _bound(value: Any) -> float:
    return _between(value, "a share", "a share below 1, such as 0.999", open_end=True)


def _confidence(value: Any) -> float:
    return _between(value, "a confidence", "at least 0.5 and less than 1, such as 0.95", least=0.5, open_end=True)


def _share(value: Any) -> float:
    return _between(value, "a share", "a share from 0 to 1, such as 0.005")


def _factor(value: Any) -> float:
    if _is_number(value) and 0.1 <= value <= 1000:
        return float(value)
    raise refusal(f"is {shown(value)}, not how many times as long", "write a factor such as 1.2")


def _count(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MOST:
        return value
    raise refusal(f"is {shown(value)}, not a number to wait for", "write a whole number from 1 up, such as 500")


def _number(value: Any) -> float:
    if _is_number(value) and abs(value) < float("inf"):
        return float(value)
    raise refusal(f"is {shown(value)}, not a number", "write a number such as 0.25")


def _breaker(value: Any) -> bool:
    if value == _NEVER:
        return True
    raise refusal(f"is {shown(value)}", f'write "{_NEVER}", or leave the key out')


def _status_class(value: Any) -> int:
    if isinstance(value, str) and value in _CLASSES:
        return _CLASSES[value]
    raise refusal(f"is {shown(value)}, not a class of statuses", f"write one of {', '.join(map(shown, _CLASSES))}")


def _text(value: Any) -> str:
    if isinstance(value, str) and value.strip() and len(value) <= _LONGEST and "\0" not in value:
        return value
    raise refusal(f"is {shown(value)}", f"write a text of up to {_LONGEST} letters")


def _word(value: Any) -> str:
    if isinstance(value, str) and value.strip() and len(value) <= 100 and value.isprintable():
        return value.strip()
    raise refusal(f"is {shown(value)}", 'write a name, a role or a word of up to 100 letters, such as "tech lead"')


def _address(value: Any) -> str:
    right = 'write "http://HOST:PORT/PATH" or "https://HOST/PATH"'
    try:
        url = urlsplit(value) if isinstance(value, str) and value.isprintable() and " " not in value else urlsplit("")
        known = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        known = False
    if not known or len(value) > _LONGEST:
        raise refusal(f"is {shown(value)}, not an address", right)
    if url.username is not None or url.password is not None:
        raise refusal("holds a user name or password", _TAKE_OUT)
    secret = next((name for name, _ in parse_qsl(url.query, keep_blank_values=True) if is_secret(name)), None)
    if secret is not None:
        raise refusal(f"holds a secret, {secret}", _TAKE_OUT)
    return str(value)


def _headers(value: Any) -> tuple[tuple[str, str], ...]:
    right = 'write { NAME = "env:VARIABLE" }, such as { Authorization = "Bearer env:PROMETHEUS_TOKEN" }'
    if not isinstance(value, dict):
        raise refusal("is no table of headers", right)
    for name, where in value.items():
        if not _HEADER.fullmatch(name):
            raise refusal(f"has {shown(name)}, not the name of a header", right)
        if name.lower() in _NOT_SENT:
            raise refusal(f"has {name}, which the request itself decides", "take it out")
        # What it says may be a secret, so it is not shown.
        if not isinstance(where, str) or not HEADER_VALUE.fullmatch(where):
            raise refusal(f"says of {name} not in which variable of the environment its value is", right)
    return tuple(sorted(value.items()))


def _form(check: Callable[[Any], Any], schema: dict[str, Any]) -> Any:
    return (PlainValidator(check), WithJsonSchema(schema))


class Short:
    """A number stands for a table with that one key in it."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        """The table's, of which a number is made before it is looked at."""
        made: CoreSchema = BeforeValidator(self._table).__get_pydantic_core_schema__(source, handler)
        return made

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """What the key takes, or the table."""
        table = handler(schema)
        key = handler.resolve_ref_schema(table)["properties"][self._key]
        kept = {name: value for name, value in key.items() if name not in ("default", "description", "title")}
        return {"anyOf": [kept, table]}

    def _table(self, value: Any) -> Any:
        if _is_number(value):
            return {self._key: value}
        if isinstance(value, dict):
            return value
        raise refusal(f"is {shown(value)}", f"write a number, or a table such as {{ {self._key} = NUMBER }}")


class OneOrMore:
    """One table or a list of them; a text stands for a table with `key` in it, where there is such a form."""

    def __init__(self, key: str = "") -> None:
        self._key = key

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        """The list's, of which one is made before it is looked at."""
        made: CoreSchema = BeforeValidator(self._list).__get_pydantic_core_schema__(source, handler)
        return made

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """A text or a table, or a list of them."""
        table = handler.resolve_ref_schema(handler(schema))["items"]
        one = [{"type": "string", "minLength": 1}, table] if self._key else [table]
        return {"anyOf": [*one, {"type": "array", "minItems": 1, "items": {"anyOf": one}}]}

    def _list(self, value: Any) -> Any:
        items = value if isinstance(value, list) else [value]
        if not items:
            raise refusal("is an empty list", "write at least one, or leave the key out")
        return [{self._key: each} if self._key and isinstance(each, str) else each for each in items]


Share = Annotated[float, *_form(_share, {"type": "number", "minimum": 0, "maximum": 1})]
Bound = Annotated[float, *_form(_bound, {"type": "number", "minimum": 0, "exclusiveMaximum": 1})]
Confidence = Annotated[float, *_form(_confidence, {"type": "number", "minimum": 0.5, "exclusiveMaximum": 1})]
Factor = Annotated[float, *_form(_factor, {"type": "number", "minimum": 0.1, "maximum": 1000})]
Count = Annotated[int, *_form(_count, {"type": "integer", "minimum": 1, "maximum": _MOST})]
Number = Annotated[float, *_form(_number, {"type": "number"})]
Breaker = Annotated[bool, *_form(_breaker, {"const": _NEVER})]
StatusClass = Annotated[int, *_form(_status_class, {"enum": list(_CLASSES)})]
Text = Annotated[str, *_form(_text, {"type": "string", "pattern": r"\S", "maxLength": _LONGEST})]
Word = Annotated[str, *_form(_word, {"type": "string", "pattern": r"\S", "maxLength": 100})]
Headers = Annotated[
    tuple[tuple[str, str], ...],
    *_form(
        _headers,
        {"type": "object", "additionalProperties": {"type": "string", "pattern": f"^{HEADER_VALUE.pattern}$"}},
    ),
]
Address = Annotated[str, *_form(_address, {"type": "string", "pattern": "^https?://"})]
Time = Annotated[
    PositiveDuration,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*(ms|s|m|h|d)?\s*$"},
            ]
        }
    ),
]
