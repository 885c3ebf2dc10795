"""Weights of a sum of Poisson surfaces by maximum likelihood, and the decays the surfaces are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rtcc_analytics.prediction.history import FloatArray, History

ROUNDS = 200
SETTLED = 1e-6


def decayed_exposure(days: FloatArray | float, half_life_days: float) -> FloatArray | float:
    """Days a decayed count stands for: the integral of 2^(-age / half-life) over ages 0 to `days`.

    Examples
    --------
    >>> decayed_exposure(100.0, np.inf)
    100.0
    >>> round(float(decayed_exposure(1e9, 100.0)), 3)      # 100 / ln 2
    144.27
    """
    if np.isinf(half_life_days):
        return days
    pace = np.log(2) / half_life_days
    return -np.expm1(-pace * days) / pace


def decay(history: History, half_life_days: float) -> FloatArray:
    """Weight of each event at the origin: its own, halved with every half-life of age; shape (n,)."""
    if np.isinf(half_life_days):
        return history.weight
    return history.weight * np.exp2(-(history.until - history.day) / half_life_days)


def decayed_counts(history: History, half_life_days: float) -> FloatArray:
    """Events per day in each unit, decayed; companions left out. Shape (size,)."""
    past = history.target
    inside = past.unit >= 0
    held = np.bincount(past.unit[inside], weights=decay(past, half_life_days)[inside], minlength=past.units.size)
    return held / decayed_exposure(past.days, half_life_days)


def ground_share(history: History) -> FloatArray:
    """Each unit's share of the ground; shape (size,), adds up to 1."""
    area = history.units.area_m2
    return area / area.sum()


def mixture_weights(
    surfaces: Sequence[FloatArray], observed: Sequence[FloatArray], *, prior: FloatArray | None = None
) -> FloatArray:
    """Shares, adding up to 1, with which surfaces best explain where events then fell.

    Maximum likelihood of a multinomial mixture by EM, over several windows; with `prior` the
    posterior mode under pseudo-events (Dirichlet), which keeps few events from deciding.

    Parameters
    ----------
    surfaces : sequence of array, each of shape (units, k)
        For each window; every column adds up to 1 (or less, if part lies outside the units).
    observed : sequence of array, each of shape (units,)
        Events that then fell in each unit.
    prior : array, shape (k,), optional
        Pseudo-events for each surface.

    Returns
    -------
    array of float, shape (k,)

    Notes
    -----
    Dempster, Laird and Rubin (1977), *Journal of the Royal Statistical Society B* 39, 1-38.

    Examples
    --------
    >>> surface = np.array([[0.5, 0.25], [0.5, 0.75]])
    >>> mixture_weights([surface], [np.array([50.0, 50.0])]).round(1).tolist()
    [1.0, 0.0]
    """
    hit = [counts > 0 for counts in observed]
    values = np.concatenate([surface[rows] for surface, rows in zip(surfaces, hit, strict=True)])
    counts = np.concatenate([held[rows] for held, rows in zip(observed, hit, strict=True)])
    explained = values.max(axis=1) > 0
    values, counts = values[explained], counts[explained]
    size = surfaces[0].shape[1]
    pseudo = np.zeros(size) if prior is None else prior
    weights = np.full(size, 1 / size)
    if not counts.sum() + pseudo.sum():
        return weights
    for _ in range(ROUNDS):
        blamed = weights * (values.T @ (counts / (values @ weights))) + pseudo
        new = blamed / blamed.sum()
        if np.abs(new - weights).max() < SETTLED:
            return new
        weights = new
    return weights


def log_likelihood(expected: FloatArray, observed: FloatArray) -> float:
    """Poisson log likelihood of counts given what was expected, without the term that no model changes."""
    from scipy.special import xlogy

    return float(xlogy(observed, expected).sum() - expected.sum())
