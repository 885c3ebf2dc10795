"""Small counts: the Poisson z that analysts print, and exact tests for counts too small for it.

`poisson_z` (a known mean or one past period: not the same), `exact_test` (one count against another or a known mean,
exact at any size), `exact_spread_test` (are a dozen events even over weekdays, shifts, beats?).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from rtcc_analytics.temporal.poisson import FloatArray, PeriodError

Against = Literal["past_period", "known_mean"]
Statistic = Literal["g", "chi2"]
MOST_OUTCOMES = 500_000
DRAWS = 99_999


@dataclass(frozen=True, eq=False)
class PoissonZ:
    """Counts in standard deviations from what was expected; arrays of one shape.

    Attributes
    ----------
    current, baseline, expected : array of float
        The counts, and the baseline over the current exposure.
    z, p_value : array of float
        Standard normal where nothing changed, and two-sided.
    against : str
        ``"past_period"`` or ``"known_mean"``.
    """

    current: FloatArray
    baseline: FloatArray
    expected: FloatArray
    z: FloatArray
    p_value: FloatArray
    against: str

    def to_frame(self) -> pd.DataFrame:
        """One row a comparison: current, baseline, expected, z, p_value."""
        return _frame(self, "current", "baseline", "expected", "z", "p_value")


@dataclass(frozen=True, eq=False)
class ExactTest:
    """Counts against a baseline, exactly; arrays of one shape.

    Attributes
    ----------
    current, baseline, expected : array of float
        The counts, and the baseline over the current exposure.
    ratio, low, high : array of float
        Current over expected rate, and its interval; `high` is infinite where the baseline holds nothing.
    p_value : array of float
        Two-sided: twice the smaller tail, so that it is below 1 - level just where the interval leaves 1 out.
    level : float
    against : str
        ``"past_period"`` or ``"known_mean"``.
    """

    current: FloatArray
    baseline: FloatArray
    expected: FloatArray
    ratio: FloatArray
    low: FloatArray
    high: FloatArray
    p_value: FloatArray
    level: float
    against: str

    def to_frame(self) -> pd.DataFrame:
        """One row a comparison: current, baseline, expected, ratio, low, high, p_value."""
        return _frame(self, "current", "baseline", "expected", "ratio", "low", "high", "p_value")


@dataclass(frozen=True, eq=False)
class ExactSpread:
    """Whether counts in bins are spread as given shares say.

    Attributes
    ----------
    counts, expected : array of float, shape (k,)
    statistic : str
        ``"g"`` (likelihood ratio) or ``"chi2"`` (Pearson).
    value, p_value : float
        Of the statistic, and the chance of one at least as large.
    outcomes : int
        How many ways of spreading the events were looked at; all of them where `exact`, else random ones.
    exact : bool
    """

    counts: FloatArray
    expected: FloatArray
    statistic: str
    value: float
    p_value: float
    outcomes: int
    exact: bool

    def to_frame(self) -> pd.DataFrame:
        """One row a bin: count, expected."""
        return _frame(self, "counts", "expected").rename(columns={"counts": "count"})


def poisson_z(
    current: ArrayLike,
    baseline: ArrayLike,
    *,
    against: Against = "past_period",
    exposure_current: ArrayLike = 1.0,
    exposure_baseline: ArrayLike = 1.0,
) -> PoissonZ:
    """Poisson z-scores on the square-root scale, for a known mean or against one past period.

    Parameters
    ----------
    current : array_like of counts
    baseline : array_like
        A past period's count, or a mean taken as known; over `exposure_baseline`.
    against : "past_period" or "known_mean"
        A past period is itself a draw. Against one of equal length z is sqrt(2) (sqrt(x) - sqrt(m)); against a
        mean known for certain it is 2 (sqrt(x) - sqrt(m)), which is sqrt(2) = 1.41 times as large. Tables that
        take last year's count for a known mean (crimepy's ``ytd_stats`` among them) promise 4.6 % of unchanged
        rates beyond 2 and find 16 %.
    exposure_current, exposure_baseline : array_like of float
        Days or years over which each was counted.

    Raises
    ------
    PeriodError
        Negative or fractional counts, an exposure that is not positive, an unknown `against`.

    Examples
    --------
    >>> poisson_z(25, 16).z.round(2).item(), poisson_z(25, 16, against="known_mean").z.round(2).item()
    (1.41, 2.0)

    Notes
    -----
    The square root of a Poisson count has variance near 1/4 whatever its mean: good from about 4 events on; below
    that use `exact_test`. With exposures in the ratio r the past period's z is 2 (sqrt(x) - sqrt(rm)) / sqrt(1 + r).
    Wheeler, A. P. (2016). Tables and graphs for monitoring temporal crime trends. International Journal of Police
    Science & Management 18, 159-172.
    """
    from scipy.special import ndtr

    x, m, ratio = _checked(current, baseline, exposure_current, exposure_baseline, against)
    expected = m * ratio
    z = 2 * (np.sqrt(x) - np.sqrt(expected)) / (np.sqrt(1 + ratio) if against == "past_period" else 1.0)
    return PoissonZ(x, m, expected, z, 2 * ndtr(-np.abs(z)), against)


def exact_test(
    current: ArrayLike,
    baseline: ArrayLike,
    *,
    against: Against = "past_period",
    exposure_current: ArrayLike = 1.0,
    exposure_baseline: ArrayLike = 1.0,
    level: float = 0.95,
) -> ExactTest:
    """One count against another, or against a known mean, without any approximation.

    Parameters
    ----------
    current, baseline, against, exposure_current, exposure_baseline
        As for `poisson_z`.
    level : float
        Of the interval for the ratio of rates.

    Raises
    ------
    PeriodError
        As for `poisson_z`, and for a `level` that is not a proportion.

    Examples
    --------
    >>> found = exact_test([6, 3, 0], [1, 3, 2])
    >>> found.p_value.round(3).tolist(), found.low.round(2).tolist()
    ([0.125, 1.0, 0.5], [0.73, 0.13, 0.0])

    Notes
    -----
    Against a past period: given the sum, the current count is binomial (Przyborowski and Wilenski 1940, Biometrika
    31, 313-323), with Clopper and Pearson's interval. Against a known mean: the Poisson tails, with Garwood's (1936)
    interval. Both never call too much different, at the price of seeing less than the e-test of
    `poisson_compare` does: with counts below ten, rises to less than four times the baseline are seldom called.
    """
    from scipy.special import bdtr, bdtrc, betaincinv, gammaincinv, pdtr, pdtrc

    if not 0 < level < 1:
        raise PeriodError(f"a level of {level:g} is not a proportion; 95 % is 0.95")
    x, m, ratio = _checked(current, baseline, exposure_current, exposure_baseline, against)
    tail, expected = (1 - level) / 2, m * ratio
    if against == "past_period":
        n, share = x + m, ratio / (1 + ratio)
        lower, upper = bdtr(x, n.astype(int), share), np.where(x > 0, bdtrc(x - 1, n.astype(int), share), 1.0)
        odds_low = np.where(x > 0, betaincinv(np.maximum(x, 1), m + 1, tail), 0.0)
        odds_high = np.where(m > 0, betaincinv(x + 1, np.maximum(m, 1), 1 - tail), 1.0)
        with np.errstate(divide="ignore"):
            low, high = odds_low / (1 - odds_low) / ratio, odds_high / (1 - odds_high) / ratio
    else:
        lower, upper = pdtr(x, expected), np.where(x > 0, pdtrc(np.maximum(x - 1, 0), expected), 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            low = np.where(x > 0, gammaincinv(np.maximum(x, 1), tail), 0.0) / expected
            high = gammaincinv(x + 1, 1 - tail) / expected
    with np.errstate(divide="ignore", invalid="ignore"):
        times = x / expected
    p = np.minimum(1.0, 2 * np.minimum(lower, upper))
    return ExactTest(x, m, expected, times, low, high, p, level, against)


def exact_spread_test(
    counts: ArrayLike, *, shares: ArrayLike | None = None, statistic: Statistic = "g", seed: int = 0
) -> ExactSpread:
    """Are a few events spread over bins (weekdays, shifts, beats) as chance alone would spread them?

    Parameters
    ----------
    counts : array_like of counts, shape (k,)
        Events in each bin; at least two bins.
    shares : array_like, shape (k,), optional
        What share chance would send to each bin, above 0, summing to 1: hours on duty, days in the period.
        Equal by default.
    statistic : "g" or "chi2"
        What makes an outcome more extreme: likelihood ratio or Pearson's chi square.
    seed : int
        For random outcomes, drawn where all of them are more than 500,000.

    Raises
    ------
    PeriodError
        No event, fewer than two bins, counts that are not whole, shares that are not proportions.

    Examples
    --------
    >>> found = exact_spread_test([6, 0, 1, 0, 1, 1, 1])      # ten robberies, six of them on Mondays
    >>> round(found.p_value, 3), found.outcomes, found.exact
    (0.036, 8008, True)

    Notes
    -----
    Every composition of n events into k bins is looked at, C(n + k - 1, k - 1) of them, with its multinomial
    probability; values that differ by rounding alone count as equal (ptools compares them as they are, and so gives
    other answers on other processors). Wheeler, A. P. (2016). Testing serial crime events for randomness in
    day of week patterns with small samples. Journal of Investigative Psychology and Offender Profiling 13, 148-165.
    """
    from scipy.special import gammaln, xlogy

    seen = np.asarray(counts, dtype=float).ravel()
    share = np.full(seen.size, 1 / max(1, seen.size)) if shares is None else np.asarray(shares, dtype=float).ravel()
    _require_spread(seen, share, statistic)
    n, k = int(seen.sum()), seen.size
    exact = comb(n + k - 1, k - 1) <= MOST_OUTCOMES
    if exact:
        outcomes = _compositions(n, k)
        log_chance = gammaln(n + 1) - gammaln(outcomes + 1).sum(axis=1) + xlogy(outcomes, share).sum(axis=1)
        chance = np.exp(log_chance)
    else:
        outcomes = np.random.default_rng(seed).multinomial(n, share, DRAWS)
        chance = np.full(DRAWS, 1 / (DRAWS + 1))

    def value(held: FloatArray) -> FloatArray:
        if statistic == "g":
            return 2 * xlogy(held, held / (n * share)).sum(axis=-1)
        return (np.square(held - n * share) / (n * share)).sum(axis=-1)

    mine = float(value(seen))
    extreme = value(outcomes.astype(float)) >= mine - 1e-9 * max(1.0, mine)
    p = float(chance[extreme].sum()) + (0.0 if exact else 1 / (DRAWS + 1))
    return ExactSpread(seen, n * share, statistic, mine, min(1.0, p), len(outcomes), exact)


def _compositions(n: int, k: int) -> np.ndarray:
    """Every way of putting n events into k bins, shape (C(n + k - 1, k - 1), k)."""
    ways = np.arange(n + 1)[:, None]
    for _ in range(k - 2):
        left = n - ways.sum(axis=1)
        starts = np.repeat(np.cumsum(left + 1) - (left + 1), left + 1)
        ways = np.column_stack([np.repeat(ways, left + 1, axis=0), np.arange((left + 1).sum()) - starts])
    return np.column_stack([ways, n - ways.sum(axis=1)])


def _checked(
    current: ArrayLike, baseline: ArrayLike, exposure_current: ArrayLike, exposure_baseline: ArrayLike, against: str
) -> tuple[FloatArray, FloatArray, FloatArray]:
    if against not in ("past_period", "known_mean"):
        raise PeriodError(f"against {against!r} is not known; use 'past_period' or 'known_mean'")
    x, m, now, then = np.broadcast_arrays(
        *(np.asarray(a, dtype=float) for a in (current, baseline, exposure_current, exposure_baseline))
    )
    for counted, whole in ((x, True), (m, against == "past_period")):
        wrong = ~((counted >= 0) & np.isfinite(counted)) | (whole & (counted != np.rint(counted)))
        if wrong.any():
            kind = "a count: whole, zero or more" if whole else "a mean: zero or more"
            raise PeriodError(f"{counted[wrong].flat[0]:g} is not {kind}")
    if not ((now > 0) & (then > 0)).all():
        raise PeriodError(f"exposures must be positive; seen {min(now.min(), then.min()):g}")
    return x, m, now / then


def _require_spread(seen: FloatArray, share: FloatArray, statistic: str) -> None:
    if statistic not in ("g", "chi2"):
        raise PeriodError(f"statistic {statistic!r} is not known; use 'g' or 'chi2'")
    whole = np.isfinite(seen).all() and (seen >= 0).all() and (seen == np.rint(seen)).all()
    if seen.size < 2 or not whole or not seen.sum() > 0:
        raise PeriodError(f"{seen.tolist()} are not whole counts in two or more bins with at least one event")
    if share.shape != seen.shape or not (share > 0).all() or abs(share.sum() - 1) > 1e-9:
        raise PeriodError(f"{share.size} shares summing to {share.sum():g} for {seen.size} bins; give one above 0 for "
                          "each bin, summing to 1")


def _frame(result: object, *names: str) -> pd.DataFrame:
    return pd.DataFrame({name: np.ravel(getattr(result, name)) for name in names})
