"""The bodies that the control API takes, as the OpenAPI document describes them."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel

from strangler_proxy.control.evidence_requests import ClearRequest, EraseRequest, RejudgeRequest
from strangler_proxy.control.gates_requests import ApproveRequest, GatesRequest
from strangler_proxy.control.plan_requests import ConsentRequest, LeaseRequest, MarkRequest, PlanFlipRequest, RunRequest
from strangler_proxy.control.recording_requests import RecordRequest
from strangler_proxy.control.requests import AdoptRequest, BackRequest, FlipRequest
from strangler_proxy.control.rollout_requests import RolloutAbort, RolloutOrder, RolloutStart
from strangler_proxy.control.rules_requests import RulesRequest
from strangler_proxy.control.session_requests import SessionsEndRequest
from strangler_proxy.control.tester_requests import TesterRequest, TesterRevokeRequest
from strangler_proxy.control.token_requests import TokenCreateRequest, TokenRevokeRequest, TokenRotateRequest

__all__ = ["TAKEN"]

TAKEN: Final[list[type[BaseModel]]] = [
    FlipRequest,
    BackRequest,
    AdoptRequest,
    ClearRequest,
    EraseRequest,
    RejudgeRequest,
    RulesRequest,
    GatesRequest,
    ApproveRequest,
    RecordRequest,
    LeaseRequest,
    MarkRequest,
    PlanFlipRequest,
    ConsentRequest,
    RunRequest,
    SessionsEndRequest,
    TokenCreateRequest,
    TokenRevokeRequest,
    TokenRotateRequest,
    TesterRequest,
    TesterRevokeRequest,
    RolloutStart,
    RolloutAbort,
    RolloutOrder,
]
