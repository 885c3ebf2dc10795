"""Two sides compared beside a plain recount, and every control seen to redraw."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from data_connectors.errors import RtccError
from rtcc_analytics.units import Grid
from rtcc_analytics.widgets.swipe import MethodSwipe
from rtcc_analytics.workflows.compare_methods import Side, compare_methods
from rtcc_analytics.workflows.exploration import Exploration
from rtcc_analytics.workflows.explore import explore_hotspots
from rtcc_analytics.workflows.method_surfaces import METHODS


@pytest.fixture(scope="module")
def grid(held: Exploration) -> Grid:
    return Grid(held.ground.area, cell_m=300)


@pytest.mark.parametrize("method", METHODS)
def test_the_agreement_is_that_of_a_plain_recount(held: Exploration, grid: Grid, method: str) -> None:
    made = compare_methods(held.events, grid, a=Side("counts"), b=Side(method), bandwidth_m=600)
    above = [sum(value > 0 for value in surface.values) for surface in (made.a, made.b)]
    cells = min(round(0.05 * grid.size), *above)
    sets = []
    for surface in (made.a, made.b):
        order = sorted(range(grid.size), key=lambda unit: (-surface.values[unit], unit))
        sets.append(set(order[:cells]))
    assert sets == [set(np.flatnonzero(hot)) for hot in (made.hot_a, made.hot_b)]
    assert made.shared == pytest.approx(len(sets[0] & sets[1]) / len(sets[0]))
    assert made.jaccard == pytest.approx(len(sets[0] & sets[1]) / len(sets[0] | sets[1]))
    assert made.rank_correlation == pytest.approx(spearmanr(made.a.values, made.b.values).statistic)
    assert (made.to_frame()["hot"] == "both").sum() == len(sets[0] & sets[1])


def test_what_cannot_be_compared_says_why(held: Exploration, grid: Grid) -> None:
    with pytest.raises(RtccError, match="'nonsense' is not known"):
        compare_methods(held.events, grid, a=Side("nonsense"), b=Side())
    with pytest.raises(RtccError, match="not a proportion"):
        compare_methods(held.events, grid, a=Side(), b=Side(), share=5)
    with pytest.raises(RtccError, match="2031-01-01"):
        compare_methods(held.events, grid, a=Side(start="2031-01-01", end="2032-01-01"), b=Side())


@pytest.mark.parametrize(
    ("control", "value"),
    [("offense", ("220",)), ("method_a", "counts"), ("method_b", "counts"), ("end_b", date(2023, 2, 1))],
)
def test_a_control_redraws_picture_and_reading(held: Exploration, control: str, value: object) -> None:
    swipe = MethodSwipe(held, cell_m=300, bandwidth_m=600)
    before = swipe.map.surface_a.url, swipe.map.surface_b.url, swipe.comparison
    getattr(swipe, control).value = value
    assert swipe.comparison is not before[2]
    assert (swipe.map.surface_a.url, swipe.map.surface_b.url) != before[:2]
    assert swipe.comparison.reading in swipe.status.value


def test_a_choice_that_leaves_nothing_says_so_and_keeps_the_picture(held: Exploration) -> None:
    swipe = MethodSwipe(held, cell_m=300)
    before = swipe.map.surface_a.url
    swipe.start_a.value = date(2031, 1, 1)
    assert "Not redrawn" in swipe.status.value
    assert swipe.map.surface_a.url == before


def test_both_sides_flag_as_many_cells_and_say_where_that_is_fewer_than_asked(held: Exploration, grid: Grid) -> None:
    made = compare_methods(held.events, grid, a=Side("counts"), b=Side("quartic"), bandwidth_m=900, share=0.5)
    holding = int((made.a.values > 0).sum())
    assert holding < round(0.5 * grid.size)
    assert made.hot_a.sum() == made.hot_b.sum() == holding
    assert f"only {holding:,} in A" in made.reading
    enough = compare_methods(held.events, grid, a=Side("counts"), b=Side("quartic"), bandwidth_m=900, share=0.02)
    assert "only" not in enough.reading and enough.hot_a.sum() == round(0.02 * grid.size)


def test_gi_star_says_how_many_of_its_hottest_cells_could_be_chance(held: Exploration, grid: Grid) -> None:
    made = compare_methods(held.events, grid, a=Side("gi_star"), b=Side("quartic"), bandwidth_m=900, share=0.3)
    assert any("not significantly hot" in note for note in made.warnings_a)
    assert not any("not significantly hot" in note for note in made.warnings_b)


def test_hours_weigh_both_sides_as_in_the_explorer(held: Exploration, grid: Grid) -> None:
    made = compare_methods(held.events, grid, a=Side("counts"), b=Side("quartic"), bandwidth_m=600, hours=(22, 6))
    view = explore_hotspots(held.events, grid, bandwidth_m=600, hours=(22, 6))
    assert np.allclose(made.a.values, view.counts.values) and np.allclose(made.b.values, view.surface.values)


def test_the_swipe_keeps_to_its_area_and_says_what_both_sides_share(held: Exploration) -> None:
    swipe = MethodSwipe(held, cell_m=300, area="West side, city", hours=(0, 6))
    assert swipe.comparison.a.units.size < Grid(held.ground.area, cell_m=300).size
    assert "West side, city · 0:00 to 6:00 · cells of 300 m" in swipe.status.value
    with pytest.raises(RtccError, match="'Nowhere'"):
        MethodSwipe(held, cell_m=300, area="Nowhere")


def test_the_hot_cells_leave_as_csv_with_what_they_are(held: Exploration, tmp_path: Path) -> None:
    swipe = MethodSwipe(held, cell_m=300, folder=tmp_path)
    swipe.export.click()
    (path,) = tmp_path.glob("hot_cells_*.csv")
    written = pd.read_csv(path)
    assert len(written) == (swipe.comparison.hot_a | swipe.comparison.hot_b).sum()
    assert set(written["side_b"]) == {swipe.comparison.side_b} and path.name in swipe.said.value
    assert (written["hot"] == "both").sum() == (swipe.comparison.hot_a & swipe.comparison.hot_b).sum()
