"""Weather in forecasts of totals: a planted effect is found, none does no harm, and no day after the origin is read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcc_analytics.temporal import CountForecast, DailyWeather, PeriodError, forecast_counts
from rtcc_analytics.temporal.forecasting import _errors
from rtcc_analytics.temporal.weather import WARMER, WET

FIRST, TAUGHT, AHEAD = np.datetime64("2020-01-01"), 3 * 365, 28


def planted(
    seed: int, *, per_step: float, wet: float = 0.0, warm_month_c: float = 0.0
) -> tuple[np.ndarray, np.ndarray, DailyWeather]:
    """Counts whose log mean rises by `per_step` with 5 °C above the season; the last month taught may be warm."""
    rng = np.random.default_rng(seed)
    days = FIRST + np.arange(TAUGHT + AHEAD)
    turn = 2 * np.pi * days.astype(int) / 365.25
    warmth = rng.normal(0, 4, days.size)
    for day in range(1, days.size):
        warmth[day] = 0.7 * warmth[day - 1] + 0.7 * warmth[day]
    warmth[TAUGHT - 30 : TAUGHT] += warm_month_c
    rain = np.where(rng.random(days.size) < 0.3, 6.0, 0.0)
    mean = 60 * np.exp(0.15 * np.cos(turn - 3) + per_step * warmth / 5 + wet * ((rain > 0) - 0.3))
    return rng.poisson(mean), mean, DailyWeather(days, 10 - 12 * np.cos(turn) + warmth, rain, station="A")


def ahead(counts: np.ndarray, **given: object) -> CountForecast:
    return forecast_counts(counts[:TAUGHT], start=FIRST, horizon_days=AHEAD, **given)


def miss(forecast: CountForecast, mean: np.ndarray) -> float:
    """How far the month's total expected is from its mean, in log."""
    return float(np.log(forecast.days.expected.sum() / mean[TAUGHT:].sum()))


@pytest.mark.parametrize(("per_step", "wet"), [(0.10, -0.08), (0.0, 0.0)])
def test_a_planted_effect_lies_in_its_interval_and_so_does_none(per_step: float, wet: float) -> None:
    held = []
    for seed in range(12):
        counts, _, weather = planted(seed, per_step=per_step, wet=wet)
        found = ahead(counts, weather=weather).weather.to_frame().set_index("driver")
        truth = np.exp([per_step, wet])
        held.append((found.low <= truth) & (truth <= found.high))
        assert found.loc[WARMER, "ratio"] == pytest.approx(truth[0], abs=0.03)
        assert list(found.index) == [WARMER, WET]
    assert np.mean(held) >= 0.8


def test_after_a_warm_month_the_level_is_nearer_with_the_weather_than_without() -> None:
    with_it, without = [], []
    for seed in range(12):
        counts, mean, weather = planted(seed, per_step=0.10, warm_month_c=8.0)
        # The month ahead is a normal one: its own chance weather is no part of the question.
        calm = mean / np.exp(0.02 * (weather.temperature_c - seasonal(weather.days)))
        with_it.append(miss(ahead(counts, weather=weather), calm))
        without.append(miss(ahead(counts), calm))
    assert np.mean(without) > 0.02 and abs(np.mean(with_it)) < 0.5 * np.mean(without)
    assert np.mean(np.square(with_it)) < 0.5 * np.mean(np.square(without))


def seasonal(days: np.ndarray) -> np.ndarray:
    return 10 - 12 * np.cos(2 * np.pi * days.astype(int) / 365.25)


def test_where_weather_moves_nothing_it_does_no_harm_beyond_noise() -> None:
    with_it, without, inside = [], [], []
    for seed in range(12):
        counts, mean, weather = planted(seed, per_step=0.0, warm_month_c=8.0)
        one, other = ahead(counts, weather=weather), ahead(counts)
        with_it.append(miss(one, mean))
        without.append(miss(other, mean))
        inside.append(np.mean((counts[TAUGHT:] >= one.days.low) & (counts[TAUGHT:] <= one.days.high)))
        width = (one.weeks.high - one.weeks.low) / (other.weeks.high - other.weeks.low)
        assert width.between(0.9, 1.1).all()
    assert np.sqrt(np.mean(np.square(with_it))) < np.sqrt(np.mean(np.square(without))) + 0.01
    assert 0.84 <= np.mean(inside) <= 0.97


def test_intervals_hold_where_nobody_foresees_the_weather() -> None:
    inside = []
    for seed in range(10):
        counts, _, weather = planted(seed, per_step=0.15)
        weeks = ahead(counts, weather=weather).weeks
        told = counts[TAUGHT:].reshape(4, 7).sum(axis=1)
        inside.append(np.mean((told >= weeks.low) & (told <= weeks.high)))
    assert np.mean(inside) >= 0.8


def test_a_forecast_of_the_weather_is_believed_on_its_days_alone() -> None:
    counts, _, weather = planted(3, per_step=0.10)
    week = weather.days[TAUGHT : TAUGHT + 7]
    hot = DailyWeather(week, seasonal(week) + 10, np.full(7, np.nan))
    usual, warned = ahead(counts, weather=weather), ahead(counts, weather=weather, weather_ahead=hot)
    ratio = (warned.days.expected / usual.days.expected).to_numpy()
    warmer = usual.weather.drivers.ratio[0]
    np.testing.assert_allclose(ratio[:7], warmer**2, rtol=0.03)
    np.testing.assert_allclose(ratio[7:], 1)
    assert (usual.weather.foreseen, warned.weather.foreseen) == (0, 7)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), cut=st.booleans())
def test_weather_after_the_last_day_taught_changes_nothing(seed: int, cut: bool) -> None:
    counts, _, weather = planted(1, per_step=0.10)
    rng, later = np.random.default_rng(seed), weather.days >= FIRST + np.int64(TAUGHT)
    scrambled = replace(
        weather,
        temperature_c=np.where(later, rng.normal(0, 500, later.size), weather.temperature_c),
        precipitation_mm=np.where(later, rng.exponential(50, later.size), weather.precipitation_mm),
    )
    other = weather.before(weather.days[later][0]) if cut else scrambled
    one, two = (ahead(counts, weather=given) for given in (weather, other))
    for table in ("days", "weeks", "holidays"):
        assert getattr(one, table).equals(getattr(two, table)), table
    assert one.weather.drivers.equals(two.weather.drivers)


def test_a_forecast_of_the_weather_says_nothing_of_days_past() -> None:
    counts, _, weather = planted(2, per_step=0.10)
    past = replace(weather, temperature_c=weather.temperature_c + 30.0).before(FIRST + np.int64(TAUGHT))
    one, two = ahead(counts, weather=weather), ahead(counts, weather=weather, weather_ahead=past)
    assert one.days.equals(two.days) and two.weather.foreseen == 0


def test_missing_days_are_counted_and_taken_for_normal() -> None:
    counts, _, weather = planted(4, per_step=0.10)
    rng = np.random.default_rng(0)
    absent = rng.random(TAUGHT + AHEAD) < 0.2
    blank = replace(weather, temperature_c=np.where(absent, np.nan, weather.temperature_c))
    away = DailyWeather(weather.days[~absent], weather.temperature_c[~absent], weather.precipitation_mm[~absent])
    for given_ in (blank, away):
        effect = ahead(counts, weather=given_).weather
        assert (effect.days, effect.missing) == (TAUGHT, absent[:TAUGHT].sum())
        assert effect.drivers.ratio[0] == pytest.approx(np.exp(0.10), abs=0.03)


@pytest.mark.parametrize("always", [np.nan, 0.0, 9.0])
def test_a_station_without_a_gauge_or_with_one_weather_tells_of_warmth_alone(always: float) -> None:
    counts, _, weather = planted(5, per_step=0.10)
    same = replace(weather, precipitation_mm=np.full(weather.days.size, always))
    assert ahead(counts, weather=same).weather.drivers.driver.tolist() == [WARMER]


def test_errors_are_those_of_statsmodels() -> None:
    rng = np.random.default_rng(0)
    design = np.column_stack([np.ones(280), rng.normal(size=(280, 2))])
    y, spell = rng.poisson(np.exp(1 + 0.2 * design[:, 1])), np.arange(280) // 28
    theirs = sm.GLM(y, design, family=sm.families.Poisson()).fit(cov_type="cluster", cov_kwds={"groups": spell})
    np.testing.assert_allclose(_errors(design, y, theirs.fittedvalues, spell), theirs.bse, rtol=1e-6)


def test_a_quarter_without_an_event_is_borne() -> None:
    counts, _, weather = planted(8, per_step=0.10)
    counts[TAUGHT - 400 : TAUGHT - 200] = 0
    found = ahead(counts, weather=weather)
    assert np.isfinite(found.weather.drivers[["ratio", "low", "high"]]).all(axis=None)
    assert np.isfinite(found.days.expected).all()


def test_without_weather_nothing_is_said_of_it() -> None:
    assert ahead(planted(6, per_step=0.0)[0]).weather is None


def test_too_little_weather_and_a_forecast_alone_are_refused() -> None:
    counts, _, weather = planted(7, per_step=0.0)
    with pytest.raises(PeriodError, match="station A is known on 100 of 1,095 days; at least 365, and half of them"):
        ahead(counts, weather=weather.before(FIRST + np.int64(100)))
    with pytest.raises(PeriodError, match="known on 0 of 1,095"):
        ahead(counts, weather=replace(weather, days=weather.days + 4000))
    with pytest.raises(PeriodError, match="give both"):
        ahead(counts, weather_ahead=weather)
    with pytest.raises(PeriodError, match="none twice"):
        DailyWeather(["2024-01-01", "2024-01-01"], [1.0, 2.0], [0.0, 0.0])
    with pytest.raises(PeriodError, match="1 temperatures"):
        DailyWeather(["2024-01-01", "2024-01-02"], [1.0], [0.0, 0.0])
