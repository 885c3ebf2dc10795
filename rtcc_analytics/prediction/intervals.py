"""How far counts may stray from what was expected: negative binomial intervals for units and for sums of units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rtcc_analytics.prediction.history import FloatArray, PredictionError
from rtcc_analytics.surface import RiskSurface


@dataclass(frozen=True, eq=False)
class PredictiveInterval:
    """Counts between which each unit's outcome lies with probability at least `level`.

    Attributes
    ----------
    low, high : array of float, shape (size,)
        Whole counts, both included.
    expected : array of float, shape (size,)
    level : float
    dispersion : float
        Variance over mean; 1 is Poisson.
    """

    low: FloatArray
    high: FloatArray
    expected: FloatArray
    level: float
    dispersion: float

    def to_frame(self) -> pd.DataFrame:
        """One row per unit: unit, expected, low, high."""
        return pd.DataFrame({"unit": np.arange(len(self.low)), "expected": self.expected, "low": self.low,
                             "high": self.high})


def predictive_interval(surface: RiskSurface, *, level: float = 0.9, dispersion: float = 1.0) -> PredictiveInterval:
    """Intervals for the counts of a forecast: Poisson, or negative binomial where counts vary more.

    The interval is for what will be counted, chance included; where little is expected it is
    mostly 0 to 1 whatever the model. `Board.dispersion` measures `dispersion` on past origins.

    Parameters
    ----------
    surface : RiskSurface
        Of kind ``"expected_count"``.
    level : float
        0-1, exclusive.
    dispersion : float
        Variance over mean, at least 1.

    Raises
    ------
    PredictionError
        For another kind of surface, or values out of range.

    Examples
    --------
    >>> import shapely
    >>> from rtcc_analytics.units import Areas
    >>> beat = Areas([shapely.box(500_000, 0, 500_500, 1_000)], ["West"], "EPSG:32615")
    >>> interval = predictive_interval(RiskSurface([4.0], beat, "expected_count", {}))
    >>> interval.low.tolist(), interval.high.tolist()
    ([1.0], [8.0])
    """
    from scipy import stats

    if surface.kind != "expected_count":
        raise PredictionError(f"a {surface.kind} has no predictive interval: pass a forecast of expected counts")
    if not (0 < level < 1 and dispersion >= 1):
        raise PredictionError(f"level {level:g}, dispersion {dispersion:g}: a level in 0-1 and a dispersion from 1")
    mean = np.maximum(surface.values, 1e-12)
    if dispersion > 1.001:
        spread = stats.nbinom(mean / (dispersion - 1), 1 / dispersion)
    else:
        spread = stats.poisson(mean)
    low, high = spread.ppf((1 - level) / 2), spread.ppf((1 + level) / 2)
    return PredictiveInterval(np.maximum(low, 0.0), high, surface.values, level, dispersion)
