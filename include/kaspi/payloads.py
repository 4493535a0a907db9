"""The parts of the Shop API's payloads that we read, typed. Unknown fields and unknown values pass."""

import datetime as dt
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

EARLIEST = dt.datetime(2010, 1, 1, tzinfo=dt.UTC)
LATEST = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


def _moment(value: Any) -> dt.datetime | None:
    """Read epoch milliseconds; seconds, text and impossible years are errors, not guesses."""
    if value is None or isinstance(value, dt.datetime):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is not a time in milliseconds")  # noqa: TRY004 (pydantic turns only ValueErrors into its own)
    try:
        moment = dt.datetime.fromtimestamp(value / 1000, dt.UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise ValueError(f"{value!r} is not a time in milliseconds") from error
    if not EARLIEST <= moment <= LATEST:
        raise ValueError(f"{value!r} ms is {moment:%Y-%m-%d}, outside the years an order can have")
    return moment


def _tenge(value: Any) -> int | None:
    """Read a price: whole tenge, though the payload writes 5990.0."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise ValueError(f"{value!r} is not a whole number of tenge")
    return int(value)


Moment = Annotated[dt.datetime, BeforeValidator(_moment)]
Tenge = Annotated[int, BeforeValidator(_tenge), Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)


class City(_Part):
    """A city of the directory."""

    name: str | None = None


class OriginAddress(_Part):
    """The store the order leaves from."""

    displayName: str | None = None  # noqa: N815 (Kaspi's spelling)
    city: City | None = None


class Delivery(_Part):
    """Kaspi Доставка's part of an order."""

    waybillNumber: str | None = None  # noqa: N815
    courierTransmissionDate: Moment | None = None  # noqa: N815
    returnedToWarehouse: bool | None = None  # noqa: N815
    firstMileCourier: Any = None  # noqa: N815
    express: bool | None = None


class Address(_Part):
    """Where the order goes; only the town is kept."""

    town: str | None = None


class Order(_Part):
    """An order's attributes; older payloads carry the delivery fields at the top level."""

    code: str = Field(min_length=1)
    state: str = Field(min_length=1)
    status: str = Field(min_length=1)
    totalPrice: Tenge  # noqa: N815
    creationDate: Moment  # noqa: N815
    deliveryCostForSeller: Tenge | None = None  # noqa: N815
    paymentMode: str | None = None  # noqa: N815
    deliveryMode: str | None = None  # noqa: N815
    plannedDeliveryDate: Moment | None = None  # noqa: N815
    cancellationReason: str | None = None  # noqa: N815
    pickupPointId: str | None = None  # noqa: N815
    originAddress: OriginAddress | None = None  # noqa: N815
    deliveryAddress: Address | None = None  # noqa: N815
    kaspiDelivery: Delivery | None = None  # noqa: N815
    waybillNumber: str | None = None  # noqa: N815
    courierTransmissionDate: Moment | None = None  # noqa: N815
    returnedToWarehouse: bool | None = None  # noqa: N815

    @property
    def delivery(self) -> Delivery:
        """Return the delivery fields, wherever the payload carries them."""
        return self.kaspiDelivery or Delivery(
            waybillNumber=self.waybillNumber,
            courierTransmissionDate=self.courierTransmissionDate,
            returnedToWarehouse=self.returnedToWarehouse,
        )

    @property
    def store_id(self) -> str | None:
        """Return the store: the pickup point's id less the merchant's prefix (``<merchant>_PP1`` → ``PP1``)."""
        if self.pickupPointId:
            return self.pickupPointId.rsplit("_", 1)[-1]
        return self.originAddress.displayName if self.originAddress else None

    @property
    def city(self) -> str | None:
        """Return the town the order goes to, without its «г.»."""
        town = self.deliveryAddress.town if self.deliveryAddress else None
        if not town and self.originAddress and self.originAddress.city:
            town = self.originAddress.city.name
        return town.removeprefix("г.").strip() if town else None

    @property
    def carrier(self) -> str:
        """Return who carries the order."""
        courier = self.delivery.firstMileCourier
        if isinstance(courier, dict):
            courier = courier.get("name") or courier.get("companyName")
        return str(courier) if courier else "Kaspi Доставка"


class EntryOffer(_Part):
    """The merchant's offer of a line."""

    code: str
    name: str | None = None


class EntryCategory(_Part):
    """The line's category."""

    code: str | None = None
    title: str | None = None


class Entry(_Part):
    """An order line's attributes. ``offer`` is missing in some payloads."""

    entryNumber: int = Field(ge=0)  # noqa: N815
    quantity: float = Field(gt=0)
    basePrice: Tenge  # noqa: N815
    totalPrice: Tenge  # noqa: N815
    unitType: str | None = None  # noqa: N815
    weight: float | None = None
    category: EntryCategory | None = None
    offer: EntryOffer | None = None
