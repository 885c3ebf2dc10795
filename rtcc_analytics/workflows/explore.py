"""Exploring hot spots: one function turns a choice of records into a map, a chart and a table.

The notebook's sliders, a headless run and a test call the same `explore_hotspots`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from data_connectors.errors import RtccError
from rtcc_analytics.events import Events, When
from rtcc_analytics.hotspots import counts, default_bandwidth_m
from rtcc_analytics.offenses import offense_codes, offense_name
from rtcc_analytics.study import StudyArea
from rtcc_analytics.surface import RiskSurface
from rtcc_analytics.temporal import WeeklySeries, weekly_series
from rtcc_analytics.temporal.aoristic import aoristic
from rtcc_analytics.units import Grid
from rtcc_analytics.workflows.method_surfaces import METHODS, MethodSurface, hours_of_week, method_surface, within_hours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rtcc_analytics.workflows.exploration import Exploration

# The map's bands: the hottest 1 % of the ground, then up to 2, 5, 10 and 20 %.
BAND_SHARES = (0.01, 0.02, 0.05, 0.10, 0.20)
FEW_EVENTS = 50
WIDE_SHARE = 0.10
EDGE_SHARE = 0.05
MOST_PLACES = 10
MOST_WEEKS = 52
HISTORY_DAYS = np.timedelta64(800, "D")


@dataclass(frozen=True, eq=False)
class HotspotView:
    """A choice of records as a map, a chart and a table, which always speak of the same records.

    Attributes
    ----------
    surface : RiskSurface
        What the method made: density in events per km², counts, or z-scores.
    counts : RiskSurface
        Events in each cell, unsmoothed; hours outside the band count for nothing, ranges in part.
    band : array of int8, shape (cells,)
        1 for the hottest 1 % of the ground, to 5 for that up to 20 %; 0 for the rest, and for cells that
        Gi* does not find significantly hot.
    bands : DataFrame
        One row per band: band, ground (in words), least (of the surface), events, events_share, ground_share.
    places : DataFrame
        Peaks of the surface (for Gi*, significantly hot ones) at least a bandwidth apart, hottest first: rank,
        address (which most events there share, with their number; never of a sex or domestic offense), events within
        a bandwidth, share, the surface at the peak, lon, lat, unit.
    weeks : WeeklySeries
        Up to 52 weeks before the end of the period, within the hours chosen.
    hours : DataFrame
        weekday (Monday 0), hour, count, chosen: before the hour band is applied; ranges are spread
        over the hours they may have happened in.
    offenses : tuple of str
        Codes chosen; empty for all.
    records : int
        Records in the choice, before hours; `total` is their weight within the hour band.
    method : str
        One of `METHODS`.
    bandwidth_m : float
        Radius of the quartic kernel, metres (other kernels spread equally far), and of the hot places.
    elapsed_ms : float
        Time from choice to result.
    cautions : tuple of str
        What would mislead in this view.
    """

    surface: RiskSurface
    counts: RiskSurface
    band: NDArray[np.int8]
    bands: pd.DataFrame
    places: pd.DataFrame
    weeks: WeeklySeries
    hours: pd.DataFrame
    offenses: tuple[str, ...]
    records: int
    total: float
    method: str
    bandwidth_m: float
    elapsed_ms: float
    cautions: tuple[str, ...]

    @property
    def status(self) -> str:
        """One line: records used, cells, bandwidth, time taken."""
        return (
            f"{self.records:,} records used ({self.total:,.0f} within the hours) · {self.surface.units.size:,} "
            f"{self.surface.units.name} · bandwidth {self.bandwidth_m:,.0f} m · {self.elapsed_ms:,.0f} ms"
        )

    @property
    def title(self) -> str:
        """What is shown, in words."""
        what = ", ".join(offense_name(code) for code in self.offenses[:3]) or "All offenses"
        return what + (f" and {len(self.offenses) - 3} more" if len(self.offenses) > 3 else "")


def explore_hotspots(
    events: Events,
    grid: Grid,
    *,
    offense: str | Sequence[str] | None = None,
    start: When | None = None,
    end: When | None = None,
    bandwidth_m: float | None = None,
    hours: tuple[int, int] = (0, 24),
    method: str = "quartic",
) -> HotspotView:
    """Map, chart and table of the records chosen.

    Parameters
    ----------
    events : Events
        Everything that can be chosen from, in the projection of `grid`.
    grid : Grid
        The cells of map and table.
    offense : str or sequence of str, optional
        NIBRS codes or everyday words; all offenses where left out.
    start, end : date or time, optional
        Half-open period; everything where left out.
    bandwidth_m : float, optional
        Radius of the quartic kernel, metres; the grid's default where left out. See `method_surface`.
    hours : (int, int)
        Half-open band of local hours; (22, 4) runs over midnight. A record known only as a range
        counts for the part of its range that lies in the band.
    method : str
        One of `METHODS`: what the map is drawn with.

    Raises
    ------
    RtccError
        A method, offense or period that cannot be read, or nothing left to show; the message says what
        to widen.

    Examples
    --------
    >>> import shapely
    >>> from rtcc_analytics.study import StudyArea
    >>> zone, crs = "America/Chicago", "EPSG:32615"
    >>> town = StudyArea(shapely.box(500_000, 4_000_000, 503_000, 4_003_000), crs, zone, "Town")
    >>> events = Events(x=[501_000.0, 501_010.0, 502_500.0], y=[4_001_000.0] * 3, crs=crs, timezone=zone,
    ...                 occurred_from=["2024-01-01T20:00", "2024-01-09T04:00", "2024-01-20T09:00"], offense=["220"] * 3)
    >>> view = explore_hotspots(events, Grid(town, cell_m=250), offense="burglary", bandwidth_m=500)
    >>> view.records, view.places["events"].tolist()
    (3, [2.0, 1.0])
    """
    began = time.perf_counter()
    codes = offense_codes(offense) if offense else ()
    picked, last_day = _picked(events, codes, start, end)
    spread = aoristic(picked)
    inside = grid.assign(picked.x, picked.y) >= 0
    within, in_band = within_hours(picked, hours, spread=spread)
    if not within.size:
        raise RtccError(
            f"no record of {', '.join(codes) or 'any offense'} from {start or 'the first'} to {end or 'the last'}, "
            f"{hours[0]}:00 to {hours[1]}:00: widen the period or the hours, or choose another offense"
        )
    bandwidth_m = bandwidth_m or default_bandwidth_m(grid)
    made = method_surface(within, grid, method=method, bandwidth_m=bandwidth_m)
    if not inside.all():
        # Events beyond the edge shape the density near it; nothing else counts them.
        picked, within = picked.where(inside), within.where(inside[in_band])
        spread = aoristic(picked)
    held = counts(within, grid)
    band, bands = _bands(made, held)
    by_hour = spread.to_frame().rename(columns={"events": "count"})
    by_hour["chosen"] = np.isin(np.arange(len(by_hour)), hours_of_week(hours))
    return HotspotView(
        made.surface,
        held,
        band,
        bands,
        _hot_places(within, made, held, bandwidth_m),
        _weeks(within, last_day),
        by_hour,
        codes,
        picked.size,
        within.total,
        method,
        bandwidth_m,
        (time.perf_counter() - began) * 1000,
        _cautions(within, made, band, method, bandwidth_m),
    )


def compare_choices(
    held: Exploration,
    *,
    choices: Sequence[tuple[float, float]],
    offense: str | Sequence[str] | None = None,
    start: When | None = None,
    end: When | None = None,
    hours: tuple[int, int] = (0, 24),
    share: float = 0.05,
) -> pd.DataFrame:
    """How much of the hot ground depends on cell size and bandwidth.

    Parameters
    ----------
    held : Exploration
    choices : sequence of (cell_m, bandwidth_m)
        The first is the one the others are held against.
    offense, start, end, hours
        As in `explore_hotspots`.
    share : float
        Share of the ground called hot, 0-1.

    Returns
    -------
    DataFrame
        cell_m, bandwidth_m, events_share (of events on the hot ground), same_ground_share (of the
        first choice's hot ground that this one calls hot too), threshold_per_km2.

    Raises
    ------
    RtccError
        As in `explore_hotspots`; or no choice at all.
    """
    if not choices:
        raise RtccError("compare_choices needs at least one (cell_m, bandwidth_m); got none")
    x, y = _sample_points(held.ground.area)
    rows, first = [], None
    for cell_m, bandwidth_m in choices:
        grid = Grid(held.ground.area, cell_m=cell_m)
        view = explore_hotspots(
            held.events, grid, offense=offense, start=start, end=end, bandwidth_m=bandwidth_m, hours=hours
        )
        top = view.surface.top(share)
        # Where events are so few that less ground than asked for holds any density, the rest is not hot.
        hot = np.append((top.fraction > 0.5) & (view.surface.values > 0), False)[grid.assign(x, y)]
        first = hot if first is None else first
        inside = float((view.counts.values * top.fraction).sum() / max(view.counts.values.sum(), 1e-9))
        rows.append((cell_m, bandwidth_m, inside, float((hot & first).sum() / max(first.sum(), 1)), top.threshold))
    columns = ["cell_m", "bandwidth_m", "events_share", "same_ground_share", "threshold_per_km2"]
    return pd.DataFrame(rows, columns=columns)


def _sample_points(area: StudyArea, *, about: int = 40_000) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points on an even lattice over the area, metres."""
    x_min, y_min, x_max, y_max = area.polygon.bounds
    step = ((x_max - x_min) * (y_max - y_min) / about) ** 0.5
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(x_min, x_max, step), np.arange(y_min, y_max, step)))
    inside = area.contains(x, y)
    return x[inside], y[inside]


def _picked(
    events: Events, codes: tuple[str, ...], start: When | None, end: When | None
) -> tuple[Events, np.datetime64]:
    """The records of the offenses and the period, and the first local day after the period."""
    picked = events.of(*codes) if codes else events
    known = picked.local_day[~np.isnat(picked.local_day)]
    if not known.size:
        raise RtccError(f"no record of {', '.join(codes) or 'any offense'} with a time: choose another offense")
    after = known.max() + np.timedelta64(1, "D")
    picked = picked.between(start if start is not None else str(known.min()), end if end is not None else str(after))
    return picked, after if end is None else np.datetime64(pd.Timestamp(end).date(), "D")


def _bands(made: MethodSurface, held: RiskSurface) -> tuple[NDArray[np.int8], pd.DataFrame]:
    """Each cell's band, by its rank on the surface, and what each band holds."""
    surface = made.surface
    ground = surface.units.area_m2 / surface.units.area_m2.sum()
    order = np.argsort(-surface.values, kind="stable")
    reached = np.cumsum(ground[order]) - ground[order] / 2
    band = np.zeros(surface.units.size, dtype=np.int8)
    band[order] = np.searchsorted(BAND_SHARES, reached, side="left") + 1
    band[(band > len(BAND_SHARES)) | (surface.values <= 0)] = 0
    if made.significant is not None:
        band[~made.significant] = 0
    rows = []
    for number, (low, high) in enumerate(zip((0.0, *BAND_SHARES), BAND_SHARES, strict=False), start=1):
        cells = band == number
        events = float(held.values[cells].sum())
        words = f"hottest {high:.0%}" if number == 1 else f"{low:.0%} to {high:.0%}"
        least = float(surface.values[cells].min()) if cells.any() else np.nan
        rows.append((number, words, least, events, events / max(held.values.sum(), 1e-9), float(ground[cells].sum())))
    columns = ["band", "ground", "least", "events", "events_share", "ground_share"]
    return band, pd.DataFrame(rows, columns=columns)


def _hot_places(events: Events, made: MethodSurface, held: RiskSurface, reach_m: float) -> pd.DataFrame:
    """Peaks of the surface at least a bandwidth apart, hottest first, with the events around each."""
    surface, grid = made.surface, made.surface.units
    peaks = _local_maxima(surface)
    if made.significant is not None:
        peaks &= made.significant
    x, y = grid.centroids()
    rows, left = [], np.where(peaks, surface.values, 0.0)
    for rank in range(1, MOST_PLACES + 1):
        peak = int(left.argmax())
        if left[peak] <= 0:
            break
        around = np.hypot(x - x[peak], y - y[peak]) <= reach_m
        rows.append((rank, float(held.values[around].sum()), float(surface.values[peak]), peak))
        left[around] = 0
    places = pd.DataFrame(rows, columns=["rank", "events", "peak", "unit"])
    peaks = places["unit"].to_numpy(dtype=int)
    lon, lat = grid.area.unproject(x[peaks], y[peaks])
    return places.assign(
        share=places["events"] / max(held.values.sum(), 1e-9),
        address=_repeated(events, x[peaks], y[peaks], reach_m),
        lon=lon,
        lat=lat,
    )[["rank", "address", "events", "share", "peak", "lon", "lat", "unit"]]


def _local_maxima(surface: RiskSurface) -> NDArray[np.bool_]:
    """Cells that no neighbour exceeds: without this, the flank of a peak would count as the next."""
    table, _ = surface.units.lookup_table()
    values = np.append(surface.values, -np.inf)[table]
    highest = np.empty(surface.units.size)
    highest[table[table >= 0]] = maximum_filter(values, size=3, mode="nearest")[table >= 0]
    return surface.values >= highest


def _repeated(events: Events, x: NDArray[np.float64], y: NDArray[np.float64], reach_m: float) -> list[str]:
    """The address that most events around each place share, with their number; empty where none is known."""
    if events.address is None:
        return [""] * len(x)
    shown = events.address.codes >= 0
    if events.sensitive is not None:
        shown &= ~events.sensitive
    at_x, at_y, codes = events.x[shown], events.y[shown], events.address.codes[shown]
    words = []
    for here_x, here_y in zip(x, y, strict=True):
        near = codes[(np.abs(at_x - here_x) <= reach_m) & (np.abs(at_y - here_y) <= reach_m)]
        counted = np.bincount(near) if near.size else np.zeros(1, dtype=int)
        most = int(counted.argmax())
        words.append(f"{events.address.categories[most]} ({counted[most]:,})" if counted[most] else "")
    return words


def _weeks(events: Events, last_day: np.datetime64) -> WeeklySeries:
    """The weekly line over the period covered, at most a year of it."""
    first = (events.covered[0] if events.covered else events.occurred_from.min()).astype("datetime64[D]")
    weeks = int((last_day - first).astype(int)) // 7
    # Lag is learnt from the months before; what is older costs time and changes nothing.
    recent = events.where(~(events.local_day < last_day - HISTORY_DAYS))
    return weekly_series(recent, until=last_day.item(), weeks=int(np.clip(weeks, 1, MOST_WEEKS)))


def _cautions(
    events: Events, made: MethodSurface, band: NDArray[np.int8], method: str, bandwidth_m: float
) -> tuple[str, ...]:
    found = []
    if events.total < FEW_EVENTS:
        found.append(f"{events.total:,.0f} events are few: the map shows single events, not risk; widen the period")
    if made.surface.kind == "density_per_km2":
        found += _kernel_cautions(events, made.surface, bandwidth_m)
    if made.significant is not None and not band.any():
        found.append(f"{METHODS[method]}: no cell is significantly hot; what crowds there is could be chance")
    if method == "counts":
        found += _tie_caution(made.surface)
    return (*found, *made.warnings)


def _kernel_cautions(events: Events, surface: RiskSurface, bandwidth_m: float) -> list[str]:
    found, grid = [], surface.units
    if bandwidth_m < 2 * grid.cell_m:
        found.append("the bandwidth is under two cells: the grid shows through; widen it or take smaller cells")
    circle = np.pi * bandwidth_m**2 / grid.area_m2.sum()
    if circle > WIDE_SHARE:
        found.append(f"one bandwidth covers {circle:.0%} of the area: narrow it to tell places apart")
    # Where records go on beyond the edge, they spread in what those inside spread out.
    lost = 1 - float(surface.values @ grid.area_m2) / 1e6 / events.total
    if lost > EDGE_SHARE:
        found.append(f"{lost:.0%} of the density falls outside the area: its edge looks cooler than it is")
    return found


def _tie_caution(surface: RiskSurface) -> list[str]:
    """Counts tie: at the edge of the hottest 5 % chance of numbering decides which cells are painted."""
    cells = max(round(0.05 * surface.values.size), 1)
    least = np.partition(surface.values, -cells)[-cells]
    tied, above = int((surface.values == least).sum()), int((surface.values > least).sum())
    if least <= 0 or tied < 2 or above + tied == cells:
        return []
    return [
        f"{tied:,} cells share the count ({least:g}) at the edge of the hottest 5 %: the first {cells - above:,} "
        "of them by number are painted as such"
    ]
