"""A surface knows what its values mean, and takes the top of the ground fairly and exactly."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcc_analytics.surface import RiskSurface, SurfaceError
from rtcc_analytics.units import Areas


def strips(widths_m: list[float]) -> Areas:
    """Side by side, 100 m tall."""
    edges = 500_000 + np.concatenate([[0.0], np.cumsum(widths_m)])
    boxes = [shapely.box(a, 0, b, 100) for a, b in zip(edges[:-1], edges[1:], strict=True)]
    return Areas(boxes, [str(i) for i in range(len(boxes))], "EPSG:32615")


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.floats(1, 50)), min_size=1, max_size=20), st.floats(0.01, 1))
def test_the_top_is_exactly_the_share_and_treats_ties_alike(cells: list[tuple[int, float]], share: float) -> None:
    values, widths = np.array([v for v, _ in cells], dtype=float), [w for _, w in cells]
    units = strips(widths)
    top = RiskSurface(values, units, "count", {}).top(share)
    assert (top.fraction * units.area_m2).sum() == pytest.approx(share * units.area_m2.sum(), rel=1e-9)
    for value in set(values):
        assert np.ptp(top.fraction[values == value]) == pytest.approx(0, abs=1e-12)
    assert (top.fraction[values > top.threshold] == 1).all() and (top.fraction[values < top.threshold] == 0).all()


def test_order_of_units_does_not_matter() -> None:
    values = np.array([3.0, 1.0, 1.0, 1.0, 0.0])
    units = strips([10.0] * 5)
    forward = RiskSurface(values, units, "count", {}).top(0.4).fraction
    backward = RiskSurface(values[::-1], units, "count", {}).top(0.4).fraction
    assert forward == pytest.approx(backward[::-1])
    assert forward == pytest.approx([1, 1 / 3, 1 / 3, 1 / 3, 0])


def test_ranking_by_area_is_the_order_of_the_published_example(shared: Path) -> None:
    case = json.loads((shared / "truth" / "09_pai_pei_rri" / "expected.json").read_text())["expected"][0]
    units = strips([1.0, 1.0, 1.0])
    surface = RiskSurface(np.array(case["pred"], dtype=float), units, "expected_count", {})
    observed = np.array(case["obs"], dtype=float)
    for count, expected in enumerate(case["PAI"], start=1):
        top = surface.top(count / 3, by="value_per_area")
        share_of_events = (top.fraction * observed).sum() / observed.sum()
        assert share_of_events / (count / 3) == pytest.approx(expected, abs=1e-9)


def test_small_dense_units_come_first_only_when_ranked_per_area() -> None:
    surface = RiskSurface(np.array([4.0, 5.0]), strips([10.0, 90.0]), "count", {})
    assert surface.top(0.1).fraction == pytest.approx([0, 1 / 9])
    assert surface.top(0.1, by="value_per_area").fraction == pytest.approx([1, 0])


def test_impossible_surfaces_and_shares_are_refused() -> None:
    with pytest.raises(SurfaceError, match="3 values for 2"):
        RiskSurface(np.zeros(3), strips([1.0, 1.0]), "count", {})
    with pytest.raises(SurfaceError, match="density_per_km2"):
        RiskSurface(np.zeros(2), strips([1.0, 1.0]), "density", {})
    surface = RiskSurface(np.array([1.0, np.nan]), strips([1.0, 1.0]), "z_score", {})
    with pytest.raises(SurfaceError, match="5 % of the ground is 0.05"):
        surface.top(5)
    with pytest.raises(SurfaceError, match="1 of 2 units have no value"):
        surface.top(0.5)


def test_a_surface_remembers_and_cannot_be_changed() -> None:
    surface = RiskSurface(np.array([1.0, 2.0]), strips([1.0, 1.0]), "count", {"model": "counts"})
    assert surface.crs == "EPSG:32615" and surface.unit_of_measure == "events"
    with pytest.raises(TypeError):
        surface.made_by["model"] = "other"
    with pytest.raises(ValueError, match="read-only"):
        surface.values[0] = 5
    assert surface.to_frame()["value"].tolist() == [1.0, 2.0]
