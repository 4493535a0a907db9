"""Taking a merchant, its stores, its catalogue and its warehouse into the pipeline.

The demonstration takes in the sandbox's merchants with these functions; a real shop comes in by the same.
Every function may be called again: what is known is brought up to date, nothing is doubled.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from psycopg.types.json import Jsonb

from include.db.connection import Connection, connect
from include.db.copying import copy_rows
from include.db.statements import run
from include.flows import rate_card

CATALOGUE_COLUMNS = (
    "sku",
    "master_code",
    "eans",
    "name",
    "category",
    "supplier",
    "batch",
    "cost",
    "agreed_defect_rate",
)
# The kinds of warehouse events of which each source names one system of record, the desk or the WMS.
RECORDED_KINDS = ("receipt", "inspection", "repair", "qc", "pick")
TIERS = ("priority", "standard")
SOURCE_CONNECTIONS = {"http_feed": "wms_feed_", "file_drop": "wms_drop_"}
DESK = "desk"  # the kind of source that is no other system: people send its events from the console


class CatalogueError(ValueError):
    """A catalogue file cannot be used; the message names the line and the column."""


@dataclass(frozen=True)
class Store:
    """A Kaspi `storeId` of a merchant, and the warehouse its goods lie in. None: as it was, no for a new one."""

    store_id: str
    warehouse: str
    base_includes_returns: bool | None = None
    pick_scan: bool | None = None


def add_merchant(
    conn: Connection,
    merchant_id: str,
    *,
    name: str,
    stores: Sequence[Store],
    locale: str | None = None,
    time_zone: str | None = None,
    tier: str | None = None,
    connection_id: str | None = None,
    report_email: str | None = None,
    notices: bool | None = None,
    notice_connection_id: str | None = None,
    feed_token: str | None = None,
) -> str:
    """Add or update a merchant with its stores; returns the secret part of its price list's address.

    None keeps what is known of a merchant; a new one has Russian, Almaty's time, the tier `standard` (of TIERS), no
    mail, no notices and the connections `kaspi_shop_<merchant>` and `base_list_<merchant>`, expected in Airflow. With
    notices his buyers are told over `notices_<merchant>`, or over the connection that `notice_connection_id` names.
    Raises ValueError for a time zone or a tier that is none.

    A new merchant without a `feed_token` gets a random one; a known merchant always keeps the one it has,
    because Kaspi reads the list at that address.
    """
    if time_zone is not None:
        zone(time_zone)
    if tier not in (None, *TIERS):
        raise ValueError(f"merchant {merchant_id}: tier is one of {', '.join(TIERS)}, not {tier!r}")
    row = run(
        conn,
        "core/merchant",
        merchant_id=merchant_id,
        merchant_name=name,
        connection_id=connection_id,
        locale=locale,
        time_zone=time_zone,
        tier=tier,
        report_email=report_email,
        notices=notices,
        notice_connection_id=notice_connection_id,
        feed_token=feed_token,
    ).fetchone()
    assert row is not None
    for store in stores:
        run(conn, "core/warehouse", warehouse=store.warehouse, system_of_record=Jsonb({}))
        run(
            conn,
            "core/store",
            merchant_id=merchant_id,
            store_id=store.store_id,
            warehouse=store.warehouse,
            base_includes_returns=store.base_includes_returns,
            pick_scan=store.pick_scan,
        )
    return str(row["feed_token"])


def zone(name: str) -> str:
    """Return the name of a time zone. Raises ValueError where the tz database has none of that name."""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone of the tz database, as Asia/Almaty is one") from error


def add_source(
    conn: Connection,
    source: str,
    *,
    kind: str,
    warehouse: str | None = None,
    system_of_record: Mapping[str, str] | None = None,
) -> None:
    """Add or update a source of warehouse events.

    `kind` is `http_feed`, `file_drop` or `desk`. `warehouse` is the one that stores name; None keeps a known source's,
    and a new one is a warehouse by itself. `system_of_record` says per kind of event (RECORDED_KINDS) whether the
    `wms` or the `desk` is believed in that warehouse; what it does not name stays, at first the WMS. Raises ValueError
    for anything else.
    """
    if kind not in SOURCE_CONNECTIONS and kind != DESK:
        known_kinds = sorted([*SOURCE_CONNECTIONS, DESK])
        raise ValueError(f"warehouse source {source}: kind must be one of {known_kinds}, not {kind!r}")
    told = dict(system_of_record or {})
    wrong = {key: value for key, value in told.items() if key not in RECORDED_KINDS or value not in ("wms", "desk")}
    if wrong:
        raise ValueError(
            f"warehouse source {source}: system_of_record knows {RECORDED_KINDS} as wms or desk, not {wrong}"
        )
    known = run(conn, "core/warehouse_source__one", source=source).fetchone()
    place = warehouse or (known["warehouse"] if known else source)
    run(conn, "core/warehouse", warehouse=place, system_of_record=Jsonb(told))
    run(
        conn,
        "core/warehouse_source",
        source=source,
        kind=kind,
        connection_id=None if kind == DESK else SOURCE_CONNECTIONS[kind] + source,
        warehouse=place,
    )


def desk_source(warehouse: str) -> str:
    """Return what the desk of a warehouse is called as a source of its events."""
    return f"desk-{warehouse.lower()}"


def load_catalogue(conn: Connection, merchant_id: str, csv_text: str) -> int:
    """Take in a merchant's catalogue file (CSV, header CATALOGUE_COLUMNS); returns how many products changed.

    Empty category, supplier and batch become `unknown`. EANs are separated by `|`, cost is whole tenge, the
    defect rate a share. A product that left the file stays: its old orders still name it. Raises
    CatalogueError; nothing is written then.
    """
    rows = [_product(merchant_id, line, record) for line, record in _records(csv_text)]
    columns = ("merchant_id", *CATALOGUE_COLUMNS)
    with conn.transaction():
        run(conn, "core/product__stage")
        copy_rows(conn, "stage_product", columns, rows)
        done = run(conn, "core/product").fetchone()
    assert done is not None
    return int(done["changed"])


def load(dsn: str, world: Mapping[str, Any], catalogues: Mapping[str, str]) -> dict[str, str]:
    """Onboard everything a description of merchants and sources names, in one transaction.

    `world` has `merchants` (id, name, locale, stores, email, feed_token), `sources` (name, kind, and the warehouse,
    which gets a desk beside it) and may have a `rate_card`, the CSV of its price list as of `now`: it is loaded where
    there is none yet. `catalogues` holds the catalogue file of each merchant id. Returns the feed token of each
    merchant.
    """
    with connect(dsn, application="qaitarym onboarding") as conn:
        for source in world["sources"]:
            place = source.get("warehouse")
            add_source(conn, source["name"], kind=source["kind"], warehouse=place)
            if place:
                add_source(conn, desk_source(place), kind=DESK, warehouse=place)
        tokens = {}
        for merchant in world["merchants"]:
            merchant_id = merchant["id"]
            tokens[merchant_id] = add_merchant(
                conn,
                merchant_id,
                name=merchant["name"],
                stores=[Store(**{name: store[name] for name in Store.__annotations__}) for store in merchant["stores"]],
                locale=merchant.get("locale", "ru"),
                report_email=merchant.get("email"),
                notices=bool(merchant.get("notices", False)),
                feed_token=merchant.get("feed_token"),
            )
            load_catalogue(conn, merchant_id, catalogues[merchant_id])
        if world.get("rate_card") and not rate_card.versions(conn):
            now = dt.datetime.fromisoformat(world["now"])
            rate_card.load(conn, "rate_card.csv", world["rate_card"].encode(), "onboarding", now)
    return tokens


def _records(csv_text: str) -> list[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(csv_text.lstrip("\ufeff")))
    missing = [name for name in CATALOGUE_COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise CatalogueError(f"the catalogue lacks the columns {', '.join(missing)}")
    return [
        (reader.line_num, {key: (value or "").strip() for key, value in record.items() if key}) for record in reader
    ]


def _product(merchant_id: str, line: int, record: Mapping[str, str]) -> tuple[Any, ...]:
    if not record["sku"] or not record["name"]:
        raise CatalogueError(f"catalogue of {merchant_id}, line {line}: sku and name are needed")
    return (
        merchant_id,
        record["sku"],
        record["master_code"] or None,
        [ean for ean in record["eans"].split("|") if ean],
        record["name"],
        record["category"] or "unknown",
        record["supplier"] or "unknown",
        record["batch"] or "unknown",
        _number(merchant_id, line, "cost", record["cost"], int),
        _number(merchant_id, line, "agreed_defect_rate", record["agreed_defect_rate"], Decimal),
    )


def _number(merchant_id: str, line: int, column: str, text: str, kind: type[int] | type[Decimal]) -> Any:
    if not text:
        return None
    try:
        return kind(text)
    except (ValueError, ArithmeticError) as error:
        raise CatalogueError(f"catalogue of {merchant_id}, line {line}: {column} is no number: {text!r}") from error
