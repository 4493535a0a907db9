"""What the desk's page has to know before it works, with a connection or without one."""

import datetime as dt
from collections.abc import Mapping
from itertools import product
from typing import Any

from include.console.desk_files import translated
from include.db.connection import Connection
from include.db.statements import run
from include.domain import money
from include.domain.days import almaty_day
from include.domain.desk import FIRST_OF_ROUTE, LEDGER_STEPS, STEPS
from include.domain.proposal import Answers, propose
from include.domain.staff import NEEDED, ROLES, Staff
from include.domain.unit_life import RULES
from include.flows import costs, desk
from include.locale.desk_labels import FINDINGS, QUEUES, desk_labels
from include.locale.words import Words

# What work of a kind is priced by, and which materials it takes.
WORK: Mapping[str, tuple[str, str]] = {
    "repack": (money.Term.PACKAGING, money.Term.PACKAGING),
    "repair": (money.Term.REPAIR, money.Term.PARTS),
}

# Where goods of a route wait for what is next.
PURPOSES: Mapping[str, str] = {
    "main": "resellable", "resale": "resellable", "off_kaspi": "resellable", "repair": "repair",
    "supplier": "unrecoverable", "write_off": "unrecoverable",
}  # fmt: skip


def setup(
    conn: Connection, staff: Staff, warehouse: str | None, words: Words, now: dt.datetime, up: str
) -> dict[str, Any]:
    """Return who is logged in, what he may do and where, the law of the steps, price list, checklists and texts.

    Raises :class:`desk.NotAllowed` for somebody without any role.
    """
    merchants = [row for row in run(conn, "console/desk_merchants") if staff.may("viewer", row["merchant_id"])]
    if not merchants:
        raise desk.NotAllowed(f"{staff.user_name} has no role")
    warehouses = sorted({store["warehouse"] for row in merchants for store in row["stores"]})
    here = warehouse if warehouse in warehouses else next(iter(warehouses), None)
    return {
        "login": staff.user_name,
        "roles": dict(staff.roles),
        "merchants": merchants,
        "warehouses": warehouses,
        "warehouse": here,
        "language": words.language,
        "texts": translated(words.language),
        "labels": desk_labels(words),
        "levels": list(ROLES),
        "steps": _steps(),
        "first_of_route": dict(FIRST_OF_ROUTE),
        "queue_steps": list(QUEUES),
        "purposes": dict(PURPOSES),
        "proposals": _proposals(),
        "defects": _defects(conn, words),
        "prices": {row["merchant_id"]: _prices(conn, row["merchant_id"], here, words, now) for row in merchants},
        "zones": [without_units(zone) for zone in desk.zones(conn, staff, here)] if here else [],
        "now": now,
        "login_url": f"{up}../api/v2/auth/login?next=",
        "logout_url": f"{up}../api/v2/auth/logout",
    }


def without_units(zone: dict[str, Any]) -> dict[str, Any]:
    """Return the zone as the page needs it all the time."""
    return {name: zone[name] for name in ("zone", "purpose", "capacity", "occupied")}


def _steps() -> dict[str, Any]:
    """Return the law of the steps that a person can do: from which states, to which, by which role at least."""
    return {
        type_: {
            "from": [state or "" for state in RULES[type_].sources],
            "to": RULES[type_].target,
            "role": NEEDED[step],
        }
        for step in STEPS
        for type_ in LEDGER_STEPS.get(step, (step,))
        if type_ in RULES
    }


def _proposals() -> dict[str, dict[str, dict[str, str]]]:
    """Return what is proposed, by finding and the four answers in the order of the checklist, 1 for yes."""
    return {
        finding: {
            "".join("01"[yes] for yes in answers): {"grade": found.grade, "route": found.route}
            for answers in product((False, True), repeat=4)
            for found in (propose(Answers(*answers, finding)),)
        }
        for finding in FINDINGS
    }


def _defects(conn: Connection, words: Words) -> dict[str, list[dict[str, str | None]]]:
    """Return the defects by category; those of ``*`` are asked for of everything."""
    found: dict[str, list[dict[str, str | None]]] = {}
    for row in run(conn, "console/desk_defects"):
        defect = {"code": row["code"], "finding": row["finding"], "name": row[f"name_{words.language}"]}
        found.setdefault(row["category"], []).append(defect)
    return found


def _prices(
    conn: Connection, merchant_id: str, warehouse: str | None, words: Words, now: dt.datetime
) -> dict[str, dict[str, Any]]:
    """Return what work costs by today's price list, in tenge: once, a minute, and each material a piece."""
    rates, day = costs.price_list(conn, merchant_id), almaty_day(now)

    def amount(term: str, per: str) -> int:
        rate = money.in_force(rates, merchant_id, warehouse, term, per, "", day)
        return (rate.amount or 0) if rate else 0

    known = money.materials(rates, merchant_id, warehouse, day)
    return {
        work: {
            "once": amount(term, money.Per.EVENT),
            "minute": amount(term, money.Per.MINUTE),
            "materials": [
                {"code": one.code, "name": one.names.get(words.language, one.code), "price": one.amount}
                for one in known
                if one.term == uses
            ],
        }
        for work, (term, uses) in WORK.items()
    }
