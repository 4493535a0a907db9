"""The parts of the Shop API's payloads that we read, typed. Unknown fields and unknown values pass.

msgspec reads them from bytes: what we do not name is skipped, never built. An error names the field, not its value.
"""

from typing import Annotated, Any

from msgspec import Meta, Raw, Struct

# Milliseconds of 2010 and 2100: seconds, the year 9999 and epoch 0 are errors, not guesses.
Milliseconds = Annotated[float, Meta(ge=1_262_304_000_000, le=4_102_444_800_000)]
Tenge = Annotated[float, Meta(ge=0, le=1_000_000_000_000)]
Text = str | int
# What rows are found by: no index takes a text of any length.
Key = Annotated[str, Meta(min_length=1, max_length=200)] | int
# What is counted by: a name of a city or a category, and no essay.
Name = Annotated[str, Meta(max_length=200)]


class _Part(Struct, gc=False):
    """A part of a payload; what Kaspi sends beside the named fields is passed over."""


def whole_tenge(price: float | None, field: str) -> int | None:
    """Return a price as whole tenge, though the payload writes 5990.0. Raises ValueError for a fraction."""
    if price is None:
        return None
    whole = int(price)
    if price != whole:
        raise ValueError(f"{field} is not a whole number of tenge")
    return whole


def text(value: Text | None) -> str | None:
    """Return a field that is a text, though some payloads write it as a number."""
    return None if value is None else str(value)


class City(_Part):
    """A city of the directory."""

    name: Name | None = None


class OriginAddress(_Part):
    """The store the order leaves from."""

    displayName: Text | None = None  # noqa: N815 (Kaspi's spelling)
    city: City | None = None


class Delivery(_Part):
    """Kaspi Доставка's part of an order."""

    waybillNumber: Annotated[str, Meta(max_length=200)] | int | None = None  # noqa: N815
    courierTransmissionDate: Milliseconds | None = None  # noqa: N815
    returnedToWarehouse: bool | None = None  # noqa: N815
    firstMileCourier: Any = None  # noqa: N815

    @property
    def carrier(self) -> str:
        """Return who carries the order."""
        courier = self.firstMileCourier
        if isinstance(courier, dict):
            courier = courier.get("name") or courier.get("companyName")
        return str(courier) if courier else "Kaspi Доставка"


class Address(_Part):
    """Where the order goes; only the town is kept."""

    town: Name | None = None


class Order(_Part):
    """An order's attributes; older payloads carry the delivery fields at the top level."""

    code: Key
    state: Annotated[str, Meta(min_length=1)]
    status: Annotated[str, Meta(min_length=1)]
    totalPrice: Tenge  # noqa: N815
    creationDate: Milliseconds  # noqa: N815
    deliveryCostForSeller: Tenge | None = None  # noqa: N815
    paymentMode: str | None = None  # noqa: N815
    deliveryMode: str | None = None  # noqa: N815
    plannedDeliveryDate: Milliseconds | None = None  # noqa: N815
    cancellationReason: str | None = None  # noqa: N815
    pickupPointId: Text | None = None  # noqa: N815
    originAddress: OriginAddress | None = None  # noqa: N815
    deliveryAddress: Address | None = None  # noqa: N815
    kaspiDelivery: Delivery | None = None  # noqa: N815
    waybillNumber: Annotated[str, Meta(max_length=200)] | int | None = None  # noqa: N815
    courierTransmissionDate: Milliseconds | None = None  # noqa: N815
    returnedToWarehouse: bool | None = None  # noqa: N815

    @property
    def delivery(self) -> Delivery:
        """Return the delivery fields, wherever the payload carries them."""
        return self.kaspiDelivery or Delivery(
            self.waybillNumber, self.courierTransmissionDate, self.returnedToWarehouse
        )

    @property
    def store_id(self) -> str | None:
        """Return the store: the pickup point's id less the merchant's prefix (``<merchant>_PP1`` → ``PP1``)."""
        if self.pickupPointId:
            return str(self.pickupPointId).rsplit("_", 1)[-1]
        return text(self.originAddress.displayName) if self.originAddress else None

    @property
    def city(self) -> str | None:
        """Return the town the order goes to, without its «г.»."""
        town = self.deliveryAddress.town if self.deliveryAddress else None
        if not town and self.originAddress and self.originAddress.city:
            town = self.originAddress.city.name
        return town.removeprefix("г.").strip() if town else None


class EntryOffer(_Part):
    """The merchant's offer of a line."""

    code: Key
    name: str | None = None


class EntryCategory(_Part):
    """The line's category."""

    title: Name | None = None


class Entry(_Part):
    """An order line's attributes. ``offer`` is missing in some payloads."""

    entryNumber: Annotated[int, Meta(ge=0, le=1_000_000)]  # noqa: N815
    quantity: Annotated[float, Meta(gt=0, le=1_000_000_000)]
    basePrice: Tenge  # noqa: N815
    totalPrice: Tenge  # noqa: N815
    unitType: str | None = None  # noqa: N815
    weight: Annotated[float, Meta(ge=0, le=1_000_000_000)] | None = None
    category: EntryCategory | None = None
    offer: EntryOffer | None = None


class Reference(_Part):
    """A pointer to another resource."""

    id: Key


class References(_Part):
    """The resources a relationship names, where it names any."""

    data: list[Reference] | None = None


class Relationships(_Part):
    """What an order hangs together with."""

    entries: References | None = None


class OrderResource(_Part):
    """An order as a page lists it."""

    id: Key
    attributes: Order
    relationships: Relationships | None = None

    @property
    def tells_of_lines(self) -> bool:
        """Return whether the order has a relation to its lines at all, be it a link only."""
        return self.relationships is not None and self.relationships.entries is not None

    @property
    def entry_ids(self) -> list[str]:
        """Return the ids of the lines that the order names; none where it names none."""
        entries = self.relationships.entries if self.relationships else None
        return [str(one.id) for one in entries.data or ()] if entries else []


class EntryResource(_Part):
    """An order line as a page includes it."""

    id: Key
    attributes: Entry


class Identified(_Part):
    """What every resource has."""

    id: Key


class Counts(_Part):
    """How many pages and orders a list has."""

    pageCount: int | None = None  # noqa: N815
    totalCount: int | None = None  # noqa: N815


class Document(_Part):
    """A list of orders, each still as the bytes that came: a poisoned one then harms only itself."""

    data: list[Raw] | None = None
    included: list[Raw] | None = None
    meta: Counts | None = None


class Single(_Part):
    """One order under its own path."""

    data: Raw = Raw(b"null")
