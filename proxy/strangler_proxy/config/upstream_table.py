"""The table `[upstreams.NAME]`, with keys, defaults and meaning."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from strangler.resilience import BreakerSettings
from strangler_proxy.config.address import Address
from strangler_proxy.config.forms import (
    Duration,
    Flag,
    HealthPath,
    HostHeader,
    HostName,
    PositiveDuration,
    UpstreamUrls,
)
from strangler_proxy.config.shadow_table import Release
from strangler_proxy.config.upstreams import HealthCheck, Upstream, UpstreamTls

__all__ = ["UpstreamTable"]

_UPSTREAM = Upstream("", Address("", 0))
_HEALTH = HealthCheck("/")
_BREAKER = BreakerSettings()

_Count = Annotated[int, Field(ge=1, le=100_000)]
_CountOrNone = Annotated[int, Field(ge=0, le=100_000)]
_File = Annotated[str, Field(min_length=1)]


class UpstreamTable(BaseModel):
    """Something that can answer HTTP, at one address or several. What counts, counts in each worker by itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: UpstreamUrls = Field(
        description="`http://HOST:PORT` or `https://HOST:PORT`, without a path; or a list of them, among which requests"
        " are spread. A name may stand for several addresses.",
        examples=["http://127.0.0.1:8000"],
    )
    connect_timeout: PositiveDuration = Field(
        _UPSTREAM.connect_timeout, description="Time to make a connection, with its TLS handshake."
    )
    first_byte_timeout: Duration = Field(
        _UPSTREAM.first_byte_timeout, description="Wait for the first byte of an answer once the request is sent."
    )
    idle_timeout: Duration = Field(_UPSTREAM.idle_timeout, description="A pause within an answer or a body.")
    total_timeout: Duration = Field(
        _UPSTREAM.total_timeout,
        description="From the request's head to the answer's last byte; `0` for no limit. Not for WebSockets.",
    )
    keep_alive: Duration = Field(
        _UPSTREAM.keep_alive, description="How long an unused connection is kept; below the server's own (gunicorn: 2)."
    )
    connections: _CountOrNone = Field(
        _UPSTREAM.connections, description="Unused connections that are kept at most, for each address."
    )
    max_connections: _Count = Field(
        _UPSTREAM.max_connections,
        description="Open connections at most, WebSockets among them; whoever needs one more waits.",
    )
    in_flight: _Count = Field(_UPSTREAM.in_flight, description="Requests under way at most; the others wait.")
    waiting: _CountOrNone = Field(
        _UPSTREAM.waiting, description="Requests that wait for their turn at most; the others are refused at once."
    )
    waiting_timeout: PositiveDuration = Field(
        _UPSTREAM.waiting_timeout, description="How long a request waits for its turn."
    )
    breaker: Flag | None = Field(
        None,
        description="Whether a circuit breaker refuses requests while they are likely to fail. By default it does,"
        " except for the monolith's: there is nobody else to answer.",
    )
    breaker_failures: _Count = Field(
        _BREAKER.consecutive_failures, description="It opens after so many failures in a row,"
    )
    breaker_rate: Annotated[float, Field(ge=0.01, le=1)] = Field(
        _BREAKER.failure_rate, description="or when such a share failed"
    )
    breaker_calls: _Count = Field(_BREAKER.minimum_calls, description="of at least so many requests")
    breaker_window: PositiveDuration = Field(_BREAKER.window, description="in so long a time.")
    breaker_open: PositiveDuration = Field(
        _BREAKER.open_for, description="How long it refuses before it tries again; twice as long after each failed try,"
    )
    breaker_longest: PositiveDuration = Field(_BREAKER.longest_open, description="up to this.")
    breaker_probes: _Count = Field(_BREAKER.probes, description="Requests that are let through to try, at a time.")
    eject_after: _CountOrNone = Field(
        _UPSTREAM.eject_after,
        description="Failures in a row that take one of several addresses out; `0` for none. Never all are out.",
    )
    eject_time: PositiveDuration = Field(
        _UPSTREAM.eject_time, description="For how long; twice as long each time, up to 5 minutes."
    )
    dns_refresh: Duration = Field(
        _UPSTREAM.dns_refresh, description="How often a name in `url` is looked up again; `0` for never."
    )
    health: HealthPath | None = Field(
        None,
        description="Path that each address is asked for, such as `/health/ready`; one that does not answer 2xx gets no"
        " requests. By default nothing is asked.",
    )
    health_interval: PositiveDuration = Field(_HEALTH.interval, description="How often, give or take a tenth.")
    health_timeout: PositiveDuration = Field(_HEALTH.timeout, description="Time for the whole answer.")
    health_rises: _Count = Field(_HEALTH.rises, description="Answers in a row that make a sick address well.")
    health_falls: _Count = Field(_HEALTH.falls, description="Failures in a row that make an address sick.")
    health_host: HostHeader | None = Field(
        None, description="The `Host` to ask with (Django's `ALLOWED_HOSTS` wants a known one); by default the URL's."
    )
    verify: Flag = Field(
        True, description="Whether an `https://` upstream has to prove who it is. Without it anybody can be it."
    )
    ca: _File | None = Field(
        None,
        description="PEM file, from this file's folder, of who may vouch for it; by default the system's store.",
        examples=["ca.pem"],
    )
    server_name: HostName | None = Field(None, description="The name on its certificate; by default the URL's host.")
    certificate: _File | None = Field(
        None, description="PEM file of our own certificate, where it asks for one,", examples=["client.pem"]
    )
    key: _File | None = Field(None, description="and of its key; by default in the same file.", examples=["client.key"])
    trusted: Flag = Field(
        _UPSTREAM.trusted,
        description="Part of the monolith's own trust domain, such as its second process under ASGI: it sees the"
        " private cookies and may set them.",
    )
    release: Release | None = Field(
        None,
        description="Its version, for a service whose answers do not have it in `X-Strangler-Release`: evidence belongs"
        " to one release. Of one that has it in some, the others are counted with the release said last.",
        examples=["2026.11.3"],
    )

    def upstream(self, name: str, folder: Path, *, monolith: bool) -> Upstream:
        """This table as the upstream `name` of a file in `folder`."""
        first, *others = self.url
        has_breaker = not monolith if self.breaker is None else self.breaker
        return Upstream(
            name=name,
            address=first.address,
            others=tuple(url.address for url in others),
            connect_timeout=self.connect_timeout,
            first_byte_timeout=self.first_byte_timeout,
            idle_timeout=self.idle_timeout,
            total_timeout=self.total_timeout,
            keep_alive=self.keep_alive,
            connections=self.connections,
            max_connections=self.max_connections,
            in_flight=self.in_flight,
            waiting=self.waiting,
            waiting_timeout=self.waiting_timeout,
            breaker=self._breaker() if has_breaker else None,
            eject_after=self.eject_after,
            eject_time=self.eject_time,
            dns_refresh=self.dns_refresh,
            health=self._health(),
            tls=self._tls(folder) if first.secure else None,
            trusted=self.trusted,
            release=self.release or "",
        )

    def _breaker(self) -> BreakerSettings:
        return BreakerSettings(
            failure_rate=self.breaker_rate,
            minimum_calls=self.breaker_calls,
            window=self.breaker_window,
            consecutive_failures=self.breaker_failures,
            open_for=self.breaker_open,
            longest_open=max(self.breaker_longest, self.breaker_open),
            probes=self.breaker_probes,
            # A probe may take as long as the time limits let it, and is listened to until then.
            lease=max(_BREAKER.lease, self.connect_timeout + self.first_byte_timeout + 10.0),
        )

    def _health(self) -> HealthCheck | None:
        if self.health is None:
            return None
        return HealthCheck(
            path=self.health,
            interval=self.health_interval,
            timeout=self.health_timeout,
            rises=self.health_rises,
            falls=self.health_falls,
            host=self.health_host or "",
        )

    def _tls(self, folder: Path) -> UpstreamTls:
        return UpstreamTls(
            verify=self.verify,
            ca=None if self.ca is None else folder / self.ca,
            server_name=self.server_name or "",
            certificate=None if self.certificate is None else folder / self.certificate,
            key=None if self.key is None else folder / self.key,
        )
