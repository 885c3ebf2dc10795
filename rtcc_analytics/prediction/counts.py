"""The simple baselines: counts of last year, of all history, and exponentially decayed counts.

Each spreads a small share of its expectation evenly over the ground, since a place without past
events is not a place where none can happen; the share is learned on earlier origins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rtcc_analytics.prediction.contract import Fitted, Model
from rtcc_analytics.prediction.history import FloatArray, History, PredictionError
from rtcc_analytics.prediction.mixing import decayed_counts, likeliest_even_share, with_even_share

HALF_LIVES_DAYS = (30.0, 60.0, 120.0, 240.0, 365.0, 545.0, 730.0, 1095.0, 1460.0)
USUAL_HALF_LIFE_DAYS = 730.0
MOST_WINDOWS = 8


@dataclass(frozen=True)
class LastYear(Model):
    """Counts of the 365 days before the origin: what most agencies map.

    Examples
    --------
    >>> LastYear().name
    'last year'
    """

    name: str = "last year"

    def _learn(self, history: History) -> FittedCounts:
        return FittedCounts(model=self, history=history, trained_until=history.until, window_days=365.0,
                            half_life_days=np.inf, even_share=_even_share(history, 365.0, np.inf))


@dataclass(frozen=True)
class AllHistory(Model):
    """Counts of everything known, whatever its age."""

    name: str = "all history"

    def _learn(self, history: History) -> FittedCounts:
        return FittedCounts(model=self, history=history, trained_until=history.until, window_days=np.inf,
                            half_life_days=np.inf, even_share=_even_share(history, np.inf, np.inf))


@dataclass(frozen=True)
class DecayedCounts(Model):
    """Counts that lose half their weight every half-life: the bar that any other model must pass.

    Attributes
    ----------
    half_life_days : float, optional
        By default the one, of `HALF_LIVES_DAYS`, under which the windows of 28 days before the
        origin were likeliest, each forecast from what was known at its start.

    Examples
    --------
    >>> import shapely
    >>> from rtcc_analytics.events import Events
    >>> from rtcc_analytics.units import Areas
    >>> halves = [shapely.box(500_000 + 500 * i, 0, 500_500 + 500 * i, 1_000) for i in range(2)]
    >>> beats = Areas(halves, ["West", "East"], "EPSG:32615")
    >>> when = np.datetime64("2023-01-01", "s") + np.arange(0, 300, 10) * np.timedelta64(1, "D")
    >>> events = Events(x=np.where(np.arange(30) % 3, 500_100.0, 500_900.0), y=np.full(30, 10.0), crs="EPSG:32615",
    ...                 occurred_from=when, timezone="UTC")
    >>> surface = DecayedCounts(half_life_days=1e6).fit(events, beats).predict("2023-11-01", 28)
    >>> surface.kind, surface.values.round(1).tolist()
    ('expected_count', [1.9, 1.0])
    """

    half_life_days: float | None = None
    name: str = "decayed counts"

    def _learn(self, history: History) -> FittedCounts:
        if self.half_life_days is not None and not self.half_life_days > 0:
            raise PredictionError(f"half_life_days is {self.half_life_days}: a positive number of days is needed")
        choices = HALF_LIVES_DAYS if self.half_life_days is None else (self.half_life_days,)
        half_life, even = _chosen(history, choices)
        return FittedCounts(model=self, history=history, trained_until=history.until, window_days=np.inf,
                            half_life_days=half_life, even_share=even)


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedCounts(Fitted):
    """Counts with their window, half-life and the share spread evenly over the ground."""

    window_days: float
    half_life_days: float
    even_share: float

    def expected(self, start: float, horizon_days: float) -> FloatArray:
        """Rate by unit times the horizon; the same for every start."""
        rate = _rates(self.history, self.window_days, self.half_life_days)
        total = max(rate.sum(), 1e-12)
        return horizon_days * total * with_even_share(rate / total, self.even_share, self.history)

    def learned(self) -> dict[str, Any]:
        """Half-life, and the share spread evenly."""
        return {"half_life_days": self.half_life_days, "even_share": round(self.even_share, 4)}


def _rates(history: History, window_days: float, half_life_days: float) -> FloatArray:
    if np.isinf(window_days) or window_days >= history.days:
        return decayed_counts(history, half_life_days)
    return history.counted(history.until - window_days, history.until) / window_days


def _even_share(history: History, window_days: float, half_life_days: float) -> float:
    return _tried(history, window_days, half_life_days)[1]


def _chosen(history: History, choices: tuple[float, ...]) -> tuple[float, float]:
    """The half-life under which past windows were likeliest, and its even share."""
    results = [_tried(history, np.inf, choice) for choice in choices]
    best = max(range(len(choices)), key=lambda i: (results[i][0], -abs(choices[i] - USUAL_HALF_LIFE_DAYS)))
    return choices[best], results[best][1]


def _tried(history: History, window_days: float, half_life_days: float) -> tuple[float, float]:
    def forecast(known: History) -> tuple[FloatArray, float]:
        rate = _rates(known, window_days, half_life_days)
        return rate / max(rate.sum(), 1e-12), float(rate.sum())

    return likeliest_even_share(history, forecast, most=MOST_WINDOWS)
