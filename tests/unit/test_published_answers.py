"""The statistics against answers that others have published. The data sets are read where they lie, and never copied.

QAITARYM_REFERENCE_SETS names the folder (its SOURCES.md says whence they come); without it these tests say so.
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

from include.analytics.delays import delay_curve
from include.analytics.dispersion import laney_chart, overdispersion, p_chart
from include.analytics.effects import interrupted
from include.analytics.nowcast import nowcast
from include.analytics.shrinkage import Prior, fit_mixture

FOLDER = Path(os.environ.get("QAITARYM_REFERENCE_SETS", Path(__file__).parents[3] / "shared/data/reference_sets"))
pytestmark = pytest.mark.skipif(
    not (FOLDER / "known_answers.json").is_file(),
    reason=f"PUBLISHED ANSWERS NOT CHECKED: no reference sets in {FOLDER}; set QAITARYM_REFERENCE_SETS to their folder",
)


def rows(name: str) -> list[dict[str, str]]:
    opened = gzip.open if name.endswith(".gz") else Path.open
    with opened(FOLDER / name, "rt", encoding="utf-8") as source:  # type: ignore[operator]
        return list(csv.DictReader(source))


def column(table: list[dict[str, str]], name: str) -> Any:
    return np.array([float(row[name]) for row in table])


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
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


def test_the_delay_curve_is_the_chain_ladder_of_the_reinsurance_triangle(known: dict[str, Any]) -> None:
    """The claims of the Reinsurance Association of America (Mack 1994), cumulative by year of origin and age."""
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
    assert coming.sum() == pytest.approx(known["chainladder_raa"]["ibnr"], abs=0.1)


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
