"""What differs between two renderings of one HTML page and says nothing: each such value is masked on both sides.

| where | what is masked | of the class |
|---|---|---|
| `value` of an input named `csrfmiddlewaretoken` | Django's CSRF token | 64 or 32 letters and digits |
| `content` of a meta named `csrf-token`, `csrf_token`, `csrfmiddlewaretoken` or `_csrf` | a CSRF token | the same |
| an attribute whose name has `csrf` in it | a CSRF token | the same |
| `X-CSRFToken`, `csrfToken`, … and a string after it, in scripts, JSON and attributes | a CSRF token | the same |
| `nonce`, and `'nonce-…'` in a Content-Security-Policy | a nonce | 16 and more characters of base64 |
| file names and `?v=` of scripts, styles, images and fonts, in attributes, scripts and styles | a hash | below |
| `integrity` | the digest of such a file | `sha256-`, `sha384-` or `sha512-` and base64 |

A mask hides the value and nothing else: presence, place and number still count, and a value that is not of the class
stays as it is, so that an empty token beside a full one is a difference.

A hash is what stands between `.` or `-` and the ending of the file: 8 to 64 hex digits (`app.3f9a2c1b4d5e.css`, as
Django's ManifestStaticFilesStorage and webpack write it), or 6 to 12 letters and digits that are no word
(`main-DkLm3x.js`, as Vite and esbuild write it); and the value of `v`, `ver`, `version`, `h`, `hash`, `rev` or `_` that
is a hash or 8 and more digits. Hex of digits alone is a hash in names of scripts and styles only: in the name of an
image it may be a number that counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from strangler.compare.json_text import Duplicates, Node

__all__ = ["mask_attribute", "mask_json", "mask_nonces", "mask_text"]

_TOKEN: Final = re.compile(r"[A-Za-z0-9]{64}|[A-Za-z0-9]{32}")
_NONCE: Final = re.compile(r"[A-Za-z0-9+/_-]{16,200}={0,2}")
_INTEGRITY: Final = re.compile(r"(sha(?:256|384|512)-[A-Za-z0-9+/]{40,90}={0,2}\s*)+")
_CSP_NONCE: Final = re.compile(r"'nonce-[A-Za-z0-9+/_-]{16,200}={0,2}'")
_CSRF_NAME: Final = re.compile(r"x?[-_]?csrf[-_]?(middleware)?[-_]?token", re.IGNORECASE)
_NAMED_TOKEN: Final = re.compile(
    r"(csrf[-_]?(?:middleware)?[-_]?token(?:\\?[\"'])?\]?\s{0,8}[:=,]\s{0,8}\\?[\"'])(?:[A-Za-z0-9]{64}|[A-Za-z0-9]{32})(?=\\?[\"'])",
    re.IGNORECASE,
)
_META_NAMES: Final = ("csrf-token", "csrf_token", "csrfmiddlewaretoken", "_csrf")
_ENDINGS: Final = r"(?:css|js|mjs|map|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf|otf|eot|webmanifest|wasm)"
_CODE: Final = ("css", "js", "map", "mjs")
_FILE: Final = re.compile(
    r"(?P<hash>(?<=[.\-/])[A-Za-z0-9_]{6,64}|(?<=-)[A-Za-z0-9_-]{8})"
    rf"(?=(?:\.min|\.module|\.chunk|\.bundle)?\.(?P<ending>{_ENDINGS})(?![\w-]))"
)
_VERSION: Final = re.compile(
    rf"(?P<file>\.{_ENDINGS}\?(?:v|ver|version|h|hash|rev|_)=)(?P<hash>[A-Za-z0-9_-]{{6,64}})(?![\w.-])"
)
_HEX: Final = re.compile(r"[0-9a-f]{8,64}")
_WORD: Final = re.compile(r"[A-Z]?[a-z]{2,}(?:[A-Z][a-z]+)*")
_CSRF_SHOWN: Final = "‹CSRF token›"
_NONCE_SHOWN: Final = "‹nonce›"
_HASH_SHOWN: Final = "‹hash›"


def mask_attribute(tag: str, name: str, value: str, of: Mapping[str, str | None]) -> str:
    """An attribute's value, masked. `of` has all attributes of the element."""
    if name == "nonce":
        return _NONCE_SHOWN if _NONCE.fullmatch(value) else value
    if name == "integrity":
        return _HASH_SHOWN if _INTEGRITY.fullmatch(value) else value
    if _names_a_token(tag, name, of):
        return _CSRF_SHOWN if _TOKEN.fullmatch(value) else value
    return mask_nonces(mask_text(value)) if len(value) > 6 else value


def _names_a_token(tag: str, name: str, of: Mapping[str, str | None]) -> bool:
    if tag == "input" and name == "value":
        return of.get("name") == "csrfmiddlewaretoken"
    if tag == "meta" and name == "content":
        return (of.get("name") or "").lower() in _META_NAMES
    return "csrf" in name


def mask_text(text: str) -> str:
    """Scripts, styles and attributes: CSRF tokens by their names, and hashes in the names of assets, masked."""
    if "csrf" in text or "CSRF" in text or "Csrf" in text:
        text = _NAMED_TOKEN.sub(rf"\1{_CSRF_SHOWN}", text)
    if "." in text:
        text = _FILE.sub(_file_masked, text)
        if "?" in text:
            text = _VERSION.sub(_version_masked, text)
    return text


def mask_nonces(text: str) -> str:
    """A Content-Security-Policy with its nonces masked."""
    return _CSP_NONCE.sub(f"'nonce-{_NONCE_SHOWN}'", text) if "'nonce-" in text else text


def mask_json(document: Node) -> Node:
    """JSON within a page, its CSRF tokens and the hashes in its addresses masked."""
    whole: list[Node] = [document]
    waiting: list[Node] = [whole]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            for at, value in enumerate(node):
                node[at] = _json_value("", value, waiting)
        elif isinstance(node, Duplicates):
            for key, values in node.groups.items():
                node.groups[key] = [_json_value(key, value, waiting) for value in values]
        else:
            for key, value in node.items():
                node[key] = _json_value(key, value, waiting)
    return whole[0]


def _json_value(key: str, value: Node, waiting: list[Node]) -> Node:
    if type(value) is str:
        if _TOKEN.fullmatch(value) and _CSRF_NAME.fullmatch(key):
            return _CSRF_SHOWN
        return mask_text(value)
    if isinstance(value, dict | list | Duplicates):
        waiting.append(value)
    return value


def _file_masked(found: re.Match[str]) -> str:
    text, before = found["hash"], found.string[found.start() - 1]
    code = found["ending"] in _CODE
    if before == "/":
        # A name that is a hash altogether: of an image it may be what a customer uploaded.
        return _HASH_SHOWN if code and len(text) >= 16 and _HEX.fullmatch(text) else text
    return _HASH_SHOWN if _is_hash(text, code=code) else text


def _version_masked(found: re.Match[str]) -> str:
    return found["file"] + (_HASH_SHOWN if _is_hash(found["hash"], code=True) else found["hash"])


def _is_hash(text: str, *, code: bool) -> bool:
    if _HEX.fullmatch(text):
        return code or not text.isdigit()
    if len(text) > 12:
        return False
    upper, lower, digit = (re.search(of, text) is not None for of in ("[A-Z]", "[a-z]", "[0-9]"))
    if upper and lower:
        return digit or (len(text) == 8 and _WORD.fullmatch(text) is None)
    return upper and len(text) == 8 and (digit or code)
