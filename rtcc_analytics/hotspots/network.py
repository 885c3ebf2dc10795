"""Kernel density along streets: an event spreads along its street and round the corners, not over the roofs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from rtcc_analytics.events import Events
from rtcc_analytics.hotspots.cautions import stacked_caution
from rtcc_analytics.hotspots.counting import HotspotError, made_from, require_events
from rtcc_analytics.hotspots.kernels import Kernel, KernelName, kernel_named
from rtcc_analytics.units import StreetSegments, require_same_crs
from rtcc_analytics.units.streets import SAME_PLACE_M

if TYPE_CHECKING:
    import pandas as pd
    from scipy import sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Split = Literal["discontinuous", "continuous"]

STEP_M = 10.0
STEPS_A_BANDWIDTH = 20
MOST_PIECES = 20_000_000


@dataclass(frozen=True, eq=False)
class NetworkDensity:
    """Events per km of street, in short pieces of every segment.

    Attributes
    ----------
    streets : StreetSegments
    segment : ndarray of int, shape (pieces,)
        Segment each piece belongs to; the pieces of a segment follow one another from its first point.
    length_m : ndarray, shape (pieces,)
        Length of each piece.
    per_km : ndarray, shape (pieces,)
        Density at the middle of each piece, events per km of street. Times length it adds up to the events.
    made_by : dict
        Method, parameters, events left out for being far from any street, warnings.
    """

    streets: StreetSegments
    segment: Ints
    length_m: Floats
    per_km: Floats
    made_by: dict[str, object]

    @property
    def segment_per_km(self) -> Floats:
        """Mean density of each segment, events per km, shape (segments,)."""
        mass = np.bincount(self.segment, self.per_km * self.length_m, self.streets.size)
        return mass / np.bincount(self.segment, self.length_m, self.streets.size)

    def pieces(self) -> NDArray[np.object_]:
        """The pieces as shapely lines (straight between their ends), metres."""
        start = self._start_m()
        line = self.streets.lines[self.segment]
        ends = [shapely.line_interpolate_point(line, at) for at in (start, start + self.length_m)]
        return shapely.linestrings(np.stack([shapely.get_coordinates(end) for end in ends], axis=1))

    def to_frame(self) -> pd.DataFrame:
        """One row a piece: segment, label, from_m, to_m (along the segment), per_km."""
        import pandas as pd

        start = self._start_m()
        return pd.DataFrame(
            {
                "segment": self.segment,
                "label": self.streets.labels[self.segment],
                "from_m": start,
                "to_m": start + self.length_m,
                "per_km": self.per_km,
            }
        )

    def _start_m(self) -> Floats:
        piece = np.arange(self.segment.size) - np.searchsorted(self.segment, self.segment)
        return piece * self.length_m


def network_density(
    events: Events,
    streets: StreetSegments,
    *,
    bandwidth_m: float,
    kernel: KernelName = "quartic",
    split: Split = "discontinuous",
    step_m: float | None = None,
) -> NetworkDensity:
    """Equal-split kernel density along a street network, in events per km of street.

    Each event moves to the nearest point of the nearest street and spreads both ways along it. At a crossing of n
    streets each of the n - 1 ahead gets 1/(n - 1) of what arrives ("discontinuous", Okabe's ESD); at a dead end it
    turns back, so that nothing is lost and the density integrates to the events.

    Parameters
    ----------
    events : Events
        Weights count. Those farther than ``streets.max_distance_m`` from any street are left out, and their number
        is in ``made_by["outside"]``.
    streets : StreetSegments
        Cut at crossings (`StreetSegments.split_at_crossings`): only ends of segments connect.
    bandwidth_m : float
        How far along streets an event spreads (a Gaussian's standard deviation), metres.
    kernel : {"quartic", "gaussian", "epanechnikov"}
    split : {"discontinuous", "continuous"}
        "continuous" (Okabe's ESC) sends 2/n ahead and 2/n - 1 back, so that the density does not jump at crossings:
        with a Gaussian it is the heat equation on the network (McSwiggan and others), with others it can dip below 0.
    step_m : float, optional
        Length of a piece; by default a twentieth of the bandwidth, at most 10 m. Segments count as a whole number
        of steps for distance, which is off by at most half a step each.

    Returns
    -------
    NetworkDensity

    Raises
    ------
    HotspotError
        No events, none near a street, a bandwidth or step that is not positive, or a step above half the bandwidth.

    Examples
    --------
    >>> roads = shapely.from_wkt(["LINESTRING (500000 0, 501000 0)", "LINESTRING (501000 0, 501000 500)"])
    >>> streets = StreetSegments(roads, ["Main St", "Oak Ave"], "EPSG:32615")
    >>> event = Events(x=[500_900.0], y=[5.0], crs="EPSG:32615", timezone="UTC", occurred_from=["2024-01-01"])
    >>> density = network_density(event, streets, bandwidth_m=200)
    >>> round(float((density.per_km * density.length_m).sum() / 1000), 6)
    1.0
    >>> bool(density.segment_per_km[1] > 0)     # round the corner
    True

    Notes
    -----
    Okabe, A., Satoh, T. and Sugihara, K. (2009). A kernel density estimation method for networks. International Journal
    of GIS 23, 7-32. McSwiggan, G., Baddeley, A. and Nair, G. (2017). Kernel density estimation on a linear network.
    Scandinavian Journal of Statistics 44, 324-345. Instead of following every path from every event, whose number
    doubles at each crossing, all events are carried along together a step at a time: cost grows with street length
    times bandwidth over step squared, and not with the events.
    """
    require_events(events)
    require_same_crs(streets, events.crs)
    shape = kernel_named(kernel)
    step_m = _require_step(bandwidth_m, step_m, streets)
    if split not in ("discontinuous", "continuous"):
        raise HotspotError(f"split {split!r} is not known; there are: discontinuous, continuous")
    pieces = np.maximum(np.rint(streets.length_m / step_m).astype(np.int64), 1)
    segment = np.repeat(np.arange(streets.size), pieces)
    length = (streets.length_m / pieces)[segment]
    start, outside = _start(events, streets, pieces)
    mass = _carried(start, _onward(streets, pieces, split), bandwidth_m / step_m, shape)
    made_by = {
        **made_from(events, streets),
        "model": "network kernel density",
        "kernel": kernel,
        "bandwidth_m": float(bandwidth_m),
        "split": split,
        "step_m": step_m,
        "dead_ends": "turn back",
        "outside": outside,
        "warnings": stacked_caution(events.x, events.y),
    }
    return NetworkDensity(streets, segment, length, mass / length * 1000, made_by)


def _require_step(bandwidth_m: float, step_m: float | None, streets: StreetSegments) -> float:
    if not (np.isfinite(bandwidth_m) and bandwidth_m > 0):
        raise HotspotError(f"bandwidth_m is {bandwidth_m}: a positive distance in metres is needed")
    step_m = min(STEP_M, bandwidth_m / STEPS_A_BANDWIDTH) if step_m is None else float(step_m)
    if not 0 < step_m <= bandwidth_m / 2:
        raise HotspotError(
            f"step_m is {step_m:g}: it must be above zero and at most half of bandwidth_m, {bandwidth_m:g}"
        )
    expected = streets.length_m.sum() / step_m
    if expected > MOST_PIECES:
        raise HotspotError(
            f"step_m = {step_m:g} m cuts {streets.length_m.sum() / 1000:,.0f} km of street into {expected:,.0f} pieces "
            f"(at most {MOST_PIECES:,}); use at least {np.ceil(streets.length_m.sum() / MOST_PIECES):g} m"
        )
    return step_m


def _start(events: Events, streets: StreetSegments, pieces: Ints) -> tuple[Floats, float]:
    """Weight of the events in each piece, and of those near no street."""
    held = streets.assign(events.x, events.y)
    near = held >= 0
    weights = np.asarray(events.weights)
    if not near.any():
        bounds = shapely.total_bounds(streets.lines)
        raise HotspotError(
            f"none of the {events.size:,} events is within {streets.max_distance_m:g} m of a street: events span x "
            f"{events.x.min():,.0f} to {events.x.max():,.0f}, y {events.y.min():,.0f} to {events.y.max():,.0f}, "
            f"streets x {bounds[0]:,.0f} to {bounds[2]:,.0f}, y {bounds[1]:,.0f} to {bounds[3]:,.0f} "
            f"({events.crs}, metres)"
        )
    segment = held[near]
    along = shapely.line_locate_point(streets.lines[segment], shapely.points(events.x[near], events.y[near]))
    piece = (along / streets.length_m[segment] * pieces[segment]).astype(np.int64)
    first = np.cumsum(pieces) - pieces
    place = first[segment] + np.minimum(piece, pieces[segment] - 1)
    return np.bincount(place, weights[near], int(pieces.sum())), float(weights[~near].sum())


def _onward(streets: StreetSegments, pieces: Ints, split: Split) -> sparse.csr_array:
    """How what stands in a piece with a direction is carried one piece on; state 2p heads for the end, 2p + 1 back."""
    from scipy import sparse

    total = int(pieces.sum())
    last = np.cumsum(pieces) - 1
    first = last - pieces + 1
    inner = np.setdiff1d(np.arange(total), last, assume_unique=True)
    ahead = 2 * inner, 2 * inner + 2
    back = 2 * inner + 3, 2 * inner + 1
    ends = np.concatenate([shapely.get_coordinates(shapely.get_point(streets.lines, at)) for at in (0, -1)])
    rounded = np.rint(ends / SAME_PLACE_M)
    _, node = np.unique(rounded[:, 0] + 1j * rounded[:, 1], return_inverse=True)
    arriving, leaving = np.concatenate([2 * first + 1, 2 * last]), np.concatenate([2 * first, 2 * last + 1])
    come, go, degree = _pairs_at_nodes(node)
    same = come == go
    if split == "continuous":
        share = 2 / degree - same
    else:
        share = np.where(degree == 1, 1.0, ~same / np.maximum(degree - 1, 1))
    kept = share != 0
    rows = np.concatenate([ahead[1], back[1], leaving[go[kept]]])
    columns = np.concatenate([ahead[0], back[0], arriving[come[kept]]])
    values = np.concatenate([np.ones(2 * inner.size), share[kept]])
    return sparse.csr_array((values, (rows, columns)), shape=(2 * total, 2 * total))


def _pairs_at_nodes(node: Ints) -> tuple[Ints, Ints, Ints]:
    """Every ordered pair of segment ends that meet, and how many ends meet there."""
    order = np.argsort(node, kind="stable")
    degree = np.bincount(node)
    of_end = degree[node[order]]
    start = (np.cumsum(degree) - degree)[node[order]]
    come = np.repeat(order, of_end)
    within = np.arange(of_end.sum()) - np.repeat(np.cumsum(of_end) - of_end, of_end)
    return come, order[np.repeat(start, of_end) + within], np.repeat(of_end, of_end)


def _carried(start: Floats, onward: sparse.csr_array, bandwidth: float, kernel: Kernel) -> Floats:
    """What ends up in each piece, when all start at once and go both ways."""
    steps = np.arange(int(bandwidth * kernel.reach) + 1)
    height = kernel.shape((steps / bandwidth) ** 2)
    height = height / (2 * height.sum() - height[0])
    moving = np.repeat(start, 2)
    total = np.repeat(start, 2) * height[0] / 2
    for share in height[1:]:
        moving = onward @ moving
        total += share * moving
    return total[::2] + total[1::2]
