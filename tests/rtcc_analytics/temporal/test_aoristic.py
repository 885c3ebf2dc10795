"""Aoristic weights: hand-worked cases, minute by minute by brute force, and what is kept whatever the input."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcc_analytics.events import Events, Occurrences
from rtcc_analytics.hotspots import kernel_density
from rtcc_analytics.near_repeat import knox_test, spread_over_days
from rtcc_analytics.study import StudyArea
from rtcc_analytics.temporal.aoristic import HOURS, aoristic
from rtcc_analytics.temporal.poisson import PeriodError
from rtcc_analytics.units import Grid

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def by_the_minute(start: np.datetime64, end: np.datetime64) -> np.ndarray:
    """One event, every minute by itself."""
    week = np.zeros(HOURS)
    minutes = int((end - start) / np.timedelta64(1, "m"))
    if minutes >= 10_080:
        return np.full(HOURS, 1 / HOURS)
    for minute in range(max(1, minutes)):
        at = start + np.timedelta64(minute if minutes > 1 else 0, "m")
        weekday = (at.astype("datetime64[D]").astype(int) + 3) % 7
        hour = int((at - at.astype("datetime64[D]")) / np.timedelta64(1, "h"))
        week[weekday * 24 + hour] += 1 / max(1, minutes)
    return week


def test_hand_worked_cases(shared: Path) -> None:
    for case in json.loads((shared / "truth" / "12_aoristic_unit" / "expected.json").read_text())["expected"]:
        hours = aoristic([case["b"].replace(" ", "T")], [case["e"].replace(" ", "T")]).hours
        expected = np.zeros(HOURS)
        if isinstance(case["w"], str):
            expected[:] = 1 / HOURS
        else:
            for name, weight in case["w"].items():
                day, hour = name.split("_")
                expected[DAYS.index(day) * 24 + int(hour)] = weight
        np.testing.assert_allclose(hours, expected, atol=1e-12)


@given(st.integers(0, 20_000), st.integers(0, 12_000))
@settings(max_examples=40, deadline=None)
def test_equals_counting_every_minute(begin: int, length: int) -> None:
    start = np.datetime64("2024-02-27T00:00") + np.timedelta64(begin, "m")
    end = start + np.timedelta64(length, "m")
    np.testing.assert_allclose(aoristic([start], [end]).hours, by_the_minute(start, end), atol=1e-12)


@given(st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_no_event_is_lost_and_bands_add_up(seed: int) -> None:
    rng = np.random.default_rng(seed)
    start = np.datetime64("2024-01-01T00:00") + rng.integers(0, 500_000, 200).astype("timedelta64[m]")
    end = start + rng.integers(-500, 15_000, 200).astype("timedelta64[m]")
    end[:20] = np.datetime64("NaT")
    start[:5] = np.datetime64("NaT")
    weights = rng.uniform(0, 2, 200)
    spread = aoristic(start, end, weights=weights)
    assert spread.unknown == 5
    assert spread.hours.sum() == pytest.approx(weights[5:].sum())
    band = [22, 23, 24, 25, 167]
    assert spread.weights_in(band).sum() == pytest.approx(spread.hours[band].sum())
    np.testing.assert_allclose(spread.weights_in(range(HOURS))[5:], weights[5:])
    assert spread.table().to_numpy().sum() == pytest.approx(spread.hours.sum())


def test_reversed_ranges_by_both_rules() -> None:
    start, end = ["2024-01-01T05:00"], ["2024-01-01T03:00"]
    ratcliffe = aoristic(start, end)
    assert ratcliffe.hours[5] == 1
    assert ratcliffe.reversed_ranges == 1
    crimepy = aoristic(start, end, compat="crimepy")
    assert crimepy.hours[[3, 4, 5]].tolist() == [0.5, 0.5, 0]
    assert crimepy.reversed_ranges == 0


def test_events_are_spread_on_the_wall_clock_across_daylight_saving() -> None:
    night = Occurrences(
        occurred_from=["2024-03-10T05:00"], occurred_to=["2024-03-10T12:00"], timezone="America/New_York"
    )
    hours = aoristic(night).hours
    assert hours[6 * 24 : 6 * 24 + 8].round(6).tolist() == pytest.approx([1 / 8] * 8)


def by_night(n: int = 400, seed: int = 4) -> Events:
    """Burglaries with a range: in the west over the night, in the east over the working day."""
    rng = np.random.default_rng(seed)
    west = np.arange(n) % 2 == 0
    x = np.where(west, 500_500.0, 502_500.0) + rng.normal(0, 100, n)
    day = np.datetime64("2024-03-04T00:00", "s") + rng.integers(0, 5, n).astype("timedelta64[D]")
    start = day + np.where(west, 20, 8).astype("timedelta64[h]")
    return Events(x=x, y=np.full(n, 4_000_500.0) + rng.normal(0, 100, n), crs="EPSG:32615", occurred_from=start,
                  occurred_to=start + np.timedelta64(10, "h"), timezone="UTC")


def test_weights_are_carried_on_into_a_density_of_the_night_hours() -> None:
    events = by_night()
    spread = aoristic(events)
    night = [hour for hour in range(HOURS) if hour % 24 >= 22 or hour % 24 < 4]
    at_night = replace(events, weights=spread.weights_in(night))
    area = StudyArea(shapely.box(499_000, 3_999_000, 504_000, 4_002_000), "EPSG:32615", "UTC", "Town")
    grid = Grid(area, cell_m=100)
    density = kernel_density(at_night, grid, bandwidth_m=400)
    events_held = (density.values * grid.area_m2 / 1e6).sum()
    assert events_held == pytest.approx(spread.hours[night].sum(), rel=0.01)
    x, _ = grid.centroids()
    in_west = (density.values * grid.area_m2 / 1e6)[x < 501_500].sum()
    assert in_west == pytest.approx(200 * 6 / 10, rel=0.01), "six of ten hours of each western range"
    assert events_held == pytest.approx(in_west, rel=1e-3), "no eastern range touches these hours"


def test_the_same_ranges_carry_into_a_knox_test() -> None:
    events = by_night(60)
    day = (events.local_from - events.local_from.min().astype("M8[D]")) / np.timedelta64(1, "D")
    until = (events.local_to - events.local_from.min().astype("M8[D]")) / np.timedelta64(1, "D")
    t, shares = spread_over_days(day, until)
    assert shares.sum(axis=1) == pytest.approx(np.ones(60))
    for event in range(6):
        weekday = (events.local_from[event].astype("M8[D]").astype(int) + 3) % 7
        one = aoristic(events.where([event]))
        by_day = [one.weights_in(range(24 * d, 24 * d + 24)).item() for d in (weekday, (weekday + 1) % 7)]
        known = np.zeros(2)
        known[: shares.shape[1]] = shares[event]
        assert by_day == pytest.approx(known.tolist()), "shares of days are sums of shares of hours"
    found = knox_test(events.x, events.y, t, weights=shares, distance_breaks=[0, 200, 500], time_breaks=[0, 1, 2],
                      permutations=19, seed=1)
    assert np.asarray(found.observed).sum() > 0


def test_mismatched_input_and_unknown_rule_are_refused() -> None:
    with pytest.raises(PeriodError, match="1 starts but 2 ends"):
        aoristic(["2024-01-01T05:00"], ["2024-01-01T03:00", "2024-01-01T03:00"])
    with pytest.raises(PeriodError, match="2 events need as many weights"):
        aoristic(["2024-01-01T05:00"] * 2, weights=[1.0])
    with pytest.raises(PeriodError, match="'flip' is not known"):
        aoristic(["2024-01-01T05:00"], compat="flip")
