"""Local and global association: published numbers, esda as a second opinion, and what a warning must say."""

from __future__ import annotations

import itertools
import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rtcc_analytics.hotspots import gearys_c, general_g, gi_star, local_moran, morans_i
from rtcc_analytics.hotspots.local import LocalStatisticError, discoveries, false_discovery
from rtcc_analytics.study import StudyArea
from rtcc_analytics.units import Grid

LATTICE = (12, 15)


def lattice_neighbours(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    indptr, indices = [0], []
    for r in range(rows):
        for c in range(columns):
            near = [
                (r + i) * columns + c + j
                for i in (-1, 0, 1)
                for j in (-1, 0, 1)
                if (i or j) and 0 <= r + i < rows and 0 <= c + j < columns
            ]
            indices += near
            indptr.append(len(indices))
    return np.array(indptr), np.array(indices)


def esda_weights(rows: int, columns: int):
    from libpysal.weights import lat2W

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return lat2W(rows, columns, rook=False)


@pytest.fixture(scope="module")
def published(shared: Path) -> tuple[dict, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    truth = json.loads((shared / "truth" / "14_getis_ord" / "expected.json").read_text())
    points = np.array(truth["arguments"]["points"])
    near = np.hypot(*(points[:, None] - points).transpose(2, 0, 1)) <= truth["arguments"]["distance_band"]
    np.fill_diagonal(near, False)
    neighbours = np.append(0, np.cumsum(near.sum(axis=1))), near.nonzero()[1]
    return truth["expected"], np.array(truth["arguments"]["y"]), neighbours


def test_gi_star_and_gi_of_the_published_points(published: tuple) -> None:
    expected, values, neighbours = published
    np.testing.assert_allclose(gi_star(values, neighbours).values, expected["Gistar_binary_z"], atol=1e-7)
    without_self = gi_star(values, neighbours, include_self=False)
    np.testing.assert_allclose(without_self.values, expected["Gi_binary_z"], atol=1e-7)
    assert without_self.statistic == "Gi"


def test_a_peers_row_standardised_gi_takes_the_sum_of_squared_weights_for_their_sum(published: tuple) -> None:
    expected, _, (indptr, _) = published
    size, n = np.diff(indptr).astype(float), 6
    # A score cannot depend on the scale of the weights; theirs does, by just what the mistake would do.
    mistake = np.sqrt(((n - 1) * size - size**2) / ((n - 1) - 1)) / size
    np.testing.assert_allclose(np.array(expected["Gi_binary_z"]) * mistake, expected["Gi_row_z"], atol=1e-7)


def test_general_g_of_the_published_points(published: tuple) -> None:
    expected, values, neighbours = published
    result = general_g(values, neighbours, permutations=999, seed=1)
    assert result.value == pytest.approx(expected["G"]["G"], abs=1e-7)
    assert result.expected == pytest.approx(expected["G"]["E"], abs=1e-7)
    assert result.z == pytest.approx(expected["G"]["z"], abs=1e-7)
    assert result.p_normal == pytest.approx(2 * expected["G"]["p_one_sided"], abs=1e-7)


def test_gi_star_of_st_louis_homicide_rates(published: tuple) -> None:
    libpysal = pytest.importorskip("libpysal")
    weights = libpysal.io.open(libpysal.examples.get_path("stl.gal")).read()
    rates = np.array(libpysal.io.open(libpysal.examples.get_path("stl_hom.csv")).by_col["HR8893"], dtype=float)
    near = [[weights.id2i[other] for other in weights.neighbors[unit]] for unit in weights.id_order]
    neighbours = np.append(0, np.cumsum([len(others) for others in near])), np.concatenate(near)
    z = gi_star(rates, neighbours).values
    np.testing.assert_allclose(z[:10], published[0]["stl_hom_HR8893_Gistar_binary_first10"], atol=1e-7)
    np.testing.assert_allclose([z.min(), z.max()], published[0]["stl_min_max"], atol=1e-7)


def test_gi_star_of_memphis_robberies(shared: Path) -> None:
    folder = shared / "truth" / "15_gistar_memphis"
    expected = json.loads((folder / "expected.json").read_text())["expected"]
    counts = np.loadtxt(folder / "memphis_counts_59x71.csv", delimiter=",")
    result = gi_star(counts)
    np.testing.assert_allclose(result.values, np.loadtxt(folder / "memphis_gistar_59x71.csv", delimiter=","), atol=1e-9)
    assert (result.values > 1.96).sum() == expected["n_gt_1_96"]
    assert (result.values < -1.96).sum() == expected["n_lt_minus_1_96"]
    assert result.significant.sum() == expected["n_bh_q05"]
    assert np.unravel_index(result.values.argmax(), counts.shape) == tuple(expected["gi_argmax_row_col"])
    assert "no unit can be significantly cold" in result.warnings[0]
    assert "-1.14" in result.warnings[0]
    stricter = gi_star(counts, correction="benjamini-yekutieli")
    assert 0 < stricter.significant.sum() < result.significant.sum()


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_every_lattice_however_narrow_is_its_neighbours(rows: int, columns: int, seed: int) -> None:
    counts = np.random.default_rng(seed).poisson(2, (rows, columns)).astype(float)
    if counts.size < 3 or np.ptp(counts) == 0:
        return
    by_neighbours = gi_star(counts.ravel(), lattice_neighbours(rows, columns)).values
    np.testing.assert_allclose(gi_star(counts).values.ravel(), by_neighbours, atol=1e-9)


@given(st.integers(0, 2**31))
@settings(max_examples=10, deadline=None)
def test_lattice_neighbours_and_grid_give_one_answer(seed: int) -> None:
    counts = np.random.default_rng(seed).poisson(0.7, LATTICE).astype(float)
    counts[0, 0] += 1
    by_lattice = gi_star(counts).values.ravel()
    by_neighbours = gi_star(counts.ravel(), lattice_neighbours(*LATTICE)).values
    area = StudyArea(
        shapely.box(500_000, 4_000_000, 500_000 + 15 * 200, 4_000_000 + 12 * 200),
        "EPSG:32615",
        "America/Chicago",
        "Box",
    )
    grid = Grid(area, cell_m=200)
    order = np.lexsort((grid.column, grid.row))
    by_grid = np.empty(grid.size)
    by_grid[order] = gi_star(counts.ravel()[np.argsort(order)], grid).values[order]
    np.testing.assert_allclose(by_lattice, by_neighbours, atol=1e-9)
    np.testing.assert_allclose(by_lattice, by_grid[order], atol=1e-9)


def test_local_moran_agrees_with_the_exact_conditional_distribution() -> None:
    values = np.random.default_rng(1).gamma(1.0, 1.0, 9)
    neighbours = lattice_neighbours(3, 3)
    result = local_moran(values, neighbours, permutations=9999, seed=1, correction="none")
    z = (values - values.mean()) / values.std()
    for i in range(9):
        near = neighbours[1][neighbours[0][i] : neighbours[0][i + 1]]
        lag = z[near].mean()
        others = np.delete(z, i)
        every = np.array([np.mean(drawn) for drawn in itertools.combinations(others, len(near))])
        upper, lower = (every >= lag - 1e-12).mean(), (every <= lag + 1e-12).mean()
        assert result.values[i] == pytest.approx(z[i] * lag)
        assert result.p_value[i] == pytest.approx(min(1, 2 * min(upper, lower)), abs=0.02)


def test_local_moran_names_the_quadrants() -> None:
    values = np.random.default_rng(1).poisson(2, LATTICE).astype(float)
    values[3:6, 3:6] += 8
    values[9, 9:12] = [0, 12, 0]
    kind = local_moran(values.ravel(), lattice_neighbours(*LATTICE), permutations=999, seed=1, correction="none").kind
    assert kind.reshape(LATTICE)[4, 4] == "high-high"
    assert set(kind) <= {"", "high-high", "low-low", "high-low", "low-high"}


@pytest.mark.parametrize("statistic", ["moran", "geary"])
def test_global_statistics_agree_with_esda(statistic: str) -> None:
    import esda

    counts = np.random.default_rng(2).poisson(2, LATTICE).astype(float).ravel()
    weights = esda_weights(*LATTICE)
    weights.transform = "r"
    ours = {"moran": morans_i, "geary": gearys_c}[statistic](
        counts, lattice_neighbours(*LATTICE), permutations=999, seed=3
    )
    theirs = {"moran": esda.Moran, "geary": esda.Geary}[statistic](counts, weights, permutations=999)
    assert ours.value == pytest.approx(getattr(theirs, {"moran": "I", "geary": "C"}[statistic]), abs=1e-12)
    assert abs(ours.z) == pytest.approx(abs(theirs.z_rand), rel=1e-9)
    assert ours.p_permutation == pytest.approx(ours.p_normal, abs=0.06)


@pytest.mark.parametrize("correction", ["benjamini-hochberg", "benjamini-yekutieli"])
def test_q_values_are_scipys(correction: str) -> None:
    p = np.random.default_rng(8).beta(0.5, 2, (20, 30))
    theirs = stats.false_discovery_control(p.ravel(), method={"h": "bh", "y": "by"}[correction[10]])
    np.testing.assert_allclose(false_discovery(p, correction), theirs.reshape(p.shape), rtol=1e-12)
    np.testing.assert_array_equal(discoveries(p, correction, 0.05), theirs.reshape(p.shape) <= 0.05)


def test_false_discoveries_are_held_where_nothing_is_hot() -> None:
    rng = np.random.default_rng(4)
    any_found = [gi_star(rng.poisson(20, (30, 30)).astype(float)).significant.any() for _ in range(100)]
    assert np.mean(any_found) <= 0.12


def test_units_do_not_change_the_answer() -> None:
    counts = np.random.default_rng(5).poisson(1, LATTICE).astype(float)
    np.testing.assert_allclose(gi_star(counts).values, gi_star(counts * 52 + 7).values, atol=1e-9)


def test_few_permutations_for_many_units_warn() -> None:
    counts = np.random.default_rng(6).poisson(1, (60, 60)).astype(float)
    assert "smallest p" in local_moran(counts.ravel(), lattice_neighbours(60, 60), permutations=99, seed=1).warnings[0]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.full((5, 5), np.nan), "25 of 25 values are missing"),
        (np.ones((5, 5)), "all 25 values are 1"),
        (np.array([[1.0, 2.0]]), "2 values"),
        (np.arange(9.0), "give units"),
    ],
)
def test_bad_values_are_refused(values: np.ndarray, words: str) -> None:
    with pytest.raises(LocalStatisticError, match=words):
        gi_star(values)


def test_values_and_units_of_different_size_are_refused() -> None:
    with pytest.raises(LocalStatisticError, match="9 values for 180 units"):
        local_moran(np.arange(9.0), lattice_neighbours(*LATTICE), seed=1)
