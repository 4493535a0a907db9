"""The KPIs, version 1: what each number means, in which unit it is, which direction is good.

A number may not change its meaning without a new version; the version is printed wherever the number is.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

VERSION = 1
WEEKS = 12  # so many past weeks are written by every run


@dataclass(frozen=True, slots=True)
class Definition:
    """One KPI. ``week`` says whose week it is: of the order (cohort), the receipt, or the first sign of a return."""

    name: str
    unit: Literal["share", "hours", "tenge"]
    good: Literal["low", "high"]
    week: Literal["order", "receipt", "signal"]
    horizons: tuple[int, ...] = ()


DEFINITIONS: tuple[Definition, ...] = (
    Definition("return_rate", "share", "low", "order", (14, 30)),
    Definition("return_rate_nowcast", "share", "low", "order", (14, 30)),
    Definition("return_rate_shrunk", "share", "low", "order", (30,)),
    Definition("processing_time_p50", "hours", "low", "receipt"),
    Definition("processing_time_p90", "hours", "low", "receipt"),
    Definition("time_to_sellable_p50", "hours", "low", "receipt"),
    Definition("time_to_sellable_p90", "hours", "low", "receipt"),
    Definition("relisted_share", "share", "high", "receipt"),
    Definition("resale_share", "share", "high", "receipt", (30, 60)),
    Definition("resale_share_value", "share", "high", "receipt", (30, 60)),
    Definition("reverse_logistics_cost", "tenge", "low", "receipt"),
    Definition("reverse_logistics_cost_share", "share", "low", "receipt"),
    Definition("net_recovery", "tenge", "high", "receipt"),
    Definition("reconciled_share", "share", "high", "signal"),
    Definition("claims", "tenge", "low", "receipt"),
    Definition("claims_sent", "tenge", "high", "receipt"),
    Definition("claims_paid", "tenge", "high", "receipt"),
    Definition("claims_lost", "tenge", "low", "receipt"),
)
BY_NAME: dict[str, Definition] = {definition.name: definition for definition in DEFINITIONS}

FEE_UNKNOWN = "units of which a price or the channel's fee is not known are left out"
COST_UNKNOWN = "units of which a cost is not known are left out"
OPEN_LEFT_OUT = "units whose life has not ended are left out"
NOT_REACHED = "not reached by the units received so far"
TOO_FEW = "too few returns to say"
BACKFILLED = "backfilled: first swept after the horizon"


def is_mature(week_start: dt.date, horizon_days: int, today: dt.date) -> bool:
    """Tell whether every day of the week is older than the horizon, so that its number is final but for late facts."""
    return week_start + dt.timedelta(days=7 + horizon_days) <= today


def oldest_rate(horizon_days: int, today: dt.date) -> dt.date:
    """Return the day after which a week of orders must begin for its return rate to be written."""
    return today - dt.timedelta(days=7 * (WEEKS + 1) + horizon_days)


def newest_mature_week(horizon_days: int, today: dt.date) -> dt.date:
    """Return the Monday of the newest week that is mature on the Almaty day ``today``."""
    newest = today - dt.timedelta(days=7 + horizon_days)
    return newest - dt.timedelta(days=newest.weekday())


def last_full_week(today: dt.date) -> dt.date:
    """Return the Monday of the last week that is over on the Almaty day ``today``."""
    return today - dt.timedelta(days=today.weekday() + 7)


def weeks_written(today: dt.date) -> list[dt.date]:
    """Return the Mondays of the last full weeks, oldest first."""
    last = last_full_week(today)
    return [last - dt.timedelta(weeks=back) for back in reversed(range(WEEKS))]
