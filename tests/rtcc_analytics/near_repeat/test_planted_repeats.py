"""Near repeats planted in the simulated county, found through the ordinary loader; none where none were planted."""

from __future__ import annotations

import json
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

from data_connectors import Store, load
from data_connectors.simulate import SimulatedCounty, simulate_county
from rtcc_analytics.events import Events
from rtcc_analytics.from_store import read_events
from rtcc_analytics.near_repeat import knox_test, local_knox, near_repeat_chains, open_alerts

FEEDS = {"simulated_city_rms": "SIMULATED_city_rms_*", "simulated_county_incidents": "SIMULATED_county_incidents_*"}
OFFENSES = ("220", "23F", "240")
ZONES = {"distance_breaks": [0, 100, 200], "time_breaks": [0, 7, 14]}
BREAKS = {"distance_breaks": [0, 1, 100, 200, 400], "time_breaks": [0, 7, 14, 28]}


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> SimulatedCounty:
    folder = tmp_path_factory.mktemp("near_repeats")
    small = {"years": 2, "scale": 0.4, "plate_days": 10, "traffic": 0.001}
    return simulate_county(folder / "raw", seed=20260101, until=date(2025, 11, 24), **small)


@pytest.fixture(scope="module")
def crimes(county: SimulatedCounty) -> dict[str, Events]:
    """What an analyst reads of each offense that repeats."""
    store = Store.create(str(county.folder.parent / "store"))
    for profile, names in FEEDS.items():
        load(store, profile, sorted(county.folder.glob(names)))
    read = {offense: read_events(store, offense=offense) for offense in OFFENSES}
    return {offense: events.where(~np.isnat(events.occurred_from)) for offense, events in read.items()}


@pytest.fixture(scope="module")
def truth(county: SimulatedCounty) -> pd.DataFrame:
    frame = pd.read_csv(Path(county.folder) / "truth_incidents.csv", keep_default_na=False)
    return frame.set_index("record_id", drop=False)


@pytest.fixture(scope="module")
def kernel(county: SimulatedCounty) -> dict[str, Any]:
    return json.loads(county.truth.read_text(encoding="utf-8"))["crimes"]["near_repeat"]


def children(events: Events, truth: pd.DataFrame) -> np.ndarray:
    """Which events were begotten by another that is on the map too."""
    known = truth.loc[events.record_id]
    return (known["origin"] == "near_repeat").to_numpy() & known["parent_record_id"].isin(events.record_id).to_numpy()


@pytest.mark.parametrize("offense", OFFENSES)
def test_each_repeating_offense_shows_in_the_nearest_bands(crimes, offense) -> None:
    found = knox_test(crimes[offense], **BREAKS, seed=1)
    assert (found.p_adjusted[:2, 0] <= 0.05).all()
    assert found.above_chance()[:2, 0].all()
    assert found.ratio[0, 0] > found.ratio[1, 0] > found.ratio[3, 0]


@pytest.mark.parametrize("offense", OFFENSES)
def test_the_excess_is_at_least_what_was_planted(crimes, truth, kernel, offense) -> None:
    """Each child is near its parent: excess pairs within the kernel's reach outnumber the children."""
    events = crimes[offense]
    reach = {"distance_breaks": [0, kernel["longest_m"]], "time_breaks": [0, kernel["longest_days"] + 2]}
    found = knox_test(events, **reach, permutations=199, seed=1)
    planted = children(events, truth).sum()
    high = (found.ratio_high * found.expected - found.expected)[0, 0]
    assert planted > 30 and found.p_value[0, 0] == 1 / 200
    assert high > planted


@pytest.mark.parametrize("offense", OFFENSES)
def test_without_the_planted_ones_nothing_is_left(crimes, truth, offense) -> None:
    events = crimes[offense]
    background = events.where((truth.loc[events.record_id]["origin"] == "background").to_numpy())
    found = knox_test(background, distance_breaks=[0, 200], time_breaks=[0, 14], seed=1)
    assert found.p_value[0, 0] > 0.01
    assert found.ratio_low[0, 0] < 1.2


def test_power_on_part_of_the_burglaries(crimes) -> None:
    """Of 30 random halves of two and a half years of burglaries, at least 9 in 10 show near repeats at 0.05."""
    events, found = crimes["220"], []
    for seed in range(30):
        half = np.random.default_rng(seed).random(events.size) < 0.5
        one = knox_test(events.where(half), distance_breaks=[0, 200], time_breaks=[0, 7], permutations=99, seed=seed)
        found.append(one.p_value[0, 0] <= 0.05)
    assert np.mean(found) >= 0.9


def test_planted_children_stand_out_locally_and_in_chains(crimes, truth) -> None:
    events = crimes["23F"]
    child = children(events, truth)
    local = local_knox(events, distance_m=400, days=14)
    assert (local.before[child] > 0).mean() > 2 * (local.before[~child] > 0).mean()
    assert np.median(local.p_value[child]) < np.median(local.p_value[~child])
    chain = pd.Series(near_repeat_chains(events, distance_m=400, days=30).chain, index=np.asarray(events.record_id))
    parent = truth.loc[chain.index[child], "parent_record_id"]
    assert (chain[child].to_numpy() == chain[parent].to_numpy()).mean() > 0.9


def test_zones_hold_more_of_the_next_week_than_of_other_weeks(crimes) -> None:
    """60 past days of two offenses: what follows falls into the zones oftener than months before and after did."""
    inside = usual = 0.0
    for events, at in product((crimes["220"], crimes["23F"]), pd.date_range("2024-09-01", "2025-11-01", freq="7D")):
        zones = open_alerts(events, at=at.date(), seed=1, permutations=99, assumed_lag_days=2, **ZONES).geometry()
        held = shapely.contains_xy(shapely.union_all(zones), events.x, events.y)
        later = (events.local_day - np.datetime64(at, "D")).astype(int)
        week = (later >= 0) & (later < 7)
        inside, usual = inside + held[week].sum(), usual + held[np.abs(later) > 60].mean() * week.sum()
    assert inside > 1.5 * usual
    assert inside > usual + 3 * np.sqrt(usual)
