"""The warehouse feed over HTTP: events in the order the warehouse recorded them, read by a cursor."""

import base64
import binascii
from collections.abc import Callable

import orjson
from fastapi import APIRouter, Request, Response

from include.sandbox.catalogue import source_token
from include.sandbox.life import Life

MAX_LIMIT = 500
DEFAULT_LIMIT = 200
HTTP_SOURCES = ("w1",)


def _answer(body: dict[str, object], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"p{position}".encode()).decode().rstrip("=")


def _position(cursor: str) -> int | None:
    """Return the place a cursor stands for, or None if it is none of ours."""
    if not cursor:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return int(text[1:]) if text[:1] == "p" and text[1:].isdigit() else None


class WmsApi:
    """Serves each source's deliveries at least once; a cursor stays good for ever."""

    def __init__(self, life: Callable[[], Life]) -> None:
        self._life = life
        self.router = APIRouter(prefix="/wms")
        self.router.add_api_route("/{source}/events", self._events, methods=["GET"])

    def _events(self, request: Request, source: str, cursor: str = "", limit: int = DEFAULT_LIMIT) -> Response:
        life = self._life()
        if source not in HTTP_SOURCES:
            return _answer({"error": f"no source {source}"}, 404)
        if request.headers.get("Authorization") != f"Bearer {source_token(life.world.seed, source)}":
            return _answer({"error": "bearer token missing or wrong"}, 401)
        position = _position(cursor)
        if position is None or not 1 <= limit <= MAX_LIMIT:
            return _answer({"error": f"cursor must be one of ours, limit 1..{MAX_LIMIT}"}, 400)
        delivered = life.outboxes[source].delivered
        until = min(position + limit, len(delivered))
        events = [delivery.event.payload() for delivery in delivered[position:until]]
        return _answer(
            {
                "events": events,
                "next_cursor": _cursor(max(position, until)),
                "has_more": until < len(delivered),
            }
        )
