"""The repeats explorer: controls that drive the Knox table, today's zones on a map, and the clocks together."""

from __future__ import annotations

import math
import time
from datetime import date, timedelta
from html import escape
from typing import Any

import ipyleaflet as leaflet
import ipywidgets as w
import numpy as np
import pandas as pd
import shapely

from data_connectors.errors import RtccError
from rtcc_analytics.near_repeat import KnoxResult
from rtcc_analytics.widgets.choices import offense_choices
from rtcc_analytics.widgets.debounce import Debounced
from rtcc_analytics.widgets.ground_map import MAP_STYLE, GroundMap, feature
from rtcc_analytics.widgets.strips import day_hour_strip, table_html
from rtcc_analytics.workflows.exploration import Exploration
from rtcc_analytics.workflows.repeats import RepeatsView, explore_repeats

INK, QUIET = "#1a1a1a", "#555555"
SHADES = ((2.0, "#1f4e79", "#ffffff"), (1.5, "#8fa8bf", INK), (1.2, "#dbe3ea", INK), (-math.inf, "#f7f7f5", INK))
BAND_WIDTHS_M = (50, 100, 150, 200, 300, 400, 500)
BAND_WIDTHS_DAYS = (1, 2, 3, 4, 7, 10, 14, 28)
BANDS = 4
ZONES_LISTED = 12
# Young zones dark, old ones light: by the share of its time that a zone has left.
LEFT_COLOURS = ((2 / 3, "#67000d"), (1 / 3, "#cb181d"), (0.0, "#fb6a4a"))


class RepeatsExplorer(w.VBox):
    """Controls, Knox table, map and list of open zones, day-and-hour picture and clock, and a status line.

    Every control redraws all of them from the same `RepeatsView`, kept in `view`. A choice that
    leaves nothing says so in the status line and keeps the last picture greyed.

    Parameters
    ----------
    held : Exploration
        What can be chosen from, and what the map is drawn on; see `read_exploration`.
    offense, start, end, at
        Where the controls stand at first; chosen from the data where left out.
    band_m, band_days : float
        Width of each of the four bands.
    least_ratio : float
        How many times chance a band must show for its zones to stay open.
    permutations, seed : int

    Attributes
    ----------
    offense, start, end, at, band_m, band_days, least_ratio, spread_times : widgets
        The controls.
    knox, map, zones, clocks, status : widgets
        What they drive.
    view : RepeatsView
        What is shown now.
    """

    def __init__(
        self,
        held: Exploration,
        *,
        offense: str | None = "burglary",
        start: date | str | None = None,
        end: date | str | None = None,
        at: date | str | None = None,
        band_m: float = 100,
        band_days: float = 7,
        least_ratio: float = 1.2,
        permutations: int = 999,
        seed: int = 1,
    ) -> None:
        self._events, self._area = held.events, held.ground.area
        self._asked = {"permutations": permutations, "seed": seed}
        self._make_controls(offense, start, end, at, band_m, band_days, least_ratio)
        self._discs = leaflet.GeoJSON(
            data=_collection([]), name="Open zones", style={"weight": 1, "fillOpacity": 0.45}, style_callback=_style
        )
        # At the scale of a county a disc of 100 m is a speck: a dot of fixed size marks each event.
        self._dots = leaflet.GeoJSON(
            data=_collection([]), name="Events", point_style={"radius": 5, "weight": 1, "fillOpacity": 0.9},
            style_callback=_style,
        )  # fmt: skip
        self.map = GroundMap(held.ground, marks=(self._discs, self._dots), height_px=430)
        self.knox, self.zones, self.clocks, self.status = w.HTML(), w.HTML(), w.HTML(), w.HTML()
        self.view: RepeatsView | None = None
        super().__init__(self._laid_out())
        self.add_class("rtcc-repeats")
        self.redraw()
        asked = Debounced(self.redraw)
        for control in self._controls:
            control.observe(asked, "value")

    @property
    def _controls(self) -> tuple[w.Widget, ...]:
        return (self.offense, self.start, self.end, self.at, self.band_m, self.band_days, self.least_ratio,
                self.spread_times)  # fmt: skip

    def redraw(self) -> None:
        """Compute the view the controls ask for, and show it everywhere."""
        began = time.perf_counter()
        try:
            view = explore_repeats(
                self._events,
                offense=self.offense.value,
                start=self.start.value,
                end=self.end.value,
                at=self.at.value,
                distance_breaks=[self.band_m.value * k for k in range(BANDS + 1)],
                time_breaks=[self.band_days.value * k for k in range(BANDS + 1)],
                least_ratio=self.least_ratio.value,
                spread_times=self.spread_times.value,
                **self._asked,
            )
        except RtccError as error:
            self.status.value = f'<span style="color:#a00000"><b>Nothing to show.</b> {escape(str(error))}</span>'
            self.add_class("rtcc-stale")
            return
        self.view = view
        self.remove_class("rtcc-stale")
        self._show_zones(view)
        self.knox.value = knox_html(view.knox)
        self.zones.value = _zones_html(view)
        hours = view.hours.to_frame().assign(chosen=True)
        self.clocks.value = day_hour_strip(hours, title="Day and hour (local)") + clock_html(view)
        took_ms = (time.perf_counter() - began) * 1000
        notes = "".join(f'<div style="color:#8a4b00">⚠ {escape(note)}</div>' for note in view.cautions)
        self.status.value = (
            f"<div><b>{escape(view.title)}</b> · {view.events.size:,} events, {len(view.alerts.event):,} zones open on "
            f"{self.at.value:%d %b %Y} · {took_ms:,.0f} ms</div>{notes}"
        )

    def _show_zones(self, view: RepeatsView) -> None:
        alerts = view.alerts
        longest = alerts.bands.open_days.max() or 1.0
        left = (alerts.expires_day - alerts.at_day) / longest
        # Wide discs first, so that the small ones within them stay on top.
        order = np.argsort(-alerts.metres_to, kind="stable")
        discs = self._area.to_lonlat(alerts.geometry()[order])
        _, at = np.unique(alerts.event, return_index=True)
        dots = self._area.to_lonlat(shapely.points(alerts.x[at], alerts.y[at]))
        self._discs.data = _collection([_left(disc, left[zone]) for disc, zone in zip(discs, order, strict=True)])
        self._dots.data = _collection([_left(dot, left[zone]) for dot, zone in zip(dots, at, strict=True)])

    def _make_controls(
        self,
        offense: str | None,
        start: date | str | None,
        end: date | str | None,
        at: date | str | None,
        band_m: float,
        band_days: float,
        least_ratio: float,
    ) -> None:
        look = {"layout": w.Layout(width="99%"), "style": {"description_width": "96px"}}
        days = self._events.local_day[~np.isnat(self._events.local_day)]
        if not days.size:
            raise RtccError("no record here has a time, so there is nothing to explore")
        first, last, day = (pd.Timestamp(when).date() if when else None for when in (start, end, at))
        last = last or days.max().item() + timedelta(days=1)
        choices, codes = offense_choices(self._events, offense)
        self.offense = w.Dropdown(options=choices, value=codes, description="Offense", **look)
        self.start = w.DatePicker(value=first or days.min().item(), description="From", **look)
        self.end = w.DatePicker(value=last, description="Until before", **look)
        self.at = w.DatePicker(value=day or last, description="Zones on", **look)
        slider = {"continuous_update": False, **look}
        widths = [(f"{width:g} m", float(width)) for width in sorted({*BAND_WIDTHS_M, band_m})]
        self.band_m = w.SelectionSlider(options=widths, value=float(band_m), description="Distance band", **slider)
        spans = [(f"{days:g} days", float(days)) for days in sorted({*BAND_WIDTHS_DAYS, band_days})]
        self.band_days = w.SelectionSlider(options=spans, value=float(band_days), description="Time band", **slider)
        self.least_ratio = w.FloatSlider(
            value=least_ratio, min=1, max=3, step=0.1, readout_format=".1f", description="Least ratio", **slider
        )
        self.spread_times = w.Checkbox(value=False, description="spread uncertain times over their days", indent=False)

    def _laid_out(self) -> list[w.Widget]:
        third = w.Layout(width="33%", min_width="250px")
        controls = w.HBox(
            [
                w.VBox([self.offense, self.spread_times], layout=third),
                w.VBox([self.start, self.end, self.at], layout=third),
                w.VBox([self.band_m, self.band_days, self.least_ratio], layout=third),
            ],
            layout=w.Layout(flex_flow="row wrap"),
        )
        left = w.VBox([self.map, self.zones], layout=w.Layout(flex="1 1 420px", min_width="380px"))
        right = w.VBox([self.knox, self.clocks], layout=w.Layout(width="500px", flex="0 0 500px"))
        self.status.layout = w.Layout(margin="2px 0 6px 4px")
        shown = w.HBox([left, right], layout=w.Layout(flex_flow="row wrap", grid_gap="12px"))
        return [w.HTML(_LOOKS), controls, self.status, shown]


_LOOKS = (
    MAP_STYLE
    + """<style>.rtcc-repeats .widget-html-content{line-height:1.35}
.rtcc-repeats.rtcc-stale .leaflet-container,.rtcc-repeats.rtcc-stale svg,.rtcc-repeats.rtcc-stale table{opacity:.35}
</style>"""
)


def knox_html(knox: KnoxResult) -> str:
    """The Knox table as HTML: ratio large, pairs small, a heavy frame where above chance.

    Examples
    --------
    >>> from rtcc_analytics.near_repeat import knox_test
    >>> found = knox_test([0, 9, 500], [0, 0, 0], [1, 2, 9], distance_breaks=[0, 100], time_breaks=[0, 7], seed=1)
    >>> "1 of 0.3" in knox_html(found)
    True
    """
    above = knox.above_chance()
    head = "".join(f'<th style="font-weight:400;padding:2px 4px">{label}</th>' for label in knox.time_labels)
    rows = []
    for band, label in enumerate(knox.distance_labels):
        cells = "".join(
            _knox_cell(knox.observed[band, at], knox.expected[band, at], knox.ratio[band, at],
                       knox.p_value[band, at], above[band, at])
            for at in range(len(knox.time_labels))
        )  # fmt: skip
        rows.append(f'<tr><td style="padding-right:6px;white-space:nowrap;text-align:right">{label}</td>{cells}</tr>')
    caption = (
        '<caption style="text-align:left"><b>Pairs by distance and time apart</b>: times as many as chance, and '
        "pairs seen of pairs expected. Heavy frame: above chance (ratio 1.2 or more, p 0.05 or less).</caption>"
    )
    return (
        f'<table style="border-collapse:separate;border-spacing:2px;font:12px sans-serif;color:{INK};width:490px">'
        f"{caption}<tr><th></th>{head}</tr>{''.join(rows)}</table>"
    )


def _knox_cell(observed: float, expected: float, ratio: float, p_value: float, above: bool) -> str:
    back, ink = next((back, ink) for least, back, ink in SHADES if not ratio < least)
    if math.isnan(ratio):
        back, ink = SHADES[-1][1:]
    frame = f"2.5px solid {INK}" if above else "2.5px solid transparent"
    shown = "–" if math.isnan(ratio) else f"{ratio:.2f}"
    pairs = f"{observed:,.0f} of {expected:,.0f}" if expected >= 10 else f"{observed:,.0f} of {expected:,.1f}"
    weight = 700 if above else 400
    return (
        f'<td title="p = {p_value:.3g}" style="background:{back};color:{ink};border:{frame};text-align:center;'
        f'padding:3px 2px"><span style="font-size:14px;font-weight:{weight}">{shown}</span><br>'
        f'<span style="font-size:10px">{pairs}</span></td>'
    )


def clock_html(view: RepeatsView, *, size: int = 150) -> str:
    """A day as a clock: a wedge an hour, its surface in proportion to the events; the mean as a line."""
    by_hour, centre, most = view.hours.counts.sum(axis=0), size / 2, size / 2 - 16
    longest = math.sqrt(max(by_hour.max(), 1e-9))
    parts = [f'<circle cx="{centre}" cy="{centre}" r="{most}" fill="none" stroke="#bbb" stroke-width=".6"/>']
    for hour, count in enumerate(by_hour):
        reach = most * math.sqrt(count) / longest
        (x0, y0), (x1, y1) = (_on_clock(at, reach, centre) for at in (hour, hour + 1))
        parts.append(
            f'<path d="M{centre} {centre}L{x0:.1f} {y0:.1f}A{reach:.1f} {reach:.1f} 0 0 1 {x1:.1f} {y1:.1f}Z" '
            f'fill="#8fa8bf" stroke="#fff" stroke-width=".5"><title>{hour}:00, {count:,.0f}</title></path>'
        )
    x, y = _on_clock(view.clock.mean, most * view.clock.resultant, centre)
    parts.append(f'<line x1="{centre}" y1="{centre}" x2="{x:.1f}" y2="{y:.1f}" stroke="{INK}" stroke-width="2.5"/>')
    for hour in (0, 6, 12, 18):
        x, y = _on_clock(hour, most + 9, centre)
        parts.append(f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle">{hour}</text>')
    clock = view.clock
    p_value = "below 0.001" if clock.p_value < 0.001 else f"= {clock.p_value:.3f}"
    words = (
        f"<b>Mean hour {_hour(clock.mean)}</b><br>held to by {clock.resultant:.2f} (0: spread evenly or in opposite "
        f"clumps, 1: all at one time)<br>circular standard deviation {clock.spread:.1f} hours<br>"
        f"Rayleigh's test against an even spread: p {p_value}"
        f'<br><span style="color:{QUIET}">Wedge: events in each hour, by surface. Line: the mean, as long as events '
        "hold to it.</span>"
    )
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" style="flex:none" '
        f'font-family="sans-serif" font-size="11" fill="{INK}" role="img" aria-label="Clock of the day">'
        f"{''.join(parts)}</svg>"
    )
    return (
        f'<div style="display:flex;gap:12px;align-items:center;font:12px sans-serif;color:{INK}">{picture}'
        f"<div>{words}</div></div>"
    )


def _on_clock(hour: float, reach: float, centre: float) -> tuple[float, float]:
    """Midnight at the top, clockwise."""
    turn = 2 * math.pi * hour / 24
    return centre + reach * math.sin(turn), centre - reach * math.cos(turn)


def _hour(hour: float) -> str:
    minutes = round(hour * 60) % 1440
    return f"{minutes // 60}:{minutes % 60:02d}"


def _zones_html(view: RepeatsView) -> str:
    zones = view.zones().head(ZONES_LISTED)
    bands = ", ".join(
        f"{row.metres_to:g} m for {row.open_days:g} days" for row in view.alerts.bands.itertuples() if row.open_days
    )
    if zones.empty:
        return f'<div style="font:13px sans-serif;color:{INK}">No zone is open: see the line above.</div>'
    columns = [
        ("Event", "left", [f"{day:%d %b}" for day in zones["event_date"]]),
        ("Address", "left", list(zones["address"])),
        ("Within", "right", [f"{metres:,g} m" for metres in zones["within_m"]]),
        ("Days left", "right", [f"{days:.0f}" for days in zones["days_left"]]),
        ("Times chance", "right", [
            f"{row.ratio:.1f} ({row.ratio_low:.1f}–{row.ratio_high:.1f})" for row in zones.itertuples()
        ]),
    ]  # fmt: skip
    listed = f"Open zones, the {len(zones)} of {len(view.alerts.event):,} that stay open longest"
    legend = (
        f'<div style="font:12px sans-serif;color:{QUIET}">Kept open within {bands}. Dark: most of the time left; '
        "light: about to expire.</div>"
    )
    return legend + table_html(columns, caption=listed, widest_px=120)  # or the last column is cut off


def _collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}


def _left(shape: shapely.Geometry, left: float) -> dict[str, Any]:
    """A shape on the map that knows what share of its time it has left."""
    return feature(shape) | {"properties": {"left": float(left)}}


def _style(zone: dict[str, Any]) -> dict[str, str]:
    colour = next(
        (colour for least, colour in LEFT_COLOURS if zone["properties"]["left"] >= least), LEFT_COLOURS[-1][1]
    )
    return {"color": INK, "fillColor": colour}
