"""Routes: which of them takes a request, and which side answers it."""

from strangler_proxy.routes.decision import Decision, decide
from strangler_proxy.routes.table import Match, RouteTable, clashes
from strangler_proxy.routes.template import TemplateError, parse_template, placeholders

__all__ = ["Decision", "Match", "RouteTable", "TemplateError", "clashes", "decide", "parse_template", "placeholders"]
