"""The statistics against answers that others have published; docs/methods/README.md lists them.

Small tables stand here with their source, and are checked everywhere. Whole data sets are not ours to hand on: they are
read where they lie, and never copied. QAITARYM_REFERENCE_SETS names the folder (its SOURCES.md says whence they come);
without it their tests say so.
"""

import csv
import datetime as dt
import gzip
import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import nbinom, t

from include.analytics.delays import delay_curve
from include.analytics.dispersion import laney_chart, overdispersion, p_chart
from include.analytics.durations import Spans, quantiles
from include.analytics.effects import difference, interrupted
from include.analytics.nowcast import nowcast
from include.analytics.shrinkage import Prior, fit_mixture

FOLDER = Path(os.environ.get("QAITARYM_REFERENCE_SETS", Path(__file__).parents[3] / "shared/data/reference_sets"))


def rows(name: str) -> list[dict[str, str]]:
    opened = gzip.open if name.endswith(".gz") else Path.open
    with opened(FOLDER / name, "rt", encoding="utf-8") as source:  # type: ignore[operator]
        return list(csv.DictReader(source))


def column(table: list[dict[str, str]], name: str) -> Any:
    return np.array([float(row[name]) for row in table])


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    if not (FOLDER / "known_answers.json").is_file():
        pytest.skip(
            f"PUBLISHED ANSWERS NOT CHECKED: no reference sets in {FOLDER}; set QAITARYM_REFERENCE_SETS to their folder"
        )
    answers: dict[str, Any] = json.loads((FOLDER / "known_answers.json").read_text(encoding="utf-8"))
    return answers


def test_laney_finds_nothing_where_a_p_chart_alarms_on_everything(known: dict[str, Any]) -> None:
    answer, table = known["qicharts2_nhs_accidents"], rows("qicharts2_nhs_accidents.csv")
    seen, sizes = column(table, "r"), column(table, "n")
    chart = laney_chart(seen, sizes)
    assert chart.centre == pytest.approx(answer["p_bar"])
    assert chart.sigma == pytest.approx(answer["sigma_z"])
    assert [chart.lower[0], chart.upper[0]] == pytest.approx(answer["first_limits"])
    assert len(chart.outside(seen / sizes)) == answer["p_prime_out"]
    assert len(p_chart(seen, sizes).outside(seen / sizes)) == answer["p_chart_out"]


def test_the_p_chart_of_orange_juice(known: dict[str, Any]) -> None:
    answer = known["qcc_orangejuice"]
    table = [row for row in rows("qcc_orangejuice.csv") if row["trial"] == "True"]
    seen, sizes = column(table, "D"), column(table, "size")
    chart = p_chart(seen, sizes)
    assert (chart.centre, chart.lower[0], chart.upper[0]) == pytest.approx(
        tuple(answer["trial"][name] for name in ("p", "lcl", "ucl")), abs=1e-6
    )
    outside = chart.outside(seen / sizes)
    assert (outside + 1).tolist() == answer["trial"]["out"]
    seen, sizes = np.delete(seen, outside), np.delete(sizes, outside)
    chart = p_chart(seen, sizes)
    assert (chart.centre, chart.lower[0], chart.upper[0]) == pytest.approx(
        tuple(answer["without_15_23"][name] for name in ("p", "lcl", "ucl")), abs=1e-6
    )


def caers() -> tuple[list[tuple[str, str]], Any, Any]:
    """The pairs with how many reports name both, and how many would by chance: margins count reports, not pairs."""
    pairs, products, events = defaultdict(set), defaultdict(set), defaultdict(set)
    reports = set()
    for row in rows("openebgm_caers.csv.gz"):
        reports.add(row["id"])
        pairs[row["var1"], row["var2"]].add(row["id"])
        products[row["var1"]].add(row["id"])
        events[row["var2"]].add(row["id"])
    names = list(pairs)
    n = np.array([float(len(pairs[name])) for name in names])
    expected = np.array([len(products[one]) * len(events[two]) / len(reports) for one, two in names])
    return names, n, expected


def test_gps_scores_of_fda_reports(known: dict[str, Any]) -> None:
    answer = known["openebgm_caers"]
    names, n, expected = caers()
    assert len(names) == answer["pairs"]
    prior = Prior(*answer["theta_published"])
    ebgm, eb05, eb95 = (
        prior.geometric_mean(n, expected),
        prior.quantile(0.05, n, expected),
        prior.quantile(0.95, n, expected),
    )
    assert int((eb05 > 2).sum()) == answer["eb05_gt_2"]
    assert int((np.round(ebgm, 2) > 3).sum()) == answer["ebgm_gt_3"]  # counted there on two digits
    for product, event, count, chance, low, middle, high in answer["top"]:
        place = names.index((product, event))
        assert (n[place], expected[place]) == (count, pytest.approx(chance))
        assert (eb05[place], ebgm[place], eb95[place]) == pytest.approx((low, middle, high), abs=0.01)


def test_the_prior_of_fda_reports_is_found_again(known: dict[str, Any]) -> None:
    _, n, expected = caers()
    prior = fit_mixture(n, expected, seen_only=True)
    found = (prior.shape1, prior.rate1, prior.shape2, prior.rate2, prior.weight)
    assert found == pytest.approx(known["openebgm_caers"]["theta_unsquashed_mle"], rel=2e-3)
    likelihood = np.zeros_like(n)
    for shape, rate, weight in (
        (prior.shape1, prior.rate1, prior.weight), (prior.shape2, prior.rate2, 1 - prior.weight)
    ):  # fmt: skip
        counts = nbinom(shape, rate / (rate + expected))
        likelihood += weight * counts.pmf(n) / counts.sf(0)
    optimum = known["openebgm_caers"]["neg_log_lik_unsquashed_at_optimum"]
    assert -np.log(likelihood).sum() == pytest.approx(optimum, abs=1e-3)


def test_the_smoking_ban_in_sicily(known: dict[str, Any]) -> None:
    answer, table = known["its_sicily"], rows("its_sicily.csv")
    series = (column(table, "aces"), column(table, "stdpop"), column(table, "smokban") == 1, column(table, "time"))
    effect = interrupted(*series, harmonics=0, period=12)
    season = interrupted(*series, harmonics=2, period=12)
    assert effect.ratio == pytest.approx(answer["quasi_poisson"][0], abs=5e-5)
    assert season.ratio == pytest.approx(answer["with_2_harmonics_quasi"][0], abs=5e-5)
    # ours are a little wider: by Student's t, not by the normal law
    assert (effect.lo, effect.hi) == pytest.approx(tuple(answer["quasi_poisson"][1:3]), abs=2e-3)
    assert (season.lo, season.hi) == pytest.approx(tuple(answer["with_2_harmonics_quasi"][1:3]), abs=2e-3)
    assert effect.verdict == season.verdict == "helped"


def test_the_delay_curve_is_the_chain_ladder_of_the_reinsurance_triangle() -> None:
    """The claims of the Reinsurance Association of America (Mack 1994), cumulative by year of origin and age.

    His reserve is 52,135. Its standard error, 26,881, is not ours to compare: docs/methods/nowcast.md.
    """
    triangle = [
        [5012, 8269, 10907, 11805, 13539, 16181, 18009, 18608, 18662, 18834],
        [106, 4285, 5396, 10666, 13782, 15599, 15496, 16169, 16704],
        [3410, 8992, 13873, 16141, 18735, 22214, 22863, 23466],
        [5655, 11555, 15766, 21266, 23425, 26083, 27067],
        [1092, 9565, 15836, 22169, 25955, 26180],
        [1513, 6445, 11702, 12935, 15852],
        [557, 4020, 10946, 12314],
        [1351, 6947, 13112],
        [3133, 5395],
        [2063],
    ]
    cells = [
        (len(year), delay, now - before)
        for year in triangle
        for delay, (now, before) in enumerate(zip(year, [0, *year], strict=False))
    ]
    ages, delays, paid = (np.array(one, dtype=np.int64) for one in zip(*cells, strict=True))
    curve = delay_curve(ages, delays, paid, 9)
    so_far = np.array([float(year[-1]) for year in triangle])
    coming = so_far / curve.known(np.array([len(year) for year in triangle])) - so_far
    assert coming.sum() == pytest.approx(52135.2, abs=0.1)
    by_year = [0, 154, 617, 1636, 2747, 3649, 5435, 10907, 10650, 16339]
    assert coming == pytest.approx(by_year, abs=0.6)


def test_reports_of_dengue_that_were_still_to_come(known: dict[str, Any]) -> None:
    """The delay curve is the chain ladder; the nowcast does not follow it where it goes astray, in the newest week."""
    answer = known["nobbs_denguedat"]["as_of_1990-10-01_weeks"]
    table = rows("nobbs_denguedat.csv.gz")
    today = dt.date(1990, 10, 1).toordinal()
    onset = np.array([dt.date.fromisoformat(row["onset_week"]).toordinal() for row in table])
    report = np.array([dt.date.fromisoformat(row["report_week"]).toordinal() for row in table])
    seen = report <= today
    ages, delays = (today - onset[seen]) // 7 + 1, (report - onset)[seen] // 7
    curve = delay_curve(ages, delays, np.ones(len(ages), dtype=np.int64), 12)
    weeks = np.array([4, 3, 2, 1])
    counts = np.array([float((ages == week).sum()) for week in weeks])
    assert len(table) == known["nobbs_denguedat"]["rows"]
    assert counts.tolist() == [one["seen"] for one in answer.values()]
    ladder = counts / curve.known(weeks)
    assert ladder == pytest.approx([one["chain_ladder"] for one in answer.values()], rel=0.01)
    truth = np.array([one["truth"] for one in answer.values()])
    # an epidemic grows: its past weeks differ so much that they say little of the newest ones
    past = np.array([float((ages == week).sum()) for week in range(5, 17)])
    told = nowcast(
        counts, np.full(4, 1e4), curve.known(weeks), curve.uncertainty(weeks), np.full(4, past.sum()), np.full(4, 12e4),
        overdispersion(past[None], np.full((1, 12), past.mean())),
    )  # fmt: skip
    assert abs(told.value * 1e4 - truth)[-1] < abs(ladder - truth)[-1]
    assert ((told.lo * 1e4 <= truth) & (truth <= told.hi * 1e4)).all()


def test_the_delays_of_all_dengue_reports(known: dict[str, Any]) -> None:
    """Where nothing is cut off any more the curve is the share of reports that came in so many weeks."""
    table = rows("nobbs_denguedat.csv.gz")
    onset, report = (
        np.array([dt.date.fromisoformat(row[name]).toordinal() for row in table])
        for name in ("onset_week", "report_week")
    )
    delays = (report - onset) // 7
    longest = int(delays.max())
    curve = delay_curve(np.full(len(delays), longest + 1), delays, np.ones(len(delays), dtype=np.int64), longest)
    for share, weeks in known["nobbs_denguedat"]["delay_weeks_q"].items():
        assert int(np.searchsorted(curve.share, float(share))) == weeks


# days from birth: so many fruit flies of Walton's died, so many were lost from sight
DIED = {
    6: 1, 7: 1, 9: 3, 13: 3, 15: 2, 17: 1, 19: 3, 22: 4, 26: 5, 29: 5, 32: 1, 33: 3, 36: 2, 38: 2, 41: 7, 43: 1, 45: 9,
    47: 1, 48: 8, 51: 3, 53: 7, 54: 2, 56: 18, 58: 4, 60: 15, 61: 9, 62: 2, 63: 9, 66: 3, 68: 9, 69: 12, 75: 1,
}  # fmt: skip
LOST = {7: 1, 45: 1, 60: 1, 61: 2, 68: 1, 69: 1}


def test_half_of_waltons_flies_lived_56_days() -> None:
    """The median that lifelines' documentation gives of its data set ``waltons``: 163 lives, 7 of them cut off."""
    died, lost = (np.repeat(list(days), list(days.values())).astype(float) for days in (DIED, LOST))
    assert (len(died) + len(lost), len(lost)) == (163, 7)
    assert quantiles(Spans(died, np.zeros(0), lost), [0.5]) == [56.0]


def test_the_effect_of_clean_water_on_cholera() -> None:
    """Snow's table XII (1855): deaths in 1849 and in 1854, when one of two water companies had moved upstream.

    His 16 sub-districts with water of both companies against the 12 that had only the other's. Two periods with
    exposures in proportion are all that difference-in-differences needs: ours is then the ratio of the ratios, with
    Woolf's standard error (1955). It asks for three weeks on each side, so the years are given in equal thirds.
    """
    (mixed, other), thirds = ((3905, 2547), (2261, 2458)), np.repeat([0, 1], 3)
    treated, control = (np.array(deaths)[thirds] / 3 for deaths in (mixed, other))
    people = np.full(6, 1.0)
    effect = difference(treated, people, control, people, thirds == 1)
    assert effect.ratio == pytest.approx((2547 / 3905) / (2458 / 2261))
    assert effect.ratio == pytest.approx(0.600, abs=5e-4)
    width = float(t.ppf(0.975, 4)) * sum(1 / deaths for deaths in (*mixed, *other)) ** 0.5
    assert effect.ratio is not None and (effect.lo, effect.hi) == pytest.approx(
        (effect.ratio * np.exp(-width), effect.ratio * np.exp(width))
    )
    assert effect.verdict == "helped"
