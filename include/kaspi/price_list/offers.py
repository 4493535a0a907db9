"""What a price list says of an offer."""

import re

import msgspec

WHOLE = re.compile(r"[0-9]{1,12}\Z")


class Availability(msgspec.Struct, frozen=True, gc=False):
    """One store of an offer. ``stock_count`` is None where the list gives no whole number."""

    store_id: str
    available: bool
    stock_count: int | None
    pre_order: str | None = None


class Offer(msgspec.Struct, frozen=True, gc=False):
    """One offer. ``position`` counts from 0; ``price`` is in tenge, the lowest city price where it has these."""

    position: int
    sku: str
    model: str | None
    brand: str | None
    price: int | None
    availabilities: tuple[Availability, ...]

    def at(self, store_id: str) -> Availability | None:
        """Return the offer's row for a store; the first one where a dirty list names it twice."""
        return next((one for one in self.availabilities if one.store_id == store_id), None)


def whole(text: str | None) -> int | None:
    """Return a whole number written in plain digits, else None."""
    text = (text or "").strip()
    return int(text) if WHOLE.match(text) else None
