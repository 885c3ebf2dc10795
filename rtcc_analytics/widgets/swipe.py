"""Two methods or periods on one map, with a divider to wipe between them."""

from __future__ import annotations

from datetime import date
from html import escape
from pathlib import Path

import ipywidgets as w
import numpy as np
import pandas as pd

from data_connectors.errors import RtccError
from rtcc_analytics.hotspots import default_bandwidth_m
from rtcc_analytics.units import Grid
from rtcc_analytics.widgets.choices import offense_choices
from rtcc_analytics.widgets.debounce import Debounced
from rtcc_analytics.widgets.ground_map import MAP_STYLE
from rtcc_analytics.widgets.raster import picture_url, pixel_raster
from rtcc_analytics.widgets.strips import table_html
from rtcc_analytics.widgets.swipe_map import SwipeMap
from rtcc_analytics.workflows.compare_methods import MethodComparison, Side, compare_methods
from rtcc_analytics.workflows.exploration import Exploration
from rtcc_analytics.workflows.method_surfaces import METHODS

COLOURS = {"both": "#67000d", "only A": "#e08214", "only B": "#2166ac"}
NAMED = {"both": "both", "only A": "A only", "only B": "B only"}


class MethodSwipe(w.VBox):
    """A map of the hottest cells with a divider: left of it side A, right of it side B; and what they agree on.

    Parameters
    ----------
    held : Exploration
        What can be chosen from, and what the map is drawn on.
    cell_m, bandwidth_m : float, optional
        Shared by both sides, metres.
    offense : str or tuple of str, optional
        Shared by both sides; all where left out.
    area : str, optional
        A part of the ground, named as in `held.areas`; all of it where left out.
    hours : (int, int)
        Local hours, shared by both sides; (22, 4) runs over midnight.
    a, b : Side
        Where the two sides stand at first.
    share : float
        Share of the cells called hot, 0-1.
    folder : str or Path
        Where exports go.

    Attributes
    ----------
    offense, method_a, method_b, start_a, end_a, start_b, end_b, export : widgets
        The controls.
    map, table, status, said : widgets
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
        offense: str | tuple[str, ...] | None = None,
        area: str | None = None,
        hours: tuple[int, int] = (0, 24),
        a: Side | None = None,
        b: Side | None = None,
        share: float = 0.05,
        folder: str | Path = ".",
    ) -> None:
        whole = held.ground.area
        areas = {whole.name: whole, **held.areas}
        if (area or whole.name) not in areas:
            raise RtccError(f"no area {area!r} to compare in; there are: {', '.join(areas)}")
        study = areas[area or whole.name]
        self._events, self._share, self._hours, self._folder = held.events, share, hours, Path(folder)
        self._grid = Grid(study, cell_m=cell_m)
        self._raster = pixel_raster(study, self._grid)
        self._bandwidth_m = bandwidth_m or default_bandwidth_m(self._grid)
        choices, value = offense_choices(held.events, offense)
        self.offense = w.Dropdown(options=choices, value=value, description="Offense", layout=w.Layout(width="420px"))
        self.method_a, self.start_a, self.end_a = _side_controls("A", a or Side("quartic"))
        self.method_b, self.start_b, self.end_b = _side_controls("B", b or Side("gi_star"))
        self.export = w.Button(description="Export cells", tooltip="The hot cells of both sides as CSV")
        self.export.on_click(lambda _: self._export())
        self.map = SwipeMap(held.ground)
        self.map.look_at(study)
        self.table, self.status, self.said = w.HTML(), w.HTML(), w.HTML()
        self._shared_words = (
            f"{area or whole.name} · {hours[0]}:00 to {hours[1]}:00 · cells of {cell_m:,g} m · "
            f"bandwidth {self._bandwidth_m:,.0f} m"
        )
        self.comparison: MethodComparison | None = None
        super().__init__(self._laid_out())
        self.add_class("rtcc-swipe")
        self.status.add_class("rtcc-status")
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
                hours=self._hours,
                share=self._share,
            )
        except (RtccError, ValueError) as error:
            self.status.value = f'<span style="color:#a00000"><b>Not redrawn.</b> {escape(str(error))}</span>'
            return
        self.comparison, self.said.value = made, ""
        both, colours = made.hot_a & made.hot_b, tuple(COLOURS.values())
        pictures = (
            picture_url(self._raster, np.where(both, 1, alone) * hot, colours)
            for alone, hot in ((2, made.hot_a), (3, made.hot_b))
        )
        self.map.show(*pictures, self._raster.bounds)
        self.status.value = (
            f"<div><b>A</b> {escape(made.side_a)} · <b>B</b> {escape(made.side_b)}</div>"
            f"<div>Both: {escape(self._shared_words)}</div><div><b>{escape(made.reading)}</b></div>{_notes(made)}"
        )
        self.table.value = _agreement_table(made)

    def _export(self) -> None:
        path = self._folder / f"hot_cells_{pd.Timestamp.now():%Y%m%d_%H%M%S}.csv"
        self.comparison.write_csv(path)
        rows = int((self.comparison.hot_a | self.comparison.hot_b).sum())
        self.said.value = f"{rows:,} cells in {escape(path.name)}"

    def _laid_out(self) -> list[w.Widget]:
        half = w.Layout(width="50%", min_width="330px")
        sides = [
            w.VBox([method, w.HBox([start, end])], layout=half)
            for method, start, end in (
                (self.method_a, self.start_a, self.end_a),
                (self.method_b, self.start_b, self.end_b),
            )
        ]
        self.status.layout = w.Layout(margin="2px 0 6px 4px")
        return [
            w.HTML(_STYLE),
            w.HBox([self.offense, self.export, self.said]),
            w.HBox(sides, layout=w.Layout(flex_flow="row wrap")),
            self.status,
            self.map,
            self.table,
        ]


_STYLE = MAP_STYLE + "<style>.rtcc-swipe .widget-html-content{line-height:1.35}</style>"


def _side_controls(name: str, side: Side) -> tuple[w.Dropdown, w.DatePicker, w.DatePicker]:
    options = [(words, method) for method, words in METHODS.items()]
    days = [date.fromisoformat(str(day)[:10]) if day is not None else None for day in (side.start, side.end)]
    narrow = w.Layout(width="48%")
    return (
        w.Dropdown(options=options, value=side.method, description=f"Method {name}"),
        w.DatePicker(value=days[0], description="From", layout=narrow),
        w.DatePicker(value=days[1], description="Before", layout=narrow),
    )


def _notes(made: MethodComparison) -> str:
    """The warnings, each once, with whose it is."""
    said = {}
    for side, warnings in (("A", made.warnings_a), ("B", made.warnings_b)):
        for note in warnings:
            said.setdefault(note, []).append(side)
    return "".join(
        f'<div style="color:#8a4b00">⚠ {" and ".join(sides)}: {escape(note)}</div>' for note, sides in said.items()
    )


def _agreement_table(made: MethodComparison) -> str:
    hot = made.to_frame()["hot"].value_counts()
    swatch = "color:#fff;padding:0 6px;background:"
    legend = " ".join(
        f'<span style="{swatch}{colour}">hot in {NAMED[words]}</span>' for words, colour in COLOURS.items()
    )
    columns = [
        ("Hot in", "left", list(NAMED.values())),
        ("Cells", "right", [f"{hot.get(row, 0):,}" for row in COLOURS]),
    ]
    drag = "Drag the divider, or focus it and press the arrow keys: A on its left, B on its right."
    agree = (
        f"Hottest {made.share:.0%} of the cells on each side. Rank correlation of all cells: "
        f"{made.rank_correlation:.2f} (1: same order; 0: none)."
    )
    return (
        f'<div style="font:12px/1.6 sans-serif">{legend} {drag}<br>{agree}</div>'
        + table_html(columns, caption="Hot cells")
    )
