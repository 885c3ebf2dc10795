"""The weekly line: Mondays, a band that keeps its promise, lag marked; the day and hour table; late reports."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcc_analytics.events import Occurrences
from rtcc_analytics.temporal import DailyCounts, PeriodError, day_hour_table, reporting_lag, weekly_series

NOON = np.timedelta64(12, "h")


def poisson_days(first: str, last: str, rate: float, seed: int = 0, **more: object) -> Occurrences:
    days = np.arange(first, last, dtype="datetime64[D]")
    drawn = days.repeat(np.random.default_rng(seed).poisson(rate, days.size))
    return Occurrences(occurred_from=drawn.astype("M8[s]") + NOON, timezone="UTC", **more)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60))
def test_weeks_are_complete_run_from_monday_and_count_what_pandas_counts(day: int, weeks: int) -> None:
    until = np.datetime64("2022-01-01") + day % 900
    made = poisson_days("2019-01-01", "2026-01-01", 0.7, seed=day)
    line = weekly_series(made, until=until, weeks=weeks)
    assert ((line.week_start.astype(int) + 3) % 7 == 0).all()                       # 1 January 1970 was a Thursday
    assert 0 <= (until - (line.week_start[-1] + 7)) / np.timedelta64(1, "D") < 7
    ones = pd.Series(1, index=pd.DatetimeIndex(made.occurred_from))
    by_week = ones.resample("W-MON", label="left", closed="left").sum()
    assert line.count.tolist() == by_week.reindex(pd.DatetimeIndex(line.week_start), fill_value=0).tolist()


@pytest.mark.parametrize("band", ["trailing", "previous_years"])
def test_chance_alone_stays_within_the_band_as_often_as_promised(band: str) -> None:
    outside = seen = 0
    for seed in range(12):
        made = poisson_days("2019-01-01", "2024-01-01", 2.5, seed=seed)
        line = weekly_series(made, until="2024-01-01", z=2.0, band=band)
        outside, seen = outside + line.outside.sum(), seen + 52
    assert 0.025 <= outside / seen <= 0.07                     # 4.6 % promised for z = 2
    assert line.outside_expected == pytest.approx(52 * 0.0455, rel=0.01)


def test_a_burst_stands_out_and_calm_weeks_do_not() -> None:
    calm = poisson_days("2022-01-01", "2024-01-01", 2.0, seed=3)
    burst = np.full(30, np.datetime64("2023-11-15T12", "s"))
    made = Occurrences(occurred_from=np.r_[calm.occurred_from, burst], timezone="UTC")
    line = weekly_series(made, until="2024-01-01")
    assert [str(day) for day in line.week_start[line.outside]] == ["2023-11-13"]


def test_weeks_without_records_or_history_are_gaps() -> None:
    line = weekly_series(poisson_days("2023-11-01", "2023-12-31", 5.0), until="2024-01-01", weeks=10)
    assert np.isnan(line.count).tolist() == [True] * 2 + [False] * 7 + [True]       # 31 December is not there
    assert np.isnan(line.low[:6]).all() and np.isfinite(line.low[-3:]).all()
    assert not line.outside[:6].any()


def test_late_weeks_are_marked() -> None:
    days = poisson_days("2022-01-01", "2024-01-01", 20.0)
    late = np.where(np.arange(days.size) % 5 == 0, np.timedelta64(15, "D"), np.timedelta64(1, "h"))
    told = days.occurred_from + late
    made = Occurrences(occurred_from=days.occurred_from, reported_at=told, timezone="UTC").where(
        told <= np.datetime64("2024-01-01"))
    line = weekly_series(made, until="2024-01-01", as_of="2024-01-01")
    assert line.lag_affected.tolist()[-4:] == [False, False, True, True]      # a week of 97 % is not
    assert line.completeness[-1] == pytest.approx(0.8, abs=0.03) and line.completeness[0] == 1.0
    assert not line.outside[-2:].any()


def test_a_feed_that_comes_once_a_month_is_judged_as_it_comes() -> None:
    days = poisson_days("2021-01-01", "2024-01-01", 20.0)
    month_end = (days.occurred_from.astype("M8[M]") + 1).astype("M8[s]") - 1
    slow = np.random.default_rng(1).random(days.size) < 0.1
    next_month = (days.occurred_from.astype("M8[M]") + 2).astype("M8[s]") - 1
    told = np.where(slow, next_month, month_end)
    made = Occurrences(occurred_from=days.occurred_from, reported_at=told, timezone="UTC").where(
        told < np.datetime64("2024-01-01"))
    lag = reporting_lag(made)
    last_week = lag.completeness(np.datetime64("2023-12-25"), np.datetime64("2024-01-01"))
    november = lag.completeness(np.datetime64("2023-11-01"), np.datetime64("2023-12-01"))
    assert last_week.item() == pytest.approx(0.9, abs=0.02) and november.item() == pytest.approx(1.0, abs=0.01)


def test_too_few_reports_tell_nothing() -> None:
    made = poisson_days("2023-01-01", "2024-01-01", 0.05)
    told = Occurrences(occurred_from=made.occurred_from, reported_at=made.occurred_from, timezone="UTC")
    assert np.isnan(reporting_lag(told).completeness(np.datetime64("2023-12-25"), np.datetime64("2024-01-01")))
    assert np.isnan(weekly_series(made, until="2024-01-01").completeness).all()


def test_impossible_lines_are_refused() -> None:
    with pytest.raises(PeriodError, match="weeks is 0"):
        weekly_series(poisson_days("2023-01-01", "2024-01-01", 1.0), until="2024-01-01", weeks=0)
    with pytest.raises(PeriodError, match="'normal'; use"):
        weekly_series(poisson_days("2023-01-01", "2024-01-01", 1.0), until="2024-01-01", band="normal")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(-1, 3)), max_size=30), st.integers(-5, 70),
       st.integers(0, 30))
def test_daily_counts_add_up_over_any_span(events: list[tuple[int, int]], start: int, length: int) -> None:
    base = np.datetime64("2024-01-01")
    days = base + np.array([day for day, _ in events], dtype=int)
    daily = DailyCounts.of(days.astype("M8[D]"), np.array([w for _, w in events], dtype=float))
    expected = sum(w for day, w in events if start <= day < start + length)
    assert daily.between(base + start, base + start + length).item() == expected


def test_the_day_and_hour_table_has_the_published_shares(shared: Path) -> None:
    case = json.loads((shared / "truth" / "12_aoristic_unit" / "expected.json").read_text())
    for example in case["expected"]:
        made = Occurrences(occurred_from=[example["b"]], occurred_to=[example["e"]], timezone="UTC")
        table = day_hour_table(made).to_frame().set_index(["day", "hour"])["count"]
        assert table.sum() == pytest.approx(1)
        if isinstance(example["w"], str):
            assert table.to_numpy() == pytest.approx(np.full(168, 1 / 168))
            continue
        shares = {tuple(name.split("_")): w for name, w in example["w"].items()}
        found = {(day[:3], str(hour)): n for (day, hour), n in table[table > 0].items()}
        assert found == pytest.approx(shares)


def test_the_clock_is_the_local_one_across_daylight_saving() -> None:
    made = Occurrences(occurred_from=["2024-01-08T04:30", "2024-07-08T03:30", None], timezone="America/New_York")
    table = day_hour_table(made)
    assert table.counts[6, 23] == 2 and table.counts.sum() == table.total == 2 and table.unknown == 1
    assert table.spread == 0
