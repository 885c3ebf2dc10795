"""The rules of the NIJ Real-Time Crime Forecasting Challenge (2016-17): cell sizes, forecast area, PAI and PEI*."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rtcc_analytics.evaluation.ranking import EvaluationError
from rtcc_analytics.events import Events
from rtcc_analytics.surface import RiskSurface

SQUARE_FOOT_M2 = 0.3048**2
SQUARE_MILE_M2 = 1609.344**2
CELL_SQFT = (62_500.0, 360_000.0)
FLAGGED_SQMI = (0.25, 0.75)


@dataclass(frozen=True)
class NijScore:
    """Scores of one entry.

    Attributes
    ----------
    pai, pei_star, hit_rate : float
    cells : int
        Flagged, whole.
    flagged_m2 : float
    events : float
        In the jurisdiction, off the grid too.
    """

    pai: float
    pei_star: float
    hit_rate: float
    cells: int
    flagged_m2: float
    events: float

    def to_frame(self) -> pd.DataFrame:
        """One row."""
        return pd.DataFrame([self.__dict__])


def nij_score(surface: RiskSurface, events: Events, *, flagged_sqmi: float = 0.25) -> NijScore:
    """PAI and PEI* of a forecast by the challenge's rules.

    Whole cells are flagged, best first, until the next would pass `flagged_sqmi`. N is every event
    in the jurisdiction and A all its ground; PEI* divides by the fullest as many cells of the same
    grid.

    Parameters
    ----------
    surface : RiskSurface
        On cells of 62,500 to 360,000 square feet (edge cells may be smaller).
    events : Events
        What happened in the forecast window.
    flagged_sqmi : float
        0.25 to 0.75 square miles.

    Raises
    ------
    EvaluationError
        Where a rule is broken, saying which.
    """
    area = surface.units.area_m2
    cell_sqft = float(np.median(area)) / SQUARE_FOOT_M2
    if not CELL_SQFT[0] <= cell_sqft <= CELL_SQFT[1]:
        raise EvaluationError(f"cells of {cell_sqft:,.0f} sq ft; the rules ask for {CELL_SQFT[0]:,.0f} to "
                              f"{CELL_SQFT[1]:,.0f} (squares of 76.2 to 182.9 m)")
    if not FLAGGED_SQMI[0] <= flagged_sqmi <= FLAGGED_SQMI[1]:
        raise EvaluationError(f"{flagged_sqmi:g} sq mi flagged; the rules ask for {FLAGGED_SQMI[0]} to "
                              f"{FLAGGED_SQMI[1]}")
    if not events.total > 0:
        raise EvaluationError("nothing happened: PAI has no meaning")
    order = np.lexsort((np.arange(area.size), -surface.values))
    cells = int(np.searchsorted(np.cumsum(area[order]), flagged_sqmi * SQUARE_MILE_M2, side="right"))
    if not cells:
        raise EvaluationError("the first cell is larger than the ground that may be flagged")
    unit = surface.units.assign(events.x, events.y)
    held = np.bincount(unit[unit >= 0], weights=events.weights[unit >= 0], minlength=area.size)
    flagged = order[:cells]
    hits, ground = float(held[flagged].sum()), float(area[flagged].sum())
    best = float(np.sort(held)[::-1][:cells].sum())
    hit_rate = hits / events.total
    return NijScore(hit_rate / (ground / float(area.sum())), hits / best, hit_rate, cells, ground, events.total)
