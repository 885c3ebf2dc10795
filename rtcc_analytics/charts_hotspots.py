"""Pictures of hot spots and point patterns: one function per result, as in `charts`. No statistics are computed here.

Maps have axes in km from the south-west corner of what is drawn. A density or a count is drawn by `maps.still_surface`,
a Lorenz curve by `charts.concentration`, repeat addresses by `charts.top_places`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from rtcc_analytics.charts import INK, QUIET
from rtcc_analytics.slow_imports import without_address_grammar

with without_address_grammar():
    import altair as alt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from rtcc_analytics.hotspots import (
        BandwidthChoice,
        Clusters,
        EmergingHotSpots,
        GridStability,
        LocalStatistic,
        NetworkDensity,
        RelativeRisk,
        SpaceTimeScan,
        SpatialPatternTest,
    )
    from rtcc_analytics.spatial import Centrography, RipleyK
    from rtcc_analytics.units import SpatialUnits

HOT, COLD, PALE = "#a0461a", "#1f4e79", "#c4c4c4"
LOOKS = {
    "hot": HOT,
    "cold": COLD,
    "high-high": HOT,
    "low-low": COLD,
    "high-low": "#e0a67f",
    "low-high": "#8fa8bf",
    "new hot": "#5c1f00",
    "consecutive hot": "#8a3a12",
    "intensifying hot": "#b5541c",
    "persistent hot": "#d9843f",
    "diminishing hot": "#eab98a",
    "sporadic hot": "#f3d9bd",
    "oscillating hot": "#c9b29b",
    "historical hot": "#9b8b7a",
}
OTHER_COLD = "#4f7597"
RISK_STEPS = {"under 1/2": "#1f4e79", "1/2 to 2/3": "#8fa8bf", "1.5 to 2": "#e0a67f", "over 2": "#a0461a"}
DENSITY_STEPS = ("#dbe3ea", "#8fa8bf", "#4f7597", "#1f4e79", "#0b2a47")
ROWS_SHOWN = 25


class _Sheet:
    """Metres to km from a corner, and a picture whose km are as long across as up."""

    def __init__(self, bounds: Sequence[float], width: int) -> None:
        x_min, y_min, x_max, y_max = bounds
        self.corner = np.array([x_min, y_min])
        self.across, self.up = (x_max - x_min) / 1000 or 0.1, (y_max - y_min) / 1000 or 0.1
        self.size = {"width": width, "height": max(40, round(width * self.up / self.across))}

    @property
    def x(self) -> alt.X:
        return alt.X("x:Q", title="km east", scale=alt.Scale(domain=[0, self.across], nice=False), axis=_PLAIN)

    @property
    def y(self) -> alt.Y:
        return alt.Y("y:Q", title="km north", scale=alt.Scale(domain=[0, self.up], nice=False), axis=_PLAIN)

    def boxes(self, geometry: NDArray[np.object_], **columns: ArrayLike) -> pd.DataFrame:
        """A box around each geometry."""
        bounds = (shapely.bounds(geometry).reshape(-1, 4) - np.tile(self.corner, 2)) / 1000
        return pd.DataFrame(dict(zip(("x", "y", "x2", "y2"), bounds.T.round(4), strict=True)) | columns)

    def lines(self, geometry: NDArray[np.object_], **columns: ArrayLike) -> pd.DataFrame:
        """The corners of every outline or line, in order; `line` tells them apart."""
        drawn = shapely.boundary(geometry) if _is_ground(geometry) else geometry
        parts, owner = shapely.get_parts(drawn, return_index=True)
        parts, inner = shapely.get_parts(parts, return_index=True)
        xy, line = shapely.get_coordinates(shapely.simplify(parts, 5.0), return_index=True)
        frame = pd.DataFrame(((xy - self.corner) / 1000).round(4), columns=["x", "y"])
        frame["line"], frame["order"] = line, np.arange(len(line))
        return frame.assign(**{name: np.asarray(values)[owner[inner][line]] for name, values in columns.items()})

    def points(self, x: ArrayLike, y: ArrayLike, **columns: ArrayLike) -> pd.DataFrame:
        """Points of a map."""
        xy = (np.column_stack([x, y]) - self.corner) / 1000
        return pd.DataFrame({"x": xy[:, 0].round(4), "y": xy[:, 1].round(4), **columns})

    def outline(self, geometry: NDArray[np.object_], color: str = QUIET, weight: float = 1.0) -> alt.Chart:
        """Outlines or lines in one colour."""
        chart = _chart(self.lines(geometry)).mark_line(color=color, strokeWidth=weight)
        return chart.encode(x=self.x, y=self.y, detail="line:N", order="order:Q")

    def finished(self, layers: list[alt.Chart], title: str) -> alt.LayerChart:
        """The layers as one picture."""
        return alt.layer(*layers).properties(**self.size, title=alt.TitleParams(title, anchor="start", color=INK))


_PLAIN = alt.Axis(grid=False, tickCount=5)


def _chart(frame: pd.DataFrame) -> alt.Chart:
    """A chart of a frame of any length: as text, since the drawing library refuses more than 5,000 rows of its own."""
    return alt.Chart(alt.InlineData(values=frame.to_csv(index=False), format=alt.CsvDataFormat(type="csv")))


def _is_ground(geometry: NDArray[np.object_]) -> bool:
    return bool(len(geometry)) and shapely.get_dimensions(geometry).max() == 2


def _unit_map(
    units: SpatialUnits, kind: NDArray[np.object_], looks: dict[str, str], *, title: str, legend: str, width: int
) -> alt.LayerChart:
    """The units that are of a kind, coloured by it, within the outline of all."""
    geometry = units.geometry()
    sheet = _Sheet(shapely.total_bounds(geometry), width)
    named = np.flatnonzero(kind != "")
    shown = [name for name in looks if name in set(kind[named])]
    color = alt.Color(
        "kind:N",
        title=legend,
        scale=alt.Scale(domain=shown, range=[looks[name] for name in shown]),
        legend=alt.Legend(orient="right", labelLimit=220) if shown else None,
    )
    ground = getattr(units, "area", None)
    layers = [sheet.outline(np.array([ground.polygon]))] if ground is not None else [sheet.outline(geometry, PALE, 0.5)]
    if _is_ground(geometry):
        cells = _chart(sheet.boxes(geometry[named], kind=kind[named])).mark_rect(opacity=1)
        layers.append(cells.encode(x=sheet.x, x2="x2:Q", y=sheet.y, y2="y2:Q", color=color))
    else:
        lines = _chart(sheet.lines(geometry[named], kind=kind[named])).mark_line(strokeWidth=3)
        layers.append(lines.encode(x=sheet.x, y=sheet.y, detail="line:N", order="order:Q", color=color))
    return sheet.finished(layers, title)


def local_statistic(result: LocalStatistic, units: SpatialUnits, *, width: int = 420) -> alt.LayerChart:
    """Where Gi* or local Moran is significant after correction: hot and cold, or the four quadrants.

    Parameters
    ----------
    result : LocalStatistic
        Of `gi_star` or `local_moran` over these units.
    units : SpatialUnits
    width : int
        Pixels.

    Examples
    --------
    >>> from rtcc_analytics.hotspots import gi_star
    >>> from rtcc_analytics.study import StudyArea
    >>> from rtcc_analytics.units import Grid
    >>> town = StudyArea(shapely.box(500_000, 4_000_000, 502_000, 4_001_000), "EPSG:32615", "America/Chicago", "Town")
    >>> grid = Grid(town, cell_m=100)
    >>> counts = np.zeros(grid.size); counts[:3] = 9
    >>> len(local_statistic(gi_star(counts, grid), grid).to_dict()["layer"])
    2
    """
    found = int(result.significant.sum())
    title = f"{result.statistic}, {units.name}: {found:,} of {result.values.size:,} significant ({result.correction})"
    return _unit_map(units, result.kind.ravel(), LOOKS, title=title, legend="Kind", width=width)


def emerging(result: EmergingHotSpots, units: SpatialUnits, *, width: int = 420) -> alt.LayerChart:
    """Each unit's class over the periods.

    Parameters
    ----------
    result : EmergingHotSpots
    units : SpatialUnits
        Those it was computed over.
    """
    cold = {name: OTHER_COLD for name in sorted(set(result.kind)) if name.endswith(" cold")}
    title = f"Emerging hot spots over {len(result.z)} periods"
    return _unit_map(units, result.kind, LOOKS | cold, title=title, legend="Class", width=width)


def grid_stability(result: GridStability, *, width: int = 420) -> alt.LayerChart:
    """Hot cells by how much of each stays hot when the grid moves by half a cell.

    Parameters
    ----------
    result : GridStability
    """
    steps = {"hardly (under 1/3)": "#f3d9bd", "partly": "#d9843f", "holds (over 2/3)": "#8a3a12"}
    names = np.array(list(steps), dtype=object)
    kind = np.where(result.hot, names[np.digitize(result.hot_share, [1 / 3, 2 / 3])], "")
    title = f"{100 * result.holds_share:.0f} % of the ground hot on any of four grids is hot on all"
    return _unit_map(result.grid, kind, steps, title=title, legend="Stays hot", width=width)


def relative_risk(result: RelativeRisk, *, width: int = 420) -> alt.LayerChart:
    """Where cases are more, or fewer, than the base leads one to expect; framed where labels do not explain it.

    Parameters
    ----------
    result : RelativeRisk
    """
    names = np.array([*list(RISK_STEPS)[:2], "", *list(RISK_STEPS)[2:]], dtype=object)
    kind = names[np.digitize(result.ratio, [1 / 2, 2 / 3, 1.5, 2])]
    said = f"; framed: significant of {result.made_by['permutations']} labellings" if result.significant.any() else ""
    chart = _unit_map(result.grid, kind, RISK_STEPS, title=f"Relative risk{said}", legend="Ratio", width=width)
    if result.significant.any():
        sheet = _Sheet(shapely.total_bounds(result.grid.geometry()), width)
        framed = shapely.union_all(result.grid.geometry()[result.significant])
        chart += sheet.outline(np.array([framed]), INK, 1.4)
    return chart


def network_density(result: NetworkDensity, *, width: int = 420) -> alt.LayerChart:
    """Streets by density, darker and wider where events crowd.

    Parameters
    ----------
    result : NetworkDensity
        Up to some ten thousand pieces; larger ones belong on a live map.
    """
    sheet = _Sheet(shapely.total_bounds(result.streets.lines), width)
    top = float(result.per_km.max())
    shown = np.flatnonzero(result.per_km > 0.02 * top)
    step = np.minimum((result.per_km[shown] / top * len(DENSITY_STEPS)).astype(int), len(DENSITY_STEPS) - 1)
    edges = [top * at / len(DENSITY_STEPS) for at in range(len(DENSITY_STEPS) + 1)]
    names = [f"{low:,.3g} to {high:,.3g}" for low, high in zip(edges[:-1], edges[1:], strict=True)]
    lines = sheet.lines(result.pieces()[shown], per_km=np.array(names, dtype=object)[step], wide=1.0 + step)
    drawn = _chart(lines).mark_line(strokeCap="butt").encode(
        x=sheet.x, y=sheet.y, detail="line:N", order="order:Q",
        color=alt.Color("per_km:N", title="Events per km", scale=alt.Scale(domain=names, range=list(DENSITY_STEPS))),
        strokeWidth=alt.StrokeWidth("wide:Q", legend=None, scale=alt.Scale(domain=[1, 5], range=[1.5, 5])),
    )
    title = f"Density along streets, {result.made_by['bandwidth_m']:,.0f} m"
    return sheet.finished([sheet.outline(result.streets.lines, PALE, 0.6), drawn], title)


def clusters(result: Clusters, x: ArrayLike, y: ArrayLike, *, width: int = 420) -> alt.LayerChart:
    """Events, those of a cluster in ink, with each cluster's ground and number.

    Parameters
    ----------
    result : Clusters
    x, y : array_like, shape (n,)
        The events, metres.
    """
    whole = shapely.total_bounds([shapely.multipoints(np.column_stack([x, y])), *result.areas])
    sheet = _Sheet(whole, width)
    events = sheet.points(x, y, within=np.where(result.label >= 0, "in a cluster", "in none"))
    color = alt.Color("within:N", title="Event", scale=alt.Scale(domain=["in a cluster", "in none"], range=[INK, PALE]))
    layers = [_chart(events).mark_circle(size=9, opacity=1).encode(x=sheet.x, y=sheet.y, color=color)]
    if len(result.frame):
        # A hull of events on one line has no surface, and is drawn as the line.
        layers.append(sheet.outline(np.array([shapely.buffer(area, 1.0) for area in result.areas]), HOT, 1.6))
        corners = shapely.bounds(result.areas).T
        words = sheet.points(corners[2], corners[3], number=(result.frame.cluster + 1).astype(str))
        mark = alt.Chart(words).mark_text(align="left", dx=3, fontSize=13, fontWeight="bold", color=HOT)
        layers.append(mark.encode(x=sheet.x, y=sheet.y, text="number:N"))
    return sheet.finished(layers, f"{result.made_by['method']}: {len(result.frame):,} clusters, largest first")


def space_time_scan(result: SpaceTimeScan, *, width: int = 420, row_px: int = 22) -> alt.LayerChart:
    """When each cluster began and ended, with events seen against expected and p; chance ones pale.

    Parameters
    ----------
    result : SpaceTimeScan
        The 25 likeliest clusters are drawn.
    """
    rows = result.to_frame().head(ROWS_SHOWN)
    rows["cluster"] = [f"{i + 1}: {radius:,.0f} m" for i, radius in enumerate(rows["radius_m"])]
    rows["until_day"] = rows["end_day"] + 1
    rows["marked"] = np.where(rows["p_value"] <= 0.05, "p at most 0.05", "could be chance")
    told = zip(rows["observed"], rows["expected"], rows["p_value"], strict=True)
    rows["words"] = [f"{seen:,} for {chance:.1f}, p {p:.3g}" for seen, chance, p in told]
    first, last = result.made_by["period"]
    x = alt.X("start_day:Q", title="Day", scale=alt.Scale(domain=[first, last + 1]), axis=alt.Axis(tickCount=6))
    y = alt.Y("cluster:N", sort=rows["cluster"].tolist(), title="Cluster: radius", axis=alt.Axis(labelLimit=160))
    color = alt.Color("marked:N", title=None, legend=alt.Legend(orient="top"),
                      scale=alt.Scale(domain=["p at most 0.05", "could be chance"], range=[HOT, PALE]))
    base = alt.Chart(rows[["cluster", "start_day", "until_day", "marked", "words"]])
    bars = base.mark_bar(height={"band": 0.6}).encode(x=x, x2="until_day:Q", y=y, color=color)
    words = base.mark_text(align="left", dx=6, color=INK).encode(x=alt.value(width), y=y, text="words:N")
    return alt.layer(bars, words).properties(width=width, height=alt.Step(row_px), padding={"right": 130})


def spatial_pattern_test(result: SpatialPatternTest, *, width: int = 340) -> alt.LayerChart:
    """Each unit's share of all events before and after; the changed ones stand off the diagonal, marked.

    Parameters
    ----------
    result : SpatialPatternTest
    """
    units = result.to_frame()
    units = units[(units["before"] > 0) | (units["after"] > 0)]
    units = units.assign(change=units["change"].replace({"": "not shown to differ"}))
    top = 1.05 * float(units[["before_share", "after_share"]].to_numpy().max())
    axis = alt.Axis(format=".1%", tickCount=5)
    scale = alt.Scale(domain=[0, top])
    x = alt.X("before_share:Q", title="Share of events before", axis=axis, scale=scale)
    y = alt.Y("after_share:Q", title="Share of events after", axis=axis, scale=scale)
    names = ["more", "less", "not shown to differ"]
    color = alt.Color("change:N", title="Unit has", scale=alt.Scale(domain=names, range=[HOT, COLD, "#9a9a9a"]))
    shape = alt.Shape("change:N", title="Unit has",
                      scale=alt.Scale(domain=names, range=["triangle-up", "triangle-down", "circle"]))
    even = pd.DataFrame({"before_share": [0.0, top], "after_share": [0.0, top]})
    layers = [
        alt.Chart(even).mark_line(color=QUIET, strokeDash=[3, 3]).encode(x=x, y=y),
        alt.Chart(units).mark_point(filled=True, opacity=0.9, size=36).encode(x=x, y=y, color=color, shape=shape),
    ]
    title = f"S index {result.s_index:.2f}; of units with events {result.s_index_robust:.2f}"
    return alt.layer(*layers).properties(width=width, height=width, title=alt.TitleParams(title, anchor="start"))


def bandwidth_choice(result: BandwidthChoice, *, width: int = 380, height: int = 180) -> alt.LayerChart:
    """How well each bandwidth foretells events held out; the best is named.

    Parameters
    ----------
    result : BandwidthChoice
    """
    tried = result.to_frame()
    scale = alt.Scale(type="log", domain=[float(tried.bandwidth_m.min()), float(tried.bandwidth_m.max())], nice=False)
    x = alt.X("bandwidth_m:Q", title=f"Bandwidth, {result.kernel} (m, log scale)", scale=scale,
              axis=alt.Axis(tickCount=5, format=",.0f", grid=False))
    y = alt.Y("score:Q", title="Score of held-out events (nats)", scale=alt.Scale(zero=False))
    best = tried[tried.bandwidth_m == result.bandwidth_m].assign(words=f"{result.bandwidth_m:,.0f} m")
    base = alt.Chart(tried)
    layers = [
        base.mark_line(color=INK).encode(x=x, y=y),
        alt.Chart(best).mark_point(filled=True, size=70, color=HOT, opacity=1).encode(x=x, y=y),
        alt.Chart(best).mark_text(dy=16, color=INK, fontWeight="bold").encode(x=x, y=y, text="words:N"),
    ]
    return alt.layer(*layers).properties(width=width, height=height)


def ripley_k(result: RipleyK, *, width: int = 380, height: int = 200) -> alt.LayerChart:
    """L less distance, with what patterns of chance reach: above the band is clustered, below spaced out.

    Parameters
    ----------
    result : RipleyK
    """
    curve = result.to_frame()
    curve["low"], curve["high"] = curve["low_m"] - curve["distance_m"], curve["high_m"] - curve["distance_m"]
    x = alt.X("distance_m:Q", title="Distance (m)", axis=alt.Axis(grid=False))
    base = alt.Chart(curve)
    layers = [
        alt.Chart(pd.DataFrame({"at": [0]})).mark_rule(color=QUIET, strokeDash=[3, 3]).encode(y="at:Q"),
        base.mark_line(color=INK).encode(x=x, y=alt.Y("l_minus_distance_m:Q", title="L - distance (m)")),
    ]
    title = f"{result.correction} edge correction"
    if result.simulations:
        layers.insert(0, base.mark_area(color="#d3dae1", opacity=1).encode(x=x, y="low:Q", y2="high:Q"))
        title += f"; band: {result.simulations} patterns of chance, p {result.p_value:.3g}"
    return alt.layer(*layers).properties(width=width, height=height, title=alt.TitleParams(title, anchor="start"))


def centrography(result: Centrography, x: ArrayLike, y: ArrayLike, *, width: int = 380) -> alt.LayerChart:
    """The points with their mean centre (cross), median centre (diamond) and standard deviational ellipse.

    Parameters
    ----------
    result : Centrography
    x, y : array_like, shape (n,)
        The points, metres.
    """
    ellipse = result.ellipse.polygon()
    sheet = _Sheet(shapely.total_bounds([shapely.multipoints(np.column_stack([x, y])), ellipse]), width)
    centres = sheet.points(*np.transpose([result.mean_center, result.median_center]), centre=["mean", "median"])
    marks = alt.Scale(domain=["mean", "median"], range=["cross", "diamond"])
    shape = alt.Shape("centre:N", title="Centre", scale=marks)
    layers = [
        _chart(sheet.points(x, y)).mark_circle(size=9, color="#9a9a9a", opacity=1).encode(x=sheet.x, y=sheet.y),
        sheet.outline(np.array([ellipse]), INK, 1.6),
        alt.Chart(centres).mark_point(filled=True, size=110, color=HOT, opacity=1).encode(
            x=sheet.x, y=sheet.y, shape=shape
        ),
    ]
    return sheet.finished(layers, f"Standard distance {result.standard_distance_m:,.0f} m")
