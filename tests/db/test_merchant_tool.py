"""tools/merchant.py: one row, and a check that tells a hang, a refusal and a wrong address from an open shop."""

import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from include.db.connection import Connection, connect
from include.kaspi import shop_api
from tools import merchant

TOKEN = "c2VjcmV0LW9mLWEtc2hvcC1mb3ItdGhlLXRlc3RzLW9ubHk="
ORDERS = 4


class Shop(BaseHTTPRequestHandler):
    """Answers by the first part of the path."""

    def do_GET(self) -> None:
        if self.path.startswith("/hangs"):
            time.sleep(1)
        elif self.path.startswith("/busy"):
            self.send_response(503)
            self.end_headers()
        elif not self.path.startswith("/shop"):
            self._say(404, b"<html>nothing here</html>")
        elif self.headers["X-Auth-Token"] != TOKEN:
            self._say(401, b"{}")
        else:
            self._say(200, json.dumps({"data": [], "meta": {"pageCount": 1, "totalCount": ORDERS}}).encode())

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop_api, "READ_SECONDS", 0.2)
    monkeypatch.setattr(shop_api, "ATTEMPTS", 4)  # put back what the tool sets
    monkeypatch.setattr(shop_api, "_wait", lambda _state: 0)
    monkeypatch.setenv(merchant.TOKEN, TOKEN)


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["merchant", *arguments])
    return merchant.main()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("path", "code", "says"),
    [
        ("/shop", 0, f"The shop is open: {ORDERS * 6} orders of the last 3 days"),
        ("/hangs", 1, "got no answer within"),
        ("/busy", 1, "answered 503"),
        ("/elsewhere", 1, "Nothing of a shop is found"),
    ],
)
def test_a_check_says_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], address: str, path: str, code: int, says: str
) -> None:
    assert call(monkeypatch, "check", "--url", address + path) == code
    said = capsys.readouterr().out
    assert says in said
    assert TOKEN not in said


def test_a_refused_token_is_no_wrong_address(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    monkeypatch.setenv(merchant.TOKEN, "another")
    assert call(monkeypatch, "check", "--url", f"{address}/shop") == 1
    assert capsys.readouterr().out.startswith("The token is refused")


def test_an_address_where_nobody_listens(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(monkeypatch, "check", "--url", f"http://127.0.0.1:{closed_port()}") == 1
    assert capsys.readouterr().out.startswith("Nothing of a shop is found")


def test_adding_twice_brings_the_row_up_to_date(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], warehouse_dsn: str, warehouse: Connection
) -> None:
    monkeypatch.setenv(merchant.DSN, warehouse_dsn)
    assert call(monkeypatch, "add", "--id", "nur", "--name", "Nur", "--store", "PP1:W1", "--store", "PP2:W2") == 0
    assert call(monkeypatch, "add", "--id", "nur", "--name", "Nur Shop", "--store", "PP1:W9", "--notices") == 0
    with connect(warehouse_dsn) as conn:
        rows = conn.execute("select name, notices from core.merchant where merchant_id = 'nur'").fetchall()
        stores = conn.execute("select store_id, warehouse from core.store where merchant_id = 'nur'").fetchall()
    assert rows == [{"name": "Nur Shop", "notices": True}]
    assert {one["store_id"]: one["warehouse"] for one in stores} == {"PP1": "W9", "PP2": "W2"}
    capsys.readouterr()
    assert call(monkeypatch, "list") == 0
    assert "nur" in capsys.readouterr().out.split()


def test_a_second_call_keeps_what_it_does_not_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], warehouse_dsn: str, warehouse: Connection
) -> None:
    monkeypatch.setenv(merchant.DSN, warehouse_dsn)
    begin = ("add", "--id", "oral", "--name", "Oral", "--store", "PP1:W1")
    everything = (
        "--locale", "kk", "--time-zone", "Asia/Oral", "--tier", "priority", "--connection", "kaspi_of_the_holding",
        "--email", "o@example.kz", "--notices", "--base-includes-returns", "--pick-scan",
    )  # fmt: skip

    def row() -> list[object]:
        with connect(warehouse_dsn) as conn:
            found = conn.execute(
                "select locale, time_zone, tier, connection_id, base_list_connection_id, report_email, notices, "
                "base_includes_returns, pick_scan from core.merchant join core.store using (merchant_id) "
                "where merchant_id = 'oral'"
            ).fetchone()
        assert found is not None
        return list(found.values())

    assert call(monkeypatch, *begin) == 0
    lists = "base_list_oral"
    assert row() == ["ru", "Asia/Almaty", "standard", "kaspi_shop_oral", lists, None, False, False, False]
    assert call(monkeypatch, *begin, *everything) == 0
    known = ["kk", "Asia/Oral", "priority", "kaspi_of_the_holding", lists, "o@example.kz", True, True, True]
    assert row() == known
    capsys.readouterr()
    assert call(monkeypatch, *begin) == 0
    assert row() == known
    assert "the connections kaspi_of_the_holding and base_list_oral" in capsys.readouterr().out
    assert call(monkeypatch, *begin, "--tier", "standard", "--no-notices", "--no-pick-scan") == 0
    assert row() == [*known[:2], "standard", *known[3:6], False, True, False]


def test_a_time_zone_is_one_of_the_tz_database(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], warehouse_dsn: str
) -> None:
    monkeypatch.setenv(merchant.DSN, warehouse_dsn)
    for name in ("Asia/Alma-Ata-2", "../etc/passwd", "+05:00", ""):
        with pytest.raises(SystemExit):
            call(monkeypatch, "add", "--id", "x", "--name", "X", "--store", "PP1:W1", "--time-zone", name)
        assert "is no time zone of the tz database" in capsys.readouterr().err


def test_a_store_without_a_warehouse_is_refused(monkeypatch: pytest.MonkeyPatch, warehouse_dsn: str) -> None:
    monkeypatch.setenv(merchant.DSN, warehouse_dsn)
    with pytest.raises(SystemExit, match="PP1:W1"):
        call(monkeypatch, "add", "--id", "x", "--name", "X", "--store", "PP1")


def test_a_bad_catalogue_takes_nothing_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, warehouse_dsn: str, warehouse: Connection
) -> None:
    monkeypatch.setenv(merchant.DSN, warehouse_dsn)
    (tmp_path / "bad.csv").write_text("sku,name\nA1,Чайник\n", encoding="utf-8")
    arguments = ["--id", "bad", "--name", "B", "--store", "PP1:W1", "--catalogue", str(tmp_path / "bad.csv")]
    with pytest.raises(SystemExit, match="nothing was taken in: the catalogue lacks the columns"):
        call(monkeypatch, "add", *arguments)
    assert warehouse.execute("select 1 from core.merchant where merchant_id = 'bad'").fetchone() is None


def test_an_id_must_fit_a_connections_name(monkeypatch: pytest.MonkeyPatch, warehouse_dsn: str) -> None:
    monkeypatch.setenv(merchant.DSN, warehouse_dsn)
    with pytest.raises(SystemExit):
        call(monkeypatch, "add", "--id", "Nur-Shop", "--name", "X", "--store", "PP1:W1")


def test_a_source_of_warehouse_events(
    monkeypatch: pytest.MonkeyPatch, warehouse_dsn: str, warehouse: Connection
) -> None:
    monkeypatch.setenv(merchant.DSN, warehouse_dsn)
    assert call(monkeypatch, "source", "--name", "w7", "--kind", "file_drop", "--desk", "qc") == 0
    row = warehouse.execute("select connection_id, system_of_record from core.warehouse_source").fetchone()
    assert row is not None
    assert row["connection_id"] == "wms_drop_w7"
    assert (row["system_of_record"]["qc"], row["system_of_record"]["receipt"]) == ("desk", "wms")


def test_without_a_warehouses_address_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(merchant.DSN, raising=False)
    assert call(monkeypatch, "list") == 2
