"""What a replica tells of itself: to operators in full, and to other replicas in short."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from strangler import __version__
from strangler_proxy.config.store_url import without_password
from strangler_proxy.control.upstreams import upstream_rows

if TYPE_CHECKING:
    from strangler_proxy.control.plane import ControlPlane

__all__ = ["status_of", "told_of"]


def status_of(plane: ControlPlane) -> dict[str, Any]:
    """The state of a replica as the control API tells it, with what it knows of the others."""
    snapshot, in_force, config = plane.snapshot, plane.in_force, plane.config
    revision, configured, workers = snapshot.revision, plane.configured(), _worker_rows(plane)
    age = (datetime.now(UTC) - snapshot.at).total_seconds()
    return {
        "revision": revision,
        "at": snapshot.at.isoformat(),
        "age_seconds": round(age, 3) if revision else None,
        "store": {
            "ok": in_force.store_error is None,
            "error": in_force.store_error,
            "url": without_password(config.store),
        },
        "disk": {"ok": in_force.disk_error is None, "error": in_force.disk_error},
        "evidence": plane.evidence.status(),
        "notes": [*in_force.notes, *plane.replicas.notes()],
        "recording": plane.recordings.running(),
        "reload": plane.reloaded(),
        "replica": {
            "name": plane.replicas.name,
            "started_at": plane.started_at.isoformat(),
            "version": __version__,
            "config": config.digest,
        },
        "replicas": plane.replicas.rows(),
        "workers": workers,
        "comparers": plane.workers.comparers.rows(),
        "live": f"{sum(worker['live'] for worker in workers)}/{len(workers)}",
        "toggles": [
            {**toggle.to_json(), "configured": toggle.name in configured} for toggle in snapshot.toggles.values()
        ],
        "rollouts": [each.brief() for each in plane.rollouts.going_on],
        "upstreams": upstream_rows(config.upstreams, plane.workers),
        "traffic": plane.traffic.to_json(),
    }


def told_of(plane: ControlPlane) -> dict[str, Any]:
    """What other replicas are told: enough to say which revision each of our workers decides by."""
    return {
        "started_at": plane.started_at.isoformat(),
        "version": __version__,
        "config": plane.config.digest,
        "revision": plane.snapshot.revision,
        "workers": [{key: row[key] for key in ("slot", "pid", "revision", "live")} for row in _worker_rows(plane)],
    }


def _worker_rows(plane: ControlPlane) -> list[dict[str, Any]]:
    linked, revision = plane.workers.linked(), plane.snapshot.revision
    rows: list[dict[str, Any]] = []
    for slot in range(plane.config.workers):
        worker = linked.get(slot)
        rows.append(
            {
                "slot": slot,
                "pid": worker and worker.pid,
                "revision": worker and worker.revision,
                "live": worker is not None and worker.decides_by(revision),
                "since": worker and worker.since.isoformat(),
                "requests": worker.requests if worker else 0,
                "config": worker and worker.config,
            }
        )
    return rows
