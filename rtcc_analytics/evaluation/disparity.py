"""Who lives where a forecast sends patrols: shares of flagged ground against victims and residents, by area group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from rtcc_analytics.evaluation.ranking import EvaluationError, Ranking
from rtcc_analytics.events import Events
from rtcc_analytics.surface import RiskSurface

SMALLEST_GROUP = 10


@dataclass(frozen=True, eq=False)
class Disparity:
    """Shares by group of areas.

    Attributes
    ----------
    frame : DataFrame
        One row a group: flagged_share (of flagged ground), forecast_share (of expected events),
        victim_share (of recorded events), population_share, flagged_to_victims, flagged_to_population
        (ratios of shares; 1 is even), suppressed (fewer than 10 events: ratios left out).
    share : float
        Of the ground flagged.
    """

    frame: pd.DataFrame
    share: float

    def to_frame(self) -> pd.DataFrame:
        """One row a group."""
        return self.frame.copy()


def disparity(
    surface: RiskSurface, events: Events, group: ArrayLike, population: ArrayLike, *, share: float = 0.05
) -> Disparity:
    """How flagged ground and forecast fall on groups of areas, against victims and residents.

    Parameters
    ----------
    surface : RiskSurface
        Expected counts.
    events : Events
        What victims reported, over a long period.
    group : array_like of str, shape (units,)
        The group of the area in which each unit lies (tract tercile of income, city, ...).
    population : array_like of float, shape (units,)
        Residents of each unit.
    share : float
        Of the ground flagged.

    Raises
    ------
    EvaluationError
        Where the arrays do not fit the units.
    """
    label, people = np.asarray(group, dtype=object), np.asarray(population, dtype=float)
    if not label.size == people.size == surface.units.size:
        raise EvaluationError(f"{label.size:,} groups, {people.size:,} populations, {surface.units.size:,} units: one "
                              "of each for every unit")
    area = surface.units.area_m2
    flagged = Ranking(surface.values, area, float(area.sum())).fractions(share) * area
    unit = surface.units.assign(events.x, events.y)
    held = np.bincount(unit[unit >= 0], weights=events.weights[unit >= 0], minlength=surface.units.size)
    columns = {"flagged_share": flagged, "forecast_share": surface.values, "victim_share": held,
               "population_share": people}
    sums = pd.DataFrame(columns).groupby(label).sum()
    few = sums["victim_share"] < SMALLEST_GROUP
    frame = sums / sums.sum()
    frame["flagged_to_victims"] = (frame["flagged_share"] / frame["victim_share"]).mask(few)
    frame["flagged_to_population"] = (frame["flagged_share"] / frame["population_share"]).mask(few)
    frame["suppressed"] = few
    return Disparity(frame.rename_axis("group").reset_index(), share)
