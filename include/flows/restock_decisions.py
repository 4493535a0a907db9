"""Units that passed QC are decided on: through the policy gate to an offer, once; or refused with a reason."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run as run_statement
from include.domain.identity import discrepancy_id, event_id
from include.domain.offer_sku import resale_sku
from include.domain.policy import Condition, Verdict, place
from include.domain.pricing import resale_price
from include.domain.routes import ruled
from include.domain.unit_life import Event
from include.flows import costs
from include.flows.routes import CONDITION, Proposal, Settings, proposals
from include.flows.run import Run

SOURCE = "price_list"
ADDITION_COLUMNS = (
    "unit_id", "decision_seq", "merchant_id", "store_id", "channel", "offer_sku", "quantity", "price", "decided_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about a unit in QC, and by which proposal. ``verdict.channel`` is None for a refusal."""

    unit: dict[str, Any]
    verdict: Verdict
    offer_sku: str
    price: int | None
    proposal: Proposal | None = None
    ruled: bool = False

    @property
    def payload(self) -> dict[str, Any]:
        """Return what the ledger is told: where it goes and why, the proposal and its model, the person's ruling."""
        told = {
            "channel": self.verdict.channel,
            "offer_sku": self.offer_sku,
            "resale_price": self.price,
            "reason": self.verdict.reason,
        }
        if self.proposal is not None:
            told |= {"proposal_id": str(self.proposal.proposal_id), "model": self.proposal.model}
        return told | ({"ruling_id": str(self.unit["ruling_id"])} if self.ruled else {})


def withdraw_in_hand(conn: Connection, merchant_id: str, now: dt.datetime) -> int:
    """Withdraw the units on an offer that somebody works on again, and book what he told; return how many.

    A unit that is looked at, packed or opened after it was offered is on the shelf no more: it passes QC again first.
    """
    rows = run_statement(conn, "channel/addition__in_hand", merchant_id=merchant_id).fetchall()
    events = [
        Event(
            event_id("withdrawn", row["unit_id"], row["decision_seq"]),
            row["unit_id"],
            merchant_id,
            "withdrawn",
            row["occurred_at"],
            actor=row["actor"],
            source=SOURCE,
            payload={"because": row["type"]},
        )
        for row in rows
    ]
    costs.append(conn, merchant_id, events, now)
    return len(events)


def decide(conn: Connection, run: Run, merchant_id: str, settings: Settings) -> int:
    """Put every unit in QC through the policy gate; return how many were decided to go on sale.

    A decision is keyed by the unit and the ``seq`` it was made at, so that it is made once. The routes are compared
    by money first and kept; a person's ruling counts before the proposal.
    """
    # a decision that was taken back since the facts were taken in stands no more: else the unit would stand twice
    run_statement(conn, "channel/addition__withdrawn", merchant_id=merchant_id, now=run.now)
    run_statement(conn, "channel/unit__lock_to_decide", merchant_id=merchant_id)
    units = run_statement(conn, "channel/unit__to_decide", merchant_id=merchant_id).fetchall()
    proposed = proposals(conn, [unit["unit_id"] for unit in units], run.now)
    decisions = [_decide(unit, settings, proposed.get(unit["unit_id"])) for unit in units]
    accepted = {
        event_id("restock_pending", one.unit["unit_id"], one.unit["seq"]): one
        for one in decisions
        if one.verdict.channel
    }
    resale = {one.unit["sku"]: one.offer_sku for one in accepted.values() if one.verdict.channel == "resale"}
    run_statement(
        conn,
        "channel/resale_sku",
        merchant_id=merchant_id,
        skus=list(resale),
        offer_skus=list(resale.values()),
        now=run.now,
    )
    events = [
        Event(
            key,
            one.unit["unit_id"],
            merchant_id,
            "restock_pending",
            run.now,
            actor=one.unit["ruled_by"] if one.ruled else "policy",
            source=SOURCE,
            payload=one.payload,
        )
        for key, one in accepted.items()
    ]
    outcome = costs.append(conn, merchant_id, events, run.now)
    copy_rows(
        conn,
        "channel.addition",
        ADDITION_COLUMNS,
        (_addition(merchant_id, accepted[key], seq, run) for key, seq in outcome.accepted.items() if key in accepted),
    )
    _keep_refusals(conn, run, merchant_id, [one for one in decisions if one.verdict.channel is None])
    return len(outcome.accepted)


def _decide(unit: dict[str, Any], settings: Settings, proposal: Proposal | None) -> Decision:
    verdict, ruling = _verdict(unit, settings, proposal)
    sku, main_price = unit["sku"], unit["main_price"]
    if verdict.channel is None:
        return Decision(unit, verdict, "", None, proposal)
    if sku is None or unit["store_id"] is None:
        missing = "the product" if sku is None else "the store"
        return Decision(unit, Verdict(None, f"{missing} of the unit is not known"), "", None, proposal)
    if verdict.channel == "main":
        offer_sku, price = sku, main_price
    else:
        offer_sku = unit["resale_sku"] or resale_sku(sku)
        price = resale_price(main_price, settings.discount) if main_price else None
        if price is None:
            return Decision(unit, Verdict(None, "no price 5 to 10 % below the main offer is known"), "", None, proposal)
    told = proposal.of(verdict.channel) if proposal else None
    if told is not None and told.refusal == "nothing_left":
        return Decision(unit, Verdict(None, f"selling it for {price} tenge would recover nothing"), "", None, proposal)
    return Decision(unit, verdict, offer_sku, price, proposal, ruling)


def _verdict(unit: dict[str, Any], settings: Settings, proposal: Proposal | None) -> tuple[Verdict, bool]:
    """Return where the unit goes, and whether a person ruled so. Whoever chooses, the policy gate has the last word."""
    condition = Condition(**{name: unit[name] for name in CONDITION})
    if unit["ruled_route"]:
        verdict = place(ruled(condition, unit["ruled_route"]))
        if verdict.channel in (None, unit["ruled_route"]):
            return Verdict(verdict.channel, f"ruled by {unit['ruled_by']}: {unit['ruled_because']}"), True
        return verdict, False
    verdict = place(condition)
    best = proposal.choice.route if proposal else None
    if settings.follows(unit["merchant_id"]) and verdict.channel and best not in (None, verdict.channel):
        return place(ruled(condition, str(best))), False
    return verdict, False


def _addition(merchant_id: str, decision: Decision, seq: int, run: Run) -> tuple[Any, ...]:
    unit, channel = decision.unit, decision.verdict.channel
    counted = unit["base_includes_returns"] and channel != "off_kaspi"
    return (
        unit["unit_id"], seq, merchant_id, unit["store_id"], channel, decision.offer_sku, 0 if counted else 1,
        decision.price, run.now,
    )  # fmt: skip


def _keep_refusals(conn: Connection, run: Run, merchant_id: str, refusals: list[Decision]) -> None:
    run_statement(
        conn,
        "core/discrepancy__refused",
        merchant_id=merchant_id,
        now=run.now,
        discrepancy_ids=[discrepancy_id("restock_refused", one.unit["unit_id"]) for one in refusals],
        unit_ids=[one.unit["unit_id"] for one in refusals],
        reasons=[one.verdict.reason for one in refusals],
        money=[one.unit["main_price"] or 0 for one in refusals],
    )
