"""The truth, in two parts: what the world did, and what followed from the price lists we published."""

import datetime as dt
from collections import Counter
from dataclasses import asdict
from typing import Any

from include.sandbox import applications_truth, assortment, claims_truth
from include.sandbox.buyer import Pull, View
from include.sandbox.life import Life
from include.sandbox.moments import DAY, iso
from include.sandbox.observed import returned_parts
from include.sandbox.price_list import BadPriceList, read
from include.sandbox.units import Unit

LOST_AFTER = 45 * DAY
WAYS_OUT = ("written_off", "to_supplier", "disposed", "returned_to_buyer")


def _by(moment: dt.datetime | None, now: dt.datetime) -> bool:
    return moment is not None and moment <= now


def world_truth(life: Life) -> dict[str, Any]:
    """Return what the world did up to its clock."""
    now = life.now
    known = [unit for unit in life.world.units if _known(unit, now)]
    return {
        "as_of": iso(now),
        "seed": life.world.seed,
        "reading": life.world.reading,
        "merchants": {merchant_id: _merchant(life, merchant_id, known) for merchant_id in life.world.merchants},
        "units": [_unit(unit, now) for unit in known],
        "applications": [applications_truth.told(one, now) for one in applications_truth.filed(life.world, now)],
        "planted": _planted(life, known),
    }


def _known(unit: Unit, now: dt.datetime) -> bool:
    """A unit is part of the truth once its order's status tells of it or it stands at the dock."""
    return _by(unit.arrives_at, now) or (unit.requested and _by(unit.signalled_at, now))


def _merchant(life: Life, merchant_id: str, known: list[Unit]) -> dict[str, Any]:
    now = life.now
    orders = [o for o in life.orders.values() if o.merchant_id == merchant_id and o.created_at <= now]
    signalled = [order for order in orders if order.signals_by(now)]
    units = [unit for unit in known if unit.merchant_id == merchant_id]
    received = [unit for unit in units if _by(unit.arrives_at, now)]
    applications = [one for one in applications_truth.filed(life.world, now) if one.merchant_id == merchant_id]
    return {
        "orders": len(orders),
        "order_lines": sum(len(order.lines) for order in orders),
        "cases_signalled": len(signalled),
        "requested_certain": sum(order.certain for order in signalled),
        "unquantified": sum(not order.certain for order in signalled),
        **applications_truth.counted(applications, signalled),
        "received": len(received),
        "return_kinds": dict(sorted(Counter(unit.kind for unit in received).items())),
        "inspected": sum(_by(unit.inspected_at, now) for unit in received),
        "qc_passed": sum(_by(unit.qc_at, now) for unit in received),
        "restocked_by_previous_system": sum(_by(unit.listed_at, now) for unit in received),
        "awaiting_restock": _awaiting(received, now),
        "resold_by_previous_system": sum(_by(u.sold_at, now) and _sold_before(life, u) for u in received),
        **{way: sum(u.ended_as == way and _by(u.ended_at, now) for u in received) for way in WAYS_OUT},
        "lost": sum(unit.arrives_at is None for unit in units),
        "lost_over_45_days": sum(not u.arrives_at and _by(u.signalled_at, now - LOST_AFTER) for u in units),
        "unexpected": sum(unit.order is None for unit in received),
        "without_request": sum(unit.order is not None and not unit.requested for unit in received),
        "wrong_item": sum(_is_wrong(unit) and _by(unit.inspected_at, now) for unit in received),
        "missing_from_parcel": sum(unit.missing_from_parcel for unit in units),
        "duplicate_scans": _duplicate_scans(life, merchant_id),
    }  # fmt: skip


def _awaiting(received: list[Unit], now: dt.datetime) -> dict[str, int]:
    """Count the units the previous system did not list: they wait for the pipeline, by channel."""
    waiting = [unit for unit in received if _by(unit.qc_at, now) and unit.listed_at is None]
    return dict(sorted(Counter(unit.channel or "" for unit in waiting).items()))


def _sold_before(life: Life, unit: Unit) -> bool:
    """Tell a sale of the script from one that a price list of ours brought about."""
    return unit.sale is None or unit.sale.created_at < life.world.span.start_of_life


def _is_wrong(unit: Unit) -> bool:
    return unit.inspection is not None and unit.inspection.finding == "wrong_item"


def _duplicate_scans(life: Life, merchant_id: str) -> int:
    """Count receipts of a label that had been received before, under another event id."""
    scans = {
        (event.unit_label, event.event_id)
        for event in life.world.events
        if event.type == "received" and event.merchant_id == merchant_id and event.recorded_at <= life.now
    }
    return len(scans) - len({label for label, _ in scans})


def _unit(unit: Unit, now: dt.datetime) -> dict[str, Any]:
    seen = unit.inspection if _by(unit.inspected_at, now) else None
    return {
        "unit_label": unit.label if _by(unit.arrives_at, now) else None,
        "merchant_id": unit.merchant_id,
        "order_code": unit.order.code if unit.order else None,
        "sku": unit.sku,
        "kind": unit.kind,
        "requested": unit.requested,
        "true_cause": unit.cause,
        "stated_reason": unit.stated_reason,
        "finding": seen.finding if seen else None,
        "grade": seen.grade if seen else None,
        "route": seen.route if seen else None,
        "channel": unit.channel if _by(unit.qc_at, now) else None,
        "offer_sku": unit.offer_sku if _by(unit.qc_at, now) else None,
        "claim": claims_truth.claim(unit, now),
        "state": unit.state_at(now),
        "sold_in": unit.sale.code if unit.sale and _by(unit.sold_at, now) else None,
        **{
            name: iso(moment) if _by(moment, now) else None
            for name, moment in (
                ("signalled_at", unit.signalled_at), ("received_at", unit.arrives_at),
                ("inspected_at", unit.inspected_at), ("qc_at", unit.qc_at), ("listed_at", unit.listed_at),
                ("sold_at", unit.sold_at), ("closed_at", unit.ended_at),
            )
        },
    }  # fmt: skip


def _planted(life: Life, known: list[Unit]) -> dict[str, Any]:
    """Name the facts that were put into the world on purpose, for an analysis to find."""
    since, now = life.world.span.signals_from, life.now
    return {
        "since": iso(since),
        "defective_batch": {
            "merchant_id": "almaty_tech", "batch": assortment.DEFECTIVE_BATCH,
            "supplier": assortment.DEFECTIVE_SUPPLIER, "reason": "defective",
            **_raised(life, known, lambda product: product.batch == assortment.DEFECTIVE_BATCH),
        },
        "misleading_category": {
            "merchant_id": "sary_kids", "category": assortment.MISLEADING_SHELF,
            "reasons": ["does_not_fit", "not_as_described"],
            **_raised(life, known, lambda product: product.category == assortment.MISLEADING_SHELF),
        },
        "lost": [u.order.code for u in known if u.order and not (u.arrives_at or u.missing_from_parcel)],
        "missing_from_parcel": [u.order.code for u in known if u.missing_from_parcel and u.order],
        "unexpected": [u.label for u in known if u.order is None],
        "without_request": [u.label for u in known if u.order and not u.requested],
        "applications_without_status": [
            application.number for application in applications_truth.filed(life.world, now)
            if not application.status_tells
        ],
        "applications_of_two": [
            application.number for application in applications_truth.filed(life.world, now)
            if len(application.units) > 1
        ],
        "wrong_items": [u.label for u in known if _is_wrong(u) and _by(u.inspected_at, now)],
        "sold_out_skus": [
            [p.merchant_id, p.sku]
            for merchant in life.world.merchants.values()
            for p in merchant.products.values()
            if p.dry
        ],
    }  # fmt: skip


def _raised(life: Life, known: list[Unit], belongs: Any) -> dict[str, int]:
    """Count what was sold and what came back of a planted group since it was planted."""
    since = life.world.span.signals_from
    sold = back = 0
    for order in life.orders.values():
        if since <= order.created_at <= life.now:
            products = life.world.merchants[order.merchant_id].products
            sold += sum(line.quantity for line in order.lines if line.sku in products and belongs(products[line.sku]))
    for unit in known:
        product = life.world.merchants[unit.merchant_id].products[unit.sku]
        back += bool(unit.order and unit.order.created_at >= since and belongs(product))
    return {"pieces_sold": sold, "pieces_returned": back}


def listings_truth(life: Life) -> dict[str, Any]:
    """Return what followed from the price lists pulled so far."""
    return {
        "as_of": iso(life.now),
        "pulls": [_pull(life, pull) for pull in life.pulls],
        "sales": [_sale(sale.__dict__, life.now) for sale in life.sales if sale.ordered_at <= life.now],
        "merchants": {merchant_id: _followed(life, merchant_id) for merchant_id in life.world.merchants},
    }


def _followed(life: Life, merchant_id: str) -> dict[str, int]:
    now = life.now
    sales = [sale for sale in life.sales if sale.merchant_id == merchant_id and sale.ordered_at <= now]
    returned = [sale for sale in sales if not sale.from_base]
    return {
        "units_observed": life.observed.additions(merchant_id),
        "units_resold": sum(_by(sale.handed_over_at, now) for sale in returned),
        "units_reserved": sum(sale.stands(now) and not _by(sale.handed_over_at, now) for sale in returned),
        "orders_placed": len(sales),
    }


def _pull(life: Life, pull: Pull) -> dict[str, Any]:
    told = {name: value for name, value in asdict(pull).items() if name not in ("body", "at")}
    return {**told, "pulled_at": iso(pull.at), "offers": _returned_offers(life, pull)}


def _returned_offers(life: Life, pull: Pull) -> dict[str, list[int]]:
    """Return quantity and price of the offers of returned goods in a list that changed."""
    if not pull.changed or pull.body is None:
        return {}
    try:
        view = View(read(pull.body.encode()))
    except BadPriceList:
        return {}
    parts = returned_parts(life.world, life.world.merchants[pull.merchant_id], view, pull)
    return {sku: [quantity, view.offers[sku].price] for sku, quantity in parts.items()}


def _sale(sale: dict[str, Any], now: dt.datetime) -> dict[str, Any]:
    shown = {}
    for name, value in sale.items():
        if isinstance(value, dt.datetime):
            value = iso(value) if value <= now else None
        shown[name] = value
    return shown
