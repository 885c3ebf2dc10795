"""Map, chart and table of a choice, against plain loops over the same records."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from data_connectors.errors import RtccError
from rtcc_analytics.events import Events
from rtcc_analytics.maps import Ground
from rtcc_analytics.study import StudyArea
from rtcc_analytics.units import Grid
from rtcc_analytics.workflows.exploration import Exploration
from rtcc_analytics.workflows.explore import BAND_SHARES, compare_choices, explore_hotspots

CRS, ZONE, WEST, SOUTH = "EPSG:32618", "America/New_York", 580_000.0, 4_610_000.0
TOWN = StudyArea(shapely.box(WEST, SOUTH, WEST + 4000, SOUTH + 4000), CRS, ZONE, "Town")
GRID = Grid(TOWN, cell_m=100)


def events(rows: int = 400, *, seed: int = 1, ranged: bool = False) -> Events:
    """Records over a square, some beyond its edge, half of them around one corner shop."""
    rng = np.random.default_rng(seed)
    xy = np.where(rng.random((rows, 1)) < 0.5, rng.normal(1000, 80, (rows, 2)), rng.uniform(-300, 4300, (rows, 2)))
    begun = np.datetime64("2023-01-02T05:00", "s") + rng.integers(0, 360 * 86_400, rows)
    return Events(
        x=WEST + xy[:, 0], y=SOUTH + xy[:, 1], crs=CRS, timezone=ZONE, occurred_from=begun,
        occurred_to=begun + (rng.integers(0, 30_000, rows) if ranged else 0), offense=rng.choice(["220", "240"], rows),
        address=np.where(xy[:, 0] < 1300, "1 CORNER SHOP", "2 ELSEWHERE"), sensitive=np.zeros(rows, dtype=bool),
    )  # fmt: skip


@pytest.mark.parametrize("hours", [(0, 24), (8, 17), (22, 4)])
def test_records_and_weight_are_those_of_a_plain_count(hours: tuple[int, int]) -> None:
    held = events()
    view = explore_hotspots(held, GRID, offense="burglary", start="2023-03-01", end="2023-09-01", hours=hours,
                            bandwidth_m=300)  # fmt: skip
    local = pd.DatetimeIndex(held.occurred_from).tz_localize("UTC").tz_convert(ZONE)
    inside = (held.x >= WEST) & (held.x < WEST + 4000) & (held.y >= SOUTH) & (held.y < SOUTH + 4000)
    chosen = inside & (np.asarray(held.offense) == "220") & (local >= "2023-03-01") & (local < "2023-09-01")
    first, last = hours
    after, before = local.hour >= first, local.hour < last
    within = after & before if first < last else after | before
    assert view.records == chosen.sum()
    assert view.total == pytest.approx((chosen & within).sum())
    assert view.counts.values.sum() == pytest.approx(view.total)
    assert view.bands["events"].sum() + rest(view) == pytest.approx(view.total)


def rest(view) -> float:
    """Events on ground that is in no band."""
    return float(view.counts.values[view.band == 0].sum())


def test_a_range_counts_in_part_and_hour_bands_that_tile_the_day_add_up() -> None:
    held = events(ranged=True)
    whole = explore_hotspots(held, GRID, bandwidth_m=300)
    parts = [explore_hotspots(held, GRID, bandwidth_m=300, hours=h).total for h in ((0, 7), (7, 19), (19, 24))]
    assert sum(parts) == pytest.approx(whole.total)
    assert any(part != round(part) for part in parts)
    assert whole.hours["count"].sum() == pytest.approx(whole.total)


def test_bands_hold_the_hottest_ground_and_the_shares_they_name() -> None:
    view = explore_hotspots(events(), GRID, bandwidth_m=400)
    for band in range(1, len(BAND_SHARES)):
        warmer, cooler = view.surface.values[view.band == band], view.surface.values[view.band == band + 1]
        assert warmer.min() >= cooler.max()
    ground = view.bands["ground_share"].cumsum()
    np.testing.assert_allclose(ground, BAND_SHARES, atol=1 / GRID.size)
    np.testing.assert_allclose(view.bands["events_share"].sum(), 1 - rest(view) / view.total)


def test_places_are_peaks_a_bandwidth_apart_with_the_events_around_them() -> None:
    view = explore_hotspots(events(), GRID, bandwidth_m=300)
    x, y = GRID.centroids()
    at = view.places["unit"].to_numpy()
    apart = np.hypot(x[at][:, None] - x[at][None], y[at][:, None] - y[at][None])
    assert apart[~np.eye(len(at), dtype=bool)].min() > 300
    assert view.places["peak"].is_monotonic_decreasing
    for place in view.places.itertuples():
        near = np.hypot(x - x[place.unit], y - y[place.unit]) <= 300
        assert place.events == pytest.approx(view.counts.values[near].sum())
    first = view.places.iloc[0]
    assert np.hypot(x[first["unit"]] - WEST - 1000, y[first["unit"]] - SOUTH - 1000) < 150
    assert first["address"].startswith("1 CORNER SHOP (")


def test_the_address_of_a_sensitive_offense_is_not_shown() -> None:
    held = events()
    sealed = Events(x=held.x, y=held.y, crs=CRS, timezone=ZONE, occurred_from=held.occurred_from,
                    address=held.address, sensitive=np.ones(held.size, dtype=bool))  # fmt: skip
    assert set(explore_hotspots(sealed, GRID, bandwidth_m=300).places["address"]) == {""}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 23), st.integers(0, 24), st.integers(0, 5))
def test_no_band_of_hours_holds_more_than_the_day(first: int, last: int, seed: int) -> None:
    held = events(60, seed=seed)
    try:
        view = explore_hotspots(held, GRID, bandwidth_m=500, hours=(first, last))
    except RtccError as error:
        assert "hours" in str(error)
        return
    assert 0 < view.total <= view.records <= held.size
    assert view.hours["chosen"].sum() == 7 * ((last - first) % 24 or 24)


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"hours": (5, 5)}, "two different hours"),
        ({"hours": (0, 25)}, "between 0 and 24"),
        ({"offense": "jaywalking"}, "jaywalking"),
        ({"offense": "arson"}, "choose another offense"),
        ({"start": "2022-01-01", "end": "2022-02-01"}, "widen the period"),
    ],
)
def test_a_choice_that_leaves_nothing_says_what_to_widen(choice: dict, said: str) -> None:
    with pytest.raises(RtccError, match=said):
        explore_hotspots(events(), GRID, **choice)


def test_density_lost_at_an_edge_is_warned_of_only_where_no_records_go_on_beyond_it() -> None:
    rng = np.random.default_rng(3)
    corner = Grid(StudyArea(shapely.box(WEST, SOUTH, WEST + 1500, SOUTH + 1500), CRS, ZONE, "Corner"), cell_m=100)
    xy = rng.uniform(-2000, 3500, (4000, 2))
    everywhere = Events(x=WEST + xy[:, 0], y=SOUTH + xy[:, 1], crs=CRS, timezone=ZONE,
                        occurred_from=["2023-05-01T12:00"] * 4000)  # fmt: skip
    inside = everywhere.where(corner.assign(everywhere.x, everywhere.y) >= 0)
    known_beyond, cut_off = (explore_hotspots(e, corner, bandwidth_m=600).cautions for e in (everywhere, inside))
    assert not any("outside the area" in caution for caution in known_beyond)
    assert any("outside the area" in caution for caution in cut_off)
    assert any("narrow it" in caution for caution in known_beyond)


def test_choices_are_held_against_the_first() -> None:
    held = Exploration(events(), Ground(TOWN, np.empty(0, dtype=object), pd.DataFrame()), {}, 1)
    table = compare_choices(held, choices=[(100, 300), (100, 300), (200, 300), (100, 1500)])
    assert table["same_ground_share"].tolist()[:2] == [1.0, 1.0]
    assert table["same_ground_share"].iloc[2] > table["same_ground_share"].iloc[3] >= 0
    few = Exploration(events(3), held.ground, {}, 1)
    narrow = compare_choices(few, choices=[(100, 300), (100, 200)], share=0.5)["same_ground_share"]
    assert narrow[1] == pytest.approx((200 / 300) ** 2, abs=0.1)  # empty ground is not hot, however little is warm
    with pytest.raises(RtccError, match="at least one"):
        compare_choices(held, choices=[])
