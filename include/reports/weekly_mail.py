"""The weekly mail: text, HTML with charts, and a workbook from the week's facts. The same facts give the same bytes."""

import datetime as dt
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from include.clock import ALMATY
from include.domain import kpi
from include.locale.labels import (
    CAUSES,
    CLOCK_ACTIONS,
    CLOCKS,
    DISCREPANCIES,
    action,
    kpi_name,
    kpi_value,
    label,
    note_words,
)
from include.locale.words import NO_BREAK, Words, words
from include.reports import charts, workbook
from include.reports.facts import Clock, KpiLine, Open, WeeklyFacts
from include.reports.headlines import SIGNALS_SHOWN, headlines, signal_sentence
from include.reports.mail_templates import templates_of
from include.reports.subject import Subject
from include.reports.weekly_sheet import stages, weekly_sheet

FLOW_CID = "weekly-flow@qaitarym"
RATE_CID = "weekly-rate@qaitarym"
SHORTEST = min(kpi.BY_NAME["return_rate"].horizons)
TREND_SHOWN = 6
TEMPLATES = Path(__file__).resolve().parent / "templates"
NOT_IN_MAIL = frozenset({"claims_sent", "claims_paid", "reverse_logistics_cost_share", "resale_share_value"})


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart of the mail: its Content-ID, the PNG, and what it shows in words."""

    cid: str
    png: bytes
    alt: str

    @property
    def file(self) -> str:
        """Return the name of its file."""
        return f"{self.cid.partition('@')[0]}.png"


def message_id(facts: WeeklyFacts) -> str:
    """Return the mail's fixed Message-ID: the same report is the same message for ever."""
    return f"<kpi.{facts.key}.{facts.week_start:%Y%m%d}.v{kpi.VERSION}@qaitarym>"


def message_key(facts: WeeklyFacts) -> str:
    """Return the outbox key: one mail a reader, week and KPI version."""
    return f"kpi_weekly/{facts.key}/{facts.week_start}/v{kpi.VERSION}"


def compose(facts: WeeklyFacts, sender: str) -> EmailMessage:
    """Return the whole MIME message, its boundaries and Date taken from the facts: text, page with charts, workbook."""
    language = words(facts.language)
    pictures = _pictures(facts, language)
    content = _content(facts, language)
    message = EmailMessage()
    message["From"] = sender
    message["To"] = facts.recipient
    message["Subject"] = Subject(content["subject"])
    message["Date"] = format_datetime(facts.now.astimezone(ALMATY))
    message["Message-ID"] = message_id(facts)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_render("weekly.txt.j2", content), cte="base64")
    message.add_alternative(_html(content, pictures), subtype="html", cte="base64")
    page = message.get_payload(1)
    assert isinstance(page, EmailMessage)
    for picture in pictures:
        page.add_related(
            picture.png, "image", "png", cid=f"<{picture.cid}>", disposition="inline", filename=picture.file
        )
    page.set_boundary(f"related-{facts.key}-{facts.week_start}")
    message.set_boundary(f"alternative-{facts.key}-{facts.week_start}")
    message.add_attachment(
        weekly_sheet(facts, language),
        *workbook.MIME.split("/"),
        filename=f"returns-{facts.key}-{facts.week_start}.xlsx",
    )
    message.set_boundary(f"mixed-{facts.key}-{facts.week_start}")
    message["Content-Language"] = language.language  # before there are parts, it would become the first one's
    return message


def _pictures(facts: WeeklyFacts, language: Words) -> list[Picture]:
    """Return the charts. Of the return rate: what is known, and what is estimated of weeks too young to know."""
    _ = language._
    found = [
        Picture(
            FLOW_CID,
            charts.png(charts.weekly_flow(facts.series, language)),
            _("Units received, put back on sale and sold again, by week"),
        )
    ]
    rates = [
        (name, line)
        for kind, name in (("return_rate", _("known")), ("return_rate_nowcast", _("estimated")))
        for line in facts.kpis
        if (line.kpi, line.horizon_days) == (kind, SHORTEST)
    ]
    title = _("Returned within {days} days", days=SHORTEST)
    if drawn := charts.share_with_interval(rates, title, language):
        alt = _("{what}, by week of the orders, with the interval of each week", what=title)
        found.append(Picture(RATE_CID, charts.png(drawn), alt))
    return found


def text_part(facts: WeeklyFacts) -> str:
    """Return the mail's text, without the cost of its page, its charts and its workbook."""
    return _render("weekly.txt.j2", _content(facts, words(facts.language)))


def _html(content: dict[str, Any], pictures: list[Picture]) -> str:
    import mjml

    by_name = {picture.cid.partition("@")[0]: picture for picture in pictures}
    return str(mjml.mjml2html(_render("weekly.mjml.j2", {**content, "pictures": by_name})))


def _render(name: str, content: dict[str, Any]) -> str:
    return templates_of(TEMPLATES).get_template(name).render(content)


def _content(facts: WeeklyFacts, language: Words) -> dict[str, Any]:
    """Return everything the templates print, already in words."""
    _ = language._
    shown = facts.signals[:SIGNALS_SHOWN]
    return {
        "facts": facts,
        "words": language,
        "_": _,
        "subject": _("Returns, week of {week}: {name}", week=language.week(facts.week_start), name=facts.name),
        "headlines": headlines(facts, language),
        "stages": stages(facts.flow, facts.flow_before, language),
        "proceeds": (language.money(facts.flow.proceeds), language.money(facts.flow_before.proceeds)),
        "unquantified": _unquantified(facts, language),
        "kpis": [_kpi(line, language) for line in facts.kpis if line.n and line.kpi not in NOT_IN_MAIL],
        "numbers_note": _(
            "Under each number: whose week it is, the units behind it, its 95 % interval, the weeks before."
        ),
        "causes": [
            {"name": label(language, CAUSES, line.cause), "units": line.units, "usual": line.usual}
            for line in facts.causes
        ],
        "signals": [
            {
                "direction": signal.direction,
                "sentence": signal_sentence(signal, language, of_whom=facts.merchant_id is None),
                "action": action(language, signal.reason, signal.direction),
            }
            for signal in shown
        ],
        "signal_note": _(
            "Orders of the last weeks against those of the 12 weeks before them, returns still to come allowed for. "
            "Of all that stands out in all shops, at most one in ten is chance on average."
        ),
        "more_signals": language.n_(
            "{count} more is in the workbook.", "{count} more are in the workbook.", len(facts.signals) - SIGNALS_SHOWN
        )
        if len(facts.signals) > SIGNALS_SHOWN
        else "",
        "open_items": [_open(item, language) for item in facts.open_items],
        "clocks": [_clock(clock, language) for clock in facts.clocks],
        "footer": _(
            "KPI version {version}. Weeks are Monday to Sunday, Almaty time; "
            "this mail knows everything up to {moment}. "
            "A return rate of weeks of orders younger than its horizon is an estimate and called so. "
            "It holds no personal data.",
            version=kpi.VERSION,
            moment=language.moment(facts.now),
        ),
    }


def _unquantified(facts: WeeklyFacts, language: Words) -> str:
    if not facts.unquantified_cases:
        return ""
    return language.n_(
        "Beside these: {count} case whose number of pieces Kaspi does not say, {lo} to {hi} pieces.",
        "Beside these: {count} cases whose number of pieces Kaspi does not say, {lo} to {hi} pieces.",
        facts.unquantified_cases,
        lo=language.number(facts.unquantified_lo),
        hi=language.number(facts.unquantified_hi),
    )


def _kpi(line: KpiLine, language: Words) -> dict[str, str]:
    definition = kpi.BY_NAME.get(line.kpi)
    whose = {
        "order": language._("orders of {week}"),
        "receipt": language._("received {week}"),
        "signal": language._("announced {week}"),
    }[definition.week if definition else "receipt"]
    details = [
        whose.format(week=language.week(line.week_start)),
        language.n_("{count} unit", "{count} units", line.n),
    ]
    if bounds := _interval(line, language):
        details.append(bounds)
    details.extend(note_words(language, line.note))
    if line.restated:
        details.append(language._("restated"))
    shown = line.trend[-TREND_SHOWN:]
    told = [kpi_value(language, line.kpi, point.value, 0).replace(" ", NO_BREAK) for point in shown]
    return {
        "name": kpi_name(language, line.kpi, line.horizon_days),
        "value": kpi_value(language, line.kpi, line.value, line.n),
        "previous": kpi_value(language, line.kpi, line.previous, line.previous_n),
        "detail": ", ".join(details),
        "trend": " → ".join(told) if sum(point.value is not None for point in shown) > 1 else "",
    }


def _interval(line: KpiLine, language: Words) -> str:
    """Return the interval in the KPI's own unit; empty where there is none."""
    if line.lo is None or line.hi is None:
        return ""
    lo, hi = (kpi_value(language, line.kpi, bound, line.n) for bound in (line.lo, line.hi))
    return f"{lo}{NO_BREAK}–{NO_BREAK}{hi}"


def _clock(clock: Clock, language: Words) -> dict[str, Any]:
    return {
        "name": label(language, CLOCKS, clock.kind),
        "count": clock.count,
        "until": language.until(clock.first_due),
        "money": language.money(clock.money) if clock.money else "",
        "action": label(language, CLOCK_ACTIONS, clock.kind),
    }


def _open(item: Open, language: Words) -> dict[str, Any]:
    detail = ""
    if item.overdue:
        detail = language.n_("{count} past the deadline", "{count} past the deadline", item.overdue)
    elif item.next_due:
        detail = language._("next deadline {day}", day=language.moment(item.next_due))
    return {
        "name": label(language, DISCREPANCIES, item.kind),
        "count": item.count,
        "money": item.money,
        "detail": detail,
    }


def report_week(now: dt.datetime) -> dt.date:
    """Return the Monday of the week a mail of ``now`` is about: the last one that is over in Almaty."""
    return kpi.last_full_week(now.astimezone(ALMATY).date())
