"""Toggles: the stage of each route and seam, moved at run time, the same for every process that reads them."""

from strangler.toggles.bucket import BUCKETS, VECTORS, bucket, format_share, parse_share
from strangler.toggles.client import ToggleReader, Toggles
from strangler.toggles.guard import MoveGuard, Refusal, refused_by
from strangler.toggles.move import Move, plan_back, plan_move, plan_moves
from strangler.toggles.snapshot import Snapshot, read_snapshot, write_snapshot
from strangler.toggles.stage import Kind, Side, Stage
from strangler.toggles.store import AuditEntry, Change, ToggleStore
from strangler.toggles.toggle import GROUP, NAME_PATTERN, Toggle, default_salt

__all__ = [
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
]
