"""What the customers ask: requests as a browser sends them to a shop, no two alike, the same ones for every peer."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["GETS", "ORDERS", "USERS", "Kind", "headers", "path", "requests", "write_script"]

USERS = 2000
_HOST = "shop.example.com"
_AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.{0}",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_{0} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
)
_LANGUAGES = ("en-GB,en;q=0.7", "de-DE,de;q=0.9,en;q=0.5", "fr-FR,fr;q=0.8,en-US;q=0.5,en;q=0.3", "es-ES,es;q=0.9")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request: its name in the path, its method, and how many bytes its request and answer bodies have."""

    name: str
    method: str
    sent: int
    answered: int


GETS = {size: Kind(f"kb{size}", "GET", 0, size * 1024) for size in (1, 10, 100)}
ORDERS = Kind("orders", "POST", 1024, 1024)


def path(kind: Kind, route: int, number: int) -> str:
    """The path of one thing, behind one of the routes."""
    return f"/api/v1/c{route}/{kind.name}/{number}/"


def headers(kind: Kind) -> list[bytes]:
    """For each customer the rest of a request after its first line: header lines, the empty line, and the body."""
    chance = random.Random(7)
    return [_customer(kind, chance) for _ in range(USERS)]


def _customer(kind: Kind, chance: random.Random) -> bytes:
    session = f"{chance.getrandbits(160):032x}"[:32]
    token = f"{chance.getrandbits(320):064x}"[:32]
    lines = [
        f"Host: {_HOST}",
        f"User-Agent: {chance.choice(_AGENTS).format(chance.randrange(120, 150))}",
        "Accept: application/json, text/plain, */*",
        f"Accept-Language: {chance.choice(_LANGUAGES)}",
        "Accept-Encoding: gzip, deflate, br, zstd",
        f"Referer: https://{_HOST}/products/{chance.randrange(1, 100_000)}/",
        f"Cookie: visitor={chance.getrandbits(96):024x}; sessionid={session}; csrftoken={token}; theme=dark",
        "Sec-Fetch-Dest: empty",
        "Sec-Fetch-Mode: cors",
        "Sec-Fetch-Site: same-origin",
    ]
    body = b""
    if kind.sent:
        order = {"customer": session, "lines": [{"product": chance.randrange(1, 100_000), "quantity": 2}], "note": ""}
        order["note"] = "n" * (kind.sent - len(json.dumps(order)))
        body = json.dumps(order).encode()
        lines += [
            f"Origin: https://{_HOST}",
            f"X-CSRFToken: {token}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def requests(kind: Kind, routes: int) -> Iterator[bytes]:
    """Whole requests without end: another path and another customer each time."""
    chance = random.Random(11)
    rests = headers(kind)
    method = kind.method.encode()
    while True:
        for rest in rests:
            target = path(kind, chance.randrange(routes), chance.randrange(1, 1_000_000)).encode()
            yield b"%s %s HTTP/1.1\r\n%s" % (method, target, rest)


_SCRIPT = """
local rests, count, at = {{}}, 0, 0
local file = assert(io.open("{rests}", "rb"))
for rest in file:read("*a"):gmatch("[^%z]+") do count = count + 1; rests[count] = rest end
file:close()
math.randomseed(11)
function request()
  at = at % count + 1
  local route, number = math.random(0, {last}), math.random(1, 999999)
  return "{method} /api/v1/c" .. route .. "/{name}/" .. number .. "/ HTTP/1.1\\r\\n" .. rests[at]
end
"""


def write_script(folder: Path, kind: Kind, routes: int) -> Path:
    """A script for wrk that sends the same requests as `requests`; the path of its file."""
    rests = folder / f"{kind.name}.requests"
    rests.write_bytes(b"\0".join(headers(kind)))
    script = folder / f"{kind.name}-{routes}.lua"
    script.write_text(_SCRIPT.format(rests=rests, method=kind.method, last=routes - 1, name=kind.name))
    return script
