"""Comparing what two sides answered: values, rules, and a verdict with every difference by its path."""

from strangler.compare.actions import (
    Action,
    Grade,
    Ids,
    Ignore,
    ListOrder,
    Normal,
    NormalForm,
    SameClass,
    TimeTolerance,
    Tolerance,
    UrlHost,
    ValueClass,
)
from strangler.compare.answers import compare_answers, compare_pair
from strangler.compare.cause import Cause
from strangler.compare.id_map import Id, IdMap, IdPair, IdTable, Meeting, MemoryIdMap
from strangler.compare.limits import Limits
from strangler.compare.noise import NoiseVerdict, changes, judge
from strangler.compare.python_values import compare_values
from strangler.compare.redaction import Redaction, RedactionKind
from strangler.compare.rule_file import load_rules, parse_rules
from strangler.compare.rules import Rule, Rules
from strangler.compare.settle import Noise, NoiseKind
from strangler.compare.values import Answer, Comparison, Difference, DifferenceKind, Pair, Request, Severity, Verdict

__all__ = [
    "Action",
    "Answer",
    "Cause",
    "Comparison",
    "Difference",
    "DifferenceKind",
    "Grade",
    "Id",
    "IdMap",
    "IdPair",
    "IdTable",
    "Ids",
    "Ignore",
    "Limits",
    "ListOrder",
    "Meeting",
    "MemoryIdMap",
    "Noise",
    "NoiseKind",
    "NoiseVerdict",
    "Normal",
    "NormalForm",
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
    "changes",
    "compare_answers",
    "compare_pair",
    "compare_values",
    "judge",
    "load_rules",
    "parse_rules",
]
