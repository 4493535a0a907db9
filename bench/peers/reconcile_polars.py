"""The peer: polars reads the tables by ADBC into Arrow, judges lazily on all cores, and writes the result by ADBC."""

import argparse
import datetime as dt
import json
import sys
import time

import adbc_driver_postgresql.dbapi as adbc
import polars as pl

from bench.ours import peak_mib
from bench.peers.reconcile_frames import (
    CASES,
    COMING,
    ENDS_WITH_THE_PIECE,
    NAMED,
    PLACED,
    PRICES,
    PRODUCTS,
    REPORTS,
    RULES,
    SCANS,
    UNITS,
    id_of,
    text_of,
)  # fmt: skip

DAY = dt.timedelta(days=1)
AT = pl.Datetime("us", "UTC")


def main() -> int:
    """Reconcile once; print the report."""
    bare = peak_mib()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--merchant", required=True)
    parser.add_argument("--now-us", required=True, type=int)
    chosen = parser.parse_args()
    now = dt.datetime.fromtimestamp(chosen.now_us / 1_000_000, dt.UTC)
    began = time.perf_counter()
    with adbc.connect(chosen.dsn) as conn:

        def read(query: str) -> pl.DataFrame:
            return pl.read_database(query.format(merchant=chosen.merchant), conn)

        units, scans, cases = read(UNITS), read(SCANS), read(CASES)
        reports, named = read(REPORTS), read(NAMED)
        fetched = time.perf_counter()
        found = judge(units, scans, cases, reports, named, now)
        judged = time.perf_counter()
        write(conn, "unit_verdict", verdicts(found, chosen.merchant))
        cases_found = differences(
            found, scans, reports, (read(PLACED), read(PRICES), read(PRODUCTS)), now, chosen.merchant
        )
        write(conn, "discrepancy", cases_found)
        conn.commit()
    done = time.perf_counter()
    report = {
        "seconds": done - began,
        "steps": {"read": fetched - began, "judge": judged - fetched, "write": done - judged},
        "bare_mib": bare,
        "peak_mib": peak_mib(),
        "version": pl.__version__,
    }
    sys.stdout.write(json.dumps(report) + "\n")
    return 0


def write(conn: adbc.Connection, table: str, frame: pl.DataFrame) -> None:
    """Append by binary COPY."""
    with conn.cursor() as cursor:
        cursor.adbc_ingest(
            table, frame.to_arrow(compat_level=pl.CompatLevel.oldest()), mode="append", db_schema_name="core"
        )


def judge(
    units: pl.DataFrame, scans: pl.DataFrame, cases: pl.DataFrame, reports: pl.DataFrame, named: pl.DataFrame,
    now: dt.datetime,
) -> pl.DataFrame:  # fmt: skip
    """Return the units with ``verdict``, ``since``, ``turns_at``, ``repeats`` and ``settled``."""
    unit = units.lazy().with_columns(waits=pl.col("received_at").is_null() & pl.col("state").is_in([*COMING, "lost"]))
    outcome = pl.col("outcome")
    seen = scans.lazy().group_by("unit_id").agg(
        booked=(outcome == "booked").any(), accepted=(outcome != "duplicate_scan").any(),
        repeats=(outcome == "duplicate_scan").sum().cast(pl.Int32),
    )  # fmt: skip
    coming = unit.filter(pl.col("state").is_in(COMING)).select("case_id").unique()
    part = (
        unit.filter(pl.col("received_at").is_not_null()).join(coming, on="case_id", how="semi")
        .group_by("case_id").agg(first_came=pl.col("received_at").min())
    )  # fmt: skip
    reported = (
        reports.lazy()
        .group_by("order_id", "goods")
        .agg(reports=pl.len().cast(pl.Int64), reported_at=pl.col("at").min())
    )
    meant = unit.join(reported, on="order_id").filter(pl.col("goods").is_null() | (pl.col("goods") == pl.col("sku")))
    absent = (
        meant.with_columns(came=(pl.col("received_at") > pl.col("reported_at")).sum().over("order_id", "goods"))
        .filter("waits").sort("requested_at", "unit_id")
        .with_columns(place=pl.int_range(1, pl.len() + 1).over("order_id", "goods"))
        .filter(pl.col("place") <= pl.col("reports") - pl.col("came").cast(pl.Int64))
        .group_by("unit_id").agg(pl.col("reported_at").min())
    )  # fmt: skip
    case = cases.lazy()
    high = (
        unit.filter(pl.col("received_at").is_not_null() & (pl.col("piece") > 1))
        .join(case.filter("applied"), on="case_id").filter(pl.col("piece") > pl.col("quantity"))
        .select("entry_id").unique()
    )  # fmt: skip
    crowded = (
        case.filter(pl.col("status") != "cancelled").join(high, on="entry_id", how="semi").group_by("entry_id")
        .agg(asked=pl.col("quantity").sum(), sure=pl.col("quantity").is_not_null().all()).filter("sure").drop("sure")
    )  # fmt: skip
    crowd = (
        unit.filter(pl.col("received_at").is_not_null()).join(crowded, on="entry_id").sort("received_at", "unit_id")
        .select("unit_id", "asked", place=pl.int_range(1, pl.len() + 1).over("entry_id"))
    )  # fmt: skip
    silent = case.filter(~pl.col("told")).select("case_id", silent=True)
    late = pl.col("received_at") > pl.col("requested_at") + 14 * DAY
    not_came = (
        pl.when(pl.col("booked")).then(pl.lit("unproven"))
        .when(pl.col("state") == "cancelled").then(pl.lit("cancelled"))
        .when(~pl.col("waits")).then(pl.lit("unproven"))
        .when(pl.col("reported_at").is_not_null()).then(pl.lit("missing_from_parcel"))
        .when(pl.col("state") == "lost").then(pl.lit("lost"))
        .when(pl.col("state").is_in(COMING) & (pl.col("first_came") + 3 * DAY <= now)).then(pl.lit("short"))
        .when(pl.col("requested_at") + 14 * DAY <= now).then(pl.lit("overdue"))
        .otherwise(pl.lit("expected"))
    )  # fmt: skip
    verdict = (
        pl.when(pl.col("received_at").is_null()).then(not_came)
        .when(~pl.col("accepted").fill_null(value=False)).then(pl.lit("unproven"))
        .when(pl.col("unexpected") & pl.col("order_id").is_null())
        .then(pl.when(pl.col("named")).then(pl.lit("over")).otherwise(pl.lit("unexpected")))
        .when(
            (pl.col("finding") == "wrong_item")
            & pl.col("state").is_in(["wrong_item", "to_supplier", "disposed", "returned_to_buyer"])
        ).then(pl.lit("wrong_item"))
        .when(pl.col("place") > pl.col("asked")).then(pl.lit("over"))
        .when(pl.col("requested_at").is_null() & pl.col("silent")).then(pl.lit("no_request"))
        .when(late).then(pl.lit("late"))
        .otherwise(pl.lit("matched"))
    )  # fmt: skip
    is_ = pl.col("verdict")
    since = (
        pl.when(is_ == "expected").then(pl.col("requested_at"))
        .when(is_ == "overdue").then(pl.col("requested_at") + 14 * DAY)
        .when(is_ == "lost").then(pl.min_horizontal(pl.col("requested_at") + 45 * DAY, pl.col("closed_at")))
        .when(is_ == "short").then(pl.col("first_came") + 3 * DAY)
        .when(is_ == "missing_from_parcel").then(pl.col("reported_at"))
        .when(is_ == "cancelled").then(pl.col("closed_at"))
        .when(is_ == "wrong_item").then(pl.col("inspected_at"))
        .otherwise(pl.coalesce("received_at", "requested_at"))
    )  # fmt: skip
    turns = pl.col("first_came") + 3 * DAY
    return (
        unit.join(seen, on="unit_id", how="left").join(part, on="case_id", how="left")
        .join(absent, on="unit_id", how="left").join(crowd, on="unit_id", how="left")
        .join(named.lazy().unique().with_columns(named=True), on="unit_id", how="left")
        .join(silent, on="case_id", how="left")
        .with_columns(verdict=verdict)
        .with_columns(
            since=since, turns_at=pl.when(is_ == "expected").then(turns), repeats=pl.col("repeats").fill_null(0),
            settled=pl.col("closed_at").is_not_null() & is_.is_in(ENDS_WITH_THE_PIECE),
        )
        .collect()
    )  # fmt: skip


def verdicts(found: pl.DataFrame, merchant: str) -> pl.DataFrame:
    """Return the rows of core.unit_verdict."""
    return found.select(
        "unit_id", pl.lit(merchant).alias("merchant_id"), "verdict", "since", "turns_at",
        pl.col("repeats").cast(pl.Int32), "settled",
    )  # fmt: skip


def differences(
    found: pl.DataFrame, scans: pl.DataFrame, reports: pl.DataFrame,
    more: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame], now: dt.datetime, merchant: str,
) -> pl.DataFrame:  # fmt: skip
    """Return the rows of core.discrepancy."""
    placed, prices, products = more
    rules = pl.DataFrame(RULES, schema={"kind": pl.String, "owner": pl.String, "days": pl.Int64}, orient="row")
    columns = [
        "unit_id",
        "case_id",
        "order_id",
        "entry_id",
        "sku",
        "unit_label",
        "requested_at",
        "since",
        "kind",
        "owner",
        "days",
    ]
    plain = (
        found.filter(~pl.col("settled")).join(rules, left_on="verdict", right_on="kind", coalesce=False).select(columns)
    )
    again = (
        scans.filter(pl.col("outcome") == "duplicate_scan").group_by("unit_id")
        .agg(first_at=pl.col("occurred_at").min())
        .join(found.filter(pl.col("closed_at").is_null()), on="unit_id")
        .with_columns(since="first_at", kind=pl.lit("duplicate_scan"), owner=pl.lit("warehouse"))
        .with_columns(days=pl.lit(3, pl.Int64))
        .select(columns)
    )  # fmt: skip
    units = (
        pl.concat([plain, again]).join(placed, on="order_id", how="left").join(prices, on="entry_id", how="left")
        .join(products, on="sku", how="left")
    )  # fmt: skip
    free = pl.col("kind").is_in(["over", "no_request", "duplicate_scan"])
    texts = pl.Series("text", [text_of(raw) for raw in units["unit_id"]], pl.String)
    ids = [id_of(kind, merchant, text) for kind, text in zip(units["kind"], texts, strict=True)]
    money = pl.coalesce("base_price", "cost", pl.lit(0, pl.Int64))
    units = units.with_columns(texts).select(
        pl.Series("discrepancy_id", ids, pl.Binary),
        pl.lit(merchant).alias("merchant_id"), "case_id", "unit_id", pl.col("code").alias("order_code"), "kind",
        pl.coalesce("unit_label", "text").alias("subject"), pl.col("since").alias("opened_at"),
        pl.lit(now, AT).alias("found_at"),
        pl.when(pl.col("days").is_null()).then(pl.col("requested_at") + 45 * DAY)
        .otherwise(pl.lit(now, AT) + pl.duration(days=pl.col("days"))).alias("due_at"),
        pl.when(free).then(pl.lit(0, pl.Int64)).otherwise(money).alias("money_at_risk"),
        "owner", pl.lit("open").alias("status"),
    )  # fmt: skip
    return pl.concat([units, missing(found, reports, prices, now, merchant).select(units.columns)])


def missing(
    found: pl.DataFrame, reports: pl.DataFrame, prices: pl.DataFrame, now: dt.datetime, merchant: str
) -> pl.DataFrame:
    """Return the cases of what the dock did not find in a parcel; the reports come in their order."""
    key = ["order_id", "goods"]
    told = reports.with_columns(
        place=pl.int_range(1, pl.len() + 1).over("code", "goods"), first_at=pl.col("at").min().over("code", "goods")
    )
    goods = found.rename({"sku": "goods"}).join(reports.select(key).unique(), on=key, how="semi")
    came = (
        goods.join(told.select(*key, "first_at").unique(), on=key).filter(pl.col("received_at") > pl.col("first_at"))
        .group_by(key).agg(came=pl.len())
    )  # fmt: skip
    lines = goods.join(prices, on="entry_id").group_by(key).agg(price=pl.col("base_price").max())
    piece = (
        goods.filter(pl.col("verdict") == "missing_from_parcel").join(prices, on="entry_id", how="left")
        .sort("requested_at", "unit_id")
        .select(*key, "unit_id", "case_id", "base_price", rank=pl.int_range(1, pl.len() + 1).over(key))
    )  # fmt: skip
    told = (
        told.join(came, on=key, how="left").with_columns(pl.col("came").fill_null(0).cast(pl.Int64))
        .with_columns(rank=pl.col("place") - pl.col("came")).filter(pl.col("rank") > 0)
        .join(piece, on=[*key, "rank"], how="left").join(lines, on=key, how="left")
    )  # fmt: skip
    ids = [
        id_of("missing_from_parcel", merchant, source, event)
        for source, event in told.select("source", "event_id").iter_rows()
    ]
    return told.select(
        pl.Series("discrepancy_id", ids, pl.Binary), pl.lit(merchant).alias("merchant_id"), "case_id", "unit_id",
        pl.col("code").alias("order_code"), pl.lit("missing_from_parcel").alias("kind"),
        (pl.col("source") + "/" + pl.col("event_id")).alias("subject"), pl.col("at").alias("opened_at"),
        pl.lit(now, AT).alias("found_at"), pl.lit(now + 3 * DAY, AT).alias("due_at"),
        pl.coalesce("base_price", "price", pl.lit(0, pl.Int64)).alias("money_at_risk"),
        pl.lit("carrier").alias("owner"), pl.lit("open").alias("status"),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
