"""Is one forecast better than another? Pairs event by event, bootstrapped, with many comparisons allowed for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
DRAWS = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class PairedGain:
    """Mean gain an event with its interval.

    Attributes
    ----------
    gain, low, high : float
        95 % event-bootstrap interval.
    standard_error : float
    p_value : float
        Two-sided, from gain over standard error.
    events : float
    """

    gain: float
    low: float
    high: float
    standard_error: float
    p_value: float
    events: float


def paired_gain(differences: ArrayLike, *, weights: ArrayLike | None = None, seed: int = 0) -> PairedGain:
    """The mean of differences, event by event, between two forecasts of the same events.

    Parameters
    ----------
    differences : array_like, shape (n,)
        For a hit rate: how much of the event's unit the one flags, less how much the other does.
    weights : array_like, optional
        Of each event.
    seed : int
        Of the bootstrap, which draws events with replacement.

    Examples
    --------
    >>> found = paired_gain([1.0] * 30 + [-1.0] * 10 + [0.0] * 60)
    >>> round(found.gain, 2), found.low > 0
    (0.2, True)
    """
    from scipy.special import erfc

    difference = np.round(np.asarray(differences, dtype=float), 6)
    weight = np.ones_like(difference) if weights is None else np.asarray(weights, dtype=float)
    n = float(weight.sum())
    if difference.size < 2 or n <= 0:
        return PairedGain(float("nan"), float("nan"), float("nan"), float("nan"), 1.0, n)
    rng = np.random.default_rng(seed)
    values, place = np.unique(difference, return_inverse=True)
    if values.size <= 2000:
        held = np.bincount(place, weights=weight)
        means = rng.multinomial(int(round(n)), held / n, size=DRAWS) @ values / round(n)
    else:
        means = np.array([
            np.average(difference[at], weights=weight[at])
            for at in (rng.integers(0, difference.size, difference.size) for _ in range(DRAWS // 4))
        ])
    gain, error = float(np.average(difference, weights=weight)), float(means.std())
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    p_value = float(erfc(abs(gain) / error / np.sqrt(2))) if error > 0 else 1.0
    return PairedGain(gain, float(low), float(high), error, p_value, n)


def benjamini_hochberg(p_values: ArrayLike) -> FloatArray:
    """Adjusted p-values: calling those below 0.05 real keeps false ones to 5 % of what is called.

    Notes
    -----
    Benjamini and Hochberg (1995), *Journal of the Royal Statistical Society B* 57, 289-300.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03, 0.5]).round(3).tolist()
    [0.04, 0.053, 0.053, 0.5]
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p)
    scaled = p[order] * p.size / np.arange(1, p.size + 1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted
