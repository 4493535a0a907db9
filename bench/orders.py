"""The orders of the ingest benchmarks: a pure function of an order's index, rendered as the Shop API renders them.

Orders lie evenly in time, 22,000 to 13 days, the last one at ``END``. Codes and ids follow from the index, so a history
can be made by one SQL statement and still mean the same orders. Buyers are invented; they are there to be removed.
"""

import base64
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

MERCHANTS = ("bench-0", "bench-1")  # each has half of the orders; the DAG fetches merchants side by side
END = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
STEP = dt.timedelta(days=13) / 22_000
STEP_MS = STEP // dt.timedelta(milliseconds=1)
END_MS = int(END.timestamp() * 1000)
FIRST_CODE = 100_000_000
SKUS = 5_000
UNDER_WAY_AT_MOST = 2_000  # the newest orders are not in the archive yet
UNDER_WAY = (
    ("KASPI_DELIVERY", "ACCEPTED_BY_MERCHANT"),
    ("KASPI_DELIVERY", "ACCEPTED_BY_MERCHANT"),
    ("PICKUP", "ACCEPTED_BY_MERCHANT"),
    ("DELIVERY", "ACCEPTED_BY_MERCHANT"),
    ("NEW", "APPROVED_BY_BANK"),
    ("SIGN_REQUIRED", "APPROVED_BY_BANK"),
)
TOWNS = ("Алматы", "Астана", "Шымкент", "Караганда", "Актобе", "Талдыкорган", "Павлодар", "Атырау")
NAMES = ("Марат", "Айгуль", "Ерлан", "Динара", "Сергей", "Мадина", "Арман", "Жанна")

ORDER = (
    '{"id":"%(id)s","type":"orders","attributes":{"code":"%(code)s","creationDate":%(created)d,"totalPrice":%(total)d.0,'
    '"deliveryCostForSeller":%(fee)d.0,"isKaspiDelivery":true,"preOrder":false,"approvedByBankDate":%(approved)d,'
    '"plannedDeliveryDate":%(planned)d,"signatureRequired":false,"status":"%(status)s",'
    '"pickupPointId":"bench_PP%(store)d","state":"%(state)s",%(reason)s"deliveryCost":0.0,"customer":{"id":"%(person)s",'
    '"name":"%(name)s","cellPhone":"7%(phone)09d","firstName":"%(name)s","lastName":"%(name)sов"},'
    '"deliveryAddress":{"streetName":"улица Наурызбай батыра","streetNumber":"%(house)d","town":"%(town)s",'
    '"district":null,"building":null,"apartment":"%(flat)d","formattedAddress":"%(town)s, улица Наурызбай батыра, '
    '%(house)d","latitude":43.240013,"longitude":76.938854},"originAddress":{"id":"U3VscGFrXzcyOTY",'
    '"displayName":"PP%(store)d","city":{"id":"NzUwMDAwMDAw","code":"750000000","name":"Алматы","active":true}},'
    '"kaspiDelivery":{"waybill":"https://kaspi.kz/shop/api/waybill/%(waybill)d",'
    '"courierTransmissionDate":%(handed)s,"courierTransmissionPlanningDate":%(planning)d,"waybillNumber":"%(waybill)d",'
    '"express":false,"returnedToWarehouse":%(back)s,"firstMileCourier":null},"assembled":true,'
    '"deliveryMode":"DELIVERY_PICKUP","paymentMode":"%(payment)s"},"relationships":{"entries":{"data":[%(entries)s]},'
    '"user":{"data":{"id":"%(person)s","type":"customers"}}}}'
)
ENTRY = (
    '{"id":"%(id)s","type":"orderentries","attributes":{"entryNumber":%(number)d,"deliveryCost":0.0,'
    '"quantity":%(quantity)d,"weight":%(weight)d.0,"basePrice":%(price)d.0,"totalPrice":%(total)d.0,'
    '"unitType":"PIECES","category":{"code":"Master - Lids","title":"Крышки для посуды"},"offer":{"code":"%(sku)s",'
    '"isImeiRequired":false,"name":"Крышка стеклянная 28 см (%(sku)s)"}},"relationships":{"product":{"data":'
    '{"id":"%(product)s","type":"masterproducts"}},"deliveryPointOfService":{"data":{"id":"U3VscGFrX1BQMQ",'
    '"type":"pointofservices"}}}}'
)
REFERENCE = '{"id":"%s","type":"orderentries"}'


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order; prices in whole tenge."""

    entry_id: str
    number: int
    sku: str
    quantity: int
    base_price: int


@dataclass(frozen=True, slots=True)
class BenchOrder:
    """What is compared of an order after a run."""

    order_id: str
    code: str
    state: str
    status: str
    created_ms: int
    lines: tuple[Line, ...]

    @property
    def total_price(self) -> int:
        """Return the sum of the lines."""
        return sum(line.quantity * line.base_price for line in self.lines)


@dataclass(frozen=True, slots=True)
class DataSet:
    """``count`` orders from index ``first`` on; every ``changed_every``-th differs from what it was (0: none)."""

    count: int
    first: int = 0
    changed_every: int = 0

    @property
    def beyond(self) -> int:
        """Return the index after the last."""
        return self.first + self.count

    def created_ms(self, index: int) -> int:
        """Return when an order was placed; the order after the last one would be placed at ``END``."""
        return END_MS - (self.beyond - index) * STEP_MS

    def span(self, first: int | None = None, beyond: int | None = None) -> tuple[dt.datetime, dt.datetime]:
        """Return the range of creation times that covers exactly the orders [first, beyond)."""
        begin = self.created_ms(self.first if first is None else first)
        end = self.created_ms((self.beyond if beyond is None else beyond) - 1)
        return moment(begin), moment(end + 1)

    def order(self, index: int) -> BenchOrder:
        """Return an order."""
        code = str(FIRST_CODE + index)
        mixed = mix(index)
        state, status = self._folder(index, mixed)
        lines = tuple(_line(code, number, mix(index * 4 + number + 1)) for number in range(2 if mixed % 10 < 3 else 1))
        return BenchOrder(unpadded(code), code, state, status, self.created_ms(index), lines)

    def _folder(self, index: int, mixed: int) -> tuple[str, str]:
        if self.beyond - index <= min(UNDER_WAY_AT_MOST, self.count // 10):
            return UNDER_WAY[mixed % len(UNDER_WAY)]
        return "ARCHIVE", "RETURNED" if mixed % 50 == 7 else "CANCELLED" if mixed % 25 == 3 else "COMPLETED"

    def orders(self) -> Iterator[tuple[BenchOrder, bytes, bytes]]:
        """Yield every order with its JSON and its lines' JSON (without the brackets of their lists)."""
        for index in range(self.first, self.beyond):
            order = self.order(index)
            yield order, *self.render(order, index)

    def render(self, order: BenchOrder, index: int) -> tuple[bytes, bytes]:
        """Return an order's JSON and the JSON of its lines, joined by commas."""
        mixed = mix(index)
        changed = self.changed_every > 0 and index % self.changed_every == 0
        handed = order.created_ms + 86_400_000
        town, name = TOWNS[mixed % 8], NAMES[mixed // 8 % 8]
        entries = ",".join([REFERENCE % line.entry_id for line in order.lines])
        body = ORDER % {
            "id": order.order_id, "code": order.code, "created": order.created_ms, "total": order.total_price,
            "fee": 895 + changed, "approved": order.created_ms + 700, "planned": order.created_ms + 259_200_000,
            "status": order.status, "store": 1 + mixed % 3, "state": order.state,
            "reason": '"cancellationReason":"BUYER_CANCELLATION_HIMSELF",' if order.status == "CANCELLED" else "",
            "person": unpadded(f"70{mixed % 100_000_000:08d}"), "name": name, "phone": mixed % 1_000_000_000,
            "house": 1 + mixed % 180, "flat": 1 + mixed % 97, "town": town, "waybill": 200_000_000 + index,
            "handed": handed if order.state == "ARCHIVE" and order.status != "CANCELLED" else "null",
            "planning": handed, "back": "true" if order.status == "RETURNED" else "false",
            "payment": "PREPAID" if mixed % 3 else "PAY_WITH_CREDIT", "entries": entries,
        }  # fmt: skip
        lines = [ENTRY % _facts(line) for line in order.lines]
        return body.encode(), ",".join(lines).encode()


def _facts(line: Line) -> dict[str, object]:
    return {
        "id": line.entry_id, "number": line.number, "quantity": line.quantity, "weight": 250 + line.number,
        "price": line.base_price, "total": line.quantity * line.base_price, "sku": line.sku,
        "product": unpadded(line.sku),
    }  # fmt: skip


def _line(code: str, number: int, mixed: int) -> Line:
    sku = f"SKU{mixed % SKUS:06d}"
    return Line(unpadded(f"{code}##{number}"), number, sku, 1 + (mixed % 20 == 0), 990 + mixed % 50_000)


def mix(number: int) -> int:
    """Return a number below 2³² that looks random and is always the same (Knuth's multiplicative hash, folded)."""
    folded = (number * 2_654_435_761 + 97) & 0xFFFFFFFF
    return folded ^ (folded >> 15)


def unpadded(text: str) -> str:
    """Return the ids' form: base64 without its padding."""
    return base64.b64encode(text.encode()).decode().rstrip("=")


def moment(milliseconds: int) -> dt.datetime:
    """Return an instant of the Shop API as an aware time."""
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
