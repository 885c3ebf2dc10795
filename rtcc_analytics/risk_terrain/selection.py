"""Selection: one term a layer, added, dropped and exchanged until nothing lowers the BIC.

Under a Poisson distribution and under a negative binomial one; the lower BIC says which fits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

MOST_STEPS = 200


@dataclass(frozen=True, eq=False)
class Selected:
    """Terms in the model.

    Attributes
    ----------
    terms : tuple of int
        Candidate numbers, in the order in which they came in.
    bic : float
    alpha : float
        Negative binomial dispersion (variance = mean + alpha mean²); 0 for Poisson.
    """

    terms: tuple[int, ...]
    bic: float
    alpha: float


class Fits:
    """Regressions of the same counts on different terms.

    Units alike in every term, in count and in exposure are one row with a frequency: exact, and hundreds of rows
    where there were tens of thousands.
    """

    def __init__(self, held: NDArray[np.bool_], counts: FloatArray, exposure: FloatArray) -> None:
        self.held, self.counts, self.exposure = held, counts, exposure
        outcome = np.stack([counts, np.round(exposure, 6)], axis=1)
        self._outcomes, self._outcome = np.unique(outcome, axis=0, return_inverse=True)
        self._outcome = self._outcome.reshape(-1)

    def bic(self, terms: tuple[int, ...], alpha: float) -> tuple[float, FloatArray]:
        """BIC at a given dispersion, and coefficients, intercept first."""
        rows, design, frequency = self._rows(terms)
        counts, exposure = self._outcomes[rows].T
        fitted = _glm(counts, design, exposure, alpha, freq_weights=frequency).fit()
        parameters = design.shape[1] + (alpha > 0)
        return float(parameters * np.log(len(self.counts)) - 2 * fitted.llf), np.asarray(fitted.params)

    def dispersion(self, terms: tuple[int, ...]) -> float:
        """The negative binomial's alpha of greatest likelihood, in turn with the coefficients; 0 where none is seen."""
        from scipy.optimize import minimize_scalar

        alpha = 0.5
        for _ in range(8):
            _, coefficients = self.bic(terms, alpha)
            linear = coefficients[0] + self.held[:, list(terms)] @ coefficients[1:]
            mean = self.exposure * np.exp(linear)
            found = minimize_scalar(
                lambda log_alpha, mean=mean: -_negative_binomial(self.counts, mean, np.exp(log_alpha)),
                bounds=(-9, 4), method="bounded",
            )
            after = float(np.exp(found.x))
            if abs(np.log(after / alpha)) < 0.01:
                break
            alpha = after
        return after

    def _rows(self, terms: tuple[int, ...]) -> tuple[NDArray[np.int64], FloatArray, NDArray[np.int64]]:
        pattern = self.held[:, list(terms)] @ (1 << np.arange(len(terms), dtype=np.int64)) if terms else 0
        key = pattern * len(self._outcomes) + self._outcome
        alike, frequency = np.unique(key, return_counts=True)
        bits = (alike // len(self._outcomes))[:, None] >> np.arange(len(terms), dtype=np.int64) & 1
        return alike % len(self._outcomes), np.column_stack([np.ones(alike.size), bits]), frequency


def select(
    fits: Fits, table: pd.DataFrame, screened: NDArray[np.int64], *, negative_binomial: bool, aggravating: bool
) -> Selected:
    """Bidirectional selection from no term at all.

    Parameters
    ----------
    fits : Fits
    table : DataFrame
        Candidates, with their layer.
    screened : array of int
        Candidates to choose from.
    negative_binomial : bool
        Else Poisson. The dispersion is estimated anew after every step.
    aggravating : bool
        A step that leaves a coefficient at or below 0 is not taken.

    Notes
    -----
    After Caplan and Kennedy's RTMDx, which screens with an elastic net and then steps by BIC under both
    distributions. At most one term a layer: a term can be exchanged for another of its layer in one step.
    """
    layer = table["layer"].to_numpy()
    terms: tuple[int, ...] = ()
    alpha = fits.dispersion(terms) if negative_binomial else 0.0
    bic = fits.bic(terms, alpha)[0]
    for _ in range(MOST_STEPS):
        best, step = bic, None
        for tried in _steps(terms, screened, layer):
            value, coefficients = fits.bic(tried, alpha)
            if value < best - 1e-9 and not (aggravating and (coefficients[1:] <= 0).any()):
                best, step = value, tried
        if step is None:
            break
        terms = step
        alpha = fits.dispersion(terms) if negative_binomial else 0.0
        bic = fits.bic(terms, alpha)[0]
    return Selected(terms, bic, alpha)


def _steps(terms: tuple[int, ...], screened: NDArray[np.int64], layer: NDArray[np.object_]) -> list[tuple[int, ...]]:
    """Every model one step away: a term less, a term more, or another term of the same layer."""
    away = [tuple(t for t in terms if t != gone) for gone in terms]
    inside = {layer[term]: term for term in terms}
    for new in screened.tolist():
        if new in terms:
            continue
        old = inside.get(layer[new])
        away.append(tuple(new if t == old else t for t in terms) if old is not None else (*terms, new))
    return away


def robust_fit(
    design: FloatArray, counts: FloatArray, exposure: FloatArray, alpha: float, blocks: NDArray[np.int64]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Coefficients, their standard errors allowing for likeness within blocks of ground, and fitted means."""
    fitted = _glm(counts, design, exposure, alpha).fit(cov_type="cluster", cov_kwds={"groups": blocks})
    return np.asarray(fitted.params), np.asarray(fitted.bse), np.asarray(fitted.fittedvalues)


def _glm(counts: FloatArray, design: FloatArray, exposure: FloatArray, alpha: float, **more: object) -> object:
    import statsmodels.api as sm

    family = sm.families.NegativeBinomial(alpha=alpha) if alpha > 0 else sm.families.Poisson()
    return sm.GLM(counts, design, family=family, offset=np.log(exposure), **more)


def _negative_binomial(counts: FloatArray, mean: FloatArray, alpha: float) -> float:
    from scipy.special import gammaln, xlogy

    size = 1 / alpha
    return float((gammaln(counts + size) - gammaln(size) - gammaln(counts + 1)
                  + xlogy(counts, mean / (mean + size)) - size * np.log1p(mean / size)).sum())
