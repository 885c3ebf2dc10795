"""Events are checked when made, never look ahead, and keep local time apart from UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcc_analytics.events import Events, EventsError, Occurrences, concat, instant

START = np.datetime64("2024-01-01", "s")


def events(n: int = 4, **given: object) -> Events:
    fields = {"x": np.arange(n) + 500_000.0, "y": np.full(n, 4e6), "crs": "EPSG:32615", "timezone": "America/Chicago",
              "occurred_from": START + np.arange(n) * np.timedelta64(6, "h")}
    return Events(**(fields | given))


def test_missing_coordinates_are_refused_with_their_number() -> None:
    with pytest.raises(EventsError, match=r"x is missing or infinite in 2 of 4 events"):
        events(x=[np.nan, 500_000.0, np.inf, 500_001.0])


def test_degrees_are_refused_with_their_range() -> None:
    with pytest.raises(EventsError, match=r"-90\.2 .*look like degrees.*EPSG:32615"):
        events(n=2, x=[-90.2, -90.1], y=[38.6, 38.7])


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(EventsError, match="weights has 3 values, occurred_from 4"):
        events(weights=[1, 1, 1])


def test_arrays_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        events().x[0] = 1.0


def test_local_dates_select_on_the_wall_clock() -> None:
    # 5:59 UTC is 23:59 the day before in Chicago in winter.
    made = events(n=2, occurred_from=["2024-01-02T05:59:59", "2024-01-02T06:00:00"])
    assert made.between("2024-01-02", "2024-01-03").size == 1
    assert made.between(date(2024, 1, 1), date(2024, 1, 2)).size == 1
    assert made.local_hour().tolist() == [23, 0]
    assert made.local_weekday().tolist() == [0, 1]


def test_an_empty_period_is_refused() -> None:
    with pytest.raises(EventsError, match="2024-02-01 to 2024-02-01 is empty"):
        events().between("2024-02-01", "2024-02-01")


@pytest.mark.parametrize(("when", "utc"), [
    ("2024-07-01", "2024-07-01T05:00"),
    (datetime(2024, 7, 1, 12, tzinfo=UTC), "2024-07-01T12:00"),
    (np.datetime64("2024-07-01T12:00"), "2024-07-01T12:00"),
    ("2024-03-10 02:30", "2024-03-10T08:00"),   # skipped hour: the instant of the skip
    ("2024-11-03 01:30", "2024-11-03T06:30"),   # doubled hour: the first
])
def test_instants(when: object, utc: str) -> None:
    assert instant(when, "America/Chicago") == np.datetime64(utc)


def test_what_is_no_date_is_refused() -> None:
    with pytest.raises(EventsError, match="'next week' is not a date"):
        instant("next week", "UTC")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1000), st.one_of(st.none(), st.integers(-50, 500))), min_size=1, max_size=30),
       st.integers(0, 1500))
def test_nothing_later_than_the_origin_is_ever_known(times: list[tuple[int, int | None]], origin: int) -> None:
    hour = np.timedelta64(1, "h")
    begun = np.array([START + t * hour for t, _ in times])
    told = np.array([np.datetime64("NaT", "s") if lag is None else START + (t + lag) * hour for t, lag in times])
    made = Occurrences(occurred_from=begun, reported_at=told, timezone="UTC")
    at = START + origin * hour
    if np.isnat(told).all():
        with pytest.raises(EventsError, match="assumed_lag_days"):
            made.known_at(at)
        return
    known = made.known_at(at)
    assert (known.reported_at <= at).all() and (known.occurred_from <= at).all()
    assert known.size == int(((told <= at) & (begun <= at)).sum())
    assumed = made.known_at(at, assumed_lag_days=2)
    late = np.isnat(assumed.reported_at)
    assert (assumed.occurred_to[late] + np.timedelta64(2, "D") <= at).all()


def test_coverage_narrows_with_time_and_with_knowledge() -> None:
    covered = (np.datetime64("2023-01-01"), np.datetime64("2025-01-01"))
    made = events(covered=covered, reported_at=np.full(4, START))
    first, last = made.between("2024-01-01", "2024-02-01").covered
    assert (first, last) == (np.datetime64("2024-01-01T06:00"), np.datetime64("2024-02-01T06:00"))
    assert made.known_at("2024-01-15").covered == (covered[0], np.datetime64("2024-01-15T06:00"))
    assert events().between("2024-01-01", "2024-02-01").covered is None


def test_choosing_keeps_every_array_in_step() -> None:
    made = events(offense=["220", "240", "220", "120"], address=list("abcd"), sensitive=[False, True, False, False])
    chosen = made.of("220")
    assert chosen.x.tolist() == [500_000.0, 500_002.0]
    assert list(chosen.address) == ["a", "c"] and chosen.sensitive.tolist() == [False, False]
    made.local_day.size, made.local_to.size  # noqa: B018 - cached values must be cut down too
    chosen = made.where(np.array([False, False, False, True]))
    assert chosen.local_day.tolist() == [date(2024, 1, 1)] and chosen.local_to.size == 1


def test_parts_join_only_in_one_projection_and_zone() -> None:
    both = concat([events(offense=list("abcd")), events(n=2, offense=list("ae"))], label="both")
    assert both.size == 6 and list(both.offense) == list("abcdae") and both.label == "both"
    with pytest.raises(EventsError, match="America/Chicago, UTC"):
        concat([events(), events(timezone="UTC")])
    with pytest.raises(EventsError, match="EPSG:26996, EPSG:32615"):
        concat([events(), events(crs="EPSG:26996")])
    assert concat([events(offense=list("abcd")), events()]).offense is None


def test_frames_carry_the_zone() -> None:
    frame = events(offense=list("abcd")).to_frame()
    assert str(frame["occurred_from"].dt.tz) == "UTC"
    assert frame["reported_at"].isna().all() and len(frame) == 4
