"""After a full run: no buyer's name or phone in any table, log, mail or file of ours, in clear, in base64 or packed."""

from __future__ import annotations

import base64
import email
import email.policy
import gzip
import json
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from email.message import EmailMessage
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from include.sandbox.world import write_world
from runtime.airflow_home import DATABASE
from runtime.bring_up import BUYERS
from runtime.keys import read_keys
from runtime.ports import read_ports
from runtime.postgres import dsn
from tests.conftest import TestServer
from tests.e2e.conftest import Demo

# The sandbox is Kaspi and the warehouses: it may know. The database's own files are looked at as tables.
KNOWING = ("sandbox", "postgres")
SEALED = ("core.contact", "sealed")
PACKED = {b"\x1f\x8b": gzip.decompress, b"x\x01": zlib.decompress, b"x\x9c": zlib.decompress, b"x\xda": zlib.decompress}
HEAD = 7  # letters; the shortest full name has no fewer


class Search:
    """Looks for many words at once: the text is gone through once, whatever their number."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = frozenset(words)
        self._by_head: dict[str, list[str]] = defaultdict(list)
        for word in self.words:
            assert len(word) >= HEAD, word
            self._by_head[word[:HEAD]].append(word)

    def __call__(self, text: str) -> list[str]:
        by_head = self._by_head
        return [
            word
            for place in range(len(text) - HEAD + 1)
            if (head := text[place : place + HEAD]) in by_head
            for word in by_head[head]
            if text.startswith(word, place)
        ]


def forms(first: str, last: str, phone: str) -> Iterator[str]:
    """Yield what must not be found of a buyer: the full name both ways round and the phone, in every writing.

    The Shop API tells the names apart, so each is looked for as it writes it, too.
    """
    number = phone.lstrip("+")
    for word in (f"{first} {last}", f"{last} {first}", number, number[1:]):
        yield word
        yield json.dumps(word)[1:-1]
        yield from _in_base64(word)
    for member, name in (("firstName", first), ("lastName", last)):
        for text in (json.dumps({member: name}, ensure_ascii=False), json.dumps({member: name})):
            yield text[1:-1]
            yield text[1:-1].replace(": ", ":")


def _in_base64(text: str) -> Iterator[str]:
    """Yield the part of a text's base64 that does not depend on its neighbours, in each of the three alignments."""
    body = text.encode()
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + body).decode()
        # the first characters mix with what stands before, the last with what follows
        yield encoded[(before * 8 + 5) // 6 : (before + len(body)) * 8 // 6]


def text_of(body: bytes) -> str:
    """Return what bytes say: unpacked, and if they are a mail, its headers and parts decoded."""
    for magic, unpack in PACKED.items():
        if body.startswith(magic):
            try:
                body = unpack(body)
            except (OSError, EOFError, zlib.error):
                continue
            break
    text = body.decode("utf-8", errors="replace")
    return f"{text}\n{mail_of(body)}" if "MIME-Version" in text[:10_000] else text


def mail_of(body: bytes) -> str:
    mail = email.message_from_bytes(body, policy=email.policy.default)
    said = [f"{name}: {value}" for name, value in mail.items()]
    for part in mail.walk():
        assert isinstance(part, EmailMessage)
        if not part.is_multipart():
            content = part.get_content()
            said.append(content.decode("utf-8", errors="replace") if isinstance(content, bytes) else str(content))
    return "\n".join(said)


@pytest.fixture(scope="module")
def leaks(demo: Demo) -> Search:
    """The search for everybody who has bought in the demonstration, and whom the shop blurted out."""
    buyers = demo.sandbox.buyers()
    scripted = {order.buyer.phone for order in write_world().orders}
    assert {one["phone"] for one in buyers} - scripted, "somebody bought in the lived days"
    words = {word for one in buyers for word in forms(one["first"], one["last"], one["phone"])}
    blurted = {word for one in demo.sandbox.manners()["buyers_shown"] for word in (one["name"], one["phone"])}
    return Search(words | blurted)


NAME, PHONE = ("Айгүл", "Сериққызы"), "+77015550101"


@pytest.mark.parametrize("word", ["Айгүл Сериққызы", "Сериққызы Айгүл", "77015550101", "7015550101"])
def test_the_search_finds_what_is_there(word: str) -> None:
    search = Search(forms(*NAME, PHONE))
    assert search(f"x{word}y")
    assert search(json.dumps({"x": word}))
    assert search('{"customer": {"cellPhone": null, "lastName": "Сериққызы", "firstName": "Айгүл"}}')
    assert search('{"customer":{"firstName":"Айгүл"}}') and not search('{"customer":{"firstName":"Another"}}')
    for before in ("", "a", "ab"):
        encoded = base64.b64encode(f"{before}{word}c".encode()).decode()
        assert search(encoded), (before, encoded)
    for coding in ("base64", "quoted-printable", "8bit"):
        mail = EmailMessage()
        mail["Subject"] = "a report"
        mail.set_content(f"a line\n and {word}.\n" * 3, cte=coding)
        assert search(text_of(mail.as_bytes())), coding
    mail = EmailMessage()
    mail["Subject"] = f"about {word}"
    mail.set_content("nothing")
    mail.add_attachment(f"1;{word};2".encode(), maintype="text", subtype="csv", filename="a.csv")
    assert len(search(text_of(mail.as_bytes()))) >= 2
    for pack in (gzip.compress, zlib.compress):
        assert search(text_of(pack(f"<a>{word}</a>".encode())))
    assert search("nothing of the kind 12345 Айгүл") == []


def test_the_search_finds_what_a_table_holds_in_bytes(
    new_warehouse: Callable[[], str], postgres_server: TestServer
) -> None:
    address, search = postgres_server.as_owner(new_warehouse()), Search(forms(*NAME, PHONE))
    mail = EmailMessage()
    mail.set_content(f"Для {' '.join(NAME)}\n", cte="base64")
    with psycopg.connect(address) as conn:
        conn.execute("create table ops.probe (id integer, body bytea, note text)")
        conn.execute("insert into ops.probe values (1, %s, null), (2, null, %s)", (mail.as_bytes(), PHONE))
        conn.execute(
            "insert into core.contact (merchant_id, order_id, sealed, taken_at) values ('m', 'o', %s, now())",
            (" ".join(NAME).encode(),),
        )
    found = {name: search(text) for name, text in _tables(address, ("core", "ops"))}
    assert {" ".join(NAME), PHONE[1:], PHONE[2:]} <= set(found["ops.probe"])
    assert found["core.contact"] == [], "what is sealed is not looked into"


def _tables(address: str, schemas: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield every table with all it holds as text; bytes are decoded, the sealed column is left out."""
    with psycopg.connect(address) as conn:
        tables = conn.execute(
            "select table_schema, table_name, coalesce(array_agg(column_name::text) filter (where udt_name = 'bytea'), "
            "'{}') from information_schema.tables join information_schema.columns using (table_schema, table_name) "
            "where table_schema = any(%s) and table_type = 'BASE TABLE' group by 1, 2",
            (list(schemas),),
        ).fetchall()
        for schema, table, columns in tables:
            name = f"{schema}.{table}"
            looked_at = [column for column in columns if (name, column) != SEALED]
            picked = [sql.SQL("(to_jsonb(t) - %(columns)s::text[])::text"), *map(sql.Identifier, looked_at)]
            rows = conn.execute(
                sql.SQL("select {} from {} as t").format(sql.SQL(", ").join(picked), sql.Identifier(schema, table)),
                {"columns": columns},
            )
            yield (
                name,
                "\n".join(
                    text_of(value) if isinstance(value, bytes) else value
                    for row in rows
                    for value in row
                    if value is not None
                ),
            )


def test_no_table_of_the_warehouse_holds_a_buyer(demo: Demo, leaks: Search) -> None:
    schemas = ("raw", "core", "ledger", "channel", "mart", "ops", "public")
    tables = list(_tables(demo.summary["warehouse_dsn"], schemas))
    assert len(tables) > 50
    assert {"ops.outbox", "ops.notice", "ops.upload", "raw.order_payload"} <= dict(tables).keys()
    assert "arrived/" in dict(tables)["ops.notice"], "there is a notice to look into"
    assert "Subject:" in dict(tables)["ops.outbox"], "there is a mail to look into"
    assert {name: found[:3] for name, text in tables if (found := leaks(text))} == {}


def test_no_table_of_airflow_holds_a_buyer(demo: Demo, leaks: Search) -> None:
    ports = read_ports(demo.run / "ports.json")
    assert ports is not None
    keys = read_keys(demo.run / "secrets.json")
    assert keys is not None
    tables = list(_tables(dsn(ports.postgres, DATABASE, keys.airflow_db_password, DATABASE), ("public",)))
    assert "public.xcom" in dict(tables)
    assert {name: found[:3] for name, text in tables if (found := leaks(text))} == {}


def _files(run: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(run.rglob("*")):
        if path.is_file() and not any(part in KNOWING for part in path.relative_to(run).parts[:1]):
            yield path, text_of(path.read_bytes())


def test_no_log_and_no_file_holds_a_buyer(demo: Demo, leaks: Search) -> None:
    files = list(_files(demo.run))
    assert len([path for path, _ in files if path.suffix == ".log"]) > 50
    assert {str(path): found[:3] for path, text in files if (found := leaks(text))} == {}


def test_no_mail_holds_a_buyer_but_his_own(demo: Demo, leaks: Search) -> None:
    """A buyer's notice goes to him: it may name him, and nobody else. Every other mail names no buyer at all."""
    files = {path: path.read_bytes() for path in Path(demo.summary["mailbox_dir"]).rglob("*.eml")}
    mails = {path: mail_of(body) for path, body in files.items()}
    assert mails
    assert all("Subject:" in text for text in mails.values())
    by_phone = {one["phone"].lstrip("+"): one for one in demo.sandbox.buyers()}
    notices = 0
    leaked = {}
    for path, text in mails.items():
        allowed: set[str] = set()
        to = str(email.message_from_bytes(files[path], policy=email.policy.default)["To"])
        if to.endswith(f"@{BUYERS}"):
            buyer = by_phone[to.partition("@")[0]]
            allowed = set(forms(buyer["first"], buyer["last"], buyer["phone"]))
            notices += 1
        if found := [word for word in leaks(text) if word not in allowed]:
            leaked[str(path)] = found[:3]
    assert leaked == {}
    assert notices, "nobody was told that his return arrived: there was nothing to look into"


def test_what_came_on_a_buyers_phone_names_no_other_buyer(demo: Demo, leaks: Search) -> None:
    by_phone = {one["phone"].lstrip("+"): one for one in demo.sandbox.buyers()}
    leaked = {}
    for path in (demo.run / "sandbox" / "phones").glob("*.json"):
        told = json.loads(path.read_text(encoding="utf-8"))
        buyer = by_phone[told["phone"]]
        own = set(forms(buyer["first"], buyer["last"], buyer["phone"]))
        if found := [word for word in leaks(json.dumps(told, ensure_ascii=False)) if word not in own]:
            leaked[str(path)] = found[:3]
    assert leaked == {}
