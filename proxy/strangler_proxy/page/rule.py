"""Making a compare rule of a difference: the form, what the rule would change, and the patch; written where that is
allowed."""

from __future__ import annotations

from hashlib import sha256
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from strangler.compare import Difference
from strangler.compare.rule_making import rule_at, rule_place
from strangler.compare.rule_text import rule_text, with_rule
from strangler.compare.rules import Rule
from strangler.errors import ConfigError, ControlRefused, ControlUnreachable
from strangler_proxy.client import ControlClient
from strangler_proxy.page.asking import ask
from strangler_proxy.page.form import form_of
from strangler_proxy.page.notice import sent_on
from strangler_proxy.page.page import Page
from strangler_proxy.page.render import render
from strangler_proxy.page.room import room_of
from strangler_proxy.page.rule_form import CHOICES, RuleForm, first_form
from strangler_proxy.page.trouble import status_of
from strangler_proxy.rule_draft import RuleDraft, draft_rule

__all__ = ["routes"]

_PATH: Final = "/room/differences/{route}/rule"
_MOST_PAIRS: Final = 100
_CHANGED: Final = (
    "The rule file is not what it was when you looked: somebody else has written it. Nothing was changed; below is what"
    " the rule would change now."
)
_ANOTHER: Final = (
    "The form says another rule than the one that you saw. Nothing was written; below is what this one would change."
)


class _NotAsSeen(Exception):
    """What is to be written is not what was looked at. It becomes a sentence on the page."""


def routes() -> list[Page]:
    """Where it is served."""
    return [Page(_PATH, shown, least="operate"), Page(_PATH, made, "POST", least="operate")]


async def shown(request: Request) -> Response:
    """The form, with what would be enough for the pair that it is asked about."""
    field, pair = (request.query_params.get(name, "") for name in ("field", "pair"))
    seen = await _seen(request, pair, field)
    return _form(request, first_form(field, seen, pair), seen)


async def made(request: Request) -> Response:
    """The rule as a draft; or written, where the form says so."""
    fields = form_of(request)
    form = RuleForm.of(fields)
    seen = await _seen(request, form.pair, form.field)
    try:
        if not form.why:
            raise ValueError("Say why this may differ: it stands beside the rule, and in the audit.")
        if fields.get("go") == "write":
            return _done(request, await _written(request, form))
        draft = await _draft(request, form)
    except _NotAsSeen as unseen:
        return _form(request, form, seen, draft=await _draft(request, form), wrong=str(unseen), status=409)
    except (ControlRefused, ControlUnreachable) as error:
        return _form(request, form, seen, wrong=str(error), status=status_of(error))
    except (ConfigError, ValueError) as error:
        return _form(request, form, seen, wrong=str(error), status=422)
    return _form(request, form, seen, draft=draft)


async def _draft(request: Request, form: RuleForm) -> RuleDraft:
    route, action = _route(request), form.action
    return await ask(request, lambda client: draft_rule(client, route, form.where, action, form.why, most=_MOST_PAIRS))


async def _written(request: Request, form: RuleForm) -> dict[str, Any]:
    """What came of writing the rule. Raises _NotAsSeen where the file, or the rule, is not the one that was looked
    at."""
    rule = rule_at(form.where, form.action, form.why, route=_route(request))

    def write(client: ControlClient) -> dict[str, Any]:
        stands = client.rules()
        if stands["digest"] != form.digest:
            raise _NotAsSeen(_CHANGED)
        if stands["editable"] and form.drafted != _mark(rule):
            raise _NotAsSeen(_ANOTHER)
        text = with_rule(stands["text"], rule)
        return client.write_rules(text, expected_digest=form.digest, why=form.why)

    return await ask(request, write)


def _mark(rule: Rule) -> str:
    """What tells one rule from another."""
    return sha256(rule_text(rule).encode()).hexdigest()[:12]


def _done(request: Request, written: dict[str, Any]) -> Response:
    after = (
        "The proxy is taking it up, and counting begins anew under the new rules."
        if written["reloading"]
        else "`strangler reload` puts it into force."
    )
    back = f"/room/differences/{quote(_route(request), safe='')}"
    return sent_on(request, back, f"The rule is written into {written['file']}. {after}")


async def _seen(request: Request, pair: str, field: str) -> Difference | None:
    """The difference at that field which a pair shows; None where it is kept no more, or shows none there."""
    if not pair:
        return None
    try:
        kept = await ask(request, lambda client: client.pair(pair))
    except ControlRefused as error:
        if error.status != 404:
            raise
        return None
    return next((each for each in kept.differences if each.field == field), None)


def _form(
    request: Request,
    form: RuleForm,
    seen: Difference | None,
    *,
    draft: RuleDraft | None = None,
    wrong: str = "",
    status: int = 200,
) -> Response:
    impossible = ""
    try:
        rule_place(form.field)
    except ValueError as error:
        impossible = str(error)
    context = {
        "back_name": _route(request),
        "route": _route(request),
        "form": form,
        "seen": seen,
        "choices": [each for each in CHOICES if form.lists or not each.key.startswith("list_")],
        "draft": draft,
        "drafted": "" if draft is None else _mark(draft.rule),
        "most": _MOST_PAIRS,
        "file_name": "" if draft is None else PurePath(draft.file).name,
        "wrong": wrong,
        "impossible": impossible,
    }
    return render(request, "rule.html", context, status=status)


def _route(request: Request) -> str:
    """The route that the address names. One that there is not can have no rule made here."""
    name: str = request.path_params["route"]
    if not any(route.name == name and route.twin for route in room_of(request).config.routes):
        raise HTTPException(404)
    return name
