"""The forecast explorer: four controls that drive a board, two pictures, a map and the reasons for its cells."""

from __future__ import annotations

import time
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as w
import numpy as np
import pandas as pd

from data_connectors.errors import RtccError
from rtcc_analytics.widgets.choices import offense_choices
from rtcc_analytics.widgets.debounce import Debounced
from rtcc_analytics.widgets.raster import picture_url, pixel_raster
from rtcc_analytics.widgets.strips import table_html
from rtcc_analytics.widgets.surface_map import SurfaceMap
from rtcc_analytics.workflows.exploration import Exploration
from rtcc_analytics.workflows.forecast import MODEL_SETS, SHARES, ForecastView, forecast_grid, forecast_places

if TYPE_CHECKING:
    from rtcc_analytics.temporal import DailyWeather

FLAGGED_COLOURS = ("#67000d", "#fb6a4a")
INK, QUIET = "#1a1a1a", "#8a8a8a"
ANSWER_COLOURS = {"use": "#0b5d1e", "no better than decayed counts": "#7a4a00", "do not use": "#a00000"}


class ForecastExplorer(w.VBox):
    """Board, hit curve, reliability, map of flagged cells and why they are flagged.

    Changing the share of the ground redraws at once; another offense, model set or horizon runs
    the board again, which is kept for the rest of the session.

    Parameters
    ----------
    held : Exploration
    offense, models, horizon_days, share
        Where the controls stand at first.
    layers : mapping of name to features, optional
        What stands on the ground, for the set "all"; see `workflows.layers.read_layers`.
    weather : DailyWeather, optional
        For how many to expect in all; see `from_store.read_weather`.

    Attributes
    ----------
    offense, models, horizon, share : widgets
        The controls.
    map, board, pictures, why, status : widgets
        What they drive.
    view : ForecastView or None
    """

    def __init__(
        self,
        held: Exploration,
        *,
        offense: str = "burglary",
        models: str = "recommended",
        horizon_days: int = 28,
        share: float = 0.05,
        layers: Mapping[str, Any] | None = None,
        weather: DailyWeather | None = None,
    ) -> None:
        if models not in MODEL_SETS:
            raise RtccError(f"no set of models called {models!r}; there are {', '.join(MODEL_SETS)}")
        self._events, self._layers, self._weather = held.events, layers, weather
        self.grid = forecast_grid(held.ground.area)
        self._raster = pixel_raster(held.ground.area, self.grid)
        self._boards: dict[tuple[object, ...], ForecastView] = {}
        choices, value = offense_choices(held.events, offense)
        wide = {"layout": w.Layout(width="49%"), "style": {"description_width": "92px"}}
        self.offense = w.Dropdown(options=[c for c in choices if c[1] is not None], value=value,
                                  description="Offense", **wide)
        self.models = w.Dropdown(options=list(MODEL_SETS), value=models, description="Models", **wide)
        self.horizon = w.SelectionSlider(options=[(f"{d} days", d) for d in sorted({7, 14, 28, horizon_days})],
                                         value=horizon_days, description="Horizon", continuous_update=False, **wide)
        self.share = w.SelectionSlider(options=[(f"{100 * s:g} %", s) for s in sorted({*SHARES, share})], value=share,
                                       description="Share flagged", continuous_update=False, **wide)
        self.map = SurfaceMap(held.ground, height_px=460)
        self.status, self.board, self.pictures, self.why = w.HTML(), w.HTML(), w.HTML(), w.HTML()
        self.view: ForecastView | None = None
        rows = [w.HBox([self.offense, self.models]), w.HBox([self.horizon, self.share])]
        left = w.VBox([self.map], layout=w.Layout(flex="1 1 430px", min_width="400px"))
        right = w.VBox([self.pictures], layout=w.Layout(flex="1 1 480px", min_width="460px"))
        shown = w.HBox([left, right], layout=w.Layout(flex_flow="row wrap", grid_gap="12px"))
        # Board and reasons are wider than half a page: beside the map their last columns would be cut off.
        super().__init__([*rows, self.status, self.board, shown, self.why])
        self.redraw()
        asked = Debounced(self.redraw)
        for control in (self.offense, self.models, self.horizon, self.share):
            control.observe(asked, "value")

    def redraw(self) -> None:
        """Run or recall the board the controls ask for, and show it everywhere."""
        began = time.perf_counter()
        key = self.offense.value, self.models.value, self.horizon.value
        try:
            if key not in self._boards:
                self._boards[key] = forecast_places(
                    self._events, self.grid, offense=key[0], models=key[1], layers=self._layers, horizon_days=key[2],
                    shares=tuple(o[1] for o in self.share.options), weather=self._weather,
                )
        except RtccError as error:
            self.status.value = f'<span style="color:#a00000"><b>Nothing to show.</b> {escape(str(error))}</span>'
            return
        view = self.view = self._boards[key]
        self._show_map(view)
        self.board.value = board_html(view, self.share.value)
        self.pictures.value = hit_curve_svg(view, self.share.value) + reliability_svg(view)
        self.why.value = why_html(view)
        took = time.perf_counter() - began
        self.status.value = status_html(view) + f'<div style="color:#555">{took:,.1f} s</div>'

    def _show_map(self, view: ForecastView) -> None:
        flagged = view.flagged(self.share.value)
        band = np.where(flagged >= 0.999, 1, np.where(flagged > 0, 2, 0))
        self.map.show_surface(picture_url(self._raster, band, FLAGGED_COLOURS), self._raster.bounds)
        top = view.why["unit"].to_numpy(dtype=int) if len(view.why) else np.zeros(0, dtype=int)
        x, y = self.grid.centroids()
        self.map.show_places(x[top], y[top], reach_m=self.grid.cell_m)


def status_html(view: ForecastView) -> str:
    """Verdict, the last window scored, the next window's total, and cautions."""
    answer = view.verdict.answer
    lines = [f'<b>{escape(view.title)}</b> · <b style="color:{ANSWER_COLOURS[answer]}">{answer.upper()}</b>: '
             f"{escape(view.verdict.reason)}; holds until {view.verdict.valid_until}"]
    if view.last:
        lines.append(f"Last window, from {view.last['origin']}: {view.last['expected']:,.0f} expected, "
                     f"{view.last['observed']:,.0f} happened")
    if view.total:
        expected, low, high = view.total
        lines.append(f"Next window: {expected:,.0f} expected in all (90 %: {low:,.0f} to {high:,.0f})")
    else:
        lines.append("No forecast is shown: the verdict refuses it")
    lines += [f'<span style="color:#8a4b00">⚠ {escape(note)}</span>' for note in view.cautions]
    return "".join(f"<div>{line}</div>" for line in lines)


def board_html(view: ForecastView, share: float) -> str:
    """The board at one share of the ground, best log score first."""
    board = view.board
    rows = board.hits[np.isclose(board.hits["share"], share)].merge(board.scores, on="model", how="right")
    rows = rows.merge(board.paired[np.isclose(board.paired["share"], share)], on="model", how="left")
    rows = rows.merge(view.verdicts[["model", "answer"]], on="model").sort_values("log_score", ascending=False)
    columns = [
        ("Model", "left", list(rows["model"])),
        ("Hits", "right", [_percent(v) for v in rows["hit_rate"]]),
        ("PAI", "right", [_number(v, 1) for v in rows["pai"]]),
        ("PEI", "right", [_number(v, 2) for v in rows["pei"]]),
        ("Gain, points (95 %)", "right", [_gain(r) for r in rows.itertuples()]),
        ("Log score", "right", [_number(v, 3) for v in rows["log_score"]]),
        ("Slope", "right", [_number(v, 2) for v in rows["slope"]]),
        ("Verdict", "left", list(rows["answer"])),
    ]
    caption = (f"{len(board.origins)} windows of {board.horizon_days} days, {board.events:,.0f} events, "
               f"{100 * share:g} % of the ground; gain over decayed counts")
    return table_html(columns, caption=caption)


def why_html(view: ForecastView) -> str:
    """The cells that most is expected in, and the driver that adds most to each."""
    if not len(view.why):
        return ""
    drivers = view.why.columns[6:]
    shares = view.why[drivers].div(view.why["expected"], axis=0)

    def words(row: pd.Series) -> str:
        top = row.sort_values(ascending=False).head(3)
        return ", ".join(f"{name} {value:.0%}" for name, value in top.items() if value >= 0.05)

    columns = [
        ("", "right", [str(rank) for rank in view.why["rank"]]),
        ("Expected", "right", [f"{value:.2f}" for value in view.why["expected"]]),
        ("90 %", "right", [f"{row.low:.0f}–{row.high:.0f}" for row in view.why.itertuples()]),
        ("Because of", "left", [words(row) for _, row in shares.iterrows()]),
    ]
    return table_html(columns, caption="Why these cells: what adds to the expectation", widest_px=760)


def hit_curve_svg(view: ForecastView, share: float) -> str:
    """Hit rate against share of the ground, the model in use against last year and decayed counts."""
    names = dict.fromkeys([view.model, "decayed counts", "last year"])
    lines, dashes = [], ("", "5 3", "1.5 3")
    for name, dash in zip([n for n in names if n in view.board.names], dashes, strict=False):
        curve = view.board.hit_curve(name, points=60)
        curve = curve[curve["ground_share"] <= 0.2]
        lines.append((name, curve["ground_share"].to_numpy() / 0.2, curve["hit_rate"].to_numpy(), dash))
    top = max(max(y.max() for _, _, y, _ in lines), 0.1)
    marks = "".join(_path(x, y / top, dash) for _, x, y, dash in lines)
    at = share / 0.2
    marks += f'<line x1="{_x(at):.1f}" x2="{_x(at):.1f}" y1="14" y2="150" stroke="{QUIET}" stroke-width="1"/>'
    keys = _keys([(name, dash) for name, _, _, dash in lines])
    return _picture(marks + keys, "Hits by share of the ground", ("0", "10 %", "20 %"), ("0", f"{top:.0%}"),
                    "share of the ground")


def reliability_svg(view: ForecastView) -> str:
    """Probability of at least one event in a cell, foretold and found, with 95 % intervals."""
    if not view.last:
        return ""
    table = view.board.reliability(view.model)
    top = float(max(table["high"].max(), table["probability"].max(), 1e-3))
    marks = f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="{QUIET}" stroke-dasharray="2 3"/>'
    for row in table.itertuples():
        x = _x(row.probability / top)
        marks += (f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_y(row.low / top):.1f}" y2="{_y(row.high / top):.1f}" '
                  f'stroke="{INK}"/><circle cx="{x:.1f}" cy="{_y(row.frequency / top):.1f}" r="3" fill="{INK}"/>')
    half, whole = f"{top / 2:.1%}", f"{top:.1%}"
    return _picture(marks, "Do probabilities come true? (found against foretold)", ("0", half, whole), ("0", whole),
                    "probability foretold of at least one event in a cell")


def _picture(inside: str, title: str, x_labels: tuple[str, str, str], y_labels: tuple[str, str], x_title: str) -> str:
    text = f'font-size="11" fill="{INK}" font-family="sans-serif"'
    frame = f'<path d="M{_x(0)} 14V{_y(0)}H{_x(1)}" fill="none" stroke="{QUIET}"/>'
    labels = "".join(f'<text x="{_x(at):.0f}" y="164" text-anchor="middle" {text}>{words}</text>'
                     for at, words in zip((0, 0.5, 1), x_labels, strict=True))
    labels += "".join(f'<text x="38" y="{_y(at) + 4:.0f}" text-anchor="end" {text}>{words}</text>'
                      for at, words in zip((0, 1), y_labels, strict=True))
    labels += f'<text x="{_x(0.5):.0f}" y="180" text-anchor="middle" {text}>{escape(x_title)}</text>'
    return (f'<div style="font:600 12px sans-serif;margin-top:8px">{escape(title)}</div>'
            f'<svg width="460" height="186" role="img" aria-label="{escape(title)}">{frame}{labels}{inside}</svg>')


def _x(share: float) -> float:
    return 44 + 300 * share


def _y(share: float) -> float:
    return 150 - 136 * share


def _path(x: np.ndarray, y: np.ndarray, dash: str) -> str:
    points = " ".join(f"{_x(a):.1f},{_y(b):.1f}" for a, b in zip(x, y, strict=True))
    return f'<polyline points="{points}" fill="none" stroke="{INK}" stroke-width="1.6" stroke-dasharray="{dash}"/>'


def _keys(names: list[tuple[str, str]]) -> str:
    made = ""
    for row, (name, dash) in enumerate(names):
        y = 100 + 16 * row
        stroke = f'stroke="{INK}" stroke-width="1.6" stroke-dasharray="{dash}"'
        made += (f'<line x1="196" x2="222" y1="{y}" y2="{y}" {stroke}/><text x="228" y="{y + 4}" font-size="11" '
                 f'font-family="sans-serif" fill="{INK}">{escape(name)}</text>')
    return made


def _gain(row: object) -> str:
    if not np.isfinite(row.gain):
        return "the bar" if row.model == "decayed counts" else "–"
    return f"{100 * row.gain:+.1f} ({100 * row.low:+.1f} to {100 * row.high:+.1f})"


def _percent(value: float) -> str:
    return f"{value:.1%}" if np.isfinite(value) else "–"


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "–"
