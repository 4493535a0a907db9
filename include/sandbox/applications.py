"""Applications (заявки): what the merchant's cabinet shows of each customer return.

The Shop API does not know them. Everything here is drawn from streams of its own, after the returns, so that
the rest of the world is the same whether somebody reads applications or not.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

from include.sandbox.moments import HOUR, later, stream, within_hours
from include.sandbox.orders import Line, Order
from include.sandbox.returns import STATED, UNKNOWN_CODE
from include.sandbox.units import Unit

TWO_OF_A_LINE = 0.5
"""Of the returned lines of two pieces or more, the share of which a second piece comes back with the first."""
DISPUTED = 0.06
MINUTE = dt.timedelta(minutes=1)

NEW, ON_DELIVERY, WAITING = "Новые", "На доставке", "Ожидают решения"
DISPUTE, CLOSED = "Споры", "Закрытые"
TEXT_OF_CODE = {pair[0]: pair[1] for pair in STATED.values() if len(pair) == 2} | {UNKNOWN_CODE: "Другая причина"}


@dataclass(frozen=True)
class Stage:
    """From ``at`` on (a whole minute) the application stands in this tab, at this step."""

    at: dt.datetime
    tab: str
    step: str


@dataclass(frozen=True)
class Application:
    """One application: one returned line of an order. ``reason_code`` is empty where only the text is shown."""

    number: str
    order: Order
    line: Line
    units: tuple[Unit, ...]
    reason_code: str
    reason_text: str
    stages: tuple[Stage, ...]

    @property
    def merchant_id(self) -> str:
        """Whose goods come back."""
        return self.order.merchant_id

    @property
    def created_at(self) -> dt.datetime:
        """When the buyer filed it."""
        return self.stages[0].at

    @property
    def return_label(self) -> str:
        """The tracking code of the way back."""
        return f"{self.number}-R"

    @property
    def status_tells(self) -> bool:
        """Whether the order's status ever speaks of it."""
        return self.units[0].requested

    def reached(self, now: dt.datetime) -> tuple[Stage, ...]:
        """Return the stages it has reached by ``now``; none before it was filed."""
        return tuple(stage for stage in self.stages if stage.at <= now)


def second_pieces(seed: int, units: Iterable[Unit]) -> list[Unit]:
    """Return the second pieces of some returned lines: they come with the first and are too worn to sell."""
    found = []
    for unit in units:
        if unit.order is None or unit.kind != "customer_return" or unit.cause == "wrong_item" or unit.pristine:
            continue
        drawn = stream(seed, "second piece", unit.order.code, unit.sku).random() < TWO_OF_A_LINE
        if drawn and _line(unit.order, unit.sku).quantity > 1:
            arrives = unit.arrives_at + MINUTE if unit.arrives_at else None
            found.append(replace(unit, arrives_at=arrives, worn=True))
    return found


def file_applications(seed: int, units: Iterable[Unit]) -> list[Application]:
    """Return the applications behind the customer returns, oldest first; tell each unit its return label."""
    by_order: dict[str, list[Unit]] = {}
    for unit in units:
        if unit.order is not None and unit.kind == "customer_return":
            by_order.setdefault(unit.order.code, []).append(unit)
    filed = [application for mine in by_order.values() for application in _of_order(seed, mine)]
    return sorted(filed, key=lambda one: (one.created_at, one.number))


def _of_order(seed: int, units: list[Unit]) -> Iterable[Application]:
    order = units[0].order
    assert order is not None
    returned = [line for line in order.lines if any(unit.sku == line.sku for unit in units)]
    for place, line in enumerate(returned, 1):
        pieces = tuple(unit for unit in units if unit.sku == line.sku)
        number = f"{order.code}-{place}"
        code, text = reason(pieces[0].stated_reason)
        application = Application(number, order, line, pieces, code, text, tuple(_stages(seed, number, pieces[0])))
        for unit in pieces:
            unit.return_label = application.return_label
        yield application


def _line(order: Order, sku: str) -> Line:
    return next(line for line in order.lines if line.sku == sku)


def reason(stated: str | None) -> tuple[str, str]:
    """Return the code and the Russian text behind what the buyer said; of some reasons the code is not known."""
    for code, text in TEXT_OF_CODE.items():
        if stated in (code, text):
            return code, text
    return "", stated or ""


def _stages(seed: int, number: str, unit: Unit) -> Iterable[Stage]:
    """Yield the way of an application: filed, travelling, at Kaspi's counter, to be decided, closed."""
    assert unit.signalled_at is not None
    rng = stream(seed, "application", number)
    filed = _minute(unit.signalled_at)
    sent = _minute(later(rng, filed, 1, 20))
    yield Stage(filed, NEW, "MERCHANT_APPROVAL")
    yield Stage(sent, ON_DELIVERY, "BACKWARD_DELIVERY_BY_KASPI")
    closed = _returned_at(unit)
    if unit.arrives_at is not None:
        waits = rng.uniform(2, 40) * HOUR  # the parcel lies at Kaspi's counter until somebody fetches it
        yield Stage(_minute(max(sent + HOUR, unit.arrives_at - waits)), WAITING, "BACKWARD_DELIVERY_BY_KASPI_FINISHED")
        fetched = _minute(later(rng, unit.arrives_at, 0.2, 3))
        yield Stage(fetched, WAITING, "MERCHANT_DECISION")
        closed = closed or within_hours(later(rng, unit.arrives_at, 36, 96), 9, 20)
        if rng.random() < DISPUTED:
            yield Stage(_minute(fetched + (closed - fetched) / 2), DISPUTE, "MERCHANT_DECISION")
    if closed is not None:
        yield Stage(_minute(closed), CLOSED, "WAITING_PAYMENT")


def _returned_at(unit: Unit) -> dt.datetime | None:
    """Return when the order's status says that the money went back; never for returns it is silent about."""
    assert unit.order is not None
    if not unit.requested:
        return None
    return next((step.at for step in unit.order.steps if step.status == "RETURNED"), None)


def _minute(at: dt.datetime) -> dt.datetime:
    """Cut to the whole minute: the cabinet shows no seconds."""
    return at.replace(second=0, microsecond=0)
