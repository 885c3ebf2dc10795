"""Forecast by a self-exciting point process: a background that lasts and triggering that fades."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from rtcc_analytics.prediction.contract import Fitted, Model
from rtcc_analytics.prediction.etas import (
    Background,
    CovariateBackground,
    EtasFit,
    EtasPairs,
    EvenBackground,
    SmoothBackground,
    fit_etas,
)
from rtcc_analytics.prediction.history import FloatArray, History, PredictionError
from rtcc_analytics.prediction.mixing import decayed_exposure, ground_share
from rtcc_analytics.prediction.raster import Raster

TOLERANCE = 2e-4
Kind = Literal["smooth", "even", "covariates"]


@dataclass(frozen=True)
class SelfExciting(Model):
    """Spatio-temporal ETAS, fitted by EM with neighbours truncated.

    Attributes
    ----------
    background : "smooth", "even" or "covariates"
        Non-parametric (background events spread by a Gaussian), parametric (one rate everywhere),
        or log-linear in `covariates`.
    covariates : array of float, shape (units, k), optional
        What is known of each unit beforehand (distance to a bar, land use), for ``"covariates"``.
    bandwidth_m : float
        Of the smooth background.
    background_half_life_days : float
        In a forecast, old background events count less; in the fit all count alike.
    reach_m, reach_days : float
        Beyond these an event triggers nothing.
    train_days : float
        Only this much history is fitted.
    iterations : int

    Notes
    -----
    Mohler et al. (2011), *JASA* 106, 100-108. Events triggered beyond the edge of the area are not
    seen, so `theta` is a little low.
    """

    background: Kind = "smooth"
    covariates: FloatArray | None = field(default=None, repr=False, compare=False)
    bandwidth_m: float = 150.0
    background_half_life_days: float = 1095.0
    reach_m: float = 500.0
    reach_days: float = 120.0
    train_days: float = 1095.0
    iterations: int = 500
    name: str = "self-exciting"
    fewest_events: int = 200

    def parameters(self) -> dict[str, Any]:
        """The choices; of covariates only how many."""
        chosen = {name: getattr(self, name) for name in ("background", "bandwidth_m", "background_half_life_days",
                                                         "reach_m", "reach_days", "train_days", "iterations")}
        return chosen | ({} if self.covariates is None else {"covariates": self.covariates.shape[1]})

    def _learn(self, history: History) -> FittedSelfExciting:
        state = _State.of(self, history)
        fit = fit_etas(state.pairs, state.start(self), iterations=self.iterations, tolerance=TOLERANCE)
        if not fit.converged:
            raise PredictionError(
                f"{self.name} did not settle within {self.iterations} EM steps (theta {fit.theta:.3f}, sigma "
                f"{fit.sigma_m:.0f} m): allow more iterations, or take a longer history"
            )
        return FittedSelfExciting(model=self, history=history, trained_until=history.until, fit=fit)


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedSelfExciting(Fitted):
    """An ETAS fit with the history that now excites."""

    model: SelfExciting
    fit: EtasFit

    def expected(self, start: float, horizon_days: float) -> FloatArray:
        """Background and triggering over the horizon, later generations at the place of the first."""
        return sum(self.drivers(start, horizon_days).values())

    def drivers(self, start: float, horizon_days: float) -> dict[str, FloatArray]:
        """The expectation from background and from recent events."""
        fit, state = self.fit, self._state
        raster, units = state.raster, self.history.units
        age = start - (state.pairs.t + state.first)
        decay = np.exp2(-age / self.model.background_half_life_days)
        exposure = decayed_exposure(state.pairs.until, self.model.background_half_life_days)
        rate = (decay * self._own).sum() / exposure
        where = self._background_shape(raster, state, decay)
        alive = fit.theta * fit.omega * np.exp(-fit.omega * np.maximum(age, 0))
        excited = raster.smoothed(raster.counted(state.square, alive), fit.sigma_m)
        pace = fit.omega * (1 - min(fit.theta, 0.99))
        growth = -np.expm1(-pace * horizon_days) / pace
        settled = rate / (1 - min(fit.theta, 0.99))
        background = horizon_days * settled + (rate - settled) * growth
        names = ("background", "recent events nearby")
        return dict(zip(names, (background * where, excited * growth), strict=True)) if units.size else {}

    def learned(self) -> dict[str, Any]:
        """Branching ratio, mean lag, spread, and how the fit ended."""
        return {"theta": round(self.fit.theta, 4), "mean_lag_days": round(1 / self.fit.omega, 2),
                "sigma_m": round(self.fit.sigma_m, 1), "em_steps": self.fit.iterations}

    @cached_property
    def _state(self) -> _State:
        return _State.of(self.model, self.history)

    @cached_property
    def _own(self) -> FloatArray:
        """Each event's probability of being background, by one E-step on today's history."""
        if self.history.until == self.trained_until:
            return self.fit.own
        background = self._state.start(self.model)
        for _ in range(2):
            own = self._state.pairs.expect(background.at_events(), self.fit.theta, self.fit.omega,
                                           self.fit.sigma_m**2)[0]
            background = background.updated(own, self._state.pairs.until)
        return own

    def _background_shape(self, raster: Raster, state: _State, decay: FloatArray) -> FloatArray:
        even = ground_share(self.history)
        if isinstance(self.fit.background, EvenBackground):
            return even
        if isinstance(self.fit.background, CovariateBackground):
            rates = self.history.units.area_m2 * np.exp(self.fit.background.design @ self.fit.background.coefficients)
            return rates / rates.sum()
        smooth = raster.smoothed(raster.counted(state.square, decay * self._own), self.model.bandwidth_m)
        return 0.95 * smooth / max(smooth.sum(), 1e-12) + 0.05 * even


@dataclass(frozen=True, eq=False)
class _State:
    """The events within the units, in order of time, with their pairs; `first` is the day of the first."""

    pairs: EtasPairs
    raster: Raster
    square: FloatArray
    unit: FloatArray
    area_m2: float
    first: float

    @classmethod
    def of(cls, model: SelfExciting, history: History) -> _State:
        past = history.target
        recent = (past.unit >= 0) & (past.day >= past.until - model.train_days)
        order = np.flatnonzero(recent)[np.argsort(past.day[recent], kind="stable")]
        if order.size < model.fewest_events:
            raise PredictionError(
                f"{order.size:,} events in the last {model.train_days:g} days, and {model.name} needs "
                f"{model.fewest_events:,}: take a longer history or a wider offense"
            )
        x, y, t = past.x[order], past.y[order], past.day[order]
        pairs = EtasPairs.of(x, y, t, until=past.until, reach_m=model.reach_m, reach_days=model.reach_days)
        raster = Raster.over(history.units)
        return cls(pairs, raster, raster.squares(x, y), past.unit[order], float(history.units.area_m2.sum()),
                   float(t[0]))

    def start(self, model: SelfExciting) -> Background:
        n, rate = self.pairs.t.size, self.pairs.t.size / self.pairs.until
        if model.background == "even":
            return EvenBackground(self.area_m2, n, 0.7 * rate)
        if model.background == "smooth":
            begin = SmoothBackground(self.raster, self.square, model.bandwidth_m, self.area_m2, np.zeros(n), rate)
            return begin.updated(np.full(n, 0.7), self.pairs.until)
        if model.covariates is None or model.background != "covariates":
            raise PredictionError(
                f"background {model.background!r} with{'out' if model.covariates is None else ''} covariates: use "
                "'smooth', 'even', or 'covariates' with an array of one row a unit"
            )
        design = np.column_stack([np.ones(len(model.covariates)), model.covariates])
        level = np.zeros(design.shape[1])
        level[0] = np.log(0.7 * rate / self.area_m2)
        return CovariateBackground(self.unit, design, self.raster.area_m2, level)
