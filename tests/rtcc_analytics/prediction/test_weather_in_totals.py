"""Weather in place forecasts: it moves how many are expected, never where, and no later day is read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely

from rtcc_analytics.evaluation import backtest
from rtcc_analytics.events import Events
from rtcc_analytics.prediction import DecayedCounts, EmpiricalBayes, History, LogLinear
from rtcc_analytics.prediction.totals import expected_total
from rtcc_analytics.study import StudyArea
from rtcc_analytics.temporal import DailyWeather
from rtcc_analytics.units import Grid

CRS, YEARS, A_DAY, EFFECT = "EPSG:32615", 3, 30.0, 0.10
TOWN = StudyArea(shapely.box(500_000, 4_000_000, 501_000, 4_001_000), CRS, "UTC", "Town")
DAYS = np.arange("2021-01-01", "2024-01-01", dtype="M8[D]")
TURN = 2 * np.pi * np.arange(DAYS.size) / 365.25


def warm_month(seed: int) -> tuple[DailyWeather, np.ndarray]:
    """Weather whose last 28 days are 8 degrees too warm, and how far each day lies from its season, in 5 degrees."""
    rng = np.random.default_rng(seed)
    apart = np.convolve(rng.normal(0, 5, DAYS.size), np.ones(5) / 5, mode="same")
    apart[-28:] += 8.0
    return DailyWeather(DAYS, 10 - 12 * np.cos(TURN) + apart, np.zeros(DAYS.size), station="A"), apart / 5


def events(seed: int, effect: float) -> tuple[Events, DailyWeather]:
    """Three years of events in a town, more where it is warmer than the season."""
    weather, apart = warm_month(seed)
    rng = np.random.default_rng(seed + 1000)
    counts = rng.poisson(A_DAY * np.exp(effect * apart - 0.1 * np.cos(TURN)))
    when = np.repeat(DAYS, counts).astype("M8[s]") + rng.integers(0, 86_400, counts.sum()).astype("m8[s]")
    x, y = 500_000 + 1000 * rng.beta(2, 5, when.size), 4_000_000 + 1000 * rng.random(when.size)
    return Events(x=x, y=y, crs=CRS, occurred_from=when, timezone="UTC", label="burglary"), weather


def missed(effect: float, *, with_weather: bool) -> float:
    """Root mean square of the share by which the four weeks ahead, of normal weather, are missed."""
    off = []
    ahead = np.arange(28) + DAYS.size
    truth = A_DAY * np.exp(-0.1 * np.cos(2 * np.pi * ahead / 365.25)).sum()
    for seed in range(12):
        made, weather = events(seed, effect)
        history = History.of(made, Grid(TOWN, cell_m=250), weather=weather if with_weather else None)
        off.append(expected_total(history, history.until, 28) / truth - 1)
    return float(np.sqrt(np.mean(np.square(off))))


def test_a_warm_month_is_not_taken_for_a_higher_level() -> None:
    assert missed(EFFECT, with_weather=True) < 0.8 * missed(EFFECT, with_weather=False)


def test_weather_without_an_effect_does_little_harm() -> None:
    assert missed(0.0, with_weather=True) < 1.3 * missed(0.0, with_weather=False) + 0.002


@pytest.mark.parametrize("model", [EmpiricalBayes(), LogLinear()], ids=lambda m: m.name)
def test_places_stay_as_they_are(model) -> None:
    made, weather = events(3, EFFECT)
    grid = Grid(TOWN, cell_m=250)
    without, with_it = (model.fit(made, grid, weather=w).predict("2024-01-01", 28) for w in (None, weather))
    assert with_it.values.sum() != pytest.approx(without.values.sum())
    np.testing.assert_allclose(with_it.values / with_it.values.sum(), without.values / without.values.sum())
    assert with_it.made_by["weather"] == "A" and "weather" not in without.made_by


def test_no_day_after_an_origin_is_read() -> None:
    made, weather = events(4, EFFECT)
    later = weather.days >= np.datetime64("2023-10-01")
    scrambled = replace(weather, temperature_c=np.where(later, -weather.temperature_c, weather.temperature_c))
    boards = [
        backtest([EmpiricalBayes()], made, Grid(TOWN, cell_m=250), origins=["2023-10-01"], weather=w).scores
        for w in (weather, scrambled)
    ]
    columns = [c for c in boards[0] if c not in ("fit_s", "predict_s")]
    assert boards[0][columns].equals(boards[1][columns])


def test_too_little_weather_is_left_out() -> None:
    made, weather = events(5, EFFECT)
    short = replace(weather, days=weather.days[-200:], temperature_c=weather.temperature_c[-200:],
                    precipitation_mm=weather.precipitation_mm[-200:])  # fmt: skip
    grid = Grid(TOWN, cell_m=250)
    none, little = (History.of(made, grid, weather=w) for w in (None, short))
    assert expected_total(little, little.until, 28) == expected_total(none, none.until, 28)
    assert DecayedCounts().fit(made, grid, weather=weather).predict("2024-01-01", 28).values.sum() > 0
