"""Clusters drawn around events: DBSCAN areas, space-time DBSCAN, nearest-neighbour hierarchical clusters.

Clusters answer "where are the dense groups?", not "is this more than chance?": every pattern has some. For a test see
`space_time_scan`, `gi_star` or the near-repeat module.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy import sparse, stats
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from rtcc_analytics.hotspots.cautions import stacked_caution
from rtcc_analytics.hotspots.counting import HotspotError
from rtcc_analytics.study import projected_points

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Clusters:
    """Groups of events, the heaviest first.

    Attributes
    ----------
    label : ndarray of int, shape (n,)
        Cluster of each event, 0 the heaviest; -1 for none.
    frame : DataFrame
        One row a cluster: cluster, events, weight, x, y (weighted middle, metres), area_km2, and for space-time
        clusters first and last time.
    areas : ndarray of shapely geometries, shape (clusters,)
        Ground of each cluster, metres.
    made_by : dict
        Method, parameters, and warnings.
    """

    label: IntArray
    frame: pd.DataFrame
    areas: NDArray[np.object_]
    made_by: dict[str, object]

    def to_frame(self) -> pd.DataFrame:
        """One row a cluster."""
        return self.frame.copy()


def dbscan_areas(
    x: ArrayLike, y: ArrayLike, *, distance_m: float, min_events: float, weights: ArrayLike | None = None
) -> Clusters:
    """Hot-spot areas by DBSCAN: ground within `distance_m` of an event with enough events around it.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Metres.
    distance_m : float
        Neighbourhood.
    min_events : float
        Weight within it, the event itself included, that makes an event a core of a cluster.
    weights : array_like, shape (n,), optional
        Harm, or aoristic shares; 1 by default.

    Returns
    -------
    Clusters
        Areas are core events widened by `distance_m` and joined. An event near two clusters goes to the
        nearer core, whatever the order of the input.

    Raises
    ------
    HotspotError
        No events, NaN, degrees, a distance or weight that is not positive.

    Examples
    --------
    >>> found = dbscan_areas([1000, 1010, 1020, 5000], [1000, 1000, 1000, 5000], distance_m=50, min_events=3)
    >>> found.label.tolist(), found.frame.events.tolist()
    ([0, 0, 0, -1], [3])

    Notes
    -----
    Ester, M. et al. (1996). A density-based algorithm for discovering clusters. KDD-96, 226-231. As hot-spot areas:
    Wheeler, A. P. and Reuter, S. (2021). Redrawing hot spots of crime in Dallas, Texas. Police Quarterly 24.
    """
    points, w = _points(x, y, weights)
    _require_positive(distance_m=distance_m, min_events=min_events)
    places, place_of = np.unique(points, axis=0, return_inverse=True)
    place_of = place_of.ravel()
    weight = np.bincount(place_of, weights=w)
    near = cKDTree(places).sparse_distance_matrix(cKDTree(places), distance_m, output_type="coo_matrix").tocsr()
    near.data += 1e-12  # keep the zero distances of a place to itself
    reach = near.astype(bool).astype(float) + sparse.eye_array(len(places), format="csr")
    reach.data[:] = 1.0
    core = reach @ weight >= min_events
    label = _grow(near, core)[place_of]
    cores = core[place_of]

    def ground(members: NDArray[np.bool_]) -> shapely.Geometry:
        return shapely.union_all(shapely.buffer(shapely.points(np.unique(points[members & cores], axis=0)), distance_m))

    made_by = {"method": "DBSCAN", "distance_m": distance_m, "min_events": min_events}
    return _ranked(points, w, label, ground, made_by)


def st_dbscan(x: ArrayLike, y: ArrayLike, t: ArrayLike, *, distance_m: float, days: float, min_events: int) -> Clusters:
    """Clusters in space and time: events with enough others within a distance and within some days.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Metres.
    t : array_like, shape (n,)
        Days.
    distance_m, days : float
        Neighbourhood in space and in time, both inclusive.
    min_events : int
        Events within it, the event itself included, that make a core.

    Returns
    -------
    Clusters
        `frame` also has first_day and last_day. A chain of events can stretch a cluster over a long time.

    Raises
    ------
    HotspotError
        As in `dbscan_areas`.

    Examples
    --------
    >>> found = st_dbscan([1000] * 6, [1000] * 6, [0, 1, 2, 90, 91, 92], distance_m=50, days=3, min_events=3)
    >>> found.label.tolist()
    [0, 0, 0, 1, 1, 1]

    Notes
    -----
    Birant, D. and Kut, A. (2007). ST-DBSCAN: An algorithm for clustering spatial-temporal data. Data & Knowledge
    Engineering 60, 208-221, without its third, non-spatial condition. Grows with the pairs within the distance.
    """
    points, w = _points(x, y, None)
    time = np.asarray(t, dtype=float).ravel()
    if time.shape != w.shape or not np.isfinite(time).all():
        raise HotspotError(f"{np.isfinite(time).sum()} known times for {len(points)} events; one is needed for each")
    _require_positive(distance_m=distance_m, days=days, min_events=min_events)
    pairs = cKDTree(points).query_pairs(distance_m, output_type="ndarray")
    pairs = pairs[np.abs(time[pairs[:, 0]] - time[pairs[:, 1]]) <= days]
    gap = np.hypot(*(points[pairs[:, 0]] - points[pairs[:, 1]]).T) / distance_m
    lag = np.abs(time[pairs[:, 0]] - time[pairs[:, 1]]) / days
    apart = np.hypot(gap, lag) + 1e-12
    rows, columns = np.concatenate([pairs, pairs[:, ::-1]]).T if len(pairs) else (np.empty(0, int), np.empty(0, int))
    near = sparse.csr_array((np.tile(apart, 2), (rows, columns)), shape=(len(points), len(points)))
    core = np.diff(near.indptr) + 1 >= min_events

    def ground(members: NDArray[np.bool_]) -> shapely.Geometry:
        return shapely.convex_hull(shapely.multipoints(points[members]))

    made_by = {"method": "ST-DBSCAN", "distance_m": distance_m, "days": days, "min_events": min_events}
    found = _ranked(points, w, _grow(near, core), ground, made_by)
    grouped = pd.Series(time[found.label >= 0]).groupby(found.label[found.label >= 0])
    frame = found.frame.assign(first_day=grouped.min().to_numpy(), last_day=grouped.max().to_numpy())
    return Clusters(found.label, frame, found.areas, made_by)


def nearest_neighbour_clusters(
    x: ArrayLike, y: ArrayLike, *, area_km2: float, min_events: int, probability: float = 0.5
) -> Clusters:
    """Nearest-neighbour hierarchical clusters of the first order, as CrimeStat's users know them.

    Two events are close if nearer than a random pair of neighbours would be: the expected nearest-neighbour
    distance, moved by its standard error to the chosen probability. The event with most close ones takes them
    as a cluster; then the next, among those left.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Metres.
    area_km2 : float
        The study area's surface.
    min_events : int
        Smaller clusters are dropped.
    probability : float
        Chance that a random pattern's nearest neighbour lies within the threshold, 0-1: 0.5 is the expected
        distance itself; smaller finds fewer, tighter clusters.

    Returns
    -------
    Clusters
        Areas are convex hulls. Run it again on the clusters' x and y for the second order.

    Raises
    ------
    HotspotError
        As in `dbscan_areas`; a probability outside 0-1.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x, y = np.append(rng.uniform(0, 9000, 90), [500] * 10), np.append(rng.uniform(0, 9000, 90), [500] * 10)
    >>> nearest_neighbour_clusters(x, y, area_km2=81, min_events=10, probability=0.01).frame.events.tolist()
    [10]

    Notes
    -----
    Levine, N. (2015). CrimeStat IV manual, chapter 7. Its code is closed: the definition was followed, its
    output was not compared.
    """
    points, w = _points(x, y, None)
    _require_positive(area_km2=area_km2, min_events=min_events)
    if not 0 < probability < 1:
        raise HotspotError(f"probability {probability:g} must lie between 0 and 1")
    n, area = len(points), area_km2 * 1e6
    threshold = 0.5 * np.sqrt(area / n) + stats.norm.ppf(probability) * 0.26136 / np.sqrt(n * n / area)
    if threshold <= 0:
        raise HotspotError(
            f"at probability {probability:g} the threshold is {threshold:.0f} m for {n} events; take a larger one"
        )
    near = cKDTree(points).query_ball_point(points, threshold)
    label, cluster = np.full(n, -1), 0
    for event in np.lexsort((points[:, 1], points[:, 0], [-len(others) for others in near])):
        if label[event] >= 0:
            continue
        free = [other for other in near[event] if label[other] < 0]
        if len(free) >= min_events:
            label[free], cluster = cluster, cluster + 1

    def ground(members: NDArray[np.bool_]) -> shapely.Geometry:
        return shapely.convex_hull(shapely.multipoints(points[members]))

    made_by = {
        "method": "nearest-neighbour hierarchical",
        "threshold_m": float(threshold),
        "probability": probability,
        "min_events": min_events,
    }
    return _ranked(points, w, label, ground, made_by)


def _grow(near: sparse.csr_array, core: NDArray[np.bool_]) -> IntArray:
    """Join cores that are near each other; the others follow their nearest core."""
    label = np.full(len(core), -1, dtype=np.int64)
    cores = np.flatnonzero(core)
    if not cores.size:
        return label
    near = sparse.csr_array(near)
    label[cores] = connected_components(near[cores][:, cores], directed=False)[1]
    pairs = near[np.flatnonzero(~core)][:, cores].tocoo()
    order = np.lexsort((label[cores][pairs.col], pairs.data))[::-1]
    label[np.flatnonzero(~core)[pairs.row[order]]] = label[cores][pairs.col[order]]
    return label


def _ranked(points: FloatArray, w: FloatArray, label: IntArray, ground, made_by: dict[str, object]) -> Clusters:
    made_by["warnings"] = stacked_caution(points[:, 0], points[:, 1])
    found = np.unique(label[label >= 0])
    rows, areas = [], []
    for cluster in found:
        members = label == cluster
        area = ground(members)
        middle = w[members] @ points[members] / w[members].sum()
        rows.append(
            {
                "old": cluster,
                "events": int(members.sum()),
                "weight": float(w[members].sum()),
                "x": middle[0],
                "y": middle[1],
                "area_km2": area.area / 1e6,
            }
        )
        areas.append(area)
    frame = pd.DataFrame(rows, columns=["old", "events", "weight", "x", "y", "area_km2"])
    order = frame.sort_values(["weight", "x", "y"], ascending=[False, True, True], kind="stable").index.to_numpy()
    rename = np.full(int(label.max(initial=-1)) + 2, -1)
    rename[found[order]] = np.arange(len(order))
    frame = frame.loc[order].drop(columns="old").reset_index(drop=True)
    frame.insert(0, "cluster", np.arange(len(order)))
    return Clusters(
        rename[label], frame, np.array(areas, dtype=object)[order] if areas else np.array([], object), made_by
    )


def _points(x: ArrayLike, y: ArrayLike, weights: ArrayLike | None) -> tuple[FloatArray, FloatArray]:
    points = projected_points(HotspotError, x, y)
    w = np.ones(len(points)) if weights is None else np.asarray(weights, dtype=float).ravel()
    if not len(points):
        raise HotspotError("no events; widen the period or the filter")
    if w.shape != (len(points),) or not np.isfinite(w).all() or (w < 0).any():
        raise HotspotError(f"{w.size} weights for {len(points)} events; they must be finite and not negative")
    return points, w


def _require_positive(**values: float) -> None:
    for name, value in values.items():
        if not value > 0:
            raise HotspotError(f"{name} is {value:g}; it must be above zero")
