"""The only module that asks Airflow for anything: connections, variables, the run that is going on.

Imported inside tasks. Flows get plain values and know nothing of Airflow.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from include.clock import Clock, from_setting
from include.flows.run import Run, open_run

WAREHOUSE = "warehouse_db"
CLOCK_VARIABLE = "qaitarym_clock"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A connection as plain values. ``url`` has no trailing slash."""

    url: str
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    port: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)


def connection(conn_id: str) -> Endpoint:
    """Return the connection ``conn_id``; Airflow's own error names it when it is missing."""
    from airflow.sdk import Connection

    found = Connection.get(conn_id)
    return Endpoint(
        (found.host or "").rstrip("/"), found.login, found.password, found.port, dict(found.extra_dejson or {})
    )


def optional_connection(conn_id: str) -> Endpoint | None:
    """Return the connection ``conn_id``; None where the installation has none of that name."""
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return connection(conn_id)
    except AirflowNotFoundException:
        return None


def warehouse_dsn() -> str:
    """Return the warehouse's libpq connection string."""
    from airflow.sdk import Connection
    from psycopg.conninfo import make_conninfo

    found = Connection.get(WAREHOUSE)
    return make_conninfo(
        host=found.host, port=found.port, user=found.login, password=found.password, dbname=found.schema
    )


def clock() -> Clock:
    """Return the business clock that the installation names; the machine's where it names none."""
    from airflow.sdk import Variable

    return from_setting(Variable.get(CLOCK_VARIABLE, default="system"))


def current_run() -> Run:
    """Return the run of the task that is running, its clock and range fixed by the first task that asks.

    The range comes from the parameters ``from`` and ``to`` (ISO 8601), the clock from the logical date in a
    backfill and from the business clock else.
    """
    from airflow.sdk import get_current_context

    from include.db.connection import connect

    context = get_current_context()
    dag_run = context["dag_run"]
    params = context.get("params") or {}
    with connect(warehouse_dsn()) as conn:
        return open_run(
            conn,
            dag_run.dag_id,
            dag_run.run_id,
            _Fixed(dag_run.logical_date) if str(dag_run.run_type) == "backfill" and dag_run.logical_date else clock(),
            range_from=_moment(params.get("from")),
            range_to=_moment(params.get("to")),
        )


@contextmanager
def tried_enough() -> Iterator[None]:
    """Let a task fail at once where trying again is no use, whatever ``retries`` says.

    A refused token stays refused until a person changes it; a busy shop was asked four times already, and the next
    run asks it again in a quarter of an hour.
    """
    from airflow.sdk.exceptions import AirflowFailException

    from include.kaspi.errors import KaspiBusy, KaspiRefusedToken

    try:
        yield
    except (KaspiRefusedToken, KaspiBusy) as error:
        raise AirflowFailException(str(error)) from error


def owner() -> str:
    """Return the lease owner: the task instance, which all its tries share, and the try."""
    from airflow.sdk import get_current_context

    ti = get_current_context()["ti"]
    return f"{ti.dag_id}/{ti.run_id}/{ti.task_id}/{ti.map_index}#{ti.try_number}"


@dataclass(frozen=True, slots=True)
class _Fixed:
    moment: dt.datetime

    def now(self) -> dt.datetime:
        return self.moment


def _moment(text: str | None) -> dt.datetime | None:
    if not text:
        return None
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone: write for instance {text}+05:00")
    return moment


def shop_settings(merchant_id: str) -> Any:
    """Return how to reach a merchant's shop, from his connection (``core.merchant.connection_id``)."""
    from include.flows.kaspi_returns_ingest import shop_connection_id
    from include.kaspi.shop_api import USER_AGENT, ShopSettings

    found = connection(shop_connection_id(warehouse_dsn(), merchant_id))
    return ShopSettings(
        merchant_id,
        found.url,
        found.password or "",
        found.extra.get("user_agent") or USER_AGENT,
        float(found.extra.get("requests_per_second") or 5),
        found.extra.get("proxy"),
    )


@contextmanager
def kaspi_writes(merchant_id: str) -> Iterator[Any]:
    """Give the port by which a merchant's orders are written to, from his connection."""
    from include.flows.kaspi_writes import writes_to

    with writes_to(warehouse_dsn(), shop_settings(merchant_id)) as writes:
        yield writes


def applications_folder(merchant_id: str) -> Path | None:
    """Return where the merchant's files of applications are dropped (connection ``applications_<merchant>``)."""
    found = optional_connection(f"applications_{merchant_id}")
    if found is None:
        return None
    path = found.extra.get("path")
    if not path:
        raise ValueError(f"the connection applications_{merchant_id} names no folder: put path into its extra")
    return Path(path)


def sealer() -> Any:
    """Return what encrypts names, phones and unreadable bodies, with the key of the connection ``privacy_key``."""
    from include.flows.contacts import Sealer

    return Sealer(connection("privacy_key").password or "")


def report_server() -> Any:
    """Return the mail server of the connection ``smtp_reports``; None where the installation has none."""
    from include.notify.outbox import mail_server

    found = optional_connection("smtp_reports")
    return found and mail_server(found.url, found.port, found.login, found.password, found.extra)


def notice_outfit() -> Any:
    """Return what sending notices takes: the key of the contacts, and the channels by their connections."""
    from include.flows.notices import Outfit
    from include.notify.apprise_channel import channel_of

    def channel(conn_id: str) -> Any:
        found = connection(conn_id)
        return channel_of(found.password, found.extra)

    return Outfit(sealer(), channel)


def warehouse_sources() -> dict[str, Any]:
    """Return the warehouse sources by name, each made from its connection."""
    from include.flows.warehouse_receipts_reconcile import source_rows
    from include.wms.sources import source_of

    sources = {}
    for row in source_rows(warehouse_dsn()):
        found = connection(row["connection_id"])
        sources[row["source"]] = source_of(row["kind"], found.url, found.password, found.extra)
    return sources
