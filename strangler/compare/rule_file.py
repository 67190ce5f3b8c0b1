"""Reading `strangler.rules.toml`.

    [[rule]]
    route = "catalog.*"               # a glob over route names; default "*"
    path = "$.results[*].rating"      # or: header = "X-Frame-Options"
    tolerance = 0.01                  # what may differ: see the table
    why = "The service rounds half up, the shop half even."

Each rule has one `path` or `header`, exactly one of these keys, and a `why`:

    ignore = true                     nothing there or below matters, not even whether it is there
    tolerance = 0.01                  numbers (or strings that hold numbers) at most so far apart; 0 allows 1.0 for 1.00
    tolerance = {absolute = 0.01, relative = 1e-6}
    time = 2                          timestamps at most so many seconds apart
    class = "uuid"                    both are of the class: uuid, timestamp, url, token
    list = "set"                      a list in any order; or "key:sku": elements with equal `sku` belong together;
                                      or "sequence", the default
    normal = "space"                  texts equal when white space is folded; or "casefold", "trim", "unicode" (NFC);
                                      or a list of these: ["casefold", "trim"]
    ids = "product"                   ids of a name space: which old one belongs to which new one is one to one
    ids = {space = "product", within = '/products/(\\d+)/'}
                                      the same for what the one group of a regular expression matches within texts
    url_host = true                   absolute URLs equal but for scheme, host and port
    severity = "warning"              differences there and below are only warnings; or "breaking", the default

Pairs of ids are learned as they are seen. Those that are known are said once:

    [ids.product]
    file = "ids/product.csv"          an old and a new id a line, beside this file; or: pairs = {"17" = "c0ffee"}
    complete = true                   there are no others: what is not in it contradicts it; default false

What must not be kept of requests and answers (`strangler.compare.redaction`) stands here too; it changes no verdict:

    [[redact]]
    why = "Personal."
    path = "$..email"                 a JSON path and all below it; or exactly one of these instead:
    header = "X-Customer-*"           a header, by name or glob
    query = "token"                   a parameter of a URL, by name or glob
    form = "card_*"                   a field of a form, by name or glob
    pattern = '\\d{13,16}'            what a regular expression matches in any text

A regular expression has at most 200 characters and must not be able to run away (`strangler.compare.safe_pattern`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from strangler.compare.id_tables import read_id_tables
from strangler.compare.redaction import Redaction
from strangler.compare.rule_table import RedactionTable, RuleTable
from strangler.compare.rules import Rule, Rules
from strangler.compare.toml_lines import TableLines, table_lines
from strangler.errors import ConfigError, Problem

__all__ = ["load_rules", "parse_rules"]

_KNOWN: Final = ("rule", "redact", "ids")
_SYNTAX_LINE: Final = re.compile(r"\(at line (\d+), column \d+\)")


def load_rules(path: Path) -> Rules:
    """The rules in a file. Raises ConfigError with everything that is wrong in it, each with its line."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            [Problem(str(path), None, "", f"cannot be read: {error.strerror}", "Check the path and its permissions.")]
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(str(path), None, "", "is not UTF-8", "Save it as UTF-8.")]) from error
    return parse_rules(text, str(path))


def parse_rules(text: str, file: str) -> Rules:
    """The rules in `text`; `file` names it in errors, and files of ids are looked for beside it. Raises ConfigError as
    `load_rules` does."""
    try:
        # Decimals, so that a tolerance is what is written and not the float beside it.
        document = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise ConfigError([_unreadable(file, error)]) from error
    problems = [
        Problem(file, None, key, "is not known here", "Tables are headed [[rule]], [[redact]] and [ids.NAME].")
        for key in document
        if key not in _KNOWN
    ]
    rules: list[Rule] = []
    redactions: list[Redaction] = []
    for name in ("rule", "redact"):
        for number, (table, where) in enumerate(_tables(document, name, text, file, problems)):
            reader = (RuleTable if name == "rule" else RedactionTable)(file, f"{name}[{number}]", table, where)
            made = reader.read()
            problems += reader.problems
            if isinstance(made, Rule):
                rules.append(made)
            elif made is not None:
                redactions.append(made)
    tables, wrong_tables = read_id_tables(document, text, file)
    problems += wrong_tables
    if problems:
        raise ConfigError(problems)
    return Rules(tuple(rules), tuple(tables), tuple(redactions))


def _unreadable(file: str, error: Exception) -> Problem:
    """What is wrong with a text of which nothing can be read."""
    if isinstance(error, tomllib.TOMLDecodeError):
        found = _SYNTAX_LINE.search(str(error))
        line = int(found[1]) if found else None
        wrong = _SYNTAX_LINE.sub("", str(error)).strip()
        return Problem(file, line, "", f"is not TOML: {wrong}", "Correct the syntax there.")
    if isinstance(error, RecursionError):
        return Problem(file, None, "", "is nested too deeply", "Write its tables and lists with fewer levels.")
    return Problem(file, None, "", "has a number with too many digits", "Write one that a tolerance can be.")


def _tables(
    document: Mapping[str, Any], name: str, text: str, file: str, problems: list[Problem]
) -> list[tuple[Mapping[str, Any], TableLines | None]]:
    """The tables `[[name]]`, each with where it stands."""
    tables = document.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        problems.append(Problem(file, None, name, "is not a list of tables", f"Head each one with [[{name}]]."))
        return []
    lines = table_lines(text, name)
    # Tables written inline have no lines of their own.
    return [(table, lines[at] if len(lines) == len(tables) else None) for at, table in enumerate(tables)]
