"""One client of a recording, at one side: what was recorded, made into what this side has to be asked."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from strangler.compare import Answer, Request
from strangler.shadow import SAFE_METHODS
from strangler_proxy.replay.bodies import Rewrite, fields_of, is_form, rewritten_form, rewritten_json, rewritten_query
from strangler_proxy.replay.forms import Form, Forms
from strangler_proxy.replay.jar import Jar, crumbs_of
from strangler_proxy.replay.learned import Learned, is_token
from strangler_proxy.replay.page import html_of, json_of
from strangler_proxy.replay.redacted import is_redacted
from strangler_proxy.replay.side import Asking
from strangler_proxy.replay.stand_ins import Login, StandIns

__all__ = ["CredentialsMissing", "Spelling", "Visitor"]

# Of the connection, made anew, or true only of the answer that the recorded client had.
_LEFT_OUT: Final = frozenset(
    [
        "connection",
        "content-length",
        "cookie",
        "expect",
        "host",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
)
# Who and where a client was: without these it is somebody at our own address, on both sides alike.
_WHEREABOUTS: Final = frozenset(
    ["cf-connecting-ip", "forwarded", "from", "true-client-ip", "x-client-ip", "x-forwarded-for", "x-real-ip"]
)
_INTRODUCTION: Final = frozenset(["accept-language", "host", "user-agent", "x-forwarded-proto"])


class CredentialsMissing(Exception):
    """A request that cannot be asked as the client whose it was: what it needs was taken out of the recording."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """How the monolith names what it knows its clients by; Django's own names are the default."""

    session_cookies: frozenset[str] = frozenset({"sessionid"})
    csrf_cookies: frozenset[str] = frozenset({"csrftoken"})
    csrf_header: str = "x-csrftoken"
    csrf_field: str = "csrfmiddlewaretoken"


class Visitor:
    """One client at one side, with that side's cookies, tokens and ids.

    `theirs` are the forms of the recorded pages, by which a form's hidden fields are told from what the client filled
    in. `host` is sent as Host where the recording has none, or `own_host` says so; `more` are further headers.
    """

    def __init__(
        self,
        theirs: Forms,
        *,
        host: str,
        own_host: bool = False,
        scheme: str = "http",
        spelling: Spelling,
        login: Login | None = None,
        stand_ins: StandIns,
        more: Sequence[tuple[str, str]] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.jar = Jar()
        self.learned = Learned()
        self.forms = Forms(spelling.csrf_field)
        self.login = login
        self._theirs = theirs
        self._host = host
        self._own_host = own_host
        self._scheme = scheme
        self._spelling = spelling
        self._stand_ins = stand_ins
        lines = [*more, *(login.headers.items() if login is not None else ())]
        self._more = [line for line in lines if line[0].lower() != "host"]
        self._named = next((value for name, value in lines if name.lower() == "host"), "")
        self._clock = clock

    def wants_login(self, request: Request) -> bool:
        """Whether the recorded client was signed in by a cookie that the recording does not have, and this side has
        given none so far."""
        path = request.target.partition("?")[0]
        return any(
            crumb.name in self._spelling.session_cookies
            and is_redacted(crumb.value)
            and not self.jar.has_taken_back(crumb.name)
            and self.jar.value(crumb.name, path, self._clock()) is None
            for crumb in crumbs_of(_all(request, "cookie"))
        )

    def has_session(self, path: str) -> bool:
        """Whether this side has signed the client in, as far as its cookies tell."""
        return any(self.jar.value(name, path, self._clock()) for name in self._spelling.session_cookies)

    def asking(self, request: Request) -> Asking:
        """What to ask this side for a recorded request. Raises CredentialsMissing."""
        path, mark, query = request.target.partition("?")
        ours = self.learned.put_into_path(path)
        if is_redacted(ours) or self.wants_login(request):
            raise CredentialsMissing
        target = f"{ours}{mark}{rewritten_query(query, self._field)}"
        content_type = next(iter(_all(request, "content-type")), "")
        headers = self._headers(request, ours)
        return Asking(request.method, target, headers, self._body(request, path, ours, content_type))

    def login_page(self, login: Login, request: Request) -> Asking:
        """What to ask for the page with the form that signs the client in, so that it can make this request."""
        return Asking("GET", login.path, self._headers(_introduced(request), login.path))

    def login_form(self, login: Login, request: Request) -> Asking:
        """The form that signs the client in, filled in; the page that it is on should have been seen."""
        forms = self.forms.of(login.path)
        form = next((each for each in forms if self._spelling.csrf_field in each.hidden), Form())
        fields = {name: values[0] for name, values in form.hidden.items()} | dict(login.fields)
        if token := self._token(login.path):
            fields.setdefault(self._spelling.csrf_field, token)
        pairs = "&".join(f"{name}=" for name in fields)
        body = rewritten_query(pairs, lambda name, _: fields[name]).encode("ascii")
        more = (("Content-Type", "application/x-www-form-urlencoded"), ("Referer", f"http://{self._host}{login.path}"))
        return Asking("POST", login.path, self._headers(_introduced(request, *more), login.path), body)

    def take(self, asking: Asking, answer: Answer, theirs: Answer | None) -> None:
        """Learn from this side's answer; `theirs` is what was answered where the request's ids are from."""
        self.jar.keep(answer.all("set-cookie"), asking.path, self._clock())
        if page := html_of(answer):
            self.forms.see(asking.target, page)
        if theirs is None or theirs.status != answer.status:
            return
        changing = asking.method not in SAFE_METHODS
        before, after = theirs.header("location"), answer.header("location")
        if before and after:
            self.learned.learn_location(before, after, numbers=changing)
        if (left := json_of(theirs)) and (right := json_of(answer)):
            self.learned.learn_json(asking.target, left, right, numbers=changing)

    def _field(self, name: str, value: str) -> str:
        """A parameter's or field's value for this side."""
        ours = self.learned.put_into_text(self.learned.put_into_field(name, value))
        if not is_redacted(ours):
            return ours
        if name not in self._stand_ins.fields:
            raise CredentialsMissing
        return self._stand_ins.fields[name]

    def _headers(self, request: Request, path: str) -> list[tuple[str, str]]:
        recorded = next(iter(_all(request, "host")), "")
        host = self._named or (self._host if self._own_host or not recorded else recorded)
        scheme = next(iter(_all(request, "x-forwarded-proto")), self._scheme)
        replaced = {name.lower() for name, _ in self._more}
        headers = [("Host", host)]
        for name, value in request.headers:
            low = name.lower()
            if low in _LEFT_OUT or low in replaced or low.startswith("x-strangler-"):
                continue
            if low == self._spelling.csrf_header:
                value = self._token(path) or value
            elif low in ("origin", "referer"):
                value = _moved(value, f"{scheme}://{host}")
            value = self.learned.put_into_text(value)
            if is_redacted(value):
                if low in _WHEREABOUTS or low == "referer":
                    continue
                raise CredentialsMissing
            headers.append((name, value))
        crumbs = self._cookies(request, path)
        if crumbs:
            headers.append(("Cookie", crumbs))
        return [*headers, *self._more]

    def _cookies(self, request: Request, path: str) -> str:
        """The recorded cookies, each as this side has set it where it has; and what else it has set."""
        ours: dict[str, str] = {}
        for crumb in self.jar.crumbs(path, self._clock()):
            ours.setdefault(crumb.name, crumb.value)
        sent: dict[str, str] = {}
        for crumb in crumbs_of(_all(request, "cookie")):
            if crumb.name in ours:
                sent[crumb.name] = ours[crumb.name]
            elif not self.jar.has_taken_back(crumb.name) and not is_redacted(crumb.value):
                sent[crumb.name] = crumb.value
        return "; ".join(f"{name}={value}" for name, value in {**sent, **ours}.items())

    def _token(self, path: str) -> str:
        """This side's CSRF token: of its cookie, else of the last page that had one; empty where it gave none."""
        found = (self.jar.value(name, path, self._clock()) for name in self._spelling.csrf_cookies)
        return next((each.strip('"') for each in found if each), self.forms.token)

    def _body(self, request: Request, path: str, ours: str, content_type: str) -> bytes:
        body = request.body
        if not body:
            return body
        if is_form(content_type):
            return rewritten_form(content_type, body, self._form_rewrite(path, ours, fields_of(content_type, body)))
        changed = rewritten_json(
            body, lambda document: self._stand_ins.put_into_json(self.learned.put_into_json(ours, document))
        )
        if is_redacted(changed.decode("latin-1")):
            raise CredentialsMissing
        return changed

    def _form_rewrite(self, path: str, ours: str, sent: Sequence[tuple[str, str]]) -> Rewrite:
        before, after = _same_form(self._theirs.of(path), self.forms.of(ours), sent)
        login = self.login.fields if self.login is not None and self.login.path == path else {}
        seen: Counter[str] = Counter()

        def rewrite(name: str, value: str) -> str:
            number = seen[name]
            seen[name] += 1
            shown = _at(after, name, number)
            if name == self._spelling.csrf_field:
                token = shown or self.forms.token or self._token(ours) or value
                if is_redacted(token):
                    raise CredentialsMissing
                return token
            if shown is not None:
                # Without the recorded page only what nobody types is taken for a hidden field's own value.
                recorded = _at(before, name, number)
                if recorded == value or (before is None and is_token(value) and is_token(shown)):
                    return shown
            if is_redacted(value) and name in login:
                return login[name]
            return self._field(name, value)

        return rewrite


def _introduced(request: Request, *more: tuple[str, str]) -> Request:
    """A request that is not in the recording, by the client and to the host of one that is."""
    kept = [(name, value) for name, value in request.headers if name.lower() in _INTRODUCTION]
    return Request(headers=(*kept, *more))


def _all(request: Request, name: str) -> list[str]:
    return [value for key, value in request.headers if key.lower() == name]


def _at(form: Form | None, name: str, number: int) -> str | None:
    values = form.hidden.get(name, []) if form is not None else []
    return values[number] if number < len(values) else None


def _same_form(
    theirs: Sequence[Form], ours: Sequence[Form], sent: Sequence[tuple[str, str]]
) -> tuple[Form | None, Form | None]:
    """The form that was sent: as recorded, and as this side shows it."""
    if theirs:
        number = max(range(len(theirs)), key=lambda each: theirs[each].likeness(sent))
        return theirs[number], ours[number] if len(ours) == len(theirs) else _likest(ours, sent)
    return None, _likest(ours, sent)


def _likest(forms: Sequence[Form], sent: Sequence[tuple[str, str]]) -> Form | None:
    best = max(forms, key=lambda form: form.likeness(sent), default=None)
    return best if best is not None and (len(forms) == 1 or best.likeness(sent)) else None


def _moved(address: str, origin: str) -> str:
    """An Origin or Referer of the recorded site as one of the site that is asked; other words as they are."""
    try:
        split = urlsplit(address)
    except ValueError:
        return address
    if split.scheme not in ("http", "https"):
        return address
    rest = split._replace(scheme="", netloc="").geturl()
    return f"{origin}{rest}"
