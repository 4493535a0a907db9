"""Write to an order at Kaspi: asked for by a supervisor, dry unless it was switched on, sent once, read back.

Every intention and every step is kept. A try whose answer was lost is ``unknown``; it is settled by what the order
shows later and never sent again by itself: the database lets a write be sent once.
"""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Literal, Protocol
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from include.clock import Clock
from include.db.connection import Connection, connect
from include.db.lease import Lease, hold
from include.db.pace import SharedPace
from include.db.statements import run
from include.domain.identity import stable_id
from include.domain.kaspi_writes import MAY_BE_ASKED_AGAIN, RULES, request_of, settled, unsent_end
from include.flows.desk_access import NotAllowed, Refused
from include.kaspi.errors import KaspiError
from include.kaspi.shop_api import ShopSettings
from include.kaspi.writes import Answer, KaspiWrites, ShopWrites

log = logging.getLogger(__name__)
LONGEST_REASON = 500


class MayDo(Protocol):
    """What somebody may do; Airflow said who he is."""

    def may(self, role: Literal["supervisor"], merchant_id: str) -> bool:
        """Tell whether he has the role for the merchant."""
        ...


WritesOf = Callable[[str], AbstractContextManager[KaspiWrites]]
"""Gives the port of a merchant."""


@contextmanager
def writes_to(dsn: str, settings: ShopSettings) -> Iterator[KaspiWrites]:
    """Give the port of one merchant's shop, at the pace that all runs share."""
    with (
        SharedPace(dsn, settings.token, settings.requests_per_second) as pace,
        ShopWrites(settings, pace) as writes,
        pace.lane(),
    ):
        yield writes


def ask(
    conn: Connection,
    staff: MayDo,
    merchant_id: str,
    order_code: str,
    action: str,
    *,
    actor: str,
    reason: str,
    cancellation_reason: str | None = None,
    clock: Clock,
) -> UUID:
    """Keep what a supervisor wants to be written to an order; return the write's id. Nothing is sent yet.

    It stays dry unless the merchant's switch for this action is on. Raises NotAllowed, and Refused for what cannot be
    asked: an order we do not know, goods that have not come back, a write that is not over, one that is done.
    """
    _may_decide(staff, merchant_id, action, actor, reason)
    with conn.transaction():
        order = run(conn, "ops/kaspi_write__order", merchant_id=merchant_id, code=order_code).fetchone()
        if order is None:
            raise Refused("unknown_order", f"{merchant_id} has no order {order_code!r} here")
        if action == "ARRIVED_BACKWARD" and not order["arrived"]:
            raise Refused("nothing_arrived", f"no piece of the order {order_code} was received: scan it first")
        try:
            request = request_of(order["order_id"], order["code"], action, cancellation_reason)
        except ValueError as error:
            raise Refused("wrong_reason", str(error)) from None
        key = {"merchant_id": merchant_id, "order_id": order["order_id"], "action": action}
        last = run(conn, "ops/kaspi_write__last", **key).fetchone()
        if last is not None and last["state"] == "asked":  # and left so: whoever goes on with it now comes second
            _step(conn, dict(last), "not_sent", clock, actor, answer="asked for anew")
        elif last is not None and not last["ended"]:
            raise Refused("still_open", f"{action} of {order_code} was asked for before and is {last['state']}")
        elif last is not None and last["state"] not in MAY_BE_ASKED_AGAIN:
            raise Refused("is_done", f"{action} of {order_code} was done before")
        attempt = last["attempt"] + 1 if last is not None else 1
        kept = run(
            conn,
            "ops/kaspi_write",
            **key,
            write_id=stable_id("kaspi_write", merchant_id, order["order_id"], action, attempt),
            order_code=order["code"],
            attempt=attempt,
            dry_run=not is_live(conn, merchant_id, action),
            request=Jsonb(request),
            actor=actor,
            reason=reason.strip(),
            now=clock.now(),
        ).fetchone()
        if kept is None:
            raise Refused("still_open", f"{action} of {order_code} was asked for by somebody else just now")
        return UUID(str(kept["write_id"]))


def _may_decide(staff: MayDo, merchant_id: str, action: str, actor: str, reason: str) -> None:
    if not staff.may("supervisor", merchant_id):
        raise NotAllowed(f"{actor} is no supervisor for this merchant")
    if action not in RULES:
        raise Refused("unknown_action", f"{action!r} is none of {', '.join(RULES)}")
    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        raise Refused("no_reason", f"say why, in 1 to {LONGEST_REASON} letters")


def is_live(conn: Connection, merchant_id: str, action: str) -> bool:
    """Tell whether the merchant's writes of this action are sent; nobody's are until a supervisor says so."""
    row = run(conn, "ops/kaspi_write_switch__live", merchant_id=merchant_id, action=action).fetchone()
    return bool(row and row["live"])


def switch(
    conn: Connection, staff: MayDo, merchant_id: str, action: str, *, live: bool, actor: str, reason: str, clock: Clock
) -> None:
    """Have the merchant's writes of this action sent from now on, or only kept. Raises NotAllowed, Refused."""
    _may_decide(staff, merchant_id, action, actor, reason)
    with conn.transaction():
        run(
            conn,
            "ops/kaspi_write_switch",
            merchant_id=merchant_id,
            action=action,
            live=live,
            actor=actor,
            reason=reason.strip(),
            now=clock.now(),
        )


def carry_out(dsn: str, writes: KaspiWrites, write_id: UUID, clock: Clock, owner: str, actor: str) -> str:
    """Do what was asked for, as far as that can be done now; return where the write stands.

    Read, send once, read back; each step is kept before the next is taken. A write that was begun before, by whomever,
    is only read back. Raises KaspiError where the order cannot even be read: then nothing was sent.
    """
    with connect(dsn, application="qaitarym kaspi write") as conn:
        write = _one(conn, write_id)
        conn.commit()
        with hold(conn, f"kaspi_write:{write['merchant_id']}:{write['order_id']}", owner) as lease:
            doing = _Doing(lease, writes, _fresh(lease, write_id), clock, actor)
            return doing.settle() if doing.write["sent_at"] else doing.send()


def give_up(conn: Connection, write_id: UUID, clock: Clock, actor: str) -> None:
    """End a write that was asked for and not confirmed, before anything was sent."""
    with conn.transaction():
        write = _one(conn, write_id)
        if not write["ended"] and write["sent_at"] is None:
            _step(conn, write, "not_sent", clock, actor, answer="not confirmed")


def settle_open(
    dsn: str, writes_of: WritesOf, clock: Clock, owner: str, *, merchants: Collection[str] | None = None
) -> dict[str, int]:
    """Read back every write that was begun and has no end, of all merchants or of these; return how many stand where.

    A shop that cannot be read keeps its writes open; the others are settled.
    """
    counts: dict[str, int] = {}
    with connect(dsn, application="qaitarym kaspi write") as conn:
        rows = run(conn, "ops/kaspi_write__open").fetchall()
    for merchant_id in sorted(
        {row["merchant_id"] for row in rows if merchants is None or row["merchant_id"] in merchants}
    ):
        begun = [row["write_id"] for row in rows if row["merchant_id"] == merchant_id]
        try:
            with writes_of(merchant_id) as writes:
                for write_id in begun:
                    state = carry_out(dsn, writes, write_id, clock, owner, "read-back")
                    counts[state] = counts.get(state, 0) + 1
        except KaspiError as error:
            log.warning("%s: %s; its writes stay open", merchant_id, error)
            counts["unread"] = counts.get("unread", 0) + 1
    return counts


def one(conn: Connection, write_id: UUID) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a write where it stands, and its steps. Raises Refused where there is none."""
    return _one(conn, write_id), run(conn, "ops/kaspi_write__steps", write_id=write_id).fetchall()


def listed(conn: Connection, merchants: list[str], shown: int = 100) -> list[dict[str, Any]]:
    """Return the newest writes of these merchants."""
    return run(conn, "ops/kaspi_write__listed", merchants=merchants, shown=shown).fetchall()


class _Doing:
    """One write under its lease."""

    def __init__(self, lease: Lease, writes: KaspiWrites, write: dict[str, Any], clock: Clock, actor: str) -> None:
        self.lease, self.writes, self.write, self.clock, self.actor = lease, writes, write, clock, actor

    def send(self) -> str:
        """Look, send, look again."""
        if self.write["ended"]:
            return str(self.write["state"])
        action = self.write["action"]
        seen = self.writes.status_of(self.write["order_id"])
        with self.lease.transaction() as conn:
            end = unsent_end(action, seen)
            if end is None and self.write["dry_run"]:
                end = "dry_run"
            elif end is None and not is_live(conn, self.write["merchant_id"], action):
                end = "not_possible"  # switched off since it was asked for
            self._step(conn, end or "sending", status_seen=seen)
        if end is not None:
            return end
        answer = self.writes.write(self.write["request"])
        with self.lease.transaction() as conn:
            self._answered(conn, answer)
        if answer.outcome in ("refused", "not_sent"):
            return answer.outcome
        self.write = _fresh(self.lease, self.write["write_id"])
        return self.settle()

    def settle(self) -> str:
        """Read the order back and end the write if that says enough. What was begun by one who died is unknown."""
        if self.write["ended"]:
            return str(self.write["state"])
        seen = self.writes.status_of(self.write["order_id"])
        now = self.clock.now()
        state = str(self.write["state"])
        with self.lease.transaction() as conn:
            if state == "sending":
                state = "unknown"
                self._step(conn, state, answer="whoever sent it stopped before an answer came")
            end = settled(self.write["action"], seen, self.write["sent_at"], now)
            self._step(conn, end or "looked", status_seen=seen)
        return end or state

    def _answered(self, conn: Connection, answer: Answer) -> None:
        self._step(conn, answer.outcome, http_status=answer.status, answer=answer.text or None)

    def _step(self, conn: Connection, step: str, **told: Any) -> None:
        _step(conn, self.write, step, self.clock, self.actor, **told)


def _step(
    conn: Connection,
    write: dict[str, Any],
    step: str,
    clock: Clock,
    actor: str,
    *,
    status_seen: str | None = None,
    http_status: int | None = None,
    answer: str | None = None,
) -> None:
    """Keep the next step of a write as it was read. Raises Refused where somebody took one meanwhile."""
    try:
        run(
            conn,
            "ops/kaspi_write_step",
            write_id=write["write_id"],
            seq=write["steps"] + 1,
            step=step,
            now=clock.now(),
            actor=actor,
            status_seen=status_seen,
            http_status=http_status,
            answer=answer,
        )
    except psycopg.errors.UniqueViolation:
        raise Refused("changed_meanwhile", f"the write {write['write_id']} was gone on with by somebody else") from None
    write["steps"] += 1


def _one(conn: Connection, write_id: UUID) -> dict[str, Any]:
    row = run(conn, "ops/kaspi_write__one", write_id=write_id).fetchone()
    if row is None:
        raise Refused("unknown_write", f"there is no write {write_id}")
    return dict(row)


def _fresh(lease: Lease, write_id: UUID) -> dict[str, Any]:
    with lease.transaction() as conn:
        return _one(conn, write_id)
