"""From QC committed to the published list, in the running Airflow: the asset event wakes restock_sync up."""

import csv
import datetime as dt
import io
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from runtime.waiting import wait_for
from tests.e2e.conftest import ROOT, Demo

pytestmark = pytest.mark.timeout(1_500)
PIECES = 8
P95_SECONDS = 120.0
SKUS = """
select offer.sku
from channel.base_offer as offer
where
    offer.merchant_id = %s
    and offer.base_version = (select max(base_version) from channel.base_list where merchant_id = offer.merchant_id)
    and offer.available and offer.stock_count is not null and offer.price > 1000
order by offer.position
"""
COMMITTED = """
select unit_id from ledger.unit_event
where type = 'qc_passed' and unit_id = (select unit_id from ledger.unit where unit_label = %s)
"""
PUBLISHED = """
select addition.unit_id
from channel.addition
inner join channel.feed_version
    on addition.merchant_id = feed_version.merchant_id and addition.published_version = feed_version.version
where feed_version.status = 'published'
and addition.unit_id = (select unit_id from ledger.unit where unit_label = %s)
"""


def told(label: str, merchant: dict[str, Any], sku: str, now: dt.datetime) -> list[dict[str, Any]]:
    """What the warehouse says of a whole piece that comes in, is looked at and passes QC."""
    common = {"merchant_id": merchant["id"], "unit_label": label, "sku": sku}
    steps: list[dict[str, Any]] = [
        {"type": "received", "actor": "dock", "scan_id": label, "return_order_no": f"RO-{label}"},
        {"type": "inspected", "actor": "inspector", "packaging_intact": True, "complete": True, "documents": True,
         "signs_of_use": False, "grade": "A", "finding": "no_fault", "route": "main", "zone": "resellable"},
        {"type": "qc", "actor": "checker", "passed": True, "checked_by": "checker"},
    ]  # fmt: skip
    return [
        {**common, **step, "event_id": f"{label}-{n}",
         "occurred_at": (now - dt.timedelta(minutes=30 - 5 * n)).isoformat()}
        for n, step in enumerate(steps)
    ]  # fmt: skip


def drop(folder: Path, name: str, events: list[dict[str, Any]]) -> None:
    columns = list(json.loads((ROOT / "docs" / "wms-event.schema.json").read_text(encoding="utf-8"))["properties"])
    out = io.StringIO()
    writer = csv.DictWriter(out, columns)
    writer.writeheader()
    writer.writerows(
        {key: str(value).lower() if isinstance(value, bool) else value for key, value in event.items()}
        for event in events
    )
    partial = folder / f".{name}"
    partial.write_text(out.getvalue(), encoding="utf-8")
    os.replace(partial, folder / name)  # noqa: PTH105


def seen(dsn: str, statement: str, label: str) -> bool:
    with psycopg.connect(dsn) as conn:
        return conn.execute(statement.encode(), (label,)).fetchone() is not None


def test_a_piece_is_in_the_published_list_two_minutes_after_its_qc(demo: Demo) -> None:
    demo.must_be_ours()
    source = next(one for one in demo.sandbox.world()["sources"] if one["kind"] == "file_drop")
    merchant = next(one for one in demo.sandbox.world()["merchants"] if one["id"] == "sary_kids")
    dsn = demo.summary["warehouse_dsn"]
    with psycopg.connect(dsn) as conn:
        skus = [row[0] for row in conn.execute(SKUS.encode(), (merchant["id"],)).fetchall()]
    waits = []
    for number in range(PIECES):
        label = f"INTIME{number}"
        events = told(label, merchant, skus[number % len(skus)], demo.sandbox.now())
        drop(Path(source["folder"]), f"in-time-{number}.csv", events)
        demo.airflow.trigger("warehouse_receipts_reconcile")
        wait_for(f"{label}'s QC to be committed", lambda label=label: seen(dsn, COMMITTED, label), 300, pause=0.2)
        committed = time.monotonic()
        wait_for(f"{label} to be published", lambda label=label: seen(dsn, PUBLISHED, label), 600, pause=0.2)
        waits.append(time.monotonic() - committed)
    p95 = statistics.quantiles(waits, n=20, method="inclusive")[-1]
    print(f"QC committed to published: {', '.join(f'{one:.1f}' for one in waits)} s; p95 {p95:.1f} s")
    assert p95 <= P95_SECONDS
