"""The plate explorer: a question, a plate and a period drive a map, a timeline and a table together."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import ipyleaflet as leaflet
import ipywidgets as w
import pandas as pd

from data_connectors.errors import RtccError
from rtcc_analytics.lpr.wording import HABIT, HIT, PASSAGE, SIMILAR, WITH, named
from rtcc_analytics.widgets.ground_map import MAP_STYLE, GroundMap
from rtcc_analytics.widgets.strips import INK, QUIET, day_hour_strip, table_html
from rtcc_analytics.workflows.plates import SEARCHES, PlateView, explore_plates, plates_ground

if TYPE_CHECKING:
    from data_connectors import Purpose, Store

MOST_SHOWN = 25
_WIDTH, _ROW, _LEFT = 760, 16, 150
_COLUMNS = {"history": PASSAGE, "search_similar": SIMILAR, "travels_with": WITH, "pattern_of_life": HABIT,
            "hotlist_matches": HIT}  # fmt: skip


class PlatesExplorer(w.VBox):
    """Search box, map of readers, timeline, table, caveats and export.

    Nothing is searched before **Search** is pressed, because every search is written to the ledger.

    Parameters
    ----------
    store : Store
    purpose : Purpose
    start, end : str
        The period at first.
    plate, search : str
        Where the controls stand at first.
    folder : Path
        Where exports go.

    Attributes
    ----------
    view : PlateView or None
        What is shown now.
    """

    def __init__(
        self,
        store: Store,
        purpose: Purpose,
        *,
        start: str,
        end: str,
        plate: str = "",
        search: str = "history",
        folder: str | Path = ".",
    ) -> None:
        self._store, self._purpose, self._folder = store, purpose, Path(folder)
        self.view: PlateView | None = None
        style = {"description_width": "70px"}
        self.search = w.Dropdown(
            options=[(words, name) for name, words in SEARCHES.items()],
            value=search,
            description="Question",
            style=style,
        )
        self.plate = w.Text(
            value=plate, description="Plate", placeholder="A1B2C3D, * and ? stand for others", style=style
        )
        self.start = w.Text(value=start, description="From", style=style)
        self.end = w.Text(value=end, description="Until", style=style)
        self.window_s = w.IntSlider(
            value=60, min=10, max=300, step=10, description="Within, s", continuous_update=False, style=style
        )
        self.most_cost = w.FloatSlider(
            value=2.8, min=1.8, max=4.6, step=0.2, description="Slips", continuous_update=False, style=style
        )
        self.go = w.Button(description="Search", button_style="primary")
        self.export = w.Button(description="Export rows", disabled=True)
        self.marks = leaflet.LayerGroup(name="Readers")
        self.map = GroundMap(plates_ground(store, purpose, start=start, end=end), marks=(self.marks,), height_px=430)
        self.status, self.caveats, self.timeline, self.table = w.HTML(), w.HTML(), w.HTML(), w.HTML()
        self.search.observe(lambda _: self._ask_what_is_needed(), "value")
        self._ask_what_is_needed()
        self.go.on_click(lambda _: self.redraw())
        self.export.on_click(lambda _: self._export())
        controls = [
            w.HBox([self.search, self.plate, self.go, self.export], layout=w.Layout(flex_flow="row wrap")),
            w.HBox([self.start, self.end, self.window_s, self.most_cost], layout=w.Layout(flex_flow="row wrap")),
        ]
        style_sheet = w.HTML(MAP_STYLE + "<style>.rtcc-stale table,.rtcc-stale svg{opacity:.35}</style>")
        super().__init__([style_sheet, *controls, self.status, self.map, self.timeline, self.table, self.caveats])
        self.status.value = "Every search is written to the audit ledger under your case number."

    def redraw(self) -> None:
        """Make the search that the controls ask for, and show it everywhere."""
        try:
            view = explore_plates(
                self._store,
                self._purpose,
                search=self.search.value,
                plate=self.plate.value,
                start=self.start.value,
                end=self.end.value,
                window_s=self.window_s.value,
                most_cost=self.most_cost.value,
            )
        except RtccError as error:
            self.status.value = f'<span style="color:#a00000"><b>Nothing to show.</b> {escape(str(error))}</span>'
            self.add_class("rtcc-stale")
            return
        self.view = view
        self.remove_class("rtcc-stale")
        self.export.disabled = not len(view.leads)
        asked = f"<b>{escape(SEARCHES[self.search.value])}</b> {escape(view.status)}"
        self.status.value = f'{asked}<br><span style="color:{QUIET}">{escape(view.shown)}</span>'
        self._show_map(view.points)
        self.timeline.value = _habits(view) if self.search.value == "life" else timeline_strip(view.moments)
        self.table.value = _table(view)
        self.caveats.value = _caveats(view)

    def _ask_what_is_needed(self) -> None:
        """Only the controls that the question reads."""
        for control, needed_by in (
            (self.plate, ("history", "similar", "with", "life")),
            (self.window_s, ("with",)),
            (self.most_cost, ("similar",)),
        ):
            control.layout.display = "" if self.search.value in needed_by else "none"

    def _show_map(self, points: pd.DataFrame) -> None:
        most = max(int(points["passages"].max()) if len(points) else 1, 1)
        self.marks.layers = tuple(
            leaflet.CircleMarker(
                location=(row.lat, row.lon),
                radius=5 + round(13 * (row.passages / most) ** 0.5),
                color=INK,
                weight=1,
                fill_color="#1f4e79",
                fill_opacity=0.55,
            )
            for row in points.itertuples()
        )

    def _export(self) -> None:
        from data_connectors.store import audit_report

        assert self.view is not None
        leads = self.view.leads
        path = self._folder / f"{leads.search}_{pd.Timestamp.now():%Y%m%d_%H%M%S}.csv"
        leads.write_csv(path)
        audit_report.record(self._store, action="export", what=leads.search, purpose=self._purpose, rows=len(leads))
        self.status.value = f"{len(leads)} rows in {escape(path.name)}; the export is in the ledger"


def timeline_strip(moments: pd.DataFrame, *, most: int = 14) -> str:
    """Passages over time as SVG: a row a reader, busiest first, a mark a passage; local time.

    Parameters
    ----------
    moments : DataFrame
        at (wall clock), camera_id.

    Examples
    --------
    >>> timeline_strip(pd.DataFrame({"at": pd.to_datetime(["2025-11-01 08:00"]), "camera_id": ["c1"]}))[:4]
    '<svg'
    """
    if moments.empty:
        return ""
    busiest = moments["camera_id"].value_counts().head(most)
    first, last = moments["at"].min(), moments["at"].max()
    length = max((last - first).total_seconds(), 1.0)
    height = _ROW * len(busiest) + 34
    parts = ['<text x="0" y="12" font-weight="700">Passages over time, by reader (local time)</text>']
    for number, (camera, count) in enumerate(busiest.items()):
        y = 24 + number * _ROW
        parts.append(f'<text x="0" y="{y + 4}">{escape(str(camera))} ({count})</text>')
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{y}" y2="{y}" stroke="#ddd"/>')
        for at in moments.loc[moments["camera_id"] == camera, "at"]:
            x = _LEFT + (at - first).total_seconds() / length * (_WIDTH - _LEFT - 6) + 3
            parts.append(f'<rect x="{x - 1:.1f}" y="{y - 5}" width="2" height="10" fill="#1f4e79"/>')
    parts.append(f'<text x="{_LEFT}" y="{height - 2}" fill="{QUIET}">{first:%d %b %Y %H:%M}</text>')
    parts.append(f'<text x="{_WIDTH}" y="{height - 2}" text-anchor="end" fill="{QUIET}">{last:%d %b %Y %H:%M}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" role="img" '
        f'font-family="sans-serif" font-size="11" fill="{INK}"><title>Passages over time</title>{"".join(parts)}</svg>'
    )


def _habits(view: PlateView) -> str:
    """Days of the week against hours, of all readers together."""
    passed = view.leads.details.groupby(["weekday", "hour"])["passages"].sum()
    week = pd.MultiIndex.from_product([range(7), range(24)], names=["weekday", "hour"])
    hours = passed.reindex(week, fill_value=0).rename("count").reset_index().assign(chosen=True)
    return day_hour_strip(hours, width=_WIDTH, title="Passages by day and hour (local time)")


def _table(view: PlateView) -> str:
    rows = view.leads.rows.head(MOST_SHOWN)
    shown = named(rows, _COLUMNS[view.leads.search])
    columns = [(str(name), _side(shown[name]), shown[name].tolist()) for name in shown]
    return table_html(columns, caption=f"First {len(rows)} of {len(view.leads):,} rows (local time)")


def _side(texts: pd.Series) -> str:
    return "right" if texts.str.fullmatch(r"[\d.,e+-]+|–").all() else "left"


def _caveats(view: PlateView) -> str:
    leads = view.leads
    chance = "".join(
        f"<li>{row.matched:g} or more: {row.vehicles} found, {row.expected:.3g} expected by chance</li>"
        for row in leads.chance.itertuples()
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in leads.notes)
    model = f"<p><b>Chance:</b> {escape(leads.null_model)}.</p><ul>{chance}</ul>" if leads.null_model else ""
    return (
        f'<div style="font:13px sans-serif;line-height:1.4;max-width:{_WIDTH}px">'
        f"<p><b>{escape(leads.statement.capitalize())}.</b> {escape(leads.coverage)}</p>{model}<ul>{notes}</ul></div>"
    )
