"""A worker that records, and a comparer that takes what it tells."""

from __future__ import annotations

from tests.proxy.shadow.conftest import (
    MakeProxy,
    MakeScene,
    MakeUpstream,
    catalog,
    cleanup,
    comparer,
    make_proxy,
    make_scene,
    make_upstream,
    monolith,
)

__all__ = [
    "MakeProxy",
    "MakeScene",
    "MakeUpstream",
    "catalog",
    "cleanup",
    "comparer",
    "make_proxy",
    "make_scene",
    "make_upstream",
    "monolith",
]
