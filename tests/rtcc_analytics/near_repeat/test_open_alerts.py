"""Today's zones: who has one, how wide, until when, and that nothing after the day asked for was used."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from rtcc_analytics.events import Events, EventsError
from rtcc_analytics.near_repeat import NearRepeatError, knox_test, open_alerts

BREAKS = {"distance_breaks": [0, 100, 200], "time_breaks": [0, 7, 14]}


def repeating(seed: int = 2, size: int = 300, more: int = 80):
    """Events of a year, some followed after one to six days within 60 m."""
    rng = np.random.default_rng(seed)
    x, y, t = rng.uniform(0, 5000, size), rng.uniform(0, 5000, size), rng.integers(0, 365, size)
    return (
        np.r_[x, x[:more] + rng.uniform(-40, 40, more)],
        np.r_[y, y[:more] + rng.uniform(-40, 40, more)],
        np.r_[t, t[:more] + rng.integers(1, 7, more)],
    )


def as_events(x, y, t, **given) -> Events:
    noon = np.datetime64("2023-11-01T16:00:00") + t.astype("timedelta64[D]")
    times = {"occurred_from": noon, "reported_at": noon + np.timedelta64(3600, "s")} | given
    return Events(
        x=x + 500_000, y=y + 4_600_000, crs="EPSG:32618", timezone="America/New_York", **times
    )  # fmt: skip


def test_zones_are_those_of_young_events_in_bands_above_chance() -> None:
    x, y, t = repeating()
    found = open_alerts(x, y, t, at=360, **BREAKS, seed=1)
    past = t <= 360
    knox = knox_test(x[past], y[past], t[past], **BREAKS, seed=1)
    assert (found.knox.observed == knox.observed).all()
    above = knox.above_chance()
    assert above[0, 0] and not above[1].any()
    days = 14 if above[0, 1] else 7
    assert found.bands.open_days.tolist() == [days, 0]
    young = np.flatnonzero(past & (360 - t < days))
    assert sorted(found.event.tolist()) == young.tolist()
    assert (found.expires_day == t[found.event] + days).all() and (found.expires_day > 360).all()
    assert (np.diff(found.expires_day) <= 0).all()
    assert set(found.metres_to) == {100.0}
    assert found.ratio.tolist() == [knox.ratio[0, int((360 - t[event]) // 7)] for event in found.event]


def test_the_future_changes_nothing() -> None:
    x, y, t = repeating()
    past = t <= 300
    whole, cut = (open_alerts(x[o], y[o], t[o], at=300, **BREAKS, seed=1) for o in (np.arange(len(x)), past))
    assert whole.to_frame().drop(columns="event").equals(cut.to_frame().drop(columns="event"))
    assert np.flatnonzero(past)[cut.event].tolist() == whole.event.tolist()


def test_an_event_not_yet_reported_opens_no_zone() -> None:
    x, y, t = repeating()
    late = as_events(x, y, t)
    waiting = int(np.flatnonzero(t == t[t <= 300].max())[0])
    reported = late.reported_at.copy()
    reported[waiting] += np.timedelta64(30, "D")
    at = "2024-08-28"
    assert waiting in open_alerts(late, at=at, **BREAKS, seed=1).event
    assert waiting not in open_alerts(as_events(x, y, t, reported_at=reported), at=at, **BREAKS, seed=1).event


def test_expiry_is_local_midnight_and_says_its_zone() -> None:
    x, y, t = repeating()
    events = as_events(x, y, t)
    frame = open_alerts(events, at="2024-08-20", **BREAKS, seed=1).to_frame()
    assert {str(when.tz) for when in frame.expires_at} == {"America/New_York"}
    assert {(when.hour, when.minute) for when in frame.expires_at} == {(0, 0)}
    row = frame.iloc[0]
    assert row.event_date == events.local_day[row.event].astype(object)
    assert (row.expires_at.date() - row.event_date).days == row.expires_day - row.event_day


def test_zones_hold_the_repeats_that_follow() -> None:
    """Half a year of days: the zones cover little ground, and many times their share of the next days' events."""
    x, y, t = repeating(more=150)
    held = following = covered = 0
    for day in range(180, 360, 4):
        zones = shapely.union_all(open_alerts(x, y, t, at=day, **BREAKS, permutations=99, seed=1).geometry())
        after = (t > day) & (t <= day + 3)
        held += shapely.contains_xy(zones, x[after], y[after]).sum()
        following += after.sum()
        covered += shapely.intersection(zones, shapely.box(0, 0, 5000, 5000)).area / 25e6 / 45
    assert covered < 0.05
    assert held / following > 4 * covered


def test_where_nothing_repeats_no_zone_opens_and_it_says_so() -> None:
    rng = np.random.default_rng(4)
    found = open_alerts(*rng.uniform(0, 5000, (2, 200)), rng.integers(0, 365, 200), at=364, **BREAKS, seed=1)
    assert found.to_frame().empty and len(found.geometry()) == 0
    assert any("near repeats are not shown here" in told for told in found.warnings)


def test_an_outer_band_never_outlasts_one_within_it() -> None:
    """Burglaries of a lattice: repeats at 150 m for a fortnight, at the door for a week only."""
    x, y, t = repeating(size=300, more=0)
    x, y = np.r_[x, x[:60], x[60:160] + 150], np.r_[y, y[:60], y[60:160]]
    t = np.r_[t, t[:60] + 3, t[60:160] + np.tile([4, 10], 50)]
    found = open_alerts(x, y, t, at=364, **BREAKS, seed=1)
    above = found.knox.above_chance()
    assert above[0].tolist() == [True, False] and above[1].all()
    assert found.bands.open_days.tolist() == [7, 7]


def test_an_event_without_a_report_time_is_told() -> None:
    events = as_events(*repeating())
    reported = events.reported_at.copy()
    reported[:5] = np.datetime64("NaT")
    found = open_alerts(as_events(*repeating(), reported_at=reported), at="2024-08-20", **BREAKS, seed=1)
    assert any("5 of 380 events do not say when they were reported" in told for told in found.warnings)


def test_old_records_give_no_zone_and_it_says_so() -> None:
    found = open_alerts(*repeating(), at=900, **BREAKS, seed=1)
    assert found.to_frame().empty
    assert any("days old, and zones stay open for" in told for told in found.warnings)


def test_what_has_no_answer_says_why() -> None:
    x, y, t = repeating()
    with pytest.raises(NearRepeatError, match="0 events had happened and were known at -5"):
        open_alerts(x, y, t, at=-5, **BREAKS, seed=1)
    with pytest.raises(NearRepeatError, match="run from 50 to 200: zones start at 0"):
        open_alerts(x, y, t, at=300, distance_breaks=[50, 200], time_breaks=[0, 7], seed=1)
    with pytest.raises(NearRepeatError, match="run from 0 to inf"):
        open_alerts(x, y, t, at=300, distance_breaks=[0, 200, np.inf], time_breaks=[0, 7], seed=1)
    with pytest.raises(NearRepeatError, match="with arrays it is a day"):
        open_alerts(x, y, t, at="2024-01-01", **BREAKS, seed=1)
    never = np.full(len(x), np.datetime64("NaT", "s"))
    with pytest.raises(EventsError, match="assumed_lag_days"):
        open_alerts(as_events(x, y, t, reported_at=never), at="2024-08-20", **BREAKS, seed=1)
    timeless = as_events(x, y, t).occurred_from.copy()
    timeless[0] = np.datetime64("NaT")
    with pytest.raises(NearRepeatError, match="1 of 380 events have no time of occurrence"):
        open_alerts(as_events(x, y, t, occurred_from=timeless), at="2024-08-20", **BREAKS, seed=1)
