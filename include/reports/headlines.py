"""The first three lines of the mail in words; include/domain/lead.py chooses what they say."""

from collections.abc import Callable, Mapping

from include.domain import kpi
from include.domain.change import Week
from include.domain.lead import Deadline, Line, Number, Rise, Topic, lead
from include.locale.labels import CAUSES, cell_name, kpi_name, kpi_value, label, signal_caveat
from include.locale.words import Words
from include.reports.facts import KpiLine, SignalLine, WeeklyFacts

SIGNALS_SHOWN = 5  # the surest; the mail's first line may be about one of them, the workbook has all
# Sums of a week, and estimates that change with the age of their weeks, are no news by themselves.
NO_NEWS = frozenset(
    {"return_rate_nowcast", "return_rate_shrunk", "claims", "claims_sent", "claims_paid", "claims_lost"}
)


def headlines(facts: WeeklyFacts, words: Words) -> list[str]:
    """Return three sentences, the most important first."""
    lines = lead(
        facts.now,
        facts.flow.received,
        facts.flow_before.received,
        [
            Rise(one.direction, one.returned, one.sold, one.baseline, one.piece_price)
            for one in facts.signals[:SIGNALS_SHOWN]
        ],
        [_number(one) for one in news(facts)],
        [Deadline(one.kind, one.count, one.money, one.first_due) for one in facts.clocks],
        sum(one.count for one in facts.open_items),
    )
    return [SENTENCES[line.topic](facts, line, words) for line in lines]


def news(facts: WeeklyFacts) -> list[KpiLine]:
    """Return the KPIs whose change may be told."""
    return [line for line in facts.kpis if line.kpi in kpi.BY_NAME and line.kpi not in NO_NEWS]


def _number(line: KpiLine) -> Number:
    definition = kpi.BY_NAME[line.kpi]
    return Number(
        Week(line.value, line.n, line.lo, line.hi),
        Week(line.previous, line.previous_n, line.previous_lo, line.previous_hi),
        definition.unit,
        definition.good,
    )


def _signal(facts: WeeklyFacts, line: Line, words: Words) -> str:
    sentence = _rise(facts, line, words)
    if line.money:
        more = words.n_(
            "That is about {count} piece more than usual, goods for {money}: see what to do below.",
            "That is about {count} pieces more than usual, goods for {money}: see what to do below.",
            line.pieces,
            money=words.money(line.money),
        )
        return f"{sentence} {more}"
    return f"{sentence} " + words._("This is more than chance: see what to do below.")


def _fewer(facts: WeeklyFacts, line: Line, words: Words) -> str:
    return f"{_rise(facts, line, words)} " + words._("Fewer come back than before.")


def _rise(facts: WeeklyFacts, line: Line, words: Words) -> str:
    assert line.place is not None
    return signal_sentence(facts.signals[line.place], words, of_whom=facts.merchant_id is None)


def _changed(facts: WeeklyFacts, line: Line, words: Words) -> str:
    assert line.place is not None
    told = news(facts)[line.place]
    said = words._("{kpi}: {value}, the week before {previous}.", kpi=kpi_name(words, told.kpi, told.horizon_days),
                   value=kpi_value(words, told.kpi, told.value, told.n),
                   previous=kpi_value(words, told.kpi, told.previous, told.previous_n))  # fmt: skip
    if line.money:
        why = (
            words._("It saved about {money} on the units of the week.", money=words.money(line.money))
            if line.better
            else words._("It cost about {money} on the units of the week.", money=words.money(line.money))
        )
    elif line.pieces:
        why = words.n_(
            "That is {count} piece of the {all} that were counted.",
            "That is {count} pieces of the {all} that were counted.",
            line.pieces,
            all=words.number(told.n),
        )
    else:
        why = words._("It is better than before.") if line.better else words._("It is worse than before.")
    return f"{said} {why}"


def _quiet(_facts: WeeklyFacts, _line: Line, words: Words) -> str:
    return words._("No cause of returns stands out from its past, and no number moved by more than chance.")


def _few(facts: WeeklyFacts, _line: Line, words: Words) -> str:
    return words.n_(
        "Only {count} unit was received in two weeks: too few to tell a change from chance.",
        "Only {count} units were received in two weeks: too few to tell a change from chance.",
        facts.flow.received + facts.flow_before.received,
    )


def _flow(facts: WeeklyFacts, _line: Line, words: Words) -> str:
    received = words.n_(
        "{count} returned unit was received (the week before: {before})",
        "{count} returned units were received (the week before: {before})",
        facts.flow.received,
        before=words.number(facts.flow_before.received),
    )
    on_sale, resold = words.number(facts.flow.on_sale), words.number(facts.flow.resold)
    rest = (
        words._(
            "{on_sale} went back on sale, {resold} were sold again for {money}.",
            on_sale=on_sale, resold=resold, money=words.money(facts.flow.proceeds),
        )
        if facts.flow.proceeds
        else words._("{on_sale} went back on sale, {resold} were sold again.", on_sale=on_sale, resold=resold)
    )  # fmt: skip
    return f"{received}; {rest}"


def _clocks(facts: WeeklyFacts, _line: Line, words: Words) -> str:
    """What runs out within the week: decisions, then claims with their money, and the first moment."""
    decisions = sum(one.count for one in facts.clocks if one.kind == "decision")
    claims = sum(one.count for one in facts.clocks if one.kind == "claim")
    money = sum(one.money for one in facts.clocks)
    said = []
    if decisions:
        said.append(words.n_("{count} decision is due", "{count} decisions are due", decisions))
    if claims:
        said.append(
            words.n_(
                "{count} claim of {money} runs out",
                "{count} claims of {money} run out",
                claims,
                money=words.money(money),
            )
        )
    first = words.until(min(one.first_due for one in facts.clocks))
    within = words._("Within seven days: {what}; the first until {moment}.", what=", ".join(said), moment=first)
    late = sum(one.overdue for one in facts.open_items)
    return f"{within} {_late(late, words)}" if late else within


def _late(late: int, words: Words) -> str:
    return words.n_(
        "{count} open question is past its deadline.", "{count} open questions are past their deadline.", late
    )


def _questions(facts: WeeklyFacts, line: Line, words: Words) -> str:
    sentence = words.n_(
        "{count} question is open, {money} at risk",
        "{count} questions are open, {money} at risk",
        line.pieces,
        money=words.money(sum(item.money for item in facts.open_items)),
    )
    late = sum(item.overdue for item in facts.open_items)
    if late:
        return f"{sentence}; " + words.n_("{count} is past its deadline.", "{count} are past their deadline.", late)
    due = min((item.next_due for item in facts.open_items if item.next_due), default=None)
    return f"{sentence}; " + words._("the next deadline is {day}.", day=words.moment(due)) if due else f"{sentence}."


def _calm(_facts: WeeklyFacts, _line: Line, words: Words) -> str:
    return words._("Nothing is open and nothing runs out: every unit is where the papers say.")


SENTENCES: Mapping[Topic, Callable[[WeeklyFacts, Line, Words], str]] = {
    "signal": _signal,
    "fewer": _fewer,
    "number": _changed,
    "quiet": _quiet,
    "few": _few,
    "flow": _flow,
    "clocks": _clocks,
    "questions": _questions,
    "calm": _calm,
}


def signal_sentence(signal: SignalLine, words: Words, *, of_whom: bool) -> str:
    """Return one signal as a sentence, naming the merchant where the reader has several."""
    sentence = words._(
        "{what}: “{cause}” — {returned} of {sold} that could be back by now came back ({rate}, usually {baseline}).",
        what=cell_name(words, signal.category, signal.supplier, signal.batch, signal.sku, signal.city, signal.carrier),
        cause=label(words, CAUSES, signal.reason),
        returned=words.number(signal.returned),
        sold=words.number(signal.sold),
        rate=words.percent(signal.rate),
        baseline=words.percent(signal.baseline),
    )
    whole = " ".join(filter(None, [sentence, signal_caveat(words, signal.shape, signal.attributed)]))
    return f"{signal.merchant_name}. {whole}" if of_whom else whole
