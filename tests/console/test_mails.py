"""The archive of weekly mails: whose it is, that a mail is shown harmlessly and as it was, that it is sent again."""

import io
import re
import uuid
from collections.abc import Callable, Iterator

import openpyxl
import psycopg
import pytest

from include.db.connection import connect
from include.flows.run import Run
from include.flows.weekly_archive import send_what_is_asked
from include.flows.weekly_mail import send_weekly_mail
from include.notify.outbox import MailServer
from tests.console.surroundings import NOW, User, client_of
from tests.console.test_whose_rows import archive_mail
from tests.db.test_return_causes_weekly import LAST, STORY, Mailbox, ask, smtp_server
from tests.db.test_weekly_archive import mails

Sent = tuple[str, Mailbox, MailServer]


# What a weekly run leaves behind: published parts, and what the marts said of them.
PUBLISHED = """
insert into ops.run (dag_id, run_id, now_at) values ('return_causes_weekly', 'console', %(now)s);
insert into ops.batch (dag_id, run_id, merchant_id, status)
select 'return_causes_weekly', 'console', part, 'published' from unnest('{all,alpha,beta}'::text[]) as part;
insert into ops.weekly_known (part, what, known_at, rows)
select part, 'kpi', %(now)s, jsonb_agg(jsonb_build_object(
    'kpi', 'return_rate', 'horizon_days', 14, 'version', 1, 'week_start', date '2026-10-26' - 7 * back, 'value', 0.1,
    'lo', 0.05, 'hi', 0.2, 'n', 50, 'note', null, 'restated', false))
from unnest('{all,alpha,beta}'::text[]) as part cross join generate_series(0, 5) as back group by part;
"""


@pytest.fixture(scope="module")
def sent(new_warehouse: Callable[[], str]) -> Iterator[Sent]:
    """The story's mails, sent by a real SMTP session."""
    address = new_warehouse()
    with connect(address) as conn:
        psycopg.ClientCursor(conn).execute(STORY.read_bytes(), {"now": NOW})
        psycopg.ClientCursor(conn).execute(PUBLISHED.encode(), {"now": NOW})
    with smtp_server() as (box, server):
        run = Run("return_causes_weekly", "console", NOW)
        assert send_weekly_mail(address, run, server, "test/mail")["sent"] == 3
        yield address, box, server


@pytest.fixture(scope="module")
def dsn(sent: Sent) -> str:
    return sent[0]


def number(dsn: str, merchant_id: str | None) -> int:
    found: int = mails(dsn)[merchant_id]["mail_id"]
    return found


@pytest.mark.parametrize(("language", "week"), [("ru", "9–15 ноября"), ("kk", "9–15 қараша"), ("en", "9–15 November")])
def test_the_archive_lists_mails_by_week_and_merchant(dsn: str, language: str, week: str) -> None:
    page = client_of(dsn).get(f"/mails?lang={language}").text
    assert week in page
    assert [name for name in ("Almaty Tech", "Жібек Home") if name in page] == ["Almaty Tech", "Жібек Home"]
    assert "data-team@example.kz" in page, "the mail about all merchants is there for who sees all"
    one = client_of(dsn).get(f"/mails?lang={language}&merchant=alpha").text
    assert "owner@alpha.example.kz" in one and "owner@beta" not in one and "data-team" not in one


def test_who_sees_one_merchant_sees_his_mail_and_not_the_houses(dsn: str) -> None:
    his = client_of(dsn, User("vera", "viewer", "alpha"))
    page = his.get("/mails?lang=en").text
    assert "owner@alpha.example.kz" in page and "data-team" not in page and "beta" not in page
    assert his.get(f"/mails/{number(dsn, 'alpha')}").status_code == 200
    for other in ("beta", None):
        for part in ("", "/page", "/mail.eml", "/attachment"):
            assert his.get(f"/mails/{number(dsn, other)}{part}").status_code == 404
    assert his.get("/mails/999999").status_code == his.get("/mails/0").status_code == 404
    assert "Send the same mail again" not in his.get(f"/mails/{number(dsn, 'alpha')}?lang=en").text
    assert his.get("/mails/preview?lang=en").status_code == 403


def test_a_mail_is_shown_in_a_frame_that_may_do_nothing(dsn: str) -> None:
    address = f"/mails/{number(dsn, 'alpha')}"
    around = client_of(dsn).get(address)
    assert "frame-src 'self'" in around.headers["content-security-policy"]
    assert re.search(r"<iframe[^>]* sandbox src=", around.text)
    page = client_of(dsn).get(f"{address}/page")
    policy = page.headers["content-security-policy"].split("; ")
    assert {"sandbox", "default-src 'none'", "img-src data:", "form-action 'none'"} <= set(policy)
    assert not any(one.startswith(("script-src", "connect-src")) for one in policy)
    assert page.text.count('src="data:image/png;base64,') == 2 and "cid:" not in page.text
    assert "frame-src" not in client_of(dsn).get("/notices").headers["content-security-policy"]


def test_what_a_mail_says_cannot_leave_its_frame(dsn: str) -> None:
    with connect(dsn) as conn:
        archive_mail(conn, "gamma", '<script>alert("x")</script>')
        mail_id = conn.execute("select max(mail_id) as v from ops.weekly_mail").fetchone()
        assert mail_id is not None
    page = client_of(dsn).get(f"/mails/{mail_id['v']}?lang=en").text
    assert "<script>" not in page
    assert "sandbox" in client_of(dsn).get(f"/mails/{mail_id['v']}/page").headers["content-security-policy"]
    name = client_of(dsn).get(f"/mails/{mail_id['v']}/attachment").headers["content-disposition"]
    assert name.count('"') == 2


def test_the_file_is_the_mail_byte_by_byte_and_the_workbook_is_its_own(dsn: str) -> None:
    row = mails(dsn)["alpha"]
    file = client_of(dsn).get(f"/mails/{row['mail_id']}/mail.eml")
    assert (file.content, file.headers["content-type"]) == (bytes(row["message"]), "message/rfc822")
    book = openpyxl.load_workbook(io.BytesIO(client_of(dsn).get(f"/mails/{row['mail_id']}/attachment").content))
    goods = [cell.value for cell in book.worksheets[1]["B"]]
    assert row["numbers"]["flow"]["received"] in goods


def test_the_numbers_are_computed_again_on_the_page(dsn: str) -> None:
    for whose in ("alpha", None):
        asked = f"/mails/{number(dsn, whose)}?lang=en"
        assert "Every number is equal to the one in the mail." in client_of(dsn).get(f"{asked}&check=1").text
        assert "Every number is equal" not in client_of(dsn).get(asked).text
    with connect(dsn) as conn:
        conn.execute(
            """
            insert into ops.weekly_mail (message_key, merchant_id, week_start, version, message_id, language, recipient,
                subject, known_at, known_on, message, sha256, numbers)
            select 'bent', merchant_id, week_start, 9, 'bent', language, recipient, subject, known_at, known_on,
                message, sha256, jsonb_set(numbers, '{flow,received}', '12345')
            from ops.weekly_mail where merchant_id = 'beta'
            """
        )
        bent = conn.execute("select mail_id from ops.weekly_mail where message_key = 'bent'").fetchone()
        assert bent is not None
    page = client_of(dsn).get(f"/mails/{bent['mail_id']}?lang=en&check=1").text
    assert "They differ from those in the mail:" in page
    assert "flow.received" in page and "12345" in page


@pytest.mark.parametrize(
    ("language", "said"), [("ru", "Ничего не отправлено"), ("kk", "Ештеңе жіберілген"), ("en", "Nothing was sent")]
)
def test_the_preview_is_marked_and_sends_nothing(sent: Sent, language: str, said: str) -> None:
    dsn, box, _server = sent
    had, queued = len(box.bodies), ask(dsn, "select count(*) from ops.outbox")
    browser = client_of(dsn)
    page = browser.get(f"/mails/preview?lang={language}&merchant=alpha")
    assert page.status_code == 200 and said in page.text and "owner@alpha.example.kz" in page.text
    shown = browser.get(f"/mails/preview/page?lang={language}&merchant=alpha")
    assert "Предпросмотр. Ничего не отправлено." in shown.text, "it speaks its reader's language"
    assert "sandbox" in shown.headers["content-security-policy"]
    assert browser.get("/mails/preview?lang=ru").status_code == 200
    assert (len(box.bodies), ask(dsn, "select count(*) from ops.outbox")) == (had, queued)


def asked(reason: str = "it was lost") -> dict[str, str]:
    return {"reason": reason, "form": str(uuid.uuid4()), "lang": "en", "token": ""}


def test_a_supervisor_sends_the_same_bytes_again(sent: Sent) -> None:
    dsn, box, server = sent
    address = f"/mails/{number(dsn, 'alpha')}"
    browser = client_of(dsn, User("aliya", "supervisor", "alpha"))
    form = asked("<b>lost</b>")
    for _ in range(2):  # an impatient finger
        assert "It goes out within a quarter of an hour." in browser.post(f"{address}/again", data=form).text
    assert send_what_is_asked(dsn, server, "test#1", NOW)["sent"] == 1
    assert box.bodies[-1] == bytes(mails(dsn)["alpha"]["message"])
    page = browser.get(f"{address}?lang=en").text
    assert "aliya — &lt;b&gt;lost&lt;/b&gt;" in page and "copy to owner@alpha.example.kz" in page
    assert "sent again 1 time" in browser.get("/mails?lang=en").text
    assert "Say why the mail is sent again." in browser.post(f"{address}/again", data=asked(" ")).text
    assert browser.post(f"{address}/again", data={**asked(), "form": "x"}).status_code == 400


def test_who_may_not_send_it_is_refused(dsn: str) -> None:
    before = ask(dsn, "select count(*) from ops.outbox")
    for user, whose, answer in (
        (User("vera", "viewer", "alpha"), "alpha", 403),
        (User("beket", "inspector", "alpha"), "alpha", 403),
        (User("dana", "supervisor", "beta"), "alpha", 404),
        (User("dana", "supervisor", "beta"), None, 404),
    ):
        page = client_of(dsn, user).post(f"/mails/{number(dsn, whose)}/again", data=asked())
        assert page.status_code == answer, user
    silent = client_of(dsn, ours=False).post(f"/mails/{number(dsn, 'alpha')}/again", data=asked())
    assert silent.status_code == 403, "neither our own header nor a token"
    assert ask(dsn, "select count(*) from ops.outbox") == before
    assert LAST.isoformat() in ask(dsn, "select message_key from ops.weekly_mail order by mail_id")[0][0]


def test_the_form_carries_a_token_that_lets_it_pass(dsn: str) -> None:
    browser = client_of(dsn, ours=False)
    address = f"/mails/{number(dsn, None)}"
    token = re.search(r'name="token" value="([^"]+)"', browser.get(f"{address}?lang=en").text)
    assert token is not None
    page = browser.post(f"{address}/again", data={**asked(), "token": token[1]})
    assert "It goes out within a quarter of an hour." in page.text


def test_a_mail_of_before_has_no_numbers_to_compute(dsn: str) -> None:
    with connect(dsn) as conn:
        archive_mail(conn, "delta", "of-before")
        row = conn.execute(
            """
            insert into ops.weekly_mail (message_key, merchant_id, week_start, version, message_id, language, recipient,
                subject, known_at, known_on, message, sha256)
            select 'old', 'delta', week_start, 2, 'old', language, recipient, subject, known_at, known_on, message,
                sha256
            from ops.weekly_mail where merchant_id = 'delta' returning mail_id
            """
        ).fetchone()
        assert row is not None
    page = client_of(dsn).get(f"/mails/{row['mail_id']}?lang=en&check=1").text
    assert "This mail was sent before its numbers were kept." in page


def test_every_mail_is_reached_however_many_there_are_of_a_week(dsn: str) -> None:
    """Three quarters of weeks, one of them with more mails than a page once held."""
    with connect(dsn) as conn:
        conn.execute(
            "insert into core.merchant (merchant_id, name, connection_id, base_list_connection_id) "
            "values ('zeta', 'Zeta', 'z', 'z')"
        )
        archive_mail(conn, "zeta", "first-of-zeta")
        conn.execute(
            """
            insert into ops.weekly_mail (message_key, merchant_id, week_start, version, message_id, language, recipient,
                subject, known_at, known_on, message, sha256)
            select format('zeta-%s-%s', back, number), 'zeta', week_start - 7 * back, number,
                format('zeta-%s-%s', back, number), language, recipient, subject, known_at, known_on, message, sha256
            from ops.weekly_mail
            cross join generate_series(1, 39) as back
            cross join lateral generate_series(1, case back when 20 then 61 else 1 end) as number
            where merchant_id = 'zeta'
            """
        )
        wanted = {
            row["mail_id"] for row in conn.execute("select mail_id from ops.weekly_mail where merchant_id = 'zeta'")
        }
    seen: list[int] = []
    address: str | None = "mails?lang=en&merchant=zeta"
    for _page in range(len(wanted)):
        page = client_of(dsn).get(f"/{address}").text
        seen += [int(number) for number in re.findall(r'href="mails/(\d+)\?', page)]
        older = re.search(r'<p><a href="([^"]*upto=[^"]*)"', page)
        address = older[1].replace("&amp;", "&") if older else None
        if address is None:
            break
    assert address is None and len(wanted) == 100
    assert sorted(seen) == sorted(wanted), "each once"
