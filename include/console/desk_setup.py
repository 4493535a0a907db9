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
from include.domain.proposal import PURPOSE_OF_ROUTE, Answers, Defect, propose
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

# What a ticked defect weighs in a proposal, each with one that stands for all of its weight; the gravest decides.
WEIGHTS: Mapping[str, tuple[Defect, ...]] = {
    "none": (),
    "wrapping": (Defect("packaging"),),
    "used": (Defect("hygiene"),),
    "worn": (Defect("cosmetic"),),
    "mendable": (Defect("functional", repairable=True),),
    "broken": (Defect("functional"),),
}


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
        "purposes": dict(PURPOSE_OF_ROUTE),
        "weights": list(WEIGHTS),
        "proposals": proposals(),
        "checklists": _checklists(conn, words),
        "prices": {row["merchant_id"]: _prices(conn, row["merchant_id"], here, words, now) for row in merchants},
        "zones": run(conn, "desk/zones", warehouse=here).fetchall(),
        "now": now,
        "login_url": f"{up}../api/v2/auth/login?next=",
        "logout_url": f"{up}../api/v2/auth/logout",
    }


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


def proposals() -> dict[str, dict[str, list[list[str]]]]:
    """Return what is proposed: grade, route and the zone's purpose.

    By finding, the four answers in the order of the checklist (1 for yes), the place of the gravest defect's weight.
    """
    table: dict[str, dict[str, list[list[str]]]] = {}
    for finding, (intact, complete, documents, used) in product(FINDINGS, product((False, True), repeat=4)):
        found = [propose(Answers(intact, complete, documents, used, finding, defects)) for defects in WEIGHTS.values()]
        bits = "".join("01"[yes] for yes in (intact, complete, documents, used))
        table.setdefault(finding, {})[bits] = [[one.grade, one.route, one.zone] for one in found]
    return table


def weight(defect: Defect) -> str:
    """Return what a defect weighs."""
    if defect.kind not in ("functional", "cosmetic"):
        return "used" if defect.kind == "hygiene" else "wrapping"
    if defect.main_part or (defect.kind == "functional" and not defect.repairable):
        return "broken"
    return "mendable" if defect.repairable else "worn"


def _checklists(conn: Connection, words: Words) -> dict[str, list[dict[str, str]]]:
    """Return the defects to ask for, by category, each with what it weighs in a proposal."""
    return {
        category: [
            {
                **{name: one[name] for name in ("code", "name", "finding")},
                "weight": weight(Defect(one["kind"], one["repairable"], one["main_part"])),
            }
            for one in asked["defects"]
        ]
        for category, asked in desk.checklist(conn, None, words.language).items()
    }


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
