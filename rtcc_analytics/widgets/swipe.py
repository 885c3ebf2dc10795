"""Two methods or periods side by side on maps that move together."""

from __future__ import annotations

from datetime import date
from html import escape

import ipywidgets as w
import numpy as np

from data_connectors.errors import RtccError
from rtcc_analytics.hotspots import default_bandwidth_m
from rtcc_analytics.units import Grid
from rtcc_analytics.widgets.choices import offense_choices
from rtcc_analytics.widgets.debounce import Debounced
from rtcc_analytics.widgets.ground_map import MAP_STYLE
from rtcc_analytics.widgets.raster import picture_url, pixel_raster
from rtcc_analytics.widgets.strips import table_html
from rtcc_analytics.widgets.surface_map import SurfaceMap
from rtcc_analytics.workflows.compare_methods import METHODS, MethodComparison, Side, compare_methods
from rtcc_analytics.workflows.exploration import Exploration

BOTH, ONE = "#67000d", "#fb6a4a"


class MethodSwipe(w.VBox):
    """Two maps of the hottest cells, moved together, with what they agree on.

    Parameters
    ----------
    held : Exploration
        What can be chosen from, and what the maps are drawn on.
    cell_m, bandwidth_m : float, optional
        Shared by both sides, metres.
    offense : str, optional
        Shared by both sides; all where left out.
    a, b : Side
        Where the two sides stand at first.
    share : float
        Share of the cells called hot, 0-1.

    Attributes
    ----------
    offense, method_a, method_b, start_a, end_a, start_b, end_b : widgets
        The controls.
    map_a, map_b, table, status : widgets
        What they drive.
    comparison : MethodComparison
        What is shown now.
    """

    def __init__(
        self,
        held: Exploration,
        *,
        cell_m: float,
        bandwidth_m: float | None = None,
        offense: str | None = None,
        a: Side | None = None,
        b: Side | None = None,
        share: float = 0.05,
    ) -> None:
        self._events, self._share = held.events, share
        self._grid = Grid(held.ground.area, cell_m=cell_m)
        self._raster = pixel_raster(held.ground.area, self._grid)
        self._bandwidth_m = bandwidth_m or default_bandwidth_m(self._grid)
        choices, value = offense_choices(held.events, offense)
        self.offense = w.Dropdown(options=choices, value=value, description="Offense")
        self.method_a, self.start_a, self.end_a = _side_controls("A", a or Side("quartic"))
        self.method_b, self.start_b, self.end_b = _side_controls("B", b or Side("gi_star"))
        self.map_a, self.map_b = SurfaceMap(held.ground, height_px=420), SurfaceMap(held.ground, height_px=420)
        # In the browser, so that a pan needs no kernel.
        self._links = [w.jslink((self.map_a, name), (self.map_b, name)) for name in ("center", "zoom")]
        self.table, self.status = w.HTML(), w.HTML()
        self.comparison: MethodComparison | None = None
        half = w.Layout(width="50%")
        sides = [
            w.VBox([method, w.HBox([start, end]), shown], layout=half)
            for method, start, end, shown in (
                (self.method_a, self.start_a, self.end_a, self.map_a),
                (self.method_b, self.start_b, self.end_b, self.map_b),
            )
        ]
        super().__init__([w.HTML(MAP_STYLE), self.offense, self.status, w.HBox(sides), self.table])
        self.redraw()
        asked = Debounced(self.redraw)
        for control in (
            self.offense, self.method_a, self.start_a, self.end_a, self.method_b, self.start_b, self.end_b
        ):  # fmt: skip
            control.observe(asked, "value")

    def redraw(self) -> None:
        """Compute the comparison the controls ask for, and show it."""
        try:
            made = compare_methods(
                self._events,
                self._grid,
                a=Side(self.method_a.value, self.start_a.value, self.end_a.value),
                b=Side(self.method_b.value, self.start_b.value, self.end_b.value),
                offense=self.offense.value or None,
                bandwidth_m=self._bandwidth_m,
                share=self._share,
            )
        except (RtccError, ValueError) as error:
            self.status.value = f'<span style="color:#a00000"><b>Not redrawn.</b> {escape(str(error))}</span>'
            return
        self.comparison = made
        for shown, hot in ((self.map_a, made.hot_a), (self.map_b, made.hot_b)):
            band = np.where(made.hot_a & made.hot_b, 1, 2) * hot
            shown.show_surface(picture_url(self._raster, band, (BOTH, ONE)), self._raster.bounds)
        notes = "".join(
            f'<div style="color:#8a4b00">⚠ {side}: {escape(note)}</div>'
            for side, warnings in (("A", made.warnings_a), ("B", made.warnings_b))
            for note in warnings
        )
        self.status.value = f"<b>{escape(made.reading)}</b> Dark: hot in both; light: in this one only.{notes}"
        self.table.value = _agreement_table(made)


def _side_controls(name: str, side: Side) -> tuple[w.Dropdown, w.DatePicker, w.DatePicker]:
    options = [(words, method) for method, words in METHODS.items()]
    days = [date.fromisoformat(str(day)[:10]) if day is not None else None for day in (side.start, side.end)]
    narrow = w.Layout(width="48%")
    return (
        w.Dropdown(options=options, value=side.method, description=f"Method {name}"),
        w.DatePicker(value=days[0], description="From", layout=narrow),
        w.DatePicker(value=days[1], description="Before", layout=narrow),
    )


def _agreement_table(made: MethodComparison) -> str:
    hot = made.to_frame()["hot"].value_counts()
    rows = ["both", "only A", "only B"]
    columns = [
        ("Hot in", "left", rows),
        ("Cells", "right", [f"{hot.get(row, 0):,}" for row in rows]),
    ]
    return table_html(
        columns, caption=f"Hottest {made.share:.0%} of the cells · rank correlation {made.rank_correlation:.2f}"
    )
