"""The Shop API with bad manners, on the wire: a layer around the application that spoils some of its answers."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from starlette.datastructures import Headers, QueryParams
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from include.sandbox.manners import HANG, WISH, Gauge, Manners, Turn, Wish
from include.sandbox.orders import Buyer
from include.sandbox.world import World

PREFIX = "/shop/api/v2"
RETRY_AFTER_SECONDS = 1
HANG_SECONDS = 60.0
NAMELESS = ("python-requests", "python-urllib", "curl")
ON_ANY = frozenset({"too_many", "too_many_silent", "bad_gateway", "empty", "html", "cut", "slow"})
ON_LISTS = frozenset({"leak", "page_count"})
ON_LATER_PAGES = frozenset({"duplicate"})
NOBODY = "unknown"


class Unruly:
    """Counts every request of the Shop API and answers some of them badly; lets all else through untouched."""

    def __init__(self, app: ASGIApp, manners: Manners, gauge: Gauge, world: World) -> None:
        self.app = app
        self.manners = manners
        self.gauge = gauge
        self._owners = {merchant.token: merchant_id for merchant_id, merchant in world.merchants.items()}
        self._buyers: dict[str, list[Buyer]] = {}
        for order in world.orders:
            self._buyers.setdefault(order.merchant_id, []).append(order.buyer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request."""
        if scope["type"] != "http" or not scope["path"].startswith(f"{PREFIX}/"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        owner = self._owners.get(headers.get("X-Auth-Token", ""), NOBODY)
        with self.gauge.call(owner):
            if self.manners.settings.hangs and _nameless(headers):
                self.manners.done[HANG] += 1
                await _hang(scope, receive, send)
                return
            request = f"{owner} {scope['path']}?{scope['query_string'].decode('latin-1')}"
            turn = self.manners.draw(request, _possible(scope))
            await self._serve(scope, receive, send, turn, request, owner)

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, turn: Turn | None, request: str, owner: str
    ) -> None:
        if turn is None:
            await self.app(scope, receive, send)
        elif turn.manner not in ON_ANY:
            wish = scope[WISH] = Wish(turn)
            await self.app(scope, receive, send)
            if not wish.granted:
                self.manners.spared(request)
                return
            self.manners.done[turn.manner] += 1
        else:
            self.manners.done[turn.manner] += 1
            if turn.manner in ("cut", "slow"):
                answer = await _collect(self.app, scope, receive)
                await (_cut(send, answer) if turn.manner == "cut" else self._dribble(receive, send, answer))
            else:
                await self._instead(turn, owner)(scope, receive, send)

    def _instead(self, turn: Turn, owner: str) -> Response:
        """Return what is sent in place of the answer."""
        busy = {"errors": [{"title": "Too many requests."}]}
        if turn.manner == "too_many":
            return JSONResponse(busy, 429, {"Retry-After": str(RETRY_AFTER_SECONDS)})
        if turn.manner == "too_many_silent":
            return JSONResponse(busy, 429)
        if turn.manner == "empty":
            return Response(b"", 200, media_type="application/vnd.api+json")
        status = 502 if turn.manner == "bad_gateway" else 200
        return HTMLResponse(self._page_with_a_buyer(turn, owner, status), status)

    def _page_with_a_buyer(self, turn: Turn, owner: str, status: int) -> str:
        """Return a page that tells more than it should: whoever logs it, logs a name and a phone."""
        buyers = self._buyers.get(owner) or next(iter(self._buyers.values()))
        buyer = buyers[int(turn.chance * len(buyers))]
        name = f"{buyer.first_name} {buyer.last_name}"
        self.manners.buyers_shown.append({"name": name, "phone": buyer.phone})
        title = "502 Bad Gateway" if status != 200 else "Технические работы"
        return (
            f'<!doctype html><html lang="ru"><meta charset="utf-8"><title>{title}</title><h1>{title}</h1>'
            f"<p>Заказ покупателя {escape(name)}, телефон {buyer.phone}, не загружен.</p></html>"
        )

    async def _dribble(self, receive: Receive, send: Send, answer: "Answer") -> None:
        """Send the answer in so small pieces that all of it takes longer than ``slow_seconds``."""
        seconds = self.manners.settings.slow_seconds * 1.02
        pieces = max(1, min(len(answer.body), max(8, int(seconds * 10))))
        size = -(-len(answer.body) // pieces)
        await send(answer.start)
        for place in range(pieces):
            if await _gone_within(receive, seconds / pieces):
                return
            piece = answer.body[place * size : (place + 1) * size]
            await send({"type": "http.response.body", "body": piece, "more_body": place + 1 < pieces})


@dataclass(frozen=True)
class Answer:
    """A whole answer of the application: its first message and its body."""

    start: Message
    body: bytes


def _nameless(headers: Mapping[str, str]) -> bool:
    return not (agent := headers.get("User-Agent", "").strip().lower()) or agent.startswith(NAMELESS)


def _possible(scope: Scope) -> frozenset[str]:
    """Return the manners that can be shown to a request."""
    query = QueryParams(scope["query_string"])
    if scope["path"] != f"{PREFIX}/orders" or query.get("filter[orders][code]"):
        return ON_ANY
    later = query.get("page[number]", "0").lstrip("0").isdigit()
    return ON_ANY | ON_LISTS | (ON_LATER_PAGES if later else frozenset())


async def _hang(scope: Scope, receive: Receive, send: Send) -> None:
    """Say nothing until the caller gives up. No thread waits here, so others are served."""
    if not await _gone_within(receive, HANG_SECONDS):
        await Response(status_code=504)(scope, receive, send)


async def _gone_within(receive: Receive, seconds: float) -> bool:
    """Wait so long, or until the caller has gone; tell which."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True


async def _collect(app: ASGIApp, scope: Scope, receive: Receive) -> Answer:
    """Return the application's whole answer without sending it."""
    kept: list[dict[str, Any]] = []

    async def keep(message: Message) -> None:
        kept.append(dict(message))

    await app(scope, receive, keep)
    return Answer(kept[0], b"".join(message.get("body", b"") for message in kept[1:]))


async def _cut(send: Send, answer: Answer) -> None:
    """Promise the whole answer, send half of it and leave: the server then closes the connection."""
    await send(answer.start)
    await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
