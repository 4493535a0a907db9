"""The weekly mail: text, HTML and one chart from the week's facts. The same facts always give the same bytes."""

import datetime as dt
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from include.clock import ALMATY
from include.domain import kpi
from include.locale.labels import CAUSES, DISCREPANCIES, action, kpi_name, kpi_value, label, note_words
from include.locale.words import Words, words
from include.reports import charts
from include.reports.facts import KpiLine, Open, WeeklyFacts
from include.reports.headlines import headlines, signal_sentence
from include.reports.mail_templates import templates_of
from include.reports.subject import Subject

CHART_CID = "weekly-flow@qaitarym"
SIGNALS_SHOWN = 5
TEMPLATES = Path(__file__).resolve().parent / "templates"
NOT_IN_MAIL = frozenset({"claims_sent", "claims_paid", "reverse_logistics_cost_share", "resale_share_value"})


def message_id(facts: WeeklyFacts) -> str:
    """Return the mail's fixed Message-ID: the same report is the same message for ever."""
    return f"<kpi.{facts.key}.{facts.week_start:%Y%m%d}.v{kpi.VERSION}@qaitarym>"


def message_key(facts: WeeklyFacts) -> str:
    """Return the outbox key: one mail a reader, week and KPI version."""
    return f"kpi_weekly/{facts.key}/{facts.week_start}/v{kpi.VERSION}"


def compose(facts: WeeklyFacts, sender: str) -> EmailMessage:
    """Return the whole MIME message, its boundaries and Date taken from the facts."""
    language = words(facts.language)
    content = _content(facts, language)
    message = EmailMessage()
    message["From"] = sender
    message["To"] = facts.recipient
    message["Subject"] = Subject(content["subject"])
    message["Date"] = format_datetime(facts.now.astimezone(ALMATY))
    message["Message-ID"] = message_id(facts)
    message["Content-Language"] = language.language
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_render("weekly.txt.j2", content), cte="base64")
    message.add_alternative(html(content), subtype="html", cte="base64")
    page = message.get_payload(1)
    assert isinstance(page, EmailMessage)
    picture = charts.png(charts.weekly_flow(facts.series, language))
    page.add_related(picture, "image", "png", cid=f"<{CHART_CID}>", disposition="inline", filename="weekly-flow.png")
    page.set_boundary(f"related-{facts.key}-{facts.week_start}")
    message.set_boundary(f"alternative-{facts.key}-{facts.week_start}")
    return message


def html(content: dict[str, Any]) -> str:
    """Return the HTML part."""
    import mjml

    return str(mjml.mjml2html(_render("weekly.mjml.j2", content)))


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
        "stages": _stages(facts, language),
        "unquantified": _unquantified(facts, language),
        "kpis": [_kpi(line, language) for line in facts.kpis if line.kpi not in NOT_IN_MAIL],
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
            "Orders of the last weeks against those of the 12 weeks before them, returns still to come allowed for; "
            "at most one such line in ten is chance."
        ),
        "open_items": [_open(item, language) for item in facts.open_items],
        "chart_cid": CHART_CID,
        "chart_alt": _("Units received, put back on sale and sold again, by week"),
        "footer": _(
            "KPI version {version}. Weeks are Monday to Sunday, Almaty time; "
            "this mail knows everything up to {moment}. "
            "A return rate of weeks of orders younger than its horizon is an estimate and called so. "
            "It holds no personal data.",
            version=kpi.VERSION,
            moment=language.moment(facts.now),
        ),
    }


def _stages(facts: WeeklyFacts, language: Words) -> list[tuple[str, int, int]]:
    _, now, before = language._, facts.flow, facts.flow_before
    return [
        (_("requested"), now.requested, before.requested),
        (_("received"), now.received, before.received),
        (_("inspected"), now.inspected, before.inspected),
        (_("repaired or repacked"), now.repaired, before.repaired),
        (_("passed quality control"), now.qc_passed, before.qc_passed),
        (_("back on sale"), now.on_sale, before.on_sale),
        (_("sold again"), now.resold, before.resold),
        (_("written off, to the supplier, disposed of"), now.ended_otherwise, before.ended_otherwise),
    ]


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
    if line.lo is not None and line.hi is not None:
        details.append(language.interval(line.lo, line.hi))
    details.extend(note_words(language, line.note))
    if line.restated:
        details.append(language._("restated"))
    return {
        "name": kpi_name(language, line.kpi, line.horizon_days),
        "value": kpi_value(language, line.kpi, line.value, line.n),
        "previous": kpi_value(language, line.kpi, line.previous, line.previous_n),
        "detail": ", ".join(details),
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
