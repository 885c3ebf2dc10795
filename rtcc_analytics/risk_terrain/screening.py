"""Screening: an elastic-net Poisson regression whose penalty is chosen on ground it has not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

L1_RATIO = 0.5
PENALTIES = 20
SMALLEST_SHARE = 0.01
MOST_ROUNDS = 30
SAME = 1e-4


@dataclass(frozen=True, eq=False)
class Screened:
    """What the elastic net keeps.

    Attributes
    ----------
    coefficients : array of float, shape (candidates,)
        On the log scale, at the penalty chosen; 0 where screened out.
    path : DataFrame
        One row a penalty: penalty, deviance (held-out Poisson deviance a unit), kept (candidates with a coefficient).
    penalty : float
        The one with the least held-out deviance.
    """

    coefficients: FloatArray
    path: pd.DataFrame
    penalty: float


def screen(
    held: NDArray[np.bool_], counts: FloatArray, exposure: FloatArray, folds: NDArray[np.int64], *, aggravating: bool
) -> Screened:
    """Fit a path of penalties with each fold held out, and keep what survives the best one on all units.

    Parameters
    ----------
    held : array of bool, shape (n, p)
    counts, exposure : array of float, shape (n,)
    folds : array of int, shape (n,)
        Which part of the ground a unit belongs to.
    aggravating : bool
        Allow positive coefficients only.

    Notes
    -----
    Half lasso, half ridge. Candidates of one layer at neighbouring distances are almost the same; the lasso alone
    would pick one of them by chance, the ridge lets them stay together for the selection that follows. Zou, H. and
    Hastie, T. (2005), JRSS B 67, 301-320. Quadratic steps by scikit-learn's coordinate descent within iteratively
    reweighted least squares, on the candidates that can matter at a penalty only (Tibshirani et al. 2012, JRSS B 74).
    """
    spread = held.std(axis=0)
    x = np.asfortranarray(held / spread)
    gradient = _gradient(x, counts - exposure * counts.sum() / exposure.sum(), aggravating)
    penalties = gradient.max() / L1_RATIO * np.geomspace(1, SMALLEST_SHARE, PENALTIES)
    out_of_fold = np.zeros(PENALTIES)
    for fold in np.unique(folds):
        out = folds == fold
        fitted = elastic_net_path(np.asfortranarray(x[~out]), counts[~out], exposure[~out], penalties, aggravating)
        out_of_fold += [_deviance(counts[out], exposure[out] * np.exp(a + x[out] @ b)) for a, b in fitted]
    whole = elastic_net_path(x, counts, exposure, penalties, aggravating)
    best = int(out_of_fold.argmin())
    kept = [int((coefficients != 0).sum()) for _, coefficients in whole]
    path = pd.DataFrame({"penalty": penalties, "deviance": out_of_fold / len(counts), "kept": kept})
    return Screened(whole[best][1] / spread, path, float(penalties[best]))


def elastic_net_path(
    x: FloatArray, counts: FloatArray, exposure: FloatArray, penalties: FloatArray, aggravating: bool
) -> list[tuple[float, FloatArray]]:
    """Intercept and coefficients at each penalty, largest first; the intercept is not penalised.

    Minimises -loglik / n + penalty (L1_RATIO |b| + (1 - L1_RATIO) b² / 2).

    Examples
    --------
    >>> x = np.asfortranarray([[0.0], [0], [1], [1]])
    >>> [(intercept, slope)] = elastic_net_path(x, np.array([1.0, 1, 3, 3]), np.ones(4), np.array([1e-9]), False)
    >>> round(float(np.exp(intercept)), 3), round(float(np.exp(slope[0])), 3)
    (1.0, 3.0)
    """
    before = penalties[0]
    intercept, coefficients = float(np.log(counts.sum() / exposure.sum())), np.zeros(x.shape[1])
    gradient = _gradient(x, counts - exposure * np.exp(intercept), aggravating)
    fitted = []
    for penalty in penalties:
        working = (coefficients != 0) | (gradient >= L1_RATIO * (2 * penalty - before))
        while True:
            chosen = np.flatnonzero(working)
            intercept, coefficients[chosen], mean = _reweighted(
                x[:, chosen], counts, exposure, penalty, intercept, coefficients[chosen], aggravating
            )
            gradient = _gradient(x, counts - mean, aggravating)
            missed = ~working & (gradient > L1_RATIO * penalty * (1 + 1e-3))
            if not missed.any():
                break
            working |= missed
        fitted.append((intercept, coefficients.copy()))
        before = penalty
    return fitted


def _reweighted(
    x: FloatArray, counts: FloatArray, exposure: FloatArray, penalty: float, intercept: float, start: FloatArray,
    aggravating: bool,
) -> tuple[float, FloatArray, FloatArray]:
    from sklearn.linear_model import enet_path

    coefficients = start.copy()
    for _ in range(MOST_ROUNDS):
        linear = intercept + x @ coefficients
        mean = exposure * np.exp(linear)
        response = linear + (counts - mean) / mean
        total, root = mean.sum(), np.sqrt(mean)
        x_middle, response_middle = mean @ x / total, mean @ response / total
        if not coefficients.size:
            moved, intercept = abs(response_middle - intercept), response_middle
        else:
            xw = np.asfortranarray((x - x_middle) * root[:, None])
            yw = (response - response_middle) * root
            after = enet_path(
                xw, yw, l1_ratio=L1_RATIO, alphas=[penalty], precompute=xw.T @ xw, Xy=xw.T @ yw,
                coef_init=coefficients.copy(),  # it is written to
                positive=aggravating, check_input=False, tol=1e-5, max_iter=5000,
            )[1][:, 0]
            moved, coefficients = np.abs(after - coefficients).max(), after
            intercept = float(response_middle - x_middle @ coefficients)
        if moved < SAME:
            break
    return intercept, coefficients, exposure * np.exp(intercept + x @ coefficients)


def _gradient(x: FloatArray, residual: FloatArray, aggravating: bool) -> FloatArray:
    slope = x.T @ residual / len(residual)
    return slope if aggravating else np.abs(slope)


def _deviance(counts: FloatArray, mean: FloatArray) -> float:
    from scipy.special import xlogy

    return float(2 * (xlogy(counts, counts / mean) - counts + mean).sum())
