"""Describing a point pattern as a whole: where its middle is, how it spreads, whether it clusters.

- `centrography`: mean and median centre, standard distance, standard deviational ellipse.
- `nearest_neighbour_index`: Clark and Evans' index with its z and p.
- `ripley_k`: Ripley's K and Besag's L with edge correction and a simulation envelope.

Coordinates are projected metres. Crime clusters because people and buildings do: a pattern that is
"clustered against complete spatial randomness" says little by itself. Compare two patterns, or two
periods, before drawing a conclusion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy import fft, stats
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from data_connectors.errors import RtccError
from rtcc_analytics.hotspots.cautions import stacked_caution
from rtcc_analytics.study import projected_points

FloatArray = NDArray[np.float64]
Correction = Literal["translation", "border", "none"]

WINDOW_PIXELS = 512


class SpatialError(RtccError):
    """Points or a study area for which the statistic is not defined."""


@dataclass(frozen=True)
class Ellipse:
    """A standard deviational ellipse.

    Attributes
    ----------
    center_x, center_y : float
        Metres.
    semi_major_m, semi_minor_m : float
        Half axes of the one-standard-deviation ellipse, metres.
    bearing_deg : float
        Direction of the long axis, clockwise from grid north, 0 up to 180.
    """

    center_x: float
    center_y: float
    semi_major_m: float
    semi_minor_m: float
    bearing_deg: float

    @property
    def area_km2(self) -> float:
        """Area of the ellipse in km²."""
        return float(np.pi * self.semi_major_m * self.semi_minor_m / 1e6)

    def polygon(self, points: int = 90) -> BaseGeometry:
        """The ellipse as a polygon of `points` corners, for a map."""
        turn = np.linspace(0, 2 * np.pi, points, endpoint=False)
        along, across = self.semi_major_m * np.cos(turn), self.semi_minor_m * np.sin(turn)
        bearing = np.radians(self.bearing_deg)
        x = self.center_x + along * np.sin(bearing) + across * np.cos(bearing)
        y = self.center_y + along * np.cos(bearing) - across * np.sin(bearing)
        return shapely.Polygon(np.column_stack([x, y]))


@dataclass(frozen=True)
class Centrography:
    """Where a pattern's middle is and how it spreads.

    Attributes
    ----------
    size : int
        Points used.
    mean_center, median_center : tuple of float
        x and y in metres. The median centre is the point of least summed distance.
    standard_distance_m : float
        Root mean squared distance to the mean centre, metres.
    ellipse : Ellipse
        One-standard-deviation ellipse about the mean centre.
    """

    size: int
    mean_center: tuple[float, float]
    median_center: tuple[float, float]
    standard_distance_m: float
    ellipse: Ellipse

    def to_frame(self) -> pd.DataFrame:
        """One row with every figure, metres, degrees and km²."""
        return pd.DataFrame(
            [
                {
                    "size": self.size,
                    "mean_x": self.mean_center[0],
                    "mean_y": self.mean_center[1],
                    "median_x": self.median_center[0],
                    "median_y": self.median_center[1],
                    "standard_distance_m": self.standard_distance_m,
                    "semi_major_m": self.ellipse.semi_major_m,
                    "semi_minor_m": self.ellipse.semi_minor_m,
                    "bearing_deg": self.ellipse.bearing_deg,
                    "ellipse_km2": self.ellipse.area_km2,
                }
            ]
        )


@dataclass(frozen=True)
class NearestNeighbour:
    """Clark and Evans' nearest-neighbour index.

    Attributes
    ----------
    size : int
        Points used.
    observed_m, expected_m : float
        Mean distance to the nearest other point, seen and under complete spatial randomness.
    index : float
        observed / expected: below 1 clustered, above 1 spaced out.
    z, p_value : float
        Normal approximation, two-sided.
    stacked_share : float
        Share of points at zero distance from another: an index driven by shared addresses.
    warnings : tuple of str
    """

    size: int
    observed_m: float
    expected_m: float
    index: float
    z: float
    p_value: float
    stacked_share: float
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row with every figure."""
        return pd.DataFrame([{name: value for name, value in self.__dict__.items() if name != "warnings"}])


@dataclass(frozen=True)
class RipleyK:
    """Ripley's K and Besag's L over distance, with a pointwise envelope under randomness.

    Attributes
    ----------
    distances_m, k_m2, l_m : ndarray, shape (d,)
        Distances, K in m² and L = sqrt(K / pi) in metres (L = distance under randomness).
    low_m, high_m : ndarray, shape (d,)
        Smallest and largest L of the simulations; NaN where none was asked for.
    p_value : float
        Monte Carlo p of the greatest distance between L and the simulations' mean, over all distances
        at once (two-sided, with +1); NaN without simulations.
    correction : str
        Edge correction used.
    simulations : int
        Random patterns drawn in the same area.
    warnings : tuple of str
        Stacked points, distances too large for the area.
    """

    distances_m: FloatArray
    k_m2: FloatArray
    l_m: FloatArray
    low_m: FloatArray
    high_m: FloatArray
    p_value: float
    correction: str
    simulations: int
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a distance: distance_m, k_m2, l_m, l_minus_distance_m, low_m, high_m."""
        return pd.DataFrame(
            {
                "distance_m": self.distances_m,
                "k_m2": self.k_m2,
                "l_m": self.l_m,
                "l_minus_distance_m": self.l_m - self.distances_m,
                "low_m": self.low_m,
                "high_m": self.high_m,
            }
        )


def centrography(x: ArrayLike, y: ArrayLike, *, weights: ArrayLike | None = None) -> Centrography:
    """Mean and median centre, standard distance and deviational ellipse of a pattern.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Metres; at least three points that are not all at one place.
    weights : array_like, shape (n,), optional
        Non-negative weights.

    Returns
    -------
    Centrography
        Moments divide by the sum of weights (population form, as in ArcGIS). The ellipse's half axes are
        the square roots of the covariance's eigenvalues times sqrt(2): the scaling of CrimeStat and of ArcGIS
        since 10, which makes the ellipse of a bivariate normal hold about 63 % of its points.

    Raises
    ------
    SpatialError
        Fewer than three points, NaN, degrees, or all points at one place.

    Examples
    --------
    >>> result = centrography([0, 1000, 2000, 1000], [0, 500, 0, -500])
    >>> result.mean_center, round(result.standard_distance_m), result.ellipse.bearing_deg
    ((1000.0, 0.0), 791, 90.0)

    Notes
    -----
    Yuill, R. S. (1971). The standard deviational ellipse. Geografiska Annaler B 53, 28-39.
    The median centre is found by Weiszfeld's iteration with Vardi and Zhang's step at data points.
    """
    points, w = _points(x, y, weights, least=3)
    share = w / w.sum()
    center = share @ points
    offsets = points - center
    covariance = (offsets * share[:, None]).T @ offsets
    variance, axes = np.linalg.eigh(covariance)
    if variance[1] <= 0:
        raise SpatialError(f"all {len(points)} points are at ({center[0]:g}, {center[1]:g}); nothing spreads")
    bearing = float(np.degrees(np.arctan2(axes[0, 1], axes[1, 1])) % 180)
    half = np.sqrt(2 * np.clip(variance, 0, None))
    ellipse = Ellipse(float(center[0]), float(center[1]), float(half[1]), float(half[0]), round(bearing, 9) % 180)
    median = _median_center(points, share)
    return Centrography(
        len(points), (float(center[0]), float(center[1])), median, float(np.sqrt(np.trace(covariance))), ellipse
    )


def nearest_neighbour_index(
    x: ArrayLike, y: ArrayLike, *, area_km2: float, perimeter_m: float | None = None
) -> NearestNeighbour:
    """Clark and Evans' index: is the nearest other point closer than chance would have it?

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Metres, at least two points.
    area_km2 : float
        Area that could hold points. The index depends on it wholly: use the study area, not the box around
        the points.
    perimeter_m : float, optional
        Length of the area's boundary. Given, Donnelly's correction for points near it is applied;
        otherwise none is, and the index of a small pattern is too large.

    Raises
    ------
    SpatialError
        Fewer than two points, NaN, degrees, or an area of zero.

    Examples
    --------
    >>> grid = np.arange(10) * 100.0
    >>> xx, yy = np.meshgrid(grid, grid)
    >>> round(nearest_neighbour_index(xx.ravel(), yy.ravel(), area_km2=1.0).index, 2)
    2.0

    Notes
    -----
    Clark, P. J. and Evans, F. C. (1954). Ecology 35, 445-453. Donnelly, K. P. (1978), in Hodder (ed.),
    Simulation studies in archaeology, 91-95.
    """
    points, _ = _points(x, y, None, least=2)
    if not area_km2 > 0:
        raise SpatialError(f"area_km2 is {area_km2:g}; give the study area's surface in km²")
    n, area = len(points), area_km2 * 1e6
    nearest = cKDTree(points).query(points, k=2)[0][:, 1]
    expected, error = 0.5 * np.sqrt(area / n), 0.26136 / np.sqrt(n * n / area)
    if perimeter_m is not None:
        expected += (0.0514 + 0.041 / np.sqrt(n)) * perimeter_m / n
        error = np.sqrt(0.0703 * area / n**2 + 0.037 * perimeter_m * np.sqrt(area / n**5))
    observed = float(nearest.mean())
    z = (observed - expected) / error
    return NearestNeighbour(
        n,
        observed,
        float(expected),
        float(observed / expected),
        float(z),
        float(2 * stats.norm.sf(abs(z))),
        float((nearest == 0).mean()),
        stacked_caution(points[:, 0], points[:, 1]),
    )


def ripley_k(
    x: ArrayLike,
    y: ArrayLike,
    *,
    polygon: BaseGeometry,
    distances_m: ArrayLike,
    correction: Correction = "translation",
    simulations: int = 99,
    seed: int = 0,
) -> RipleyK:
    """Ripley's K: points within each distance of a point, per unit of density, corrected at the edge.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Metres; points outside the polygon are refused.
    polygon : shapely Polygon or MultiPolygon
        The study area in the same metres.
    distances_m : array_like, shape (d,)
        Rising distances above zero; beyond a quarter of the area's short side K is unreliable.
    correction : "translation", "border" or "none"
        Translation (Ohser) weighs a pair by the area's overlap with itself shifted by the pair's vector;
        border counts only from points farther than the distance from the edge; none is biased low.
    simulations : int
        Patterns of as many points drawn uniformly in the polygon for envelope and p; 0 for none.
    seed : int
        The same seed gives the same envelope.

    Returns
    -------
    RipleyK

    Raises
    ------
    SpatialError
        Fewer than three points, points outside, distances that do not rise, degrees.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> square = shapely.box(0, 0, 1000, 1000)
    >>> result = ripley_k(*rng.uniform(0, 1000, (2, 300)), polygon=square, distances_m=[50, 100], simulations=19)
    >>> bool((abs(result.l_m - result.distances_m) < 15).all())
    True

    Notes
    -----
    Ripley, B. D. (1976); Besag, J. (1977); Ohser, J. (1983). The set covariance is measured on a raster of
    512 pixels along the area's longer side: its error in the weights is below 1 % for areas that are not
    narrower than a tenth of their length. Cost grows with the number of pairs within the largest distance.
    """
    points, _ = _points(x, y, None, least=3)
    distances = _rising(distances_m)
    outside = ~shapely.contains_xy(polygon.buffer(1e-6 * np.sqrt(polygon.area)), points[:, 0], points[:, 1])
    if outside.any():
        raise SpatialError(
            f"{outside.sum()} of {len(points)} points lie outside the polygon; leave them out, or widen it"
        )
    weigh = _pair_weights(polygon, correction)
    k = _k(points, polygon, distances, correction, weigh)
    rng = np.random.default_rng(seed)
    drawn = np.array(
        [
            _k(_uniform_points(polygon, len(points), rng), polygon, distances, correction, weigh)
            for _ in range(simulations)
        ]
    ).reshape(simulations, len(distances))
    l_seen, l_drawn = np.sqrt(k / np.pi), np.sqrt(drawn / np.pi)
    low, high, p = _envelope(l_seen, l_drawn)
    warnings = (*stacked_caution(points[:, 0], points[:, 1]), *_distance_cautions(distances, k, polygon))
    return RipleyK(distances, k, l_seen, low, high, p, correction, simulations, warnings)


def _distance_cautions(distances: FloatArray, k: FloatArray, polygon: BaseGeometry) -> tuple[str, ...]:
    x_min, y_min, x_max, y_max = polygon.bounds
    quarter = min(x_max - x_min, y_max - y_min) / 4
    far = (
        f"distances up to {distances[-1]:,.0f} m are beyond a quarter of the area's short side ({quarter:,.0f} m), "
        "where K rests on few pairs; leave them out"
    )
    unknown = (
        f"at {(~np.isfinite(k)).sum()} of {k.size} distances no point is that far from the edge, so K is unknown (NaN) "
        "there; use smaller distances or the translation correction"
    )
    return (far,) * bool(distances[-1] > quarter) + (unknown,) * (not np.isfinite(k).all())


def _envelope(seen: FloatArray, drawn: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Pointwise extremes of the simulations, and the p of the largest departure from their mean."""
    if not len(drawn):
        nothing = np.full(len(seen), np.nan)
        return nothing, nothing, float("nan")
    everyone = np.vstack([seen, drawn])
    departure = np.abs(everyone - everyone.mean(axis=0)).max(axis=1)
    p = (1 + (departure[1:] >= departure[0]).sum()) / (1 + len(drawn))
    return drawn.min(axis=0), drawn.max(axis=0), float(p)


def _k(points: FloatArray, polygon: BaseGeometry, distances: FloatArray, correction: str, weigh) -> FloatArray:
    n, area = len(points), polygon.area
    pairs = cKDTree(points).query_pairs(distances[-1], output_type="ndarray")
    vectors = points[pairs[:, 0]] - points[pairs[:, 1]]
    length = np.hypot(vectors[:, 0], vectors[:, 1])
    if correction == "border":
        return _border_k(points, polygon, distances, pairs, length)
    edge = np.searchsorted(distances, length)
    weight = weigh(vectors)
    sums = np.bincount(edge, weights=weight, minlength=len(distances) + 1)[: len(distances)]
    return 2 * area * np.cumsum(sums) / (n * (n - 1))


def _border_k(points, polygon, distances, pairs, length) -> FloatArray:
    n, area = len(points), polygon.area
    to_edge = shapely.distance(shapely.points(points), polygon.boundary)
    k = np.full(len(distances), np.nan)
    for i, distance in enumerate(distances):
        inner = to_edge >= distance
        close = pairs[length <= distance]
        if inner.any():
            counted = inner[close[:, 0]].sum() + inner[close[:, 1]].sum()
            k[i] = area * counted / (inner.sum() * (n - 1))
    return k


def _pair_weights(polygon: BaseGeometry, correction: str):
    """The weight of a pair as a function of its vector: area / overlap of the area with itself shifted."""
    if correction in ("none", "border"):
        return lambda vectors: np.ones(len(vectors))
    if correction != "translation":
        raise SpatialError(f"correction {correction!r} is not known; there are translation, border and none")
    x_min, y_min, x_max, y_max = polygon.bounds
    pixel = max(x_max - x_min, y_max - y_min) / WINDOW_PIXELS
    columns, rows = int(np.ceil((x_max - x_min) / pixel)), int(np.ceil((y_max - y_min) / pixel))
    xs = x_min + (np.arange(columns) + 0.5) * pixel
    ys = y_min + (np.arange(rows) + 0.5) * pixel
    mask = shapely.contains_xy(polygon, *np.meshgrid(xs, ys)).astype(float)
    shape = [fft.next_fast_len(2 * side, real=True) for side in mask.shape]
    spectrum = fft.rfft2(mask, shape)
    covariance = fft.fftshift(fft.irfft2(spectrum * spectrum.conj(), shape))
    middle = np.array([[shape[0] // 2], [shape[1] // 2]])
    total = mask.sum()

    def weigh(vectors: FloatArray) -> FloatArray:
        overlap = map_coordinates(covariance, middle + vectors.T[::-1] / pixel, order=1, mode="nearest")
        return total / np.clip(overlap, 1.0, None)

    return weigh


def _uniform_points(polygon: BaseGeometry, n: int, rng: np.random.Generator) -> FloatArray:
    x_min, y_min, x_max, y_max = polygon.bounds
    kept = np.empty((0, 2))
    while len(kept) < n:
        tried = rng.uniform((x_min, y_min), (x_max, y_max), (2 * n, 2))
        kept = np.vstack([kept, tried[shapely.contains_xy(polygon, tried[:, 0], tried[:, 1])]])
    return kept[:n]


def _median_center(points: FloatArray, share: FloatArray) -> tuple[float, float]:
    """Newton's step, or Weiszfeld's where that is lower; a stack that outweighs the pull of the rest is the centre.

    Weiszfeld alone (Vardi and Zhang 2000) creeps beside a stack of points, as geocoded crime has them.
    """
    here = share @ points
    scale = np.abs(points - here).max() or 1.0
    for _ in range(1000):
        gap = np.hypot(*(points - here).T)
        offset = points - (nearest := points[gap.argmin()])
        away = np.hypot(*offset.T)
        apart = away > 1e-12 * scale
        if np.hypot(*((share[apart] / away[apart]) @ offset[apart])) <= share[~apart].sum():
            here = nearest
            break
        pull = share / (gap := np.maximum(gap, 1e-9 * scale))
        unit = (points - here) / gap[:, None]
        slope = share @ unit
        curvature = np.eye(2) * pull.sum() - (unit * pull[:, None]).T @ unit
        steps = slope / pull.sum(), np.linalg.pinv(curvature) @ slope
        step = min(steps, key=lambda move: share @ np.hypot(*(points - here - move).T))
        here += step
        if np.hypot(*step) < 1e-10 * scale:
            break
    return float(here[0]), float(here[1])


def _points(x: ArrayLike, y: ArrayLike, weights: ArrayLike | None, *, least: int) -> tuple[FloatArray, FloatArray]:
    points = projected_points(SpatialError, x, y)
    if len(points) < least:
        raise SpatialError(f"{len(points)} points; at least {least} are needed")
    w = np.ones(len(points)) if weights is None else np.asarray(weights, dtype=float).ravel()
    if w.shape != (len(points),) or not np.isfinite(w).all() or (w < 0).any() or not w.sum() > 0:
        raise SpatialError(f"{w.size} weights for {len(points)} points; they must be finite, not negative, not all 0")
    return points, w


def _rising(distances_m: ArrayLike) -> FloatArray:
    distances = np.atleast_1d(np.asarray(distances_m, dtype=float))
    if not (len(distances) and distances[0] > 0 and (np.diff(distances) > 0).all()):
        raise SpatialError(f"distances_m {distances.tolist()} must rise and start above 0")
    return distances
