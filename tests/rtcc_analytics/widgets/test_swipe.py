"""Two sides compared beside a plain recount, and every control seen to redraw."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from scipy.stats import spearmanr

from data_connectors.errors import RtccError
from rtcc_analytics.units import Grid
from rtcc_analytics.widgets.swipe import MethodSwipe
from rtcc_analytics.workflows.compare_methods import METHODS, Side, compare_methods
from rtcc_analytics.workflows.exploration import Exploration


@pytest.fixture(scope="module")
def grid(held: Exploration) -> Grid:
    return Grid(held.ground.area, cell_m=300)


@pytest.mark.parametrize("method", METHODS)
def test_the_agreement_is_that_of_a_plain_recount(held: Exploration, grid: Grid, method: str) -> None:
    made = compare_methods(held.events, grid, a=Side("counts"), b=Side(method), bandwidth_m=600)
    sets = []
    for surface in (made.a, made.b):
        order = sorted(range(grid.size), key=lambda unit: (-surface.values[unit], unit))
        sets.append({unit for unit in order[: round(0.05 * grid.size)] if surface.values[unit] > 0})
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
    before = swipe.map_a.overlay.url, swipe.map_b.overlay.url, swipe.comparison
    getattr(swipe, control).value = value
    assert swipe.comparison is not before[2]
    assert (swipe.map_a.overlay.url, swipe.map_b.overlay.url) != before[:2]
    assert swipe.comparison.reading in swipe.status.value


def test_a_choice_that_leaves_nothing_says_so_and_keeps_the_picture(held: Exploration) -> None:
    swipe = MethodSwipe(held, cell_m=300)
    before = swipe.map_a.overlay.url
    swipe.start_a.value = date(2031, 1, 1)
    assert "Not redrawn" in swipe.status.value
    assert swipe.map_a.overlay.url == before
