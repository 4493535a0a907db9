"""Tell buyers that their goods arrived: written down with the booking, sent afterwards, once.

A notice names the case and what is told of the goods. The buyer's address is opened between the two transactions of a
try, handed to the channel and forgotten: it comes into no row, no log, no XCom. Killed anywhere, a sender leaves a
notice that is queued, or one that was begun; and what was begun is repeated only where the channel removes repetitions.
"""

import datetime as dt
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import InvalidToken

from include.db.connection import Connection, connect
from include.db.lease import Lease, LeaseBusy, hold
from include.db.pace import SharedPace
from include.db.statements import run as run_statement
from include.domain.clocks import QuietHours
from include.domain.notices import DECISIONS, Status, Tried, after_try
from include.flows.contacts import Sealer
from include.flows.owed import KIND as OWED_MAIL
from include.flows.owed import tell_merchants
from include.flows.run import Run
from include.flows.settings import setting
from include.flows.weekly_archive import AGAIN as MAIL_AGAIN
from include.flows.weekly_archive import send_what_is_asked
from include.notify.alerts import ALL, clear_alert, raise_alert
from include.notify.channels import Address, Channel, ChannelError
from include.notify.letters import arrived
from include.notify.outbox import MailServer, Sending

log = logging.getLogger(__name__)

BUDGET_SECONDS = 240.0  # of one call; what is left waits for the next run
PATIENCE_SECONDS = 5.0  # another sender is at work on the channel: it sends all
LONGEST_REASON = 500
CHANNEL_UNUSABLE = "notice_channel"


@dataclass(frozen=True, slots=True)
class Outfit:
    """What sending takes of the installation: the key of the contacts, and the channel of a connection's name."""

    sealer: Sealer
    channel: Callable[[str], Channel]


def queue_arrival_notices(conn: Connection, run: Run, merchant_id: str) -> int:
    """Write a notice for every case that received something and whose buyer was not told, in the caller's transaction.

    Only for merchants with notices on, of buyers whose contact is known, and while it is news
    (``ops.setting``: notice_hours). Returns how many are new or tell of more pieces now; again, it writes nothing.
    """
    return run_statement(conn, "ops/notice", merchant_id=merchant_id, now=run.now).rowcount


def tell(
    dsn: str, outfit: Outfit, server: MailServer | None, owner: str, now: dt.datetime
) -> dict[str, dict[str, int]]:
    """Tell the merchants what they owe and the buyers what arrived, send what was asked for again; return the counts.

    ``now`` is the present by the business clock: what a backfill finds is no news. Nothing that cannot be sent is an
    error here; what is stuck is an alert.
    """
    return {
        "merchants": tell_merchants(dsn, server, owner, now),
        "buyers": send_notices(dsn, outfit, owner, now),
        "again": send_what_is_asked(dsn, server, owner, now),
    }


def send_notices(
    dsn: str, outfit: Outfit, owner: str, now: dt.datetime, *, budget_seconds: float = BUDGET_SECONDS
) -> dict[str, int]:
    """Send what is due, channel by channel; return how many notices ended as what.

    ``now`` is the present by the business clock, never a backfill's. A channel that cannot be used raises an alert and
    keeps only its own notices waiting. In quiet hours a channel that wakes people sends nothing.
    """
    deadline = time.monotonic() + budget_seconds
    counts: Counter[str] = Counter()
    with connect(dsn, application="qaitarym notices") as conn:
        with conn.transaction():
            counts["lapsed"] = run_statement(conn, "ops/notice__lapsed", now=now).rowcount
            hours = QuietHours.of_setting(setting(conn, "notice_quiet_hours"))
            connections = [row["connection_id"] for row in run_statement(conn, "ops/notice__channels", now=now)]
        for place, connection_id in enumerate(connections):
            # a slow channel with a long queue leaves the others their share of the time
            share = (deadline - time.monotonic()) / (len(connections) - place)
            try:
                with hold(conn, f"notices:{connection_id}", owner, wait_seconds=PATIENCE_SECONDS) as lease:
                    shift = Shift(lease, dsn, connection_id, now, hours.hold(now), time.monotonic() + share)
                    counts += _over(shift, outfit)
            except LeaseBusy:
                log.info("%s: another sender is at work", connection_id)
        with conn.transaction():
            watch(conn, now, hours)
    log.info("notices: %s", dict(counts))
    return dict(counts)


@dataclass(frozen=True, slots=True)
class Shift:
    """One sender's time at one channel. The lease makes it the only one; ``deadline`` is the machine's clock."""

    lease: Lease
    dsn: str
    connection_id: str
    now: dt.datetime
    quiet: bool
    deadline: float


def _over(shift: Shift, outfit: Outfit) -> Counter[str]:
    """Send what is due over one channel."""
    alert = f"{CHANNEL_UNUSABLE}/{shift.connection_id}"
    try:
        channel = outfit.channel(shift.connection_id)
    except Exception as error:
        # whatever else an error says may hold the connection's secret: its name is enough
        told = str(error) if isinstance(error, ChannelError) else type(error).__name__
        log.error("the channel %s cannot be used: %s", shift.connection_id, told)
        _give_up(shift, deduplicates=False)
        with shift.lease.transaction() as conn:
            message = f"notices wait: the connection {shift.connection_id} cannot be used: {told}"
            raise_alert(conn, alert, ALL, CHANNEL_UNUSABLE, message, shift.now)
        return Counter(no_channel=1)
    with shift.lease.transaction() as conn:
        clear_alert(conn, alert, shift.now)
    counts: Counter[str] = Counter(unknown=_give_up(shift, deduplicates=channel.deduplicates))
    if shift.quiet and channel.keeps_quiet_hours:
        return counts
    with SharedPace(shift.dsn, f"notices/{shift.connection_id}", channel.per_minute / 60) as pace:
        while time.monotonic() < shift.deadline:
            pace.wait()
            row = _begin(shift)
            if row is None:
                break
            counts[_try(shift, row, channel, outfit.sealer)] += 1
    return counts


def _give_up(shift: Shift, *, deduplicates: bool) -> int:
    """Settle what a sender that is gone had begun; return of how many nobody knows whether they arrived."""
    with shift.lease.transaction() as conn:
        row = run_statement(
            conn,
            "ops/notice__give_up",
            connection_id=shift.connection_id,
            now=shift.now,
            deduplicates=deduplicates,
        ).fetchone()
    assert row is not None
    return int(row["unknown"])


def _begin(shift: Shift) -> dict[str, Any] | None:
    with shift.lease.transaction() as conn:
        return run_statement(conn, "ops/notice__begin", connection_id=shift.connection_id, now=shift.now).fetchone()


def _try(shift: Shift, row: dict[str, Any], channel: Channel, sealer: Sealer) -> str:
    """Send one begun notice and write down what became of it; return that."""
    sent = _deliver(row, channel, sealer, shift.now)
    verdict = after_try(
        Status(sent.status),
        sent.code,
        Tried(row["attempts"], row["expires_at"], row["doubtful"]),
        shift.now,
        deduplicates=channel.deduplicates,
    )
    with shift.lease.transaction() as conn:
        run_statement(
            conn,
            "ops/notice__end",
            notice_key=row["notice_key"],
            attempts=row["attempts"],
            status=verdict.status,
            reason=verdict.reason,
            doubtful=verdict.doubtful,
            next_try_at=verdict.next_try_at,
            now=shift.now,
        )
    return verdict.status.value


def _deliver(row: dict[str, Any], channel: Channel, sealer: Sealer, now: dt.datetime) -> Sending:
    """Open the contact and hand the letter to the channel. Nothing of the buyer leaves this function."""
    if row["sealed"] is None:
        return Sending("dead", code="contact_erased")
    try:
        contact = sealer.open(bytes(row["sealed"]))
    except (InvalidToken, ValueError, TypeError):
        return Sending("dead", code="contact_unreadable")
    letter = arrived(row["params"], row["shop"], contact.language or row["locale"], contact.name)
    address = Address(contact.phone, contact.email, contact.telegram)
    return channel.deliver(row["notice_key"], address, letter, now)


def decide(
    conn: Connection, ids: Sequence[int], decision: str, actor: str, now: dt.datetime, reason: str | None = None
) -> int:
    """Settle notices that are unknown or dead: send ``again``, was ``sent``, or ``dismissed`` for a reason.

    Returns how many it was his to decide: one that was never sent cannot be called sent. Raises ValueError for another
    decision, without an actor, and for a dismissal without a reason.
    """
    return _decide(conn, "ops/notice__decide", decision, actor, now, reason, ids=list(ids))


def decide_mails(
    conn: Connection, keys: Sequence[str], decision: str, actor: str, now: dt.datetime, reason: str | None = None
) -> int:
    """Settle mails of the outbox in the same way. One to be sent again goes out with its flow's next run."""
    return _decide(conn, "ops/outbox__decide", decision, actor, now, reason, keys=list(keys))


def _decide(
    conn: Connection, statement: str, decision: str, actor: str, now: dt.datetime, reason: str | None, **chosen: Any
) -> int:
    if decision not in DECISIONS:
        raise ValueError(f"a person decides one of {', '.join(DECISIONS)}, not {decision!r}")
    if not actor.strip():
        raise ValueError("a decision has an actor: say who decides")
    said = (reason or "").strip()[:LONGEST_REASON] or None
    if decision == "dismissed" and said is None:
        raise ValueError("what is dismissed is dismissed for a reason: say which")
    before, becomes = DECISIONS[decision]
    with conn.transaction():
        return run_statement(
            conn,
            statement,
            **chosen,
            action=decision,
            from_statuses=sorted(before),
            status=becomes,
            actor=actor.strip(),
            reason=said,
            now=now,
        ).rowcount


def watch(conn: Connection, now: dt.datetime, hours: QuietHours) -> None:
    """Raise an alert for every merchant whose notices or mails are stuck, and end it where nothing is any more."""
    run_statement(
        conn,
        "ops/notice__stuck",
        now=now,
        quiet=hours.hold(now),
        loud_since=hours.loud_since(now),
        mail_kinds=[OWED_MAIL, MAIL_AGAIN],
    )
