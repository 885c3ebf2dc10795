"""Units ranked by a forecast, and what of the outcome lies in the first share of the ground.

Ties are shared fairly: units of equal value per area fill the ground in equal parts, so that the
hit curve is a straight line across them and no order of units can flatter or hurt a method. Shares
of the ground are met exactly: the last units count in part.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from data_connectors.errors import RtccError

FloatArray = NDArray[np.float64]


class EvaluationError(RtccError):
    """Scores that cannot be computed: nothing happened, unlike lengths, a share that is not a proportion."""


@dataclass(frozen=True, eq=False)
class Ranking:
    """Units from the highest value per area down, ties in one group.

    Attributes
    ----------
    values : array of float, shape (n,)
    area_m2 : array of float, shape (n,)
        Ground that flagging each unit takes.
    ground_m2 : float
        All the ground that shares refer to: the jurisdiction's.

    Examples
    --------
    >>> ranked = Ranking(np.array([3.0, 1.0, 1.0, 0.0]), np.ones(4), 4.0)
    >>> ranked.fractions(0.5).tolist()          # the second and third tie for the second quarter
    [1.0, 0.5, 0.5, 0.0]
    >>> ranked.hits(np.array([5.0, 2.0, 0.0, 1.0]), np.array([0.25, 0.5])).tolist()
    [5.0, 6.0]
    """

    values: FloatArray
    area_m2: FloatArray
    ground_m2: float

    @cached_property
    def _groups(self) -> tuple[NDArray[np.int64], FloatArray]:
        """The group of each unit, best first, and the ground taken up to the end of each group."""
        _, group = np.unique(-(self.values / self.area_m2), return_inverse=True)
        return group, np.cumsum(np.bincount(group, weights=self.area_m2))

    def fractions(self, share: float) -> FloatArray:
        """How much of each unit is flagged when `share` of the ground is, 0-1; shape (n,)."""
        if not 0 < share <= 1:
            raise EvaluationError(f"a share of {share:g} is not a proportion; 5 % of the ground is 0.05")
        group, end = self._groups
        size = np.diff(end, prepend=0.0)
        return np.clip((share * self.ground_m2 - (end - size)) / size, 0.0, 1.0)[group]

    def curve(self, observed: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Ground taken (share) and events found (sum), from nothing to every unit."""
        group, end = self._groups
        found = np.cumsum(np.bincount(group, weights=observed))
        return np.append(0.0, end) / self.ground_m2, np.append(0.0, found)

    def hits(self, observed: FloatArray, shares: ArrayLike) -> FloatArray:
        """Events found in each share of the ground."""
        return np.interp(np.asarray(shares, dtype=float), *self.curve(observed))

    def area_under_curve(self, observed: FloatArray, events: float) -> float:
        """Area under the curve of hit rate against share of the ground, 0-1; chance alone gives 0.5."""
        ground, found = self.curve(observed)
        ground, found = np.append(ground, max(1.0, ground[-1])), np.append(found, found[-1])
        return float(np.trapezoid(found, ground) / events)


def best_whole_cells(observed: FloatArray, area_m2: FloatArray, flagged_m2: float) -> float:
    """Events in the fullest whole cells that fit into the ground flagged: the oracle of PEI*.

    With equal cells it is the k fullest, k = cells flagged (rounded, at least one).
    """
    cells = max(1, int(round(flagged_m2 / np.median(area_m2))))
    return float(np.sort(observed)[::-1][:cells].sum())


def pai_table(observed: ArrayLike, predicted: ArrayLike, area: ArrayLike | None = None) -> pd.DataFrame:
    """PAI, PEI and RRI after each unit, worst order within ties, as the R package ptools has it.

    For checking against published tables of whole units; the board shares ties fairly instead.

    Returns
    -------
    DataFrame
        unit, observed, predicted, area, hit_rate, pai, pei, rri; best forecast first.

    Notes
    -----
    PAI is the hit rate over the share of area (Chainey, Tompson and Uhlig 2008). PEI is PAI over
    the PAI of the best choice of as many units (Hunt 2016). RRI is predicted over observed events.

    Examples
    --------
    >>> pai_table([6, 3, 0], [3, 2, 1])["rri"].round(3).tolist()
    [0.5, 0.556, 0.667]
    """
    observed, predicted = np.asarray(observed, dtype=float), np.asarray(predicted, dtype=float)
    area = np.ones_like(observed) if area is None else np.asarray(area, dtype=float)
    if not observed.shape == predicted.shape == area.shape:
        raise EvaluationError(f"{observed.size} counts, {predicted.size} forecasts, {area.size} areas: one of each")
    if observed.sum() <= 0:
        raise EvaluationError("nothing happened in any unit: a hit rate has no meaning")
    order = np.lexsort((observed, -predicted / area))
    oracle = np.argsort(-observed / area, kind="stable")
    share = np.cumsum(area[order]) / area.sum()
    hit_rate = np.cumsum(observed[order]) / observed.sum()
    pai = hit_rate / share
    best = np.cumsum(observed[oracle]) / observed.sum() / (np.cumsum(area[oracle]) / area.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        rri = np.cumsum(predicted[order]) / np.cumsum(observed[order])
    return pd.DataFrame({
        "unit": order, "observed": observed[order], "predicted": predicted[order], "area": area[order],
        "hit_rate": hit_rate, "pai": pai, "pei": pai / best, "rri": rri,
    })
