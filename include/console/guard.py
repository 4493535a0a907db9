"""What every answer and every request of the console must satisfy.

A changing request has a user, comes from our own pages, is allowed to this user, and is small. In this order: nothing
of a body is read before the rest is known.
"""

import hashlib
import hmac
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

from fastapi import HTTPException, Request, Response, status
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser

from include.domain.text import storable

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_HEADER = "x-qaitarym-request"
TOKEN_FIELD = "token"  # noqa: S105 (the name of a form's field)
TOKEN_SECONDS = 12 * 3600
FORM_BYTES = 64 * 1024
MOST_FIELDS = 600
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
# The desk runs our own scripts, shows pictures before they are sent, and asks its own server.
DESK_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "style-src 'self'; img-src 'self' blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
# A mail is shown in a frame of its own page, and is a stranger there: it runs nothing, asks nobody, sends no form.
MAILS_POLICY = f"{POLICY}; frame-src 'self'"
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox"
)
DESK = "/desk/"
MAILS = "/mails"
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}


class Refused(HTTPException):
    """A request that is not done; the code says why, the page says it in words."""

    def __init__(self, status_code: int, code: str) -> None:
        super().__init__(status_code, code)


class Tokens:
    """Signed tokens of forms: bound to a user, good for half a day, for browsers that do not say where a form is from.

    ``secret`` is asked at each use. Another replica of the server that knows it accepts the token, too.
    """

    def __init__(self, secret: Callable[[], str]) -> None:
        self._secret = secret

    def make(self, user: Any) -> str:
        """Return a token for this user's forms."""
        expires = str(int(time.time()) + TOKEN_SECONDS)
        return f"{expires}.{self._signature(user, expires)}"

    def good(self, token: Any, user: Any) -> bool:
        """Tell whether the token was made here for this very user and has not expired."""
        expires, _, signature = str(token or "").partition(".")
        if not (expires.isascii() and expires.isdigit() and len(expires) <= 12 and signature.isascii()):
            return False
        return hmac.compare_digest(signature, self._signature(user, expires)) and int(expires) > time.time()

    def _signature(self, user: Any, expires: str) -> str:
        text = f"qaitarym form\n{expires}\n{user.get_id()}"
        return hmac.new(self._secret().encode(), text.encode(), hashlib.sha256).hexdigest()


def from_our_pages(request: Request) -> bool:
    """Return True where the request proves that it is no other site's, False where only a token can.

    A browser cannot be made to add our header, or a bearer token, across sites; and it says itself where a form is
    from, on HTTPS and on the loopback address. Raises :class:`Refused` where it says: from elsewhere.
    """
    if request.headers.get("authorization", "").lower().startswith("bearer "):
        return True  # no cookie is looked at then
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site != "same-origin":
            raise Refused(status.HTTP_403_FORBIDDEN, "another_site")
        return True
    return request.headers.get(OWN_HEADER) == "1"


async def guard_change(
    request: Request, user: Any, may_work: Callable[[Request], bool], tokens: Tokens, limit: int
) -> FormData:
    """Let a changing request pass and return its form; raise :class:`Refused` otherwise."""
    proven = from_our_pages(request)
    if not await run_in_threadpool(may_work, request):
        raise Refused(status.HTTP_403_FORBIDDEN, "only_looking")
    form = await read_form(request, limit)
    if not storable([value for _, value in form.multi_items() if isinstance(value, str)]):
        raise Refused(status.HTTP_400_BAD_REQUEST, "broken_form")
    if not proven and not tokens.good(form.get(TOKEN_FIELD), user):
        raise Refused(status.HTTP_403_FORBIDDEN, "no_token")
    return form


def is_scripts_own(request: Request) -> bool:
    """Tell whether a script of ours sent the request: a message of the desk, which no form of any page can make."""
    if request.headers.get("authorization", "").lower().startswith("bearer "):
        return True
    site = request.headers.get("sec-fetch-site")
    return request.headers.get(OWN_HEADER) == "1" and site in (None, "same-origin")


async def guard_message(request: Request, may_work: Callable[[Request], bool], limits: Mapping[str, int]) -> bytes:
    """Let a message of the desk pass and return its body; raise :class:`Refused` otherwise.

    ``limits`` names the content types there are, each with the bytes that one may have.
    """
    if not is_scripts_own(request):
        raise Refused(status.HTTP_403_FORBIDDEN, "another_site")
    if not await run_in_threadpool(may_work, request):
        raise Refused(status.HTTP_403_FORBIDDEN, "no_role")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in limits:
        raise Refused(status.HTTP_415_UNSUPPORTED_MEDIA_TYPE, "broken_message")
    _not_larger(request, limits[kind])
    return b"".join([chunk async for chunk in _counted(request, limits[kind])])


def _not_larger(request: Request, limit: int) -> None:
    """Refuse a body that says itself that it is too large."""
    try:
        told = int(request.headers.get("content-length") or 0)
    except ValueError as error:
        raise Refused(status.HTTP_400_BAD_REQUEST, "broken_form") from error
    if told > limit:
        raise Refused(status.HTTP_413_CONTENT_TOO_LARGE, "too_large")


class _InMemory(MultiPartParser):
    """A file of an operator's may name people: it is held in memory and never written to a disk."""

    spool_max_size = 1 << 40


async def read_form(request: Request, limit: int) -> FormData:
    """Read a form of at most ``limit`` bytes, one file at most. An empty body is an empty form."""
    _not_larger(request, limit)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = _counted(request, limit)
    bounds = {"max_fields": MOST_FIELDS, "max_part_size": FORM_BYTES}
    try:
        if kind == "application/x-www-form-urlencoded":
            return await FormParser(request.headers, body, **bounds).parse()
        if kind == "multipart/form-data":
            return await _InMemory(request.headers, body, max_files=1, **bounds).parse()
    except MultiPartException as error:
        raise Refused(status.HTTP_400_BAD_REQUEST, "broken_form") from error
    async for chunk in body:
        if chunk:
            raise Refused(status.HTTP_415_UNSUPPORTED_MEDIA_TYPE, "broken_form")
    return FormData()


async def _counted(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """Yield the body; a header may be missing or untrue, so the bytes are counted."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise Refused(status.HTTP_413_CONTENT_TOO_LARGE, "too_large")
        yield chunk


async def with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Add the security headers; pages are never kept by a cache, styles and scripts are asked for anew."""
    answer = await call_next(request)
    path = str(request.scope["path"]).removeprefix(request.scope.get("root_path", ""))
    answer.headers.update(HEADERS)
    answer.headers["Content-Security-Policy"] = policy_of(path)
    answer.headers["Cache-Control"] = "no-cache" if path.startswith("/static/") else "no-store"
    return answer


def policy_of(path: str) -> str:
    """Return the content security policy of a page."""
    if path.startswith(DESK):
        return DESK_POLICY
    if path == MAILS or path.startswith(f"{MAILS}/"):
        return MAIL_POLICY if path.endswith("/page") else MAILS_POLICY
    return POLICY
