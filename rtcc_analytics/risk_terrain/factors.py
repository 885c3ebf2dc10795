"""From layers of features to candidate risk factors: near one, or among many, at several distances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data_connectors.errors import RtccError
from rtcc_analytics.study import looks_like_degrees
from rtcc_analytics.units import SpatialUnits

FloatArray = NDArray[np.float64]

FEWEST_UNITS = 10


class RiskTerrainError(RtccError):
    """Events, units or layers from which no risk terrain can be made."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """Every way in which a layer can matter that the units can tell apart.

    Attributes
    ----------
    table : DataFrame
        One row a candidate: layer, operation ("proximity" or "density"), distance_m, units (how many it holds for).
    held : array of bool, shape (units, candidates)
        Whether it holds for a unit.
    notes : tuple of str
        What was left out, and why.
    """

    table: pd.DataFrame
    held: NDArray[np.bool_]
    notes: tuple[str, ...]


def candidates(units: SpatialUnits, layers: Mapping[str, Any], distances_m: Sequence[float]) -> Candidates:
    """Proximity and density of each layer at each distance, as yes or no for each unit's middle.

    Parameters
    ----------
    units : SpatialUnits
    layers : mapping of name to features
        Points as (x, y), as an array of shape (n, 2) or as `Events`, in the units' projection; or an array of shapely
        geometries (points, lines, polygons), of which lines and polygons have a proximity only.
    distances_m : sequence of float
        Metres.

    Returns
    -------
    Candidates
        Proximity at d: the middle lies within d of a feature. Density at d: the quartic kernel density of the
        features with radius d lies two standard deviations or more above its mean over all units.

    Raises
    ------
    RiskTerrainError
        No layer or distance, a layer without features or with missing coordinates, or in degrees, or out of reach.

    Examples
    --------
    >>> from rtcc_analytics.study import StudyArea
    >>> from rtcc_analytics.units import Grid
    >>> town = StudyArea(shapely.box(500_000, 0, 501_000, 1_000), "EPSG:32615", "America/Chicago", "Town")
    >>> made = candidates(Grid(town, cell_m=100), {"bars": ([500_450.0], [450.0])}, [250])
    >>> made.table.values.tolist()
    [['bars', 'proximity', 250.0, 21]]
    """
    distances = sorted({float(d) for d in distances_m})
    if not layers or not distances or not distances[0] > 0:
        raise RiskTerrainError(f"{len(layers)} layers at distances {distances}: at least one of each, above 0 metres")
    middles = np.stack(units.centroids(), axis=1)
    rows: list[tuple[str, str, float]] = []
    columns: list[NDArray[np.bool_]] = []
    for name, features in layers.items():
        points, shapes = _features(name, features, units)
        nearest = _nearest(middles, points, shapes)
        if nearest.min() > distances[-1]:
            raise RiskTerrainError(
                f"no feature of layer {name!r} lies within {distances[-1]:g} m of any of the {units.size:,} "
                f"{units.name} (the nearest is {nearest.min():,.0f} m away); check its projection ({units.crs})"
            )
        for distance in distances:
            rows.append((name, "proximity", distance))
            columns.append(nearest <= distance)
        if points is not None:
            for distance, density in zip(distances, _densities(middles, points, distances), strict=True):
                rows.append((name, "density", distance))
                columns.append((density >= density.mean() + 2 * density.std()) & (density > 0))
    table = pd.DataFrame(rows, columns=["layer", "operation", "distance_m"])
    return _telling(table, np.column_stack(columns))


def _features(name: str, features: Any, units: SpatialUnits) -> tuple[FloatArray | None, NDArray[np.object_] | None]:
    """Points of shape (n, 2), or shapes where some are lines or surfaces."""
    if hasattr(features, "x") and hasattr(features, "y") and not isinstance(features, shapely.Geometry):
        features = (features.x, features.y)
    array = np.asarray(features)
    if array.dtype == object and array.size and isinstance(array.flat[0], shapely.Geometry):
        shapes = shapely.get_parts(array.ravel())
        bounds = shapely.total_bounds(shapes)
        _require(name, shapes.size, bounds, units)
        if (shapely.get_type_id(shapes) == 0).all():
            return shapely.get_coordinates(shapes), None
        return None, shapes
    points = np.asarray(features, dtype=float)
    points = points.T if isinstance(features, tuple) else points
    if points.ndim != 2 or points.shape[1] != 2:
        raise RiskTerrainError(f"layer {name!r} has shape {points.shape}: give (x, y), an array (n, 2), or geometries")
    bounds = [*points.min(axis=0), *points.max(axis=0)] if points.size else [np.nan] * 4
    _require(name, len(points), bounds, units)
    return points, None


def _require(name: str, size: int, bounds: Any, units: SpatialUnits) -> None:
    if not size:
        raise RiskTerrainError(f"layer {name!r} has no features; leave it out or load it for this area")
    if not np.isfinite(bounds).all():
        raise RiskTerrainError(f"layer {name!r} has missing coordinates; leave those features out and say how many")
    if looks_like_degrees(*bounds):
        raise RiskTerrainError(
            f"layer {name!r} spans x {bounds[0]:g} to {bounds[2]:g}, y {bounds[1]:g} to {bounds[3]:g}: degrees, where "
            f"the units are in metres ({units.crs}); project it with StudyArea.project first"
        )


def _nearest(middles: FloatArray, points: FloatArray | None, shapes: NDArray[np.object_] | None) -> FloatArray:
    if points is not None:
        from scipy.spatial import cKDTree

        return cKDTree(points).query(middles)[0]
    tree = shapely.STRtree(shapes)
    (asked, _), distance = tree.query_nearest(shapely.points(middles), return_distance=True)
    nearest = np.full(len(middles), np.inf)
    np.minimum.at(nearest, asked, distance)
    return nearest


def _densities(middles: FloatArray, points: FloatArray, distances: Sequence[float]) -> list[FloatArray]:
    """Quartic kernel density (up to its constant) at each middle, for each radius, from one search for pairs."""
    from scipy.spatial import cKDTree

    pairs = cKDTree(middles).sparse_distance_matrix(cKDTree(points), distances[-1], output_type="ndarray")
    sums = []
    for distance in distances:
        near = pairs[pairs["v"] < distance]
        kernel = (1 - (near["v"] / distance) ** 2) ** 2
        sums.append(np.bincount(near["i"], weights=kernel, minlength=len(middles)))
    return sums


def _telling(table: pd.DataFrame, held: NDArray[np.bool_]) -> Candidates:
    """Without those that hold for almost no unit, or almost all, or the very units of an earlier one."""
    count = held.sum(axis=0)
    telling = (count >= FEWEST_UNITS) & (count <= len(held) - FEWEST_UNITS)
    _, first = np.unique(np.packbits(held, axis=0), axis=1, return_index=True)
    kept = telling & np.isin(np.arange(count.size), first)
    if not kept.any():
        raise RiskTerrainError(
            f"none of {count.size} candidate factors holds for at least {FEWEST_UNITS} of the {len(held):,} units and "
            "leaves as many out; use other distances or smaller units"
        )
    lost = [name for name in table["layer"].unique() if not kept[table["layer"] == name].any()]
    notes = [f"layer {name!r} tells no units apart at these distances and was not considered" for name in lost]
    return Candidates(table.assign(units=count)[kept].reset_index(drop=True), held[:, kept], tuple(notes))
