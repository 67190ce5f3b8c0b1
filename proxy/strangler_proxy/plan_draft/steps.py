"""The steps of one part, as blocks of the plan's grammar. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from strangler_proxy.discover.starting_routes import StartingRoute
from strangler_proxy.plan_draft.part import Part
from strangler_proxy.plan_draft.tangle import Tangle

__all__ = ["first_step", "last_read_step", "part_steps"]

# So many on one line, more on lines of their own.
_MANY = 3
_STEP = "### {number} {title}\n\n{prose}\n\n```toml step={id}\n{table}\n```\n"


def first_step() -> str:
    """The id of the step before all others."""
    return "proxy.in-front"


def last_read_step(part: Part) -> str:
    """The id of the step with which a part's reads have moved: the next part may begin after it."""
    return f"{part.name}.reads"


def part_steps(part: Part, number: int, after: str, routes: Sequence[StartingRoute], tangles: Sequence[Tangle]) -> str:
    """The blocks, with prose between them. `after` is the step that has to be done before the first one, `routes` are
    the reads to begin with; there is at least one."""
    name, names = part.name, [each.route.name for each in routes]
    globs = " ".join(f"'{start}.*'" for start in dict.fromkeys(each.partition(".")[0] for each in names))
    steps: list[tuple[str, str, str, dict[str, Any]]] = [
        (
            f"{name}.ready",
            "The service is there",
            (
                "It answers the reads below from its own store, tells its release in `X-Strangler-Release`, and a"
                " parity test asks both sides. Its routes are in `strangler.toml`; `strangler init --inventory` writes"
                " them."
            ),
            {"needs": [after], "before": {"command": "strangler check --probe"}},
        ),
        (
            f"{name}.shadow",
            "Both sides are asked, the monolith answers",
            (
                "Each read is sent to the service too, once the customer has the monolith's answer, and the two are"
                " held against each other. Nobody can notice. Stay until the gate passes; `strangler shadow report`"
                " names what differs."
            ),
            {
                "needs": [f"{name}.ready"],
                "moves": [{"flip": names, "stage": "shadow"}],
                "after": {"agreement": 0.99, "coverage": {"templates": True}, "time": "1d"},
            },
        ),
        (
            last_read_step(part),
            "The service answers, step by step",
            (
                "A rollout widens the share of customers and takes itself back when errors, latency or differences say"
                f' so. By hand: `strangler back {globs} --why "..."`, and the monolith answers the next request.'
            ),
            {"needs": [f"{name}.shadow"], "moves": [{"rollout": names}]},
        ),
    ]
    needs = [last_read_step(part)]
    if tangles:
        numbers = [f"T{tangle.number}" for tangle in tangles]
        named = f"{', '.join(numbers[:8])} and {len(numbers) - 8} more" if len(numbers) > 8 else ", ".join(numbers)
        steps.append(
            (
                f"{name}.tangles",
                "The tangles are cut",
                (
                    f"{named}: each by its own change of the monolith, behind a seam where it has to be switched. Until"
                    " they are, the monolith stays the one that writes."
                ),
                {"needs": needs, "moves": [{"approval": f"who owns {name}: {named} are cut"}]},
            )
        )
        needs = [f"{name}.tangles"]
    if part.writing:
        steps.append(
            (
                f"{name}.writes",
                "The service writes its own data",
                (
                    "One writer at every moment: tables are copied, followed, verified and handed over, and only then"
                    " do writes move. Write down here how; that it was done is a person's word."
                ),
                {
                    "needs": needs,
                    "moves": [{"approval": f"who owns {name}: the service is the one writer of its data"}],
                },
            )
        )
        needs = [f"{name}.writes"]
    steps.append((f"{name}.gone", "The old code goes", _GONE, _gone(part, routes, needs)))
    return "\n".join(
        _STEP.format(number=f"{number}.{place}", title=title, prose=prose, id=step, table=_toml(table))
        for place, (step, title, prose, table) in enumerate(steps, 1)
    )


_GONE = (
    "A part has moved when the old code is deleted. Nobody may have asked the monolith for it for two weeks, by the"
    " proxy or past it (`python manage.py strangler_callers --json > callers.json`), and nothing may import it. After"
    " that there is no way back. The list of what goes is the whole app: take out of it what stays."
)


def _gone(part: Part, routes: Sequence[StartingRoute], needs: list[str]) -> dict[str, Any]:
    names = [each.route.name for each in routes]
    folders = [app.folder for app in part.apps if app.folder and not PurePosixPath(app.folder).is_absolute()]
    within = sorted({PurePosixPath(folder).parts[0] for folder in folders})
    views = list(dict.fromkeys(each.view.key for each in routes if each.view.key))
    counted = {"callers": "callers.json", "views": views} if views else {}
    checks: dict[str, Any] = {"no_traffic": {"routes": names, "time": "14d", **counted}}
    if within:
        modules = [app.module for app in part.apps]
        checks["nothing_left"] = {"names": modules, "within": within, "delete": folders}
    return {
        "needs": needs,
        "one_way": part.name,
        "moves": [{"flip": names, "stage": "retired"}],
        "checks": checks,
    }


def _toml(table: Mapping[str, Any]) -> str:
    """TOML of plain types; `checks` as tables of their own, and a list of many, one a line."""
    lines = [f"{key} = {_value(value)}" for key, value in table.items() if key != "checks"]
    for name, check in table.get("checks", {}).items():
        lines += ["", f"[checks.{name}]", *(f"{key} = {_value(value)}" for key, value in check.items())]
    return "\n".join(lines)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_value(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        values = [_value(each) for each in value]
        if len(values) > _MANY:
            return "[\n" + "".join(f"  {each},\n" for each in values) + "]"
        return "[" + ", ".join(values) + "]"
    # JSON's texts, numbers and truth values are TOML's too.
    return json.dumps(value, ensure_ascii=False)
