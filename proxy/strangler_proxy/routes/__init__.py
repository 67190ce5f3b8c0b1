"""Routes: which of them takes a request, and which side answers it."""

from strangler_proxy.routes.clash import clashes
from strangler_proxy.routes.decision import Decision, decide
from strangler_proxy.routes.entry import Match
from strangler_proxy.routes.explanation import Answer, Explanation, Rival, answer_for, fallback_words
from strangler_proxy.routes.table import RouteTable
from strangler_proxy.routes.template import TemplateError, parse_template, placeholders

__all__ = [
    "Answer",
    "Decision",
    "Explanation",
    "Match",
    "Rival",
    "RouteTable",
    "TemplateError",
    "answer_for",
    "clashes",
    "decide",
    "fallback_words",
    "parse_template",
    "placeholders",
]
