"""Each control drives the map, both pictures, the table and the status together, and all speak of the same records."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import date

import cv2
import numpy as np
import pytest

from data_connectors.errors import RtccError
from rtcc_analytics.events import Events
from rtcc_analytics.hotspots import gi_star
from rtcc_analytics.units import Grid
from rtcc_analytics.widgets import HotspotExplorer
from rtcc_analytics.widgets.surface_map import BAND_COLOURS
from rtcc_analytics.workflows.exploration import Exploration
from rtcc_analytics.workflows.explore import explore_hotspots
from rtcc_analytics.workflows.method_surfaces import EXPLAINED, METHODS

from .conftest import PLANTED, SIDE, SOUTH, WEST

MOVES = {
    "offense": ("220",),
    "period": (date(2023, 3, 6), date(2023, 6, 5)),
    "area": "West side, city",
    "method": "gi_star",
    "cell": 300.0,
    "bandwidth": 1000.0,
    "hours": (0, 6),
}


@pytest.fixture
def explorer(held: Exploration) -> HotspotExplorer:
    return HotspotExplorer(held, cell_m=150, bandwidth_m=500)


def shown(explorer: HotspotExplorer) -> tuple[str, str, str, str]:
    return explorer.map.overlay.url, explorer.charts.value, explorer.table.value, explorer.status.value


def picture(explorer: HotspotExplorer) -> np.ndarray:
    """The map's picture, decoded by another program than the one that made it: blue, green, red, alpha."""
    coded = explorer.map.overlay.url.removeprefix("data:image/png;base64,")
    return cv2.imdecode(np.frombuffer(base64.b64decode(coded), np.uint8), cv2.IMREAD_UNCHANGED)


def colour_at(explorer: HotspotExplorer, held: Exploration, place: tuple[float, float]) -> str:
    """The colour of the picture at a place in metres from the town's corner; empty where it is clear."""
    lon, lat = held.ground.area.unproject(np.array([WEST + place[0]]), np.array([SOUTH + place[1]]))
    (south, west), (north, east) = explorer.map.overlay.bounds
    image = picture(explorer)
    mercator = np.log(np.tan(np.pi / 4 + np.radians([north, lat[0], south]) / 2))
    row = int((mercator[0] - mercator[1]) / (mercator[0] - mercator[2]) * image.shape[0])
    blue, green, red, alpha = image[row, int((lon[0] - west) / (east - west) * image.shape[1])]
    return f"#{red:02x}{green:02x}{blue:02x}" if alpha else ""


@pytest.mark.parametrize("control", MOVES)
def test_every_control_changes_map_charts_table_and_status(explorer: HotspotExplorer, control: str) -> None:
    before = shown(explorer)
    getattr(explorer, control).value = MOVES[control]
    after = shown(explorer)
    unchanged = {name for name, a, b in zip(("map", "charts", "table", "status"), before, after, strict=True) if a == b}
    # Method, cell and bandwidth are about the map: they leave the weeks and the hours as they were.
    assert unchanged <= ({"charts"} if control in ("cell", "bandwidth", "method") else set())


def test_the_picture_is_hottest_where_the_hot_spot_was_planted(held: Exploration) -> None:
    explorer = HotspotExplorer(held, offense="burglary", cell_m=100, bandwidth_m=500)
    assert colour_at(explorer, held, PLANTED["220"]) == BAND_COLOURS[0]
    assert colour_at(explorer, held, PLANTED["240"]) == ""
    explorer.offense.value = ("240",)
    assert colour_at(explorer, held, PLANTED["240"]) == BAND_COLOURS[0]
    assert colour_at(explorer, held, PLANTED["220"]) == ""


def test_the_table_and_the_first_ring_are_where_the_hot_spot_was_planted(held: Exploration) -> None:
    explorer = HotspotExplorer(held, offense="240", cell_m=100, bandwidth_m=500)
    first = explorer.view.places.iloc[0]
    lat, lon = explorer.map._ranks[0].location
    assert (lon, lat) == pytest.approx((first["lon"], first["lat"]))
    x, y = held.ground.area.project(np.array([lon]), np.array([lat]))
    assert np.hypot(x[0] - WEST - PLANTED["240"][0], y[0] - SOUTH - PLANTED["240"][1]) < 150
    assert first["events"] > 0.95 * 600 and f"{first['events']:,.0f}" in explorer.table.value


def test_controls_and_a_headless_call_give_the_same_view(explorer: HotspotExplorer, held: Exploration) -> None:
    for control in ("offense", "period", "cell", "bandwidth", "hours"):
        getattr(explorer, control).value = MOVES[control]
    alone = explore_hotspots(
        held.events, Grid(held.ground.area, cell_m=300), offense="burglary", start="2023-03-06", end="2023-06-05",
        bandwidth_m=1000, hours=(0, 6),
    )  # fmt: skip
    np.testing.assert_array_equal(explorer.view.surface.values, alone.surface.values)
    assert explorer.view.places.equals(alone.places) and explorer.view.records == alone.records


def test_parameters_set_the_controls(held: Exploration) -> None:
    explorer = HotspotExplorer(
        held, offense="burglary", start="2023-02-01", end="2023-05-17", area="West side, city", cell_m=120,
        bandwidth_m=444, hours=(22, 4),
    )  # fmt: skip
    assert explorer.offense.value == ("220",) and explorer.area.value == "West side, city"
    assert explorer.period.value == (date(2023, 2, 1), date(2023, 5, 17))
    assert (explorer.cell.value, explorer.bandwidth.value) == (120, 444)
    chosen = set(explorer.view.hours.loc[explorer.view.hours["chosen"], "hour"])
    assert chosen == {22, 23, 0, 1, 2, 3}


def test_all_offenses_are_a_choice_the_control_shows(explorer: HotspotExplorer) -> None:
    assert explorer.offense.label == "All offenses (1,200)" and explorer.offense.index == 0
    explorer.offense.value = ("220",)
    explorer.offense.index = 0
    assert explorer.view.records == 1200 and explorer.view.title == "All offenses"


def test_hours_over_midnight_are_all_but_those_between(explorer: HotspotExplorer) -> None:
    explorer.hours.value = (6, 20)
    by_day = explorer.view.total
    explorer.other_hours.value = True
    by_night = explorer.view.total
    assert (by_day, by_night) == (600, 600)
    assert explorer.view.places.iloc[0]["events"] > 500


def test_a_choice_with_nothing_keeps_the_picture_greyed_and_recovers(explorer: HotspotExplorer) -> None:
    before = explorer.map.overlay.url
    explorer.hours.value = (17, 19)
    assert "Nothing to show" in explorer.status.value and "widen" in explorer.status.value
    assert "rtcc-stale" in explorer._dom_classes and explorer.map.overlay.url == before
    explorer.hours.value = (0, 24)
    assert "rtcc-stale" not in explorer._dom_classes and "1,200 records used" in explorer.status.value


def test_the_map_moves_to_the_area_chosen_and_outlines_it(explorer: HotspotExplorer) -> None:
    center, zoom = explorer.map.center, explorer.map.zoom
    explorer.area.value = "West side, city"
    assert explorer.map.center[1] < center[1] and explorer.map.zoom >= zoom
    assert len(explorer.map.outline.data["features"]) == 1
    explorer.area.value = "Town"
    assert (explorer.map.center, explorer.map.zoom) == (center, zoom)
    assert explorer.map.outline.data["features"] == []


def test_words_from_the_records_are_escaped(explorer: HotspotExplorer) -> None:
    assert "&lt;MAIN&gt; ST" in explorer.table.value and "<MAIN>" not in explorer.table.value


def test_legend_shares_are_the_bands_shares(explorer: HotspotExplorer) -> None:
    shares = [int(share) for share in re.findall(r"(\d+)% of events", explorer.legend.value)]
    assert shares == [round(100 * share) for share in explorer.view.bands["events_share"]]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"area": "Eastville"}, "West side, city"),
        ({"offense": "arson"}, "no record of 'arson'"),
        ({"start": "2023-05-01", "end": "2023-05-01"}, "the end must be later"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_there_is(held: Exploration, wrong: dict, said: str) -> None:
    with pytest.raises(RtccError, match=said):
        HotspotExplorer(held, **wrong)


def test_few_events_are_warned_of(held: Exploration) -> None:
    few = Exploration(held.events.between("2023-01-02", "2023-01-09"), held.ground, {}, 1)
    assert isinstance(few.events, Events)
    assert "events are few" in HotspotExplorer(few, cell_m=200, bandwidth_m=800).status.value


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_hottest_where_the_hot_spot_was_planted_and_says_what_it_does(
    held: Exploration, method: str
) -> None:
    explorer = HotspotExplorer(held, offense="240", cell_m=150, bandwidth_m=500, method=method)
    x, y = explorer.view.surface.units.centroids()
    peak = int(explorer.view.surface.values.argmax())
    assert np.hypot(x[peak] - WEST - PLANTED["240"][0], y[peak] - SOUTH - PLANTED["240"][1]) < 300
    assert EXPLAINED[method] in explorer.explained.value


def test_gi_star_paints_only_cells_that_are_significantly_hot(held: Exploration) -> None:
    explorer = HotspotExplorer(held, cell_m=150, method="gi_star")
    counted = explorer.view.counts.values
    local = gi_star(counted, explorer.view.surface.units)
    painted = explorer.view.band > 0
    assert painted.any() and (local.q_value[painted] <= 0.05).all() and (local.values[painted] > 0).all()
    assert painted[explorer.view.places["unit"].to_numpy()].all()


def test_gi_star_of_a_pattern_without_a_hot_spot_rings_and_paints_nothing(held: Exploration) -> None:
    lattice = np.arange(200, SIDE, 400.0)
    x, y = (axis.ravel() for axis in np.meshgrid(lattice, lattice))
    even = Events(x=x + WEST, y=y + SOUTH, crs=held.events.crs, timezone=held.events.timezone,
                  offense=["220"] * x.size, occurred_from=["2023-06-05T15:00"] * x.size)  # fmt: skip
    explorer = HotspotExplorer(replace(held, events=even), cell_m=300, method="gi_star")
    assert not explorer.view.band.any() and explorer.view.places.empty
    assert "no cell is significantly hot" in explorer.status.value



def test_a_method_nobody_knows_is_refused_by_name(held: Exploration) -> None:
    with pytest.raises(RtccError, match="'nonsense' is not known"):
        HotspotExplorer(held, method="nonsense")
