"""How many events to expect in all: a level apart from where they fall."""

from __future__ import annotations

import numpy as np

from rtcc_analytics.prediction.history import FloatArray, History

SEASON_HALF_LIFE_DAYS = 1095.0
LEVEL_HALF_LIFE_DAYS = 150.0
FEWEST_WEEKS = 104
YEAR_DAYS = 365.25
STEPS = 25


def expected_total(history: History, start: float, horizon_days: float) -> float:
    """Expected events in all units over [start, start + horizon_days), local days.

    A level times a season. The season, where two settled years are known, is two yearly waves
    fitted to weekly counts by Poisson regression; the level is the decayed mean, half-life
    150 days, of what the season leaves. Days so recent that part of their events is not yet known
    are left out. Weather in the history, where a year of it is known, is taken out of what is
    counted as level: a warm month is no higher level, and the days ahead are taken for normal.
    `temporal.level.forecast_counts` says more about a series of totals (weekdays, holidays,
    intervals); this is its fast relative for every origin of a board.

    Parameters
    ----------
    history : History
        Companions are left out.
    start, horizon_days : float
        Local days.

    Examples
    --------
    >>> import shapely
    >>> from rtcc_analytics.events import Events
    >>> from rtcc_analytics.units import Areas
    >>> beat = Areas([shapely.box(500_000, 0, 500_500, 1_000)], ["West"], "EPSG:32615")
    >>> when = np.datetime64("2021-01-01", "s") + np.arange(1500) * np.timedelta64(1, "D")
    >>> daily = Events(x=np.full(1500, 500_100.0), y=np.full(1500, 10.0), crs="EPSG:32615", occurred_from=when,
    ...                timezone="UTC")
    >>> past = History.of(daily, beat)
    >>> round(expected_total(past, past.until, 28), 1)
    28.0
    """
    past = history.target
    end = np.floor(past.until - past.settling_days)
    weeks = int((end - past.first) // 7)
    inside = past.unit >= 0
    if weeks < 1:
        return float(past.weight[inside].sum() / past.days * horizon_days)
    back = np.ceil((end - past.day) / 7).astype(int) - 1
    counted = inside & (past.day < end) & (back < weeks)
    counts = np.bincount(back[counted], weights=past.weight[counted], minlength=weeks)
    age = 7.0 * np.arange(weeks) + 3.5
    waves = _waves(end - age)
    departed = np.zeros((weeks, 0))
    season = np.zeros(4)
    if weeks >= FEWEST_WEEKS:
        departed = _weather_of_weeks(history, end, weeks)
        season = _season(counts, np.hstack([waves, departed]), np.exp2(-age / SEASON_HALF_LIFE_DAYS))
    recent = np.exp2(-age / LEVEL_HALF_LIFE_DAYS)
    usual = np.exp(np.hstack([waves, departed]) @ season)
    level = (recent * counts).sum() / (recent * usual).sum() / 7
    days = start + np.arange(0.0, horizon_days, 1.0)
    lengths = np.minimum(1.0, start + horizon_days - days)
    return float(level * (lengths * np.exp(_waves(days + lengths / 2) @ season[:4])).sum())


def _weather_of_weeks(history: History, end: float, weeks: int) -> FloatArray:
    """How far each of the weeks before `end` lay from its season, newest first; no column without a year of weather."""
    if history.weather is None:
        return np.zeros((weeks, 0))
    from rtcc_analytics.temporal.weather import Departures

    taught = 7 * weeks
    days = np.datetime64(int(end), "D") + np.arange(-taught, 1)
    if history.weather.before(days[-1]).too_little(days[:taught]):
        return np.zeros((weeks, 0))
    by_day = Departures.of(history.weather, days, taught, None).columns[:taught]
    return by_day.reshape(weeks, 7, -1).mean(axis=1)[::-1]


def _waves(day: FloatArray) -> FloatArray:
    turn = 2 * np.pi * day[:, None] / YEAR_DAYS
    return np.concatenate([np.cos(turn), np.sin(turn), np.cos(2 * turn), np.sin(2 * turn)], axis=1)


def _season(counts: FloatArray, waves: FloatArray, weights: FloatArray) -> FloatArray:
    """Coefficients of a Poisson regression on the columns and a linear trend, by Newton steps; pulled a little to 0."""
    trend = np.linspace(-1, 1, len(counts))[:, None]
    design = np.concatenate([waves, np.ones_like(trend), trend], axis=1)
    moved = waves.shape[1]
    pull = np.diag([1.0] * moved + [0.0, 0.0])
    least = 1e-9 * np.eye(len(pull))
    beta = np.zeros(design.shape[1])
    beta[moved] = np.log(max(np.average(counts, weights=weights), 1e-9))
    for _ in range(STEPS):
        mean = np.exp(np.clip(design @ beta, -30, 30))
        gradient = design.T @ (weights * (counts - mean)) - pull @ beta
        step = np.linalg.solve((design * (weights * mean)[:, None]).T @ design + pull + least, gradient)
        beta += np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-8:
            break
    return beta[:moved]
