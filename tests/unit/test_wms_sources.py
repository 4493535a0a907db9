"""Dropped files of warehouse events: CSV and XLSX say the same, and one bad file does not keep the others."""

import csv
import datetime as dt
import io
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import openpyxl
import pytest

from include.wms.contract import SCHEMA_FILE, Unreadable, event_types, from_text, problems
from include.wms.sources import FileDrop, HttpFeed, read_csv, read_xlsx

SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
EVENTS: list[dict[str, Any]] = SCHEMA["examples"]
FIELDS = list(SCHEMA["properties"])


def as_csv(events: list[dict[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS)
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in event.items()} for event in events)
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return "|".join(value) if isinstance(value, list) else value


def as_xlsx(events: list[dict[str, Any]], *, title: bool = False) -> bytes:
    book = openpyxl.Workbook()
    if title:
        book.active.append(["What happened in November"])
        book.create_sheet("events")
    sheet = book.worksheets[-1]
    sheet.append(FIELDS)
    for event in events:
        row = {name: "|".join(value) if isinstance(value, list) else value for name, value in event.items()}
        sheet.append([int(v) if (v := row.get(n)) and n == "ean" else v for n in FIELDS])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("title", [False, True])
def test_a_workbook_says_what_the_csv_says(title: bool) -> None:
    """Excel keeps numbers and truth values as such, and an EAN that somebody typed as a number."""
    read = list(map(from_text, read_xlsx(as_xlsx(EVENTS, title=title), "events.xlsx")))
    expected = [{name: value for name, value in event.items() if value != []} for event in EVENTS]
    assert read == expected == list(map(from_text, read_csv(as_csv(EVENTS), "events.csv")))
    assert [problems(event) for event in read] == [None] * len(EVENTS)


def test_a_date_of_excels_has_no_offset_and_is_refused_by_name() -> None:
    naive = dt.datetime(2026, 11, 14, 10, 12)  # noqa: DTZ001 (Excel knows no other)
    (read,) = read_xlsx(as_xlsx([{**EVENTS[0], "occurred_at": naive}]), "x")
    assert "occurred_at: pattern" in str(problems(from_text(read)))


@pytest.mark.parametrize("body", [b"", b"PK\x03\x04 no zip", as_csv(EVENTS)])
def test_what_is_no_workbook_is_named(body: bytes) -> None:
    with pytest.raises(ValueError, match="unreadable"):
        read_xlsx(body, "x")


def test_one_bad_file_does_not_keep_the_others_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(as_csv(EVENTS[:1]))
    (tmp_path / "b.xlsx").write_bytes(b"half a workbo")
    (tmp_path / "bb.csv").write_bytes(as_csv(EVENTS[:1]) + b'"' + b"x" * 200_000 + b'"\n')
    (tmp_path / "c.XLSX").write_bytes(as_xlsx(EVENTS[1:2]))
    (tmp_path / "d.xlsx.part").write_bytes(b"not ready")
    drop, read = FileDrop(tmp_path), dict[str, str]()
    found: list[str] = []

    def collect() -> None:
        for portion in drop.portions(read):
            found.extend(drop.event(body)["event_id"] for body in portion.bodies)
            read[portion.part] = portion.cursor

    with pytest.raises(ValueError, match=r"b\.xlsx: the workbook is unreadable.*bb\.csv: line \d+"):
        collect()
    assert found == [EVENTS[0]["event_id"], EVENTS[1]["event_id"]]
    (tmp_path / "bb.csv").unlink()
    (tmp_path / "b.xlsx").write_bytes(as_xlsx(EVENTS[2:3]))
    (again,) = FileDrop(tmp_path).portions(read)
    assert again.part == "b.xlsx"


class Feed(BaseHTTPRequestHandler):
    """A warehouse whose page holds two events that no parser gets through."""

    def do_GET(self) -> None:
        deep = b'{"event_id": "e2", "note": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
        odd = b'{"merchant_id": "m1", "event_id": NaN}'
        events = b",".join([json.dumps(EVENTS[0]).encode(), deep, odd])
        body = b'{"next_cursor": "3", "has_more": false, "events": [' + events + b"]}"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def test_an_event_that_cannot_be_read_keeps_no_other_of_its_page_waiting() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Feed)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        (portion,) = (feed := HttpFeed(f"http://127.0.0.1:{server.server_port}", "token")).portions({})
    finally:
        server.shutdown()
        server.server_close()
    good, *bad = portion.bodies
    assert portion.cursor == "3" and feed.event(good) == EVENTS[0]
    for body, legible in zip(bad, ({"event_id": "e2"}, {"merchant_id": "m1"}), strict=True):
        with pytest.raises(Unreadable) as caught:
            feed.event(body)
        assert caught.value.head == legible


def test_version_1_1_takes_every_event_of_version_1() -> None:
    """What the first version had is there as it was: its fields with their types, its types with what they need."""
    first = {"received", "inspected", "repacked", "in_repair", "repaired", "qc", "unrecoverable", "written_off",
             "to_supplier", "disposed", "returned_to_buyer", "listed", "picked", "sold_off_kaspi",
             "missing_from_parcel", "stock_counted"}  # fmt: skip
    assert first < event_types()
    head = {
        "event_id": "1",
        "occurred_at": "2026-11-14T10:12:00+05:00",
        "merchant_id": "m",
        "store_id": "s",
        "actor": "a",
    }
    label = {"unit_label": "W1-1"}
    look = {"packaging_intact": True, "complete": True, "documents": True, "signs_of_use": False, "grade": "A",
            "finding": "no_fault", "route": "main", "zone": "resellable"}  # fmt: skip
    least = {
        "received": {**label, "scan_id": "1", "return_order_no": "RO"}, "inspected": {**label, **look},
        "qc": {**label, "passed": True, "checked_by": "a"}, "picked": {**label, "order_code": "1"},
        "listed": {**label, "channel": "main", "offer_sku": "X", "price": 1}, "sold_off_kaspi": {**label, "price": 1},
        "missing_from_parcel": {"order_code": "1"}, "stock_counted": {"offer_sku": "X", "quantity": 0},
    }  # fmt: skip
    for type_ in first:
        assert problems({**head, "type": type_, **least.get(type_, label)}) is None, type_
    assert problems({**head, "type": "repacked", **label, "materials": "box, film", "minutes": 4}) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "voided"}, {"type": "moved"}, {"materials_used": ["box"]}, {"materials_used": ["box:0"]},
        {"photos": ["mine"]}, {"damage_extent": "all"}, {"act_damage_noted": "yes"}, {"lost_accessory": ""},
    ],
)  # fmt: skip
def test_what_1_1_adds_is_checked(wrong: dict[str, Any]) -> None:
    event = {name: value for name, value in EVENTS[-2].items() if name != "zone"}
    assert problems({**event, **wrong}) is not None


def test_what_an_event_lacks_is_named() -> None:
    event = {"event_id": "e1", "type": "qc", "occurred_at": "2026-09-01T10:00:00+05:00", "actor": "wms", "passed": True}
    missing = ("merchant_id", "store_id", "unit_label", "checked_by")
    assert problems(event) == "; ".join(f"event: '{name}' is a required property" for name in missing)
