"""What polars and pandas read and write alike, through ADBC: Arrow in, Arrow out, by binary COPY both ways.

uuids travel as the 16 bytes that they are. Only the columns that are needed are read; what is small is asked for by a
query of the database's own.
"""

import hashlib
import uuid
from typing import Any

UNITS = """
select uuid_send(unit_id) as unit_id, state, uuid_send(case_id) as case_id, order_id, entry_id, sku, piece, unit_label,
    finding, unexpected, requested_at, received_at, inspected_at, closed_at
from ledger.unit where merchant_id = '{merchant}'
"""
SCANS = """
select uuid_send(unit_id) as unit_id, outcome, occurred_at
from core.warehouse_event
where merchant_id = '{merchant}' and type = 'received' and outcome in ('booked', 'waiting', 'duplicate_scan')
    and unit_id is not null
"""
CASES = """
select uuid_send(case_id) as case_id, entry_id, quantity, status, application_number is not null as applied,
    bool_or(signal_status is not null) over (partition by order_id)
    or case_id in (select case_id from core.application) as told
from core.return_case where merchant_id = '{merchant}'
"""
REPORTS = """
select event.source, event.event_id, event.payload ->> 'order_code' as code, event.payload ->> 'sku' as goods,
    placed.order_id, event.occurred_at as at
from core.warehouse_event as event
left join core.customer_order as placed
    on event.merchant_id = placed.merchant_id and placed.code = event.payload ->> 'order_code'
where event.merchant_id = '{merchant}' and event.type = 'missing_from_parcel' and event.outcome = 'finding'
order by event.payload ->> 'order_code', event.payload ->> 'sku', event.occurred_at, event.event_id
"""
NAMED = """
select uuid_send(unit.unit_id) as unit_id
from ledger.unit
inner join core.warehouse_event as dock on unit.unit_id = dock.unit_id and dock.type = 'received'
inner join core.customer_order as placed
    on dock.merchant_id = placed.merchant_id
    and placed.code = coalesce(dock.payload ->> 'order_code', split_part(dock.payload ->> 'return_label', '-', 1))
inner join core.order_line as line
    on placed.merchant_id = line.merchant_id and placed.order_id = line.order_id and line.sku = unit.sku
where unit.merchant_id = '{merchant}' and unit.unexpected and unit.order_id is null
"""
PLACED = "select order_id, code from core.customer_order where merchant_id = '{merchant}'"
PRICES = "select entry_id, base_price from core.order_line where merchant_id = '{merchant}'"
PRODUCTS = "select sku, cost from core.product where merchant_id = '{merchant}'"

COMING = ["requested", "in_transit", "at_pickup_point"]
ENDS_WITH_THE_PIECE = ["unexpected", "over", "wrong_item", "no_request", "unproven"]
# kind, owner, days until it is due; None: 45 days after the return began
RULES: list[tuple[str, str, int | None]] = [
    ("overdue", "carrier", None), ("short", "carrier", None), ("lost", "carrier", 7), ("unexpected", "warehouse", 7),
    ("over", "merchant", 7), ("wrong_item", "merchant", 3), ("no_request", "merchant", 14), ("unproven", "team", 1),
]  # fmt: skip


def text_of(raw: bytes | None) -> str | None:
    """Return a uuid as it is written."""
    return None if raw is None else str(uuid.UUID(bytes=raw))


def id_of(*facts: Any) -> bytes:
    """Return the id of a difference."""
    return hashlib.md5("/".join(map(str, facts)).encode(), usedforsecurity=False).digest()
