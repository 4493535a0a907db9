"""The page docs/methods/scorecard.md: what was promised, what was measured, and whether it holds."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from include.analytics.nowcast import LEVEL
from tools.scorecard import naive, power
from tools.scorecard.chunks import CHUNK, FDR, FULL, STREET

TOLERANCE = 0.02
ENOUGH = 5000
LEAST_USUAL = 5


def lower_bound(hits: int, n: int) -> float:
    """Return the one-sided exact 99 % lower bound of a share."""
    from scipy.stats import beta

    return float(beta.ppf(0.01, hits, n - hits + 1)) if hits else 0.0


def written(chunks: list[dict[str, Any]], worlds: int) -> tuple[str, list[str]]:
    """Return the page, and a sentence for each promise that does not hold."""
    broken: list[str] = []
    parts = [
        "# The scorecard of the statistics",
        "",
        f"<!-- made by `make scorecard WORLDS={worlds}`; change the code, not this page -->",
        "",
        f"{worlds} worlds of the sandbox's generator with fixed seeds (0 to {worlds - 1}), judged by the functions",
        "that the weekly flow runs. Goods differ from each other, nothing changes with time unless it is planted. What",
        "each method assumes and when it lies: [methods](README.md).",
        "",
        *_null(chunks, broken),
        *_power(chunks),
        *_coverage(chunks, broken),
        "## Verdict",
        "",
        *([f"- **Broken:** {one}" for one in broken] or ["Every promise holds."]),
        "",
    ]
    return "\n".join(parts), broken


def _null(chunks: list[dict[str, Any]], broken: list[str]) -> list[str]:
    lines = [
        "## Nothing happens",
        "",
        f"Share of worlds with any signal in one randomly drawn week; promised: at most {FDR:.0%} (the share of false",
        "signals, and where nothing happens every signal is false). It fails where the exact 99 % lower bound is more.",
        f"The busy worlds are {STREET} ordinary ones together.",
        "",
        "| worlds | n | with a signal | 99 % lower bound | cells tested a week | "
        + " | ".join(f"`{rule}` alarms" for rule in naive.RULES)
        + " |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for which, name in (("still", "ordinary"), ("busy", "busy")):
        rows = [row for chunk in chunks for row in chunk[which]]
        hits = sum(row["signals"] > 0 for row in rows)
        bound = lower_bound(hits, len(rows))
        naive_shares = [sum(row[rule] for row in rows) / len(rows) for rule in naive.RULES]
        tested = sum(row["tested"] for row in rows) / len(rows)
        lines.append(
            f"| {name} | {len(rows)} | {hits / len(rows):.1%} | {bound:.1%} | {tested:,.0f} | "
            + " | ".join(f"{share:.1%}" for share in naive_shares)
            + " |"
        )
        if bound > FDR:
            broken.append(f"{name} worlds: {hits} of {len(rows)} have a signal, promised {FDR:.0%}")
    return [*lines, ""]


def _power(chunks: list[dict[str, Any]]) -> list[str]:
    lines = [
        "## Something happens",
        "",
        "In each shop one cell (category, supplier, SKU, city, carrier, or category × city, with one cause) comes back",
        "more often from one week on: at once, or growing over eight weeks. One looks",
        f"{', '.join(map(str, power.LOOKS))} weeks after. *Found*: a signal whose lines are at least half those of the",
        "planted cell; *named*: the explanation is the planted cell. Only cells with at least",
        f"{LEAST_USUAL} returns in four usual weeks: smaller ones are hardly ever found. *False*: the share of signals",
        "of the last look that are about cells in which nothing rose. The rules of thumb are asked about the planted",
        "cell only, and alarm about others all the time (above).",
        "",
    ]
    for which, name in (("power", STREET), ("power_large", CHUNK)):
        rows = [row for chunk in chunks for row in chunk[which]]
        if rows:
            lines += [f"### {name} ordinary worlds together", "", *_power_table(rows), ""]
    return lines


def _power_table(rows: list[dict[str, Any]]) -> Iterable[str]:
    looks = power.LOOKS
    yield (
        "| factor | shape | trials | returns in 4 usual weeks | "
        + " | ".join(f"found by week {week}" for week in looks)
        + " | named | median delay, weeks | false | "
        + " | ".join(f"`{rule}` by week {looks[-1]}" for rule in naive.RULES)
        + " |"
    )
    yield "|" + " --- |" * (9 + len(looks) + len(naive.RULES) - 1)
    groups: dict[tuple[float, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row["factor"], row["shape"]].append(row)
    for (factor, shape), every in sorted(groups.items()):
        big = [row for row in every if row["usual"] >= LEAST_USUAL]
        if not big:
            continue
        found = sorted(row["found"] for row in big if row["found"] is not None)
        shares = [sum(week <= look for week in found) / len(big) for look in looks]
        named = sum(row["named"] is not None for row in big) / len(big)
        usual = sum(row["usual"] for row in big) / len(big)
        delay = f"{found[len(found) // 2]}" if len(found) * 2 > len(big) else f"over {looks[-1]}"
        false = sum(row["fdp"] for row in every) / len(every)
        rules = [sum(row[rule] is not None for row in big) / len(big) for rule in naive.RULES]
        yield (
            f"| {factor:g} | {shape} | {len(big)} | {usual:.1f} | "
            + " | ".join(f"{share:.0%}" for share in shares)
            + f" | {named:.0%} | {delay} | {false:.1%} | "
            + " | ".join(f"{share:.0%}" for share in rules)
            + " |"
        )


def _coverage(chunks: list[dict[str, Any]], broken: list[str]) -> list[str]:
    whole = len(chunks) * CHUNK >= FULL
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for chunk in chunks:
        for tally in chunk["coverage"]:
            for name, numbers in tally.items():
                for key, value in numbers.items():
                    sums[name][key] += value
    lines = [
        "## Intervals",
        "",
        f"Nominal {LEVEL:.0%}, in busy worlds, averaged over cells with at least 5 expected events; promised: not more",
        "than two points below nominal. *Plain* is what one would say without the method: what is known so far, the",
        "raw rate, the shares of stated reasons. An effect's width and error are those of the log of the rate ratio.",
        "",
        "| method | intervals | hold the truth | truth below | truth above | mean width | error (RMS) | plain (RMS) |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, numbers in sums.items():
        n = numbers["intervals"]
        if not n:
            continue
        share = 1 - (numbers["below"] + numbers["above"]) / n
        plain = f"{(numbers['plain_error'] / n) ** 0.5:.4f}" if numbers["plain_error"] else "–"
        lines.append(
            f"| {name} | {n:,.0f} | {share:.1%} | {numbers['below'] / n:.1%} | {numbers['above'] / n:.1%} | "
            f"{numbers['width'] / n:.4f} | {(numbers['error'] / n) ** 0.5:.4f} | {plain} |"
        )
        if whole and n < ENOUGH:
            broken.append(f"{name}: {n:,.0f} intervals, {ENOUGH:,} are needed")
        # a part of the page cannot have enough: it fails where chance does not explain it
        margin = TOLERANCE if n >= ENOUGH else TOLERANCE + 2.33 * (LEVEL * (1 - LEVEL) / n) ** 0.5
        if share < LEVEL - margin:
            broken.append(f"{name}: {share:.1%} of {n:,.0f} intervals hold the truth, promised {LEVEL - TOLERANCE:.0%}")
    return [*lines, ""]
