"""The form that a rule is made by: what it can do, where, and what is filled in at first. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from strangler.compare import Difference, NormalForm, Severity, ValueClass
from strangler.compare.actions import Action
from strangler.compare.rule_making import action_of, lists_around, suggested

__all__ = ["CHOICES", "Choice", "RuleForm", "first_form"]

_LIST: Final = "list_"


class Choice(NamedTuple):
    """Something that a rule can do. `hint` says what is typed beside it, empty where nothing is; `words` are those that
    it can be, where they are few."""

    key: str
    label: str
    hint: str = ""
    words: Sequence[str] = ()


CHOICES: Final = (
    Choice("ignore", "Ignore it: nothing there or below matters, not even whether it is there"),
    Choice("tolerance", "Numbers may be this far apart", "0.01, or 0.1%"),
    Choice("time", "Timestamps may be this many seconds apart", "seconds"),
    Choice("class", "Both must be of one kind, and may differ within it", "kind", [each.value for each in ValueClass]),
    Choice("normal", "Texts may differ in", "form", [each.value for each in NormalForm]),
    Choice("url_host", "Addresses may differ in scheme, host and port"),
    Choice("ids", "They are ids: each old one has a new one of its own", "a name, such as product"),
    Choice("list_set", "The list has no order: it is a set"),
    Choice("list_key", "The list has no order: elements with the same key belong together", "key, such as sku"),
    Choice("severity", "It is only a warning"),
)


@dataclass(frozen=True, slots=True)
class RuleForm:
    """What somebody has filled in. `field` is the difference's, `key` one of `CHOICES`, `values` what is typed beside
    each of them, `place` the list that a rule for lists is about. `pair` is the pair that it began with, and `digest`
    that of the rule file which was shown, `drafted` says which rule was."""

    field: str
    key: str = ""
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)
    place: str = ""
    why: str = ""
    pair: str = ""
    digest: str = ""
    drafted: str = ""

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> RuleForm:
        """What a form's fields say."""
        return cls(
            field=fields.get("field", ""),
            key=fields.get("do", ""),
            values={each.key: fields.get(f"value_{each.key}", "") for each in CHOICES if each.hint},
            place=fields.get("place", ""),
            why=fields.get("why", "").strip(),
            pair=fields.get("pair", ""),
            digest=fields.get("digest", ""),
            drafted=fields.get("drafted", ""),
        )

    @property
    def lists(self) -> list[str]:
        """The lists that the field lies in, the innermost first."""
        return lists_around(self.field)

    @property
    def where(self) -> str:
        """The field that the rule is for: a list around the difference's, for those about lists."""
        return self.place if self.key.startswith(_LIST) else self.field

    @property
    def action(self) -> Action:
        """What the rule is to do. Raises ValueError, which says what is wrong and what would be right."""
        typed = self.values.get(self.key, "")
        if self.key not in {each.key for each in CHOICES}:
            raise ValueError("Say what the rule is to do.")
        if not self.key.startswith(_LIST):
            return action_of(self.key, Severity.WARNING.value if self.key == "severity" else typed)
        if self.place not in self.lists:
            raise ValueError("Say which list has no order.")
        return action_of("list", "set" if self.key == "list_set" else f"key:{typed.strip()}")


def first_form(name: str, difference: Difference | None, pair: str) -> RuleForm:
    """The form before anybody has written into it: with the narrowest rule that excuses what `difference` shows of the
    field, where one does."""
    lists = lists_around(name)
    key, value = (difference and suggested(difference)) or ("", "")
    return RuleForm(name, key, {key: value} if value else {}, lists[0] if lists else "", pair=pair)
