"""How far to smooth: a start from the ground alone, the normal reference rule, cross-validation, and by density."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtcc_analytics.events import Events
from rtcc_analytics.hotspots.counting import HotspotError, require_events
from rtcc_analytics.hotspots.kernels import KERNELS, Kernel, KernelName, kernel_named
from rtcc_analytics.hotspots.lattice import Lattice
from rtcc_analytics.units import Grid, require_same_crs

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

CANDIDATES = 16
SCORED_EVENTS = 5000
EVEN_SHARE = 0.01
PAIRS_UP_TO_CELLS = 4.0
SMALLEST_CELLS = 2.0
WIDEST_FACTOR = 5.0


@dataclass(frozen=True)
class BandwidthChoice:
    """Bandwidths tried on events held out, and the best.

    Attributes
    ----------
    bandwidth_m : float
        The one with the highest score.
    kernel : str
    frame : DataFrame
        One row a bandwidth: bandwidth_m, score (mean log density at held-out events, in nats, against an even
        spread: 0 means no better than that).
    scored : int
        Events held out.
    warnings : tuple of str
    """

    bandwidth_m: float
    kernel: str
    frame: pd.DataFrame
    scored: int
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a bandwidth."""
        return self.frame.copy()


def default_bandwidth_m(grid: Grid, *, kernel: KernelName = "quartic") -> float:
    """A bandwidth to start from: a thirtieth of the study area's short side, at least two cells, metres.

    That is five cells of the size practitioners start from (the short side over 150). It
    depends on the ground alone, so maps of different offenses and periods compare. A smaller one
    shows street corners, a larger one neighbourhoods; try several. For another kernel than the
    quartic it is the bandwidth that smooths as much (the same standard deviation).

    Notes
    -----
    Chainey and Ratcliffe, *GIS and Crime Mapping* (2005), chapter 6.
    """
    x_min, y_min, x_max, y_max = grid.area.polygon.bounds
    thirtieth = min(x_max - x_min, y_max - y_min) / 30
    quartic = float(max(round(thirtieth / 10) * 10, 2 * grid.cell_m))
    return quartic * KERNELS["quartic"].spread / kernel_named(kernel).spread


def normal_reference_bandwidth_m(
    events: Events, *, kernel: KernelName = "quartic", compat: Literal["sfhotspot"] | None = None
) -> float:
    """The bandwidth that would be best were all events one normal hill: an upper limit, rarely a choice.

    Parameters
    ----------
    events : Events
    kernel : {"quartic", "gaussian", "epanechnikov"}
    compat : "sfhotspot", optional
        What that R package means to return: the mean over both axes of MASS::bandwidth.nrd, 4 x 1.06 min(s, IQR /
        1.34) n^(-1/5), a rule for one dimension. (It returns the x axis's alone: R's ``mean(a, b)`` ignores b.)

    Returns
    -------
    float
        Metres: min(s, IQR / 1.34) n^(-1/6) as a standard deviation, mean of both axes, widened to the kernel.

    Raises
    ------
    HotspotError
        Fewer than two events, or all at one place.

    Examples
    --------
    >>> x, y = np.random.default_rng(1).normal(500_000, 1000, (2, 4096))
    >>> events = Events(x=x, y=y, crs="EPSG:32615", timezone="UTC", occurred_from=["2024-01-01"] * 4096)
    >>> round(normal_reference_bandwidth_m(events, kernel="gaussian"), -1)
    250.0

    Notes
    -----
    Silverman, *Density Estimation for Statistics and Data Analysis* (1986), section 4.3.2. Crime is never one hill.
    """
    if events.size < 2 or (np.ptp(events.x) == 0 and np.ptp(events.y) == 0):
        raise HotspotError(f"{events.size} events at one place have no spread; choose bandwidth_m yourself")
    quartiles = np.percentile([events.x, events.y], [25, 75], axis=1)
    spread = np.std([events.x, events.y], axis=1, ddof=1)
    iqr = (quartiles[1] - quartiles[0]) / 1.34
    # Half the events on one street have no interquartile range across it, but they do spread.
    width = np.where(iqr > 0, np.minimum(spread, iqr), spread).mean()
    if compat == "sfhotspot":
        return float(4 * 1.06 * width * events.size ** (-1 / 5))
    return float(width * events.size ** (-1 / 6) / kernel_named(kernel).spread)


def cross_validated_bandwidth(
    events: Events,
    grid: Grid,
    *,
    kernel: KernelName = "quartic",
    candidates_m: ArrayLike | None = None,
    seed: int = 0,
) -> BandwidthChoice:
    """The bandwidth that best foretells each event from the events at all other places.

    The score is the mean log density at an event, from the events elsewhere: all events at its very spot are held
    out with it. Held out one by one, as usual, an address with two events would foretell itself,
    and the best bandwidth would be the smallest. 1 % of the density is spread evenly over the area,
    so that one remote event does not rule out every bandwidth that misses it.

    Parameters
    ----------
    events : Events
    grid : Grid
        For the area, and the smallest bandwidth: two cells.
    kernel : {"quartic", "gaussian", "epanechnikov"}
    candidates_m : array_like, optional
        Bandwidths to try; by default 16 from two cells to a quarter of the area's short side, evenly on a log scale.
    seed : int
        Of more than 5,000 events that many are held out, drawn with it.

    Returns
    -------
    BandwidthChoice

    Raises
    ------
    HotspotError
        Events at fewer than three places, candidates that do not rise from above zero.

    Examples
    --------
    >>> import shapely
    >>> from rtcc_analytics.study import StudyArea
    >>> town = StudyArea(shapely.box(500_000, 4_000_000, 510_000, 4_010_000), "EPSG:32615", "America/Chicago", "Town")
    >>> rng = np.random.default_rng(1)
    >>> middle = rng.uniform(2000, 8000, (40, 2))[rng.integers(0, 40, 2000)]
    >>> x, y = (middle + rng.normal(0, 100, (2000, 2)) + [500_000, 4_000_000]).T
    >>> events = Events(x=x, y=y, crs="EPSG:32615", timezone="UTC", occurred_from=["2024-01-01"] * 2000)
    >>> 100 < cross_validated_bandwidth(events, Grid(town, cell_m=50)).bandwidth_m < 300
    True

    Notes
    -----
    Likelihood cross-validation: Habbema, Hermans and van den Broek (1974); Silverman (1986), section 3.4.4. Small
    bandwidths are scored by the pairs within them, larger ones (a standard deviation of four cells) on the lattice.
    """
    require_events(events)
    require_same_crs(grid, events.crs)
    shape = kernel_named(kernel)
    tried = _candidates(grid, shape) if candidates_m is None else np.atleast_1d(np.asarray(candidates_m, float))
    if not (tried.size and tried[0] > 0 and (np.diff(tried) > 0).all()):
        raise HotspotError(f"candidates_m {tried.tolist()} must rise and start above zero")
    density, weights = _held_out_density(events, grid, tried, shape, seed)
    even = 1 / grid.area.polygon.area
    score = weights @ np.log(EVEN_SHARE + (1 - EVEN_SHARE) * density / even) / weights.sum()
    return _choice(tried, score, shape, len(weights), even_better=score.max() <= 0)


def _choice(tried: Floats, score: Floats, kernel: Kernel, scored: int, *, even_better: bool) -> BandwidthChoice:
    import pandas as pd

    best = int(score.argmax())
    warnings = []
    if even_better:
        warnings.append("no bandwidth foretells events elsewhere better than an even spread does; a map would mislead")
    elif best in (0, len(tried) - 1) and len(tried) > 1:
        side = "smallest" if best == 0 else "largest"
        warnings.append(f"the best bandwidth is the {side} tried, {tried[best]:,.0f} m; the true best may lie beyond")
    frame = pd.DataFrame({"bandwidth_m": tried, "score": score})
    return BandwidthChoice(float(tried[best]), kernel.name, frame, scored, tuple(warnings))


def _candidates(grid: Grid, kernel: Kernel) -> Floats:
    x_min, y_min, x_max, y_max = grid.area.polygon.bounds
    widen = KERNELS["quartic"].spread / kernel.spread
    smallest = max(SMALLEST_CELLS * grid.cell_m, SMALLEST_CELLS * grid.cell_m * widen)
    largest = max(min(x_max - x_min, y_max - y_min) / 4 * widen, 2 * smallest)
    return np.geomspace(smallest, largest, CANDIDATES)


def _held_out_density(events: Events, grid: Grid, tried: Floats, kernel: Kernel, seed: int) -> tuple[Floats, Floats]:
    """Density (a share per m²) at held-out events for each bandwidth, shape (held out, tried), and their weights."""
    weights = np.asarray(events.weights)
    places, place = np.unique(events.x + 1j * events.y, return_inverse=True)
    if len(places) < 3:
        raise HotspotError(
            f"{events.size:,} events stand at {len(places)} places; at least 3 are needed to hold one out"
        )
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(events.size, min(events.size, SCORED_EVENTS), replace=False))
    own = np.bincount(place, weights=weights)[place[chosen]]
    near = int(np.searchsorted(tried * kernel.spread / grid.cell_m, PAIRS_UP_TO_CELLS))
    sums = np.empty((len(chosen), len(tried)))
    if near:
        sums[:, :near] = _sums_over_pairs(events, place, chosen, tried[:near], kernel)
    if near < len(tried):
        sums[:, near:] = _sums_over_lattice(events, grid, chosen, own, tried[near:], kernel)
    return sums * kernel.on_plane / tried**2 / (weights.sum() - own)[:, None], weights[chosen]


def _sums_over_pairs(
    events: Events, place: NDArray[np.int64], chosen: NDArray[np.int64], tried: Floats, kernel: Kernel
) -> Floats:
    """Exact kernel sums at the chosen events, from events sorted into squares as wide as the largest reach."""
    from rtcc_analytics.hotspots._kernels import held_out_scores

    reach = tried * kernel.reach
    cell_m = float(reach[-1])
    x, y = events.x - events.x.min(), events.y - events.y.min()
    columns, rows = int(x.max() / cell_m) + 1, int(y.max() / cell_m) + 1
    cell = (y / cell_m).astype(np.int64) * columns + (x / cell_m).astype(np.int64)
    order = np.argsort(cell, kind="stable")
    start = np.append(0, np.cumsum(np.bincount(cell, minlength=rows * columns)))
    position = np.empty_like(order)
    position[order] = np.arange(order.size)
    sorted_ = place[order], x[order], y[order], np.asarray(events.weights)[order]
    return held_out_scores(position[chosen], *sorted_, start, columns, cell_m, reach**2, kernel.code)


def _sums_over_lattice(
    events: Events, grid: Grid, chosen: NDArray[np.int64], own: Floats, tried: Floats, kernel: Kernel
) -> Floats:
    """Binned kernel sums at the chosen events, less what the events at their own place add to them."""
    square = grid if grid.kind == "square" else replace(grid, kind="square")
    lattice = Lattice.around(square, float(tried[-1]) / grid.cell_m * kernel.reach)
    across, up, near = lattice.place(events.x, events.y)
    shared = lattice.binned(across, up, np.asarray(events.weights)[near])
    at = np.full((2, events.size), -1.0)
    at[:, near] = across, up
    across, up = at[:, chosen]
    run, rise = across % 1, up % 1
    corners = np.stack([(1 - rise) * (1 - run), (1 - rise) * run, rise * (1 - run), rise * run])
    same = np.square(corners).sum(axis=0)
    beside = 2 * (corners[[0, 2, 0, 1]] * corners[[1, 3, 2, 3]]).sum(axis=0)
    across_corner = 2 * (corners[0] * corners[3] + corners[1] * corners[2])
    sums = np.empty((len(chosen), len(tried)))
    for which, cells in enumerate(tried / grid.cell_m):
        everyone = lattice.read(np.maximum(across, 0), np.maximum(up, 0), lattice.smoothed(shared, cells, kernel))
        middle, side, diagonal = kernel.shared_shape(np.array([0, 1, 2]) / cells**2, cells)
        itself = own * (same * middle + beside * side + across_corner * diagonal)
        sums[:, which] = np.where(across >= 0, np.maximum(everyone - itself, 0), 0)
    return sums


def adaptive_bandwidths(pilot: Floats, weights: Floats, bandwidth: float) -> Floats:
    """Abramson's bandwidths, in cells: smaller where the pilot density is high, larger where it is low.

    They vary with 1 / sqrt(pilot), are `bandwidth` at the pilot's geometric mean over the events, and
    stay between two cells (or `bandwidth`, if smaller) and five times `bandwidth`.
    """
    floor = pilot[pilot > 0].min() if (pilot > 0).any() else 1.0
    height = np.maximum(pilot, floor)
    middle = np.exp(np.average(np.log(height), weights=weights if weights.sum() > 0 else None))
    return np.clip(bandwidth * np.sqrt(middle / height), min(SMALLEST_CELLS, bandwidth), WIDEST_FACTOR * bandwidth)
