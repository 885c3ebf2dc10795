"""Scores of expected counts against what happened: proper scores, and whether probabilities mean what they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcc_analytics.prediction.mixing import log_slope

FloatArray = NDArray[np.float64]
LEAST_EXPECTED = 1e-9


def log_score(expected: FloatArray, observed: FloatArray) -> float:
    """Sum of the log probability of the counts, Poisson with these expectations; higher is better.

    Examples
    --------
    >>> round(log_score(np.array([1.0, 2.0]), np.array([1.0, 2.0])), 4)
    -2.3069
    """
    from scipy.special import gammaln, xlogy

    mean = np.maximum(expected, LEAST_EXPECTED)
    return float((xlogy(observed, mean) - mean - gammaln(observed + 1)).sum())


def crps_poisson(expected: FloatArray, observed: FloatArray) -> FloatArray:
    """Continuous ranked probability score of each count under a Poisson forecast, in events; lower is better.

    Notes
    -----
    Wei and Held (2014), *Test* 23, 787-805: (y - m)(2 F(y) - 1) + 2 m f(y) - m e^(-2m) (I0(2m) + I1(2m)).

    Examples
    --------
    >>> crps_poisson(np.array([2.0]), np.array([2.0])).round(3).tolist()
    [0.311]
    """
    from scipy.special import gammaln, ive, pdtr, xlogy

    mean = np.maximum(expected, LEAST_EXPECTED)
    density = np.exp(xlogy(observed, mean) - mean - gammaln(observed + 1))
    spread = mean * (ive(0, 2 * mean) + ive(1, 2 * mean))
    return (observed - mean) * (2 * pdtr(observed, mean) - 1) + 2 * mean * density - spread


def brier(expected: FloatArray, observed: FloatArray) -> float:
    """Mean squared error of the probability of at least one event in a unit; lower is better."""
    return float(np.square(-np.expm1(-expected) - (observed > 0)).mean())


@dataclass(frozen=True)
class Calibration:
    """Whether expected counts mean what they say.

    Attributes
    ----------
    slope : float
        Of the log rate that happened on the log rate expected (Poisson regression); 1 is right,
        below 1 the forecast is too bold, above 1 too timid.
    slope_low, slope_high : float
        95 %, widened by the dispersion.
    total_ratio : float
        Events over events expected.
    dispersion : float
        Variance over mean of the counts around the forecast (Pearson); 1 is Poisson.
    """

    slope: float
    slope_low: float
    slope_high: float
    total_ratio: float
    dispersion: float


def calibration(expected: FloatArray, observed: FloatArray) -> Calibration:
    """The calibration of expected counts, any number of units and origins together.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.gamma(0.5, 0.2, 20_000)
    >>> found = calibration(truth, rng.poisson(truth).astype(float))
    >>> bool(found.slope_low < 1 < found.slope_high)
    True
    """
    mean = np.maximum(expected, LEAST_EXPECTED)
    slope, error = log_slope(mean, observed)
    dispersion = float((np.square(observed - mean) / mean).sum() / mean.size)
    wide = 1.96 * np.sqrt(max(1.0, dispersion)) * error
    ratio = float(observed.sum() / mean.sum())
    return Calibration(slope, slope - wide, slope + wide, ratio, dispersion)


def reliability(expected: FloatArray, observed: FloatArray, *, bins: int = 10) -> pd.DataFrame:
    """Probability of at least one event, foretold and found, in bins that hold equally many expected events.

    Returns
    -------
    DataFrame
        One row a bin: units, expected, observed (events a unit), probability, frequency, low, high
        (95 % Wilson interval of the frequency).
    """
    order = np.argsort(expected, kind="stable")
    mean, held = expected[order], observed[order]
    rising = np.cumsum(mean)
    which = np.minimum((rising - mean / 2) / max(rising[-1], LEAST_EXPECTED) * bins, bins - 1).astype(int)
    frame = pd.DataFrame({"bin": which, "expected": mean, "observed": held, "probability": -np.expm1(-mean),
                          "frequency": (held > 0).astype(float)})
    table = frame.groupby("bin").mean()
    table.insert(0, "units", frame.groupby("bin").size())
    n, z = table["units"], 1.96
    middle = (table["frequency"] + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(table["frequency"] * (1 - table["frequency"]) / n + z**2 / (4 * n**2))
    return table.assign(low=(middle - half).clip(0, 1), high=(middle + half).clip(0, 1)).reset_index(drop=True)
