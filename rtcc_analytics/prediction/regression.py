"""Regressions on lagged counts at several scales of space and time: log-linear, and gradient boosting.

The covariates are those of the multi-resolution mixture: past events of each offense, decayed with
several half-lives (the short one carries near repeats), in the unit and around it, as logs of
their density against the even ground. The response is the count of past windows of 28 days. A
level forecast, which knows the season, sets the sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from rtcc_analytics.prediction.contract import Fitted, Model
from rtcc_analytics.prediction.history import FloatArray, History, PredictionError
from rtcc_analytics.prediction.mixing import WINDOW_DAYS, ground_share
from rtcc_analytics.prediction.multi_resolution import EVERYWHERE, MultiResolution, Part, PartSurfaces
from rtcc_analytics.prediction.totals import expected_total

SOFTENING = 0.05
NEWTON_STEPS = 30


@dataclass(frozen=True)
class LogLinear(Model):
    """Poisson or negative binomial regression on lagged counts.

    Attributes
    ----------
    family : "poisson" or "negative_binomial"
        The second lets variance grow with the square of the mean and estimates by how much.
    ridge : float
        Pull of standardised coefficients towards 0.
    windows : int
        Earlier origins learned from.
    """

    family: Literal["poisson", "negative_binomial"] = "poisson"
    ridge: float = 300.0
    windows: int = 13
    name: str = "log-linear regression"
    fewest_events: int = 200

    def _learn(self, history: History) -> FittedRegression:
        lags = Lags.of(history, self.windows)
        centre, spread = lags.covariates.mean(axis=0), lags.covariates.std(axis=0) + 1e-9
        design = np.column_stack([np.ones(len(lags.counts)), (lags.covariates - centre) / spread])
        beta, extra = _newton(design, lags.counts, lags.exposure, self.ridge, self.family == "negative_binomial")

        def rate(covariates: FloatArray) -> FloatArray:
            return np.exp(np.clip(beta[0] + (covariates - centre) / spread @ beta[1:], -30, 20))

        return FittedRegression(model=self, history=history, trained_until=history.until, lags=lags.maker,
                                rate=rate, notes={"variance_beyond_poisson": round(extra, 4)})


@dataclass(frozen=True)
class GradientBoosting(Model):
    """Gradient-boosted trees with Poisson loss (scikit-learn) on lagged counts.

    Attributes
    ----------
    trees, learning_rate, leaves, least_in_leaf
        As in ``sklearn.ensemble.HistGradientBoostingRegressor``; chosen before any board was run.
    windows : int
        Earlier origins learned from.
    seed : int
    """

    trees: int = 80
    learning_rate: float = 0.08
    leaves: int = 8
    least_in_leaf: int = 200
    windows: int = 6
    seed: int = 0
    name: str = "gradient boosting"
    fewest_events: int = 500

    def _learn(self, history: History) -> FittedRegression:
        from sklearn.ensemble import HistGradientBoostingRegressor
        from threadpoolctl import threadpool_limits

        lags = Lags.of(history, self.windows)
        if len(lags.counts) < 4 * self.least_in_leaf:
            raise PredictionError(f"{len(lags.counts):,} units and windows are too few for trees: use another model")
        trees = HistGradientBoostingRegressor(
            loss="poisson", max_iter=self.trees, learning_rate=self.learning_rate, max_leaf_nodes=self.leaves,
            min_samples_leaf=self.least_in_leaf, l2_regularization=5.0, random_state=self.seed, early_stopping=False)
        # One thread: a board runs origins side by side, and waiting threads would take their cores.
        with threadpool_limits(1, user_api="openmp"):
            trees.fit(lags.covariates, lags.counts / lags.exposure, sample_weight=lags.exposure)
        return FittedRegression(model=self, history=history, trained_until=history.until, lags=lags.maker,
                                rate=trees.predict, notes={})


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedRegression(Fitted):
    """A rate as a function of lagged counts."""

    lags: LagMaker
    rate: Any
    notes: dict[str, Any]

    def expected(self, start: float, horizon_days: float) -> FloatArray:
        """The level forecast, laid out by the regression."""
        shape = self.rate(self.lags.covariates(self.history)) * ground_share(self.history)
        return expected_total(self.history, start, horizon_days) * shape / shape.sum()

    def learned(self) -> dict[str, Any]:
        """What the fit says of itself."""
        return dict(self.notes)


@dataclass(frozen=True, eq=False)
class LagMaker:
    """How covariates are made from a history."""

    surfaces: PartSurfaces
    parts: tuple[Part, ...]

    def covariates(self, history: History) -> FloatArray:
        """Log density against the even ground, a little softened; shape (units, parts)."""
        shares = self.surfaces.separate(history, self.parts) / ground_share(history)[:, None]
        return np.log(shares + SOFTENING)


@dataclass(frozen=True, eq=False)
class Lags:
    """Covariates of past windows with what then happened.

    Attributes
    ----------
    covariates : array of float, shape (windows * units, parts)
    counts, exposure : array of float, shape (windows * units,)
        Exposure is ground against the mean unit's.
    """

    maker: LagMaker
    covariates: FloatArray
    counts: FloatArray
    exposure: FloatArray

    @classmethod
    def of(cls, history: History, windows: int) -> Lags:
        """The latest settled windows of 28 days.

        Raises
        ------
        PredictionError
            Where the history leaves none.
        """
        starts = history.windows_to_learn_on(WINDOW_DAYS, most=windows, what="a regression")
        parts = tuple(part for part in MultiResolution().parts(len(history.kinds), history.units) if part != EVERYWHERE)
        maker = LagMaker(PartSurfaces.over(history.units, {part[2] for part in parts}), parts)
        covariates = np.concatenate([maker.covariates(history.known_at(start)) for start in starts])
        counts = np.concatenate([history.counted(start, start + WINDOW_DAYS) for start in starts])
        exposure = np.tile(ground_share(history) * history.units.size, len(starts))
        return cls(maker, covariates, counts, exposure)


def _newton(
    design: FloatArray, counts: FloatArray, exposure: FloatArray, ridge: float, negative_binomial: bool
) -> tuple[FloatArray, float]:
    """Coefficients of a log-linear regression, and the negative binomial's extra variance (0 for Poisson).

    A step that makes the counts less likely is halved until it does not: few events on many cells have covariates with
    tails so long that a whole step overshoots beyond return.
    """

    def likelihood(beta: FloatArray, extra: float) -> float:
        linear = np.clip(design @ beta, -30, 20)
        mean = exposure * np.exp(linear)
        beyond = np.log1p(extra * mean)
        expected = beyond.sum() / extra if extra else mean.sum()
        return float(counts @ (linear - beyond) - expected - beta @ pull @ beta / 2)

    beta, extra = np.zeros(design.shape[1]), 0.0
    beta[0] = np.log(max(counts.sum() / exposure.sum(), 1e-9))
    pull = np.eye(len(beta)) * ridge
    pull[0, 0] = 0.0
    for _ in range(NEWTON_STEPS):
        mean = exposure * np.exp(np.clip(design @ beta, -30, 20))
        if negative_binomial:
            extra = float(max(((counts - mean) ** 2 - mean).sum() / (mean**2).sum(), 0.0))
        weight = 1 / (1 + extra * mean)
        gradient = design.T @ (weight * (counts - mean)) - pull @ beta
        step = np.linalg.solve((design * (weight * mean)[:, None]).T @ design + pull, gradient)
        if np.abs(step).max() < 1e-6:
            return beta + step, extra
        least = likelihood(beta, extra)
        least -= 1e-9 * abs(least)
        parts = (step / 2**halvings for halvings in range(NEWTON_STEPS))
        beta = beta + next((part for part in parts if likelihood(beta + part, extra) >= least), 0.0)
    raise PredictionError(f"the regression did not settle within {NEWTON_STEPS} steps: raise its ridge")
