"""Counts lose nobody: what is in no unit is told; and the few places that hold most are found."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcc_analytics.events import Events
from rtcc_analytics.hotspots import HotspotError, counts, eighty_twenty, kernel_density, repeat_addresses
from rtcc_analytics.hotspots.repeats import RepeatError
from rtcc_analytics.study import StudyArea
from rtcc_analytics.units import Areas, Grid

TOWN = StudyArea(shapely.Point(5e5, 4e6).buffer(2000), "EPSG:32615", "UTC", "town")


def events(x: list[float], y: list[float] | None = None, **more: object) -> Events:
    y = [4e6] * len(x) if y is None else y
    fields = {"occurred_from": ["2024-01-01T12:00"] * len(x), "crs": "EPSG:32615", "timezone": "UTC"} | more
    return Events(x=x, y=y, **fields)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999), st.sampled_from(["square", "hexagon"]), st.floats(100, 900))
def test_units_and_outside_add_up_to_all(seed: int, kind: str, cell_m: float) -> None:
    rng = np.random.default_rng(seed)
    n = 200
    made = events(5e5 + rng.normal(0, 1500, n), 4e6 + rng.normal(0, 1500, n), weights=rng.integers(-1, 4, n))
    surface = counts(made, Grid(TOWN, cell_m=cell_m, kind=kind))
    assert surface.values.sum() + surface.made_by["outside"] == pytest.approx(made.total)
    inside = TOWN.contains(made.x, made.y)
    assert surface.values.sum() == pytest.approx(made.weights[inside].sum())


def test_the_memphis_grid_has_the_counts_found_elsewhere(shared: Path) -> None:
    case = shared / "truth" / "15_gistar_memphis"
    arguments = json.loads((case / "expected.json").read_text())["arguments"]
    x, y, size = arguments["x0"], arguments["y0"], arguments["cs"]
    frame = shapely.box(x, y, x + size * arguments["nx"], y + size * arguments["ny"])
    area = StudyArea(frame, "EPSG:32615", "America/Chicago", "Memphis")
    with (case / "memphis_robberies.csv").open() as file:
        points = np.array([(float(row["x"]), float(row["y"])) for row in csv.DictReader(file)])
    surface = counts(events(points[:, 0], points[:, 1]), Grid(area, cell_m=size))
    assert surface.units.size == 4189
    expected = np.loadtxt(case / "memphis_counts_59x71.csv", delimiter=",")
    assert (surface.values.reshape(59, 71) == expected).all()


def test_no_events_give_zeros_and_events_elsewhere_an_error_with_both_extents() -> None:
    grid = Grid(TOWN, cell_m=500)
    assert counts(events([]), grid).values.sum() == 0
    with pytest.raises(HotspotError, match=r"none of the 1 events.*600,000 to 600,000.*units x 49"):
        counts(events([6e5]), grid)


def test_eighty_twenty_by_hand() -> None:
    boxes = [shapely.box(5e5 + 100 * i, 0, 5e5 + 100 * i + 100, 100) for i in range(10)]
    row = Areas(boxes, list("abcdefghij"), "EPSG:32615")
    made = events([5e5 + 150] * 6 + [5e5 + 350] * 3 + [5e5 + 450] + [6e5], [50.0] * 11)
    result = eighty_twenty(made, row)
    assert result.table.to_dict("list") == {
        "unit": [1, 3, 4], "label": ["b", "d", "e"],
        "ICOUNT": [6, 3, 1], "PERC": [60, 30, 10], "CUMU_PERC": [60, 90, 100]}
    assert [result.units_holding(share) for share in (0.5, 0.6, 0.61, 0.9, 1.0)] == [1, 1, 2, 2, 3]
    assert result.outside == 1
    assert "2 of 10 areas (20.0%; 67% of the 3 with any event) hold 80% of 10 events" in result.statement()
    with pytest.raises(RepeatError, match="0.8"):
        result.units_holding(80)


def test_repeat_addresses_by_hand() -> None:
    addresses = ["1 Main St"] * 3 + ["2 OAK AVE", "2 Oak  Ave"] + ["3 ELM"] * 2 + ["4 FIR", None]
    days = ["2024-01-01", "2024-01-09", "2024-01-05", "2024-02-01", "2024-02-03", "2024-01-02", "2024-01-03"]
    days += ["2024-01-01"] * 2
    made = events(list(5e5 + np.arange(9.0)), address=addresses, occurred_from=days, offense=["220"] * 8 + ["240"],
                  sensitive=[False] * 5 + [True] + [False] * 3)
    result = repeat_addresses(made, top=2)
    assert result.table[["rank", "address", "count", "sensitive"]].values.tolist() == [
        [1, "1 Main St", 3, False], [2, "2 OAK AVE", 2, False]]
    assert result.table["last_at"].astype(str).tolist() == ["2024-01-09", "2024-02-03"]
    assert result.tied_beyond == 1 and result.without_address == 1
    assert repeat_addresses(made, top=5).table["sensitive"].tolist() == [False, False, True]
    assert result.table["share"].tolist() == pytest.approx([3 / 9, 2 / 9])


def test_no_repeats_give_an_empty_table_and_no_events_an_error() -> None:
    assert len(repeat_addresses(events([5e5, 5.1e5], address=["a", "b"])).table) == 0
    with pytest.raises(HotspotError, match="no events"):
        repeat_addresses(events([]))
    with pytest.raises(RepeatError, match="top is 0"):
        repeat_addresses(events([5e5]), top=0)


def test_a_feed_without_any_address_has_no_repeat_address_and_no_error() -> None:
    made = events([5e5, 5e5, 5e5], address=[None, None, None])
    found = repeat_addresses(made)
    assert found.to_frame().empty


def test_what_adds_up_to_nothing_has_no_density() -> None:
    taken_back = events([5e5, 5e5], weights=np.array([1.0, -1.0]))
    with pytest.raises(HotspotError, match="2 records add up to 0 offenses"):
        kernel_density(taken_back, Grid(TOWN, cell_m=500))
