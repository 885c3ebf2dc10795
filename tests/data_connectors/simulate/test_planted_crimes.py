"""What is planted among the crimes shows by plain counting, and only where it is planted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import cKDTree

from data_connectors.simulate.streets import metres

METRE_DAYS = (200, 7)


def test_hot_spots_stand_out_from_their_surroundings(truth: dict[str, Any], true_incidents: pd.DataFrame) -> None:
    x, y = metres(true_incidents["true_lon"].to_numpy(), true_incidents["true_lat"].to_numpy())
    day = true_incidents["true_at_local"].dt.strftime("%Y-%m-%d")
    for spot in truth["crimes"]["hot_spots"]:
        cx, cy = metres(spot["lon"], spot["lat"])
        away = np.hypot(x - cx, y - cy)
        own = true_incidents["offense"].isin(spot["offenses"]) & day.between(spot["first_day"], spot["last_day"])
        inside = (own & (away <= spot["radius_m"] + 1)).sum()
        ring = (own & (away > spot["radius_m"] + 1) & (away <= 3 * spot["radius_m"])).sum()
        assert inside >= spot["incidents"]
        assert inside / 1 > 2 * ring / 8, spot["hot_spot_id"]


def test_a_new_hot_spot_was_quiet_before_and_a_cooled_one_is_quiet_after(
    true_incidents: pd.DataFrame, truth: dict[str, Any]
) -> None:
    spots = {s["hot_spot_id"]: s for s in truth["crimes"]["hot_spots"]}
    own = true_incidents[true_incidents["origin"] == "hot_spot"]
    day = own["true_at_local"].dt.strftime("%Y-%m-%d")
    for name in ("HS04", "HS05", "HS09"):
        days = day[own["origin_id"] == name]
        assert days.min() >= spots[name]["first_day"] and days.max() <= spots[name]["last_day"]
    assert spots["HS04"]["last_day"] == "2025-11-23" and spots["HS05"]["last_day"] < "2025-07-10"
    growing = own[own["origin_id"] == "HS10"]["true_at_local"]
    middle = growing.min() + (growing.max() - growing.min()) / 2
    assert (growing > middle).sum() > 1.3 * (growing <= middle).sum()


def knox_ratio(events: pd.DataFrame, seed: int) -> float:
    """Pairs close in space and time over their mean when the times are shuffled."""
    xy = np.column_stack(metres(events["true_lon"].to_numpy(), events["true_lat"].to_numpy()))
    days = events["true_at_local"].to_numpy().astype("datetime64[s]").astype(float) / 86400
    pairs = cKDTree(xy).query_pairs(METRE_DAYS[0], output_type="ndarray")

    def close(t: np.ndarray) -> int:
        return int((np.abs(t[pairs[:, 0]] - t[pairs[:, 1]]) <= METRE_DAYS[1]).sum())

    rng = np.random.default_rng(seed)
    return close(days) / np.mean([close(rng.permutation(days)) for _ in range(19)])


def test_near_repeats_exceed_chance_and_the_background_does_not(true_incidents: pd.DataFrame) -> None:
    own = true_incidents[true_incidents["offense"].isin(["220", "23F", "240"])]
    background = own[own["origin"] == "background"]
    with_children = own[own["origin"].isin(["background", "near_repeat"])]
    assert knox_ratio(with_children, 1) > 2
    assert 0.6 < knox_ratio(background, 1) < 1.4


def test_near_repeats_have_the_stated_kernel(true_incidents: pd.DataFrame, truth: dict[str, Any]) -> None:
    kernel = truth["crimes"]["near_repeat"]
    children = true_incidents[true_incidents["origin"] == "near_repeat"]
    parents = true_incidents.loc[children["parent_record_id"]]
    gap = (children["true_at_local"].to_numpy() - parents["true_at_local"].to_numpy()) / np.timedelta64(1, "D")
    assert (gap > 0).all() and gap.max() < kernel["longest_days"] + 2
    assert kernel["mean_days"] * 0.75 < gap.mean() < kernel["mean_days"] * 1.25
    assert (children["offense"].to_numpy() == parents["offense"].to_numpy()).all()
    able = true_incidents["offense"].isin(kernel["offenses"]) & (true_incidents["origin"] != "hot_spot")
    share = len(children) / able.sum()
    assert abs(share - kernel["branching"]) < 0.05


def test_a_lasting_step_in_vehicle_theft(true_incidents: pd.DataFrame, truth: dict[str, Any]) -> None:
    step = truth["crimes"]["step"]
    own = true_incidents[(true_incidents["offense"] == step["offense"]) & (true_incidents["origin"] == "background")]
    at, since = own["true_at_local"], pd.Timestamp(step["from_day"])
    before = (at < since).sum() / (since - pd.Timestamp("2023-01-01")).days
    after = (at >= since).sum() / (pd.Timestamp("2025-11-24") - since).days
    assert after / before == pytest.approx(step["times"], rel=0.3)


def test_assaults_come_at_weekends_and_shoplifting_in_december(true_incidents: pd.DataFrame) -> None:
    assaults = true_incidents[true_incidents["offense"] == "13B"]["true_at_local"].dt.day_of_week
    assert (assaults >= 5).mean() > 2 / 7 * 1.2
    stolen = true_incidents[(true_incidents["offense"] == "23C") & (true_incidents["origin"] == "background")]
    whole = stolen[stolen["true_at_local"] < "2025-01-01"]["true_at_local"].dt.month.value_counts()
    assert whole[12] > 1.15 * whole[6]


@pytest.mark.parametrize("name", ["property", "scene"])
def test_reports_come_as_late_as_stated(name: str, true_incidents: pd.DataFrame, truth: dict[str, Any]) -> None:
    own = [
        o
        for o in truth["crimes"]["offenses"]
        if o["range_share"] == 0 and o["lag"]["slow_days"] == {"property": 3.0, "scene": 1.0}[name]
    ]
    events = true_incidents[
        true_incidents["offense"].isin([o["code"] for o in own]) & (true_incidents["origin"] == "background")
    ]
    lag = (pd.to_datetime(events["reported_at_local"]) - events["true_at_local"]).dt.total_seconds() / 3600
    spec = own[0]["lag"]
    quick = spec["quick_share"] * (1 - np.exp(-12 / spec["quick_hours"]))
    expected = quick + (1 - spec["quick_share"]) * 0.5 * (
        1 + _erf((np.log(0.5 / spec["slow_days"])) / spec["slow_sigma"])
    )
    assert (lag <= 12).mean() == pytest.approx(expected, abs=0.05)


def _erf(z: float) -> float:
    from math import erf, sqrt

    return erf(z / sqrt(2))
