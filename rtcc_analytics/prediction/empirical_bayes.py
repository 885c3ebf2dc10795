"""A place's own count, shrunk towards what its surroundings and other offenses say of it.

A mixture adds the own count with the same share everywhere. Here the share follows from how much is known: where
the surroundings lead one to expect much, the own count has been tested often and stands nearly alone; where
little is expected, one event moves little. That is the posterior mean of a gamma-Poisson model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rtcc_analytics.prediction.contract import Model
from rtcc_analytics.prediction.history import FloatArray, History
from rtcc_analytics.prediction.mixing import WINDOW_DAYS, decay, learned_contrast, mixture_weights, sharpened
from rtcc_analytics.prediction.multi_resolution import EVERYWHERE, FittedMixture, MultiResolution, PartSurfaces
from rtcc_analytics.prediction.totals import expected_total

EVEN_PSEUDO_EVENTS = 1.0


@dataclass(frozen=True)
class EmpiricalBayes(Model):
    """Gamma-Poisson shrinkage of decayed counts towards a multi-resolution mixture of the surroundings.

    Attributes
    ----------
    surroundings : MultiResolution
        Its components; the unit's own count at distance 0 is best left out of it.
    half_lives_days : tuple of float
        Tried for the own count.
    shapes : tuple of float
        Tried for the gamma prior: the larger, the more the surroundings are believed.
    windows : int
        Earlier origins, four weeks apart, on which everything is learned.

    Notes
    -----
    With m the decayed count that the surroundings lead one to expect, n the one found and shape α, a unit
    gets m (α + n) / (α + m). Clayton and Kaldor (1987), *Biometrics* 43, 671-681; Marshall (1991), *Journal of
    the Royal Statistical Society C* 40, 283-294.
    """

    surroundings: MultiResolution = MultiResolution(distances_m=(150.0, 400.0, 1200.0))
    half_lives_days: tuple[float, ...] = (730.0, 1460.0)
    shapes: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
    windows: int = 8
    name: str = "empirical Bayes"
    fewest_events: int = 100

    def _learn(self, history: History) -> FittedBayes:
        starts = history.windows_to_learn_on(WINDOW_DAYS, most=self.windows, what=self.name)
        parts = self.surroundings.parts(len(history.kinds), history.units)
        surfaces = PartSurfaces.over(history.units, {part[2] for part in parts if part != EVERYWHERE})
        past = [history.known_at(start) for start in starts]
        observed = [history.counted(start, start + WINDOW_DAYS) for start in starts]
        separate = [surfaces.separate(known, parts) for known in past]
        weights = mixture_weights(separate, observed, prior=np.full(len(parts), EVEN_PSEUDO_EVENTS))
        priors = [surface @ weights for surface in separate]
        half_life, shape, made = self._likeliest(past, priors, observed)
        return FittedBayes(model=self, history=history, trained_until=history.until, surfaces=surfaces, parts=parts,
                           weights=weights, half_life_days=half_life, shape=shape,
                           contrast=learned_contrast(made, observed))

    def _likeliest(
        self, past: Sequence[History], priors: Sequence[FloatArray], observed: Sequence[FloatArray]
    ) -> tuple[float, float, list[FloatArray]]:
        """Half-life and shape under which past windows were likeliest, and the shares they give."""
        from scipy.special import xlogy

        best: tuple[float, float, float, list[FloatArray]] | None = None
        for half_life in self.half_lives_days:
            counts = [decayed_events(known, half_life) for known in past]
            for shape in self.shapes:
                made = [sum(posterior(held, prior, shape)) for held, prior in zip(counts, priors, strict=True)]
                likelihood = sum(float(xlogy(held, share / share.sum()).sum())
                                 for held, share in zip(observed, made, strict=True))
                if best is None or likelihood > best[0]:
                    best = likelihood, half_life, shape, made
        return best[1:]


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedBayes(FittedMixture):
    """A mixture of the surroundings, and how far a unit's own count departs from it.

    Attributes
    ----------
    half_life_days : float
        Of the own count.
    shape : float
        Of the gamma prior.
    """

    half_life_days: float
    shape: float

    def expected(self, start: float, horizon_days: float) -> FloatArray:
        """The level forecast, laid out by the posterior means."""
        return self._scaled(sum(self._posterior()), start, horizon_days)

    def learned(self) -> dict[str, Any]:
        """Half-life and shape, and the shares of the surroundings."""
        return {"half_life_days": self.half_life_days, "shape": self.shape, **super().learned()}

    def drivers(self, start: float, horizon_days: float) -> dict[str, FloatArray]:
        """The expectation by driver: the unit's own past, and each part of what its surroundings say."""
        own, prior = self._posterior()
        whole = own + prior
        scale = self._scaled(whole, start, horizon_days) / np.maximum(whole, 1e-300)
        surfaces = self.surfaces.separate(self.history, self.parts) * self.weights
        part = prior * scale / np.maximum(surfaces.sum(axis=1), 1e-300)
        sums = {f"{self.history.kinds[0]} here, over the years": own * scale}
        for named, column in zip(map(self._driver, self.parts), surfaces.T, strict=True):
            sums[named] = sums.get(named, 0.0) + column * part
        return sums

    def _posterior(self) -> tuple[FloatArray, FloatArray]:
        mixed = self.surfaces.mixed(self.history, self.parts, self.weights)
        return posterior(decayed_events(self.history, self.half_life_days), mixed, self.shape)

    def _scaled(self, shares: FloatArray, start: float, horizon_days: float) -> FloatArray:
        shape = sharpened(shares, self.history.units.area_m2, self.contrast)
        return expected_total(self.history, start, horizon_days) * shape / shape.sum()


def decayed_events(history: History, half_life_days: float) -> FloatArray:
    """Decayed number of events in each unit at the origin; companions left out. Shape (size,)."""
    past = history.target
    inside = past.unit >= 0
    return np.bincount(past.unit[inside], weights=decay(past, half_life_days)[inside], minlength=past.units.size)


def posterior(counts: FloatArray, prior: FloatArray, shape: float) -> tuple[FloatArray, FloatArray]:
    """Posterior mean of each unit's expected count: what its own count adds, and what is left of the prior.

    Parameters
    ----------
    counts : array of float, shape (n,)
    prior : array of float, shape (n,)
        Shares of the units.
    shape : float
        Of the gamma prior, whose mean is the unit's share of all counts.

    Examples
    --------
    >>> own, rest = posterior(np.array([8.0, 0.0]), np.array([0.5, 0.5]), 4.0)
    >>> (own + rest).tolist()                # 8 and 0, shrunk half-way to 4
    [6.0, 2.0]
    """
    mean = prior / max(prior.sum(), 1e-300) * counts.sum()
    return mean * counts / (shape + mean), mean * shape / (shape + mean)
