"""Which identities a service believes, and why it believes no others."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from strangler.errors import IdentityRefused
from strangler.identity import Identity, IdentityKeys, Verifier
from strangler.identity.binding import bound_to, decoded
from strangler.identity.identity import TYPE
from tests.strangler.identity.service import NOW, Signer, write_keys

SIGNER = Signer()


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Verifier:
    file = write_keys(tmp_path_factory.mktemp("keys") / "keys.json", SIGNER)
    return Verifier(IdentityKeys(file), audience="orders", now=lambda: NOW)


def why(verifier: Verifier, token: str | None, method: str = "GET", path: str = "/orders/", query: str = "") -> str:
    with pytest.raises(IdentityRefused) as caught:
        verifier.verify(token, method, path.encode(), query.encode())
    assert str(caught.value)
    return caught.value.why


def raw(head: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = (json.dumps(head).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def test_a_users_identity_is_believed(verifier: Verifier) -> None:
    claims = SIGNER.claims(
        staff=True,
        groups=["desk"],
        permissions=["orders.view"],
        sid="s",
        auth_time=5,
        data={"cart_id": 3},
        username="a",
    )
    assert verifier.verify(SIGNER.token(claims), "GET", b"/orders/", b"") == Identity(
        id="7",
        username="a",
        staff=True,
        groups=frozenset({"desk"}),
        permissions=frozenset({"orders.view"}),
        session="s",
        auth_time=5,
        data={"cart_id": 3},
        expires=NOW + 60,
        request_id="r-1",
    )


def test_an_anonymous_client_is_believed_to_be_one(verifier: Verifier) -> None:
    found = verifier.verify(SIGNER.token(SIGNER.claims(anonymous=True), without="sub"), "GET", b"/orders/", b"")
    assert not found.is_authenticated
    assert not found.has_permission("orders.view")


def test_a_superuser_has_every_permission(verifier: Verifier) -> None:
    found = verifier.verify(SIGNER.token(SIGNER.claims(superuser=True)), "GET", b"/orders/", b"")
    assert found.has_permission("anything.at_all")


def test_the_data_of_a_session_cannot_be_written(verifier: Verifier) -> None:
    found = verifier.verify(SIGNER.token(SIGNER.claims(data={"a": 1})), "GET", b"/orders/", b"")
    with pytest.raises(TypeError):
        found.data["a"] = 2  # type: ignore[index]


def test_no_identity_is_told_apart_from_a_wrong_one(verifier: Verifier) -> None:
    assert why(verifier, None) == why(verifier, "") == "missing"
    assert why(verifier, "what is this") == why(verifier, "a.b.c") == why(verifier, "x" * 40_000) == "malformed"


def test_alg_none_is_refused(verifier: Verifier) -> None:
    head = {"alg": "none", "kid": "k1", "typ": TYPE}
    assert why(verifier, raw(head, SIGNER.claims())) == "algorithm"
    assert why(verifier, raw({**head, "alg": "NonE"}, SIGNER.claims())) == "algorithm"


def test_a_public_key_used_as_a_shared_secret_is_refused(verifier: Verifier) -> None:
    public = SIGNER.private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    token = jwt.encode(SIGNER.claims(), public, "HS256", headers={"kid": "k1", "typ": TYPE})
    assert why(verifier, token) == "algorithm"


def test_another_key_is_refused_under_the_right_name_and_under_its_own(verifier: Verifier) -> None:
    assert why(verifier, Signer("k1").token()) == "signature"
    assert why(verifier, Signer("k2").token()) == "key"
    assert why(verifier, SIGNER.token(head={"kid": ""})) == "key"


def test_a_token_that_brings_its_own_key_is_refused(verifier: Verifier) -> None:
    forger = Signer("k1")
    assert why(verifier, forger.token(head={"jwk": forger.jwk, "jku": "http://evil.example/"})) == "signature"


def test_a_token_of_another_type_is_refused(verifier: Verifier) -> None:
    assert why(verifier, SIGNER.token(head={"typ": "JWT"})) == "type"
    assert why(verifier, SIGNER.token(head={"crit": ["b64"]})) in ("type", "malformed")


def test_times_are_held_with_leeway(verifier: Verifier) -> None:
    assert verifier.verify(SIGNER.token(SIGNER.claims(exp=NOW - 4)), "GET", b"/orders/", b"").id == "7"
    assert verifier.verify(SIGNER.token(SIGNER.claims(iat=NOW + 4)), "GET", b"/orders/", b"").id == "7"
    assert why(verifier, SIGNER.token(SIGNER.claims(exp=NOW - 5))) == "expired"
    assert why(verifier, SIGNER.token(SIGNER.claims(iat=NOW + 6))) == "early"


def test_an_identity_for_another_service_or_of_another_proxy_is_refused(verifier: Verifier) -> None:
    assert why(verifier, SIGNER.token(SIGNER.claims(aud="catalog"))) == "audience"
    assert why(verifier, SIGNER.token(SIGNER.claims(aud=["orders", "catalog"]))) == "audience"
    assert why(verifier, SIGNER.token(SIGNER.claims(iss="somebody"))) == "issuer"


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [("POST", "/orders/", ""), ("GET", "/orders/8/", ""), ("GET", "/orders/", "a=2"), ("GET", "/orders", "")],
)
def test_an_identity_played_back_on_another_request_is_refused(
    verifier: Verifier, method: str, path: str, query: str
) -> None:
    assert why(verifier, SIGNER.token(), method, path, query) == "binding"


@pytest.mark.parametrize("claim", ["iss", "aud", "exp", "iat", "jti", "binding", "sub"])
def test_an_identity_that_leaves_something_out_is_refused(verifier: Verifier, claim: str) -> None:
    assert why(verifier, SIGNER.token(without=claim)) == "claims"


@pytest.mark.parametrize(
    "more",
    [
        {"sub": ""},
        {"anonymous": True},
        {"sid": 1},
        {"groups": "desk"},
        {"permissions": [1]},
        {"data": []},
        {"username": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 1e400},
    ],
    ids=str,
)
def test_an_identity_with_claims_of_other_kinds_is_refused(verifier: Verifier, more: dict[str, Any]) -> None:
    assert why(verifier, SIGNER.token(SIGNER.claims(**more))) in ("claims", "malformed")


@given(at=st.integers(min_value=0), letter=st.sampled_from("ABCabc019-_.=~"))
def test_a_token_with_any_letter_changed_is_refused(at: int, letter: str, verifier: Verifier) -> None:
    token = SIGNER.token()
    position = at % (len(token) - 1)  # the very last letter has bits that mean nothing
    changed = token[:position] + letter + token[position + 1 :]
    if changed != token:
        why(verifier, changed)


# What a binding tells apart.

parts = st.binary(max_size=12)


@given(st.tuples(parts, parts, parts), st.tuples(parts, parts, parts))
def test_two_requests_have_one_binding_only_if_they_are_one(
    one: tuple[bytes, bytes, bytes], other: tuple[bytes, bytes, bytes]
) -> None:
    assert (bound_to(*one) == bound_to(*other)) == (one == other)


def test_a_path_is_bound_as_servers_decode_it() -> None:
    assert decoded(b"/a%2Fb/%C3%BC") == b"/a/b/\xc3\xbc"
    assert decoded(b"/a+b") == b"/a+b"
