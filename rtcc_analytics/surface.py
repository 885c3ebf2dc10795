"""One number for every spatial unit, with what it means and how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data_connectors.errors import RtccError
from rtcc_analytics.units.protocol import FloatArray, SpatialUnits

Kind = Literal["count", "density_per_km2", "expected_count", "z_score"]

UNIT_OF_MEASURE: dict[str, str] = {
    "count": "events",
    "density_per_km2": "events per km²",
    "expected_count": "expected events",
    "z_score": "standard deviations",
}


class SurfaceError(RtccError):
    """A surface that cannot be, or a question it cannot answer."""


@dataclass(frozen=True)
class TopShare:
    """The highest-valued units that together make up a share of the ground.

    Attributes
    ----------
    fraction : array of float, shape (size,)
        How much of each unit is chosen, 0-1. Units tied at the threshold share what is left
        equally, so no order of units can flatter or hurt a method.
    share : float
        Share of the ground asked for, 0-1.
    area_m2 : float
        Ground chosen: exactly `share` of all.
    threshold : float
        Value of the last units chosen.
    """

    fraction: FloatArray
    share: float
    area_m2: float
    threshold: float

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Units chosen in whole or in part."""
        return self.fraction > 0


@dataclass(frozen=True, eq=False)
class RiskSurface:
    """A value for every unit.

    Attributes
    ----------
    values : array of float, shape (units.size,)
    units : SpatialUnits
    kind : "count", "density_per_km2", "expected_count" or "z_score"
        What a value is; `UNIT_OF_MEASURE` has the words.
    made_by : mapping
        The model and every parameter and remark, for the report's small print.
    period : (datetime64[s], datetime64[s]), optional
        The half-open span it speaks of, UTC.
    timezone : str
        IANA zone in which a report writes the period.

    Raises
    ------
    SurfaceError
        Where the number of values is not the number of units, or the kind is unknown.

    Examples
    --------
    >>> import shapely
    >>> from rtcc_analytics.units import Areas
    >>> beats = Areas([shapely.box(500_000 + 100 * i, 0, 500_100 + 100 * i, 100) for i in range(4)],
    ...               ["A", "B", "C", "D"], "EPSG:32615")
    >>> surface = RiskSurface(np.array([5.0, 1.0, 1.0, 0.0]), beats, "count", {"model": "counts"})
    >>> surface.top(0.5).fraction.tolist()       # B and C tie for the second quarter
    [1.0, 0.5, 0.5, 0.0]
    """

    values: FloatArray
    units: SpatialUnits
    kind: Kind
    made_by: Mapping[str, Any]
    period: tuple[np.datetime64, np.datetime64] | None = None
    timezone: str = field(default="UTC")

    def __post_init__(self) -> None:
        values = np.asarray(self.values, dtype=float)
        if values.shape != (self.units.size,):
            raise SurfaceError(f"{values.size:,} values for {self.units.size:,} {self.units.name}: one each is needed")
        if self.kind not in UNIT_OF_MEASURE:
            raise SurfaceError(f"unknown kind of surface {self.kind!r}; use one of {', '.join(UNIT_OF_MEASURE)}")
        values = values.view()
        values.setflags(write=False)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "made_by", MappingProxyType(dict(self.made_by)))

    @property
    def crs(self) -> str:
        """Projection of the units, in metres."""
        return self.units.crs

    @property
    def unit_of_measure(self) -> str:
        """What one means, e.g. ``"events per km²"``."""
        return UNIT_OF_MEASURE[self.kind]

    def to_frame(self) -> pd.DataFrame:
        """One row per unit: unit number, label, value, x and y of its middle (metres), area_m2."""
        x, y = self.units.centroids()
        columns = {"unit": np.arange(self.units.size), "label": self.units.labels, "value": self.values}
        return pd.DataFrame({**columns, "x": x, "y": y, "area_m2": self.units.area_m2})

    def top(self, share: float, *, by: Literal["value", "value_per_area"] = "value") -> TopShare:
        """The highest units that make up `share` of the ground, exactly, ties treated alike.

        Parameters
        ----------
        share : float
            Share of the total surface, above 0 and at most 1.
        by : "value" or "value_per_area"
            How units are ranked; for a count on areas of unlike size, per area.

        Raises
        ------
        SurfaceError
            Where the share is not a proportion, or a value is missing.
        """
        if not 0 < share <= 1:
            raise SurfaceError(f"a share of {share:g} is not a proportion; 5 % of the ground is 0.05")
        if not np.isfinite(self.values).all():
            missing = int((~np.isfinite(self.values)).sum())
            raise SurfaceError(f"{missing:,} of {self.values.size:,} units have no value, so they cannot be ranked")
        area = self.units.area_m2
        score = self.values if by == "value" else self.values / area
        level, rank = np.unique(-score, return_inverse=True)
        ground = np.bincount(rank, weights=area)
        before = np.cumsum(ground) - ground
        wanted = share * area.sum()
        taken = np.clip((wanted - before) / ground, 0.0, 1.0)
        last = np.flatnonzero(taken > 0)[-1]
        return TopShare(taken[rank], share, float(wanted), float(-level[last]))
