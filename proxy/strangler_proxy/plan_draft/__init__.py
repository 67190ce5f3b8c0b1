"""The draft of a plan: an order for a monolith's parts by what is known of them, with reasons, tangles and steps.

    parts = weigh(parts_of(inventory), inventory, traffic, churn)
    write_draft(inventory, parts, ...)

docs/reference/plan-draft.md has the formula.
"""

from strangler_proxy.plan_draft.churn import Churn, churn_of
from strangler_proxy.plan_draft.document import draft_text
from strangler_proxy.plan_draft.draft import Draft
from strangler_proxy.plan_draft.part import Part, parts_of
from strangler_proxy.plan_draft.tangle import Tangle, tangles_of
from strangler_proxy.plan_draft.traffic import Traffic, traffic_of
from strangler_proxy.plan_draft.weight import Advice, Weighed, weigh

__all__ = [
    "Advice",
    "Churn",
    "Draft",
    "Part",
    "Tangle",
    "Traffic",
    "Weighed",
    "churn_of",
    "draft_text",
    "parts_of",
    "tangles_of",
    "traffic_of",
    "weigh",
]
