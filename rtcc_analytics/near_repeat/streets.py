"""Distance along streets: how far to walk or drive from one event to another, up to the largest break."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import shapely
from numba import njit
from numpy.typing import ArrayLike, NDArray

from rtcc_analytics.near_repeat.cores import even_slices, on_all_cores
from rtcc_analytics.near_repeat.pairs import FloatArray, IntArray, PairRows

SAME_PLACE_M = 0.01
MICROMETRES = 1e6


class StreetLines(Protocol):
    """What a street network must offer; `rtcc_analytics.units.StreetSegments` does.

    Attributes
    ----------
    lines : array of shapely LineString, shape (size,)
        Metres, cut where streets meet: lines are joined where their ends coincide within a
        centimetre, and only there, so a bridge over a road is no crossing.
    """

    lines: NDArray[np.object_]

    def assign(self, x: ArrayLike, y: ArrayLike) -> IntArray:
        """The line each point in metres belongs to, shape (n,); -1 for none."""
        ...


def left_out_of_streets(network: StreetLines, xy: FloatArray) -> NDArray[np.bool_]:
    """Which points belong to no street."""
    return np.asarray(network.assign(xy[:, 0], xy[:, 1])) < 0


@dataclass(eq=False)
class StreetPairs:
    """Pairs within a distance along the streets, in either direction of travel.

    An event stands at the point of its street nearest to it; the way from the street to the
    door is not counted. Attributes are as for `GridPairs`; `network` takes the place of `metric`.

    Examples
    --------
    >>> from rtcc_analytics.units import StreetSegments
    >>> lines = shapely.from_wkt(["LINESTRING (500000 0, 500100 0)", "LINESTRING (500100 0, 500100 100)"])
    >>> streets = StreetSegments(lines, ["Main St", "Oak Ave"], "EPSG:32615")
    >>> pairs = StreetPairs(np.array([[500040.0, 0.0], [500100.0, 60.0]]), np.array([100.0, 150.0]), streets)
    >>> pairs.band_totals.tolist()      # 120 m round the corner, though 85 m as the crow flies
    [0, 1]
    """

    xy: FloatArray
    limits: FloatArray
    network: StreetLines
    targets: FloatArray | None = None
    band_totals: IntArray = field(init=False)

    def __post_init__(self) -> None:
        among_themselves = self.targets is None
        graph = _graph(self.network)
        own = _stand(self.network, self.xy)
        others = own if among_themselves else _stand(self.network, self.targets)
        by_segment = np.argsort(others[0], kind="stable")
        segment_starts = np.searchsorted(others[0][by_segment], np.arange(len(self.network.lines) + 1))

        def task(first: int, last: int) -> tuple[IntArray, NDArray[np.int32], FloatArray]:
            return _walk(first, last, *own, others[1], by_segment, segment_starts, *graph,
                         self.limits[-1] + 1 / MICROMETRES, among_themselves)

        parts = on_all_cores(task, even_slices(np.arange(len(self.xy) + 1)))
        counts, partner, metres = (np.concatenate([part[at] for part in parts]) for at in range(3))
        # Sums of lengths carry rounding errors: to the micrometre, so that 40 m + 60 m is on the 100 m break.
        metres = np.rint(metres * MICROMETRES) / MICROMETRES
        kept = metres < self.limits[-1]
        row = np.repeat(np.arange(len(counts)), counts)[kept]
        band = np.searchsorted(self.limits, metres[kept], side="right").astype(np.int8)
        self.band_totals = np.bincount(band, minlength=len(self.limits)).astype(np.int64)
        starts = np.searchsorted(row, np.arange(len(counts) + 1))
        if not among_themselves:
            partner += np.int32(len(self.xy))
        self._rows = PairRows(0, starts, partner[kept], band)

    def rows(self) -> Iterator[PairRows]:
        """All pairs, in one run of rows."""
        yield self._rows


def _graph(network: StreetLines) -> tuple[IntArray, IntArray, FloatArray, IntArray, IntArray]:
    """Ends of each segment as node numbers, lengths, and the segments at each node (compressed rows)."""
    lines = network.lines
    ends = np.concatenate([shapely.get_coordinates(shapely.get_point(lines, at)) for at in (0, -1)])
    rounded = np.rint(ends / SAME_PLACE_M)
    _, node = np.unique(rounded[:, 0] + 1j * rounded[:, 1], return_inverse=True)
    tail, head = node[: len(lines)], node[len(lines) :]
    order = np.argsort(node, kind="stable")
    node_starts = np.searchsorted(node[order], np.arange(int(node.max()) + 2))
    return tail, head, shapely.length(lines), node_starts, order % len(lines)


def _stand(network: StreetLines, xy: FloatArray) -> tuple[IntArray, FloatArray]:
    """The segment of each event and how far along it the event stands, metres."""
    segment = np.asarray(network.assign(xy[:, 0], xy[:, 1]), dtype=np.int64)
    return segment, shapely.line_locate_point(network.lines[segment], shapely.points(xy))


@njit(cache=True, nogil=True)
def _push(heap_m: FloatArray, heap_node: IntArray, size: int, metres: float, node: int) -> int:
    at = size
    while at > 0 and heap_m[(at - 1) // 2] > metres:
        heap_m[at], heap_node[at] = heap_m[(at - 1) // 2], heap_node[(at - 1) // 2]
        at = (at - 1) // 2
    heap_m[at], heap_node[at] = metres, node
    return size + 1


@njit(cache=True, nogil=True)
def _pop(heap_m: FloatArray, heap_node: IntArray, size: int) -> int:
    """Take away the nearest, heap_m[0]."""
    size -= 1
    metres, node = heap_m[size], heap_node[size]
    at = 0
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and heap_m[child + 1] < heap_m[child]:
            child += 1
        if heap_m[child] >= metres:
            break
        heap_m[at], heap_node[at] = heap_m[child], heap_node[child]
        at = child
    heap_m[at], heap_node[at] = metres, node
    return size


@njit(cache=True, nogil=True)
def _reach(
    start: int,
    along: float,
    tail: IntArray,
    head: IntArray,
    length: FloatArray,
    node_starts: IntArray,
    node_segments: IntArray,
    limit: float,
    node_m: FloatArray,
    seen: IntArray,
    heap_m: FloatArray,
    heap_node: IntArray,
) -> int:
    """Dijkstra from a point on segment `start`, up to `limit`; the nodes reached are seen[:answer]."""
    size = reached = 0
    for node, metres in ((tail[start], along), (head[start], length[start] - along)):
        if metres < limit and metres < node_m[node]:
            if node_m[node] == np.inf:
                seen[reached] = node
                reached += 1
            node_m[node] = metres
            size = _push(heap_m, heap_node, size, metres, node)
    while size:
        metres, node = heap_m[0], heap_node[0]
        size = _pop(heap_m, heap_node, size)
        if metres > node_m[node]:
            continue
        for at in range(node_starts[node], node_starts[node + 1]):
            segment = node_segments[at]
            far = head[segment] if tail[segment] == node else tail[segment]
            further = metres + length[segment]
            if further < limit and further < node_m[far]:
                if node_m[far] == np.inf:
                    seen[reached] = far
                    reached += 1
                node_m[far] = further
                size = _push(heap_m, heap_node, size, further, far)
    return reached


@njit(cache=True, nogil=True)
def _visit(
    node: int,
    so_far: float,
    other_along: FloatArray,
    by_segment: IntArray,
    segment_starts: IntArray,
    tail: IntArray,
    head: IntArray,
    length: FloatArray,
    segments: IntArray,
    other_m: FloatArray,
    near: IntArray,
    found: int,
) -> int:
    """Shorten the way to every event on the segments at a node."""
    for segment in segments:
        for other in by_segment[segment_starts[segment] : segment_starts[segment + 1]]:
            rest = other_along[other] if tail[segment] == node else length[segment] - other_along[other]
            if tail[segment] == head[segment]:
                rest = min(rest, length[segment] - rest)
            if other_m[other] == np.inf:
                near[found] = other
                found += 1
            other_m[other] = min(other_m[other], so_far + rest)
    return found


@njit(cache=True, nogil=True)
def _walk(
    first: int,
    last: int,
    segment: IntArray,
    along: FloatArray,
    other_along: FloatArray,
    by_segment: IntArray,
    segment_starts: IntArray,
    tail: IntArray,
    head: IntArray,
    length: FloatArray,
    node_starts: IntArray,
    node_segments: IntArray,
    limit: float,
    among_themselves: bool,
) -> tuple[IntArray, NDArray[np.int32], FloatArray]:
    """How many partners each row has, which, and how far."""
    node_m = np.full(node_starts.size - 1, np.inf)
    seen = np.empty(node_m.size, np.int64)
    heap_m = np.empty(2 * segment_starts.size)
    heap_node = np.empty(2 * segment_starts.size, np.int64)
    other_m = np.full(other_along.size, np.inf)
    near = np.empty(other_along.size, np.int64)
    counts = np.zeros(last - first, np.int64)
    partner = np.empty(1024, np.int32)
    metres = np.empty(1024)
    used = found = 0
    for row in range(first, last):
        # Rows at one address follow one another: one walk serves them all.
        if row == first or segment[row] != segment[row - 1] or along[row] != along[row - 1]:
            other_m[near[:found]] = np.inf
            found = 0
            for other in by_segment[segment_starts[segment[row]] : segment_starts[segment[row] + 1]]:
                other_m[other] = abs(other_along[other] - along[row])
                near[found] = other
                found += 1
            reached = _reach(segment[row], along[row], tail, head, length, node_starts, node_segments, limit, node_m,
                             seen, heap_m, heap_node)
            for node in seen[:reached]:
                found = _visit(node, node_m[node], other_along, by_segment, segment_starts, tail, head, length,
                               node_segments[node_starts[node] : node_starts[node + 1]], other_m, near, found)
            node_m[seen[:reached]] = np.inf
        if used + found > partner.size:
            more = max(partner.size, found)
            partner = np.concatenate((partner, np.empty(more, np.int32)))
            metres = np.concatenate((metres, np.empty(more)))
        for other in near[:found]:
            if other_m[other] <= limit and not (among_themselves and other <= row):
                partner[used] = other
                metres[used] = other_m[other]
                used += 1
                counts[row - first] += 1
    return counts, partner[:used], metres[:used]
