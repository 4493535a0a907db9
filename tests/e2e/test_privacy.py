"""After a full run: no buyer's name or phone in any table, log, mail or file of ours, in clear or in base64."""

from __future__ import annotations

import base64
import gzip
import quopri
from collections.abc import Iterable, Iterator
from pathlib import Path

import psycopg
import pytest

from include.sandbox.world import write_world
from runtime.airflow_home import DATABASE
from runtime.keys import read_keys
from runtime.ports import read_ports
from runtime.postgres import dsn
from tests.e2e.conftest import Demo

# The sandbox is Kaspi and the warehouses: it may know. The database's own files are looked at as tables.
KNOWING = ("sandbox", "postgres")


def buyers() -> set[str]:
    """Return what must not be found: full names both ways round, phones, phones in base64 however they lie."""
    found: set[str] = set()
    for order in write_world().orders:
        buyer = order.buyer
        phone = buyer.phone.lstrip("+")
        found |= {f"{buyer.first_name} {buyer.last_name}", f"{buyer.last_name} {buyer.first_name}"}
        for number in {phone, phone[1:]}:
            found.add(number)
            found.update(_in_base64(number))
    return found


def _in_base64(text: str) -> Iterator[str]:
    """Yield the part of a text's base64 that does not depend on its neighbours, in each of the three alignments."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + text.encode()).decode().rstrip("=")
        # the first characters mix with what stands before, the last with what follows
        yield encoded[(before * 8 + 5) // 6 : (before + len(text)) * 8 // 6]


def leaks(words: Iterable[str], text: str) -> list[str]:
    return [word for word in words if word in text]


@pytest.fixture(scope="module")
def words() -> set[str]:
    return buyers()


def test_the_search_finds_what_is_there(words: set[str]) -> None:
    phone = next(word for word in words if word.isdigit() and len(word) == 10)
    assert len(words) > 1000
    assert leaks(words, f"x{phone}y")
    for before in ("", "a", "ab"):
        encoded = base64.b64encode(f"{before}{phone}c".encode()).decode()
        assert leaks(words, encoded), (before, encoded)
    assert leaks(words, "nothing of the kind 12345") == []


def _tables(address: str, schemas: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    with psycopg.connect(address) as conn:
        names = conn.execute(
            "select format('%%I.%%I', table_schema, table_name) from information_schema.tables "
            "where table_schema = any(%s) and table_type = 'BASE TABLE'",
            (list(schemas),),
        ).fetchall()
        for (name,) in names:
            rows = conn.execute(f"select to_jsonb(t)::text from {name} as t").fetchall()
            yield name, "\n".join(row[0] for row in rows)


def test_no_table_of_the_warehouse_holds_a_buyer(demo: Demo, words: set[str]) -> None:
    schemas = ("raw", "core", "ledger", "channel", "mart", "ops", "public")
    tables = list(_tables(demo.summary["warehouse_dsn"], schemas))
    assert len(tables) > 50
    assert {name: found[:3] for name, text in tables if (found := leaks(words, text))} == {}


def test_no_table_of_airflow_holds_a_buyer(demo: Demo, words: set[str]) -> None:
    ports = read_ports(demo.run / "ports.json")
    assert ports is not None
    keys = read_keys(demo.run / "secrets.json")
    assert keys is not None
    tables = list(_tables(dsn(ports.postgres, DATABASE, keys.airflow_db_password, DATABASE), ("public",)))
    assert "public.xcom" in dict(tables)
    assert {name: found[:3] for name, text in tables if (found := leaks(words, text))} == {}


def _files(run: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(run.rglob("*")):
        if path.is_file() and not any(part in KNOWING for part in path.relative_to(run).parts[:1]):
            body = path.read_bytes()
            body = gzip.decompress(body) if path.suffix == ".gz" else body
            yield path, body.decode("utf-8", errors="replace")


def test_no_log_and_no_file_holds_a_buyer(demo: Demo, words: set[str]) -> None:
    blurted = {word for one in demo.sandbox.manners()["buyers_shown"] for word in (one["name"], one["phone"])}
    files = list(_files(demo.run))
    assert len([path for path, _ in files if path.suffix == ".log"]) > 50
    assert {str(path): found[:3] for path, text in files if (found := leaks(words | blurted, text))} == {}


def test_no_mail_holds_a_buyer(demo: Demo, words: set[str]) -> None:
    mails = list(Path(demo.summary["mailbox_dir"]).rglob("*.eml"))
    assert mails
    for mail in mails:
        body = mail.read_bytes()
        text = body.decode(errors="replace") + quopri.decodestring(body).decode(errors="replace")
        assert leaks(words, text) == [], mail
