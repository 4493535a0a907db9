"""Costs of units on a real PostgreSQL: booked with the event, once, taken back with it; unknown is NULL and never 0."""

import datetime as dt
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.db.connection import Connection, connect
from include.db.migrate import migrate
from include.db.statements import SQL_FOLDER, text_of
from include.domain import money
from include.domain.days import ALMATY
from include.domain.identity import event_id, scanned_unit_id
from include.domain.unit_life import Event
from include.flows import costs, ledger, onboarding, rate_card
from include.flows.rate_card import BadRateCard
from tests.fingerprint import fingerprint
from tools import rate_card as tool

NOW = dt.datetime(2026, 11, 12, 12, tzinfo=ALMATY)
HEAD = "merchant,warehouse,term,per,code,amount,valid_from,name_ru,name_kk,name_en\n"
LIST = (
    HEAD
    + """*,*,collection,event,,450,2026-10-01,,,
*,*,receiving,event,,120,2026-10-01,,,
*,*,inspection,event,,250,2026-10-01,,,
*,*,inspection,event,qc,150,2026-10-01,,,
*,*,repair,event,,300,2026-10-01,,,
*,*,repair,minute,,45,2026-10-01,,,
*,*,packaging,event,,80,2026-10-01,,,
*,*,packaging,piece,film,35,2026-10-01,плёнка,пленка,film
*,*,parts,piece,battery,4200,2026-10-01,аккумулятор,аккумулятор,battery
*,*,storage,day,,30,2026-10-01,,,
*,*,storage,day,,36,2026-11-08,,,
*,*,channel_fee,share,,12%,2026-10-01,,,
"""
).encode()
ROW = """
select
    cost_forward_delivery, cost_collection, cost_receiving, cost_inspection, cost_repair, cost_parts, cost_packaging,
    cost_storage, cost_channel_fee, cost_write_off, reverse_cost, compensation, net_recovery, known_cost, unknown_terms
from mart.unit
where unit_id = %s
"""
# By the table, or already by the rights of the login.
REFUSED = (psycopg.errors.RaiseException, psycopg.errors.InsufficientPrivilege)
CHECKS = (
    "core/unit_cost__every_step_has_its_cost", "mart/unit__costs_add_up", "core/claim__is_its_last_event",
)  # fmt: skip


@pytest.fixture
def dsn(new_warehouse: Callable[[], str]) -> str:
    return new_warehouse()


@pytest.fixture
def conn(dsn: str) -> Iterator[Connection]:
    """A warehouse of its own with one shop, one product of 7,000 tenge, and an order of three pieces."""
    with connect(dsn) as connection:
        onboarding.add_merchant(
            connection, "shop", name="Алма", stores=[onboarding.Store("PP1", "W1", base_includes_returns=False)]
        )
        connection.execute(
            """
            insert into core.product (merchant_id, sku, name, cost)
            values ('shop', 'S', 'Чайник', 7000), ('shop', 'N', 'Без цены', null);
            insert into core.customer_order (merchant_id, order_id, code, state, status, total_price,
                delivery_cost_seller, created_at, payload_hash)
            values ('shop', 'o1', '101', 'ARCHIVE', 'COMPLETED', 30000, 1000, '2026-10-20T10:00+05', '');
            insert into core.order_line (merchant_id, order_id, entry_id, entry_number, sku, quantity, base_price,
                total_price)
            values ('shop', 'o1', 'e1', 0, 'S', 2, 10000, 20000), ('shop', 'o1', 'e2', 1, 'S', 1, 10000, 10000);
            insert into ops.run (dag_id, run_id, now_at) values ('test', 'r', '2026-11-12T12:00+05')
            """
        )
        connection.commit()
        yield connection


def unit(n: int) -> UUID:
    return scanned_unit_id("w1", f"scan-{n}")


def event(n: int, type_: str, at: str = "2026-11-02T23:30+05:00", **payload: Any) -> Event:
    facts = {
        "received": {"source": "w1", "scan_id": f"scan-{n}", "store_id": "PP1", "sku": "S", "order_id": "o1",
                     "entry_id": "e1", "piece": n},
        "inspected": {"grade": "B", "finding": "no_fault", "signs_of_use": False},
        "restock_pending": {"channel": "resale", "offer_sku": "SR", "resale_price": 9_250},
        "on_sale": {"proof": "fetched"},
        "resold": {"attribution": "fifo"},
    }.get(type_, {})  # fmt: skip
    return Event(
        event_id("test", n, type_, at), unit(n), "shop", type_, dt.datetime.fromisoformat(at), f"{type_}-hand", "test",
        {**facts, **payload},
    )  # fmt: skip


def book(conn: Connection, *events: Event) -> None:
    with conn.transaction():
        costs.append(conn, "shop", events, NOW)


def load(conn: Connection, body: bytes = LIST, now: dt.datetime = NOW) -> rate_card.Loaded:
    return rate_card.load(conn, "list.csv", body, "aliya", now)


def shown(conn: Connection, n: int) -> dict[str, Any]:
    row = conn.execute(ROW, (unit(n),)).fetchone()
    assert row is not None
    return {name.removeprefix("cost_"): value for name, value in row.items()}


def violations(conn: Connection) -> list[Any]:
    return [row for name in CHECKS for row in conn.execute(text_of(f"checks/{name}").encode()).fetchall()]


def test_a_whole_life_costs_each_of_its_terms(conn: Connection) -> None:
    load(conn)
    book(
        conn,
        event(1, "received"),
        event(1, "inspected", "2026-11-03T10:00+05:00"),
        event(1, "repacked", "2026-11-03T11:00+05:00", minutes=5, materials="плёнка ×2"),
        event(1, "qc_passed", "2026-11-03T12:00+05:00"),
        event(1, "restock_pending", "2026-11-04T10:00+05:00"),
        event(1, "on_sale", "2026-11-05T10:00+05:00"),
    )
    open_ = shown(conn, 1)
    assert open_["storage"] == 6 * 30 + 4 * 36, "the ends of the 2nd to the 7th and of the 8th to the 11th"
    assert open_["net_recovery"] is None, "nobody has bought it yet"
    book(conn, event(1, "resold", "2026-11-09T15:00+05:00"))
    assert shown(conn, 1) == {
        "forward_delivery": 334, "collection": 450, "receiving": 120, "inspection": 400, "repair": 0, "parts": 0,
        "packaging": 150, "storage": 6 * 30 + 36, "channel_fee": 1_110, "write_off": 0,
        "reverse_cost": 334 + 450 + 120 + 400 + 150 + 216 + 1_110, "compensation": 0,
        "net_recovery": 9_250 - 1_110 - 150 - 120 - 400 - 216, "known_cost": 334 + 450 + 120 + 400 + 150 + 216 + 1_110,
        "unknown_terms": [],
    }  # fmt: skip
    assert violations(conn) == []


def test_the_pieces_of_an_order_share_its_delivery_to_the_tenge(conn: Connection) -> None:
    load(conn)
    book(conn, event(1, "received"), event(2, "received"), event(3, "received", entry_id="e2", piece=1))
    parts = [shown(conn, n)["forward_delivery"] for n in (1, 2, 3)]
    assert parts == [money.share_of_parcel(1000, 3, place) for place in range(3)]
    assert sum(parts) == 1000


def test_the_same_events_again_cost_nothing_again(dsn: str, conn: Connection) -> None:
    load(conn)
    life = [event(1, "received"), event(1, "inspected", "2026-11-03T10:00+05:00")]
    book(conn, *life)
    before = fingerprint(dsn)
    book(conn, *life)
    with conn.transaction():
        assert costs.book_costs(conn, "shop", [one.event_id for one in life], NOW) == 0
    assert fingerprint(dsn) == before


def test_an_event_that_waited_for_its_predecessor_costs_when_it_is_booked(conn: Connection) -> None:
    load(conn)
    book(conn, event(1, "received"), event(1, "qc_passed", "2026-11-03T12:00+05:00"))
    assert shown(conn, 1)["inspection"] == 0
    book(conn, event(1, "inspected", "2026-11-03T10:00+05:00"))
    assert shown(conn, 1)["inspection"] == 250 + 150


def test_what_a_voided_event_had_cost_is_taken_back_and_stays_readable(conn: Connection) -> None:
    load(conn)
    mistake = event(1, "repacked", "2026-11-03T11:00+05:00", materials="film, nothing known")
    book(conn, event(1, "received"), event(1, "inspected", "2026-11-03T10:00+05:00"), mistake)
    assert shown(conn, 1)["packaging"] is None, "a material that is in no list costs nobody knows what"
    book(conn, event(1, "voided", "2026-11-03T11:30+05:00", event_id=str(mistake.event_id)))
    assert shown(conn, 1)["packaging"] == 0
    kinds = [
        (row["code"], row["kind"], row["amount"]) for row in costs.costs_of(conn, unit(1)) if row["term"] == "packaging"
    ]
    assert kinds == [
        ("event", "cost", 80), ("event", "taken_back", -80), ("piece:film", "cost", 35),
        ("piece:film", "taken_back", -35),
        ("piece:nothing known", "taken_back", 0), ("piece:nothing known", "unknown", None),
    ]  # fmt: skip
    assert violations(conn) == []
    with conn.transaction():
        assert costs.book_costs(conn, "shop", [mistake.event_id], NOW) == 0, "nor is it booked anew"


def test_a_unit_given_up_for_lost_is_written_off_until_it_comes(conn: Connection) -> None:
    load(conn)
    asked = {"case_id": str(unit(9)), "order_id": "o1", "entry_id": "e1", "piece": 1, "sku": "S"}
    book(conn, event(1, "requested", "2026-10-01T10:00+05:00", **asked), event(1, "lost", "2026-11-10T10:00+05:00"))
    lost = shown(conn, 1)
    assert (lost["write_off"], lost["storage"], lost["net_recovery"]) == (7_000, 0, None)
    book(conn, event(1, "received", "2026-11-11T10:00+05:00"))
    assert shown(conn, 1)["write_off"] == 0
    assert violations(conn) == []


def test_without_a_price_list_costs_are_null_and_one_command_books_them_later(conn: Connection) -> None:
    book(
        conn,
        event(1, "received"),
        event(1, "inspected", "2026-11-03T10:00+05:00"),
        event(1, "in_repair", "2026-11-03T11:00+05:00"),
        event(1, "repaired", "2026-11-03T12:00+05:00", minutes=10, materials="battery"),
        event(2, "received", "2026-11-03T10:00+05:00", sku="N"),
        event(2, "inspected", "2026-11-04T10:00+05:00"),
        event(2, "unrecoverable", "2026-11-04T11:00+05:00"),
        event(2, "written_off", "2026-11-05T11:00+05:00"),
    )
    nothing = shown(conn, 1)
    assert [name for name, value in nothing.items() if value is None] == [
        "collection", "receiving", "inspection", "repair", "parts", "storage", "reverse_cost", "net_recovery",
    ]  # fmt: skip
    assert nothing["unknown_terms"] == ["collection", "receiving", "inspection", "repair", "parts", "storage"]
    assert (nothing["packaging"], nothing["write_off"], nothing["known_cost"]) == (0, 0, 334)
    assert violations(conn) == [], "an unknown cost is a cost"
    load(conn)
    assert costs.book_missing(conn, "shop", NOW) > 0
    known = shown(conn, 1)
    assert (known["inspection"], known["repair"], known["parts"]) == (250, 300 + 450, 4_200)
    assert known["unknown_terms"] == [] and known["reverse_cost"] == known["known_cost"]
    scrapped = shown(conn, 2)
    assert (scrapped["write_off"], scrapped["reverse_cost"]) == (None, None)
    assert scrapped["unknown_terms"] == ["write_off"]
    assert scrapped["net_recovery"] == -(120 + 250 + 2 * 30), "scrap brings nothing, and its work had cost"
    assert costs.book_missing(conn, "shop", NOW) == 0
    assert violations(conn) == []
    warning = conn.execute(text_of("checks/core/unit_cost__is_known").encode()).fetchall()
    assert [(row["merchant_id"], row["record_key"]) for row in warning] == [("shop", "write_off/no_goods_cost")]


def test_what_was_unknown_becomes_known_with_the_word_for_it(conn: Connection) -> None:
    load(conn)
    book(
        conn, event(1, "received"), event(1, "inspected", "2026-11-03T10:00+05:00"),
        event(1, "repacked", "2026-11-03T11:00+05:00", materials="скотч, film"),
    )  # fmt: skip
    assert shown(conn, 1)["packaging"] is None
    load(conn, (HEAD + "*,*,packaging,piece,tape,20,2026-10-01,скотч,скотч,tape\n").encode())
    assert costs.book_missing(conn, "shop", NOW) == 2
    assert shown(conn, 1)["packaging"] == 80 + 35 + 20
    assert costs.book_missing(conn, "shop", NOW) == 0


def test_events_of_before_there_were_costs_are_unknown_not_free(conn: Connection) -> None:
    """The ledger's own entry, as before this table was there: the nightly check sees it, the command mends it."""
    load(conn)
    with conn.transaction():
        ledger.append(conn, [event(1, "received"), event(1, "inspected", "2026-11-03T10:00+05:00")], NOW)
    assert {row["detail"].split()[-1] for row in violations(conn)} == {"collection", "receiving", "inspection"}
    assert costs.book_missing(conn, "shop", NOW) == 3
    assert violations(conn) == []


def test_an_upgrade_makes_the_costs_of_the_past_unknown_and_not_nought(
    postgres_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warehouse with events from before there were costs, brought to the newest schema."""
    before = tmp_path / "sql"
    (before / "migrations").mkdir(parents=True)
    for path in (SQL_FOLDER / "migrations").glob("[0-9]*.sql"):
        if path.name < "0070":
            shutil.copy(path, before / "migrations")
    address = postgres_server.create_database(f"old_{uuid.uuid4().hex[:8]}")
    with monkeypatch.context() as old:
        old.setattr("include.db.migrate.SQL_FOLDER", before)
        old.setattr(
            "include.db.migrate._give_rights", lambda _: None, raising=False
        )  # of tables that are not there yet
        migrate(address)
    mistake = event(1, "unrecoverable", "2026-11-03T11:00+05:00")
    life = [event(1, "received"), event(1, "inspected", "2026-11-03T10:00+05:00"), mistake]
    corrected = event(1, "voided", "2026-11-03T11:30+05:00", event_id=str(life[2].event_id))
    with connect(address) as conn:
        ledger.append(conn, [*life, corrected, event(1, "qc_passed", "2026-11-03T12:00+05:00")], NOW)
    assert migrate(address) != []
    with connect(address) as conn:
        rows = conn.execute(
            "select term, code, kind, detail ->> 'why' as why from core.unit_cost order by 1"
        ).fetchall()
        assert [tuple(row.values()) for row in rows] == [
            (term, "", "unknown", "no_price") for term in ("collection", "inspection", "inspection", "receiving")
        ]
        shown_then = conn.execute("select cost_inspection, cost_repair, unknown_terms from mart.unit").fetchone()
        assert shown_then is not None
        assert (shown_then["cost_inspection"], shown_then["cost_repair"]) == (None, 0)


def test_costs_can_only_be_added(conn: Connection) -> None:
    load(conn)
    book(conn, event(1, "received"))
    for statement in ("update core.unit_cost set amount = 0", "delete from core.unit_cost", "truncate core.unit_cost"):
        with pytest.raises(REFUSED), conn.transaction():
            conn.execute(statement.encode())
    for statement in ("update core.rate_card set amount = 0", "truncate core.rate_card"):
        with pytest.raises(REFUSED), conn.transaction():
            conn.execute(statement.encode())


def test_storage_of_a_past_day_is_what_it_was_then(conn: Connection) -> None:
    load(conn)
    book(conn, event(1, "received"), event(2, "received", "2026-11-07T10:00+05:00"))
    assert costs.storage_on(conn, "shop", dt.date(2026, 11, 2)) == {}
    assert costs.storage_on(conn, "shop", dt.date(2026, 11, 9)) == {unit(1): 6 * 30 + 36, unit(2): 30 + 36}
    assert shown(conn, 2)["storage"] == 30 + 4 * 36


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dates(dt.date(2026, 1, 1), dt.date(2026, 2, 1)),
    st.dates(dt.date(2026, 1, 1), dt.date(2026, 2, 1)),
    st.lists(
        st.tuples(st.dates(dt.date(2025, 12, 20), dt.date(2026, 2, 5)), st.one_of(st.none(), st.integers(0, 90))),
        max_size=5, unique_by=lambda one: one[0],
    ),
)  # fmt: skip
def test_the_database_counts_storage_as_the_rule_does(
    warehouse: Connection, came: dt.date, left: dt.date, tariff: list[tuple[dt.date, int | None]]
) -> None:
    row = warehouse.execute(
        "select core.storage_cost(%s, %s, %s::date [], %s::bigint []) as amount",
        (came, left, [day for day, _ in tariff], [amount for _, amount in tariff]),
    ).fetchone()
    assert row == {"amount": money.storage(came, left, tariff)}


def test_the_database_knows_the_steps_and_tariffs_of_the_rule(conn: Connection) -> None:
    rows = conn.execute("select type, term from core.cost_step").fetchall()
    assert {(row["type"], row["term"]) for row in rows} == {
        (type_, str(term)) for type_, terms in money.STEPS.items() for term in terms
    }
    onboarding.add_merchant(
        conn, "other", name="Б", stores=[onboarding.Store("PP1", "W2", base_includes_returns=False)]
    )
    load(conn)
    load(
        conn,
        (
            HEAD
            + "shop,*,storage,day,,5,2026-11-13,,,\nshop,*,storage,day,,-,2026-11-20,,,\n"
            + "*,W2,storage,day,,9,2026-11-14,,,\n"
        ).encode(),
    )
    for row in conn.execute("select * from core.storage_tariff").fetchall():
        wanted = money.tariff(costs.price_list(conn, row["merchant_id"]), row["merchant_id"], row["warehouse"])
        ours = list(zip(row["days"], row["amounts"], strict=True))
        # days on which nothing changes for this warehouse say again what was
        assert [money.storage(dt.date(2026, 10, 1), day, ours) for day in _days()] == [
            money.storage(dt.date(2026, 10, 1), day, wanted) for day in _days()
        ]


def test_the_database_knows_the_fee_of_an_order_as_the_rule_does(conn: Connection) -> None:
    onboarding.add_merchant(
        conn, "other", name="Б", stores=[onboarding.Store("PP1", "W2", base_includes_returns=False)]
    )
    load(conn)
    load(
        conn,
        (
            HEAD
            + "*,*,channel_fee,share,resale,9%,2026-11-13,,,\n"
            + "shop,*,channel_fee,share,,7.5%,2026-11-15,,,\nshop,*,channel_fee,share,,-,2026-11-20,,,\n"
            + "*,W2,channel_fee,share,main,11%,2026-11-14,,,\n*,W2,channel_fee,share,main,-,2026-11-25,,,\n"
        ).encode(),
    )
    rows = conn.execute(
        "select merchant_id, warehouse, channel, days, permilles, generate_series('2026-09-25'::date, '2026-11-30', "
        "'1 day')::date as day from core.channel_fee_tariff"
    ).fetchall()
    assert {(row["merchant_id"], row["warehouse"], row["channel"]) for row in rows} >= {
        ("shop", "W1", "main"), ("shop", "", "resale"), ("other", "W2", "main"),
    }  # fmt: skip
    for row in rows:
        rates = costs.price_list(conn, row["merchant_id"])
        wanted = next(
            (
                rate.permille
                for code in (row["channel"], "")
                if (rate := money.in_force(rates, row["merchant_id"], row["warehouse"], "channel_fee", "share", code,
                                           row["day"]))
            ),
            None,
        )  # fmt: skip
        begun = [place for place, day in enumerate(row["days"]) if day <= row["day"]]
        assert (row["permilles"][begun[-1]] if begun else None) == wanted, row


def test_a_piece_is_worth_what_its_sales_leave(conn: Connection) -> None:
    """Ordered in October for 10,000, sold again in November for 9,250: the channel takes 12 % of both, rounded up."""
    asked = "select original_net_price, net_proceeds from mart.unit where unit_id = %s"
    life = ("received", "inspected", "qc_passed", "restock_pending", "on_sale")
    book(conn, *(event(1, type_, f"2026-11-03T{10 + hour}:00+05:00") for hour, type_ in enumerate(life)))
    book(conn, event(1, "resold", "2026-11-09T15:00+05:00", resale_price=9_251))
    assert conn.execute(asked, (unit(1),)).fetchone() == {"original_net_price": None, "net_proceeds": None}
    load(conn)
    with conn.transaction():
        costs.book_missing(conn, "shop", NOW)
    assert conn.execute(asked, (unit(1),)).fetchone() == {
        "original_net_price": 10_000 - 1_200, "net_proceeds": 9_251 - 1_111,
    }  # fmt: skip
    conn.execute("update core.customer_order set created_at = '2026-09-30T23:00+05'")
    told = conn.execute(asked, (unit(1),)).fetchone()
    assert told == {"original_net_price": None, "net_proceeds": 9_251 - 1_111}, "no list says what was taken then"


def _days() -> list[dt.date]:
    return [dt.date(2026, 10, 1) + dt.timedelta(days=n) for n in range(60)]


# --- the price list


def test_a_list_is_loaded_once_and_says_what_it_changes(conn: Connection) -> None:
    assert rate_card.look(conn, "list.csv", LIST, NOW)[0] == "collection per event: new, 450 tenge from 2026-10-01"
    assert rate_card.versions(conn) == []
    first = load(conn)
    assert (first.version, first.known, len(first.changes)) == (1, False, 12)
    assert load(conn) == rate_card.Loaded(1, [], known=True)
    raised = (HEAD + "*,*,collection,event,,500,2026-11-12,,,\n").encode()
    assert load(conn, raised).changes == ["collection per event: 450 tenge → 500 tenge from 2026-11-12"]
    assert [row["prices"] for row in rate_card.versions(conn)] == [12, 1]


def test_yaml_reads_as_the_table_does(conn: Connection) -> None:
    body = """
valid_from: 2026-11-12
prices:
  - {term: storage, per: day, amount: 30}
  - {term: channel_fee, per: share, code: resale, amount: 12%}
  - {term: parts, per: piece, code: battery, amount: 4200, name_ru: аккумулятор, name_kk: аккумулятор, name_en: battery,
     merchant: shop}
""".encode()
    rate_card.load(conn, "list.yaml", body, "aliya", NOW)
    assert [(one.term, one.amount, one.permille) for one in costs.price_list(conn, "shop")] == [
        ("channel_fee", None, 120), ("storage", 30, None), ("parts", 4200, None),
    ]  # fmt: skip
    assert [one.code for one in costs.materials(conn, "shop", NOW)] == ["battery"]
    assert costs.materials(conn, "other", NOW) == []
    assert costs.materials(conn, "shop", NOW - dt.timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("l.csv", HEAD + "*,*,rent,event,,1,2026-11-12,,,\n", "line 2, term"),
        ("l.csv", "term,per,amount\nstorage,day,1\n", "the column 'valid_from' is lacking"),
        ("l.csv", "term,per,amount,valid_from,price\nstorage,day,1,2026-11-12,1\n", "has no column 'price'"),
        ("l.csv", "term,per,amount,valid_from\nstorage,day,1,2026-11-12,9\n", "more cells than the header"),
        ("l.csv", HEAD, "holds no price"),
        ("l.yaml", "prices: 3", "a price list has `prices`"),
        ("l.yaml", "prices: [", "no YAML"),
        ("l.csv", HEAD + "nobody,*,storage,day,,1,2026-11-12,,,\n", "no merchant nobody is known"),
        ("l.csv", HEAD + "*,*,storage,day,,1,2026-11-11,,,\n", "days before 2026-11-12 have a price already"),
    ],
)
def test_a_bad_list_writes_nothing(conn: Connection, name: str, body: str, said: str) -> None:
    load(conn)
    with pytest.raises(BadRateCard, match=said):
        rate_card.load(conn, name, body.encode(), "aliya", NOW)
    with pytest.raises(BadRateCard, match="no UTF-8"):
        rate_card.load(conn, name, "цена".encode("cp1251"), "aliya", NOW)
    with pytest.raises(BadRateCard, match="has a name"):
        rate_card.load(conn, name, b"", " ", NOW)
    assert len(rate_card.versions(conn)) == 1


def test_a_version_is_withdrawn_only_while_nobody_used_it(conn: Connection) -> None:
    load(conn)
    tomorrow = (HEAD + "*,*,storage,day,,50,2026-11-13,,,\n").encode()
    assert load(conn, tomorrow).version == 2
    with pytest.raises(BadRateCard, match="version 1 of the price list is in use"):
        rate_card.withdraw(conn, 1)
    assert rate_card.withdraw(conn, 2) is True
    assert rate_card.withdraw(conn, 2) is False
    load(conn, tomorrow)
    conn.execute("insert into ops.run (dag_id, run_id, now_at) values ('test', 'later', '2026-11-13T00:10+05')")
    conn.commit()
    with pytest.raises(BadRateCard, match="in use"):
        rate_card.withdraw(conn, 2)


def test_what_a_unit_can_still_recover(conn: Connection) -> None:
    load(conn)
    book(conn, event(1, "received"), event(1, "inspected", "2026-11-03T10:00+05:00", route="repair"))
    left = costs.recovery_of(conn, unit(1), NOW)
    assert (left.price, left.discount_permille, left.fee, left.holding) == (9_250, 75, 1_110, 30 * 36)
    assert (left.spent, left.at_stake) == (450 + 120 + 250, 9_250 - 1_110 - 1_080)
    book(conn, event(2, "received"), event(2, "inspected", "2026-11-03T10:00+05:00", grade="A"))
    assert costs.recovery_of(conn, unit(2), NOW).price == 10_000
    with pytest.raises(LookupError):
        costs.recovery_of(conn, unit(3), NOW)


def test_the_tool_looks_loads_lists_and_books(
    dsn: str, conn: Connection, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QAITARYM_WAREHOUSE_DSN", dsn)
    book(conn, event(1, "received"))
    path = tmp_path / "list.csv"
    path.write_bytes(LIST)
    assert tool.main(["look", str(path)]) == 0
    assert "nothing was written" in capsys.readouterr().out
    assert tool.main(["load", str(path), "--actor", "aliya"]) == 0
    assert "loaded as version 1" in capsys.readouterr().out
    assert tool.main(["load", str(path), "--actor", "aliya"]) == 0
    assert "is version 1 already" in capsys.readouterr().out
    assert tool.main(["book"]) == 0
    assert capsys.readouterr().out == "shop\t4 rows of costs added\n"
    assert tool.main(["list"]) == 0 and "list.csv" in capsys.readouterr().out
    assert tool.main(["show", "--merchant", "shop"]) == 0
    assert "channel_fee per share\t120 ‰\tsince 2026-10-01\tversion 1" in capsys.readouterr().out
    path.write_text(HEAD + "*,*,storage,day,,1,2020-01-01,,,\n")
    assert tool.main(["look", str(path)]) == 1
    assert "have a price already" in capsys.readouterr().err
    assert tool.main(["withdraw", "9"]) == 1
    assert tool.main(["book", "--merchant", "nobody"]) == 1
    assert tool.main(["look", str(tmp_path / "away.csv")]) == 2
    monkeypatch.delenv("QAITARYM_WAREHOUSE_DSN")
    assert tool.main(["list"]) == 2
