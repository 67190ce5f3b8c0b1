"""The operations of an OpenAPI document, from which requests are generated. It needs schemathesis."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import quote, urlsplit

from strangler.compare import Answer, Request
from strangler.errors import ConfigError, Problem
from strangler.parity.extra import needed
from strangler.parity.http_side import HttpSide

__all__ = ["Operation", "Source", "is_local", "operations_of"]

Source: TypeAlias = Mapping[str, Any] | Path | str
"""An OpenAPI document: itself, a file, a URL, or a target that the old side is asked for."""

_BASE: Final = "http://parity.invalid"
# Made by the client that generates, not by the schema; the first two are others each time.
_NOT_SENT: Final = frozenset(
    ["x-schemathesis-testcaseid", "user-agent", "accept-encoding", "connection", "content-length", "host"]
)
_BOUNDARY: Final = re.compile(r"boundary=([^;\s]+)")


class Operation:
    """One operation of a document: `label` is its method and path. `parameters` are those of its query."""

    def __init__(self, operation: Any) -> None:
        self.label: str = operation.label
        self.method: str = operation.method.upper()
        self.path: str = operation.path
        self.parameters: tuple[str, ...] = tuple(each.name for each in operation.query)
        self._operation = operation

    def __str__(self) -> str:
        return self.label

    def requests(self, values: Mapping[str, Sequence[object]], *, invalid: bool = True) -> Any:
        """A hypothesis strategy of requests. In some the parameters that `values` names take those."""
        st = needed("hypothesis.strategies")
        modes = needed("schemathesis").GenerationMode
        valid = self._operation.as_strategy(generation_mode=modes.POSITIVE)
        known = [self._with_values(valid, values)] if values else []
        wrong = [self._operation.as_strategy(generation_mode=modes.NEGATIVE)] if invalid and self._takes_any() else []
        return st.one_of(*known, valid, *wrong).map(_request)

    def _with_values(self, cases: Any, values: Mapping[str, Sequence[object]]) -> Any:
        st = needed("hypothesis.strategies")

        def put(case: Any, path: Mapping[str, str], query: Mapping[str, str]) -> Any:
            # What a case has nothing of is a mark of its own, and no mapping.
            case.path_parameters = {**(case.path_parameters or {}), **path}
            case.query = {**(case.query or {}), **query}
            return case

        # A part of a path is put in as it stands; a query's value is encoded later.
        path = self._known("path_parameters", values, lambda each: quote(each, safe=""))
        query = self._known("query", values, str)
        return st.builds(put, cases, st.fixed_dictionaries(path), st.fixed_dictionaries({}, optional=query))

    def _known(
        self, place: str, values: Mapping[str, Sequence[object]], written: Callable[[str], str]
    ) -> dict[str, Any]:
        """Strategies for the parameters of which values are known."""
        st = needed("hypothesis.strategies")
        names = (each.name for each in getattr(self._operation, place))
        return {name: st.sampled_from(values[name]).map(str).map(written) for name in names if values.get(name)}

    def _takes_any(self) -> bool:
        """Whether there is anything that could be wrong."""
        return any(len(getattr(self._operation, each)) for each in ("path_parameters", "query", "headers", "body"))


def is_local(source: Source) -> bool:
    """Whether the document can be had without asking anybody."""
    return not (isinstance(source, str) and (source.startswith("/") or urlsplit(source).scheme in ("http", "https")))


def operations_of(
    source: Source,
    ask: Callable[[str], Answer],
    *,
    include: str | Sequence[str] = "*",
    exclude: str | Sequence[str] = (),
    methods: Sequence[str] = ("GET",),
) -> tuple[Operation, ...]:
    """The operations whose path and method are meant; `ask` asks the old side. Raises MissingExtra and ConfigError."""
    wanted = {each.upper() for each in methods}
    included, excluded = _globs(include), _globs(exclude)

    def meant(path: str) -> bool:
        return any(fnmatchcase(path, each) for each in included) and not any(
            fnmatchcase(path, each) for each in excluded
        )

    there = list(_whole(_schema(source, ask), meant))
    found = tuple(each for each in there if each.method in wanted and meant(each.path))
    if not found:
        wrong = f"has no operation of {', '.join(sorted(wanted))} at {', '.join(included)}"
        right = f"It has: {', '.join(map(str, there)) or 'none'}."
        raise ConfigError([Problem(_named(source), None, "", wrong, right)])
    return found


def _schema(source: Source, ask: Callable[[str], Answer]) -> Any:
    schemathesis = needed("schemathesis")
    # Nobody's schemathesis.toml but what is said here: the same requests wherever the test runs.
    config = needed("schemathesis.config").SchemathesisConfig()
    try:
        if isinstance(source, Mapping):
            return schemathesis.openapi.from_dict(dict(source), config=config)
        return schemathesis.openapi.from_file(_text(source, ask), config=config)
    except (schemathesis.errors.SchemathesisError, ValueError) as error:
        wrong = f"is no OpenAPI document: {' '.join(str(error).split())}"
        raise ConfigError(
            [Problem(_named(source), None, "", wrong, "Give one of version 2 or 3, as JSON or YAML.")]
        ) from error


def _text(source: Path | str, ask: Callable[[str], Answer]) -> str:
    if isinstance(source, Path) or is_local(source):
        try:
            return Path(source).read_text(encoding="utf-8")
        except OSError as error:
            wrong = f"cannot be read: {error.strerror}"
            raise ConfigError([Problem(str(source), None, "", wrong, "Name a file that is there.")]) from error
    if source.startswith("/"):
        answer = ask(source)
    else:
        split = urlsplit(source)
        side = HttpSide(f"{split.scheme}://{split.netloc}")
        target = split._replace(scheme="", netloc="").geturl() or "/"
        answer = side(Request("GET", target, headers=(("Host", split.netloc), ("Accept", "*/*"))))
        side.close()
    if answer.status != 200:
        right = "Name the place where the schema is, or give the document."
        raise ConfigError([Problem(source, None, "", f"was answered {answer.status}", right)])
    return answer.body.decode("utf-8", "replace")


def _whole(schema: Any, meant: Callable[[str], bool]) -> Iterator[Operation]:
    """The operations at paths that are meant. One of these that makes no sense raises ConfigError."""
    for result in schema.get_all_operations():
        if hasattr(result, "ok"):
            yield Operation(result.ok())
            continue
        error = result.err()
        path = str(getattr(error, "path", None) or "")
        if not path or meant(path):
            wrong = f"has an operation that makes no sense: {' '.join(str(error).split())}"
            raise ConfigError([Problem("the schema", None, path, wrong, "Mend it, or `exclude` its path.")]) from error


def _request(case: Any) -> Request:
    prepared = needed("requests").Request(**case.as_transport_kwargs(base_url=_BASE)).prepare()
    headers = [(name, _text_of(value)) for name, value in prepared.headers.items() if name.lower() not in _NOT_SENT]
    body = prepared.body or b""
    content = body.encode("utf-8") if isinstance(body, str) else bytes(body)
    # A form's boundary is another each time, and the same request should be the same.
    for number, (name, value) in enumerate(headers):
        if name.lower() == "content-type" and (found := _BOUNDARY.search(value)):
            content = content.replace(found[1].encode("latin-1"), b"parity-boundary")
            headers[number] = (name, value.replace(found[1], "parity-boundary"))
    return Request(prepared.method or "GET", prepared.path_url, headers=tuple(headers), body=content)


def _text_of(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _globs(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _named(source: Source) -> str:
    return "the document" if isinstance(source, Mapping) else str(source)
