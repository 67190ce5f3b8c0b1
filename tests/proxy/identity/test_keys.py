"""The keys that sign identities: made, shared, replaced, published and kept from others."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import jwt
import pytest
from strangler_proxy.identity_keys import OVERLAP, SETTLING, SigningKeys
from strangler_proxy.identity_token import TokenWriter

from strangler.errors import StranglerError
from strangler.identity import IdentityKeys, Verifier
from strangler.identity.identity import TYPE
from tests.proxy.identity.desk import ANN, facts

NOW = 1_800_000_000.0
DAY = 86_400.0


def keys_in(folder: Path, rotate: float = DAY) -> SigningKeys:
    return SigningKeys(folder / "identity.keys.json", folder / "public" / "jwks.json", rotate=rotate)


def kids(keys: SigningKeys, now: float) -> list[str]:
    return [key["kid"] for key in keys.published(now)["keys"]]


def test_the_first_key_is_made_for_its_owner_only_and_published_for_all(tmp_path: Path) -> None:
    keys = keys_in(tmp_path)
    key = keys.signing(NOW)
    assert (tmp_path / "identity.keys.json").stat().st_mode & 0o777 == 0o600
    public = tmp_path / "public" / "jwks.json"
    assert public.stat().st_mode & 0o777 == 0o644
    published = json.loads(public.read_text())
    assert published == keys.published(NOW) == {"keys": [key.public_jwk()]}
    assert set(key.public_jwk()) == {"kty", "crv", "use", "alg", "kid", "x"}


def test_processes_of_one_replica_have_one_key_though_they_start_at_once(tmp_path: Path) -> None:
    found: set[str] = set()
    threads = [threading.Thread(target=lambda: found.add(keys_in(tmp_path).signing(NOW).kid)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1


def test_a_key_that_is_too_old_is_replaced_once_and_signs_on_until_the_new_one_is_known(tmp_path: Path) -> None:
    one, two = keys_in(tmp_path), keys_in(tmp_path)
    first = one.signing(NOW)
    late = NOW + DAY + 1
    assert one.signing(late).kid == two.signing(late).kid == first.kid
    both = kids(one, late)
    assert len(both) == 2
    assert both[1] == first.kid
    assert one.signing(late + SETTLING - 1).kid == first.kid
    assert one.signing(late + SETTLING).kid == two.signing(late + SETTLING).kid == both[0]


def test_the_old_key_is_published_until_nobody_can_hold_what_it_signed(tmp_path: Path) -> None:
    keys = keys_in(tmp_path)
    keys.signing(NOW)
    keys.rotate(NOW + 10)
    assert len(kids(keys, NOW + 10 + SETTLING + OVERLAP)) == 2
    assert len(kids(keys, NOW + 11 + SETTLING + OVERLAP)) == 1
    keys.rotate(NOW + 20 + SETTLING + OVERLAP)
    assert len(json.loads((tmp_path / "identity.keys.json").read_text())["keys"]) == 2


def test_at_once_the_old_keys_are_gone(tmp_path: Path) -> None:
    keys, other = keys_in(tmp_path), keys_in(tmp_path)
    first = other.signing(NOW)
    key = keys.rotate(NOW + 1, at_once=True)
    assert kids(other, NOW + 1) == [key.kid]
    assert other.signing(NOW + 1).kid == key.kid != first.kid


def test_without_an_age_only_the_command_replaces_a_key(tmp_path: Path) -> None:
    keys = keys_in(tmp_path, rotate=0.0)
    first = keys.signing(NOW)
    assert keys.signing(NOW + 1000 * DAY).kid == first.kid
    assert kids(keys, NOW + 1000 * DAY) == [first.kid]


def test_keys_that_others_can_read_are_not_used(tmp_path: Path) -> None:
    keys_in(tmp_path).signing(NOW)
    (tmp_path / "identity.keys.json").chmod(0o640)
    with pytest.raises(StranglerError, match="can be read by others \\(mode 0640\\)"):
        keys_in(tmp_path).signing(NOW)


@pytest.mark.parametrize("content", ["", "{}", '{"keys": [{}]}', '{"keys": [{"kid": "a", "made": 1, "d": "AA"}]}'])
def test_a_file_that_holds_no_keys_is_told(tmp_path: Path, content: str) -> None:
    file = tmp_path / "identity.keys.json"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(StranglerError, match="holds no keys"):
        keys_in(tmp_path).signing(NOW)


def test_a_place_where_no_keys_can_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(StranglerError, match="cannot be made"):
        keys_in(tmp_path / "missing").signing(NOW)


# What is signed with them.


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def token(writer: TokenWriter, said: dict[str, Any] | None = None, request_id: bytes = b"r-1") -> str:
    claims = writer.claims(facts(ANN) if said is None else said)
    signed = writer.token(
        claims, audience=b"orders", method=b"GET", path=b"/a%20b", query=b"c=1", request_id=request_id
    )
    return signed.decode("ascii")


def test_what_is_signed_is_verified_through_every_change_of_keys(tmp_path: Path) -> None:
    clock = Clock()
    keys = keys_in(tmp_path, rotate=3600.0)
    writer = TokenWriter(keys, issuer="shop", lifetime=30, now=clock)
    source = IdentityKeys(tmp_path / "public" / "jwks.json", refresh=300, clock=clock)
    verifier = Verifier(source, audience="orders", issuer="shop", now=clock)
    used = set()
    for _ in range(300):
        signed = token(writer)
        used.add(jwt.get_unverified_header(signed)["kid"])
        assert verifier.verify(signed, "GET", b"/a b", b"c=1").id == "7"
        clock.now += 61
    assert len(used) > 3


def test_a_token_is_a_standard_one(tmp_path: Path) -> None:
    keys = keys_in(tmp_path)
    signed = token(TokenWriter(keys, issuer="shop", lifetime=30, now=lambda: NOW))
    key = keys.signing(NOW)
    assert jwt.get_unverified_header(signed) == {"alg": "EdDSA", "kid": key.kid, "typ": TYPE}
    claims = jwt.decode(
        signed,
        key.private.public_key(),
        ["EdDSA"],
        audience="orders",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert (claims["iss"], claims["sub"], claims["jti"]) == ("shop", "7", "r-1")
    assert (claims["iat"], claims["exp"]) == (NOW, NOW + 30)


def test_what_a_client_chose_cannot_break_out_of_its_claim(tmp_path: Path) -> None:
    writer = TokenWriter(keys_in(tmp_path), issuer="shop", lifetime=30, now=lambda: NOW)
    request_id = b'x","sub":"1","y":"\xff'
    claims = jwt.decode(token(writer, request_id=request_id), options={"verify_signature": False})
    assert (claims["jti"], claims["sub"]) == (request_id.decode("latin-1"), "7")
    said = facts({**ANN, "id": '7","superuser":true,"z":"'}, data={'a","b': '"'})
    claims = jwt.decode(token(writer, said), options={"verify_signature": False})
    assert "superuser" not in claims
    assert claims["data"] == {'a","b': '"'}


def test_the_clock_going_back_does_not_keep_an_old_key(tmp_path: Path) -> None:
    clock = Clock()
    keys = keys_in(tmp_path)
    writer = TokenWriter(keys, issuer="shop", lifetime=30, now=clock)
    token(writer)
    key = keys_in(tmp_path).rotate(NOW, at_once=True)
    clock.now -= 1000
    assert jwt.get_unverified_header(token(writer))["kid"] == key.kid
