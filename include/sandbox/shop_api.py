"""The Kaspi Shop API as of the sandbox's clock: its operations with their rules and error texts."""

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Body, Request, Response

from include.sandbox import assortment
from include.sandbox import shop_payloads as payloads
from include.sandbox.catalogue import Merchant
from include.sandbox.life import Life
from include.sandbox.manners import FULL_PAGE, WISH, Wish
from include.sandbox.moments import millis
from include.sandbox.orders import Order
from include.sandbox.shop_writes import WriteRefused

MEDIA_TYPE = "application/vnd.api+json"
MAX_PAGE_SIZE = FULL_PAGE
MAX_WINDOW_DAYS = 14
DAY_MS = 24 * 3600 * 1000
STATES = ("NEW", "SIGN_REQUIRED", "PICKUP", "DELIVERY", "KASPI_DELIVERY", "ARCHIVE")
CREATED = "filter[orders][creationDate]"


class Refused(Exception):
    """The request breaks a rule of the API; carries the HTTP status and the title it answers with."""

    def __init__(self, status: int, title: str) -> None:
        super().__init__(title)
        self.status = status
        self.title = title


def answer(body: dict[str, Any], status: int = 200) -> Response:
    """Return a JSON:API response."""
    return Response(orjson.dumps(body), status, media_type=MEDIA_TYPE)


def refusal(error: Refused) -> Response:
    """Return an error as Kaspi words it: titles only."""
    return answer({"errors": [{"title": error.title}]}, error.status)


def _authorise(life: Life, request: Request) -> Merchant:
    """Return whose token it is. Raises Refused 401, or 400 without the required content type."""
    token = request.headers.get("X-Auth-Token")
    merchant = next((m for m in life.world.merchants.values() if m.token == token), None)
    if merchant is None:
        raise Refused(401, "Unauthorized")
    if not request.headers.get("Content-Type", "").startswith(MEDIA_TYPE):
        raise Refused(400, f"Content-Type {MEDIA_TYPE} is required.")
    return merchant


def _whole(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None or text == "":
        return None
    try:
        return int(text)
    except ValueError:
        raise Refused(400, f"Value [{text}] of {name} is not a number.") from None


def _page(request: Request) -> tuple[int, int]:
    """Return page number (from 0) and size (1..100)."""
    number, size = _whole(request, "page[number]"), _whole(request, "page[size]")
    if number is None:
        raise Refused(400, "Required pagination value [number] is empty.")
    if size is None:
        raise Refused(400, "Required pagination value [size] is empty.")
    if number < 0 or not 1 <= size <= MAX_PAGE_SIZE:
        raise Refused(400, f"Pagination values out of range. Number [{number}], size [{size}], max [{MAX_PAGE_SIZE}].")
    return number, size


@dataclass(frozen=True)
class Window:
    """Bounds of creationDate in milliseconds, each open or closed as it was asked for."""

    low: int
    low_open: bool
    high: int
    high_open: bool

    def holds(self, created: int) -> bool:
        """Tell whether an order of that moment was asked for."""
        return not self.precedes(created) and (created < self.high if self.high_open else created <= self.high)

    def precedes(self, created: int) -> bool:
        """Tell whether an order of that moment is older than what was asked for."""
        return created <= self.low if self.low_open else created < self.low


def _window(request: Request, now: dt.datetime) -> Window:
    """Return the window of creationDate the request asks for, after checking its width."""
    bounds = {op: _whole(request, f"{CREATED}[${op}]") for op in ("ge", "gt", "le", "lt")}
    low = bounds["ge"] if bounds["ge"] is not None else bounds["gt"]
    if low is None:
        raise Refused(400, "Required filter [orders][creationDate][$ge] is empty.")
    highs = [value for value in (bounds["le"], bounds["lt"]) if value is not None]
    high = min(highs) if highs else int(now.timestamp() * 1000)
    if high - low > MAX_WINDOW_DAYS * DAY_MS:
        actual = math.ceil((high - low) / DAY_MS)
        raise Refused(
            400,
            "Exceeded the maximum difference for the filter[orders][creationDate] (in days). "
            f"Actual [{actual}], max [{MAX_WINDOW_DAYS}].",
        )
    return Window(low, bounds["ge"] is None, high, bounds["lt"] == high)


def _counted(total: int, size: int) -> dict[str, int]:
    return {"pageCount": math.ceil(total / size), "totalCount": total}


def _spoilt(
    wish: Wish, page: list[Order], meta: dict[str, int], before: list[Order], older: list[Order]
) -> tuple[list[Order], dict[str, int]]:
    """Return a page and its counts as bad manners have them; ``older`` are orders from before the window."""
    if wish.asks("leak") and older:
        wish.granted = True
        return [*page, older[int(wish.turn.chance * len(older))]], meta
    if wish.asks("duplicate"):
        wish.granted = True
        return before, meta
    if wish.asks("page_count"):
        wish.granted = True
        by = 1 if wish.turn.chance < 0.5 or not meta["totalCount"] else -1
        return page, {name: count + by for name, count in meta.items()}
    return page, meta


class ShopApi:
    """Answers for whatever life the sandbox currently leads; no page has more orders than ``page_size`` says."""

    def __init__(
        self, life: Callable[[], Life], page_size: Callable[[], int], write: Callable[[Order, str, str | None], None]
    ) -> None:
        self._life, self._page_size, self._write = life, page_size, write
        self.router = APIRouter(prefix="/shop/api/v2")
        for path, handler in (
            ("/orders", self._orders),
            ("/orders/{identity}", self._order),
            ("/orders/{identity}/entries", self._entries),
            ("/orderentries/{identity}", self._entry),
            ("/orderentries/{identity}/product", self._product),
            ("/orderentries/{identity}/deliveryPointOfService", self._entry_point),
            ("/masterproducts/{identity}/merchantProduct", self._merchant_product),
            ("/pointofservices/{identity}", self._point),
            ("/pointofservices/{identity}/city", self._point_city),
            ("/cities", self._cities),
        ):
            self.router.add_api_route(path, self._guarded(handler), methods=["GET"])
        self.router.add_api_route("/orders", self._written, methods=["POST"])

    def _guarded(self, handler: Callable[[Life, Merchant, Request], dict[str, Any]]) -> Callable[[Request], Response]:
        def route(request: Request) -> Response:
            life = self._life()
            try:
                return answer(handler(life, _authorise(life, request), request))
            except Refused as error:
                return refusal(error)

        return route

    # --- what is written to an order

    def _written(self, request: Request, body: Annotated[Any, Body()] = None) -> Response:
        """Do a documented write and answer with the order as it is then."""
        life = self._life()
        try:
            merchant = _authorise(life, request)
            order, status, reason = self._asked(life, merchant, body)
            self._write(order, status, reason)
        except (Refused, WriteRefused) as error:
            return refusal(error if isinstance(error, Refused) else Refused(400, str(error)))
        return answer(payloads.document(payloads.order_resource(merchant, order, life.now)))

    def _asked(self, life: Life, merchant: Merchant, body: Any) -> tuple[Order, str, str | None]:
        try:
            document = orjson.loads(body) if isinstance(body, (bytes, str)) else body
            data = document["data"]
            attributes = data["attributes"]
            kind, identity, status = data["type"], str(data["id"]), str(attributes["status"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise Refused(400, "The body is no document with type, id and attributes.status.") from None
        if kind != "orders":
            raise Refused(400, f"Unknown type [{kind}].")
        order = self._find(life, merchant, payloads.decode(identity))
        if attributes.get("code") not in (None, order.code):
            raise Refused(400, "Order code and id do not belong together.")
        return order, status, attributes.get("cancellationReason")

    # --- orders

    def _orders(self, life: Life, merchant: Merchant, request: Request) -> dict[str, Any]:
        code = request.query_params.get("filter[orders][code]")
        if code:
            found = self._mine(life, merchant, code)
            return self._listed(life, merchant, request, found, _counted(len(found), MAX_PAGE_SIZE))
        number, size = _page(request)
        size = min(size, self._page_size())
        window = _window(request, life.now)
        found = self._matching(life, merchant, request, window.holds)
        page, meta = found[number * size : (number + 1) * size], _counted(len(found), size)
        wish: Wish | None = request.scope.get(WISH)
        if wish is not None:
            older = self._matching(life, merchant, request, window.precedes) if wish.asks("leak") else []
            before = found[(number - 1) * size : number * size]
            page, meta = _spoilt(wish, page, meta, before, older)
        return self._listed(life, merchant, request, page, meta)

    def _mine(self, life: Life, merchant: Merchant, code: str) -> list[Order]:
        order = life.orders.get(code)
        if order is None or order.merchant_id != merchant.merchant_id or order.created_at > life.now:
            return []
        return [order]

    def _matching(
        self, life: Life, merchant: Merchant, request: Request, asked_for: Callable[[int], bool]
    ) -> list[Order]:
        now, query = life.now, request.query_params
        state, status = query.get("filter[orders][state]"), query.get("filter[orders][status]")
        if state and state not in STATES:
            raise Refused(400, f"Unknown value [{state}] of the filter [orders][state].")
        found = []
        for order in list(life.orders.values()):
            if order.merchant_id != merchant.merchant_id or order.created_at > now:
                continue
            if not asked_for(millis(order.created_at)):
                continue
            step = order.step_at(now)
            if (not state or step.state == state) and (not status or step.status == status):
                found.append(order)
        return sorted(found, key=lambda order: (order.created_at, order.code))

    def _listed(
        self, life: Life, merchant: Merchant, request: Request, page: list[Order], meta: dict[str, int]
    ) -> dict[str, Any]:
        wanted = {part.strip() for part in request.query_params.get("include[orders]", "").split(",")}
        included: list[dict[str, Any]] = []
        for order in page:
            if "entries" in wanted:
                included += [payloads.entry_resource(merchant, order, n) for n in range(len(order.lines))]
            if "user" in wanted:
                included.append(payloads.customer_resource(order, life.now))
        return {
            "data": [payloads.order_resource(merchant, order, life.now) for order in page],
            "included": included,
            "meta": meta,
        }

    def _find(self, life: Life, merchant: Merchant, code: str) -> Order:
        found = self._mine(life, merchant, code)
        if not found:
            raise Refused(404, "Order is not found.")
        return found[0]

    def _order(self, life: Life, merchant: Merchant, request: Request) -> dict[str, Any]:
        order = self._find(life, merchant, payloads.decode(request.path_params["identity"]))
        return payloads.document(payloads.order_resource(merchant, order, life.now))

    def _entries(self, life: Life, merchant: Merchant, request: Request) -> dict[str, Any]:
        order = self._find(life, merchant, payloads.decode(request.path_params["identity"]))
        return payloads.document([payloads.entry_resource(merchant, order, n) for n in range(len(order.lines))])

    # --- lines and what hangs on them

    def _place(self, life: Life, merchant: Merchant, request: Request) -> tuple[Order, int]:
        code, _, number = payloads.decode(request.path_params["identity"]).partition("##")
        order = self._find(life, merchant, code)
        if not number.isdigit() or int(number) >= len(order.lines):
            raise Refused(404, "Order entry is not found.")
        return order, int(number)

    def _entry(self, life: Life, merchant: Merchant, request: Request) -> dict[str, Any]:
        return payloads.document(payloads.entry_resource(merchant, *self._place(life, merchant, request)))

    def _product(self, life: Life, merchant: Merchant, request: Request) -> dict[str, Any]:
        order, number = self._place(life, merchant, request)
        return payloads.document(payloads.product_resource(order.lines[number]))

    def _entry_point(self, life: Life, merchant: Merchant, request: Request) -> dict[str, Any]:
        self._place(life, merchant, request)
        return payloads.document(payloads.point_of_service(merchant))

    def _merchant_product(self, life: Life, merchant: Merchant, request: Request) -> dict[str, Any]:
        found = payloads.merchant_product_resource(merchant, payloads.decode(request.path_params["identity"]))
        if found is None:
            raise Refused(404, "Product is not found.")
        return payloads.document(found)

    # --- places

    def _point(self, life: Life, merchant: Merchant, request: Request) -> dict[str, Any]:
        point = payloads.point_of_service(merchant)
        if request.path_params["identity"] != point["id"]:
            raise Refused(404, "Point of service is not found.")
        return payloads.document(point)

    def _point_city(self, life: Life, merchant: Merchant, request: Request) -> dict[str, Any]:
        self._point(life, merchant, request)
        return payloads.document(payloads.city_resource(merchant.shop.city))

    def _cities(self, life: Life, merchant: Merchant, request: Request) -> dict[str, Any]:
        names = list(assortment.CITIES)
        document = payloads.document([payloads.city_resource(name) for name in names])
        return {**document, "meta": {"pageCount": 1, "totalCount": len(names)}}
