"""How concentrated is crime over places, and did the pattern of places change?

`gini` (with Bernasco and Steenbeek's generalisation for fewer crimes than places), `lorenz`, and Andresen's
spatial point pattern test between two periods, `spatial_pattern_test`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from data_connectors.errors import RtccError


class ConcentrationError(RtccError):
    """Counts for which concentration is not defined."""


@dataclass(frozen=True)
class Gini:
    """Gini's coefficient of counts over units.

    Attributes
    ----------
    units, events : int
        Units, those with none included, and events in all.
    gini : float
        0 even, near 1 concentrated. With fewer events than units it cannot reach 0, whatever the pattern.
    generalized : float
        Against the most even spread that so few events allow: 0 again means even.
    unbiased, generalized_unbiased : float
        Corrected for the number of units (n / (n - 1)), and of units that could hold an event.
    """

    units: int
    events: int
    gini: float
    generalized: float
    unbiased: float
    generalized_unbiased: float

    def to_frame(self) -> pd.DataFrame:
        """One row with every figure."""
        return pd.DataFrame([self.__dict__])


@dataclass(frozen=True)
class Lorenz:
    """Cumulative share of events over cumulative share of units, fullest units first.

    Attributes
    ----------
    unit_share, event_share : ndarray, shape (units + 1,)
        Both from 0 to 1.
    """

    unit_share: NDArray[np.float64]
    event_share: NDArray[np.float64]

    def units_for(self, event_share: float) -> float:
        """Smallest share of units that holds `event_share` of the events.

        Examples
        --------
        >>> lorenz([6, 2, 1, 1]).units_for(0.8)
        0.5
        """
        return float(self.unit_share[np.searchsorted(self.event_share, event_share - 1e-12)])

    def to_frame(self) -> pd.DataFrame:
        """One row a point of the curve: unit_share, event_share."""
        return pd.DataFrame({"unit_share": self.unit_share, "event_share": self.event_share})


@dataclass(frozen=True)
class SpatialPatternTest:
    """Which units hold another share of events in the second period than in the first.

    Attributes
    ----------
    frame : DataFrame
        One row a unit: before, after (counts), before_share, after_share, difference (after - before, of shares),
        p_value, q_value, change (``more``, ``less`` or blank). p is NaN where both counts are zero.
    s_index : float
        Share of units without a significant change, all units counted.
    s_index_robust : float
        The same without the units that are empty in both periods.
    alpha, correction
        Of the decision.
    """

    frame: pd.DataFrame
    s_index: float
    s_index_robust: float
    alpha: float
    correction: str

    def to_frame(self) -> pd.DataFrame:
        """One row a unit."""
        return self.frame.copy()


def gini(counts: ArrayLike) -> Gini:
    """Gini's coefficient of counts over units, plain and generalised.

    Parameters
    ----------
    counts : array_like, shape (n,)
        Events in each unit, the empty ones included: leaving them out makes crime look less concentrated.

    Raises
    ------
    ConcentrationError
        Fewer than two units, negative or missing counts, no event.

    Examples
    --------
    >>> result = gini([5, 2, 1, 0, 0, 0, 0, 0, 0, 0])
    >>> round(result.gini, 3), round(result.generalized, 3)
    (0.8, 0.75)

    Notes
    -----
    Bernasco, W. and Steenbeek, W. (2017). More places than crimes: Implications for evaluating the law of crime
    concentration at place. Journal of Quantitative Criminology 33, 451-467.
    """
    x = np.sort(_counts(counts))
    n, total = x.size, x.sum()
    plain = 2 * (np.arange(1, n + 1) @ x) / (n * total) - (n + 1) / n
    generalized = max(1.0, n / total) * (plain - 1) + 1
    filled = min(n, total)
    widened = generalized * filled / (filled - 1) if filled > 1 else float("nan")
    return Gini(n, int(total), float(plain), float(generalized), float(plain * n / (n - 1)), float(widened))


def lorenz(counts: ArrayLike) -> Lorenz:
    """The Lorenz curve of counts over units, fullest first.

    Parameters
    ----------
    counts : array_like, shape (n,)
        Events in each unit, the empty ones included.

    Raises
    ------
    ConcentrationError
        As in `gini`.

    Examples
    --------
    >>> lorenz([6, 2, 1, 1]).event_share.round(3).tolist()
    [0.0, 0.6, 0.8, 0.9, 1.0]
    """
    x = np.sort(_counts(counts))[::-1]
    return Lorenz(np.arange(x.size + 1) / x.size, np.append(0.0, np.cumsum(x) / x.sum()))


def spatial_pattern_test(
    before: ArrayLike,
    after: ArrayLike,
    *,
    correction: Literal["benjamini-yekutieli", "benjamini-hochberg", "none"] = "benjamini-yekutieli",
    alpha: float = 0.05,
) -> SpatialPatternTest:
    """Did units gain or lose share of all events between two periods?

    Parameters
    ----------
    before, after : array_like, shape (n,)
        Counts in the same units. Totals may differ: it is the pattern that is compared, not the level.
    correction : str
        False-discovery control over the units tested.
    alpha : float

    Returns
    -------
    SpatialPatternTest

    Raises
    ------
    ConcentrationError
        Counts of different length, negative or missing, or none in a period.

    Examples
    --------
    >>> result = spatial_pattern_test([40, 30, 30, 0], [18, 41, 41, 0])
    >>> result.frame.change.tolist(), result.s_index
    (['less', '', '', ''], 0.75)

    Notes
    -----
    Each unit's 2 x 2 table is tested by the chi-square with N - 1, which keeps its level in small tables
    (Campbell, I. 2007, Statistics in Medicine 26, 3661-3675), as Wheeler, A., Steenbeek, W. and Andresen, M.
    (2018, Transactions in GIS 22, 760-774) advise for Andresen's test.
    """
    a, b = _counts(before), _counts(after)
    if a.shape != b.shape:
        raise ConcentrationError(f"{a.size} units before but {b.size} after; give counts of the same units")
    n_a, n_b = a.sum(), b.sum()
    total, column = n_a + n_b, a + b
    both_empty = column == 0
    bottom = n_a * n_b * column * (total - column)
    chi = np.divide(
        (total - 1) * np.square(a * (n_b - b) - b * (n_a - a)), bottom, out=np.zeros(a.size), where=bottom > 0
    )
    p = np.where(both_empty, np.nan, stats.chi2.sf(chi, 1))
    q = p.copy()
    if correction != "none":
        method = {"benjamini-yekutieli": "by", "benjamini-hochberg": "bh"}[correction]
        q[~both_empty] = stats.false_discovery_control(p[~both_empty], method=method)
    share_a, share_b = a / n_a, b / n_b
    changed = q <= alpha
    frame = pd.DataFrame(
        {
            "before": a.astype(int),
            "after": b.astype(int),
            "before_share": share_a,
            "after_share": share_b,
            "difference": share_b - share_a,
            "p_value": p,
            "q_value": q,
            "change": np.where(changed, np.where(share_b > share_a, "more", "less"), ""),
        }
    )
    robust = 1 - changed[~both_empty].mean()
    return SpatialPatternTest(frame, float(1 - changed.mean()), float(robust), alpha, correction)


def _counts(counts: ArrayLike) -> NDArray[np.float64]:
    x = np.asarray(counts, dtype=float).ravel()
    if x.size < 2:
        raise ConcentrationError(f"{x.size} units; at least 2 are needed")
    if not np.isfinite(x).all() or x.min() < 0:
        raise ConcentrationError(
            f"{int((~np.isfinite(x)).sum())} counts are missing and {int((x < 0).sum())} negative; empty units have 0"
        )
    if x.sum() == 0:
        raise ConcentrationError(f"no event in {x.size} units; there is no pattern to describe")
    return x
