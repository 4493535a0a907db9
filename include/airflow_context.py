"""The only module that asks Airflow for anything: connections, variables, the run that is going on.

Imported inside tasks. Flows get plain values and know nothing of Airflow.
"""

import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from include.clock import Clock, from_setting
from include.flows.run import Run, open_run

log = logging.getLogger(__name__)
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

    return _dsn(Connection.get(WAREHOUSE))


async def warehouse_dsn_in_triggerer() -> str:
    """Return the same where nothing may wait: in the event loop of a trigger."""
    from airflow.sdk import BaseHook

    return _dsn(await BaseHook.aget_connection(WAREHOUSE))


def _dsn(found: Any) -> str:
    from psycopg.conninfo import make_conninfo

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
    past = dag_run.logical_date if str(dag_run.run_type) == "backfill" else None
    with connect(warehouse_dsn()) as conn:
        return open_run(
            conn,
            dag_run.dag_id,
            dag_run.run_id,
            _Fixed(past) if past else clock(),
            range_from=_moment(params.get("from")),
            range_to=_moment(params.get("to")),
            steady=past is None,
        )


def bear_name(merchant_id: str) -> None:
    """Call the mapped task that is running after its merchant; its ``map_index_template`` shows ``merchant``."""
    from airflow.sdk import get_current_context

    from include.flows.kaspi_returns_ingest import merchant_title

    get_current_context()["merchant"] = merchant_title(warehouse_dsn(), merchant_id)


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


def list_in_question() -> tuple[str, int] | None:
    """Return the (merchant, version) of the price list that this run was asked to let through; None for any other."""
    from airflow.sdk import get_current_context

    params = get_current_context().get("params") or {}
    merchant_id, version = params.get("merchant"), params.get("version")
    if (merchant_id is None) != (version is None):
        raise ValueError("a price list in question has a merchant and a version: give both, or neither of them")
    return None if merchant_id is None or version is None else (str(merchant_id), int(version))


def keep_answer(task_id: str) -> None:
    """Keep what a person said, in the task ``task_id``, of the price list in question, if the run has one."""
    from airflow.sdk import get_current_context

    from include.flows.list_guard import TIMEOUT, settle
    from include.list_approval import APPROVE

    context, named = get_current_context(), list_in_question()
    answer = context["ti"].xcom_pull(task_ids=task_id) if named else None
    if not named or not answer:
        return
    who = answer["responded_by_user"] or {"id": TIMEOUT}
    settle(
        warehouse_dsn(),
        context["dag_run"].dag_id,
        *named,
        approved=answer["chosen_options"] == [APPROVE],
        actor=str(who["id"]),
        now=clock().now(),
        owner=owner(),
    )


def trigger_approval(merchant_id: str, version: int) -> None:
    """Start the run that asks a person about a version; one that was started before is left alone."""
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sdk import get_current_context

    context = get_current_context()
    TriggerDagRunOperator(
        task_id="trigger_approval",
        trigger_dag_id=context["dag_run"].dag_id,
        trigger_run_id=f"approval.{merchant_id}.{version}",
        conf={"merchant": merchant_id, "version": version},
        skip_when_already_exists=True,
    ).execute(context)


def qc_passed() -> None:
    """Wake ``restock_sync`` up; for the API server, which has Airflow's database at hand, as its own REST call has.

    An event that could not be sent is no failure of who calls: the next hourly run takes all that is unprocessed.
    """
    try:
        from airflow.assets.manager import asset_manager
        from airflow.models.asset import AssetModel
        from airflow.utils.session import create_session
        from sqlalchemy import select

        from include.assets import QC_PASSED

        with create_session() as session:
            asset = session.scalars(
                select(AssetModel).where(AssetModel.name == QC_PASSED.name, AssetModel.uri == QC_PASSED.uri)
            ).one()
            asset_manager.register_asset_change(asset=asset, source_is_api=True, session=session)
    except Exception:
        log.exception("restock_sync could not be woken up; its next hourly run takes the piece")


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


def base_list(conn_id: str) -> Any:
    """Return where a merchant's own price list lies: the connection's host as an address, its login, its extra."""
    from include.kaspi.price_list.source import Place

    found = connection(conn_id)
    return Place(found.url, found.login, found.password, found.extra)


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


def warehouse_sources() -> Any:
    """Return the warehouse sources by name, each made from its connection, and what seals their unusable events."""
    from include.flows.warehouse_events import Sources
    from include.flows.warehouse_receipts_reconcile import source_rows
    from include.wms.sources import source_of

    sources = {}
    for row in source_rows(warehouse_dsn()):
        found = connection(row["connection_id"])
        sources[row["source"]] = source_of(row["kind"], found.url, found.password, found.extra)
    return Sources(sources, sealer())
