"""The first three lines of the mail: what changed and why it matters."""

from include.locale.labels import CAUSES, cell_name, kpi_name, kpi_value, label, signal_caveat
from include.locale.words import Words
from include.reports.facts import KpiLine, SignalLine, WeeklyFacts

# A change of a share or a duration counts from here on; less is noise of a small shop.
NOTABLE = 0.25
FEWEST = 5


def headlines(facts: WeeklyFacts, words: Words) -> list[str]:
    """Return three sentences: the flow, the change that matters most, the money and time at risk."""
    return [_flow(facts, words), _change(facts, words), _risk(facts, words)]


def _flow(facts: WeeklyFacts, words: Words) -> str:
    received = words.n_(
        "{count} returned unit was received (the week before: {before})",
        "{count} returned units were received (the week before: {before})",
        facts.flow.received,
        before=words.number(facts.flow_before.received),
    )
    rest = words._(
        "{on_sale} went back on sale, {resold} were sold again.",
        on_sale=words.number(facts.flow.on_sale),
        resold=words.number(facts.flow.resold),
    )
    return f"{received}; {rest}"


def _change(facts: WeeklyFacts, words: Words) -> str:
    rising = [signal for signal in facts.signals if signal.direction == "up"]
    if rising:
        return (
            signal_sentence(rising[0], words, of_whom=facts.merchant_id is None)
            + " "
            + words._("This is more than chance: see what to do below.")
        )
    changed = [line for line in facts.kpis if _relative_change(line) is not None]
    if changed:
        line = max(changed, key=lambda item: abs(_relative_change(item) or 0))
        return words._(
            "{kpi}: {value}, the week before {previous}. No cause of returns stands out from its past.",
            kpi=kpi_name(words, line.kpi, line.horizon_days),
            value=kpi_value(words, line.kpi, line.value, line.n),
            previous=kpi_value(words, line.kpi, line.previous, line.previous_n),
        )
    return words._("No cause of returns stands out from its past, and no number moved notably.")


def _risk(facts: WeeklyFacts, words: Words) -> str:
    count = sum(item.count for item in facts.open_items)
    if not count:
        return words._("Nothing is open: every unit is where the papers say.")
    money = words.money(sum(item.money for item in facts.open_items))
    sentence = words.n_(
        "{count} question is open, {money} at risk",
        "{count} questions are open, {money} at risk",
        count,
        money=money,
    )
    late = sum(item.overdue for item in facts.open_items)
    if late:
        return f"{sentence}; " + words.n_("{count} is past its deadline.", "{count} are past their deadline.", late)
    due = min((item.next_due for item in facts.open_items if item.next_due), default=None)
    return f"{sentence}; " + words._("the next deadline is {day}.", day=words.moment(due)) if due else f"{sentence}."


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


def _relative_change(line: KpiLine) -> float | None:
    """Return how much a KPI moved against the week before, where it moved notably on enough units."""
    if line.value is None or not line.previous or min(line.n, line.previous_n) < FEWEST:
        return None
    change = line.value / line.previous - 1
    return change if abs(change) >= NOTABLE else None
