"""The quality page: what it shows, and that its buttons do what they say, in the name of who pressed them."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest

from include.db.connection import Connection, connect
from include.flows.drift import keep_drift
from include.flows.quarantine import Reject, dismiss, put_aside, replay
from include.flows.run import Run
from include.kaspi.drift import Drift
from include.notify.alerts import raise_alert, token_key
from tests.console.surroundings import NOW, User, client_of

GONE = "judged again, did not come back"


@pytest.fixture
def dsn(new_warehouse: Callable[[], str]) -> str:
    address = new_warehouse()
    with connect(address) as conn:
        conn.execute(
            """
            insert into core.merchant (merchant_id, name, connection_id, base_list_connection_id)
            values ('alpha', 'Almaty <Tech>', 'c', 'b'), ('beta', 'Жібек', 'c2', 'b2')
            """
        )
        fill(conn)
    return address


def fill(conn: Connection) -> None:
    payload = {"order": {"attributes": {"code": "101", "note": "</pre><script>x</script>"}}}
    put_aside(
        conn,
        [
            Reject("alpha", "kaspi/order", "o1", "totalPrice: missing", payload, "window 7"),
            Reject("alpha", "kaspi_returns_ingest", "o2", "price_is_sane", {"detail": "<b>-5</b>"}, "x/y"),
            Reject("beta", "wms/w1", "e1", "unit_label: too long", {"event_id": "e1"}),
        ],
        NOW,
    )
    run = Run("kaspi_returns_ingest", "r1", NOW)
    keep_drift(conn, "alpha", [Drift("new", "order.<reason>", "string", 12, "o7")], run)
    raise_alert(conn, token_key("alpha"), "alpha", "token_refused", "the log's <words>", NOW)
    conn.execute("insert into ops.run (dag_id, run_id, now_at) values ('restock_sync', 'r', %s)", (NOW,))
    conn.execute(
        "insert into ops.batch (dag_id, run_id, merchant_id, status) values ('restock_sync', 'r', 'alpha', 'held')"
    )
    conn.execute(
        """
        insert into ops.dq_result (run_id, dag_id, merchant_id, suite, check_name, success, severity, failed_rows,
            sample, at)
        values ('r', 'restock_sync', 'alpha', 's', 'channel/a_failed', false, 'batch', 2,
                '[{"record": "SKU-1", "detail": "price <0>"}]', %(now)s),
            ('r', 'restock_sync', 'alpha', 's', 'channel/b_passed', true, 'row', 0, '[]', %(now)s)
        """,
        {"now": NOW},
    )


def one(dsn: str, statement: str) -> Any:
    with connect(dsn) as conn:
        row = conn.execute(statement.encode()).fetchone()
    return None if row is None else (row.popitem()[1] if len(row) == 1 else row)


def ids(dsn: str, *keys: str) -> list[str]:
    with connect(dsn) as conn:
        rows = conn.execute("select id from ops.quarantine where record_key = any(%s)", (list(keys),)).fetchall()
    return [str(row["id"]) for row in rows]


def test_everything_that_is_not_right_is_on_one_page_and_nothing_of_it_is_code(dsn: str) -> None:
    page = client_of(dsn).get("/quality?lang=en")
    assert page.status_code == 200
    text = page.text
    for shown in (
        "Kaspi does not accept the token of Almaty &lt;Tech&gt;", "totalPrice: missing", "unit_label: too long",
        "order.&lt;reason&gt;", "12 payloads", "channel/a_<wbr>failed", "SKU-1: price &lt;0&gt;", "channel/b_passed",
        "The order&#39;s price is between 0 and 100 million tenge.", "window 7",
    ):  # fmt: skip
        assert shown in text, shown
    assert "/pre" not in text and "event_id" not in text, "where a record lies is shown, not what it holds"
    assert "<script" not in text and "<b>-5" not in text
    assert not re.search(r"\sstyle=|<style|\son\w+=", text)
    assert re.search(
        r"<details class=\"group gate\" open>\s*<summary>\s*<span class=\"group-name code\">restock_<wbr>sync", text
    )


def test_what_was_replayed_and_did_not_come_back_says_so(dsn: str) -> None:
    browser, said = client_of(dsn), "1 record was to be judged again and did not come back."
    with connect(dsn) as conn:
        chosen = [int(one) for one in ids(dsn, "o1")]
        replay(conn, "alpha", "kaspi/order", ids=chosen, actor="aliya", now=NOW - dt.timedelta(hours=25))
    page = browser.get("/quality?lang=en").text
    assert said in page and "totalPrice: missing" not in page
    assert "did not come back" not in browser.get("/quality?lang=en&merchant=beta").text.replace(GONE, "")
    page = browser.get("/quality?lang=en&status=gone").text
    assert "totalPrice: missing" in page and f'<span class="chip bad">{GONE}</span>' in page
    assert "totalPrice: missing" not in browser.get("/quality?lang=en&status=replayed").text
    browser.post("/quality/records", data={"id": chosen[0], "do": "replay", "lang": "en"})
    page = browser.get("/quality?lang=en&status=replayed").text
    assert "totalPrice: missing" in page and said not in page


def test_it_speaks_russian_first_and_all_three_languages(dsn: str) -> None:
    for address, word in (("/quality", "Отложенные записи"), ("/quality?lang=kk", "Бөлек қойылған жазбалар")):
        page = client_of(dsn).get(address).text
        assert word in page
        assert "Records put aside" not in page


def test_filters_show_what_they_say(dsn: str) -> None:
    browser = client_of(dsn)
    assert "unit_label" not in browser.get("/quality?merchant=alpha").text
    assert "unit_label" in browser.get("/quality?source=wms/w1").text
    assert "totalPrice" not in browser.get("/quality?source=wms/w1").text
    with connect(dsn) as conn:
        dismiss(conn, [int(one) for one in ids(dsn, "o1")], "beket", "known since May", NOW)
    assert "totalPrice" not in browser.get("/quality").text
    old = browser.get("/quality?status=dismissed").text
    assert "totalPrice" in old and "beket" in old and "known since May" in old
    assert "totalPrice" in browser.get("/quality?status=all").text
    for strange in ("?status=nonsense", "?merchant=nobody", "?before=0", "?source='; drop table x", "?done=<script>"):
        assert browser.get("/quality" + strange).status_code == 200
    assert browser.get("/quality?before=x").status_code == 422
    assert browser.get("/quality?merchant=" + "x" * 200).status_code == 422


def test_a_long_list_goes_on_on_the_next_page(dsn: str) -> None:
    with connect(dsn) as conn:
        put_aside(conn, [Reject("beta", "wms/w2", f"e{n}", f"reason {n}.") for n in range(120)], NOW)
    browser, address, seen = client_of(dsn), "/quality?source=wms/w2", set()
    for _ in range(4):
        page = browser.get(address).text
        found = set(re.findall(r"record-reason\">(reason \d+)\.", page))
        assert not found & seen
        seen |= found
        more = re.search(r'href="(quality\?[^"]*before=[^"]*)"', page)
        if not more:
            break
        address = "/" + more[1].replace("&amp;", "&")
    assert len(seen) == 120


def test_replay_is_in_the_name_of_who_is_logged_in_and_tells_what_it_could_not(dsn: str) -> None:
    browser = client_of(dsn)
    sent = {"do": "replay", "id": ids(dsn, "o1", "o2", "e1"), "lang": "en", "merchant": "", "status": "open"}
    answer = browser.post("/quality/records", data=sent, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("../quality?")
    page = browser.post("/quality/records", data={**sent, "id": ids(dsn, "e1")})
    assert "0 records will be judged again by the next run. 1 cannot be replayed" in page.text
    assert one(dsn, "select count(*) from ops.reread where asked_by = 'aliya'") == 2
    assert one(dsn, "select string_agg(distinct actor, ',') from ops.quarantine_action") == "aliya"
    assert one(dsn, "select count(*) from ops.quarantine where status = 'replayed'") == 2


def test_all_open_records_of_a_source_are_replayed_at_once(dsn: str) -> None:
    with connect(dsn) as conn:
        put_aside(conn, [Reject("alpha", "kaspi/order", f"o{n}", "x") for n in range(100, 180)], NOW)
    browser = client_of(dsn)
    assert "Judge all again: 81" in browser.get("/quality?lang=en&merchant=alpha&source=kaspi/order").text
    assert "Judge all again" not in browser.get("/quality?lang=en&source=kaspi/order").text, "of one merchant only"
    sent = {"do": "replay_all", "lang": "en", "merchant": "alpha", "source": "kaspi/order"}
    assert "Nothing was chosen." in browser.post("/quality/records", data={**sent, "merchant": ""}).text
    assert "81 records will be judged again" in browser.post("/quality/records", data=sent).text
    assert one(dsn, "select count(*) from ops.reread") == 81


def test_dismissing_needs_a_reason(dsn: str) -> None:
    browser = client_of(dsn, User("beket"))
    sent = {"do": "dismiss", "id": ids(dsn, "e1"), "lang": "en"}
    assert "Say why" in browser.post("/quality/records", data=sent).text
    assert one(dsn, "select count(*) from ops.quarantine where status <> 'open'") == 0
    page = browser.post("/quality/records", data={**sent, "reason": "a test of the warehouse"})
    assert "1 record is dismissed." in page.text
    row = one(dsn, "select action, actor, reason from ops.quarantine_action")
    assert row == {"action": "dismissed", "actor": "beket", "reason": "a test of the warehouse"}


def test_nothing_chosen_or_nonsense_changes_nothing(dsn: str) -> None:
    browser = client_of(dsn)
    for chosen in ([], ["x"], ["-1"], ["9" * 30], ["1; drop table ops.quarantine"]):
        assert (
            "Nothing was chosen."
            in browser.post("/quality/records", data={"id": chosen, "do": "replay", "lang": "en"}).text
        )
    assert one(dsn, "select count(*) from ops.quarantine_action") == 0


def test_a_changed_field_is_acknowledged_and_an_alert_is_ended(dsn: str) -> None:
    browser = client_of(dsn)
    drift_id = one(dsn, "select id from ops.schema_drift")
    page = browser.post("/quality/drift", data={"id": str(drift_id), "lang": "en"}).text
    assert "1 difference is acknowledged." in page and "1 acknowledged" in page
    assert one(dsn, "select acknowledged_by from ops.schema_drift") == "aliya"
    page = browser.post("/quality/alerts", data={"key": "token_refused/alpha", "lang": "en"}).text
    assert "1 alert is ended." in page and "No alert is active." in page


def test_a_viewer_sees_everything_and_no_button(dsn: str) -> None:
    page = client_of(dsn, User("viewer", "viewer")).get("/quality").text
    assert "totalPrice: missing" in page
    assert 'method="post"' not in page and 'type="checkbox"' not in page


def test_the_dashboard_tells_of_alerts_in_the_readers_language(dsn: str) -> None:
    page = client_of(dsn).get("/").text
    assert "Kaspi не принимает токен магазина Almaty &lt;Tech&gt;" in page
    assert 'href="quality?lang=ru#alerts-title"' in page
