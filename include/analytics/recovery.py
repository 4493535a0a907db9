"""What a returned unit is expected to leave on each route: how soon it sells there, and what that costs.

Sales a day come from the merchant's own shelves: products are drawn towards their category, categories towards the
channel (empirical Bayes, gamma priors of ``shrinkage``); work is drawn towards the merchant's mean (random effects
after DerSimonian and Laird). What is not certain is drawn ``DRAWS`` times from the posterior, with a fixed seed: the
same history says the same. docs/methods/recovery.md.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zlib import crc32

from include.domain.routes import Estimate, Parts, Terms

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from include.analytics.shrinkage import Prior

    Floats = npt.NDArray[np.float64]

MODEL = "recovery-1"
DRAWS = 400
SEED = 20_261
LOW, HIGH = 0.10, 0.90
A_MOMENT = 0.02  # days: what sold at once was on the shelf for half an hour
FEW = 3  # cells below which nothing can be told of how they differ
SOME = 2  # pieces of work from which on a category says how much they differ


@dataclass(frozen=True, slots=True)
class Shelf:
    """Units of a product in a channel: how many were sold, and for how many days all of them were on offer."""

    channel: str
    category: str
    sku: str
    sold: int
    days: float


@dataclass(frozen=True, slots=True)
class Work:
    """Finished work of a ``kind`` (repair, packaging) in a category: tenge a piece, and how often it failed."""

    category: str
    kind: str
    times: int
    failed: int
    mean: float
    variance: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """A route of a unit as it may turn out: an estimate, and the draws behind it for comparing routes."""

    estimate: Estimate
    net: "Floats"


@dataclass(frozen=True, slots=True)
class _Cell:
    sold: float
    expected: float


@dataclass(frozen=True)
class Market:
    """What the shelves of a merchant say. Ask :meth:`rates`."""

    assumed_days: float
    channels: Mapping[str, _Cell]
    categories: Mapping[tuple[str, str], _Cell]
    products: Mapping[tuple[str, str], _Cell]
    of_categories: "Prior"
    of_products: "Prior"
    _drawn: dict[tuple[str, str, str], "Floats"] = field(default_factory=dict, repr=False)

    def rates(self, channel: str, category: str, sku: str) -> "Floats":
        """Return draws of how many a day are sold of one unit on offer; a product nobody knows is like its category."""
        key = (channel, category, sku)
        if key not in self._drawn:
            base = self.channels.get(channel, _Cell(0, 0))
            level = _rng("channel", channel).gamma(1 + base.sold, 1 / (self.assumed_days + base.expected), DRAWS)
            group = _draws(self.of_categories, self.categories.get((channel, category)), "category", channel, category)
            own = _draws(self.of_products, self.products.get((channel, sku)), "product", channel, sku)
            self._drawn[key] = level * group * own
        return self._drawn[key]


def market(shelves: Iterable[Shelf], assumed_days: float) -> Market:
    """Fit the market of one merchant. ``assumed_days`` is how long a unit waits for its buyer where nothing is known.

    That assumption weighs as much as one sale.
    """
    import numpy as np

    rows = list(shelves)
    channels: dict[str, _Cell] = {}
    for row in rows:
        before = channels.get(row.channel, _Cell(0, 0))
        channels[row.channel] = _Cell(before.sold + row.sold, before.expected + max(row.days, A_MOMENT))
    level = {name: (1 + cell.sold) / (assumed_days + cell.expected) for name, cell in channels.items()}

    def cells(key: Any, weight: Any) -> tuple[dict[tuple[str, str], _Cell], "Prior"]:
        found: dict[tuple[str, str], _Cell] = {}
        for row in rows:
            before = found.get(key(row), _Cell(0, 0))
            expected = max(row.days, A_MOMENT) * level[row.channel] * weight(row)
            found[key(row)] = _Cell(before.sold + row.sold, before.expected + expected)
        n = np.array([cell.sold for cell in found.values()], dtype=float)
        expected = np.array([cell.expected for cell in found.values()], dtype=float)
        return found, _prior(n, expected)

    categories, of_categories = cells(lambda row: (row.channel, row.category), lambda _: 1.0)
    relative = {key: _mean(of_categories, cell) for key, cell in categories.items()}
    products, of_products = cells(lambda row: (row.channel, row.sku), lambda row: relative[row.channel, row.category])
    return Market(assumed_days, channels, categories, products, of_categories, of_products)


def _prior(sold: "Floats", expected: "Floats") -> "Prior":
    """Return how much cells differ, as is likeliest; too few to tell are taken to be alike.

    A prior wider than that, right for a warning, would here call every shelf without a history a slow one.
    """
    from include.analytics.shrinkage import NO_SPREAD, Prior, fit

    if sold.sum() == 0 or len(sold) < FEW:
        return Prior(NO_SPREAD, NO_SPREAD)
    return fit(sold, expected, wider=0.0)


def _mean(prior: "Prior", cell: _Cell) -> float:
    import numpy as np

    return float(prior.mean(np.array([cell.sold]), np.array([cell.expected]))[0])


def _draws(prior: "Prior", cell: _Cell | None, *name: str) -> "Floats":
    """Return draws of a relative rate from the posterior of a cell; of one that nobody knows from the prior."""
    import numpy as np

    rng = _rng(*name)
    sold, expected = (cell.sold, cell.expected) if cell else (0.0, 0.0)
    first = 1.0 if prior.weight >= 1 else prior.weight
    if cell and prior.weight < 1:
        first = float(prior.posterior_weight(np.array([sold]), np.array([max(expected, 1e-9)]))[0])
    one = rng.gamma(prior.shape1 + sold, 1 / (prior.rate1 + expected), DRAWS)
    other = rng.gamma(prior.shape2 + sold, 1 / (prior.rate2 + expected), DRAWS)
    return np.asarray(np.where(rng.random(DRAWS) < first, one, other))


def _rng(*name: str) -> "np.random.Generator":
    """Return the generator of one name: what is drawn for it does not depend on who was asked before."""
    import numpy as np

    return np.random.default_rng([SEED, crc32("\x1f".join(name).encode())])


# --- work


@dataclass(frozen=True)
class Workshop:
    """What work costs a merchant, and how often it fails."""

    of: Mapping[str, "_Costs"]

    def cost(self, kind: str, category: str) -> "Floats | None":
        """Return draws of tenge a piece; None where no such work was ever done."""
        import numpy as np

        costs = self.of.get(kind)
        if costs is None:
            return None
        mean, spread = costs.categories.get(category, (costs.mean, costs.spread))
        return np.asarray(np.maximum(_rng("work", kind, category).normal(mean, spread, DRAWS), 0.0))

    def success(self, kind: str, category: str) -> "Floats":
        """Return draws of how probably work succeeds: the category's own, drawn towards the merchant's."""
        costs = self.of.get(kind)
        done, failed = (1.0, 1.0) if costs is None else (1.0 + costs.done, 1.0 + costs.failed)
        share = done / (done + failed)
        own = costs.results.get(category, (0, 0)) if costs else (0, 0)
        strength = 4.0  # the merchant's own share weighs as four pieces of work
        return _rng("success", kind, category).beta(share * strength + own[0], (1 - share) * strength + own[1], DRAWS)


@dataclass(frozen=True)
class _Costs:
    mean: float
    spread: float
    done: int
    failed: int
    categories: Mapping[str, tuple[float, float]]
    results: Mapping[str, tuple[int, int]]


def workshop(history: Iterable[Work]) -> Workshop:
    """Fit what work costs one merchant."""
    kinds: dict[str, list[Work]] = {}
    for work in history:
        kinds.setdefault(work.kind, []).append(work)
    return Workshop({kind: costs for kind, works in kinds.items() if (costs := _costs(works)) is not None})


def _costs(works: Sequence[Work]) -> _Costs | None:
    done = sum(work.times for work in works)
    if done == 0:
        return None
    mean = sum(work.mean * work.times for work in works) / done
    within = sum(work.variance * max(work.times - 1, 0) for work in works) / max(done - len(works), 1)
    between = sum(work.times * (work.mean - mean) ** 2 for work in works) / done
    spread = ((within + between) / done) ** 0.5 if done > 1 else mean / 2
    return _Costs(
        mean,
        spread,
        done,
        sum(work.failed for work in works),
        _drawn_together([work for work in works if work.times >= SOME], within),
        {work.category: (work.times, work.failed) for work in works},
    )


def _drawn_together(works: Sequence[Work], within: float) -> dict[str, tuple[float, float]]:
    """Return mean and standard error of each category, drawn towards all of them as far as they are alike."""
    if len(works) < 3 or within <= 0:
        return {}
    import numpy as np
    from statsmodels.stats.meta_analysis import combine_effects

    means = np.array([work.mean for work in works])
    errors = np.array([within / work.times for work in works])
    with warnings.catch_warnings():
        # Categories that differ less than chance would have it have no standard error there; we do not use it.
        warnings.simplefilter("ignore", RuntimeWarning)
        found = combine_effects(means, errors, method_re="dl")
    tau2, centre = max(float(found.tau2), 1e-9), float(found.mean_effect_re)
    weights = tau2 / (tau2 + errors)
    drawn = weights * means + (1 - weights) * centre
    return {
        work.category: (float(mean), float((tau2 * error / (tau2 + error)) ** 0.5))
        for work, mean, error in zip(works, drawn, errors, strict=True)
    }


# --- a route


def sell(route: str, rates: "Floats", horizon: float, terms: Terms, *, discount_permille: int = 0) -> Outlook:
    """Return what offering a unit is expected to leave; what is not sold after ``horizon`` days is disposed of."""
    import numpy as np

    sold = 1 - np.exp(-rates * horizon)
    days = sold / rates
    return _outlook(route, sold, days, terms, discount_permille)


def mend(
    rates: "Floats",
    horizon: float,
    terms: Terms,
    cost: "Floats | None",
    success: "Floats",
    *,
    discount_permille: int = 0,
) -> Outlook:
    """Return what a repair is expected to leave: what cannot be mended is disposed of, and has cost all the same."""
    import numpy as np

    sold = (1 - np.exp(-rates * horizon)) * success
    days = sold / rates
    return _outlook(
        "repair", sold, days, terms, discount_permille, work=cost, lacks=() if cost is not None else ("repair",)
    )


def give_up(terms: Terms) -> Outlook:
    """Return what a write-off leaves: what was spent, and the disposal."""
    import numpy as np

    nothing = np.zeros(DRAWS)
    return _outlook("write_off", nothing, nothing, terms, 0)


def _outlook(
    route: str,
    sold: "Floats",
    days: "Floats",
    terms: Terms,
    discount_permille: int,
    *,
    work: "Floats | None" = None,
    lacks: tuple[str, ...] = (),
) -> Outlook:
    import numpy as np

    repair = np.full(DRAWS, float(terms.repair or 0)) + (0.0 if work is None else work)
    money = {
        "proceeds": sold * terms.price,
        "fee": sold * (terms.fee or 0),
        "repair": repair,
        "packaging": np.full(DRAWS, float(terms.packaging or 0)),
        "handling": np.full(DRAWS, float(terms.handling or 0)),
        "holding": (terms.held or 0) + days * (terms.day or 0),
        "write_off": (1 - sold) * (terms.disposal or 0),
    }
    net = money["proceeds"] - sum(values for name, values in money.items() if name != "proceeds")
    needed = {
        "fee": terms.fee, "repair": terms.repair, "packaging": terms.packaging, "handling": terms.handling,
        "holding": None if terms.day is None or terms.held is None else 0, "write_off": terms.disposal,
    }  # fmt: skip
    unknown = tuple(dict.fromkeys((*lacks, *(name for name, amount in needed.items() if amount is None))))
    ordered = np.sort(net)
    low, high = ordered[int(LOW * DRAWS)], ordered[int(HIGH * DRAWS)]
    chance = float(sold.mean())
    estimate = Estimate(
        route,
        price=terms.price or None,
        discount_permille=discount_permille,
        sale_probability=chance,
        days=float(days.mean()) if chance else None,
        parts=Parts(**{name: round(float(values.mean())) for name, values in money.items()}),
        low=round(float(low)),
        high=round(float(high)),
        unknown=unknown,
    )
    return Outlook(estimate, np.asarray(net))


def compare(outlooks: Sequence[Outlook], plain: str | None) -> list[Estimate]:
    """Return the estimates with how surely each leaves more than the route ``plain``."""
    from dataclasses import replace

    base = next((one.net for one in outlooks if one.estimate.route == plain), None)
    if base is None:
        return [one.estimate for one in outlooks]
    return [
        replace(one.estimate, beats_plain=None if one.estimate.route == plain else float((one.net > base).mean()))
        for one in outlooks
    ]
