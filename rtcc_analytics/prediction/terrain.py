"""Risk terrain as a forecast: where the ground is such that more happens, whatever has happened there so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rtcc_analytics.events import Events
from rtcc_analytics.prediction.contract import Fitted, Model
from rtcc_analytics.prediction.history import FloatArray, History, PredictionError, as_instant
from rtcc_analytics.prediction.totals import expected_total
from rtcc_analytics.risk_terrain import RiskTerrainError, risk_terrain
from rtcc_analytics.risk_terrain.terrain import DISTANCES_M, FEWEST_EVENTS


@dataclass(frozen=True, eq=False)
class RiskTerrainForecast(Model):
    """Expected counts by what stands near: bars, stations, main roads.

    Attributes
    ----------
    layers : mapping of name to features
        As in `risk_terrain`. They carry no dates: only layers as old as the events keep a forecast from
        knowing what came later.
    distances_m : tuple of float
    train_days : float
        Events of so many days before the origin teach it.
    seed : int
        Of the blocks of ground held out.

    Notes
    -----
    The terrain is learned at each fit and says where; a level forecast sets the sum. What has happened in a
    unit says nothing about the unit beyond its features, so it rarely beats counting where counts are many;
    it speaks where there is little history. Caplan and Kennedy (2016), *Risk Terrain Modeling*.

    Examples
    --------
    >>> RiskTerrainForecast({"bars": np.zeros((3, 2))}).parameters()["layers"]
    {'bars': 3}
    """

    layers: Mapping[str, Any]
    distances_m: tuple[float, ...] = DISTANCES_M
    train_days: float = 730.0
    seed: int = 0
    name: str = "risk terrain"
    fewest_events: int = FEWEST_EVENTS

    def parameters(self) -> dict[str, Any]:
        """The choices, with how many features each layer has."""
        sizes = {name: _size(features) for name, features in self.layers.items()}
        return {**super().parameters(), "layers": sizes}

    def _learn(self, history: History) -> FittedTerrain:
        past = history.target
        recent = np.flatnonzero(past.day >= past.until - self.train_days)
        when = [as_instant(day, past.timezone) for day in (max(past.first, past.until - self.train_days), past.until)]
        events = Events(
            x=past.x[recent], y=past.y[recent], crs=past.units.crs, timezone=past.timezone,
            occurred_from=np.full(recent.size, when[0]), weights=past.weight[recent], label=past.kinds[0],
            covered=(when[0], when[1]),
        )
        try:
            found = risk_terrain(events, past.units, self.layers, distances_m=self.distances_m, seed=self.seed)
        except RiskTerrainError as reason:
            raise PredictionError(f"{self.name}: {reason}") from reason
        factors = found.factors
        named = {f"{row.layer}, {row.operation} {row.distance_m:g} m": round(row.relative_risk, 2)
                 for row in factors.itertuples()}
        return FittedTerrain(model=self, history=history, trained_until=history.until,
                             shape=found.expected / found.expected.sum(), factors=named, warnings=found.warnings)


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedTerrain(Fitted):
    """A terrain: shares of the units, the factors they come from, and what a reader must know of them."""

    shape: FloatArray
    factors: dict[str, float]
    warnings: tuple[str, ...]

    def expected(self, start: float, horizon_days: float) -> FloatArray:
        """The level forecast, laid out by the terrain."""
        return expected_total(self.history, start, horizon_days) * self.shape

    def learned(self) -> dict[str, Any]:
        """Relative risk by factor, strongest first, and warnings."""
        return {"relative_risk": self.factors, "warnings": self.warnings}


def _size(features: Any) -> int:
    """How many features a layer has, given as (x, y), as rows, as `Events` or as geometries."""
    if isinstance(features, tuple):
        return len(features[0])
    return len(features.x) if hasattr(features, "x") else len(features)
