"""Ids are functions of facts: any re-run makes the same ones."""

import uuid

NAMESPACE = uuid.UUID("6f1c9a52-0a3e-5d8b-9c47-71a17a7a7a31")


def stable_id(kind: str, *facts: object) -> uuid.UUID:
    """Return the id of the thing of ``kind`` that ``facts`` name."""
    return uuid.uuid5(NAMESPACE, "\x1f".join((kind, *map(str, facts))))


def event_id(*facts: object) -> uuid.UUID:
    """Return the idempotency key of an event."""
    return stable_id("event", *facts)


def requested_unit_id(merchant_id: str, entry_id: str, piece: int) -> uuid.UUID:
    """Return the unit of the ``piece``-th certain piece of an order line."""
    return stable_id("unit/line", merchant_id, entry_id, piece)


def scanned_unit_id(source: str, scan_id: str) -> uuid.UUID:
    """Return the unit that is born by a scan."""
    return stable_id("unit/scan", source, scan_id)


def case_id(merchant_id: str, order_id: str, episode: int) -> uuid.UUID:
    """Return the case of one episode of an order."""
    return stable_id("case", merchant_id, order_id, episode)


def discrepancy_id(kind: str, *facts: object) -> uuid.UUID:
    """Return the id of a difference; the same difference seen again is the same row."""
    return stable_id("discrepancy", kind, *facts)
