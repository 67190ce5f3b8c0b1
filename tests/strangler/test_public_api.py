"""What is public is said in `__all__`, and the core of the library needs nothing but Python."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
from types import ModuleType

import pytest

import strangler

MODULES = sorted(each.name for each in pkgutil.walk_packages(strangler.__path__, "strangler."))
PACKAGES = [
    "strangler.callers",
    "strangler.compare",
    "strangler.django",
    "strangler.django.inventory",
    "strangler.doctor",
    "strangler.documents",
    "strangler.evidence",
    "strangler.gates",
    "strangler.identity",
    "strangler.inventory",
    "strangler.parity",
    "strangler.recording",
    "strangler.resilience",
    "strangler.seam",
    "strangler.shadow",
    "strangler.testing",
    "strangler.toggles",
]
# What these integrate is there where they are imported.
INTEGRATIONS = {f"strangler.shadow.{name}" for name in ("httpx", "requests", "sqlalchemy")} | {
    "strangler.parity.case_file",
    "strangler.pytest_plugin",
}
CORE = [
    name
    for name in MODULES
    if not name.startswith(("strangler.django", "strangler.identity")) and name not in INTEGRATIONS
]


def declared(module: ModuleType) -> list[str]:
    return list(getattr(module, "__all__", []))


def test_the_packages_are_those_that_are_guarded() -> None:
    found = {name for name in MODULES if hasattr(importlib.import_module(name), "__path__")}
    assert found - {"strangler.django.management", "strangler.django.management.commands"} == set(PACKAGES)


@pytest.mark.parametrize("name", ["strangler", *MODULES])
def test_all_is_sorted_without_doubles_and_every_name_of_it_exists(name: str) -> None:
    module = importlib.import_module(name)
    names = declared(module)
    # Constants first, then classes, then functions: the order that ruff keeps.
    order = sorted(names, key=lambda each: (not each.isupper(), not each[:1].isupper(), each))
    assert names == order
    assert len(set(names)) == len(names)
    assert [each for each in names if not hasattr(module, each)] == []


@pytest.mark.parametrize("name", MODULES)
def test_every_public_class_and_function_is_declared_and_documented(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__
    for each, value in vars(module).items():
        if each.startswith("_") or getattr(value, "__module__", None) != name:
            continue
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__doc__, f"{name}.{each} has no docstring"
            assert each in declared(module), f"{name}.{each} is not in __all__"


def test_the_public_names_of_the_packages_are_these() -> None:
    """A change here is a change of the public API: it belongs in the changelog."""
    assert {name: set(declared(importlib.import_module(name))) for name in PACKAGES} == {
        "strangler.callers": {
            "Caller",
            "Callers",
            "Counted",
            "Passage",
            "Reached",
            "VERSION",
            "read_callers",
            "text_of",
        },
        "strangler.compare": {
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
        },
        "strangler.django": {"current_groups", "current_subject", "shadow_connections", "toggles"},
        "strangler.doctor": {
            "CookieFacts",
            "Finding",
            "MonolithFacts",
            "ProxyFacts",
            "RouteFacts",
            "ServerFacts",
            "Severity",
            "examine",
            "read_facts",
            "write_facts",
        },
        "strangler.django.inventory": {"ObservedMiddleware", "UrlconfError", "take_inventory"},
        "strangler.documents": {"CallCount", "Document", "DocumentStore", "Event"},
        "strangler.evidence": {
            "BOUNDS",
            "COMPARED_FOR",
            "LENGTHS",
            "MINUTE",
            "OTHERS",
            "AgreementWanted",
            "Batch",
            "Cause",
            "Compared",
            "DifferenceKey",
            "Evidence",
            "EvidenceStore",
            "GateVerdict",
            "Histogram",
            "Judgement",
            "KeptPair",
            "Missed",
            "NoiseKey",
            "Opened",
            "PairKey",
            "Redactor",
            "RouteReport",
            "Scope",
            "SeenScope",
            "Sketch",
            "Tally",
            "Traffic",
            "TrafficKey",
            "Window",
            "hash64",
            "report_of",
            "subject_hash",
            "total",
        },
        "strangler.gates": {
            "ALARM",
            "Answered",
            "Approval",
            "CommandGate",
            "CommandSeen",
            "CoverageGate",
            "ErrorsGate",
            "GateJudgement",
            "Gates",
            "LatencyGate",
            "Observed",
            "ProbeGate",
            "ProbeSeen",
            "PrometheusGate",
            "PrometheusSeen",
            "Span",
            "TransientGate",
            "alarm_of",
            "judge",
            "overall",
        },
        "strangler.identity": {
            "ANONYMOUS",
            "HEADER",
            "Identity",
            "IdentityKeys",
            "IdentityMiddleware",
            "Verifier",
            "identity_of",
        },
        "strangler.inventory": {
            "VERSION",
            "App",
            "Command",
            "Coupling",
            "CouplingKind",
            "Database",
            "Found",
            "Import",
            "Inventory",
            "Lookup",
            "Model",
            "Observed",
            "Place",
            "Receiver",
            "Relation",
            "Schedule",
            "Site",
            "Task",
            "Together",
            "UrlForm",
            "View",
            "couplings",
            "inventory_schema",
            "read_inventory",
            "write_inventory",
        },
        "strangler.parity": {
            "AsgiSide",
            "Compared",
            "Covered",
            "Disagreement",
            "HttpSide",
            "Mode",
            "Operation",
            "Parity",
            "ParitySettings",
            "Sides",
            "WsgiSide",
            "from_openapi",
        },
        "strangler.recording": {
            "CASE_SUFFIX",
            "Case",
            "CaseFolder",
            "Format",
            "Recorded",
            "Recording",
            "RecordingWriter",
            "Rotation",
            "open_recording",
            "read_case",
            "write_case",
            "write_har",
        },
        "strangler.resilience": {
            "CLOSED",
            "DEADLINE_HEADER",
            "ENTERED",
            "FULL",
            "HALF_OPEN",
            "OPEN",
            "QUEUED",
            "Breaker",
            "BreakerChange",
            "BreakerSettings",
            "Bulkhead",
            "CircuitBreaker",
            "Deadline",
            "Places",
            "Policy",
            "Retry",
            "RetryBudget",
            "RetrySettings",
            "check_deadline",
            "deadline_headers",
            "no_deadline",
            "read_retry_after",
            "remaining",
        },
        "strangler.seam": {"Observation", "Seam", "SeamCounts", "SeamResult", "log_result"},
        "strangler.shadow": {
            "RELEASE_HEADER",
            "SAFE_METHODS",
            "SHADOW_HEADER",
            "Effect",
            "EffectCounts",
            "Guard",
            "Outcome",
            "Reaction",
            "Strategy",
            "current_shadow",
            "is_shadow",
            "log_effect",
            "read_mark",
            "release_of",
            "shadowed",
        },
        "strangler.testing": {
            "DocumentStoreConformance",
            "EvidenceStoreConformance",
            "FixedMoveGuard",
            "FixedToggles",
            "IdMapConformance",
            "ManualClock",
            "MemoryDocumentStore",
            "MemoryEvidenceStore",
            "MemoryToggleStore",
            "MoveGuardConformance",
            "ToggleStoreConformance",
        },
        "strangler.toggles": {
            "BUCKETS",
            "GROUP",
            "NAME_PATTERN",
            "VECTORS",
            "AuditEntry",
            "Change",
            "Kind",
            "Move",
            "MoveGuard",
            "Refusal",
            "Side",
            "Snapshot",
            "Stage",
            "Toggle",
            "ToggleReader",
            "ToggleStore",
            "Toggles",
            "bucket",
            "default_salt",
            "format_share",
            "parse_share",
            "plan_back",
            "plan_move",
            "plan_moves",
            "read_snapshot",
            "refused_by",
            "write_snapshot",
        },
    }


def test_every_error_is_drawn_in_the_tree_and_has_one_root() -> None:
    errors = importlib.import_module("strangler.errors")
    for name in declared(errors):
        value = getattr(errors, name)
        if isinstance(value, type) and issubclass(value, Exception):
            assert issubclass(value, errors.StranglerError)
            assert name in (errors.__doc__ or "")


@pytest.mark.slow
def test_the_core_needs_nothing_but_the_standard_library() -> None:
    program = (
        "import sys, importlib\n"
        "before = set(sys.modules)\n"
        f"for name in {CORE!r}: importlib.import_module(name)\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new - set(sys.stdlib_module_names) - {'strangler'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
