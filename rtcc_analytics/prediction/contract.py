"""The one contract of every forecast: ``fit(events, units) -> Fitted``, ``predict(start, horizon_days)``.

Forecasts are of places, never of persons. A model sees a `History`: what was known at an origin.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rtcc_analytics.events import Events, When
from rtcc_analytics.prediction.history import FloatArray, History, PredictionError, as_instant, local_day
from rtcc_analytics.surface import RiskSurface
from rtcc_analytics.units import SpatialUnits

if TYPE_CHECKING:
    from rtcc_analytics.temporal import DailyWeather


class Model(ABC):
    """A way to forecast, with its choices; it holds no data.

    Attributes
    ----------
    name : str
        What a board calls it.
    fewest_events : int
        Fewer than this it refuses to learn from.
    """

    name: str
    fewest_events: int = 10

    def fit(
        self, events: Events, units: SpatialUnits, *, companions: Events | None = None,
        weather: DailyWeather | None = None,
    ) -> Fitted:  # fmt: skip
        """Learn from events, which the caller has cut to what was known (`Events.known_at`).

        Parameters
        ----------
        events : Events
            Of the offenses to be forecast.
        units : SpatialUnits
            In the same projection.
        companions : Events, optional
            Other offenses that may help; the simple models pass them over.
        weather : DailyWeather, optional
            For models with a level forecast: how many to expect in all, never where.

        Raises
        ------
        PredictionError
            With too few events.
        """
        return self.fit_history(History.of(events, units, companions=companions, weather=weather))

    def fit_history(self, history: History) -> Fitted:
        """Learn from a `History`; `fit` for those who have made one."""
        if history.target.size < self.fewest_events:
            raise PredictionError(
                f"{history.target.size:,} events of {history.kinds[0]} are known by the origin, and {self.name} needs "
                f"{self.fewest_events:,}: take a longer history, a wider offense or a larger area"
            )
        return self._learn(history)

    @abstractmethod
    def _learn(self, history: History) -> Fitted:
        """Learn from enough events."""

    def parameters(self) -> dict[str, Any]:
        """The choices made for this model, for a model card."""
        return {f.name: getattr(self, f.name) for f in fields(self)} if is_dataclass(self) else {}


@dataclass(frozen=True, eq=False, kw_only=True)
class Fitted(ABC):
    """What a model learned, with the history its forecasts start from.

    Attributes
    ----------
    model : Model
    history : History
        Known at the origin; `updated` moves it on without learning again.
    trained_until : float
        Origin of the fit, local days.
    """

    model: Model
    history: History
    trained_until: float

    @abstractmethod
    def expected(self, start: float, horizon_days: float) -> FloatArray:
        """Expected events in each unit over [start, start + horizon_days), local days; shape (size,)."""

    def learned(self) -> dict[str, Any]:
        """What was learned, in words and numbers, for a model card."""
        return {}

    def drivers(self, start: float, horizon_days: float) -> dict[str, FloatArray]:
        """What adds up to `expected`, by driver: why a place is flagged. One driver where a model has no parts."""
        return {self.model.name: self.expected(start, horizon_days)}

    def updated(self, history: History) -> Self:
        """The same parameters with a later history.

        Raises
        ------
        PredictionError
            Where the history ends before the fit: that would be a look ahead.
        """
        if history.until < self.trained_until:
            raise PredictionError(
                f"{self.model.name} was trained on what was known by day {self.trained_until:.0f} and cannot forecast "
                f"from day {history.until:.0f}: fit it on the earlier history"
            )
        return replace(self, history=history)

    def predict(self, start: When, horizon_days: float) -> RiskSurface:
        """Expected events in each unit over `horizon_days` from `start`.

        Parameters
        ----------
        start : date or time
            Local; at or after the origin of the history.
        horizon_days : float
            Days, at most the length of the history.

        Returns
        -------
        RiskSurface
            Kind ``"expected_count"``. `predictive_interval` gives an interval for each unit.

        Raises
        ------
        PredictionError
            For a start before the origin, or further after it than the history is long, or a
            horizon longer than the history.
        """
        zone, at = self.history.timezone, local_day(start, self.history.timezone)
        require_horizon(self.history, at, horizon_days)
        values = self.expected(at, horizon_days)
        if not np.isfinite(values).all() or (values < 0).any():
            raise PredictionError(f"{self.model.name} did not reach a finite forecast: leave it out, or fit it again")
        made_by = {
            "model": self.model.name,
            **self.model.parameters(),
            **self.learned(),
            "events": self.history.kinds[0],
            "n_events": self.history.target.size,
            **({"weather": self.history.weather.station} if self.history.weather else {}),
            "total": self.history.total,
            "units": self.history.units.name,
            "crs": self.history.units.crs,
            "known_until": str(np.datetime64(round(self.history.until * 86_400), "s")),
            "trained_until": str(np.datetime64(round(self.trained_until * 86_400), "s")),
        }
        period = as_instant(at, zone), as_instant(at + horizon_days, zone)
        return RiskSurface(values, self.history.units, "expected_count", made_by, period, zone)


def require_horizon(history: History, start: float, horizon_days: float) -> None:
    """Raise `PredictionError` unless a forecast from `start` over `horizon_days` stands on enough history."""
    if not 0 < horizon_days <= history.days:
        raise PredictionError(
            f"a horizon of {horizon_days:g} days on {history.days:,.0f} days of history: at most as long as the data"
        )
    if start < history.until:
        raise PredictionError(
            f"the forecast would start on day {start:.2f}, before the origin ({history.until:.2f}): what happened in "
            "between is known already; start at the origin, or fit on what was known earlier (Events.known_at)"
        )
    if start - history.until > history.days:
        raise PredictionError(
            f"the forecast would start {start - history.until:,.0f} days after the records end, with "
            f"{history.days:,.0f} days of history: load newer records"
        )
