"""Time on a circle, and chance: circular statistics of hours, and Naus' scan statistic for a burst.

`circular_summary` gives the mean hour, how tightly events hold to it, and Rayleigh's test. `scan_statistic` gives the
chance that some window would hold so many events although nothing is going on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from rtcc_analytics.temporal.poisson import PeriodError


@dataclass(frozen=True)
class CircularSummary:
    """Events on a circle: hours of a day, days of a week.

    Attributes
    ----------
    size : float
        Sum of weights.
    period : float
        Length of the circle in the unit given, e.g. 24.
    mean : float
        Circular mean, from 0 up to `period`: the mean of 23 and 1 o'clock is 0, not 12.
    resultant : float
        Mean resultant length, 0-1: 0 spread evenly or in opposite clumps, 1 all at one time.
    spread : float
        Circular standard deviation in the unit given.
    p_value : float
        Rayleigh's test against an even spread. It sees one clump; two opposite ones look even to it.
    """

    size: float
    period: float
    mean: float
    resultant: float
    spread: float
    p_value: float

    def to_frame(self) -> pd.DataFrame:
        """One row with every figure."""
        return pd.DataFrame([self.__dict__])


@dataclass(frozen=True)
class ScanStatistic:
    """Chance of a burst somewhere in a span, by Naus' approximation.

    Attributes
    ----------
    windows : float
        Span divided by window.
    expected : float
        Events expected in one window.
    most : int
        Events in the fullest window.
    p_value : float
        Approximate chance that some window of that length would hold at least so many.
    """

    windows: float
    expected: float
    most: int
    p_value: float

    def to_frame(self) -> pd.DataFrame:
        """One row with every figure."""
        return pd.DataFrame([self.__dict__])


def circular_summary(times: ArrayLike, *, period: float = 24.0, weights: ArrayLike | None = None) -> CircularSummary:
    """Mean and spread of times on a circle.

    Parameters
    ----------
    times : array_like, shape (n,)
        Hours of the day (any number; taken modulo `period`).
    period : float
        Length of the circle: 24 hours, 168 hours, 7 days.
    weights : array_like, shape (n,), optional
        For instance aoristic weights of `times` 0.5, 1.5 ... Rayleigh's test takes their sum as the sample's
        size, which is exact for whole events only.

    Raises
    ------
    PeriodError
        No times, missing ones, a period or weights that are not positive.

    Examples
    --------
    >>> summary = circular_summary([22, 23, 0, 1, 2])
    >>> summary.mean, round(summary.resultant, 2)
    (0.0, 0.93)

    Notes
    -----
    Mardia, K. V. and Jupp, P. E. (2000). Directional statistics. Rayleigh's p with Wilkie's (1983) approximation.
    Brunsdon, C. and Corcoran, J. (2006). Using circular statistics to analyse time patterns in crime incidence.
    """
    t = np.asarray(times, dtype=float).ravel()
    w = np.ones(t.size) if weights is None else np.asarray(weights, dtype=float).ravel()
    if not t.size or not np.isfinite(t).all():
        raise PeriodError(
            f"{int((~np.isfinite(t)).sum())} of {t.size} times are missing; at least one is needed, and no gaps"
        )
    if not period > 0 or w.shape != t.shape or not (w >= 0).all() or not w.sum() > 0:
        raise PeriodError(f"period {period:g} and {w.size} weights for {t.size} times; both must be positive and fit")
    total = w.sum()
    vector = (w * np.exp(2j * np.pi * t / period)).sum() / total
    resultant = min(1.0, abs(vector))
    mean = round(float(np.angle(vector) % (2 * np.pi) * period / (2 * np.pi)), 9) % period
    spread = float(np.sqrt(-2 * np.log(resultant)) * period / (2 * np.pi)) if resultant > 0 else float("inf")
    # Wilkie: accurate to three decimals from five events on.
    p = np.exp(np.sqrt(1 + 4 * total + 4 * (total**2 - (resultant * total) ** 2)) - (1 + 2 * total))
    return CircularSummary(float(total), float(period), mean, float(resultant), spread, float(min(1.0, p)))


def scan_statistic(
    *, windows: float, expected: float, most: int, compat: Literal["ptools"] | None = None, window_length: int = 2
) -> ScanStatistic:
    """How surprising is the fullest window, given how many there were to look at?

    Parameters
    ----------
    windows : float
        Span divided by window: 260 for a window of one week in five years. At least 2.
    expected : float
        Events expected in one window, at a constant rate.
    most : int
        Events in the fullest window of that length, wherever it starts. At least 1.
    compat : "ptools", optional
        Reproduce the R package ptools, and crimepy after it. They depart from Naus twice: the power is the number
        of windows less `window_length` where Naus has 2, and the last sum of Q3 stops one term early, so that Q3
        is too large (0.6636 for three events at one expected, where counting every order of events gives 0.6625).
    window_length : int
        Only for ``compat``: length of a window in the time units counted, ptools' second argument.

    Raises
    ------
    PeriodError
        Fewer than two windows, a rate that is not positive, no event.

    Examples
    --------
    >>> round(scan_statistic(windows=208, expected=0.6, most=6).p_value, 4)
    0.039

    Notes
    -----
    P = 1 - Q2 (Q3 / Q2)^(L - 2), with exact Q2 and Q3. Naus, J. I. (1982). Approximations for distributions of scan
    statistics. Journal of the American Statistical Association 77, 177-183.
    """
    if windows < 2 or not expected > 0 or most < 1 or int(most) != most:
        raise PeriodError(
            f"windows {windows:g}, expected {expected:g}, most {most:g}: give at least 2 windows, a positive rate, and "
            "a whole number of events from 1"
        )
    q2, q3, power = _q2(int(most), expected), _q3(int(most), expected), windows - 2
    if compat == "ptools":
        q3, power = q3 + _last_term(int(most), expected), windows - window_length
    p = 1 - q2 * (q3 / q2) ** power
    return ScanStatistic(float(windows), float(expected), int(most), float(np.clip(p, 0.0, 1.0)))


def _q2(k: int, mean: float) -> float:
    below, at = stats.poisson.cdf, stats.poisson.pmf
    return float(
        below(k - 1, mean) ** 2
        - (k - 1) * at(k, mean) * at(k - 2, mean)
        - (k - 1 - mean) * at(k, mean) * below(k - 3, mean)
    )


def _q3(k: int, mean: float) -> float:
    below, at = stats.poisson.cdf, stats.poisson.pmf
    one, two, three, four, five = (float(below(k - n, mean)) for n in range(1, 6))
    first = 2 * at(k, mean) * one * ((k - 1) * two - mean * three)
    second = 0.5 * at(k, mean) ** 2 * ((k - 1) * (k - 2) * three - 2 * (k - 2) * mean * four + mean**2 * five)
    r = np.arange(1, k)
    third = (at(2 * k - r, mean) * below(r - 1, mean) ** 2).sum()
    fourth = sum(_term(k, n, mean) for n in range(2, k))
    return float(one**3 - first + second + third - fourth)


def _term(k: int, r: int, mean: float) -> float:
    below, at = stats.poisson.cdf, stats.poisson.pmf
    return float(at(2 * k - r, mean) * at(r, mean) * ((r - 1) * below(r - 2, mean) - mean * below(r - 3, mean)))


def _last_term(k: int, mean: float) -> float:
    return _term(k, k - 1, mean) if k > 2 else 0.0
