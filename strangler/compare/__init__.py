"""Comparing what two sides answered: values, rules, and a verdict with every difference by its path."""

from strangler.compare.actions import (
    Action,
    Grade,
    Ignore,
    ListOrder,
    SameClass,
    TimeTolerance,
    Tolerance,
    UrlHost,
    ValueClass,
)
from strangler.compare.answers import compare_answers, compare_pair
from strangler.compare.limits import Limits
from strangler.compare.python_values import compare_values
from strangler.compare.redaction import Redaction, RedactionKind
from strangler.compare.rule_file import load_rules, parse_rules
from strangler.compare.rules import Rule, Rules
from strangler.compare.values import Answer, Comparison, Difference, DifferenceKind, Pair, Request, Severity, Verdict

__all__ = [
    "Action",
    "Answer",
    "Comparison",
    "Difference",
    "DifferenceKind",
    "Grade",
    "Ignore",
    "Limits",
    "ListOrder",
    "Pair",
    "Redaction",
    "RedactionKind",
    "Request",
    "Rule",
    "Rules",
    "SameClass",
    "Severity",
    "TimeTolerance",
    "Tolerance",
    "UrlHost",
    "ValueClass",
    "Verdict",
    "compare_answers",
    "compare_pair",
    "compare_values",
    "load_rules",
    "parse_rules",
]
