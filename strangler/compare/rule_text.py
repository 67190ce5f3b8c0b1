"""Writing what `strangler.compare.rule_file` reads: a rule as text, and a rule file with one rule more."""

from __future__ import annotations

from strangler.compare.rule_file import parse_rules
from strangler.compare.rules import Rule
from strangler.compare.toml_text import quoted

__all__ = ["rule_text", "with_rule"]


def rule_text(rule: Rule) -> str:
    """The rule as a file has it: a table `[[rule]]`. Raises ValueError for what no file can hold."""
    place = f"path = {quoted(rule.path)}" if rule.path else f"header = {quoted(rule.header)}"
    route = [] if rule.route == "*" else [f"route = {quoted(rule.route)}"]
    lines = ["[[rule]]", *route, place, str(rule.action), f"why = {quoted(rule.why)}"]
    return "".join(f"{line}\n" for line in lines)


def with_rule(text: str, rule: Rule) -> str:
    """The text of a rule file with `rule` after all others, where it holds against those of its kind before it. What
    stands there stays as it is, comments and all, and mistakes too.

    Raises ConfigError for a rule that makes no sense, ValueError for one that no file can hold.
    """
    made = rule_text(rule)
    parse_rules(made, "the rule")
    end = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text else end if text.endswith("\n") else 2 * end
    return text + gap + made.replace("\n", end)
