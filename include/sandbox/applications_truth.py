"""The truth about applications: what the cabinet shows by the clock, and what it makes certain."""

import datetime as dt
from typing import Any

from include.sandbox.applications import Application
from include.sandbox.moments import iso
from include.sandbox.orders import Order
from include.sandbox.world import World


def filed(world: World, now: dt.datetime) -> list[Application]:
    """Return the applications filed by ``now``, oldest first."""
    return [application for application in world.applications if application.created_at <= now]


def told(application: Application, now: dt.datetime) -> dict[str, Any]:
    """Return an application as it stands at ``now``; labels only of the pieces that are there."""
    stage = application.reached(now)[-1]
    return {
        "application_number": application.number,
        "merchant_id": application.merchant_id,
        "order_code": application.order.code,
        "sku": application.line.sku,
        "master_code": application.line.master_code,
        "quantity": len(application.units),
        "reason_code": application.reason_code,
        "reason_text": application.reason_text,
        "created_at": iso(application.created_at),
        "tab": stage.tab,
        "step": stage.step,
        "step_at": iso(stage.at),
        "return_label": application.return_label,
        "status_tells": application.status_tells,
        "unit_labels": [unit.label for unit in application.units if unit.arrives_at and unit.arrives_at <= now],
    }


def counted(applications: list[Application], signalled: list[Order]) -> dict[str, int]:
    """Count what a reader of both the statuses and the file of applications is certain of.

    A piece is certain when an application names it, or when the status speaks of an order of one line and one
    piece. An order with applications says by them what comes back, so its status adds nothing.
    """
    named = {application.order.code for application in applications}
    by_status = [order for order in signalled if order.code not in named]
    pieces = sum(len(application.units) for application in applications)
    return {
        "applications": len(applications),
        "application_pieces": pieces,
        "requested_with_applications": pieces + sum(order.certain for order in by_status),
        "unquantified_with_applications": sum(not order.certain for order in by_status),
    }
