"""The repeats explorer: a control moves, and table, map, list and clocks follow the same records."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from data_connectors.errors import RtccError
from rtcc_analytics.widgets.repeats_explorer import RepeatsExplorer
from rtcc_analytics.workflows.exploration import Exploration


@pytest.fixture(scope="module")
def repeating(held: Exploration) -> Exploration:
    """The town's crimes spread evenly, with every fourth burglary repeated at its door five days later."""
    west, south, east, north = held.ground.area.polygon.bounds
    rng = np.random.default_rng(2)
    x, y = rng.uniform(west, east, held.events.size), rng.uniform(south, north, held.events.size)
    events = replace(held.events, x=x, y=y)
    again = np.flatnonzero(events.offense == "220")[::4]
    order = np.r_[np.arange(events.size), again]
    later = np.r_[np.zeros(events.size, int), np.full(again.size, 5)].astype("timedelta64[D]")
    moved = {
        "x": events.x[order], "y": events.y[order], "occurred_from": events.occurred_from[order] + later,
        "occurred_to": events.occurred_to[order] + later, "reported_at": events.reported_at[order],
        "weights": events.weights[order], "offense": events.offense[order], "address": events.address[order],
    }  # fmt: skip
    return replace(held, events=replace(events, **moved))


@pytest.fixture(scope="module")
def explorer(repeating: Exploration) -> RepeatsExplorer:
    return RepeatsExplorer(repeating, offense="burglary", permutations=99)


def test_it_opens_with_what_was_planted(explorer: RepeatsExplorer) -> None:
    view = explorer.view
    assert view.events.size == 750
    assert view.knox.above_chance()[0, 0]
    assert f">{view.knox.ratio[0, 0]:.2f}</span>" in explorer.knox.value
    assert explorer.knox.value.count("border:2.5px solid #1a1a1a") == view.knox.above_chance().sum()
    assert "750 events" in explorer.status.value and "Burglary" in explorer.status.value
    assert "Mean hour 3:30" in explorer.clocks.value and "<svg" in explorer.clocks.value


def test_every_zone_is_on_the_map_and_every_event_a_dot(explorer: RepeatsExplorer) -> None:
    alerts = explorer.view.alerts
    assert len(explorer._discs.data["features"]) == len(alerts.event) > 0
    assert len(explorer._dots.data["features"]) == len(np.unique(alerts.event))
    lon, lat = explorer._dots.data["features"][0]["geometry"]["coordinates"]
    x, y = explorer._area.project(np.array([lon]), np.array([lat]))
    first = np.unique(alerts.event)[0]
    where = np.flatnonzero(alerts.event == first)[0]
    assert np.hypot(x[0] - alerts.x[where], y[0] - alerts.y[where]) < 0.5
    shares = [zone["properties"]["left"] for zone in explorer._discs.data["features"]]
    assert all(0 < left <= 1 for left in shares)


def test_addresses_are_escaped(explorer: RepeatsExplorer) -> None:
    assert "&lt;MAIN&gt; ST" in explorer.zones.value and "<MAIN>" not in explorer.zones.value


def test_a_moved_control_changes_what_it_drives(repeating: Exploration) -> None:
    explorer = RepeatsExplorer(repeating, offense="burglary", permutations=19)
    table, zones = explorer.knox.value, len(explorer.view.alerts.event)
    explorer.band_m.value = 200.0
    assert explorer.view.knox.distance_breaks.tolist() == [0, 200, 400, 600, 800] and explorer.knox.value != table
    explorer.at.value = explorer.at.value - timedelta(days=60)
    assert explorer.view.alerts.at_day == (explorer.at.value - date(1970, 1, 1)).days
    explorer.band_m.value, explorer.least_ratio.value = 100.0, 3.0
    assert len(explorer.view.alerts.event) <= zones
    explorer.offense.value = ("240",)
    assert explorer.view.events.size == 600 and "Mean hour 14:30" in explorer.clocks.value


def test_a_choice_that_leaves_nothing_keeps_the_picture_and_says_why(repeating: Exploration) -> None:
    explorer = RepeatsExplorer(repeating, offense="burglary", permutations=19)
    table = explorer.knox.value
    explorer.end.value = explorer.start.value
    assert "Nothing to show" in explorer.status.value and "is empty" in explorer.status.value
    assert explorer.knox.value == table and "rtcc-stale" in explorer._dom_classes
    explorer.end.value = date(2024, 1, 1)
    assert "rtcc-stale" not in explorer._dom_classes


def test_no_zone_is_words_not_an_empty_table(repeating: Exploration) -> None:
    explorer = RepeatsExplorer(repeating, offense="240", permutations=99)
    assert explorer.view.alerts.event.size == 0
    assert "No zone is open" in explorer.zones.value and "near repeats are not shown" in explorer.status.value


def test_an_offense_not_there_is_an_error(held: Exploration) -> None:
    with pytest.raises(RtccError, match="no record of 'arson'"):
        RepeatsExplorer(held, offense="arson")
