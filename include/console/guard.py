"""What every answer and every request of the console must satisfy."""

from collections.abc import Awaitable, Callable

from fastapi import HTTPException, Request, Response, status

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_HEADER = "x-qaitarym-request"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def same_site_only(request: Request) -> None:
    """Refuse a changing request that another site may have sent with the user's cookie.

    A browser cannot be made to add our header across sites; a caller with a bearer token uses no cookie.
    """
    if request.method in SAFE or request.headers.get("authorization"):
        return
    site = request.headers.get("sec-fetch-site")
    if request.headers.get(OWN_HEADER) != "1" or site not in (None, "same-origin"):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "cross-site request refused")


async def with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Add the security headers; pages are never kept by a cache, the stylesheet may be."""
    answer = await call_next(request)
    answer.headers.update(HEADERS)
    if "/static/" not in request.url.path:
        answer.headers["Cache-Control"] = "no-store"
    return answer
