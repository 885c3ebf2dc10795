"""Planted places are found for what they are, and chance alone is rarely called a change."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from rtcc_analytics.events import Events
from rtcc_analytics.hotspots import HotspotError, place_classes
from rtcc_analytics.study import StudyArea
from rtcc_analytics.units import Grid

AREA = StudyArea(shapely.box(5e5, 4e6, 5.05e5, 4.04e6), "EPSG:32615", "UTC", "city")
GRID = Grid(AREA, cell_m=200)
BEGIN, END = np.datetime64("2023-01-01"), np.datetime64("2024-01-29")
COVERED = (BEGIN.astype("M8[s]"), END.astype("M8[s]"))


def drawn(seed: int, factor: np.ndarray, recent: np.ndarray, a_year: float = 4.0, **more: object) -> Events:
    """Poisson events in each cell: `factor` times the usual rate, `recent` times that in the last 28 days."""
    rng = np.random.default_rng(seed)
    days = int((END - BEGIN) / np.timedelta64(1, "D"))
    rate = a_year / 365 * factor
    old, new = rng.poisson(rate * (days - 28)), rng.poisson(rate * recent * 28)
    cell = np.repeat(np.arange(GRID.size), old + new)
    is_new = np.concatenate([np.r_[np.zeros(o, bool), np.ones(n, bool)] for o, n in zip(old, new, strict=True)])
    day = np.where(is_new, days - 28 + rng.integers(0, 28, cell.size), rng.integers(0, days - 28, cell.size))
    x, y = GRID.centroids()
    when = BEGIN.astype("M8[s]") + day * np.timedelta64(86400, "s") + rng.integers(0, 86400, cell.size)
    return Events(x=x[cell], y=y[cell], crs="EPSG:32615", timezone="UTC", occurred_from=when, covered=COVERED, **more)


def test_planted_places_get_their_class() -> None:
    factor, recent = np.ones(GRID.size), np.ones(GRID.size)
    rng = np.random.default_rng(0)
    stable, new, cooling = rng.permutation(GRID.size)[:60].reshape(3, 20)
    factor[stable], factor[cooling], recent[new], recent[cooling] = 15, 90, 40, 0.05
    right = {"stable": 0, "new": 0, "cooling": 0}
    wrong = 0
    for seed in range(3):
        found = place_classes(drawn(seed, factor, recent), GRID, until="2024-01-29").place_class
        planted = dict.fromkeys(stable, "stable") | dict.fromkeys(new, "new") | dict.fromkeys(cooling, "cooling")
        for unit, name in planted.items():
            right[name] += found[unit] == name
        wrong += sum(found[unit] != "" for unit in range(GRID.size) if unit not in planted)
    assert right["stable"] >= 57 and right["new"] >= 55 and right["cooling"] >= 57     # of 60 each
    assert wrong <= 20                                                                  # of 14,820 others


def test_where_nothing_changes_nearly_nothing_is_called_a_change() -> None:
    factor = np.random.default_rng(1).gamma(0.7, 1 / 0.7, GRID.size)
    changed = 0
    for seed in range(10):
        found = place_classes(drawn(seed, factor, np.ones(GRID.size)), GRID, until="2024-01-29").place_class
        changed += int(np.isin(found, ["new", "cooling"]).any())
    assert changed <= 2      # false discovery at 5 %: in one run of twenty a change at all


def test_a_few_events_a_year_are_no_stable_place_however_quiet_the_rest() -> None:
    """Where most ground is empty, three events are beyond chance; a stable place still has to hold some now."""
    held = {3: (0, 3), 7: (1, 12), 11: (0, 40), 20: (1, 13), 30: (5, 40), 40: (9, 3)}
    x, y = GRID.centroids()
    cell = np.repeat(list(held), [now + before for now, before in held.values()])
    day = np.concatenate([np.r_[np.full(now, 380), np.linspace(5, 360, before).astype(int)]
                          for now, before in held.values()])  # fmt: skip
    when = BEGIN.astype("M8[s]") + day * np.timedelta64(86400, "s")
    events = Events(x=x[cell], y=y[cell], crs="EPSG:32615", timezone="UTC", occurred_from=when, covered=COVERED)
    found = place_classes(events, GRID, until="2024-01-29")
    assert (found.q_hot[list(held)] <= 0.05).all()
    classes = dict(zip(held, found.place_class[list(held)], strict=True))
    assert classes[3] == classes[7] == classes[11] == ""
    assert classes[20] == classes[30] == "stable" and classes[40] in ("new", "stable")


def test_the_frame_and_what_it_takes() -> None:
    factor, recent = np.ones(GRID.size), np.ones(GRID.size)
    factor[7] = 30
    result = place_classes(drawn(4, factor, recent), GRID, until="2024-01-29")
    first = result.to_frame().iloc[0]
    assert (first["unit"], first["place_class"]) == (7, "stable")
    assert first["low"] <= first["current"] - first["expected"] <= first["high"]
    assert (result.least_for_new, result.least_for_cooling) == (3, 49)
    assert result.current.sum() + result.history.sum() <= drawn(4, factor, recent).size
    assert str(result.current_days[0]) == "2024-01-01" and str(result.history_days[0]) == "2023-01-02"


def test_windows_beyond_the_records_are_refused() -> None:
    made = drawn(5, np.ones(GRID.size), np.ones(GRID.size))
    with pytest.raises(HotspotError, match=r"2023-01-03 to 2024-01-29, and these cover 2023-01-01 to 2024-01-28"):
        place_classes(made, GRID, until="2024-01-30")
    with pytest.raises(HotspotError, match="at least one day"):
        place_classes(made, GRID, until="2024-01-29", current_days=0)
