"""Asking the monolith who a client is, seldom: once for a session in some seconds, and once for all who ask at once.

Whatever goes wrong, the client is refused: nobody is passed on as somebody, or as nobody, without the monolith's word.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any, Final

from strangler.errors import StranglerError
from strangler.identity.identity import HEADER
from strangler_proxy.ask import Answered
from strangler_proxy.config.values import IdentitySettings
from strangler_proxy.credentials import CredentialNames, Credentials, crumb_digest, crumbs_of
from strangler_proxy.form_token import is_form
from strangler_proxy.identity_token import TokenTooLong, TokenWriter
from strangler_proxy.pool import Pool
from strangler_proxy.request_head import RequestHead
from strangler_proxy.routes.route import Route
from strangler_proxy.vouch_question import Done, Pending, Question
from strangler_proxy.vouch_request import SAFE, vouch_request
from strangler_proxy.vouched import Refusal, Vouched, parse_answer, vary
from strangler_proxy.wish import Wish, wish_of

__all__ = ["Vouching"]

_COMPLAINT_EVERY: Final = 10.0
# Browsers send each private cookie once, or twice for two paths. What is remembered by each must not be for clients to
# multiply.
_MOST_CRUMBS: Final = 16
_ANONYMOUS: Final[dict[str, Any]] = {"user": None, "session": "", "auth_time": None, "data": {}}

_log = logging.getLogger("strangler.identity")


class _Known:
    """What the monolith said of the client with some credentials. `until` is the loop's time.

    With a `target` it holds for requests of that target alone.
    """

    __slots__ = ("claims", "crumbs", "target", "until")

    def __init__(self, claims: bytes, crumbs: list[bytes], until: float, target: bytes | None) -> None:
        self.claims = claims
        self.crumbs = crumbs
        self.until = until
        self.target = target


class Vouching:
    """Asks the monolith on behalf of one worker's requests.

    `pool` is the monolith's, `secret` what the monolith knows the proxy by, `writer` signs what it says. `private` are
    the monolith's own cookies. `now` tells seconds since the epoch, for the seal. `counts` are the requests so far, by
    how they came to an identity (`unasked` without credentials, `remembered`, `asked`), or that they came to none
    (`refused` by the monolith, `failed`).

    `tell` is given what `forget` drops, for the other workers, and returns how many of these digests it had no room
    for; `untold` is the sum of that. `twin` asks on behalf of copies, and forgets with this one.
    """

    def __init__(
        self,
        settings: IdentitySettings,
        pool: Pool,
        secret: str,
        writer: TokenWriter,
        private: frozenset[bytes],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.pool = pool
        self._secret = secret
        self._writer = writer
        self._now = now
        headers = [name.lower().encode() for name in settings.headers]
        self._names = CredentialNames(headers, settings.csrf_header.lower().encode(), private)
        self._vary = vary(settings.headers)
        self._anonymous = writer.claims(_ANONYMOUS)
        self._known: dict[bytes, _Known] = {}
        # By the digest of a private cookie: what is known, and is being asked, of its session.
        self._by_crumb: dict[bytes, set[bytes]] = {}
        self._questions: dict[bytes, Question] = {}
        self._single: set[Question] = set()
        self._complained = float("-inf")
        self.counts = dict.fromkeys(("unasked", "remembered", "asked", "refused", "failed"), 0)
        self.tell: Callable[[list[bytes]], int] | None = None
        self.untold = 0
        self.twin: Vouching | None = None

    def wish(self, route: Route) -> Wish | None:
        """What `route` wants to know; None where it wants nothing. To be made once for a route."""
        return wish_of(route, self.settings)

    def body_needed(self, head: RequestHead) -> int:
        """How many bytes of the request's body must be at hand, or all of it, before `vouch` is called.

        Only of a form that comes without its CSRF token in a header, since then the token is in the form.
        """
        if head.method != b"POST":
            return 0
        credentials = Credentials(self._names, head.lines, safe=False)
        if credentials.has_csrf_header or not is_form(credentials.content_type):
            return 0
        return self.settings.form_bytes

    def vouch(
        self,
        wish: Wish,
        head: RequestHead,
        *,
        target: bytes,
        forwarded: bytes,
        body: bytes,
        request_id: bytes,
        done: Done,
    ) -> Pending | None:
        """Find out who asks, and call `done` once: at once where that is known (then None is given), or later.

        `target` is what the service will be asked for, to which the identity is bound; `forwarded` are the lines that
        tell the monolith of the client (X-Forwarded-For and its kind); `body` is its beginning, unframed, as far as
        `body_needed` said, else empty.
        """
        safe = head.method in SAFE
        origin = bool(head.upgrade)
        credentials = Credentials(self._names, head.lines, safe=safe, origin=origin)
        pending = Pending(wish, head, target, forwarded, body, request_id, done)
        if safe and not wish.required and credentials.anonymous:
            self._pass_on(pending, self._anonymous, [], "unasked")
            return None
        if not safe or credentials.anonymous or credentials.odd or len(credentials.crumbs) > _MOST_CRUMBS:
            # Two without credentials may be two people, and the one must not get the cookies that the other is given.
            # What is not known by its session's own cookie could not be forgotten at the logout.
            self._ask_alone(pending, credentials)
            return pending
        key = _key(credentials.block, forwarded, wish.wants_origin if origin else wish.wants)
        known = self._known.get(key)
        if known is not None:
            if self.pool.loop.time() >= known.until:
                self._drop(key)
            elif known.target is None or known.target == head.target:
                self._pass_on(pending, known.claims, [], "remembered")
                return None
        question = self._questions.get(key)
        if question is None:
            question = Question(self, key, credentials)
            self._questions[key] = question
            for crumb in credentials.crumbs:
                self._by_crumb.setdefault(crumb, set()).add(key)
            pending.join(question)
            question.begin()
        else:
            pending.join(question)
        return pending

    def forget(self, lines: list[bytes]) -> None:
        """Believe nothing any more that is known of the session that a request with these header lines belongs to,
        here or in another worker."""
        if self.tell is None and not self._by_crumb and self.twin is None:
            return
        cookies = [line[7:] for line in lines if line[:7].lower() == b"cookie:"]
        crumbs = crumbs_of(cookies, self._names.private)
        self.forgotten(crumbs)
        if crumbs and self.tell is not None:
            # Also what is not known here: who knows it is another worker. By more cookies nobody is known anywhere.
            self.untold += self.tell(crumbs[:_MOST_CRUMBS])

    def forgotten(self, crumbs: Iterable[bytes]) -> None:
        """Believe nothing any more that is known by these digests of private cookies."""
        crumbs = list(crumbs)
        if self.twin is not None:
            self.twin.forgotten(crumbs)
        for crumb in crumbs:
            keys = self._by_crumb.get(crumb)
            for key in list(keys) if keys else ():
                question = self._questions.pop(key, None)
                if question is not None:
                    # Who waits already asked before; who asks from now on asks anew.
                    question.fresh = False
                    self._single.add(question)
                    self._unlink(key, question.credentials.crumbs)
                self._drop(key)

    def close(self) -> None:
        """Ask nothing any more."""
        for question in [*self._questions.values(), *self._single]:
            question.cancel()
        self._questions.clear()
        self._single.clear()

    def request(self, pending: Pending, credentials: Credentials, nonce: str) -> bytes:
        """The whole request that puts the question of `pending`."""
        wish = pending.wish
        return vouch_request(
            self.settings.path,
            pending.head,
            credentials,
            secret=self._secret,
            at=int(self._now()),
            nonce=nonce,
            wants=wish.wants_origin if pending.head.upgrade else wish.wants,
            forwarded=pending.forwarded + self.pool.proxied,
            request_id=pending.request_id,
            body=pending.body,
        )

    def answered(self, question: Question, nonce: str, answered: Answered | str) -> None:
        """What came of a question: tell those who wait."""
        self.dismiss(question)
        set_cookies: list[bytes] = []
        if isinstance(answered, str):
            found: dict[str, Any] | Refusal = self._unanswered(answered)
        else:
            set_cookies = [line for line in answered.lines if line[:11].lower() == b"set-cookie:"]
            sealed = parse_answer(self._secret, nonce, answered.body) if answered.status == 200 else None
            found = self._unanswered(_why(answered)) if sealed is None else sealed
        waiting, question.waiting = question.waiting, []
        if isinstance(found, Refusal):
            self._refuse(question.target, waiting, found, set_cookies)
            return
        claims = self._writer.claims(found)
        target = question.target if found["here"] else None
        if question.key and question.fresh and not self._is_moved(question.credentials, set_cookies):
            self._remember(question.key, _Known(claims, question.credentials.crumbs, self._end(), target))
        for pending in waiting:
            if target is None or pending.head.target == target:
                self._pass_on(pending, claims, set_cookies, "asked")
            elif pending.done is not None:
                self._ask_alone(pending, self._credentials(pending))

    def dismiss(self, question: Question) -> None:
        """The question is answered, or nobody wants to know any more."""
        self._single.discard(question)
        if question.key and self._questions.get(question.key) is question:
            del self._questions[question.key]
            self._unlink(question.key, question.credentials.crumbs)

    def _ask_alone(self, pending: Pending, credentials: Credentials) -> None:
        question = Question(self, b"", credentials)
        self._single.add(question)
        pending.join(question)
        question.begin()

    def _refuse(self, target: bytes, waiting: list[Pending], refusal: Refusal, set_cookies: list[bytes]) -> None:
        if not refusal.error:
            refusal.lines += [self._vary, *set_cookies]
        for pending in waiting:
            if pending.head.target != target and not refusal.error and pending.done is not None:
                # The monolith's answer may lead back to where the first one was going.
                self._ask_alone(pending, self._credentials(pending))
            elif pending.done is not None:
                self.counts["failed" if refusal.error else "refused"] += 1
                pending.tell(refusal)

    def _credentials(self, pending: Pending) -> Credentials:
        """Those of a request that changes nothing: only such ask together."""
        return Credentials(self._names, pending.head.lines, safe=True, origin=bool(pending.head.upgrade))

    def _pass_on(self, pending: Pending, claims: bytes, set_cookies: list[bytes], outcome: str) -> None:
        path, _, query = pending.target.partition(b"?")
        try:
            token = self._writer.token(
                claims,
                audience=pending.wish.audience,
                method=pending.head.method,
                path=path,
                query=query,
                request_id=pending.request_id,
            )
        except StranglerError as error:
            why = "identity-too-long" if isinstance(error, TokenTooLong) else "identity-unsigned"
            self._complain(str(error))
            self.counts["failed"] += 1
            pending.tell(Refusal(503, [], b"", why))
            return
        self.counts[outcome] += 1
        pending.tell(Vouched(b"%b: %b\r\n" % (HEADER.encode(), token), set_cookies, self._vary))

    def _unanswered(self, why: str) -> Refusal:
        if why in ("status-404", "unsealed"):
            self._complain(
                f"The monolith does not vouch ({why}): compare its VOUCH_SECRET with the proxy's, the URL of"
                f" strangler.django.urls with {self.settings.path!r}, and both clocks."
            )
        return Refusal(503, [], b"", f"vouch-{why}")

    def _complain(self, message: str) -> None:
        """Say it, but not for every request."""
        now = self.pool.loop.time()
        if now - self._complained >= _COMPLAINT_EVERY:
            self._complained = now
            _log.error("%s", message)

    def _end(self) -> float:
        return self.pool.loop.time() + self.settings.cache

    def _is_moved(self, credentials: Credentials, set_cookies: list[bytes]) -> bool:
        """Whether the monolith has given the client another private cookie than it came with, or taken one away."""
        for line in set_cookies:
            crumb = line[11:].partition(b";")[0].strip(b" \t")
            if crumb.partition(b"=")[0] in self._names.private and crumb_digest(crumb) not in credentials.crumbs:
                return True
        return False

    def _remember(self, key: bytes, known: _Known) -> None:
        if not self.settings.cache:
            return
        if len(self._known) >= self.settings.sessions:
            self._drop(next(iter(self._known)))
        self._known[key] = known
        for crumb in known.crumbs:
            self._by_crumb.setdefault(crumb, set()).add(key)

    def _drop(self, key: bytes) -> None:
        known = self._known.pop(key, None)
        if known is not None:
            self._unlink(key, known.crumbs)

    def _unlink(self, key: bytes, crumbs: list[bytes]) -> None:
        if key in self._known or key in self._questions:
            return
        for crumb in crumbs:
            keys = self._by_crumb.get(crumb)
            if keys is not None:
                keys.discard(key)
                if not keys:
                    del self._by_crumb[crumb]


def _why(answered: Answered) -> str:
    return "unsealed" if answered.status == 200 else f"status-{answered.status}"


def _key(block: bytes, forwarded: bytes, wants: bytes) -> bytes:
    digest = blake2b(b"%d:%d:" % (len(block), len(forwarded)), digest_size=32)
    digest.update(block)
    digest.update(forwarded)
    digest.update(wants)
    return digest.digest()
