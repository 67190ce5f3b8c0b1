"""Bugs in statuses, headers, encodings and languages."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pytest

from extracted.catalog.public import answer, endpoint, negotiation, paging
from extracted.catalog.public.answer import Answer, moved
from extracted.catalog.public.asked import Asked
from extracted.catalog.public.refusal import Refusal, refusal
from tests.parity.planted.plants import Plant, in_answers, in_headers, with_body, without_header

__all__ = ["ANSWERS"]


def _wrong_status_on_an_edge(patch: pytest.MonkeyPatch) -> None:
    def bad_request(status: int, name: str, language: str, **values: object) -> Refusal:
        return refusal(400, name, language, **values)

    patch.setattr(paging, "refusal", bad_request)


def _every_error_in_english(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(paging, "refusal", lambda status, name, language, **values: refusal(status, name, "en", **values))


def _never_not_modified(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(answer, "outcome", lambda headers, etag: "answer")


def _temporary_redirect(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(endpoint, "moved", lambda asked: dataclasses.replace(moved(asked), status=302))


def _redirect_without_query(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(endpoint, "moved", lambda asked: moved(dataclasses.replace(asked, query="")))


def _takes_any_type(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(negotiation, "_json_accepted", lambda header: (True, None))


def _latin_1(asked: Asked, whole: Answer) -> Answer:
    return with_body(whole, whole.body.decode().encode("latin-1", "replace"))


def _byte_order_mark(asked: Asked, whole: Answer) -> Answer:
    return with_body(whole, b"\xef\xbb\xbf" + whole.body) if whole.body else whole


def _empty_for_few(asked: Asked, whole: Answer) -> Answer:
    return with_body(whole, b"") if len(whole.body) % 53 == 0 else whole


def _fails_on_unicode(asked: Asked, whole: Answer) -> Answer:
    return dataclasses.replace(whole, status=500) if "%C3" in asked.query else whole


def _not_found_as_empty(asked: Asked, whole: Answer) -> Answer:
    return dataclasses.replace(whole, status=200) if whole.status == 404 else whole


def _head_not_allowed(asked: Asked, whole: Answer) -> Answer:
    return dataclasses.replace(whole, status=405) if asked.method == "HEAD" else whole


ANSWERS: Mapping[str, Plant] = {
    "status: 400 for a page that is not there": _wrong_status_on_an_edge,
    "status: what is not there is answered 200": in_answers(_not_found_as_empty),
    "status: 500 for a search in Unicode": in_answers(_fails_on_unicode),
    "status: HEAD is not allowed": in_answers(_head_not_allowed),
    "conditional: 304 is never given": _never_not_modified,
    "redirect: temporary for permanent": _temporary_redirect,
    "redirect: the query is lost": _redirect_without_query,
    "negotiation: any type is taken": _takes_any_type,
    "language: paging errors in English only": _every_error_in_english,
    "language: Content-Language is always en": in_headers(lambda _, headers: {**headers, "Content-Language": "en"}),
    "header: Vary is missing": without_header("Vary"),
    "header: Content-Language is missing": without_header("Content-Language"),
    "header: Allow is missing": without_header("Allow"),
    "header: ETag is missing": without_header("ETag"),
    "header: ETag is weak": in_headers(
        lambda _, headers: {**headers, **({"ETag": f"W/{headers['ETag']}"} if "ETag" in headers else {})}
    ),
    "header: another charset": in_headers(
        lambda _, headers: {**headers, "Content-Type": f"{headers.get('Content-Type', '')}; charset=iso-8859-1"}
    ),
    "header: frames are allowed": in_headers(lambda _, headers: {**headers, "X-Frame-Options": "SAMEORIGIN"}),
    "header: caches may keep it": in_headers(lambda _, headers: {**headers, "Cache-Control": "public, max-age=600"}),
    "cookie: one that nobody asked for": in_headers(lambda _, headers: {**headers, "Set-Cookie": "seen=1; Path=/"}),
    "encoding: Latin-1 for UTF-8": in_answers(_latin_1),
    "encoding: a byte order mark": in_answers(_byte_order_mark),
    "body: few answers are empty": in_answers(_empty_for_few),
}
