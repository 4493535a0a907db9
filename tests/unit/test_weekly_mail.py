"""The weekly mail from facts alone."""

import datetime as dt
import email
import email.policy
import io
import re
import zipfile
from dataclasses import replace
from email.header import decode_header, make_header
from email.message import EmailMessage

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from include.locale.words import words
from include.reports.facts import CauseLine, Clock, Flow, KpiLine, KpiPoint, Open, Point, SignalLine, WeeklyFacts
from include.reports.headlines import headlines
from include.reports.subject import Subject
from include.reports.weekly_mail import compose, message_key, report_week

WEEK = dt.date(2026, 11, 9)
NOW = dt.datetime(2026, 11, 16, 3, 5, tzinfo=dt.UTC)
SIGNAL = SignalLine("alpha", "Almaty <Tech>", None, "Nomad", "B7", "defective", 0.17, 0.008, 0.001, "up", 8, 47)
TREND = [
    KpiPoint(WEEK - dt.timedelta(weeks=3 - place), value, 0.06, 0.23, 64)
    for place, value in enumerate((0.10, 0.14, 0.11, 0.12))
]
FACTS = WeeklyFacts(
    merchant_id="alpha",
    name="Almaty <Tech>",
    language="ru",
    recipient="owner@alpha.example.kz",
    week_start=WEEK,
    now=NOW,
    flow=Flow(requested=10, received=9, resold=5, proceeds=92_500),
    flow_before=Flow(received=7),
    kpis=[KpiLine("return_rate", 14, 1, WEEK, 0.12, 0.06, 0.23, 64, None, 0.11, 60, trend=TREND)],
    causes=[CauseLine("defective", 8, 2.5)],
    signals=[SIGNAL],
    open_items=[Open("lost", 3, 60000, None, 3)],
    clocks=[
        Clock("decision", dt.date(2026, 11, 18), 2, 0, NOW + dt.timedelta(days=3)),
        Clock("claim", dt.date(2026, 11, 20), 1, 30_000, NOW + dt.timedelta(days=5)),
    ],
    series=[Point(WEEK - dt.timedelta(weeks=back), back, back // 2, back // 3) for back in range(12)],
)


def parts(facts: WeeklyFacts) -> tuple[email.message.EmailMessage, str, str]:
    message = email.message_from_bytes(
        compose(facts, "reports@example.kz").as_bytes(policy=email.policy.SMTP), policy=email.policy.default
    )
    text, page = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None and page is not None
    return message, text.get_content(), page.get_content()


def test_the_same_facts_give_the_same_bytes() -> None:
    first, second = (compose(FACTS, "reports@example.kz").as_bytes(policy=email.policy.SMTP) for _ in range(2))
    assert first == second
    assert compose(replace(FACTS, flow=Flow()), "reports@example.kz").as_bytes(policy=email.policy.SMTP) != first


def test_it_is_a_whole_mail() -> None:
    message, text, page = parts(FACTS)
    assert message["Message-ID"] == "<kpi.alpha.20261109.v1@qaitarym>"
    assert message["Date"].datetime == NOW
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
        "image/png", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ]  # fmt: skip
    for picture in (part for part in message.walk() if part.get_content_maintype() == "image"):
        assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in page
        assert picture.get_content().startswith(b"\x89PNG")
    assert "http" not in page.replace("http://www.w3.org", "").replace("https://www.w3.org", "").split("<body")[1]
    assert text.splitlines()[:3] == headlines(FACTS, words("ru"))
    assert next(message.iter_attachments()).get_filename() == "returns-alpha-2026-11-09.xlsx"


def test_what_the_page_says_the_text_says() -> None:
    _message, text, page = parts(FACTS)
    for said in ("8 из 47", "2 решения", "30 000", "10% → 14% → 11% → 12%", "6% – 23%", "Снимите этот товар"):
        assert said in text.replace("\u00a0", " ")
        assert said in re.sub(r"\s+", " ", page.replace("\u00a0", " "))


def test_the_workbook_holds_the_same_numbers_and_no_formula() -> None:
    signal = replace(SIGNAL, batch='=HYPERLINK("http://x")', supplier="+1", merchant_name="@sum")
    facts = replace(FACTS, name="=1+1", signals=[signal], language="en", merchant_id=None)
    message, _text, _page = parts(facts)
    body = next(message.iter_attachments()).get_content()
    book = openpyxl.load_workbook(io.BytesIO(body))
    cells = [cell for page in book for row in page.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    assert not [part for part in zipfile.ZipFile(io.BytesIO(body)).namelist() if "externalLink" in part]
    assert b"<f>" not in b"".join(
        map(zipfile.ZipFile(io.BytesIO(body)).read, zipfile.ZipFile(io.BytesIO(body)).namelist())
    )
    texts = [cell for cell in cells if str(cell.value).startswith(("=", "+", "@"))]
    assert texts and all(cell.quotePrefix for cell in texts)
    numbers = [[cell.value for cell in row] for row in book["Numbers"].iter_rows(min_row=2)]
    assert [row[2] for row in numbers] == [0.10, 0.14, 0.11, 0.12]
    assert numbers[-1][4:7] == [0.06, 0.23, 64]
    goods = {row[0].value: row[1].value for row in book["The way of the goods"].iter_rows(min_row=2)}
    assert (goods["received"], goods["sold again"], goods["sold again, tenge"]) == (9, 5, 92_500)
    assert [cell.value for cell in book["Signals"][2]][3:5] == [8, 47]


WORD = st.text("абвгдежзийклмнопрстуфхцчшщъыьэюяәғқңөұүһіАӘҒҚҮЁI.,:;«»–—()?=_!%№&\"'<>@09zZ🧸", min_size=1, max_size=70)


@given(st.lists(WORD, min_size=1, max_size=25).map(" ".join))
@example("9–15 қараша аптасындағы қайтарымдар: Жібек Үй")
@example("два  пробела и пробел в конце ")
@example("=?utf-8?q?=41?= =?utf-8?q?=42?=")
@example("plain")
def test_the_subject_arrives_as_it_was_written(subject: str) -> None:
    message = EmailMessage()
    message["Subject"] = Subject(subject)
    message.set_content("text")
    raw = message.as_bytes(policy=email.policy.SMTP)
    lines = raw[: raw.index(b"\r\nContent-")].split(b"\r\n")
    assert all(len(line) <= 76 and line.isascii() for line in lines)
    assert email.message_from_bytes(raw, policy=email.policy.default)["Subject"] == subject
    header = email.message_from_bytes(raw, policy=email.policy.compat32)["Subject"]
    assert str(make_header(decode_header(header))) == subject


@pytest.mark.parametrize("language", ["ru", "kk", "en"])
@pytest.mark.parametrize("name", ["Жібек Үй", "Алматы Тех " * 9 + "ЖШС"])
def test_the_mails_subject_is_whole_and_its_id_is_as_before(language: str, name: str) -> None:
    message, _text, _page = parts(replace(FACTS, language=language, name=name))
    week = words(language).week(WEEK)
    assert message["Subject"] == words(language)._("Returns, week of {week}: {name}", week=week, name=name)
    assert message["Message-ID"] == "<kpi.alpha.20261109.v1@qaitarym>"


def test_names_cannot_break_out_of_the_page() -> None:
    _message, text, page = parts(FACTS)
    assert "Almaty <Tech>" in text
    assert "Almaty &lt;Tech&gt;" in page
    assert "<Tech>" not in page


@pytest.mark.parametrize(
    ("language", "word"), [("ru", "Почему возвращают"), ("kk", "Неге қайтарады"), ("en", "Why goods")]
)
def test_it_speaks_the_readers_language(language: str, word: str) -> None:
    assert word in parts(replace(FACTS, language=language))[2]


def test_three_lines_say_what_changed_and_why_it_matters() -> None:
    change, flow, risk = headlines(replace(FACTS, signals=[replace(SIGNAL, piece_price=20_000)]), words("en"))
    assert "Batch B7 of Nomad: “defective” — 8 of 47" in change
    assert "about 8 pieces more than usual, goods for 160,000\u00a0₸" in change
    assert flow == (
        "9 returned units were received (the week before: 7); 0 went back on sale, 5 were sold again for 92,500\u00a0₸."
    )
    assert risk.startswith("Within seven days: 2 decisions are due, 1 claim of 30,000\u00a0₸ runs out; the first until")
    assert risk.endswith("3 open questions are past their deadline.")


def test_a_quiet_week_says_so() -> None:
    quiet = replace(FACTS, signals=[], open_items=[], kpis=[], clocks=[])
    change, _flow, risk = headlines(quiet, words("en"))
    assert change == "No cause of returns stands out from its past, and no number moved by more than chance."
    assert risk == "Nothing is open and nothing runs out: every unit is where the papers say."
    assert "No cause stands out" in parts(replace(quiet, language="en", causes=[]))[1]
    few = replace(quiet, flow=Flow(received=2), flow_before=Flow(received=1))
    assert headlines(few, words("en"))[0] == (
        "Only 3 units were received in two weeks: too few to tell a change from chance."
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            KpiLine("relisted_share", None, 1, WEEK, 0.9, 0.8, 0.95, 40, None, 0.5, 40, 0.35, 0.65),
            "16 pieces of the 40",
        ),
        (
            KpiLine("reverse_logistics_cost", None, 1, WEEK, 3000.0, None, None, 400, None, 2000.0, 400),
            "cost about 400,000",
        ),
        (KpiLine("net_recovery", None, 1, WEEK, 3000.0, None, None, 400, None, 2000.0, 400), "saved about 400,000"),
        (
            KpiLine("processing_time_p90", None, 1, WEEK, 80.0, None, None, 400, None, 40.0, 400),
            "It is worse than before.",
        ),
    ],
)
def test_a_number_that_moved_says_what_it_means(line: KpiLine, said: str) -> None:
    assert said in headlines(replace(FACTS, signals=[], kpis=[line]), words("en"))[0]


@pytest.mark.parametrize("language", ["ru", "kk", "en"])
def test_every_line_is_said_in_every_language(language: str) -> None:
    """A text that is in no catalogue would be English in the others' mails."""
    speech = words(language)
    moved = KpiLine("net_recovery", None, 1, WEEK, 3000.0, None, None, 400, None, 2000.0, 400)
    quiet = replace(FACTS, signals=[], kpis=[], clocks=[])
    for facts in (FACTS, quiet, replace(quiet, kpis=[moved]), replace(quiet, open_items=[]),
                  replace(quiet, flow=Flow(), flow_before=Flow()),
                  replace(quiet, signals=[replace(SIGNAL, direction="down", piece_price=1000)])):  # fmt: skip
        lines = headlines(facts, speech)
        assert len(lines) == 3 and all(lines)
        if language != "en":
            assert not re.search(r"\b(the|week|pieces|units|open)\b", " ".join(lines))


def test_a_preview_says_that_it_is_one() -> None:
    _message, text, page = parts(replace(FACTS, language="en", preview=True))
    assert "PREVIEW. NOTHING WAS SENT." in text and "Preview. Nothing was sent." in page
    assert "Preview" not in parts(replace(FACTS, language="en"))[2]


def test_one_mail_a_reader_week_and_version() -> None:
    assert message_key(FACTS) == "kpi_weekly/alpha/2026-11-09/v1"
    assert message_key(replace(FACTS, merchant_id=None)) == "kpi_weekly/all/2026-11-09/v1"


def test_the_week_is_the_last_one_that_is_over_in_almaty() -> None:
    sunday_night = dt.datetime(2026, 11, 15, 18, 30, tzinfo=dt.UTC)
    assert report_week(sunday_night) == dt.date(2026, 11, 2)
    assert report_week(sunday_night + dt.timedelta(hours=1)) == WEEK


def test_what_is_cut_is_told_and_the_first_line_is_about_what_is_shown() -> None:
    """Seven signals, the dearest is the last: five are shown, and the first line speaks of one of them."""
    many = [replace(SIGNAL, sku=f"K{place}", piece_price=1000 * place) for place in range(1, 8)]
    facts = replace(FACTS, language="en", signals=many)
    _message, text, page = parts(facts)
    assert "2 more are in the workbook." in text and "2 more are in the workbook." in page
    assert "K5" in text and "K6" not in text and "K7" not in text
    assert "K5" in headlines(facts, words("en"))[0]
    assert "in the workbook" not in parts(replace(facts, signals=many[:5]))[1]
