"""The table `[identity]` and the routes' keys for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from strangler_proxy.config.identity import IdentitySettings
from strangler_proxy.config.reader import read_config
from strangler_proxy.config.values import Config

from strangler.errors import ConfigError

FILE = Path("/srv/strangler.toml")
UPSTREAMS = '[upstreams.monolith]\nurl = "http://m:1"\n[upstreams.new]\nurl = "http://n:1"\n'
ROUTE = '[[routes]]\nname = "a.b"\npath = "/a"\ncandidate = "new"\n'


def read(text: str) -> Config:
    return read_config(text, FILE, {})


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(UPSTREAMS + text)
    (problem,) = caught.value.problems
    return f"{problem.key}: {problem.wrong}; {problem.right}"


def test_nobody_is_told_who_asks_unless_a_route_says_so() -> None:
    config = read(UPSTREAMS + ROUTE)
    assert config.identity == IdentitySettings()
    assert (config.routes[0].identity, config.routes[0].anonymous) == ("none", None)


def test_every_key_of_identity_comes_through() -> None:
    config = read(
        """
        [identity]
        path = "/inside/vouch/"
        timeout = "500ms"
        cache = 3
        sessions = 100
        anonymous = 401
        session = ["cart_id"]
        permissions = ["orders.*"]
        username = true
        headers = ["X-Remote-User"]
        csrf_header = "X-XSRF-TOKEN"
        form_bytes = 1024
        issuer = "shop"
        lifetime = "30s"
        rotate = "12h"
        keys_file = "keys/public.json"
        """
        + UPSTREAMS
        + ROUTE
        + 'identity = "required"\nanonymous = "redirect"\n'
    )
    assert config.identity == IdentitySettings(
        path="/inside/vouch/",
        timeout=0.5,
        cache=3.0,
        sessions=100,
        anonymous="401",
        session=("cart_id",),
        permissions=("orders.*",),
        username=True,
        headers=("X-Remote-User",),
        csrf_header="X-XSRF-TOKEN",
        form_bytes=1024,
        issuer="shop",
        lifetime=30.0,
        rotate=43200.0,
        keys_file=Path("/srv/keys/public.json"),
    )
    assert (config.routes[0].identity, config.routes[0].anonymous) == ("required", "redirect")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('path = "//evil.example/"', "identity.path: is"),
        ('path = "vouch/"', "from the first slash on"),
        ('path = "/a b"', "not the path of a URL"),
        ('cache = "2m"', "is 120 s, and for so long somebody who signed out would be known; write at most 60"),
        ("sessions = 0", "too small"),
        ('anonymous = "login"', 'write "monolith", "redirect", "401" or "403"'),
        ('headers = ["X Y"]', "cannot be a name in HTTP"),
        ('csrf_header = ""', "cannot be a name in HTTP"),
        ("form_bytes = -1", "too small"),
        ('issuer = ""', "is empty"),
        ("lifetime = 0", "write from 1 to 3600"),
        ('lifetime = "2h"', "write from 1 to 3600"),
        ('rotate = "daily"', "not a duration"),
        ("username = 1", "write true or false"),
    ],
)
def test_a_wrong_value_of_identity_is_refused_with_what_would_be_right(line: str, told: str) -> None:
    assert told in refused(f"[identity]\n{line}\n")


def test_a_wrong_value_of_a_routes_identity_is_refused() -> None:
    assert refused(ROUTE + "identity = true\n").endswith('is true; write "none", "optional" or "required"')
    assert "nothing that a client can be told" in refused(ROUTE + 'anonymous = "404"\n')
