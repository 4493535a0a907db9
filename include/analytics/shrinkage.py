"""Rates of small cells, drawn towards what their category shows: empirical Bayes with gamma priors.

A cell of ``expected`` returns (by the rates of its category) that shows ``n`` has a relative rate λ; λ of all cells is
taken to come from one gamma, or from a mixture of two (DuMouchel 1999, GPS), fitted by maximum likelihood.
docs/methods/shrinkage.md.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
MANY = 100  # cells from which on a mixture of two gammas can be told from one
MOST = 5000  # cells that a prior is fitted to; of more, every second, third, …
NO_SPREAD = 1e4  # a shape beyond this says that the cells do not differ
DROP = 2.0  # of the log-likelihood: two standard errors


@dataclass(frozen=True, slots=True)
class Prior:
    """A mixture of two gammas for relative rates: shapes, rates, and the weight of the first (1: it is alone)."""

    shape1: float
    rate1: float
    shape2: float = 1.0
    rate2: float = 1.0
    weight: float = 1.0

    def posterior_weight(self, n: Floats, expected: Floats) -> Floats:
        """Return how probably each cell comes from the first gamma, given what it shows."""
        if self.weight >= 1:
            return np.ones_like(expected)
        first = np.log(self.weight) + _log_nb(n, expected, self.shape1, self.rate1)
        second = np.log(1 - self.weight) + _log_nb(n, expected, self.shape2, self.rate2)
        return np.asarray(1 / (1 + np.exp(np.clip(second - first, -700, 700))))

    def mean(self, n: Floats, expected: Floats) -> Floats:
        """Return the expected relative rates, given what the cells show."""
        q = self.posterior_weight(n, expected)
        return q * (self.shape1 + n) / (self.rate1 + expected) + (1 - q) * (self.shape2 + n) / (self.rate2 + expected)

    def geometric_mean(self, n: Floats, expected: Floats) -> Floats:
        """Return EBGM: the geometric mean of each cell's posterior."""
        from scipy.special import digamma

        q = self.posterior_weight(n, expected)
        first = digamma(self.shape1 + n) - np.log(self.rate1 + expected)
        second = digamma(self.shape2 + n) - np.log(self.rate2 + expected)
        return np.asarray(np.exp(q * first + (1 - q) * second))

    def quantile(self, share: float, n: Floats, expected: Floats) -> Floats:
        """Return the quantiles of the posteriors; 0.05 is EB05."""
        from scipy.stats import gamma

        ends = [
            gamma.ppf(share, self.shape1 + n, scale=1 / (self.rate1 + expected)),
            gamma.ppf(share, self.shape2 + n, scale=1 / (self.rate2 + expected)),
        ]
        if self.weight >= 1:
            return np.asarray(ends[0])
        q = self.posterior_weight(n, expected)
        low, high = np.minimum(*ends), np.maximum(*ends)
        for _ in range(60):  # the mixture's quantile lies between those of its parts
            middle = (low + high) / 2
            below = q * gamma.cdf(middle, self.shape1 + n, scale=1 / (self.rate1 + expected)) + (1 - q) * gamma.cdf(
                middle, self.shape2 + n, scale=1 / (self.rate2 + expected)
            )
            low, high = np.where(below < share, middle, low), np.where(below < share, high, middle)
        return np.asarray((low + high) / 2)


def shrunk(
    n: Floats, pieces: Floats, category: npt.NDArray[np.int64], level: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Return (rate, lower, upper) of cells that show ``n`` returns of ``pieces``, drawn towards their category's rate.

    ``category`` is a number a cell. A category without a return gives its cells half a return to lean on.
    """
    of_all, returned = np.bincount(category, pieces), np.bincount(category, n)
    rate = ((returned + 0.5) / np.maximum(of_all, 1))[category]
    expected = np.maximum(pieces, 1e-9) * rate
    prior = fit(n, expected)
    tail = (1 - level) / 2
    ends = (prior.mean(n, expected), prior.quantile(tail, n, expected), prior.quantile(1 - tail, n, expected))
    value, lo, hi = (np.minimum(one * rate, 1.0) for one in ends)
    return value, np.minimum(lo, value), np.maximum(hi, value)


def fit(n: Floats, expected: Floats, *, wider: float = DROP) -> Prior:
    """Return the prior of cells that show ``n`` where ``expected`` were expected: one gamma, or two for many cells.

    A single gamma is taken two standard errors wider than the likeliest: few cells show little of how much they differ.
    ``wider`` is how much of the log-likelihood that may cost; 0: the likeliest.
    """
    from scipy.optimize import brentq, minimize_scalar

    if len(n) >= MANY:
        step = -(-len(n) // MOST)
        return fit_mixture(n[::step], expected[::step])
    if n.sum() == 0 or len(n) < 3:
        return Prior(1.0, 1.0)  # nothing is known of how much they differ
    level = float(n.sum() / expected.sum())

    def loss(log_shape: float) -> float:
        shape = float(np.exp(log_shape))
        return -float(_log_nb(n, expected, shape, shape / level).sum())

    least, most = -3.0, float(np.log(NO_SPREAD))
    best = minimize_scalar(loss, bounds=(least, most), method="bounded")
    if loss(least) - best.fun > wider:
        careful = float(brentq(lambda x: loss(x) - best.fun - wider, least, best.x)) if wider else best.x
    else:
        careful = least
    shape = float(np.exp(careful))
    return Prior(shape, shape / level)


def fit_mixture(n: Floats, expected: Floats, *, seen_only: bool = False) -> Prior:
    """Return DuMouchel's mixture of two gammas. ``seen_only``: cells without a return are missing from the data.

    Each part is then cut off at zero by itself, as openEBGM does; cutting the mixture as a whole has another optimum.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    def loss(x: Floats) -> float:
        shape1, rate1, shape2, rate2 = np.exp(x[:4])
        first = np.exp(_log_nb(n, expected, shape1, rate1))
        second = np.exp(_log_nb(n, expected, shape2, rate2))
        if seen_only:
            first = first / (1 - (1 + expected / rate1) ** -shape1)
            second = second / (1 - (1 + expected / rate2) ** -shape2)
        weight = expit(x[4])
        return -float(np.log(np.maximum(weight * first + (1 - weight) * second, 1e-300)).sum())

    best: Any = None
    for start in ((0.2, 0.1, 2.0, 4.0, 1 / 3), (2.0, 0.5, 2.0, 2.0, 0.1), (5.0, 5.0, 20.0, 20.0, 0.2)):
        x = np.append(np.log(start[:4]), np.log(start[4] / (1 - start[4])))
        found = minimize(loss, x, method="L-BFGS-B", bounds=[(-6, np.log(NO_SPREAD))] * 4 + [(-8, 8)])
        best = found if best is None or found.fun < best.fun else best
    shape1, rate1, shape2, rate2 = (float(one) for one in np.exp(best.x[:4]))
    return Prior(shape1, rate1, shape2, rate2, float(expit(best.x[4])))


def _log_nb(n: Floats, expected: Floats, shape: float, rate: float) -> Floats:
    """Return the log of the negative binomial chance of ``n`` where λ is a gamma and ``expected`` known."""
    from scipy.special import gammaln

    found = (
        gammaln(shape + n) - gammaln(shape) - gammaln(n + 1)
        + n * (np.log(expected) - np.log(rate + expected)) + shape * (np.log(rate) - np.log(rate + expected))
    )  # fmt: skip
    return np.asarray(found)
