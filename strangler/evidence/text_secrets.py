"""Taking secrets out of texts that name them: queries and forms, URLs within a text, HTML and multipart forms."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import quote_plus, unquote_plus

from strangler.evidence.marks import Marks

__all__ = [
    "assigned_taken_out",
    "fields_taken_out",
    "multipart_taken_out",
    "page_taken_out",
    "tokens_taken_out",
    "urls_taken_out",
]

_PARAMETER: Final = re.compile(
    r"(?P<before>\A|[?&;#]|&amp;|&#38;)(?P<name>[^\s?&;=#\"'<>]{1,200})=(?P<value>[^\s&#\"'<>]*)"
)
_ACCOUNT: Final = re.compile(r"(?P<before>[a-zA-Z][a-zA-Z0-9+.-]{0,20}://)(?P<account>[^\s/?#@\"'<>]{1,500})@")
_TAG: Final = re.compile(
    r"<(?:input|meta|button)\b(?:(?:[^<>\"']|\"[^\"]{0,8192}\"|'[^']{0,8192}')*>|[^>]*>?)", re.IGNORECASE
)
_ATTRIBUTE: Final = re.compile(
    r"(?P<name>[^\s\"'<>/=]{1,100})\s{0,20}=\s{0,20}(?:\"(?P<double>[^\"]*)\"?|'(?P<single>[^']*)'?|(?P<bare>[^\s\"'>]+))"
)
_AREA: Final = re.compile(r"(?P<open><textarea\b[^>]{0,8192}>)(?P<text>[^<]*)", re.IGNORECASE)
_ELEMENT: Final = re.compile(
    r"(?P<open><(?:[\w.-]{1,60}:)?(?P<name>[\w.-]{1,100})(?:\s[^<>]*)?>)"
    r"(?P<text>[^<]+|<!\[CDATA\[[^\]]*\]\]>)(?=</)"
)
_ASSIGNING: Final = re.compile(
    r"(?<![\w.-])(?P<quote>\\?[\"']|&quot;|&#34;|)(?P<name>[\w.-]{1,100})(?P=quote)"
    r"\s{0,20}[:=]\s{0,20}(?P<open>\\?[\"']|&quot;|&#34;)"
)
# By how they open: values up to their end.
_ASSIGNED: Final = {
    '"': re.compile(r"(?:[^\"\\\n]|\\.){1,8192}(?=\")"),
    "'": re.compile(r"(?:[^'\\\n]|\\.){1,8192}(?=')"),
    **{each: re.compile(rf".{{1,8192}}?(?={re.escape(each)})") for each in ('\\"', "\\'", "&quot;", "&#34;")},
}
# A signed token wherever it stands, and credentials as a header has them.
_TOKEN: Final = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*")
_CREDENTIALS: Final = re.compile(r"\b(?P<scheme>Basic|Bearer) (?P<secret>[A-Za-z0-9._~+/-]{16,}=*)", re.IGNORECASE)
_PART_NAME: Final = re.compile(
    rb"content-disposition:[^\r\n]*?[;\s]name=(?:\"([^\"\r\n]*)\"|([^\s;\r\n]+))", re.IGNORECASE
)

Secret = Callable[[str], bool]
"""Whether what stands behind a name is secret."""
Read = Callable[[str], str]
"""A text without what is secret in it."""


def fields_taken_out(text: str, secret: Secret, marks: Marks, read: Read) -> str:
    """`a=1&b=2`, a query or a form, without the values of secret names. What is not secret stays as it was written."""
    return "&".join([_field(each, secret, marks, read) for each in text.split("&")])


def _field(field: str, secret: Secret, marks: Marks, read: Read) -> str:
    name, equals, value = field.partition("=")
    if not equals:
        plain = _unquoted(field)
        cleaned = read(plain)
        return field if cleaned == plain else _quoted(cleaned)
    plain_name, plain = _unquoted(name), _unquoted(value)
    cleaned_name = read(plain_name)
    cleaned = marks.of(plain) if secret(plain_name) else read(plain)
    name = name if cleaned_name == plain_name else _quoted(cleaned_name)
    return f"{name}={value if cleaned == plain else _quoted(cleaned)}"


# Bytes that are no UTF-8 come back as they were.
def _unquoted(text: str) -> str:
    return unquote_plus(text, errors="surrogateescape")


def _quoted(text: str) -> str:
    return quote_plus(text, errors="surrogateescape")


def urls_taken_out(text: str, secret: Secret, marks: Marks) -> str:
    """A text in which there may be URLs without the values of secret parameters and without accounts (`user:pass@`)."""
    if "://" in text and "@" in text:
        text = _ACCOUNT.sub(lambda found: f"{found['before']}{marks.of(found['account'])}@", text)

    def parameter(found: re.Match[str]) -> str:
        name, value = _unquoted(found["name"]), _unquoted(found["value"])
        if not value or not secret(name):
            return found[0]
        return f"{found['before']}{found['name']}={marks.of(value)}"

    return _PARAMETER.sub(parameter, text) if "=" in text else text


def tokens_taken_out(text: str, marks: Marks) -> str:
    """A text without signed tokens (JWT), and without what stands behind `Basic` and `Bearer`."""
    if "eyJ" in text:
        text = _TOKEN.sub(lambda found: marks.of(found[0]), text)
    return _CREDENTIALS.sub(lambda found: f"{found['scheme']} {marks.of(found['secret'])}", text)


def assigned_taken_out(text: str, secret: Secret, marks: Marks) -> str:
    """A text without quoted values that stand behind a secret name, quoted or not, with a colon or an equals sign:
    in scripts, in attributes, in JSON within other texts."""

    parts: list[str] = []
    at = 0
    for found in _ASSIGNING.finditer(text):
        start = found.end()
        if start < at or not secret(found["name"]):
            continue
        value = _ASSIGNED[found["open"]].match(text, start)
        if value is not None:
            parts += [text[at:start], marks.of(html.unescape(value[0]))]
            at = value.end()
    return "".join([*parts, text[at:]]) if parts else text


def page_taken_out(text: str, secret: Secret, marks: Marks) -> str:
    """HTML or XML without the values of secret fields: of `input` (every one of type password), `meta`, `button` and
    `textarea` by their names, and of elements that hold nothing but text by theirs."""

    def tag(found: re.Match[str]) -> str:
        attributes = _attributes(found[0])
        name = attributes.get("name") or attributes.get("id") or ""
        if not secret(name) and attributes.get("type", "").lower() != "password":
            return found[0]

        def attribute(each: re.Match[str]) -> str:
            value = _value(each)
            if each["name"].lower() not in ("value", "content") or not value:
                return each[0]
            return f'{each["name"]}="{marks.of(value)}"'

        return _ATTRIBUTE.sub(attribute, found[0])

    def area(found: re.Match[str]) -> str:
        return content(found, _attributes(found["open"]).get("name", ""))

    def element(found: re.Match[str]) -> str:
        return content(found, found["name"])

    def content(found: re.Match[str], name: str) -> str:
        if not found["text"].strip() or not secret(name):
            return found[0]
        return found["open"] + marks.of(html.unescape(found["text"]))

    return _ELEMENT.sub(element, _AREA.sub(area, _TAG.sub(tag, text)))


def _attributes(tag: str) -> dict[str, str]:
    """A tag's attributes by lower-case name; of two of one name the first counts, as in a browser."""
    found: dict[str, str] = {}
    for each in _ATTRIBUTE.finditer(tag):
        found.setdefault(each["name"].lower(), _value(each))
    return found


def _value(attribute: re.Match[str]) -> str:
    return html.unescape(attribute["double"] or attribute["single"] or attribute["bare"] or "")


def multipart_taken_out(
    body: bytes, boundary: str, secret: Secret, marks: Marks, read: Callable[[bytes], bytes]
) -> bytes:
    """A multipart form without the contents of secret fields; `read` is done to every other part. Raises ValueError for
    a body that its boundary does not divide."""
    mark = b"--" + boundary.encode("latin-1", "replace")
    if not boundary or not body.lstrip(b"\r\n").startswith(mark):
        raise ValueError("not divided by its boundary")
    first, *parts = body.split(mark)
    cleaned = [first]
    for part in parts:
        head, blank, content = part.partition(b"\r\n\r\n")
        named = _PART_NAME.search(head)
        if not blank or part.startswith(b"--"):
            cleaned.append(read(part))
            continue
        ending = b"\r\n" if content.endswith(b"\r\n") else b""
        content = content[: len(content) - len(ending)]
        name = (named[1] or named[2] or b"").decode("utf-8", "replace") if named else ""
        if content and secret(name):
            content = marks.of(content.decode("utf-8", "surrogateescape")).encode("ascii")
        else:
            content = read(content)
        cleaned.append(read(head) + blank + content + ending)
    return mark.join(cleaned)
