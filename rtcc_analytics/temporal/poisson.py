"""Is one count really higher than another? The e-test, its interval, and many comparisons at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, ndtri, pdtr, pdtrc, xlogy
from scipy.stats import false_discovery_control

from data_connectors.errors import RtccError

FloatArray = NDArray[np.float64]
Variant = Literal["wald", "score"]

VARIANTS: dict[str, str] = {
    "score": "e-test, score statistic (pooled variance)",
    "wald": "e-test, Wald statistic (Krishnamoorthy and Thomson 2004)",
    "ptools": "e-test as ptools and crimepy have it",
}
_TAIL = 1e-16
_TIE = 1e-9


class PeriodError(RtccError):
    """A comparison in time that cannot be made."""


@dataclass(frozen=True, eq=False)
class PoissonComparison:
    """Counts against what a baseline leads one to expect; arrays of one shape.

    Attributes
    ----------
    current, baseline : array of float
        The counts compared.
    expected : array of float
        The baseline scaled to the current exposure.
    difference : array of float
        ``current - expected``, events.
    low, high : array of float
        Interval for the difference at `level`.
    p_value : array of float
        Two-sided; NaN where a count is.
    level : float
        Of the interval, 0-1.
    variant : str
        Which test, in words.
    """

    current: FloatArray
    baseline: FloatArray
    expected: FloatArray
    difference: FloatArray
    low: FloatArray
    high: FloatArray
    p_value: FloatArray
    level: float
    variant: str

    def to_frame(self) -> pd.DataFrame:
        """One row per comparison: current, baseline, expected, difference, low, high, p_value."""
        names = ("current", "baseline", "expected", "difference", "low", "high", "p_value")
        return pd.DataFrame({name: np.ravel(getattr(self, name)) for name in names})


def poisson_compare(
    current: ArrayLike,
    baseline: ArrayLike,
    *,
    exposure_current: ArrayLike = 1.0,
    exposure_baseline: ArrayLike = 1.0,
    variant: Variant = "wald",
    null_difference: float = 0.0,
    level: float = 0.95,
    compat: Literal["ptools"] | None = None,
) -> PoissonComparison:
    """Compare counts with a baseline counted over another exposure, both taken as Poisson.

    Parameters
    ----------
    current, baseline : array_like of counts
        Whole numbers, zero or more; NaN for not available. Shapes broadcast.
    exposure_current, exposure_baseline : array_like of float
        Days, years, or patrol hours over which each was counted: a sum over 3 years is baseline
        with exposure 3, not a mean taken as known.
    variant : "wald" or "score"
        Wald is the statistic of Krishnamoorthy and Thomson; score pools the variance. They agree when
        exposures are equal. With unequal ones Wald hardly sees a rise at small counts, because an
        empty current period seems to it more extreme than any full one: 8 events in one week against
        6 in that week of five earlier years have p = 0.096 by Wald, 0.0003 by score, and 0.0007 by
        the exact conditional test. Take score against a longer baseline, as `compare_periods` does.
    null_difference : float
        Difference of the two rates (events per unit of exposure, current less baseline) to test against.
    level : float
        Of the interval for the difference.
    compat : "ptools", optional
        The p-value of the R package ptools, and of crimepy after it. They cite the paper but pool the variance;
        leave out the outcome 0 and 0; and with a `null_difference` take the variance of what was seen from
        another mean than that of what could be seen. (15, 5, difference 5) has p = 0.2018 there, 0.2727 by the paper.

    Returns
    -------
    PoissonComparison

    Raises
    ------
    PeriodError
        Where a count is negative or not whole, an exposure is not positive, or the counts leave no rate under
        the null difference.

    Notes
    -----
    The p-value is summed over the whole joint distribution (tails below 1e-16 left out), not
    approximated, whatever the size of the counts. The interval is by variance recovery from the
    score limits of each count, k + z²/2 ± z sqrt(k + z²/4), which is sound at zero. Real
    crime counts vary more than Poisson counts do (a series, a party), so both lean towards alarm.

    References
    ----------
    Krishnamoorthy and Thomson, "A more powerful test for comparing two Poisson means", *Journal of
    Statistical Planning and Inference* 119 (2004). Gu, Ng, Tang and Schucany, "Testing the ratio of two
    Poisson rates", *Biometrical Journal* 50 (2008), for the score statistic. Zou and Donner, "Construction
    of confidence limits about effect measures", *Statistics in Medicine* 27 (2008).

    Examples
    --------
    >>> result = poisson_compare([20, 3], [10, 3])
    >>> result.difference.tolist(), result.p_value.round(4).tolist()
    ([10.0, 0.0], [0.0688, 1.0])
    """
    if variant not in ("wald", "score"):
        raise PeriodError(f"unknown variant {variant!r}; use one of wald, score")
    if compat not in (None, "ptools"):
        raise PeriodError(f"compat {compat!r} is not known; leave it out, or use 'ptools'")
    arrays = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (
        current, baseline, exposure_current, exposure_baseline)))
    k1, k2, n1, n2 = arrays
    _require_counts(k1, k2)
    if not ((n1 > 0) & (n2 > 0)).all():
        raise PeriodError(f"exposures must be positive; seen {min(n1.min(), n2.min()):g}")
    ratio = n1 / n2
    p = [
        _p_value(*values, null_difference, variant, compat)
        for values in zip(*(a.ravel().tolist() for a in arrays), strict=True)
    ]
    z = float(ndtri((1 + level) / 2))
    (low1, high1), (low2, high2) = _score_limits(k1, z), _score_limits(k2, z)
    difference = k1 - k2 * ratio
    low = difference - np.hypot(k1 - low1, ratio * (high2 - k2))
    high = difference + np.hypot(high1 - k1, ratio * (k2 - low2))
    p_value = np.array(p, dtype=float).reshape(k1.shape)
    words = VARIANTS[compat or variant]
    return PoissonComparison(k1, k2, k2 * ratio, difference, low, high, p_value, level, words)


def false_discovery_q(p_values: ArrayLike) -> FloatArray:
    """Benjamini-Hochberg q-values: the share of false alarms to expect if all up to here are flagged.

    NaN stays NaN and is not counted among the comparisons.

    Raises
    ------
    PeriodError
        A value below 0 or above 1.

    References
    ----------
    Benjamini and Hochberg, "Controlling the false discovery rate", *JRSS B* 57 (1995).

    Examples
    --------
    >>> false_discovery_q([0.01, 0.04, float("nan"), 0.5]).round(2).tolist()
    [0.03, 0.06, nan, 0.5]
    """
    p = np.asarray(p_values, dtype=float)
    made = ~np.isnan(p)
    if (outside := p[made & ~((p >= 0) & (p <= 1))]).size:
        raise PeriodError(f"{outside[0]:g} is no p-value: give values of 0 to 1")
    q = np.full(p.shape, np.nan)
    if made.any():
        q[made] = false_discovery_control(p[made], method="bh")
    return q


@lru_cache(maxsize=65536)
def _p_value(k1: float, k2: float, n1: float, n2: float, d: float, variant: str, compat: str | None) -> float:
    if np.isnan(k1) or np.isnan(k2):
        return float("nan")
    rate = (k1 + k2) / (n1 + n2) - d * n1 / (n1 + n2)
    if min(rate, rate + d) < 0 or (d and rate == 0):
        raise PeriodError(
            f"{k1:g} in {n1:g} and {k2:g} in {n2:g} are too few for a difference of rates of {d:g} to be true of both"
        )
    if compat == "ptools":
        return _as_ptools(k1, k2, n1, n2, d, rate)
    if variant == "score" and d:
        from statsmodels.stats.rates import test_poisson_2indep

        tested = test_poisson_2indep(k1, n1, k2, n2, value=d, method="etest-score", compare="diff")
        return float(tested.pvalue)
    return _etest(k1, k2, n1, n2, d, rate, variant)


def _etest(k1: float, k2: float, n1: float, n2: float, d: float, rate: float, variant: str) -> float:
    """P-value of the e-test of rates that differ by `d`.

    For each first count the second counts at least as extreme are two tails, whose ends solve a
    quadratic: so a sum over one count suffices, where tables over both need gigabytes.
    """
    # Squared statistic (a - d - y)² / (alpha a + beta y) for the rates a = x1/n1, y = x2/n2.
    alpha, beta = (1 / n1, 1 / n2) if variant == "wald" else (1 / n2, 1 / n1)
    a, y = k1 / n1, k2 / n2
    if abs(a - d - y) <= _TIE * rate or rate == 0:
        return 1.0
    squared = (a - d - y) ** 2 / (alpha * a + beta * y) if alpha * a + beta * y > 0 else np.inf
    if np.isinf(squared):  # none of both, where a difference is expected: nothing is more extreme
        return float(np.exp(-n1 * (rate + d) - n2 * rate))
    mean1, mean2 = n1 * (rate + d), n2 * rate
    x1 = np.arange(max(0.0, np.floor(mean1 - 9 * mean1**0.5 - 20)), np.ceil(_upper(mean1)) + 1)
    chance = np.exp(xlogy(x1, mean1) - mean1 - gammaln(x1 + 1))
    a = x1 / n1
    middle = 2 * (a - d) + squared * beta
    inner = 4 * squared * ((a - d) * beta + a * alpha) + (squared * beta) ** 2
    spread = np.sqrt(np.maximum(inner, 0))
    slack = _TIE * (1 + mean2)
    below = np.floor(n2 * (middle - spread) / 2 + slack)
    above = np.ceil(n2 * (middle + spread) / 2 - slack)
    if d == 0:
        below[a == 0] = -1  # none of both is no difference
    tails = np.where(below >= 0, pdtr(np.maximum(below, 0), mean2), 0.0)
    tails += np.where(above >= 1, pdtrc(np.maximum(above - 1, 0), mean2), 1.0)
    tails = np.where(inner < 0, 1.0, np.minimum(tails, 1.0))
    return float(min(1.0, (chance * tails).sum()))


def _as_ptools(k1: float, k2: float, n1: float, n2: float, d: float, rate: float) -> float:
    seen = abs(k1 / n1 - k2 / n2 - d) / np.sqrt(rate)
    mean1, mean2 = n1 * (rate + d), n2 * rate
    x1 = np.arange(np.ceil(_upper(mean1)) + 1)[:, None]
    x2 = np.arange(np.ceil(_upper(mean2)) + 1)[None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        could_be = np.abs(x1 / n1 - x2 / n2 - d) / np.sqrt((x1 + x2) / (n1 + n2))
    chance = np.exp(xlogy(x1, mean1) - mean1 - gammaln(x1 + 1) + xlogy(x2, mean2) - mean2 - gammaln(x2 + 1))
    return float(chance[(could_be >= seen) & (x1 + x2 > 0)].sum())


def _upper(mean: float) -> float:
    """A count that a Poisson variable of this mean exceeds with a chance below 1e-16."""
    return mean + 9 * mean**0.5 + 40


def _score_limits(k: FloatArray, z: float) -> tuple[FloatArray, FloatArray]:
    half = z * np.sqrt(k + z**2 / 4)
    return k + z**2 / 2 - half, k + z**2 / 2 + half


def _require_counts(*counts: FloatArray) -> None:
    for k in counts:
        known = k[~np.isnan(k)]
        if (known < 0).any():
            raise PeriodError(f"a count of {known.min():g} is below zero")
        if (broken_ones := known[(known != np.rint(known)) | np.isinf(known)]).size:
            broken = broken_ones[0]
            raise PeriodError(f"a count of {broken:g} is not a whole number, and the test needs counts")
