"""The forms that single values may take: addresses, URLs, durations, names. Each refusal says what would be right."""

from __future__ import annotations

import math
import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import BeforeValidator, PlainValidator
from pydantic_core import PydanticCustomError

from strangler.toggles import NAME_PATTERN
from strangler_proxy.config.address import Address
from strangler_proxy.config.upstreams import UpstreamUrl

__all__ = [
    "Condition",
    "Duration",
    "Flag",
    "HealthPath",
    "HostHeader",
    "HostName",
    "HttpToken",
    "HttpUrl",
    "ListenAddress",
    "Method",
    "Name",
    "Network",
    "PositiveDuration",
    "SubjectSource",
    "UpstreamUrls",
    "is_loopback",
    "refusal",
    "shown",
    "upstream_url",
]

_DURATION: Final = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>ms|s|m|h|d)")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HOST: Final = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*"
)
# A path, and perhaps a query, as they stand in a request line.
_TARGET: Final = re.compile(r"/[!$-;=?-Z_a-z~@\[\]]*")
_PORTS: Final = 65535
_MAPPED: Final = 96


def refusal(wrong: str, right: str) -> PydanticCustomError:
    """An error that the reader turns into a Problem as it stands."""
    return PydanticCustomError("form", "{wrong}; {right}", {"wrong": wrong, "right": right})


def shown(value: Any) -> str:
    """A value as it would be written in TOML, cut short."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    elif isinstance(value, dict):
        return "a table"
    elif isinstance(value, list):
        return "a list"
    else:
        text = str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _host(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return _HOST.fullmatch(host) is not None and not re.fullmatch(r"[0-9.]+", host)
    return True


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _listen_address(value: Any) -> Address:
    right = 'write "HOST:PORT", such as "127.0.0.1:8080", "0.0.0.0:8080" or "[::1]:8080"'
    if not isinstance(value, str):
        raise refusal(f"is {shown(value)}, not an address", right)
    host, colon, port = value.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not colon or not bare or (":" in bare) != (bare != host) or not _host(bare):
        raise refusal(f"is {shown(value)}, not an address", right)
    if not (port.isascii() and port.isdigit()) or int(port) > _PORTS:
        raise refusal(
            f"is {shown(value)}, and {port!r} is not a port", f"write a port from 0 (any free one) to {_PORTS}"
        )
    return Address(bare, int(port))


def upstream_url(value: Any) -> UpstreamUrl:
    """An upstream's URL. Raises PydanticCustomError for anything but `http://HOST[:PORT]` or `https://HOST[:PORT]`."""
    right = 'write "http://HOST:PORT", such as "http://127.0.0.1:8000"'
    if not isinstance(value, str):
        raise refusal(f"is {shown(value)}, not a URL", right)
    try:
        url = urlsplit(value)
        host, port = url.hostname, url.port
    except ValueError:
        raise refusal(f"is {shown(value)}, not a URL", right) from None
    if url.username is not None or url.password is not None:
        raise refusal("holds a user name or password", "take it out: the client's own headers are passed through")
    if url.scheme not in ("http", "https") or not host or not _host(host):
        raise refusal(f"is {shown(value)}, not a URL of an HTTP server", right)
    if url.path not in ("", "/") or url.query or url.fragment:
        raise refusal(
            f"is {shown(value)}, which has more than host and port",
            f'write "{url.scheme}://{url.netloc}"; a path of its own is a route\'s `rewrite`',
        )
    if port == 0:
        raise refusal(f"is {shown(value)}, and nothing can be reached at port 0", right)
    secure = url.scheme == "https"
    return UpstreamUrl(Address(host, (443 if secure else 80) if port is None else port), secure)


def _upstream_urls(value: Any) -> tuple[UpstreamUrl, ...]:
    if not isinstance(value, list):
        return (upstream_url(value),)
    if not value:
        raise refusal("is empty", 'write at least one URL, such as "http://127.0.0.1:8000"')
    urls = tuple(upstream_url(each) for each in value)
    for index, url in enumerate(urls):
        if url in urls[:index]:
            raise refusal(f"names {url} twice", "name each address once: requests are spread evenly")
    return urls


def _host_name(value: Any) -> str:
    if isinstance(value, str) and _host(value):
        return value
    raise refusal(f"is {shown(value)}, not a host", 'write a name such as "catalog.internal"')


def _host_header(value: Any) -> str:
    if isinstance(value, str):
        host, colon, port = value.rpartition(":")
        if _host(host if colon and port.isascii() and port.isdigit() else value):
            return value
    raise refusal(f"is {shown(value)}, not a Host", 'write a name such as "shop.example", with a port if it has one')


def _health_path(value: Any) -> str:
    right = 'write a path such as "/health/ready"'
    if not isinstance(value, str) or not _TARGET.fullmatch(value):
        raise refusal(f"is {shown(value)}, not a path", right)
    return value


def _duration(value: Any) -> float:
    right = 'write seconds as a number (1.5), or text such as "1.5s", "500ms" or "2m"'
    seconds: float | None = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    elif isinstance(value, str):
        if found := _DURATION.fullmatch(value.strip()):
            seconds = float(found["number"]) * _UNITS[found["unit"]]
        elif re.fullmatch(r"\d+(\.\d+)?", value.strip()):
            seconds = float(value)
    if seconds is None or not math.isfinite(seconds):
        raise refusal(f"is {shown(value)}, not a duration", right)
    if seconds < 0:
        raise refusal(f"is {shown(value)}, and a duration is not negative", right)
    return seconds


def _positive_duration(value: Any) -> float:
    seconds = _duration(value)
    if not seconds:
        raise refusal(f"is {shown(value)}, no time at all", 'write a time above 0, such as "1.5s" or "500ms"')
    return seconds


def _name(value: Any) -> str:
    if isinstance(value, str) and NAME_PATTERN.fullmatch(value):
        return value
    raise refusal(
        f"is {shown(value)}, not a name",
        'use a-z, 0-9, - and _, with dots between parts, such as "catalog.product-list"',
    )


def _method(value: Any) -> str:
    if not isinstance(value, str) or not _TOKEN.fullmatch(value) or value.upper() == "CONNECT":
        raise refusal(f"is {shown(value)}, not a method", 'write methods such as "GET" or "POST"')
    if value != value.upper():
        raise refusal(f"is {shown(value)}, and methods are in capitals", f'write "{value.upper()}"')
    return value


def _token(value: Any) -> str:
    if isinstance(value, str) and _TOKEN.fullmatch(value):
        return value
    raise refusal(f"is {shown(value)}, which cannot be a name in HTTP", 'write a name such as "sessionid"')


def _condition(value: Any) -> str | None:
    if value is True:
        return None
    if isinstance(value, str):
        return value
    right = "write the value that is required in quotes, or true for any value"
    if isinstance(value, int | float) and not isinstance(value, bool):
        right = f'write "{value}", or true for any value'
    raise refusal(f"is {shown(value)}", right)


def _subject_source(value: Any) -> str:
    kind, _, name = value.partition(":") if isinstance(value, str) else ("", "", "")
    if kind in ("header", "cookie") and _TOKEN.fullmatch(name):
        return f"{kind}:{name}"
    raise refusal(f"is {shown(value)}, not a source of subjects", 'write "header:NAME" or "cookie:NAME"')


def _network(value: Any) -> IPv4Network | IPv6Network:
    right = 'write an IP address or a network, such as "10.0.0.7", "10.0.0.0/8" or "fd00::/8"'
    if not isinstance(value, str):
        raise refusal(f"is {shown(value)}, not a network", right)
    try:
        network = ip_network(value.strip(), strict=False)
    except ValueError:
        raise refusal(f"is {shown(value)}, not a network", right) from None
    if "/" in value and ip_address(value.partition("/")[0].strip()) != network.network_address:
        raise refusal(
            f"is {shown(value)}, an address within a network", f'write "{network}", or the address without its "/"'
        )
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is not None and network.prefixlen >= _MAPPED:
        # Peers are known by the IPv4 address that such a one stands for.
        return IPv4Network((mapped, network.prefixlen - _MAPPED))
    return network


def _http_url(value: Any) -> str:
    right = 'write "http://HOST:PORT/PATH" or "https://HOST/PATH"'
    try:
        url = urlsplit(value) if isinstance(value, str) else urlsplit("")
        known = url.scheme in ("http", "https") and url.hostname is not None and _host(url.hostname) and url.port != 0
    except ValueError:
        known = False
    if not known:
        raise refusal(f"is {shown(value)}, not a URL", right)
    if url.username is not None or url.password is not None:
        raise refusal("holds a user name or password", "give it by the environment: OTEL_EXPORTER_OTLP_HEADERS")
    return str(value)


def _flag(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):  # from the environment
        return value == "true"
    raise refusal(f"is {shown(value)}", "write true or false")


ListenAddress = Annotated[Address, PlainValidator(_listen_address)]
UpstreamUrls = Annotated[tuple[UpstreamUrl, ...], PlainValidator(_upstream_urls)]
HostName = Annotated[str, PlainValidator(_host_name)]
HostHeader = Annotated[str, PlainValidator(_host_header)]
HealthPath = Annotated[str, PlainValidator(_health_path)]
HttpUrl = Annotated[str, PlainValidator(_http_url)]
Duration = Annotated[float, PlainValidator(_duration)]
PositiveDuration = Annotated[float, PlainValidator(_positive_duration)]
Name = Annotated[str, PlainValidator(_name)]
Method = Annotated[str, PlainValidator(_method)]
HttpToken = Annotated[str, PlainValidator(_token)]
Condition = Annotated[str | None, PlainValidator(_condition)]
SubjectSource = Annotated[str, PlainValidator(_subject_source)]
Network = Annotated[IPv4Network | IPv6Network, PlainValidator(_network)]
Flag = Annotated[bool, BeforeValidator(_flag)]
