"""Two methods or two periods on the same cells: which ground both call hot, and which only one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data_connectors.errors import RtccError
from rtcc_analytics.events import Events, When
from rtcc_analytics.hotspots import default_bandwidth_m
from rtcc_analytics.offenses import offense_codes
from rtcc_analytics.surface import RiskSurface
from rtcc_analytics.units import Grid
from rtcc_analytics.workflows.method_surfaces import METHODS, MethodSurface, method_surface, within_hours


@dataclass(frozen=True)
class Side:
    """A method and a half-open period; a date left out is the first or last of the records."""

    method: str = "quartic"
    start: When | None = None
    end: When | None = None


@dataclass(frozen=True, eq=False)
class MethodComparison:
    """Two surfaces on the same cells and the hottest cells of each, as many on one side as on the other.

    Attributes
    ----------
    a, b : RiskSurface
        What each side computed, on the same grid.
    hot_a, hot_b : array of bool, shape (cells,)
        The hottest cells of each.
    side_a, side_b : str
        Method, period and number of records, in words.
    share : float
        Share of the cells asked for, 0-1; fewer are hot where a side has fewer above 0.
    shared : float
        Share of the hot cells of A that are hot in B too, 0-1.
    jaccard : float
        Cells hot in both, of those hot in either, 0-1.
    rank_correlation : float
        Spearman's, over all cells; NaN where one surface is flat.
    warnings_a, warnings_b : tuple of str
        What would mislead on each side.
    """

    a: RiskSurface
    b: RiskSurface
    hot_a: NDArray[np.bool_]
    hot_b: NDArray[np.bool_]
    side_a: str
    side_b: str
    share: float
    shared: float
    jaccard: float
    rank_correlation: float
    warnings_a: tuple[str, ...]
    warnings_b: tuple[str, ...]

    @property
    def reading(self) -> str:
        """The agreement in one sentence, and a second where there was less hot ground than asked for."""
        both, of = int((self.hot_a & self.hot_b).sum()), int(self.hot_a.sum())
        said = (
            f"{both:,} of the {of:,} hot cells of A are hot in B too ({self.shared:.0%}; "
            f"{self.jaccard:.0%} of the cells hot in either)."
        )
        asked = _asked(self.share, self.a.values.size)
        if of >= asked:
            return said
        above = [int((side.values > 0).sum()) for side in (self.a, self.b)]
        return (
            f"{said} The hottest {self.share:.0%} would be {asked:,} cells, but only {above[0]:,} in A "
            f"and {above[1]:,} in B are above 0: {of:,} are taken of each, so that both are equally large."
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a cell: unit, a, b, hot_a, hot_b, hot ("both", "only A", "only B" or blank)."""
        hot = np.select([self.hot_a & self.hot_b, self.hot_a, self.hot_b], ["both", "only A", "only B"], default="")
        return pd.DataFrame(
            {
                "unit": np.arange(self.a.units.size),
                "a": self.a.values,
                "b": self.b.values,
                "hot_a": self.hot_a,
                "hot_b": self.hot_b,
                "hot": hot,
            }
        )

    def write_csv(self, path: Path) -> None:
        """Write the cells that are hot on either side, with their centres in WGS84 and what each side is.

        Parameters
        ----------
        path : Path
            Written over where it exists. Columns: those of `to_frame`, lon, lat, side_a, side_b.
        """
        x, y = self.a.units.centroids()
        lon, lat = self.a.units.area.unproject(x, y)
        cells = self.to_frame().assign(lon=lon.round(6), lat=lat.round(6), side_a=self.side_a, side_b=self.side_b)
        cells[self.hot_a | self.hot_b].to_csv(path, index=False)


def compare_methods(
    events: Events,
    grid: Grid,
    *,
    a: Side,
    b: Side,
    offense: str | tuple[str, ...] | None = None,
    bandwidth_m: float | None = None,
    hours: tuple[int, int] = (0, 24),
    share: float = 0.05,
) -> MethodComparison:
    """Compute two surfaces of the same offense on the same cells and compare their hottest cells.

    Parameters
    ----------
    events : Events
        In the projection of `grid`.
    grid : Grid
        Its cells all touch the study area.
    a, b : Side
        Method and period of each side.
    offense : str or tuple of str, optional
        NIBRS codes or an everyday word; all where left out.
    bandwidth_m : float, optional
        Radius of the quartic kernel, metres. The other kernels get the bandwidth that spreads an event
        equally far (the same standard deviation); counts and Gi* have none.
    hours : (int, int)
        Half-open band of local hours, the same on both sides; (22, 4) runs over midnight.
    share : float
        Share of the cells called hot, 0-1, rounded to at least one cell. Of cells tied at the cutoff the ones of
        lower number are taken; a cell whose value is not above 0 is never hot. Where a side has fewer cells
        above 0 than that, only so many are taken of the other too: two sets of different size cannot agree.

    Returns
    -------
    MethodComparison

    Raises
    ------
    RtccError
        An unknown method, a share outside 0 to 1, hours that are no band, or no record on one side.

    Examples
    --------
    >>> import shapely
    >>> from rtcc_analytics.study import StudyArea
    >>> zone, crs = "America/Chicago", "EPSG:32615"
    >>> town = StudyArea(shapely.box(500_000, 4_000_000, 503_000, 4_003_000), crs, zone, "Town")
    >>> events = Events(x=[501_000.0, 501_010.0, 502_500.0], y=[4_001_000.0] * 3, crs=crs, timezone=zone,
    ...                 occurred_from=["2024-01-01", "2024-01-09", "2024-01-20"], offense=["220"] * 3)
    >>> same = compare_methods(events, Grid(town, cell_m=250), a=Side("counts"), b=Side("counts"))
    >>> same.reading
    '2 of the 2 hot cells of A are hot in B too (100%; 100% of the cells hot in either). The hottest 5% would be 7
    cells, but only 2 in A and 2 in B are above 0: 2 are taken of each, so that both are equally large.'
    """
    if not 0 < share <= 1:
        raise RtccError(f"a share of {share:g} is not a proportion; 5 % of the cells is 0.05")
    picked = events.of(*offense_codes(offense)) if offense else events
    bandwidth_m = bandwidth_m or default_bandwidth_m(grid)
    first, words_a = _side(picked, grid, a, bandwidth_m, hours)
    second, words_b = _side(picked, grid, b, bandwidth_m, hours)
    values_a, values_b = first.surface.values, second.surface.values
    cells = min(_asked(share, grid.size), int((values_a > 0).sum()), int((values_b > 0).sum()))
    hot_a, hot_b = _hottest(values_a, cells), _hottest(values_b, cells)
    both, either = (hot_a & hot_b).sum(), (hot_a | hot_b).sum()
    return MethodComparison(
        first.surface,
        second.surface,
        hot_a,
        hot_b,
        words_a,
        words_b,
        share,
        float(both / max(cells, 1)),
        float(both / max(either, 1)),
        _rank_correlation(values_a, values_b),
        first.warnings + _chance_warning(first, hot_a),
        second.warnings + _chance_warning(second, hot_b),
    )


def _side(
    events: Events, grid: Grid, side: Side, bandwidth_m: float, hours: tuple[int, int]
) -> tuple[MethodSurface, str]:
    """The surface of one side, and what it is in words."""
    days = events.local_day[~np.isnat(events.local_day)]
    if not days.size:
        raise RtccError("no record of this offense has a time: choose another offense")
    start = side.start if side.start is not None else str(days.min())
    end = side.end if side.end is not None else str(days.max() + np.timedelta64(1, "D"))
    within, _ = within_hours(events.between(start, end), hours)
    if not within.size:
        raise RtccError(f"no record of this offense from {start} to {end}: widen the period or the hours")
    made = method_surface(within, grid, method=side.method, bandwidth_m=bandwidth_m)
    return made, f"{METHODS[side.method]}, from {start}, before {end}, {within.size:,} records"


def _chance_warning(made: MethodSurface, hot: NDArray[np.bool_]) -> tuple[str, ...]:
    if made.significant is None or not (doubtful := int((hot & ~made.significant).sum())):
        return ()
    return (f"{doubtful:,} of its {int(hot.sum()):,} hot cells are not significantly hot (5 % false discoveries)",)


def _asked(share: float, size: int) -> int:
    return max(round(share * size), 1)


def _hottest(values: NDArray[np.float64], cells: int) -> NDArray[np.bool_]:
    hot = np.zeros(values.size, dtype=bool)
    hot[np.argsort(-values, kind="stable")[:cells]] = True
    return hot


def _rank_correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    from scipy.stats import rankdata

    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])
