"""The truth about the carrier: which pieces he damaged, how badly, and until when that could be claimed."""

import datetime as dt
from typing import Any

from include.sandbox.moments import ALMATY, DAY, HOUR, iso
from include.sandbox.units import Unit

PERCENT = {"packaging": 10, "one_side": 30, "all_round": 100}
DAYS_IN_THE_CITY, DAYS_IN_THE_COUNTRY = 10, 45


def claim(unit: Unit, now: dt.datetime) -> dict[str, Any] | None:
    """Return what could be claimed of the piece as far as anybody can know it by ``now``; None: nothing."""
    if unit.damage is None or unit.order is None or unit.arrives_at is None or unit.arrives_at > now:
        return None
    looked = unit.inspected_at is not None and unit.inspected_at <= now
    if not (unit.act_note or looked):
        return None  # an intact act, and nobody has opened the box
    percent = PERCENT[unit.damage] if looked else None
    price = next(line.price for line in unit.order.lines if line.sku == unit.sku)
    return {
        "percent": percent,
        "tenge": price * percent // 100 if percent else None,
        "until": iso(_until(unit, unit.arrives_at)),
    }


def _until(unit: Unit, arrived: dt.datetime) -> dt.datetime:
    """The day of arrival is the first of the days; without a note on the act there is one day of 24 hours."""
    if not unit.act_note:
        return arrived + 24 * HOUR
    days = DAYS_IN_THE_CITY if unit.same_city else DAYS_IN_THE_COUNTRY
    midnight = arrived.astimezone(ALMATY).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + days * DAY
