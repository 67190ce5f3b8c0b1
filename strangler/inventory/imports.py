"""Who imports whom among a project's apps, and how much code each has: read from the sources, nothing is imported."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from strangler.inventory.app import Import, Place

__all__ = ["Scanned", "scan"]

_LEFT_OUT: Final = frozenset({"migrations", "tests", "test", "node_modules", "__pycache__"})
_MOST_PLACES: Final = 50
# Calls that name a module or a model in a text: no import, and as much of a tie.
_LABEL: Final = "@"  # before what is no module but the label of an app
_BY_LABEL: Final = frozenset({"get_class", "get_classes", "get_model"})  # the first two are django-oscar's
_BY_MODULE: Final = frozenset({"import_module", "import_string"})


@dataclass(frozen=True, slots=True)
class Scanned:
    """`sizes` are files and lines by package, `imports` those between apps, `unread` notes on what is no Python."""

    sizes: Mapping[str, tuple[int, int]]
    imports: tuple[Import, ...]
    unread: tuple[str, ...]


@dataclass(slots=True)
class _Edge:
    count: int = 0
    deferred: int = 0
    typing: int = 0
    places: list[Place] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Named:
    """A module that is named in a source; `deferred` within a function, `typing` for a type checker alone."""

    module: str
    line: int
    what: str
    deferred: bool
    typing: bool


def scan(
    apps: Mapping[str, Path],
    loose: Mapping[str, Path],
    label: Callable[[str], str],
    shown: Callable[[Path], str],
) -> Scanned:
    """Read the sources of `apps` (folders by package), and those of the packages `loose` that belong to no app.

    `label` says whose a module is, empty for nobody's, and `shown` how a file is called. Migrations and tests are left
    out.
    """
    known = {label(name): name for name in apps}
    sizes: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    edges: dict[tuple[str, str], _Edge] = defaultdict(_Edge)
    unread: list[str] = []
    for module, file in _files({**loose, **apps}):
        whose = label(module)
        if whose and whose not in known:
            continue
        try:
            text = file.read_text(encoding="utf-8")
            tree = ast.parse(text)
        except (OSError, SyntaxError, ValueError, RecursionError) as error:
            unread.append(f"{shown(file)} could not be read as Python, so its imports are not here: {error}")
            continue
        if whose:
            sizes[known[whose]] += 1
            lines[known[whose]] += sum(1 for line in text.splitlines() if line.strip() and line.strip()[0] != "#")
        # A statement counts once for each app that it names.
        seen: set[tuple[str, int, str]] = set()
        for named in _named(tree, module, is_package=file.name == "__init__.py"):
            target = named.module[1:] if named.module.startswith(_LABEL) else label(named.module)
            if target in known and target != whose and (target, named.line, named.what) not in seen:
                seen.add((target, named.line, named.what))
                _add(edges[whose, target], named, shown(file))
    imports = tuple(
        Import(source, target, edge.count, edge.deferred, edge.typing, tuple(edge.places))
        for (source, target), edge in sorted(edges.items())
    )
    return Scanned({name: (sizes[name], lines[name]) for name in sizes}, imports, tuple(unread))


def _add(edge: _Edge, named: _Named, file: str) -> None:
    edge.count += 1
    edge.deferred += named.deferred
    edge.typing += named.typing
    if len(edge.places) < _MOST_PLACES:
        edge.places.append(Place(file, named.line, named.what))


def _files(packages: Mapping[str, Path]) -> Iterator[tuple[str, Path]]:
    """The modules of packages by dotted name, each once: an app's folder may lie in another's."""
    seen: set[Path] = set()
    for package, folder in sorted(packages.items(), key=lambda item: -item[0].count(".")):
        for file in sorted(folder.rglob("*.py")):
            parts = file.relative_to(folder).with_suffix("").parts
            if file in seen or _LEFT_OUT & set(parts) or _is_test(parts[-1]):
                continue
            seen.add(file)
            names = parts[:-1] if parts[-1] == "__init__" else parts
            yield ".".join((package, *names)), file


def _is_test(name: str) -> bool:
    return name in ("tests", "conftest") or name.startswith("test_") or name.endswith("_test")


def _named(tree: ast.Module, module: str, *, is_package: bool) -> Iterator[_Named]:
    package = module if is_package else module.rpartition(".")[0]
    waiting: list[tuple[ast.AST, bool, bool]] = [(tree, False, False)]
    while waiting:
        node, deferred, typing = waiting.pop()
        for name, what in _names(node, package):
            yield _Named(name, getattr(node, "lineno", 0), what, deferred, typing)
        within = deferred or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        checked = typing or (isinstance(node, ast.If) and _is_type_checking(node.test))
        waiting += [(child, within, checked) for child in reversed(list(ast.iter_child_nodes(node)))]


def _names(node: ast.AST, package: str) -> Iterable[tuple[str, str]]:
    """The modules that a node names, and how."""
    if isinstance(node, ast.Import):
        return [(each.name, each.name) for each in node.names]
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            parts = package.split(".")
            above = ".".join(parts[: len(parts) - node.level + 1])
            base = f"{above}.{base}" if base else above
        # What is imported may be a module of its own: `from shop import orders`.
        return {f"{base}.{each.name}": base for each in node.names}.items()
    if isinstance(node, ast.Call):
        return _called(node)
    return ()


def _called(node: ast.Call) -> Iterable[tuple[str, str]]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    texts = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    if not texts:
        return ()
    if name in _BY_LABEL:
        return [(f"{_LABEL}{texts[0].partition('.')[0]}", f'{name}("{".".join(texts[:2])}")')]
    return [(texts[0], f'{name}("{texts[0]}")')] if name in _BY_MODULE else ()


def _is_type_checking(test: ast.expr) -> bool:
    return "TYPE_CHECKING" in (getattr(test, "attr", ""), getattr(test, "id", ""))
