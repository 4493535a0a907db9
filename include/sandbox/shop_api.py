"""The Kaspi Shop API as of the sandbox's clock: read operations with their rules and error texts."""

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from include.sandbox import assortment
from include.sandbox import shop_payloads as payloads
from include.sandbox.catalogue import Merchant
from include.sandbox.life import Life
from include.sandbox.moments import millis
from include.sandbox.orders import Order

MEDIA_TYPE = "application/vnd.api+json"
MAX_PAGE_SIZE = 100
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


def _window(request: Request, now: dt.datetime) -> Callable[[int], bool]:
    """Return the test of creationDate the request asks for, after checking its width."""
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

    def inside(created: int) -> bool:
        above = created > low if bounds["ge"] is None else created >= low
        return above and created <= high and (bounds["lt"] is None or created < bounds["lt"])

    return inside


class ShopApi:
    """Answers for whatever life the sandbox currently leads."""

    def __init__(self, life: Callable[[], Life]) -> None:
        self._life = life
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

    def _guarded(self, handler: Callable[[Life, Merchant, Request], dict[str, Any]]) -> Callable[[Request], Response]:
        def route(request: Request) -> Response:
            life = self._life()
            try:
                return answer(handler(life, _authorise(life, request), request))
            except Refused as error:
                return refusal(error)

        return route

    # --- orders

    def _orders(self, life: Life, merchant: Merchant, request: Request) -> dict[str, Any]:
        code = request.query_params.get("filter[orders][code]")
        if code:
            return self._listed(life, merchant, request, self._mine(life, merchant, code), 0, MAX_PAGE_SIZE)
        number, size = _page(request)
        return self._listed(life, merchant, request, self._matching(life, merchant, request), number, size)

    def _mine(self, life: Life, merchant: Merchant, code: str) -> list[Order]:
        order = life.orders.get(code)
        if order is None or order.merchant_id != merchant.merchant_id or order.created_at > life.now:
            return []
        return [order]

    def _matching(self, life: Life, merchant: Merchant, request: Request) -> list[Order]:
        now, query = life.now, request.query_params
        inside = _window(request, now)
        state, status = query.get("filter[orders][state]"), query.get("filter[orders][status]")
        if state and state not in STATES:
            raise Refused(400, f"Unknown value [{state}] of the filter [orders][state].")
        found = []
        for order in list(life.orders.values()):
            if order.merchant_id != merchant.merchant_id or order.created_at > now:
                continue
            if not inside(millis(order.created_at)):
                continue
            step = order.step_at(now)
            if (not state or step.state == state) and (not status or step.status == status):
                found.append(order)
        return sorted(found, key=lambda order: (order.created_at, order.code))

    def _listed(
        self, life: Life, merchant: Merchant, request: Request, found: list[Order], number: int, size: int
    ) -> dict[str, Any]:
        page = found[number * size : (number + 1) * size]
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
            "meta": {"pageCount": math.ceil(len(found) / size), "totalCount": len(found)},
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
