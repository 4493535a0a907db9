"""The weekly mail from facts alone."""

import datetime as dt
import email
import email.policy
from dataclasses import replace
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from include.locale.words import words
from include.reports.facts import CauseLine, Flow, KpiLine, Open, Point, SignalLine, WeeklyFacts
from include.reports.headlines import headlines
from include.reports.subject import Subject
from include.reports.weekly_mail import compose, message_key, report_week

WEEK = dt.date(2026, 11, 9)
NOW = dt.datetime(2026, 11, 16, 3, 5, tzinfo=dt.UTC)
SIGNAL = SignalLine("alpha", "Almaty <Tech>", None, "Nomad", "B7", "defective", 0.17, 0.008, 0.001, "up", 8, 47)
FACTS = WeeklyFacts(
    merchant_id="alpha",
    name="Almaty <Tech>",
    language="ru",
    recipient="owner@alpha.example.kz",
    week_start=WEEK,
    now=NOW,
    flow=Flow(requested=10, received=9, resold=5),
    flow_before=Flow(received=7),
    kpis=[KpiLine("return_rate", 14, 1, WEEK, 0.12, 0.06, 0.23, 64, None, 0.11, 60)],
    causes=[CauseLine("defective", 8, 2.5)],
    signals=[SIGNAL],
    open_items=[Open("lost", 3, 60000, None, 3)],
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
        "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
    ]  # fmt: skip
    picture = list(message.walk())[-1]
    assert picture["Content-ID"] == "<weekly-flow@qaitarym>"
    assert 'src="cid:weekly-flow@qaitarym"' in page
    assert picture.get_content().startswith(b"\x89PNG")
    assert "http" not in page.replace("http://www.w3.org", "").replace("https://www.w3.org", "").split("<body")[1]
    assert text.splitlines()[:3] == headlines(FACTS, words("ru"))


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
    flow, change, risk = headlines(FACTS, words("en"))
    assert flow.startswith("9 returned units were received (the week before: 7)")
    assert "Batch B7 of Nomad: “defective” — 8 of 47" in change
    assert risk == "3 questions are open, 60,000\u00a0₸ at risk; 3 are past their deadline."


def test_a_quiet_week_says_so() -> None:
    quiet = replace(FACTS, signals=[], open_items=[], kpis=[])
    _flow, change, risk = headlines(quiet, words("en"))
    assert change == "No cause of returns stands out from its past, and no number moved notably."
    assert risk == "Nothing is open: every unit is where the papers say."
    assert "No cause stands out" in parts(replace(quiet, language="en", causes=[]))[1]


def test_one_mail_a_reader_week_and_version() -> None:
    assert message_key(FACTS) == "kpi_weekly/alpha/2026-11-09/v1"
    assert message_key(replace(FACTS, merchant_id=None)) == "kpi_weekly/all/2026-11-09/v1"


def test_the_week_is_the_last_one_that_is_over_in_almaty() -> None:
    sunday_night = dt.datetime(2026, 11, 15, 18, 30, tzinfo=dt.UTC)
    assert report_week(sunday_night) == dt.date(2026, 11, 2)
    assert report_week(sunday_night + dt.timedelta(hours=1)) == WEEK
