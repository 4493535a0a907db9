"""One physical piece that comes back, and everything that will happen to it."""

import datetime as dt
from dataclasses import dataclass

from include.sandbox.catalogue import resale_sku
from include.sandbox.orders import Order


@dataclass
class Inspection:
    """What the inspector wrote down."""

    packaging_intact: bool
    complete: bool
    documents: bool
    signs_of_use: bool
    defects: tuple[str, ...]
    grade: str
    finding: str
    route: str
    zone: str


@dataclass
class Unit:
    """A piece on its way back. Times may lie in the future; None: it never happens."""

    merchant_id: str
    store_id: str
    order: Order | None
    sku: str
    kind: str
    cause: str
    stated_reason: str | None
    signalled_at: dt.datetime | None
    arrives_at: dt.datetime | None
    hurried: bool = False
    """Arrives with the wave of parcels the carrier had held back; the warehouse works it off at once."""
    pristine: bool = False
    requested: bool = True
    """False: no order status ever speaks of it, only the parcel comes."""
    missing_from_parcel: bool = False
    worn: bool = False
    """The second piece of a line: it comes with the first, and nobody will sell it again."""
    return_label: str | None = None
    """The tracking code on the parcel of a customer return."""
    damage: str | None = None
    """How far the carrier damaged it: packaging, one_side or all_round; None: he did not."""
    act_note: str | None = None
    """What the return act says of damage."""
    same_city: bool = False
    label: str = ""
    inspected_at: dt.datetime | None = None
    inspection: Inspection | None = None
    repaired_at: dt.datetime | None = None
    qc_at: dt.datetime | None = None
    qc_failed_at: dt.datetime | None = None
    channel: str | None = None
    listed_at: dt.datetime | None = None
    sale: Order | None = None
    sold_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    ended_as: str | None = None

    @property
    def offer_sku(self) -> str | None:
        """The offer it is sold under once it has passed QC."""
        if self.channel is None:
            return None
        return self.sku if self.channel == "main" else resale_sku(self.sku)

    def state_at(self, now: dt.datetime) -> str:
        """Return where it stands at ``now``."""
        ends: list[tuple[dt.datetime | None, str]] = [
            (self.ended_at, self.ended_as or ""),
            (self.sold_at, "sold"),
            (self.listed_at, "listed"),
            (self.qc_at, "qc_passed"),
            (self.qc_failed_at, "qc_failed"),
            (self.repaired_at, "repaired"),
            (self.inspected_at, "inspected"),
            (self.arrives_at, "received"),
        ]
        for moment, state in ends:
            if moment is not None and moment <= now:
                return state
        return "lost" if self.arrives_at is None else "coming"
