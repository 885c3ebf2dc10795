"""Knox against published and hand-computed numbers."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from rtcc_analytics.near_repeat import knox_test

POINTS = ([0, 0], [0, 100], np.array(["2019-01-01", "2019-01-04"], dtype="datetime64[D]"))


def edges(case: dict, name: str) -> list[float]:
    return [float(edge) for edge in case[name]]


@pytest.mark.parametrize("table", ["A", "B", "C_NRC"])
def test_pairs_are_those_of_the_published_tables(known, january, table) -> None:
    case = known("02")["expected"][table]
    found = knox_test(
        *january,
        distance_breaks=edges(case, "sds"),
        time_breaks=edges(case, "tds"),
        metric="manhattan",
        permutations=1,
        seed=1,
    )
    assert found.observed.tolist() == case["observed"]


def test_expectation_ratio_and_p_agree_with_the_published_ones(known, january) -> None:
    case = known("02")["expected"]["A"]
    own = case["own_9999"]
    found = knox_test(
        *january,
        distance_breaks=edges(case, "sds"),
        time_breaks=edges(case, "tds"),
        metric="manhattan",
        permutations=999,
        seed=1,
    )
    np.testing.assert_allclose(found.expected, own["expected_exact"], rtol=1e-12)
    np.testing.assert_allclose(found.ratio, own["knox_ratio_exact"], rtol=1e-12)
    np.testing.assert_allclose(found.observed / found.simulated_mean, own["knox_ratio_exact"], rtol=0.03)
    for published, draws in ((own["p"], 9999), (case["R_p_999"], 999)):
        pooled = (np.array(published) * draws + found.p_value * 999) / (draws + 999)
        error = np.sqrt(pooled * (1 - pooled) * (1 / draws + 1 / 999))
        assert (np.abs(found.p_value - published) <= 3 * error + 1e-9).all()


def test_calculator_compat_counts_and_labels_as_it_does(known, january) -> None:
    case = known("02")["expected"]["C_NRC"]
    found = knox_test(
        *january,
        distance_breaks=edges(case, "sds"),
        time_breaks=edges(case, "tds"),
        metric="manhattan",
        permutations=1,
        seed=1,
        compat="NRC",
    )
    assert found.observed.tolist() == case["observed"]
    assert found.distance_labels == ("Same location", "1 to 100 m", "101 to 200 m", "201 to 300 m", "More than 300 m")
    assert found.time_labels == ("0 to 7 days", "8 to 14 days", "15 to 21 days", "More than 21 days")


def test_calculator_compat_rounds_coordinates_to_32_bits() -> None:
    """100 m less a millimetre becomes 100 m at six-figure coordinates, and crosses the break."""
    asked = {"distance_breaks": [0, 100, 200], "time_breaks": [0, 7], "permutations": 1, "seed": 1}
    points = ([500_000.0, 500_099.999], [0.0, 0.0], [0, 1])
    assert knox_test(*points, **asked).observed.tolist() == [[1], [0]]
    assert knox_test(*points, **asked, compat="NRC").observed.tolist() == [[0], [1]]


@pytest.mark.parametrize("rule", ["left_closed_right_open", "right_closed"])
def test_a_pair_on_a_break_is_in_one_band(known, rule) -> None:
    case = known("03")["expected"][rule]
    found = knox_test(
        *POINTS,
        distance_breaks=case["sds"],
        time_breaks=case["tds"],
        permutations=1,
        seed=1,
        right_closed=rule == "right_closed",
    )
    assert found.observed.tolist() == case["observed"]


@pytest.mark.parametrize("right_closed", [False, True])
def test_distance_zero_and_the_same_day_are_in_the_lowest_band(right_closed) -> None:
    found = knox_test(
        [5, 5, 900],
        [5, 5, 5],
        [3, 3, 8],
        distance_breaks=[0, 100],
        time_breaks=[0, 7],
        permutations=1,
        seed=1,
        right_closed=right_closed,
    )
    assert found.observed.tolist() == [[1]]


def test_speed_case_counts(known, four_years) -> None:
    case = known("26")["expected"]
    year = four_years[2] < np.datetime64("2015-01-01")
    found = knox_test(
        *(array[year] for array in four_years),
        distance_breaks=[0, 200],
        time_breaks=[0, 7],
        right_closed=True,
        permutations=99,
        seed=1,
    )
    assert found.events == 12_334
    assert found.observed.tolist() == [[case["observed"]]]
    assert round(float(found.observed[0, 0] / found.simulated_mean[0, 0]), 2) == case["ratio_mean"]
    assert found.p_value[0, 0] == case["p"]


def test_expectation_is_the_mean_over_all_shuffles() -> None:
    x, y, t = np.array([0.0, 40, 90, 300, 310]), np.zeros(5), np.array([0, 1, 5, 6, 30])
    asked = {"distance_breaks": [0, 50, 100, np.inf], "time_breaks": [0, 4, 7, np.inf], "permutations": 1, "seed": 1}
    every = [knox_test(x, y, t[list(order)], **asked).observed for order in permutations(range(5))]
    np.testing.assert_allclose(knox_test(x, y, t, **asked).expected, np.mean(every, axis=0), rtol=1e-12)


def test_poisson_tail_includes_the_observed_count() -> None:
    """pointpats takes P(X > observed), 0.1462 here: too small by the chance of exactly that many."""
    libpysal = pytest.importorskip("libpysal")
    geopandas = pytest.importorskip("geopandas")
    cases = geopandas.read_file(libpysal.examples.get_path("burkitt.shp"))
    found = knox_test(
        cases.X,
        cases.Y,
        cases["T"],
        distance_breaks=[0, 20],
        time_breaks=[0, 5],
        right_closed=True,
        permutations=999,
        seed=1,
    )
    assert found.observed.tolist() == [[13]]
    assert found.p_poisson[0, 0] == pytest.approx(0.2223, abs=5e-5)
