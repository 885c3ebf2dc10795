"""The hot spot explorer: eight controls that drive a map, two pictures and a table together."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

import ipywidgets as w
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data_connectors.errors import RtccError
from rtcc_analytics.events import Events
from rtcc_analytics.hotspots import default_bandwidth_m
from rtcc_analytics.study import StudyArea
from rtcc_analytics.units import Grid
from rtcc_analytics.widgets.choices import offense_choices
from rtcc_analytics.widgets.debounce import Debounced
from rtcc_analytics.widgets.ground_map import MAP_STYLE
from rtcc_analytics.widgets.raster import PixelRaster, picture_url, pixel_raster
from rtcc_analytics.widgets.strips import day_hour_strip, table_html, weekly_strip
from rtcc_analytics.widgets.surface_map import BAND_COLOURS, SurfaceMap
from rtcc_analytics.workflows.exploration import Exploration
from rtcc_analytics.workflows.explore import HotspotView, explore_hotspots
from rtcc_analytics.workflows.method_surfaces import EXPLAINED, METHODS

CELL_SIZES_M = (50, 100, 150, 200, 250, 300, 400, 500, 750, 1000)
BANDWIDTHS_M = (*range(100, 1000, 50), *range(1000, 2000, 100), *range(2000, 5001, 250))
MOST_CELLS = 60_000


@dataclass(frozen=True)
class _Laid:
    """A grid with what drawing it takes, kept while the explorer lives: laying one costs more than a redraw."""

    grid: Grid
    raster: PixelRaster
    x: NDArray[np.float64]
    y: NDArray[np.float64]


class HotspotExplorer(w.VBox):
    """Controls, map, weekly line, day-and-hour picture, table and a status line.

    Every control redraws all of them from the same `HotspotView`, kept in `view`. A choice that
    leaves nothing says so in the status line and keeps the last picture greyed.

    Parameters
    ----------
    held : Exploration
        What can be chosen from, and what the map is drawn on; see `read_exploration`.
    offense, start, end, area, cell_m, bandwidth_m, hours, method
        Where the controls stand at first; chosen from the data where left out.

    Attributes
    ----------
    offense, period, area, method, cell, bandwidth, hours, other_hours : widgets
        The controls.
    explained, map, legend, charts, table, status : widgets
        What they drive.
    view : HotspotView
        What is shown now.
    """

    def __init__(
        self,
        held: Exploration,
        *,
        offense: str | None = None,
        start: date | str | None = None,
        end: date | str | None = None,
        area: str | None = None,
        cell_m: float | None = None,
        bandwidth_m: float | None = None,
        hours: tuple[int, int] = (0, 24),
        method: str = "quartic",
    ) -> None:
        events, ground = held.events, held.ground
        self._events = events
        # Every choice inherits the wall clock of the whole, so that the zone is looked up once.
        events.local_from, events.local_to, events.local_day  # noqa: B018
        self._areas = {ground.area.name: ground.area, **held.areas}
        self._laid: dict[tuple[str, float], _Laid] = {}
        self._make_controls(area, offense, cell_m, bandwidth_m, hours)
        self._make_period(start, end)
        self._make_method(method)
        self.map = SurfaceMap(ground)
        if self.area.value != ground.area.name:
            self.map.look_at(self._areas[self.area.value])
        self.charts, self.table, self.status, self.legend = w.HTML(), w.HTML(), w.HTML(), w.HTML()
        self.view: HotspotView | None = None
        self.period.add_class("rtcc-period")
        self.hours.add_class("rtcc-hours")
        self.status.add_class("rtcc-status")
        super().__init__(self._laid_out())
        self.add_class("rtcc-hotspots")
        self.redraw()
        asked = Debounced(self.redraw)
        for control in self._controls:
            control.observe(asked, "value")
        self.area.observe(lambda change: self.map.look_at(self._areas[change.new]), "value")

    @property
    def _controls(self) -> tuple[w.Widget, ...]:
        return (
            self.offense, self.period, self.area, self.method, self.cell, self.bandwidth, self.hours, self.other_hours
        )  # fmt: skip

    def redraw(self) -> None:
        """Compute the view the controls ask for, and show it everywhere."""
        began = time.perf_counter()
        try:
            laid = self._grid()
            first, last = self.period.value
            view = explore_hotspots(
                self._events,
                laid.grid,
                offense=self.offense.value,
                start=first,
                end=last,
                bandwidth_m=max(self.bandwidth.value, laid.grid.cell_m),
                hours=self.hour_band,
                method=self.method.value,
            )
        except RtccError as error:
            self.status.value = f'<span style="color:#a00000"><b>Nothing to show.</b> {escape(str(error))}</span>'
            self.add_class("rtcc-stale")
            return
        self.view = view
        self.explained.value = _explained(view.method)
        self.remove_class("rtcc-stale")
        self._show_map(view, laid)
        self.charts.value = weekly_strip(view.weeks) + day_hour_strip(view.hours)
        self.table.value = _place_table(view)
        took_ms = (time.perf_counter() - began) * 1000
        notes = "".join(f'<div style="color:#8a4b00">⚠ {escape(note)}</div>' for note in view.cautions)
        period = f"{first:%d %b %Y} to {last - timedelta(days=1):%d %b %Y}"
        self.status.value = (
            f"<div><b>{escape(view.title)}</b>, {period} · {escape(_numbers(view, took_ms))}</div>{notes}"
        )

    def _grid(self) -> _Laid:
        key = (self.area.value, float(self.cell.value))
        if key not in self._laid:
            area = self._areas[key[0]]
            grid = Grid(area, cell_m=key[1])
            self._laid[key] = _Laid(grid, pixel_raster(area, grid), *grid.centroids())
        return self._laid[key]

    @property
    def hour_band(self) -> tuple[int, int]:
        """The local hours chosen, half-open; (22, 4) runs over midnight. RtccError where they are none."""
        first, last = self.hours.value
        if first == last:
            raise RtccError(f"the hours from {first}:00 to {last}:00 are none: move one end of the slider")
        if not self.other_hours.value:
            return first, last
        if (first, last) == (0, 24):
            raise RtccError("all other hours than 0 to 24 are none: narrow the band, or clear the box beside it")
        return last % 24, first or 24

    def _show_map(self, view: HotspotView, laid: _Laid) -> None:
        self.map.show_surface(picture_url(laid.raster, view.band, BAND_COLOURS), laid.raster.bounds)
        peaks = view.places["unit"].to_numpy(dtype=int)
        self.map.show_places(laid.x[peaks], laid.y[peaks], reach_m=view.bandwidth_m)
        self.legend.value = _legend(view)

    def _make_controls(
        self,
        area: str | None,
        offense: str | None,
        cell_m: float | None,
        bandwidth_m: float | None,
        hours: tuple[int, int],
    ) -> None:
        whole = next(iter(self._areas))
        area = area or whole
        if area not in self._areas:
            raise RtccError(f"no area {area!r} to explore; there are: {', '.join(self._areas)}")
        wide = w.Layout(width="99%")
        style = {"description_width": "84px"}
        cell_m = cell_m or _starting_cell_m(self._areas[area])
        sizes = sorted({*CELL_SIZES_M, cell_m})
        bandwidth_m = bandwidth_m or default_bandwidth_m(Grid(self._areas[area], cell_m=max(cell_m, 500)))
        choices, value = offense_choices(self._events, offense)
        self.offense = w.Dropdown(options=choices, value=value, description="Offense", layout=wide, style=style)
        self.area = w.Dropdown(options=list(self._areas), value=area, description="Area", layout=wide, style=style)
        self.cell = w.SelectionSlider(
            options=[(f"{size:g} m", float(size)) for size in sizes],
            value=float(cell_m),
            description="Cell size",
            continuous_update=False,
            layout=wide,
            style=style,
        )
        self.bandwidth = w.SelectionSlider(
            options=[(f"{size:,g} m", float(size)) for size in sorted({*BANDWIDTHS_M, bandwidth_m})],
            value=float(bandwidth_m),
            description="Bandwidth",
            continuous_update=False,
            layout=wide,
            style=style,
        )
        self.hours = w.IntRangeSlider(
            value=hours if hours[0] <= hours[1] else (hours[1], hours[0]),
            min=0,
            max=24,
            description="Hours",
            continuous_update=False,
            layout=wide,
            style=style,
        )
        self.other_hours = w.Checkbox(
            value=hours[0] > hours[1],
            description="all other hours (over midnight)",
            indent=False,
            layout=w.Layout(width="auto", margin="0 0 0 84px"),
        )

    def _make_method(self, method: str) -> None:
        if method not in METHODS:
            raise RtccError(f"method {method!r} is not known; there are: {', '.join(METHODS)}")
        self.method = w.Dropdown(
            options=[(words, name) for name, words in METHODS.items()],
            value=method,
            description="Method",
            layout=w.Layout(width="99%"),
            style={"description_width": "84px"},
        )
        self.explained = w.HTML(layout=w.Layout(margin="0 0 0 88px"))

    def _make_period(self, start: date | str | None, end: date | str | None) -> None:
        mondays = _mondays(self._events)
        first, last = (pd.Timestamp(day).date() if day else None for day in (start, end))
        last = last or mondays[-1]
        first = first or max(mondays[0], last - timedelta(weeks=52))
        if not first < last:
            raise RtccError(f"the period from {first} to {last} is empty: the end must be later than the start")
        self.period = w.SelectionRangeSlider(
            options=[(f"{day:%d %b %Y}", day) for day in sorted({*mondays, first, last})],
            value=(first, last),
            description="Period",
            continuous_update=False,
            layout=w.Layout(width="99%"),
            style={"description_width": "84px"},
        )

    def _laid_out(self) -> list[w.Widget]:
        half = w.Layout(width="50%", min_width="330px")
        controls = w.HBox(
            [
                w.VBox([self.offense, self.area, self.period, self.method, self.explained], layout=half),
                w.VBox([self.cell, self.bandwidth, self.hours, self.other_hours], layout=half),
            ],
            layout=w.Layout(flex_flow="row wrap"),
        )
        beside = w.VBox([self.charts, self.table], layout=w.Layout(width="530px", flex="0 0 530px"))
        shown = w.HBox(
            [w.VBox([self.map, self.legend], layout=w.Layout(flex="1 1 420px", min_width="380px")), beside],
            layout=w.Layout(flex_flow="row wrap", grid_gap="12px"),
        )
        self.status.layout = w.Layout(margin="2px 0 6px 4px")
        return [w.HTML(_STYLE), controls, self.status, shown]


_STYLE = (
    MAP_STYLE
    + """<style>.rtcc-hotspots .widget-html-content{line-height:1.35}
.rtcc-period .widget-readout{flex:0 0 190px;max-width:190px}
.rtcc-stale .leaflet-container,.rtcc-stale svg,.rtcc-stale table{opacity:.35}</style>"""
)


def _numbers(view: HotspotView, took_ms: float) -> str:
    return view.status.rsplit(" · ", 1)[0] + f" · {took_ms:,.0f} ms"


def _place_table(view: HotspotView) -> str:
    places = view.places
    peak = {"z_score": "Gi* z", "count": "In the cell"}.get(view.surface.kind, "Per km²")
    columns = [
        ("", "right", [str(rank) for rank in places["rank"]]),
        ("Most repeated address there", "left", list(places["address"])),
        ("Events", "right", [f"{n:,.0f}" if n == round(n) else f"{n:,.1f}" for n in places["events"]]),
        ("Share", "right", [f"{share:.1%}" for share in places["share"]]),
        (peak, "right", [f"{value:,.1f}" if value < 10 else f"{value:,.0f}" for value in places["peak"]]),
    ]
    return table_html(columns, caption=f"Hot places: peaks, and the events within {view.bandwidth_m:,.0f} m of each")


def _explained(method: str) -> str:
    return f'<span style="font-size:12px;color:#444">{escape(EXPLAINED[method])}</span>'


def _legend(view: HotspotView) -> str:
    by = {"z_score": "Ground by Gi*, if significant", "count": "Ground by count"}.get(
        view.surface.kind, "Ground by density"
    )
    cell = "white-space:nowrap"
    swatch = "display:inline-block;width:16px;height:11px;border:1px solid #888;vertical-align:middle;background:"
    cells = "".join(
        f'<div style="{cell}"><span style="{swatch}{colour}"></span> {row.ground.replace(" to ", "–")}<br>'
        f'<span style="color:#555">{row.events_share:.0%} of events</span></div>'
        for colour, row in zip(BAND_COLOURS, view.bands.itertuples(), strict=True)
    )
    return (
        '<div style="font:12px sans-serif;color:#1a1a1a;line-height:1.35;margin-top:4px;'
        'display:flex;flex-wrap:wrap;gap:2px 12px">'
        f'<div style="{cell}"><b>{by}</b><br><span style="color:#555">rings: one bandwidth</span></div>'
        f"{cells}</div>"
    )


def _starting_cell_m(area: StudyArea) -> float:
    """The smallest cell, 150 m or more, that keeps the map under 60,000 cells."""
    return next(
        (float(m) for m in CELL_SIZES_M if m >= 150 and area.area_km2 * 1e6 / m**2 <= MOST_CELLS),
        float(CELL_SIZES_M[-1]),
    )


def _mondays(events: Events) -> list[date]:
    days = events.local_day[~np.isnat(events.local_day)]
    if not days.size:
        raise RtccError("no record here has a time, so there is nothing to explore")
    # A few cold cases of decades ago would make the slider too coarse for the weeks that matter.
    low, high = np.quantile(days.astype(np.int64), [0.001, 1.0]).astype(int)
    first, last = (low + 3) // 7, -(-(high + 1 + 3) // 7)
    return [date(1970, 1, 1) + timedelta(days=int(week) * 7 - 3) for week in range(first, last + 1)]
