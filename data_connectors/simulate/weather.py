"""Daily weather of the simulated county's one station: seasons, spells, rain and snow. No crime depends on it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data_connectors.simulate.clock import day_of_year
from data_connectors.simulate.gazetteer import MARK
from data_connectors.simulate.incidents import Span

STATION, NAME = "SIM00000001", f"DUTCHESS-LIKE AIRPORT ({MARK})"
LATE_DAYS = 3
OUTAGE_DAYS = 5
_GOOD, _TRACE, _FAILED = ",,S", "T,,S", ",I,S"


def weather_table(*, seed: int, span: Span, until: int) -> pd.DataFrame:
    """The station's days before `until` (a day number) in NCEI's columns, as text: °C and millimetres.

    Temperature is a season with its coldest day in late January and spells that fade within a week; three days in ten
    are wet, and below freezing that is snow. The station is silent for five days, 1 % of its temperatures are blank,
    one maximum failed a quality check, and the last three days are not published yet.

    Examples
    --------
    >>> days = weather_table(seed=1, span=Span(20089, 20454), until=20454)
    >>> days["DATE"].iloc[-1], len(days)
    ('2025-12-28', 357)
    """
    rng = np.random.default_rng([seed, 40])
    days = np.arange(span.first, span.until)
    turn = 2 * np.pi * (day_of_year(days) - 25) / 365.25
    mean = 10 - 13 * np.cos(turn) + _spells(rng, len(days), fading=0.75, spread=3.8)
    half = np.clip(5.5 - 1.0 * np.cos(turn) + rng.normal(0, 1.2, len(days)), 1.0, None)
    wet = _spells(rng, len(days), fading=0.3, spread=1.0) > 0.52
    rain = np.where(wet, rng.gamma(0.8, 10.0, len(days)), 0.0).round(1)
    snow = np.where(mean < 0, (10 * rain).round(), 0)
    table = pd.DataFrame({
        "STATION": STATION, "NAME": NAME, "DATE": days.astype("datetime64[D]").astype(str),
        "PRCP": _written(rain, 1), "PRCP_ATTRIBUTES": np.where(wet & (rain == 0), _TRACE, _GOOD),
        "SNOW": _written(snow, 0), "SNOW_ATTRIBUTES": _GOOD,
        "TMAX": _written(mean + half, 1), "TMAX_ATTRIBUTES": _GOOD,
        "TMIN": _written(mean - half, 1), "TMIN_ATTRIBUTES": _GOOD,
    })  # fmt: skip
    table.loc[rng.random(len(days)) < 0.01, ["TMAX", "TMAX_ATTRIBUTES"]] = ""
    silent, failed = rng.integers(0, len(days) - OUTAGE_DAYS), rng.integers(0, len(days))
    table.loc[failed, ["TMAX", "TMAX_ATTRIBUTES"]] = "41.0", _FAILED
    told = (days < until - LATE_DAYS) & ~((days >= days[silent]) & (days < days[silent] + OUTAGE_DAYS))
    return table[told]


def _spells(rng: np.random.Generator, size: int, *, fading: float, spread: float) -> np.ndarray:
    """Days that take after the day before: an autoregression of first order about zero."""
    shocks = rng.normal(0, spread, size)
    shocks[1:] *= np.sqrt(1 - fading**2)
    for day in range(1, size):
        shocks[day] += fading * shocks[day - 1]
    return shocks


def _written(values: np.ndarray, decimals: int) -> list[str]:
    return [f"{value:.{decimals}f}" for value in values]
