"""The tables of `strangler.toml`, with keys, defaults and meaning: the one list that reader and reference share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from strangler_proxy.config.forms import (
    Condition,
    Duration,
    Flag,
    HttpToken,
    HttpUrl,
    ListenAddress,
    Method,
    Name,
    Network,
    SubjectSource,
)
from strangler_proxy.config.gates_section import StageGatesTable
from strangler_proxy.config.group_table import GroupTable
from strangler_proxy.config.identity_table import Anonymous, IdentityNeed, IdentityTable
from strangler_proxy.config.notify_table import NotifyTable
from strangler_proxy.config.rollout_table import RolloutTable
from strangler_proxy.config.shadow_table import EvidenceTable, ShadowTable, Share, Writes
from strangler_proxy.config.store_url import StoreUrl
from strangler_proxy.config.upstream_table import UpstreamTable
from strangler_proxy.config.values import Address, Limits, Tracing

__all__ = [
    "TABLES",
    "ControlTable",
    "LimitsTable",
    "ListenerTlsTable",
    "ProxyTable",
    "RouteItem",
    "SeamItem",
    "StateTable",
    "StoreTable",
]
__all__ += ["EvidenceTable", "ShadowTable", "TracingTable", "UpstreamTable"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProxyTable(_Table):
    """The process in front."""

    listen: ListenAddress = Field(Address("127.0.0.1", 8080), description="Where customers are served.")
    replica: Name | None = Field(
        None,
        description="This replica's name, among those that share a store; by default the machine's with six digits of"
        " the state folder's path.",
        examples=["eu-1"],
    )
    workers: Annotated[int, Field(ge=1, le=512)] = Field(2, description="Worker processes; one a core is a good start.")
    monolith: Name = Field(
        "monolith", description="The upstream that answers whatever no route has taken away from it."
    )
    subject: list[SubjectSource] = Field(
        [],
        description="Where a subject comes from, tried in order before our own signed cookie:"
        " `header:NAME` or `cookie:NAME`. Name a header only if your edge sets it and strips a client's own.",
    )
    private_cookies: list[HttpToken] = Field(
        ["sessionid", "csrftoken"],
        description="The monolith's own cookies: kept from every other upstream, which may not set them either.",
    )
    trusted_proxies: list[Network] = Field(
        [],
        description="Addresses and networks of the edge in front, such as `10.0.0.0/8`: believed in what they say of"
        " their client, [below](#behind-a-tls-edge).",
    )
    proxy_protocol: Flag = Field(
        False,
        description="Every connection comes from one of `trusted_proxies` and begins with a PROXY header, version 2,"
        " [below](#behind-haproxy-with-the-proxy-protocol).",
    )
    drain_timeout: Duration = Field(
        10.0, description="How long a worker that is to end, at a stop or a reload, waits for the answers under way."
    )
    tunnel_grace: Duration = Field(15.0, description="How long it waits for WebSockets and other tunnels.")
    hang_timeout: Duration = Field(
        30.0, description="A worker that has not been heard for so long is killed and replaced; `0` for never."
    )
    refuse_dot_segments: Flag = Field(
        False,
        description="`true` answers 400 to paths with `.` or `..` between slashes, however encoded. By default they"
        " are passed on as they came, and matched as they stand, as Django does.",
    )
    inventory: str | None = Field(
        None,
        min_length=1,
        description="What `manage.py strangler_inventory` wrote: with it no route [takes traffic]"
        "(operating.md#before-a-route-takes-traffic) that takes other views of the monolith than it is meant to.",
        examples=["inventory.json"],
    )
    access_log: Flag = Field(True, description="One line of JSON for each request, on standard output.")
    access_log_sample: Annotated[float, Field(ge=0, le=1)] = Field(
        1.0,
        description="The share of requests that get a line; one that failed, fell back or was slow always has one.",
    )
    access_log_slow: Duration = Field(1.0, description="From how long on a request counts as slow for the access log.")


class ListenerTlsTable(_Table):
    """TLS towards customers; without this table, plain HTTP. New files count from the next reload on."""

    certificate: str = Field(
        min_length=1,
        description="A PEM file with the certificate and the chain behind it.",
        examples=["/etc/strangler/shop.crt"],
    )
    key: str = Field(
        min_length=1,
        description="A PEM file with its private key, without a password.",
        examples=["/etc/strangler/shop.key"],
    )


class ControlTlsTable(ListenerTlsTable):
    """TLS towards operators and seams; without this table, plain HTTP. New files count from the next reload on."""


class ControlTable(_Table):
    """The control plane: API and page for operators, never on the customers' port."""

    listen: ListenAddress = Field(Address("127.0.0.1", 8081), description="Where operators and seams are served.")
    allow_remote: Flag = Field(
        False,
        description="The explicit word for a `listen` that other machines can reach in plain HTTP (a container"
        " network); with `[control.tls]` it need not be said.",
    )
    metrics_public: Flag = Field(False, description="Whether `/metrics` is answered without a token.")
    rate: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)] = Field(
        200.0,
        description="Calls a second of one token, and of one address (of IPv6, one /64); at once after a rest five"
        " seconds' worth. More are answered 429. `0` for any number.",
    )
    plan: str = Field(
        "migration_plan.md",
        min_length=1,
        description="The file of [the plan](plan.md), from this file's folder: what the page shows and applies, and"
        " `strangler plan` takes by default. It need not be there.",
    )
    edit_rules: Flag = Field(
        False,
        description="Whether the file of the [compare rules](library.md#comparing) may be written through the API and"
        " the page, by tokens of the role `approve`; `strangler serve --edit-rules` says so too.",
    )


class StoreTable(_Table):
    """Where toggles, documents and their audit are kept; replicas share a PostgreSQL."""

    url: StoreUrl | None = Field(
        None,
        description="`sqlite:///PATH`, or `postgresql://USER:${PASSWORD}@HOST/DATABASE`,"
        " [for several replicas](operating.md#postgresql); by default `store.db` in the state folder.",
        examples=["sqlite:///store.db"],
    )


class StateTable(_Table):
    """What a replica keeps on disk: token, subject key, snapshot, sockets."""

    dir: str = Field(".strangler", min_length=1, description="The state folder, from this file's folder.")


_LIMITS = Limits()


class LimitsTable(_Table):
    """What a client may send, and how slowly."""

    head_bytes: Annotated[int, Field(ge=1024, le=16 * 1024 * 1024)] = Field(
        _LIMITS.head_bytes, description="Size of request line and headers together, in bytes."
    )
    headers: Annotated[int, Field(ge=8, le=10_000)] = Field(_LIMITS.headers, description="Number of header lines.")
    head_timeout: Duration = Field(_LIMITS.head_timeout, description="Time for a whole request head.")
    body_timeout: Duration = Field(_LIMITS.body_timeout, description="A pause within a request's body.")
    idle_timeout: Duration = Field(_LIMITS.idle_timeout, description="How long an unused client connection is kept.")
    body_bytes: Annotated[int, Field(ge=0)] = Field(
        _LIMITS.body_bytes,
        description="The longest body of a request, in bytes; a longer one is answered 413. `0` for any:"
        " Django has limits of its own.",
    )
    body_rate: Annotated[int, Field(ge=0)] = Field(
        _LIMITS.body_rate,
        description="Bytes a second below which the pauses of a body add up to one `body_timeout`;"
        " `0` to allow drop by drop.",
    )
    tunnel_timeout: Duration = Field(
        _LIMITS.tunnel_timeout, description="How long an upgraded connection (a WebSocket) may carry nothing."
    )
    connections: Annotated[int, Field(ge=16, le=1_000_000)] = Field(
        _LIMITS.connections,
        description="Open client connections of a worker. When there are as many, the longest unused are closed;"
        " where none is unused, a new one is answered 503.",
    )
    connections_per_peer: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        _LIMITS.connections_per_peer,
        description="Open connections of one address (of IPv6, one /64) to a worker, `trusted_proxies` aside; `0` for"
        " any number.",
    )
    handshake_timeout: Duration = Field(
        _LIMITS.handshake_timeout, description="Time for a TLS handshake and for a PROXY header."
    )


_TRACING = Tracing()


class TracingTable(_Table):
    """OpenTelemetry spans of the proxy; needs `strangler[otel]`."""

    endpoint: HttpUrl | None = Field(
        None,
        description="Where spans are sent, by OTLP over HTTP; without it there are none.",
        examples=["http://127.0.0.1:4318/v1/traces"],
    )
    sample: Annotated[float, Field(ge=0, le=1)] = Field(
        _TRACING.sample, description="The share of traces that begin here; one that began before has been decided."
    )
    service_name: str = Field(_TRACING.service_name, min_length=1, description="The `service.name` of the spans.")


class RouteItem(_Table):
    """Requests that move together."""

    name: Name = Field(description="Its name, and its toggle's.", examples=["catalog.product-list"])
    path: str = Field(
        description="Template in the syntax of Django's `path()`, beginning with a slash. It owns its form with and"
        " without the last slash.",
        examples=["/api/v1/products/<int:id>/"],
    )
    candidate: Name = Field(description="The upstream that the route moves to.", examples=["catalog"])
    methods: list[Method] = Field(["GET"], min_length=1, description="Methods in capitals. `GET` takes `HEAD` with it.")
    headers: dict[HttpToken, Condition] = Field(
        {}, description="Required headers with their values; `true` for any value."
    )
    query: dict[str, Condition] = Field(
        {}, description="Required query parameters with their values, decoded; `true` for any value."
    )
    rewrite: str | None = Field(
        None,
        description="The path that the candidate is asked for, with the path's variables as `<name>`; by default the"
        " path as it came.",
        examples=["/v1/products/<id>"],
    )
    timeout: Duration | None = Field(
        None, description="Replaces the candidate's `first_byte_timeout` on this route.", examples=["2s"]
    )
    twin: Flag = Field(
        True, description="`false` for functionality that the monolith never had: the candidate always answers."
    )
    salt: str | None = Field(
        None,
        min_length=1,
        description="Seed of the buckets; by default the name up to its first dot, so that a context's routes draw the"
        " same subjects.",
        examples=["catalog"],
    )
    private_cookies: Flag = Field(
        False,
        description="`true` shows this route's candidate the monolith's own cookies (`proxy.private_cookies`), and"
        " lets it set them: only for code of the same trust.",
    )
    identity: IdentityNeed = Field(
        "none",
        description="Whether the candidate is told who asks, [signed](identity.md): `optional` passes anonymous clients"
        " on as such, `required` only users.",
    )
    anonymous: Anonymous | None = Field(
        None, description="Replaces `anonymous` of `[identity]` on this route.", examples=["401"]
    )
    captures: list[str] = Field(
        [],
        description="The views of the monolith that it is meant to take, of `proxy.inventory`: each by its name, its"
        " dotted path or its pattern. Without it, one view.",
        examples=[["shop:product"]],
    )
    sample: Share | None = Field(
        None, description="Replaces `sample` of `[shadow]` on this route; `0` for no copies.", examples=[0.1]
    )
    writes: Writes = Field(
        "skip",
        description="What is done with the copy of a request that changes something, in stage `shadow`: `skip` it, or"
        " ask the candidate for a `sandbox` or a `dry-run`, [which it has to know](#writes).",
    )
    gates: StageGatesTable | None = Field(
        None,
        description="Replaces what `[gates]` says of a stage on this route; an empty table of a stage asks nothing.",
        examples=[{}],
    )


class SeamItem(_Table):
    """A branch-by-abstraction point inside the monolith."""

    name: Name = Field(description="Its name, and its toggle's.", examples=["catalog.facts"])
    salt: str | None = Field(
        None, min_length=1, description="Seed of the buckets; by default the name up to its first dot.", examples=["x"]
    )


# Written as in the file: a table, a table for each name, or an item of a list.
TABLES: dict[str, type[BaseModel]] = {
    "proxy": ProxyTable,
    "proxy.tls": ListenerTlsTable,
    "control": ControlTable,
    "control.tls": ControlTlsTable,
    "store": StoreTable,
    "state": StateTable,
    "limits": LimitsTable,
    "tracing": TracingTable,
    "identity": IdentityTable,
    "shadow": ShadowTable,
    "evidence": EvidenceTable,
    "gates": StageGatesTable,
    "upstreams": UpstreamTable,
    "routes": RouteItem,
    "seams": SeamItem,
    "groups": GroupTable,
    "rollouts": RolloutTable,
    "notify": NotifyTable,
}
