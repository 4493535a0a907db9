"""The weekly mail's numbers as a workbook: the same as in the mail, with all the weeks of its trends."""

from include.domain import kpi
from include.locale.labels import CAUSES, CLOCKS, DISCREPANCIES, action, cell_name, kpi_name, label, note_words
from include.locale.words import Words
from include.reports.facts import Flow, KpiLine, SignalLine, WeeklyFacts
from include.reports.headlines import headlines
from include.reports.workbook import COUNT, MONEY, SHARE, Amount, Sheet, workbook

LOOKS = {"share": SHARE, "hours": COUNT, "tenge": MONEY}


def weekly_sheet(facts: WeeklyFacts, words: Words) -> bytes:
    """Return the workbook of a mail."""
    _ = words._
    title = _("Returns, week of {week}: {name}", week=words.week(facts.week_start), name=facts.name)
    return workbook(
        [
            Sheet(_("Main points"), [title], [[line] for line in [*headlines(facts, words), *_about(facts, words)]]),
            _flow(facts, words),
            _kpis(facts, words),
            Sheet(
                _("Causes"),
                [_("cause"), _("week"), _("usual")],
                [
                    [label(words, CAUSES, line.cause), Amount(line.units), Amount(line.usual, COUNT)]
                    for line in facts.causes
                ],
            ),
            _signals(facts, words),
            Sheet(
                _("Deadlines"),
                [_("what"), _("day"), _("count"), _("first until"), _("amount")],
                [
                    [label(words, CLOCKS, line.kind), line.day, Amount(line.count), words.until(line.first_due),
                     Amount(line.money or None, MONEY)]
                    for line in facts.clocks
                ],
            ),
            Sheet(
                _("Open questions"),
                [_("what"), _("open"), _("past their deadline"), _("next deadline"), _("at risk")],
                [
                    [label(words, DISCREPANCIES, line.kind), Amount(line.count), Amount(line.overdue),
                     words.moment(line.next_due) if line.next_due else None, Amount(line.money, MONEY)]
                    for line in facts.open_items
                ],
            ),
        ],
        title,
        words,
    )  # fmt: skip


def _about(facts: WeeklyFacts, words: Words) -> list[str]:
    known = words._("KPI version {version}; known up to {moment}, Almaty time.", version=kpi.VERSION,
                    moment=words.full_moment(facts.now))  # fmt: skip
    return ["", known]


def _flow(facts: WeeklyFacts, words: Words) -> Sheet:
    rows = [[name, Amount(now), Amount(before)] for name, now, before in stages(facts.flow, facts.flow_before, words)]
    rows.append([words._("sold again, tenge"), Amount(facts.flow.proceeds, MONEY),
                 Amount(facts.flow_before.proceeds, MONEY)])  # fmt: skip
    return Sheet(words._("The way of the goods"), [words._("step"), words._("week"), words._("before")], rows)


def stages(now: Flow, before: Flow, words: Words) -> list[tuple[str, int, int]]:
    """Return the steps in their order: the name, units of the week, units of the week before."""
    _ = words._
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


def _kpis(facts: WeeklyFacts, words: Words) -> Sheet:
    _ = words._
    heading = [
        _("KPI"),
        _("week from"),
        _("value"),
        _("unit of measure"),
        _("at least"),
        _("at most"),
        _("units"),
        _("note"),
    ]
    return Sheet(_("Numbers"), heading, [row for line in facts.kpis for row in _weeks(line, words)])


def _weeks(line: KpiLine, words: Words) -> list[list[object]]:
    definition = kpi.BY_NAME.get(line.kpi)
    look = LOOKS[definition.unit] if definition else COUNT
    unit = {"share": "%", "hours": words._("hours"), "tenge": "₸"}[definition.unit] if definition else ""
    notes = ", ".join([*note_words(words, line.note), *([words._("restated")] if line.restated else [])])
    return [
        [kpi_name(words, line.kpi, line.horizon_days), point.week_start, Amount(point.value, look), unit,
         Amount(point.lo, look), Amount(point.hi, look), Amount(point.n),
         notes if point.week_start == line.week_start else ""]
        for point in line.trend
    ]  # fmt: skip


def _signals(facts: WeeklyFacts, words: Words) -> Sheet:
    _ = words._
    heading = [
        _("merchant"), _("where"), _("cause"), _("came back"), _("could be back by now"), _("share"), _("usual"),
        _("at most so many false among signals as sure"), _("what to do"),
    ]  # fmt: skip
    return Sheet(_("Signals"), heading, [_signal(line, words) for line in facts.signals])


def _signal(line: SignalLine, words: Words) -> list[object]:
    where = cell_name(words, line.category, line.supplier, line.batch, line.sku, line.city, line.carrier)
    return [
        line.merchant_name, where, label(words, CAUSES, line.reason), Amount(line.returned), Amount(line.sold),
        Amount(line.rate, SHARE), Amount(line.baseline, SHARE), Amount(line.q_value, SHARE),
        action(words, line.reason, line.direction),
    ]  # fmt: skip
