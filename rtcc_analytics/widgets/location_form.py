"""A form that puts a stacked or missing place right, and shows where records stood and stand."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import ipyleaflet as leaflet
import ipywidgets as w
import pandas as pd

from data_connectors.errors import RtccError
from rtcc_analytics.maps import Ground
from rtcc_analytics.quality import QualityReport
from rtcc_analytics.widgets.ground_map import MAP_STYLE, GroundMap
from rtcc_analytics.widgets.strips import table_html
from rtcc_analytics.workflows.quality import PlaceCorrection, addresses_at, correct_place

if TYPE_CHECKING:
    from data_connectors import Store

POINT_ZOOM = 14


class LocationForm(w.VBox):
    """Choose a suspect point and an address at it, click where it belongs, say why, correct.

    Parameters
    ----------
    store : Store
        Written to when *Correct* is pressed, and only then.
    report : QualityReport
        Whose stacked points are offered; any other address or record can be typed.
    ground : Ground
        What the map is drawn on.

    Attributes
    ----------
    point, address, record_id, lon, lat, reason, correct, take_back : widgets
        The fields and buttons.
    result : ipywidgets.HTML
        Before and after, or what is missing.
    last : PlaceCorrection or None
        The last correction made with this form.
    """

    def __init__(self, store: Store, report: QualityReport, ground: Ground) -> None:
        self._store, self._table = store, report.table
        self.last: PlaceCorrection | None = None
        self._make_fields(report)
        self._was = _dot("#a00000", "#ffffff")
        self._becomes = _dot("#ffffff", "#1a1a1a")
        self.map = GroundMap(ground, marks=(self._was, self._becomes), height_px=360)
        self.map.when_clicked(self._clicked)
        self.result = w.HTML()
        fields = w.VBox(
            [
                self.point,
                self.address,
                self.record_id,
                w.HBox([self.lon, self.lat]),
                self.reason,
                w.HBox([self.correct, self.take_back]),
                self.result,
            ],
            layout=w.Layout(width="430px"),
        )
        super().__init__([w.HTML(MAP_STYLE), w.HBox([fields, w.VBox([self.map], layout=w.Layout(flex="1 1 auto"))])])
        self.add_class("rtcc-form")
        self.point.observe(self._point_chosen, "value")
        for field in (self.lon, self.lat):
            field.observe(self._moved, "value")
        self.correct.on_click(lambda _: self._correct())
        self.take_back.on_click(lambda _: self._take_back())
        self._point_chosen()

    def _make_fields(self, report: QualityReport) -> None:
        wide, style = w.Layout(width="420px"), {"description_width": "84px"}
        points = [
            (
                f"{int(row.records):,} rows at {row.lon:.5f}, {row.lat:.5f} ({finding.source})",
                (finding.source, row.lon, row.lat),
            )
            for finding in report.of("stacked_points")
            for row in finding.details.head(50).itertuples()
        ]
        sources = [
            (f"{int(row.rows - row.located):,} rows without coordinates ({row.source})", (row.source, None, None))
            for row in report.measures.itertuples()
        ]
        self.point = w.Dropdown(options=points + sources, description="Point", layout=wide, style=style)
        self.address = w.Combobox(
            description="Address",
            placeholder="every record at this address",
            ensure_option=False,
            layout=wide,
            style=style,
        )
        self.record_id = w.Text(
            description="or record", placeholder="one record, by its identifier", layout=wide, style=style
        )
        half = w.Layout(width="208px")
        self.lon = w.FloatText(description="Longitude", step=0.0001, layout=half, style=style)
        self.lat = w.FloatText(description="Latitude", step=0.0001, layout=half, style=style)
        self.reason = w.Text(description="Reason", placeholder="why, in your words", layout=wide, style=style)
        self.correct = w.Button(
            description="Correct", button_style="primary", layout=w.Layout(margin="2px 2px 2px 90px")
        )
        self.take_back = w.Button(description="Take back", disabled=True)

    def _point_chosen(self, _change: object = None) -> None:
        if self.point.value is None:
            return
        source, lon, lat = self.point.value
        self._was.stroke = self._was.fill = lon is not None
        self._becomes.stroke = self._becomes.fill = False
        held = addresses_at(self._store, table=self._table, source=source, lon=lon, lat=lat)
        self.address.options = tuple(str(a) for a in held["address"])
        self.address.value = str(held["address"].iloc[0]) if len(held) == 1 else ""
        where = "have no coordinates"
        if lon is not None:
            where = "stand on this point, marked red"
            self._was.location = (lat, lon)
            self.lon.value, self.lat.value = round(lon, 6), round(lat, 6)
            with self.map.hold_sync():
                self.map.center, self.map.zoom = (lat, lon), POINT_ZOOM
        commonest = "".join(f"<li>{escape(str(r.address))} ({r.records:,})</li>" for r in held.head(5).itertuples())
        self.result.value = (
            f"<div style='line-height:1.35'>{len(held)} address(es) {where}; the commonest:<ol style='margin:2px 0'>"
            f"{commonest}</ol>Choose or type one, then click on the map where it belongs.</div>"
        )

    def _clicked(self, lon: float, lat: float) -> None:
        self.lon.value, self.lat.value = round(lon, 6), round(lat, 6)

    def _moved(self, _change: object) -> None:
        self._becomes.stroke = self._becomes.fill = True
        self._becomes.location = (self.lat.value, self.lon.value)

    def _correct(self) -> None:
        address, record_id = self.address.value.strip() or None, self.record_id.value.strip() or None
        try:
            self.last = correct_place(
                self._store,
                table=self._table,
                source=self.point.value[0],
                lon=self.lon.value,
                lat=self.lat.value,
                reason=self.reason.value,
                address=address,
                record_id=record_id,
            )
        except RtccError as error:
            self.result.value = (
                f'<div style="color:#a00000;line-height:1.35"><b>Not corrected.</b> {escape(str(error))}</div>'
            )
            return
        self.take_back.disabled = False
        self.result.value = (
            f"<b>{self.last.rows:,} rows corrected</b>; reloads keep it."
            + _places("Before", self.last.before)
            + _places("After", self.last.after)
        )

    def _take_back(self) -> None:
        if self.last is None:
            return
        rows = self._store.withdraw_correction(self.last.correction_id)
        self.take_back.disabled = True
        self.result.value = f"<b>Taken back:</b> {rows:,} rows stand again where the source put them."


def _dot(fill: str, edge: str) -> leaflet.CircleMarker:
    return leaflet.CircleMarker(
        location=(0, 0), radius=7, color=edge, fill_color=fill, fill_opacity=1, weight=2, stroke=False, fill=False
    )


def _places(caption: str, rows: pd.DataFrame) -> str:
    where = [f"{r.lon:.5f}, {r.lat:.5f}" if pd.notna(r.lon) else "no coordinates" for r in rows.itertuples()]
    return table_html(
        [
            ("Longitude, latitude", "left", where),
            ("Location quality", "left", list(rows["location_quality"])),
            ("Records", "right", [f"{n:,}" for n in rows["records"]]),
        ],
        caption=caption,
    )
