"""The peer: pandas over Arrow types, read and written by ADBC."""

import argparse
import json
import sys
import time

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

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

DAY = pd.Timedelta(days=1)
STAMP = pd.ArrowDtype(pa.timestamp("us", tz="UTC"))
TEXT = pd.ArrowDtype(pa.string())
BYTES = pd.ArrowDtype(pa.binary())
ROW = ["discrepancy_id", "merchant_id", "case_id", "unit_id", "order_code", "kind", "subject", "opened_at", "found_at",
       "due_at", "money_at_risk", "owner", "status"]  # fmt: skip


def main() -> int:
    """Reconcile once; print the report."""
    bare = peak_mib()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--merchant", required=True)
    parser.add_argument("--now-us", required=True, type=int)
    chosen = parser.parse_args()
    now = pd.Timestamp(chosen.now_us, unit="us", tz="UTC")
    began = time.perf_counter()
    with adbc.connect(chosen.dsn) as conn:

        def read(query: str) -> pd.DataFrame:
            return pd.read_sql(query.format(merchant=chosen.merchant), conn, dtype_backend="pyarrow")

        units, scans, cases, reports, named = map(read, (UNITS, SCANS, CASES, REPORTS, NAMED))
        fetched = time.perf_counter()
        found = judge(units, scans, cases, reports, named, now)
        judged = time.perf_counter()
        verdicts = found[["unit_id", "verdict", "since", "turns_at", "repeats", "settled"]].copy()
        verdicts["merchant_id"] = pd.Series(chosen.merchant, index=verdicts.index, dtype=TEXT)
        write(conn, "unit_verdict", verdicts)
        more = tuple(map(read, (PLACED, PRICES, PRODUCTS)))
        plain = differences(found, scans, more, now, chosen.merchant)
        write(conn, "discrepancy", pd.concat([plain, missing(found, reports, more[1], now, chosen.merchant)]))
        conn.commit()
    done = time.perf_counter()
    report = {
        "seconds": done - began,
        "steps": {"read": fetched - began, "judge": judged - fetched, "write": done - judged},
        "bare_mib": bare,
        "peak_mib": peak_mib(),
        "version": pd.__version__,
    }
    sys.stdout.write(json.dumps(report) + "\n")
    return 0


def write(conn: adbc.Connection, table: str, frame: pd.DataFrame) -> None:
    """Append by binary COPY."""
    with conn.cursor() as cursor:
        rows = pa.Table.from_pandas(frame, preserve_index=False)
        cursor.adbc_ingest(table, rows, mode="append", db_schema_name="core")


def judge(
    unit: pd.DataFrame, scans: pd.DataFrame, cases: pd.DataFrame, reports: pd.DataFrame, named: pd.DataFrame,
    now: pd.Timestamp,
) -> pd.DataFrame:  # fmt: skip
    """Return the units with ``verdict``, ``since``, ``turns_at``, ``repeats`` and ``settled``."""
    unit["coming"] = unit["state"].isin(COMING)
    unit["waits"] = unit["received_at"].isna() & (unit["coming"] | (unit["state"] == "lost"))
    scans["booked"] = scans["outcome"] == "booked"
    scans["repeated"] = scans["outcome"] == "duplicate_scan"
    scans["accepted"] = ~scans["repeated"]
    by_unit = scans.groupby("unit_id", sort=False)
    seen = by_unit.agg(booked=("booked", "any"), accepted=("accepted", "any"), repeats=("repeated", "sum"))
    came = unit[unit["received_at"].notna()]
    part = came[came["case_id"].isin(unit.loc[unit["coming"], "case_id"])].groupby("case_id")["received_at"].min()
    reported = reports.groupby(["order_id", "goods"], dropna=False, as_index=False).agg(
        reports=("at", "size"), reported_at=("at", "min")
    )
    meant = unit.merge(reported, on="order_id")
    meant = meant[meant["goods"].isna() | (meant["goods"] == meant["sku"])]
    meant["since"] = (meant["received_at"] > meant["reported_at"]).fillna(False).astype(int)
    meant["came"] = meant.groupby(["order_id", "goods"], dropna=False)["since"].transform("sum")
    waiting = ordered(meant[meant["waits"]], "requested_at", "unit_id")
    waiting["place"] = waiting.groupby(["order_id", "goods"], dropna=False).cumcount() + 1
    absent = waiting[waiting["place"] <= waiting["reports"] - waiting["came"]].groupby("unit_id")["reported_at"].min()
    high = came[came["piece"] > 1].merge(cases.loc[cases["applied"], ["case_id", "quantity"]], on="case_id")
    lines = high.loc[high["piece"] > high["quantity"], "entry_id"].unique()
    asking = cases[(cases["status"] != "cancelled") & cases["entry_id"].isin(lines)]
    asked = asking.groupby("entry_id")["quantity"].agg(asked="sum", sure=lambda one: one.notna().all())
    crowd = ordered(came[came["entry_id"].isin(asked.index[asked["sure"].astype(bool)])], "received_at", "unit_id")
    crowd = crowd.assign(place=crowd.groupby("entry_id").cumcount() + 1, asked=crowd["entry_id"].map(asked["asked"]))
    over = pa.array(crowd.loc[crowd["place"] > crowd["asked"], "unit_id"])
    silent = cases.loc[~cases["told"], "case_id"]

    unit = unit.merge(seen, left_on="unit_id", right_index=True, how="left")
    unit["first_came"] = unit["case_id"].map(part).astype(STAMP)
    unit["reported_at"] = unit["unit_id"].map(absent).astype(STAMP)

    def true(series: pd.Series) -> np.ndarray:
        return series.fillna(False).to_numpy(dtype=bool)  # noqa: FBT003

    gone = unit["state"].isin(["wrong_item", "to_supplier", "disposed", "returned_to_buyer"])
    absent_yet, state = true(unit["received_at"].isna()), unit["state"]
    loose = true(unit["unexpected"]) & true(unit["order_id"].isna())
    rules = [
        (absent_yet & true(unit["booked"]), "unproven"),
        (absent_yet & true(state == "cancelled"), "cancelled"),
        (absent_yet & ~true(unit["waits"]), "unproven"),
        (absent_yet & true(unit["reported_at"].notna()), "missing_from_parcel"),
        (absent_yet & true(state == "lost"), "lost"),
        (absent_yet & true(unit["coming"]) & true(unit["first_came"] + 3 * DAY <= now), "short"),
        (absent_yet & true(unit["requested_at"] + 14 * DAY <= now), "overdue"),
        (absent_yet, "expected"),
        (~true(unit["accepted"]), "unproven"),
        (loose & true(unit["unit_id"].isin(named["unit_id"])), "over"),
        (loose, "unexpected"),
        (true(unit["finding"] == "wrong_item") & true(gone), "wrong_item"),
        (
            pc.is_in(pa.array(unit["unit_id"]), over).to_numpy(zero_copy_only=False),
            "over",
        ),  # pandas ends at a zero byte
        (true(unit["requested_at"].isna()) & true(unit["case_id"].isin(silent)), "no_request"),
        (true(unit["received_at"] > unit["requested_at"] + 14 * DAY), "late"),
    ]
    verdict = np.select([holds for holds, _ in rules], [name for _, name in rules], default="matched")
    unit["verdict"] = pd.Series(verdict, index=unit.index, dtype=TEXT)
    is_ = unit["verdict"]
    since = unit["received_at"].fillna(unit["requested_at"])
    for name, moment in (
        ("expected", unit["requested_at"]), ("overdue", unit["requested_at"] + 14 * DAY),
        ("short", unit["first_came"] + 3 * DAY), ("missing_from_parcel", unit["reported_at"]),
        ("cancelled", unit["closed_at"]), ("wrong_item", unit["inspected_at"]),
    ):  # fmt: skip
        since = since.where(is_ != name, moment)
    lost = is_ == "lost"
    ends = pd.concat([unit.loc[lost, "requested_at"] + 45 * DAY, unit.loc[lost, "closed_at"]], axis=1).min(axis=1)
    since.loc[lost] = ends.astype(STAMP)
    unit["since"] = since.astype(STAMP)
    expected = is_ == "expected"
    unit["turns_at"] = (unit["first_came"] + 3 * DAY).where(expected).astype(STAMP)
    unit["repeats"] = unit["repeats"].fillna(0).astype(pd.ArrowDtype(pa.int32()))
    unit["settled"] = unit["closed_at"].notna() & is_.isin(ENDS_WITH_THE_PIECE)
    return unit


def ordered(frame: pd.DataFrame, *keys: str) -> pd.DataFrame:
    """Sort by Arrow: pandas itself orders binary values among equals by where they came first."""
    table = pa.table({key: pa.array(frame[key]) for key in keys})
    sorted_frame: pd.DataFrame = frame.iloc[pc.sort_indices(table, [(key, "ascending") for key in keys]).to_numpy()]
    return sorted_frame


def differences(
    found: pd.DataFrame, scans: pd.DataFrame, more: tuple[pd.DataFrame, ...], now: pd.Timestamp, merchant: str
) -> pd.DataFrame:
    """Return the cases of the units."""
    placed, prices, products = more
    rules = pd.DataFrame(RULES, columns=["kind", "owner", "days"])
    plain = found[~found["settled"]].merge(rules, left_on="verdict", right_on="kind")
    first = scans[scans["repeated"]].groupby("unit_id")["occurred_at"].min().rename("first_at")
    again = found[found["closed_at"].isna()].merge(first, left_on="unit_id", right_index=True)
    again = again.assign(since=again["first_at"], kind="duplicate_scan", owner="warehouse", days=3.0)
    rows = pd.concat([plain, again[plain.columns]]).merge(placed, on="order_id", how="left")
    rows = rows.merge(prices, on="entry_id", how="left").merge(products, on="sku", how="left")
    texts = [text_of(raw) for raw in rows["unit_id"]]
    money = rows["base_price"].fillna(rows["cost"]).fillna(0).astype("int64")
    due = (now + pd.to_timedelta(rows["days"].astype("float64"), unit="D")).astype(STAMP)
    plain_due = (rows["requested_at"] + 45 * DAY).astype(STAMP)
    rows = rows.assign(
        discrepancy_id=[id_of(kind, merchant, text) for kind, text in zip(rows["kind"], texts, strict=True)],
        order_code=rows["code"],
        subject=rows["unit_label"].fillna(pd.Series(texts, index=rows.index, dtype=TEXT)),
        opened_at=rows["since"].astype(STAMP),
        due_at=due.where(rows["days"].notna(), plain_due),
        money_at_risk=money.where(~rows["kind"].isin(["over", "no_request", "duplicate_scan"]), 0),
    )
    return _row(rows, now, merchant)


def missing(
    found: pd.DataFrame, reports: pd.DataFrame, prices: pd.DataFrame, now: pd.Timestamp, merchant: str
) -> pd.DataFrame:
    """Return the cases of what the dock did not find in a parcel; the reports come in their order."""
    key = ["order_id", "goods"]
    told = reports.assign(
        place=reports.groupby(["code", "goods"]).cumcount() + 1,
        first_at=reports.groupby(["code", "goods"])["at"].transform("min"),
    )
    goods = found.rename(columns={"sku": "goods"}).merge(told[[*key, "first_at"]].drop_duplicates(), on=key)
    came = goods[goods["received_at"] > goods["first_at"]].groupby(key).size().rename("came")
    lines = goods.merge(prices, on="entry_id")
    price = lines.groupby(key)["base_price"].max().rename("price")
    piece = ordered(lines[lines["verdict"] == "missing_from_parcel"], "requested_at", "unit_id")
    piece = piece.assign(rank=piece.groupby(key).cumcount() + 1)[[*key, "rank", "unit_id", "case_id", "base_price"]]
    told = told.merge(came, left_on=key, right_index=True, how="left")
    told["rank"] = told["place"] - told["came"].fillna(0).astype("int64")
    told = told[told["rank"] > 0].merge(piece, on=[*key, "rank"], how="left")
    told = told.merge(price, left_on=key, right_index=True, how="left")
    due = pd.Series(now + 3 * DAY, index=told.index).astype(STAMP)
    told = told.assign(
        discrepancy_id=[
            id_of("missing_from_parcel", merchant, source, event)
            for source, event in zip(told["source"], told["event_id"], strict=True)
        ],
        order_code=told["code"],
        kind="missing_from_parcel",
        subject=told["source"] + "/" + told["event_id"],
        opened_at=told["at"].astype(STAMP),
        due_at=due,
        money_at_risk=told["base_price"].fillna(told["price"]).fillna(0).astype("int64"),
        owner="carrier",
    )
    return _row(told, now, merchant)


def _row(rows: pd.DataFrame, now: pd.Timestamp, merchant: str) -> pd.DataFrame:
    found = pd.Series(now, index=rows.index).astype(STAMP)
    rows = rows.assign(merchant_id=merchant, found_at=found, status="open")[ROW]
    texts = dict.fromkeys(("merchant_id", "order_code", "kind", "subject", "owner", "status"), TEXT)
    return rows.astype({**texts, "discrepancy_id": BYTES, "money_at_risk": pd.ArrowDtype(pa.int64())})


if __name__ == "__main__":
    sys.exit(main())
