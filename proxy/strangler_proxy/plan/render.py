"""The plan with its status written into it: as Markdown beside a picture, or as one HTML page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Final

from jinja2 import Environment
from markdown_it import MarkdownIt

from strangler_proxy.plan.blocks import step_blocks
from strangler_proxy.plan.picture import picture, told_part
from strangler_proxy.plan.plan import Plan
from strangler_proxy.plan.progress import STALLING_SECONDS, Progress
from strangler_proxy.plan.standing import Standing, told_reached

__all__ = ["markdown_page", "picture_of", "web_page"]

_TEMPLATE: Final = "render_page.html"
_DAY: Final = 86400.0
_TITLE: Final = "How much has moved"
_MOST: Final = 8


def picture_of(progress: Progress) -> str:
    """The picture alone, as SVG."""
    return picture(progress.parts, _TITLE)


def markdown_page(
    plan: Plan, found: Mapping[str, Standing], progress: Progress, at: float, *, picture_file: str = ""
) -> str:
    """The plan in Markdown with where it stands at its top, and where each step stands behind its block."""
    shown = [f"![{_TITLE}: {'; '.join(map(told_part, progress.parts))}]({picture_file})", ""] if picture_file else []
    head = [
        f"> **Status of {_moment(at)}**, written by `strangler plan render`; the plan itself is `{plan.path.name}`.",
        "",
        *shown,
        *(f"- {told_part(part)}" for part in progress.parts),
        "",
        "| step | state | owner | why |",
        "|---|---|---|---|",
        *(
            f"| {each.step.id} | **{each.state}** | {_cell(each.step.owner or 'nobody')} | {_cell(each.reason)} |"
            for each in found.values()
        ),
        "",
        *(f"- {line}" for line in stalling(progress, at)),
        "",
    ]
    told = _with_standings(plan, lambda name: f"> **{found[name].state}**: {found[name].reason}")
    return "\n".join(head) + "\n" + told


def web_page(plan: Plan, found: Mapping[str, Standing], progress: Progress, at: float) -> str:
    """One HTML file that needs nothing else: no script, nothing fetched. Whatever the plan holds is text."""
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files("strangler_proxy.plan").joinpath(_TEMPLATE).read_text(encoding="utf-8"))
    text = _with_standings(plan, lambda name: f"**{found[name].state}**: {found[name].reason}")
    return template.render(
        plan=plan,
        made=_moment(at),
        picture=picture_of(progress),
        standings=list(found.values()),
        stalling=stalling(progress, at),
        # Without html, so that nothing in the plan becomes more than text.
        text=MarkdownIt("commonmark", {"html": False}).enable("table").render(text),
    )


def stalling(progress: Progress, at: float) -> list[str]:
    """What goes on for long, how much moves in a month, and what is nobody's."""
    lines = [
        f"{each.name} has two sides since {_moment(each.since)}, {_days(at - each.since)}; it is at"
        f" {told_reached(each.place)}{'. STALLING' if at - each.since > STALLING_SECONDS else ''}"
        for each in progress.two_sides[:_MOST]
    ]
    if len(progress.two_sides) > _MOST:
        lines.append(f"and {len(progress.two_sides) - _MOST} more have two sides")
    lines.append("moves a month: " + ", ".join(f"{month} {count}" for month, count in progress.months))
    if progress.ownerless:
        lines.append(f"steps without an owner: {', '.join(progress.ownerless)}")
    return lines


def _with_standings(plan: Plan, told: Callable[[str], str]) -> str:
    """The plan's text with a line behind each step's block, indented or quoted as the block is."""
    lines = plan.text.split("\n")
    blocks, _ = step_blocks(plan.text, str(plan.path))
    for block in sorted(blocks, key=lambda each: -each.line):
        fence = lines[block.line - 1]
        before = fence[: len(fence) - len(fence.lstrip(" >"))]
        lines[block.end : block.end] = [before.rstrip(), f"{before}{told(block.id)}"]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _days(seconds: float) -> str:
    days = int(seconds // _DAY)
    return "less than a day" if days < 1 else "1 day" if days == 1 else f"{days} days"


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC).astimezone():%Y-%m-%d %H:%M}"
