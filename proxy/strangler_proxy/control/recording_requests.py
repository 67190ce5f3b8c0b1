"""What the control API takes of recordings, checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import uuid4

from pydantic import AfterValidator, Field

from strangler.recording import Rotation
from strangler.toggles import BUCKETS, parse_share
from strangler_proxy.control.body import Body
from strangler_proxy.control.requests import Name, Share, WaitSeconds, Why
from strangler_proxy.plain import is_plain
from strangler_proxy.record.order import LONGEST_SECONDS, Order

__all__ = ["RecordRequest"]

_ROTATION = Rotation()


def _whole(text: str) -> str:
    if not is_plain(text) or not Path(text).is_absolute():
        raise ValueError("is a whole path, such as /var/tmp/visits.ndjson")
    return text


def _some(text: str) -> str:
    if not parse_share(text):
        raise ValueError("is above 0%, or nothing would be recorded")
    return text


class RecordRequest(Body):
    """What is to be recorded, and where to."""

    file: Annotated[str, Field(max_length=4000), AfterValidator(_whole)] = Field(
        description="The file, by its whole path on the proxy's machine; only the proxy's user can read it."
    )
    routes: Annotated[list[Name], Field(max_length=1000)] = Field(
        default=[], description="Names or globs of routes; without any everything, and what no route takes too."
    )
    sample: Annotated[Share, AfterValidator(_some)] = Field(
        default="100%", description="The share of clients, each with all of its requests."
    )
    seconds: Annotated[float, Field(ge=1, le=LONGEST_SECONDS, allow_inf_nan=False)] = Field(
        default=600.0, description="After so many it ends, whatever else."
    )
    requests: Annotated[int, Field(ge=1, le=2**53)] | None = Field(
        default=None, description="After so many recorded requests it ends."
    )
    bodies: bool = Field(default=True, strict=True, description="Whether bodies are recorded.")
    gzip: bool = Field(default=False, strict=True, description="Whether the file is packed.")
    rotate_bytes: Annotated[int, Field(ge=1024, le=2**53)] = Field(
        default=_ROTATION.bytes, description="At this size a file is full, and the next one begins."
    )
    rotate_seconds: Annotated[float, Field(ge=1, le=LONGEST_SECONDS, allow_inf_nan=False)] = Field(
        default=_ROTATION.seconds, description="At this age too."
    )
    force: bool = Field(default=False, strict=True, description="Replace a recording of that name.")
    why: Why = Field(default="recording", description="Stands in the log; one line.")
    wait_seconds: WaitSeconds | None = Field(
        default=None, description="How long to wait for the workers' acknowledgements; 2 by default."
    )

    @property
    def order(self) -> Order:
        """The order, under a new id."""
        return Order(
            id=uuid4().hex,
            path=Path(self.file),
            seconds=self.seconds,
            routes=tuple(self.routes),
            sample=parse_share(self.sample) / BUCKETS,
            requests=self.requests or 0,
            bodies=self.bodies,
            rotation=Rotation(bytes=self.rotate_bytes, seconds=self.rotate_seconds, packed=self.gzip),
        )
