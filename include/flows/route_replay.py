"""The history of a merchant decided again: what the plain rule leaves and what route by money leaves, side by side.

A comparison and no promise: what nobody did is priced by a model; :data:`ASSUMPTIONS` says what it takes for granted.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.db.connection import Connection
from include.db.statements import run as run_statement
from include.domain.days import almaty_day, begin_of
from include.domain.policy import CHANNELS
from include.flows.routes import History, Settings, history_of, outlook_of, propose, settings_of, terms_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

FEW = 5  # units: below that a merchant's figures say nothing
ASSUMPTIONS = (
    "Each unit is decided with what had happened before the Monday of its week; facts count from when they happened, "
    "not from when they were learned.",
    "What the other route would have brought nobody knows: both rules are priced by one model that is fitted to the "
    "whole history, not by the one that proposed.",
    "A unit sells at a constant rate of its channel, category and product; one that is not sold after the horizon is "
    "disposed of.",
    "Putting more units into a channel makes none of them slower, and no buyer goes from one offer to the other.",
    "A unit's main price is the one it was decided at, else what its buyer had paid, else the newest list's; the "
    "discount and the price list of the work are those that are loaded now.",
)


@dataclass(frozen=True, slots=True)
class Replay:
    """What came out for one merchant, in tenge a unit. ``gain_low`` and ``gain_high`` bound the gain with 80 %.

    ``checked`` units are older than the horizon and took the route they were decided for: of these ``expected_sold``
    and ``expected_net`` are what was expected on their day, ``sold`` and ``net`` what became of them.
    """

    merchant_id: str
    units: int
    differ: int
    plain: int
    money: int
    gain_low: int
    gain_high: int
    moves: dict[tuple[str, str], int]
    checked: int
    expected_sold: float
    sold: float
    expected_net: int
    net: int


def replay(conn: Connection, merchant_id: str, as_of: dt.datetime) -> Replay | None:
    """Decide the merchant's past again; None where there is too little of it. Writes nothing."""
    import numpy as np

    settings = settings_of(conn)
    whole = history_of(conn, merchant_id, as_of, settings)
    plain, money = np.zeros(1), np.zeros(1)
    moves: Counter[tuple[str, str]] = Counter()
    checks: list[tuple[float, bool, int, int]] = []
    units = 0
    for row, then in _decided(conn, merchant_id, as_of, settings):
        choice, estimates = propose(row, then, settings, row["decided_at"])
        judged = {
            route: _net(route, row, whole, settings) for route in {choice.plain, choice.route} if route in CHANNELS
        }
        if choice.plain not in judged or choice.route not in judged:
            continue
        units += 1
        plain, money = plain + judged[choice.plain], money + judged[choice.route]
        if choice.route != choice.plain:
            moves[str(choice.plain), str(choice.route)] += 1
        told = next(one for one in estimates if one.route == row["channel"])
        became = _became(row, then, settings, as_of)
        if became is not None and told.sale_probability is not None and told.net is not None:
            checks.append((told.sale_probability, became[0], told.net, became[1]))
    if units < FEW:
        return None
    low, high = np.quantile((money - plain) / units, [0.1, 0.9])
    return Replay(
        merchant_id,
        units,
        sum(moves.values()),
        round(float(plain.mean()) / units),
        round(float(money.mean()) / units),
        round(float(low)),
        round(float(high)),
        dict(moves),
        len(checks),
        *_mean_of(checks),
    )


def _mean_of(checks: Sequence[tuple[float, bool, int, int]]) -> tuple[float, float, int, int]:
    if not checks:
        return 0.0, 0.0, 0, 0
    expected_sold, sold, expected_net, net = (sum(column) / len(checks) for column in zip(*checks, strict=True))
    return expected_sold, sold, round(expected_net), round(net)


def _decided(
    conn: Connection, merchant_id: str, as_of: dt.datetime, settings: Settings
) -> Iterator[tuple[dict[str, Any], History]]:
    """Yield each decision of the past with what was known when its week began."""
    then: tuple[dt.datetime, History] | None = None
    for row in run_statement(conn, "channel/route__decisions", merchant_id=merchant_id, as_of=as_of).fetchall():
        monday = _monday(row["decided_at"])
        if then is None or then[0] != monday:
            then = (monday, history_of(conn, merchant_id, monday, settings))
        yield row, then[1]


def _monday(moment: dt.datetime) -> dt.datetime:
    day = almaty_day(moment)
    return begin_of(day - dt.timedelta(days=day.weekday()))


def _net(route: str | None, row: dict[str, Any], history: History, settings: Settings) -> "Floats":
    import numpy as np

    outlook = outlook_of(str(route), row, history, settings, row["decided_at"])
    return np.zeros(1) if outlook is None else outlook.net


def _became(row: dict[str, Any], history: History, settings: Settings, as_of: dt.datetime) -> tuple[bool, int] | None:
    """Return whether the unit was sold within the horizon and what was left; None while that is open."""
    horizon = dt.timedelta(days=settings.horizon)
    if row["decided_at"] + horizon > as_of or row["withdrawn_at"] is not None:
        return None
    terms = terms_of(row["channel"], row, history, settings, row["decided_at"])
    if terms is None:
        return None
    sold = row["resold_at"] is not None and row["resold_at"] <= row["decided_at"] + horizon
    if not sold:
        spent = terms.if_sold(settings.horizon) - terms.price + (terms.fee or 0)
        return False, spent - (terms.disposal or 0)
    days = (row["resold_at"] - row["decided_at"]) / dt.timedelta(days=1)
    price = row["sold_for"] or terms.price
    fee = 0 if terms.fee is None else round(terms.fee * price / terms.price)
    return True, terms.if_sold(days) - terms.price + (terms.fee or 0) + price - fee
