"""Emerging hot spots: a hot-spot test in every period, and what the sequence of answers means.

Each unit gets Gi* in each period and a Mann-Kendall trend over its z-scores; the class names are the ones
users of Esri's Emerging Hot Spot Analysis know. Esri's neighbourhoods also reach one step back in time; here a
period is tested by itself, so that a class never rests on a neighbouring period's events.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from rtcc_analytics.hotspots.local import Correction, LocalStatisticError, Neighbours, gi_star
from rtcc_analytics.units import SpatialUnits

MOST_OF_THE_TIME = 0.9
LEAST_PERIODS = 10
LEAST_OF_A_TREND = 3

MEANINGS = {
    "new": "hot in the last period and never before",
    "consecutive": "one unbroken run of at least two hot periods up to the last, never hot before it",
    "intensifying": "hot in 90 % of periods and in the last, rising",
    "persistent": "hot in 90 % of periods, no trend",
    "diminishing": "hot in 90 % of periods and in the last, falling",
    "sporadic": "hot in the last period, on and off before, never cold",
    "oscillating": "hot in the last period, cold in some earlier one",
    "historical": "hot in 90 % of periods but not in the last",
}


@dataclass(frozen=True)
class EmergingHotSpots:
    """A class for each unit, with the evidence.

    Attributes
    ----------
    kind : ndarray of str, shape (units,)
        ``"<class> hot"``, ``"<class> cold"`` or ``""`` for no pattern; `MEANINGS` says what a class means.
    z : ndarray, shape (periods, units)
        Gi* of each period.
    state : ndarray of int8, shape (periods, units)
        1 hot, -1 cold, 0 neither, after false-discovery control within the period.
    trend_z, trend_p : ndarray, shape (units,)
        Mann-Kendall over the z-scores, two-sided, corrected for ties.
    warnings : tuple of str
    """

    kind: NDArray[np.object_]
    z: NDArray[np.float64]
    state: NDArray[np.int8]
    trend_z: NDArray[np.float64]
    trend_p: NDArray[np.float64]
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a unit: kind, hot_periods, cold_periods, last_z, trend_z, trend_p."""
        return pd.DataFrame(
            {
                "unit": np.arange(len(self.kind)),
                "kind": self.kind,
                "hot_periods": (self.state == 1).sum(axis=0),
                "cold_periods": (self.state == -1).sum(axis=0),
                "last_z": self.z[-1],
                "trend_z": self.trend_z,
                "trend_p": self.trend_p,
            }
        )


def emerging(
    counts: ArrayLike,
    units: SpatialUnits | Neighbours,
    *,
    correction: Correction = "benjamini-hochberg",
    alpha: float = 0.05,
) -> EmergingHotSpots:
    """Classify each unit by its hot and cold periods and their trend.

    Parameters
    ----------
    counts : array_like, shape (periods, units)
        Events in each equal period, the oldest first; at least 10 periods, else the trend test has no power.
    units : SpatialUnits or (indptr, indices)
        Whose neighbours count.
    correction, alpha
        For Gi* within each period (see `gi_star`); `alpha` also for the trend, without correction.

    Returns
    -------
    EmergingHotSpots

    Raises
    ------
    LocalStatisticError
        Fewer than 10 periods, a shape that does not fit, missing values.

    Examples
    --------
    >>> ring = np.arange(0, 202, 2), np.array([[(i - 1) % 100, (i + 1) % 100] for i in range(100)]).ravel()
    >>> counts = np.random.default_rng(1).poisson(3, (12, 100)).astype(float)
    >>> counts[-1, 20] += 60
    >>> emerging(counts, ring).kind[20]
    'new hot'
    """
    table = np.asarray(counts, dtype=float)
    if table.ndim != 2 or table.shape[0] < LEAST_PERIODS:
        raise LocalStatisticError(
            f"counts have shape {table.shape}; give (periods, units) with at least {LEAST_PERIODS} periods"
        )
    z = np.zeros(table.shape)
    state = np.zeros(table.shape, dtype=np.int8)
    warnings: dict[str, None] = {}
    for period, row in enumerate(table):
        if row.min() == row.max():
            warnings[f"period {period + 1} has the same count everywhere; it says nothing about hot or cold"] = None
            continue
        result = gi_star(row, units, correction=correction, alpha=alpha)
        z[period] = result.values
        state[period] = np.where(result.significant, np.sign(result.values), 0)
    if not (state == -1).any():
        warnings["no unit was significantly cold in any period; counts this small seldom allow it"] = None
    trend_z, trend_p = mann_kendall(z)
    hot = _classes(state == 1, state == -1, trend_z, trend_p, alpha)
    cold = _classes(state == -1, state == 1, -trend_z, trend_p, alpha)
    kind = np.where(hot != "", hot + " hot", np.where(cold != "", cold + " cold", "")).astype(object)
    return EmergingHotSpots(kind, z, state, trend_z, trend_p, tuple(warnings))


def mann_kendall(series: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mann-Kendall's test of a monotone trend, down the columns.

    Parameters
    ----------
    series : array_like, shape (periods, ...)
        Oldest first.

    Returns
    -------
    (z, p) : ndarrays of the remaining shape
        z with continuity correction and the variance corrected for ties; p two-sided. Successive values are
        taken as independent; positive autocorrelation makes p too small.

    Raises
    ------
    LocalStatisticError
        Fewer than three periods, or a value that is missing or not finite.

    Examples
    --------
    >>> z, p = mann_kendall([1, 2, 3, 5, 8, 13, 21, 34])
    >>> round(float(z), 3), round(float(p), 5)
    (3.34, 0.00084)

    Notes
    -----
    Mann, H. B. (1945). Econometrica 13, 245-259; Kendall, M. G. (1975). Rank correlation methods.
    """
    x = np.asarray(series, dtype=float)
    n = len(x) if x.ndim else 0
    if n < LEAST_OF_A_TREND:
        raise LocalStatisticError(f"{n} periods; a trend needs at least {LEAST_OF_A_TREND}")
    if bad := int((~np.isfinite(x)).sum()):
        raise LocalStatisticError(f"{bad} of {x.size} values are missing or not finite; leave their periods out")
    s = sum(np.sign(x[later] - x[:later]).sum(axis=0) for later in range(1, n))
    same = (x[:, None] == x[None]).sum(axis=1)
    # Each member of a tied group of t adds (t - 1)(2t + 5), so a whole group adds t (t - 1)(2t + 5).
    ties = ((same - 1) * (2 * same + 5)).sum(axis=0)
    variance = (n * (n - 1) * (2 * n + 5) - ties) / 18
    z = np.divide(s - np.sign(s), np.sqrt(variance), out=np.zeros(np.shape(s)), where=variance > 0)
    return z, 2 * stats.norm.sf(np.abs(z))


def _classes(
    hot: NDArray[np.bool_], cold: NDArray[np.bool_], trend: NDArray, p: NDArray, alpha: float
) -> NDArray[np.object_]:
    """Class of each unit as hot; called with hot and cold exchanged for the cold classes."""
    share, last = hot.mean(axis=0), hot[-1]
    mostly = share >= MOST_OF_THE_TIME
    run = np.cumprod(hot[::-1], axis=0).sum(axis=0)
    one_run = last & (hot.sum(axis=0) == run)
    rising, falling = (p <= alpha) & (trend > 0), (p <= alpha) & (trend < 0)
    return np.select(
        [
            one_run & (run == 1),
            one_run & (run >= 2) & ~mostly,
            mostly & last & rising,
            mostly & last & falling,
            mostly & ~last,
            mostly,
            last & cold.any(axis=0),
            last,
        ],
        ["new", "consecutive", "intensifying", "diminishing", "historical", "persistent", "oscillating", "sporadic"],
        default="",
    ).astype(object)
