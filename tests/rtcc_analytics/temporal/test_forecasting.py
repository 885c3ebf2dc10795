"""Forecasts of totals: intervals hold what they say, each holiday is learnt by itself, the future is not seen."""

from __future__ import annotations

import numpy as np
import pytest

from rtcc_analytics.temporal import PeriodError, forecast_counts, holiday_names


def daily(rng: np.random.Generator, n: int, noisy: bool) -> np.ndarray:
    days = np.datetime64("2018-01-01") + np.arange(n)
    weekday = (days.astype(int) + 3) % 7
    mean = 8 * np.exp(0.25 * np.cos(2 * np.pi * days.astype(int) / 365.25) + 0.2 * (weekday >= 5))
    if noisy:
        mean = mean * rng.gamma(4, 1 / 4, n)
    return rng.poisson(mean)


@pytest.mark.parametrize("noisy", [False, True])
def test_intervals_hold_what_they_say(noisy: bool) -> None:
    rng = np.random.default_rng(5)
    days_inside, weeks_inside = [], []
    for _ in range(10):
        y = daily(rng, 1200 + 28, noisy)
        ahead = forecast_counts(y[:1200], start="2018-01-01", horizon_days=28)
        truth = y[1200:]
        days_inside.append(((truth >= ahead.days.low) & (truth <= ahead.days.high)).mean())
        weekly = truth.reshape(4, 7).sum(axis=1)
        weeks_inside.append(((weekly >= ahead.weeks.low) & (weekly <= ahead.weeks.high)).mean())
    assert 0.86 <= np.mean(days_inside) <= 0.97
    assert np.mean(weeks_inside) >= 0.8
    assert (ahead.dispersion > 1.5) == noisy


def test_weekday_and_season_are_learnt() -> None:
    y = daily(np.random.default_rng(6), 1461, False)
    ahead = forecast_counts(y, start="2018-01-01", horizon_days=364).days
    weekend = ahead.day.dt.day_of_week >= 5
    ordinary = ahead.holiday == ""
    assert ahead.expected[weekend & ordinary].mean() / ahead.expected[~weekend & ordinary].mean() == pytest.approx(
        np.exp(0.2), abs=0.08
    )
    winter, summer = (ahead.expected[ahead.day.dt.month == month].mean() for month in (1, 7))
    assert winter / summer == pytest.approx(np.exp(0.5), rel=0.15)


def test_each_holiday_is_learnt_by_itself_and_a_local_day_too() -> None:
    rng = np.random.default_rng(7)
    days = np.datetime64("2018-01-01") + np.arange(1826 + 40)
    fairs = {f"{year}-01-20": "Fair" for year in range(2018, 2024)}
    named = holiday_names(days, special_days=fairs)
    times = np.select([named == "New Year's Day", named == "Christmas Day", named == "Fair"], [1.6, 0.5, 2.0], 1.0)
    found = forecast_counts(rng.poisson(60 * times)[:1826], start="2018-01-01", horizon_days=40, special_days=fairs)
    ratio = found.holidays.set_index("holiday")["ratio"]
    assert ratio["New Year's Day"] == pytest.approx(1.6, abs=0.2)
    assert ratio["Christmas Day"] == pytest.approx(0.5, abs=0.15)
    assert ratio["Fair"] == pytest.approx(2.0, abs=0.25)
    assert ratio.drop(["New Year's Day", "Christmas Day", "Fair"]).between(0.85, 1.15).all()
    ahead = found.days.set_index("holiday")["expected"]
    assert ahead["Fair"] / ahead[""].mean() == pytest.approx(ratio["Fair"], rel=0.05)


def test_weeks_whose_days_go_up_and_down_together_have_wide_enough_intervals() -> None:
    inside = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        weeks = np.repeat(np.exp(0.12 * rng.standard_normal(170)), 7)
        y = rng.poisson(100 * weeks)
        ahead = forecast_counts(y[: 7 * 158], start="2018-01-01", horizon_days=84).weeks
        truth = y[7 * 158 : 7 * 170].reshape(12, 7).sum(axis=1)
        inside.append(((truth >= ahead.low) & (truth <= ahead.high)).mean())
    assert 0.8 <= np.mean(inside) <= 0.98


@pytest.mark.parametrize("year", range(2019, 2031))
def test_moving_holidays_are_where_pandas_finds_them(year: int) -> None:
    from pandas.tseries import holiday as rules

    days = np.arange(f"{year}-01-01", f"{year + 1}-01-01", dtype="M8[D]")
    names = holiday_names(days)
    for name, rule in (
        ("Martin Luther King Jr. Day", rules.USMartinLutherKingJr), ("Washington's Birthday", rules.USPresidentsDay),
        ("Memorial Day", rules.USMemorialDay), ("Labor Day", rules.USLaborDay), ("Columbus Day", rules.USColumbusDay),
        ("Thanksgiving Day", rules.USThanksgivingDay),
    ):
        assert days[names == name].tolist() == [rule.dates(f"{year}-01-01", f"{year}-12-31")[0].date()]
    assert ("Juneteenth" in names) == (year >= 2021)
    assert (names != "").sum() == (16 if year >= 2021 else 15)


def test_same_seed_same_answer_and_future_is_not_seen() -> None:
    y = daily(np.random.default_rng(7), 900, True)
    one, two = (forecast_counts(y[:800], start="2018-01-01", horizon_days=14, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.days[["low", "high"]], two.days[["low", "high"]])


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([1.0, np.nan] * 400, "400 of 800 counts are missing"),
        ([1.0] * 100, "100 steps; at least 730"),
        ([0.0] * 800, "none of 800 days has an event"),
    ],
)
def test_bad_series_are_refused(counts: list, words: str) -> None:
    with pytest.raises(PeriodError, match=words):
        forecast_counts(counts, start="2020-01-01", horizon_days=7)


def test_bad_limits_are_refused() -> None:
    with pytest.raises(PeriodError, match="horizon 0 days"):
        forecast_counts([3.0] * 800, start="2020-01-01", horizon_days=0)
    with pytest.raises(PeriodError, match="level 90"):
        forecast_counts([3.0] * 800, start="2020-01-01", horizon_days=7, level=90)
    with pytest.raises(PeriodError, match="'someday'"):
        forecast_counts([3.0] * 800, start="2020-01-01", horizon_days=7, special_days={"someday": "Fair"})
