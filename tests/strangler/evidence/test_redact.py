"""What must not be kept is not kept, and what was equal stays equal."""

from __future__ import annotations

import gzip
import html
import json
from urllib.parse import parse_qs, quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare import (
    Answer,
    Difference,
    DifferenceKind,
    Pair,
    Request,
    Verdict,
    compare_pair,
)
from strangler.compare.form import pair_to_json
from strangler.evidence import KeptPair, Redactor, Scope, subject_hash
from strangler.identity import HEADER
from tests.strangler.evidence.redacting import FORM, HTML, JSON, KEY, SECRET, kept_text, pair, redactor


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("Authorization", "Bearer abc.def", "Bearer redacted-"),
        ("proxy-authorization", "Basic Zm9vOmJhcg==", "Basic redacted-"),
        ("X-CSRFToken", "abcdef", "redacted-"),
        (HEADER, "abcdef", "redacted-"),
        ("X-Forwarded-For", "192.0.2.7", "redacted-"),
        ("X-Shop-Customer", "ana", "redacted-"),
        ("X-Vault-Token", "abcdef", "redacted-"),
        ("api-key", "abcdef", "redacted-"),
        ("X-Session-ID", "abcdef", "redacted-"),
        ("Ocp-Apim-Subscription-Key", "abcdef", "redacted-"),
        ("Cookie", 'sessionid="abcdef"; csrftoken=abcdef; empty=', "sessionid=redacted-"),
    ],
)
def test_credentials_are_taken_out_of_headers(name: str, value: str, kept: str) -> None:
    cleaned = redactor(("header", "x-shop-*"))(pair(Request("GET", "/", headers=((name, value),))))
    ((_, left),) = cleaned.request.headers
    assert left.startswith(kept)
    for secret in ("abc", "Zm9v", "192.0", "ana"):
        assert secret not in left.replace("redacted-", "").replace("sessionid", "").replace("csrftoken", "")


def test_of_cookies_the_names_and_the_attributes_stay() -> None:
    headers = (("Set-Cookie", "sessionid=abcdef; Path=/; HttpOnly; SameSite=Lax"), ("Set-Cookie", "gone=; Max-Age=0"))
    request = Request("GET", "/", headers=(("Cookie", "theme=dark; sessionid=abcdef"),))
    cleaned = redactor()(pair(request, Answer(200, headers), Answer(200, headers)))
    first, second = cleaned.old.all("set-cookie")
    assert first.endswith("; Path=/; HttpOnly; SameSite=Lax")
    assert second == "gone=; Max-Age=0"
    cookie = dict(each.strip().split("=") for each in cleaned.request.headers[0][1].split(";"))
    assert list(cookie) == ["theme", "sessionid"]
    assert first.startswith(f"sessionid={cookie['sessionid']};")
    assert cookie["theme"] != cookie["sessionid"]


PLANTED = "hunter2-Z9f8e7d6c5b4a"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("text/html", f'<body data-api-key="{PLANTED}">'),
        ("text/html", f'<div data-props="{{&quot;apiKey&quot;:&quot;{PLANTED}&quot;}}">'),
        ("text/html", f'<script>window.csrfToken = "{PLANTED}";</script>'),
        ("text/html", f"<script>start({{other: 'x', apiKey: '{PLANTED}'}})</script>"),
        ("application/xml", f'<user password="{PLANTED}"/>'),
        ("application/xml", f"<user><password><![CDATA[{PLANTED}]]></password></user>"),
        ("application/javascript", f'show({{"password":"{PLANTED}"}})'),
        ("application/json", json.dumps({"sent": json.dumps({"password": PLANTED})})),
        ("application/json", json.dumps({"query": f'mutation {{ login(password: "{PLANTED}") {{ id }} }}'})),
        ("application/json", json.dumps({"body": f"password={PLANTED}&next=/"})),
        ("application/json", json.dumps({"note": f"sent with {JWT} at noon"})),
        ("text/plain", f"Authorization: Bearer {PLANTED}"),
        (
            "multipart/form-data; boundary=b",
            f'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n{{"password": "{PLANTED}"}}\r\n--b--',
        ),
    ],
)
def test_a_text_that_names_its_secrets_loses_them(media: str, body: str) -> None:
    kept = kept_text(redactor()(pair(old=Answer(200, (("Content-Type", media),), body.encode()))))
    assert "redacted-" in kept
    assert "Z9f8e7d6" not in kept
    assert "dozjgNry" not in kept


def test_the_value_of_a_cookie_ends_where_its_quotes_do() -> None:
    lines = (("Set-Cookie", f'cart="1;{PLANTED}"; Path=/'), ("Set-Cookie", f'cart="{PLANTED}; Path=/'))
    cleaned = redactor()(pair(old=Answer(200, lines)))
    assert [value.partition(";")[2] for _, value in cleaned.old.headers] == [" Path=/", " Path=/"]
    assert PLANTED not in kept_text(cleaned)


def test_a_text_in_which_names_are_not_secret_stays() -> None:
    body = "<input type=\"password\" name='q'> <a title=\"token: none\"> other = 'x' eyJ Bearer of news"
    assert redactor()(pair(old=Answer(200, (HTML,), body.encode()))).old.body == body.encode()


def test_query_parameters_are_taken_out_of_the_target_of_locations_and_of_every_link() -> None:
    target = f"/reset?token={quote_plus(SECRET)}&next=%2Fshop&customer=ana&a&b="
    link = f"https://shop.test/reset?a=1&token={quote_plus(SECRET)}#top"
    body = json.dumps({"next": link}).encode()
    page = f'<a href="{html.escape(link)}">again</a>'.encode()
    cleaned = redactor(("query", "custom*"))(
        pair(
            Request("GET", target),
            Answer(302, (("Location", link), JSON), body),
            Answer(302, (("Location", link), HTML), page),
        )
    )
    query = parse_qs(cleaned.request.target.partition("?")[2], keep_blank_values=True)
    mark = query["token"][0]
    assert cleaned.request.target.startswith(f"/reset?token={mark}&next=%2Fshop&customer=redacted-")
    assert cleaned.request.target.endswith("&a&b=")
    assert cleaned.old.header("location") == f"https://shop.test/reset?a=1&token={mark}#top"
    assert json.loads(cleaned.old.body)["next"] == f"https://shop.test/reset?a=1&token={mark}#top"
    assert cleaned.new.body == f'<a href="https://shop.test/reset?a=1&amp;token={mark}#top">again</a>'.encode()


def test_accounts_are_taken_out_of_urls() -> None:
    cleaned = redactor()(pair(old=Answer(302, (("Location", "https://ana:hush@shop.test/a"),))))
    location = cleaned.old.header("location") or ""
    assert location.startswith("https://redacted-")
    assert location.endswith("@shop.test/a")


def test_json_paths_are_replaced_whole_and_keep_their_types_where_that_is_possible() -> None:
    document = {
        "a": "hush",
        "n": 42,
        "f": 4.25,
        "t": True,
        "no": None,
        "empty": "",
        "o": {"hush": ["hush"]},
        "l": [],
        "list": [{"a": "hush", "b": 1}],
        "rest": [1, 2.50],
    }
    rules = [("path", f"$.{key}") for key in ("a", "n", "f", "t", "no", "empty", "o", "l", "list[*].a")]
    answer = Answer(200, (JSON,), json.dumps(document).encode())
    cleaned = redactor(*rules)(pair(old=answer, new=answer))
    found = json.loads(cleaned.old.body)
    assert cleaned.old.body == cleaned.new.body
    assert b"hush" not in cleaned.old.body
    assert list(found) == list(document)
    assert found["a"] == found["list"][0]["a"]
    assert isinstance(found["n"], int)
    assert found["n"] != 42
    assert isinstance(found["f"], float)
    assert found["f"] != 4.25
    assert (found["no"], found["empty"], found["l"], found["rest"]) == (None, "", [], [1, 2.5])
    assert isinstance(found["o"], str)
    assert isinstance(found["t"], str)


@pytest.mark.parametrize("name", ["password", "newPassword1", "access_token", "card-number", "IBAN", "api_key", "cvc"])
def test_what_is_named_as_secrets_are_is_taken_out_unasked(name: str) -> None:
    body = json.dumps({"x": {name: "hush", "name": "ana"}}).encode()
    form = f"{name}=hush&name=ana".encode()
    page = f'<form><input type="text" value="hush" name="{name}"><input name=name value=ana></form>'.encode()
    for headers, document in (((JSON,), body), ((FORM,), form), ((HTML,), page)):
        cleaned = redactor()(pair(Request("POST", "/", headers=headers, body=document)))
        assert b"hush" not in cleaned.request.body
        assert b"redacted-" in cleaned.request.body
        assert b"ana" in cleaned.request.body


@pytest.mark.parametrize("name", ["price", "shipping", "title", "broken", "description", "pinned"])
def test_what_is_not_named_so_stays(name: str) -> None:
    body = json.dumps({name: "value"}).encode()
    cleaned = redactor()(pair(old=Answer(200, (JSON,), body)))
    assert cleaned.old.body == body


def kept(pair: Pair, *differences: Difference) -> KeptPair:
    return KeptPair("a", 0.0, Scope("r"), "/", "shadow", "monolith", Verdict.DIFFER, pair, differences=differences)


def test_differences_lose_what_the_pair_loses() -> None:
    old = {"user": {"mail": "ana@shop.test", "no": 1}, "token": "hush", "by": {"ana@shop.test": 1}, "text": "x"}
    new = {"user": {"mail": "bob@shop.test", "no": 2}, "token": "HUSH", "by": {"ana@shop.test": 2}, "text": "y"}
    subject = pair(
        Request("GET", "/"),
        Answer(200, (JSON, ("X-CSRFToken", "aa")), json.dumps(old).encode()),
        Answer(200, (JSON, ("X-CSRFToken", "bb")), json.dumps(new).encode()),
    )
    found = compare_pair(subject).differences
    cleaned = redactor(("path", "$.user"), ("pattern", r"\w+@shop\.test")).kept(kept(subject, *found))
    text = json.dumps(cleaned.to_json())
    for secret in ("ana", "bob", "hush", "HUSH", "aa", "bb"):
        assert f'"{secret}' not in text
        assert f"{secret}@" not in text
    paths = {each.path for each in cleaned.differences}
    assert {"$.user", "$.token", "$.text", "header:X-Csrftoken"} <= paths
    by = next(each for each in cleaned.differences if each.path.startswith("$.by"))
    assert (by.old, by.new) == ("1", "2")
    for each in cleaned.differences:
        assert each.old != each.new
    (texts,) = [each for each in cleaned.differences if each.path == "$.text"]
    assert (texts.old, texts.new) == ('"x"', '"y"')


@pytest.mark.parametrize(
    ("field", "counted"),
    [
        ("$.results[*].price", "$.results[*].price"),
        ("$.user.mail", "$.user"),
        ("$.list[*].token.value", "$.list[*].token"),
        ("header:Vary", "header:Vary"),
        ("status", "status"),
    ],
)
def test_a_field_is_counted_without_what_is_secret_in_it(field: str, counted: str) -> None:
    rules = redactor(("path", "$.user"), ("pattern", r"\w+@shop\.test"))
    assert rules.field(field) == counted
    assert rules.field('$.by["ana@shop.test"]').startswith('$.by["redacted-')
    difference = Difference(field.replace("[*]", "[3]"), DifferenceKind.VALUE, field=field)
    (kept_difference,) = rules.kept(kept(pair(), difference)).differences
    assert kept_difference.field == counted


def test_an_excerpt_that_holds_half_a_secret_is_taken_out_whole() -> None:
    token = "0123456789abcdefghij"
    subject = pair(Request("GET", "/", headers=(("Cookie", f"sessionid={token}"),)))
    halves = Difference("body", DifferenceKind.VALUE, f"at 7: '{token[9:]} and'", "at 7: 'something else'")
    (cleaned,) = redactor().kept(kept(subject, halves)).differences
    assert cleaned.old is not None
    assert cleaned.old.startswith("redacted-")
    assert cleaned.new == "at 7: 'something else'"


def test_half_a_surrogate_pair_stays_an_escape() -> None:
    cleaned = redactor()(pair(old=Answer(200, (JSON,), b'{"name": "\\ud800", "password": "hush\\ud800"}')))
    assert json.loads(cleaned.old.body)["name"] == "\ud800"
    assert b"hush" not in cleaned.old.body


def test_secrets_without_end_are_taken_out_where_they_stand() -> None:
    document = [{"email": f"person-{number}@shop.test", "id": number} for number in range(3000)]
    body = json.dumps([*document, {"email": "x" * 500_000}]).encode()
    subject = kept(pair(old=Answer(200, (JSON,), body)), Difference("body", DifferenceKind.VALUE, "at 3: 'anything'"))
    cleaned = redactor(("path", "$[*].email")).kept(subject)
    assert b"@shop" not in cleaned.pair.old.body
    assert b"xxxx" not in cleaned.pair.old.body
    # Nobody can say any more what an excerpt may show.
    assert (cleaned.differences[0].old or "").startswith("redacted-")


def test_what_is_redacted_already_stays_as_it_is() -> None:
    request = Request("GET", "/?token=hush", headers=(("Cookie", "a=b"), ("Authorization", "Bearer x")))
    answer = Answer(200, (JSON,), b'{"token": "hush", "password": {"a": "b"}}')
    once = redactor()(pair(request, answer, Answer(200, (JSON,), b"no JSON")))
    assert redactor()(once) == once


def test_another_key_gives_other_marks_and_a_short_one_is_refused() -> None:
    subject = pair(Request("GET", "/?token=hush"))
    assert redactor()(subject) != Redactor(key=b"f" * 16)(subject)
    with pytest.raises(ValueError, match="at least 16"):
        Redactor(key=b"short")


def test_a_subject_is_kept_as_a_keyed_hash() -> None:
    assert subject_hash(KEY, "") == ""
    assert subject_hash(KEY, "ana") == subject_hash(KEY, "ana")
    assert len({subject_hash(KEY, "ana"), subject_hash(KEY, "bob"), subject_hash(b"f" * 16, "ana")}) == 3


SECRETS = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=3, max_size=20).map(
    lambda text: f"§{text}§"
)
"""Marked, so that none is found by chance."""
OTHER_LETTERS = st.characters(blacklist_categories=["Cs"], blacklist_characters="§")
LEAVES = st.none() | st.booleans() | st.integers() | st.text(OTHER_LETTERS, max_size=5)
NAMES = st.text(OTHER_LETTERS, max_size=5)
DOCUMENTS = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))


def escapes(secret: str) -> list[str]:
    raw = secret.encode()
    forms = [secret, html.escape(secret), raw.decode("latin-1"), json.dumps(secret)[1:-1]]
    forms += [quote(raw, safe=""), quote_plus(raw), json.dumps(secret, ensure_ascii=False)[1:-1]]
    return forms


@given(first=SECRETS, second=SECRETS, document=DOCUMENTS, data=st.data())
def test_no_kept_byte_holds_a_secret_and_equal_ones_stay_equal(
    first: str, second: str, document: object, data: st.DataObject
) -> None:
    rules = redactor(("path", "$..hidden"), ("header", "X-Hidden"), ("query", "hidden"), ("form", "hidden"))

    def answer(secret: str) -> Answer:
        headers = (
            ("X-Hidden", secret.encode().decode("latin-1")),
            ("Location", f"/a?b=1&hidden={quote_plus(secret)}"),
            ("Set-Cookie", f"sessionid={quote(secret)}; Path=/"),
        )
        kind = data.draw(st.sampled_from(["json", "form", "page", "gzip"]))
        if kind == "form":
            return Answer(200, (*headers, FORM), f"a=b&hidden={quote_plus(secret)}".encode())
        if kind == "page":
            return Answer(200, (*headers, HTML), f'<input name="hidden" value="{html.escape(secret)}">'.encode())
        planted = {"rest": document, "list": [{"hidden": secret}], "hidden": {"a": secret, "b": [secret]}}
        body = json.dumps(planted, ensure_ascii=data.draw(st.booleans())).encode()
        if kind == "gzip":
            return Answer(200, (*headers, JSON, ("Content-Encoding", "gzip")), gzip.compress(body))
        return Answer(200, (*headers, JSON), body)

    request = Request(
        "POST", f"/?hidden={quote_plus(first)}", headers=(FORM,), body=f"password={quote_plus(first)}".encode()
    )
    cleaned = rules(Pair(request, answer(first), answer(second)))
    parts = [json.dumps(pair_to_json(cleaned), ensure_ascii=False)]
    parts += [each.body.decode() for each in (cleaned.request, cleaned.old, cleaned.new)]
    parts += [value for each in (cleaned.request, cleaned.old, cleaned.new) for _, value in each.headers]
    for secret in (first, second):
        for form in escapes(secret):
            assert not any(form in part for part in parts)
    marked = parse_qs(cleaned.request.target[2:])["hidden"][0]
    assert parse_qs(cleaned.request.body.decode())["password"][0] == marked
    old = (cleaned.old.header("location") or "").rpartition("=")[2]
    new = (cleaned.new.header("location") or "").rpartition("=")[2]
    assert old == marked
    assert (old == new) == (first == second)
    assert (cleaned.old.all("set-cookie") == cleaned.new.all("set-cookie")) == (first == second)


@given(
    st.binary(max_size=300), st.sampled_from(["text/html", "application/json", "multipart/form-data; boundary=a", ""])
)
def test_no_body_whatever_it_holds_stops_it(body: bytes, media: str) -> None:
    headers = (("Content-Type", media),)
    redactor(("path", "$..a"), ("pattern", "b+"))(pair(Request("POST", "/", headers=headers, body=body)))
