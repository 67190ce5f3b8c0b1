"""A compare rule before it is written: the patch to the rule file, and what it would have changed on kept pairs."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import PurePath
from typing import Any

from strangler.compare.actions import Action
from strangler.compare.rule_making import rule_at
from strangler.compare.rule_text import rule_text, with_rule
from strangler.compare.rules import Rule
from strangler_proxy.client import ControlClient

__all__ = ["FieldChange", "RuleDraft", "draft_rule", "patch_of"]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """In how many kept pairs the sides differ in one field, in one way, without the rule and with it."""

    field: str
    kind: str
    before: int
    after: int

    def to_json(self) -> dict[str, Any]:
        """The change as a JSON document."""
        return {"field": self.field, "kind": self.kind, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """A rule that could be added to `file`, whose text has the digest `digest`; `text` is what it would be then.

    `before` and `after` are verdicts of `pairs` kept pairs without the rule and with it, `fields` what changes, by
    field. `editable` says whether the control plane may write the file, `edited` whether the reload that follows would
    take up an edited strangler.toml too.
    """

    rule: Rule
    file: str
    digest: str
    text: str
    patch: str
    editable: bool
    edited: bool
    pairs: int
    before: Mapping[str, int]
    after: Mapping[str, int]
    fields: tuple[FieldChange, ...]

    @property
    def excused(self) -> int:
        """How many kept pairs differ without the rule and not with it."""
        return self.before["differ"] - self.after["differ"]

    def to_json(self) -> dict[str, Any]:
        """The draft as a JSON document."""
        return {
            "rule": rule_text(self.rule),
            "file": self.file,
            "digest": self.digest,
            "patch": self.patch,
            "editable": self.editable,
            "edited": self.edited,
            "pairs": self.pairs,
            "before": dict(self.before),
            "after": dict(self.after),
            "fields": [each.to_json() for each in self.fields],
        }


def draft_rule(
    client: ControlClient, route: str, field: str, action: Action, why: str, *, most: int = 2000
) -> RuleDraft:
    """The rule that does `action` at `field` of `route`, as a draft. Nothing is written.

    What it would have changed is told by judging the pairs that are kept of the route, the `most` newest, by the file
    as it stands and with the rule. Raises ValueError where no rule can stand there, ConfigError for a rule that makes
    no sense, ControlRefused where the file is wrong as it stands, and ControlUnreachable.
    """
    rule = rule_at(field, action, why, route=route)
    stands = client.rules()
    text = with_rule(stands["text"], rule)
    before = client.rejudge([route], rules=stands["text"], most=most)
    after = client.rejudge([route], rules=text, most=most)
    return RuleDraft(
        rule=rule,
        file=stands["file"],
        digest=stands["digest"],
        text=text,
        patch=patch_of(stands["text"], text, PurePath(stands["file"]).name, new=not stands["digest"]),
        editable=stands["editable"],
        edited=stands["edited"],
        pairs=after["pairs"],
        before=before["after"],
        after=after["after"],
        fields=tuple(_changes(before["fields"], after["fields"])),
    )


def patch_of(before: str, after: str, name: str, *, new: bool = False) -> str:
    """What changes between two texts of the file `name`, as a patch for `git apply`; `new` where there is no such file
    yet."""
    source = "/dev/null" if new else f"a/{name}"
    lines = unified_diff(_rows(before), _rows(after), source, f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _rows(text: str) -> list[str]:
    """The lines as git counts them: a form feed ends none."""
    return io.StringIO(text, newline="\n").readlines()


def _changes(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[FieldChange]:
    """What either judgement came to, where the two are not the same; the greatest change first."""
    counts = [{(each["field"], each["kind"]): each["after"] for each in fields} for fields in (before, after)]
    changed = [
        FieldChange(*place, counts[0].get(place, 0), counts[1].get(place, 0))
        for place in sorted(counts[0].keys() | counts[1].keys())
    ]
    return sorted((each for each in changed if each.before != each.after), key=lambda each: each.after - each.before)
