"""Do the intervals hold what they promise? Each method's intervals against the truth of the sandbox's frames."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from include.analytics import effects, reasons
from include.analytics.history import sums
from include.analytics.nowcast import PAST_WEEKS, CohortSums, longest_delay, young_ages, young_cohorts
from include.analytics.rates import exact, wilson
from include.analytics.shrinkage import shrunk
from include.sandbox.applications import TWO_OF_A_LINE
from include.sandbox.frames import CAUSES, FINDINGS, Frame, Shift, lines_of, plant
from include.sandbox.returns import LATE, LOST
from tools.scorecard.laws import cause_chances, confirmed
from tools.scorecard.power import PLANTED_CAUSES
from tools.scorecard.worlds import Weekly

Floats = npt.NDArray[np.float64]
FEWEST = 5.0  # expected events of a cell that is counted
HORIZONS = (14, 30)
MONDAYS = (15, 19, 23, 27)
LAST = 27
EFFECTS = 11
FACTORS = (1.0, 0.5, 1.5)
SCOPES = ("category", "supplier", "sku", "city", "carrier")
LEARNED_AT = (15, 21, 27)  # Mondays on which one asks what reasons are worth
PERIODS = ((0, 24), (0, 12), (12, 24), (0, 8), (8, 16), (16, 24))  # weeks of orders, or of inspections, of a supplier


class Tally:
    """Counts of one method: intervals, those that hold the truth, their widths; and squared errors."""

    def __init__(self) -> None:
        self.intervals = self.inside = 0
        self.below = self.above = 0
        self.width = self.error = self.plain_error = 0.0

    def add(self, truth: Floats, value: Floats, lo: Floats, hi: Floats, plain: Floats | None = None) -> None:
        """Count intervals; ``plain`` is what one would say without the method. Those without an answer are left out."""
        told = ~np.isnan(value)
        truth, value, lo, hi = truth[told], value[told], lo[told], hi[told]
        self.intervals += len(truth)
        self.below += int((truth < lo - 1e-9).sum())
        self.above += int((truth > hi + 1e-9).sum())
        self.width += float((hi - lo).sum())
        self.error += float(((value - truth) ** 2).sum())
        if plain is not None:
            self.plain_error += float(((plain[told] - truth) ** 2).sum())

    def numbers(self) -> dict[str, float]:
        """Return the sums."""
        return {name: value for name, value in vars(self).items() if name != "inside"}


def tallies(world: Frame, seed: int) -> dict[str, dict[str, float]]:
    """Return the counts of all methods for one world."""
    found: dict[str, Tally] = {}
    methods: tuple[Callable[..., Iterator[tuple[str, tuple[Any, ...]]]], ...] = (
        _nowcasts, _rates, _reasons, _worth, _suppliers, _effects
    )  # fmt: skip
    for method in methods:
        for name, numbers in method(world, seed):
            found.setdefault(name, Tally()).add(*numbers)
    return {name: tally.numbers() for name, tally in found.items()}


def _within(world: Frame, horizon: int) -> npt.NDArray[np.bool_]:
    return world.returned & (world.requested <= world.delivered + horizon)


def _expected(world: Frame) -> Floats:
    """Return the pieces of each line that are expected back sooner or later, by the laws of the sandbox."""
    delivered = np.isfinite(world.delivered)
    return np.asarray(delivered * world.rate * (1 + TWO_OF_A_LINE * (world.pieces > 1)))


def _in_time(world: Frame) -> Floats:
    """Return those that are asked for within the horizon."""
    return _expected(world) * (1 - LATE)


def _nowcasts(world: Frame, _seed: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    cohort = (world.ordered // 7).astype(np.int64)
    expected = _in_time(world)
    for merchant in range(len(world.names["merchant"])):
        shop = world.codes["merchant"] == merchant
        categories, group = np.unique(world.codes["category"][shop], return_inverse=True)
        for horizon in HORIZONS:
            longest, within = longest_delay(horizon), _within(world, horizon)[shop]
            weeks = longest + 1 + PAST_WEEKS
            for monday in MONDAYS:
                age = monday - cohort[shop]
                shown = (age > 0) & (age <= weeks) & (world.cancelled[shop] > 7 * monday)
                pieces, shape = world.pieces[shop], (len(categories), weeks + 1)
                sold, final_sold, final, usual = (np.zeros(shape) for _ in range(4))
                np.add.at(sold, (group[shown], age[shown]), pieces[shown])
                back = np.zeros((*shape, longest + 1))
                delay = np.where(within, np.floor(world.requested[shop] / 7) - cohort[shop], 0).astype(np.int64)
                seen = within & (age > 0) & (age <= weeks) & (delay < age) & (delay <= longest)
                returned = world.returned_pieces[shop]
                np.add.at(back, (group[seen], age[seen], delay[seen]), returned[seen])
                old = (age > 0) & (age <= weeks)
                came, handed = old & within, old & np.isfinite(world.delivered[shop])
                np.add.at(final, (group[came], age[came]), returned[came])
                np.add.at(final_sold, (group[handed], age[handed]), pieces[handed])
                np.add.at(usual, (group[old], age[old]), expected[shop][old])
                ages = np.array(young_ages(horizon))
                estimate = young_cohorts(CohortSums(sold, back), horizon)
                big = (usual[:, ages] >= FEWEST) & (final_sold[:, ages] > 0)
                truth = (final[:, ages] / np.maximum(final_sold[:, ages], 1))[big]
                raw = (back.sum(axis=2)[:, ages] / np.maximum(sold[:, ages], 1))[big]
                yield f"nowcast of return_rate, {horizon} days", (
                    truth, estimate.value[big], estimate.lo[big], estimate.hi[big], raw,
                )  # fmt: skip


def _rates(world: Frame, _seed: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Mature rates by category and week (Wilson), and those of SKUs over twelve weeks (shrunk)."""
    cohort, within, expected = (world.ordered // 7).astype(np.int64), _within(world, 30), _in_time(world)
    delivered = np.isfinite(world.delivered)
    sold, back = world.pieces * delivered, world.returned_pieces * within
    for merchant in range(len(world.names["merchant"])):
        shop = world.codes["merchant"] == merchant
        names, cell = np.unique(world.codes["category"][shop] * 100 + cohort[shop], return_inverse=True)
        n, pieces, usual = (sums(cell, one[shop], len(names)) for one in (back, sold, expected))
        big = (usual >= FEWEST) & (pieces > 0)
        shares = [wilson(int(one), int(of)) for one, of in zip(n[big], pieces[big], strict=True)]
        bounds = np.array([(one.value, one.lo, one.hi) for one in shares], dtype=float).reshape(-1, 3).T
        yield "return_rate of a mature week (Wilson)", (usual[big] / pieces[big], *bounds)
        for first in (1, 13):
            rows = shop & (cohort >= first) & (cohort < first + 12)
            skus, cell = np.unique(world.codes["sku"][rows], return_inverse=True)
            n, pieces, usual = (sums(cell, one[rows], len(skus)) for one in (back, sold, expected))
            category = np.zeros(len(skus), dtype=np.int64)
            category[cell] = world.codes["category"][rows]
            _, category = np.unique(category, return_inverse=True)
            value, lo, hi = shrunk(n, pieces, category)
            big = (usual >= FEWEST) & (pieces > 0)
            truth, raw = usual[big] / pieces[big], n[big] / pieces[big]
            yield "return_rate of a SKU (empirical Bayes)", (truth, value[big], lo[big], hi[big], raw)


def _reasons(world: Frame, _seed: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Shares of causes of the pieces received in a week, before all of them were inspected."""
    cause = Weekly.of(world).cause
    week = np.floor(world.received / 7)
    for merchant in range(len(world.names["merchant"])):
        shop = _received(world, merchant)
        usual = _pieces(world, cause, shop) / max(int(world.returned_pieces[shop].sum()), 1)
        for monday in range(14, LAST + 1):
            done = shop & (world.inspected < 7 * monday)
            of_week = shop & (week == monday - 1)
            learned = _pairs(world, cause, done)
            inspected = _pairs(world, cause, done & of_week)
            left = of_week & ~done
            words, causes = (_pieces(world, codes, rows) for codes, rows in ((world.stated, left), (cause, of_week)))
            waiting = {CAUSES[code]: int(words[code]) for code in np.flatnonzero(words)}
            total = causes.sum()
            if not waiting:
                continue
            told = reasons.corrected(inspected, waiting, learned)
            truth = np.array([causes[CAUSES.index(one.cause)] / total for one in told])
            numbers = np.array([(one.value, one.lo, one.hi, one.stated) for one in told]).T
            big = np.array([usual[CAUSES.index(one.cause)] for one in told]) * total >= FEWEST
            yield "share of a cause among a week's returns", (truth[big], *(one[big] for one in numbers))


def _received(world: Frame, merchant: int) -> npt.NDArray[np.bool_]:
    return np.asarray(world.returned & (world.codes["merchant"] == merchant) & np.isfinite(world.received))


def _worth(world: Frame, _seed: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """How often the inspection confirms each stated reason, as learned up to a Monday."""
    cause = Weekly.of(world).cause
    for merchant, merchant_id in enumerate(world.names["merchant"]):
        shop, law = _received(world, merchant), confirmed(merchant_id)
        for monday in LEARNED_AT:
            learned = shop & (world.inspected < 7 * monday)
            lines = Counter(CAUSES[word] for word in world.stated[learned])
            told = reasons.worth(_pairs(world, cause, learned), lines)
            truth = np.array([law[one.reason] for one in told])
            numbers = np.array([(one.share.value, one.share.lo, one.share.hi) for one in told], dtype=float).T
            big = truth * np.array([one.share.n for one in told]) >= FEWEST
            yield "what a stated reason is worth (Wilson)", (truth[big], *(one[big] for one in numbers))


def _suppliers(world: Frame, _seed: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Both shares of a supplier's defects: of the pieces sold in some weeks, and of those inspected in some weeks."""
    ordered, looked = np.floor(world.ordered / 7), np.floor(world.inspected / 7)
    pieces = world.pieces * np.isfinite(world.delivered)
    seen = world.returned_pieces * np.isfinite(world.inspected)
    found = seen * (world.finding == FINDINGS.index("defective"))
    arriving = _expected(world) * (1 - LOST)
    suppliers = len(world.names["supplier"])
    for merchant, merchant_id in enumerate(world.names["merchant"]):
        law = cause_chances(merchant_id)["defective"]
        for first, end in PERIODS:
            for name, week, whole, expected in (
                ("sold", ordered, pieces, arriving * law),
                ("inspected", looked, seen, seen * law),
            ):
                rows = (world.codes["merchant"] == merchant) & (week >= first) & (week < end)
                rows &= world.codes["supplier"] != world.names["supplier"].index("unknown")
                n, of, usual = (
                    sums(world.codes["supplier"][rows], one[rows], suppliers) for one in (found, whole, expected)
                )
                big = usual >= FEWEST
                shares = [exact(int(one), int(every)) for one, every in zip(n[big], of[big], strict=True)]
                bounds = np.array([(one.value, one.lo, one.hi) for one in shares], dtype=float).reshape(-1, 3).T
                yield f"a supplier's defects of pieces {name} (exact)", (usual[big] / of[big], *bounds)


def _pairs(world: Frame, cause: npt.NDArray[np.int64], rows: npt.NDArray[np.bool_]) -> dict[tuple[str, str], int]:
    counts = _pieces(world, world.stated * len(CAUSES) + cause, rows, len(CAUSES) ** 2)
    places = [(pair, divmod(int(pair), len(CAUSES))) for pair in np.flatnonzero(counts)]
    return {(CAUSES[word], CAUSES[found]): int(counts[pair]) for pair, (word, found) in places}


def _pieces(world: Frame, codes: npt.NDArray[np.int64], rows: npt.NDArray[np.bool_], size: int = len(CAUSES)) -> Floats:
    """Return the returned pieces of each code."""
    return sums(codes[rows], world.returned_pieces[rows], size)


def _effects(world: Frame, seed: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Actions that do nothing, halve a cause, or make it half as frequent again: three in each shop.

    Each is judged against other goods, and once more as if there were none.
    """
    dice = np.random.default_rng([seed, 7])
    first = dt.date(2026, 5, 11)  # any Monday will do
    for number in range(EFFECTS):
        shown, acts = world, []
        for shop in world.names["merchant"]:
            lines = np.flatnonzero(lines_of(world, {"merchant": shop}))
            for factor, cause in zip(FACTORS, dice.permutation(PLANTED_CAUSES), strict=False):
                name, line, start = str(dice.choice(SCOPES)), int(dice.choice(lines)), int(dice.integers(12, 21))
                scope = {name: world.names[name][world.codes[name][line]]}
                if "unknown" not in scope.values():
                    acts.append((shop, scope, str(cause), start, factor))
                    shown = plant(shown, Shift({"merchant": shop, **scope}, str(cause), factor, 7.0 * start), number)
        history = Weekly.of(shown).history(LAST)
        for shop, scope, cause, start, factor in acts:
            weeks = effects.panel(
                history, shop, scope, cause, [],
                monday=first + dt.timedelta(weeks=LAST), starts_on=first + dt.timedelta(weeks=start),
            )  # fmt: skip
            if weeks is None:
                continue
            nothing = np.zeros_like(weeks.control)
            alone = replace(weeks, control=nothing, control_exposure=nothing)
            for name, panel in (("against other goods", weeks), ("against its own past", alone)):
                effect = effects.judge(panel)
                if effect.ratio is not None:
                    logs = np.log(np.array([[factor, effect.ratio, effect.lo, effect.hi]], dtype=float)).T
                    yield f"effect of an action {name} (log rate ratio)", tuple(logs)
