"""Still maps for print: the same ground and marks as the live ones, as an Altair chart."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from rtcc_analytics.maps.ground import (
    GROUND,
    INK,
    KINDS,
    MEANING,
    QUIET,
    RAMP,
    STREET,
    Box,
    Ground,
    HotPlaces,
    frame_of,
)
from rtcc_analytics.slow_imports import without_address_grammar

with without_address_grammar():
    import altair as alt

if TYPE_CHECKING:
    from rtcc_analytics.surface import RiskSurface

METRES_A_MILE = 1609.344
_MARGIN_PX = 6
_BANNER_PX = 14
_LEGEND_ROW_PX = 13
_LEAST_FOOT_PX = 30
_LETTER_PX, _NAME_PX = 11, 9.5
# Where a letter is tried around its place: above, right, left, below, then between.
_DIRECTIONS = tuple(np.pi * np.array([0.5, 0.0, 1.0, 1.5, 0.25, 0.75, 1.25, 1.75]))


@dataclass(frozen=True)
class _Paper:
    """How metres become pixels: y turned over, the frame filled; what lies outside is cut."""

    frame: Box
    px_a_m: float
    width: int
    height: int
    shift_x: float
    top: int
    foot: int
    zoomed: bool

    @classmethod
    def fitting(
        cls, frame: Box, ground: Ground, *, width: int, most_height: int, zoomed: bool, legend_rows: int = 1
    ) -> _Paper:
        x_min, y_min, x_max, y_max = frame
        inner, top = width - 2 * _MARGIN_PX, _MARGIN_PX + (_BANNER_PX if ground.banner else 0)
        foot = max(_LEAST_FOOT_PX, 6 + _LEGEND_ROW_PX * legend_rows)
        px_a_m = min(inner / (x_max - x_min), (most_height - foot - top) / (y_max - y_min))
        shift_x = _MARGIN_PX + (inner - px_a_m * (x_max - x_min)) / 2
        height = round(px_a_m * (y_max - y_min)) + foot + top
        return cls(frame, px_a_m, width, height, shift_x, top, foot, zoomed)

    def points(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        x_min, _, _, y_max = self.frame
        return np.round(
            np.column_stack(
                [
                    (xy[:, 0] - x_min) * self.px_a_m + self.shift_x,
                    (y_max - xy[:, 1]) * self.px_a_m + self.top,
                ]
            ),
            1,
        )

    def shape(self, shape: BaseGeometry, *, tolerance_px: float = 0.0) -> BaseGeometry:
        moved = shapely.transform(shapely.intersection(shape, shapely.box(*self.frame)), self.points)
        return shapely.simplify(moved, tolerance_px) if tolerance_px else moved

    @property
    def edge(self) -> BaseGeometry:
        """The frame, in pixels."""
        return shapely.transform(shapely.box(*self.frame), self.points)


def still_places(places: HotPlaces, ground: Ground, *, width: int = 340, most_height: int = 380) -> alt.LayerChart:
    """Hot places for print: stable filled, new hatched, cooling outlined with dashes; each with its letter.

    Parameters
    ----------
    places : HotPlaces
        What to draw; may be empty.
    ground : Ground
        What to draw it on.
    width, most_height : int
        Width of the picture and the height it may reach, in pixels.
    """
    frame, zoomed = frame_of(ground, places.geometry)
    kinds = [kind for kind in KINDS if kind in set(places.kind)]
    paper = _Paper.fitting(
        frame, ground, width=width, most_height=most_height, zoomed=zoomed, legend_rows=len(kinds)
    )
    taken: list[Box] = []
    layers = _ground(ground, paper) + _locator(ground, paper, taken)
    for kind in KINDS:
        shapes = [_at_least(paper.shape(s)) for s, k in zip(places.geometry, places.kind, strict=True) if k == kind]
        layers += _marks(kind, shapes)
    letters, lines = _letters(places, paper, taken)
    names = _names(ground, paper, taken)
    if lines:
        layers += [
            _shapes(lines, fill=None, stroke="white", weight=2.6),
            _shapes(lines, fill=None, stroke=INK, weight=0.7),
        ]
    layers += [
        _words(names, color=QUIET, size=_NAME_PX, italic=True),
        _words(letters, color=INK, size=_LETTER_PX, bold=True),
    ]
    layers += _legend(kinds, paper) + _scale_bar(paper) + _banner(ground, paper)
    return _framed(layers, paper)


def still_surface(surface: RiskSurface, ground: Ground, *, width: int = 340, most_height: int = 380) -> alt.LayerChart:
    """A risk surface for print: darker is more, with its ramp in numbers.

    Parameters
    ----------
    surface : RiskSurface
        What to draw.
    ground : Ground
        What to draw it on.
    width, most_height : int
        Width of the picture and the height it may reach, in pixels.
    """
    frame = ground.area.polygon.bounds
    paper = _Paper.fitting(frame, ground, width=width, most_height=most_height, zoomed=False, legend_rows=2)
    values = np.asarray(surface.values, dtype=float)
    top = float(np.nanmax(values)) if values.size else 0.0
    layers = _ground(ground, paper, streets=False)
    if top > 0:
        steps = np.minimum((values / top * len(RAMP)).astype(int), len(RAMP) - 1)
        shapes = surface.units.geometry()
        for step, color in enumerate(RAMP):
            chosen = [paper.shape(shapes[i]) for i in np.flatnonzero((steps == step) & (values > 0))]
            if chosen:
                layers.append(_shapes([shapely.union_all(chosen)], fill=color, stroke=None))
    layers += [_shapes(_lines(ground, paper), fill=None, stroke="white", weight=0.5)]
    taken: list[Box] = []
    layers += [_words(_names(ground, paper, taken), color=INK, size=_NAME_PX, italic=True)]
    layers += _ramp(top, surface.unit_of_measure, paper) + _scale_bar(paper) + _banner(ground, paper)
    return _framed(layers, paper)


def _framed(layers: list[alt.Chart], paper: _Paper) -> alt.LayerChart:
    drawn = [layer.project(type="identity", scale=1, translate=[0, 0]) for layer in layers if layer is not None]
    return alt.layer(*drawn).properties(width=paper.width, height=paper.height)


def _ground(ground: Ground, paper: _Paper, *, streets: bool = True) -> list[alt.Chart]:
    outline = paper.shape(ground.area.polygon, tolerance_px=0.3)
    layers = [_shapes([outline], fill=GROUND, stroke=None)]
    if streets:
        layers.append(_shapes(_lines(ground, paper), fill=None, stroke=STREET, weight=0.6))
    layers.append(
        _shapes([paper.shape(ground.area.polygon.boundary, tolerance_px=0.3)], fill=None, stroke=QUIET, weight=0.9)
    )
    if paper.zoomed:
        layers.append(_shapes([paper.edge.boundary], fill=None, stroke=QUIET, weight=0.6))
    return layers


def _lines(ground: Ground, paper: _Paper) -> list[BaseGeometry]:
    shown = shapely.intersects(ground.streets, shapely.box(*paper.frame)) if len(ground.streets) else []
    return [paper.shape(line, tolerance_px=0.4) for line in ground.streets[shown]] if len(ground.streets) else []


def _locator(ground: Ground, paper: _Paper, taken: list[Box], *, side_px: float = 62) -> list[alt.Chart]:
    """Where a map of a part lies in the whole, in a corner."""
    if not paper.zoomed:
        return []
    x_min, y_min, x_max, y_max = ground.area.polygon.bounds
    px_a_m = side_px / max(x_max - x_min, y_max - y_min)
    right = paper.edge.bounds[2] - 5

    def placed(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([right - (x_max - xy[:, 0]) * px_a_m, paper.top + 5 + (y_max - xy[:, 1]) * px_a_m])

    whole = shapely.simplify(shapely.transform(ground.area.polygon, placed), 0.4)
    part = shapely.transform(shapely.box(*paper.frame), placed)
    back = shapely.box(*whole.bounds).buffer(4, join_style="mitre")
    taken.append(back.bounds)
    return [
        _shapes([back], fill="white", stroke=QUIET, weight=0.5),
        _shapes([whole], fill=GROUND, stroke=QUIET, weight=0.7),
        _shapes([part], fill=None, stroke=INK, weight=1.4),
    ]


def _shapes(
    shapes: list[BaseGeometry],
    *,
    fill: str | None,
    stroke: str | None,
    weight: float = 0.8,
    dash: list[int] | None = None,
    opacity: float = 1.0,
) -> alt.Chart:
    features = [
        {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(_wound(shape))}
        for shape in map(_drawable, shapes)
        if not shape.is_empty
    ]
    mark: dict[str, Any] = {
        "filled": fill is not None,
        "fill": fill,
        "stroke": stroke,
        "strokeWidth": weight,
        "opacity": opacity,
    }
    if dash:
        mark["strokeDash"] = dash
    # As text, because the drawing library looks at every coordinate of a nested list, and there are thousands.
    collection = json.dumps({"type": "FeatureCollection", "features": features})
    data = alt.InlineData(values=collection, format=alt.JsonDataFormat(type="json", property="features"))
    return alt.Chart(data).mark_geoshape(**mark)


def _wound(shape: BaseGeometry) -> BaseGeometry:
    """Rings in the order that the drawing library fills inside of."""
    if shape.geom_type in {"Polygon", "MultiPolygon"}:
        return shapely.orient_polygons(shape, exterior_cw=True)
    return shape


def _drawable(shape: BaseGeometry) -> BaseGeometry:
    """Without the stray points that cutting leaves, which would be drawn as dots."""
    if shape.geom_type != "GeometryCollection":
        return shape
    parts = [part for part in shape.geoms if part.geom_type not in {"Point", "MultiPoint"}]
    return shapely.union_all(parts) if parts else shapely.Polygon()


def _at_least(shape: BaseGeometry, side_px: float = 5.0) -> BaseGeometry:
    """A place too small to be seen, drawn as the smallest box that can be."""
    x_min, y_min, x_max, y_max = shape.bounds
    if x_max - x_min >= side_px and y_max - y_min >= side_px and shape.geom_type in {"Polygon", "MultiPolygon"}:
        return shape
    x, y = shape.centroid.x, shape.centroid.y
    half_x, half_y = max(side_px, x_max - x_min) / 2, max(side_px, y_max - y_min) / 2
    return shapely.box(x - half_x, y - half_y, x + half_x, y + half_y)


def _marks(kind: str, shapes: list[BaseGeometry]) -> list[alt.Chart]:
    if not shapes:
        return []
    if kind == "stable":
        return [_shapes(shapes, fill=INK, stroke=INK, weight=0.8)]
    if kind == "new":
        return [
            _shapes(shapes, fill="white", stroke=INK, weight=1.4),
            _shapes([_hatching(shape) for shape in shapes], fill=None, stroke=INK, weight=0.9),
        ]
    return [
        _shapes(shapes, fill="white", stroke=None, opacity=0.6),
        _shapes(shapes, fill=None, stroke=INK, weight=1.0, dash=[2, 2]),
    ]


def _hatching(shape: BaseGeometry, *, step_px: float = 2.6) -> BaseGeometry:
    x_min, y_min, x_max, y_max = shape.bounds
    tall = y_max - y_min
    starts = np.arange(x_min - tall, x_max, step_px)
    lines = shapely.linestrings([[(x, y_max), (x + tall, y_min)] for x in starts])
    return shapely.intersection(shape, shapely.union_all(lines))


def _letters(places: HotPlaces, paper: _Paper, taken: list[Box]) -> tuple[pd.DataFrame, list[BaseGeometry]]:
    """Where each letter stands, none on another, and a line to its place from those that stand apart."""
    boxes = {
        letter: _at_least(paper.shape(shape)).bounds
        for shape, letter in zip(places.geometry, places.letter, strict=True)
        if letter
    }
    rows, lines = [], []
    taken += [_at_least(paper.shape(shape)).bounds for shape in places.geometry]
    for letter, box in boxes.items():
        middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        x, y, apart = _free_spot(letter, box, taken, paper)
        rows.append((letter, x, y))
        if apart:
            lines.append(shapely.LineString([(x, y), middle]))
    return pd.DataFrame(rows, columns=["name", "x", "y"]), lines


def _free_spot(words: str, box: Box, taken: list[Box], paper: _Paper) -> tuple[float, float, bool]:
    """Beside a box where nothing is written yet, close by or farther out, and whether so far that a line is due."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    half, tall = len(words) * _LETTER_PX * 0.36, _LETTER_PX * 0.5
    beside = max(box[2] - box[0], box[3] - box[1]) / 2 + tall + 1
    edge = paper.edge.bounds
    for away in (beside, beside + 10, beside + 20, beside + 32, beside + 46, beside + 62):
        for angle in _DIRECTIONS:
            at_x, at_y = x + away * np.cos(angle), y - away * np.sin(angle)
            around = (at_x - half, at_y - tall, at_x + half, at_y + tall)
            inside = edge[0] <= around[0] and around[2] <= edge[2] and edge[1] <= around[1] and around[3] <= edge[3]
            if inside and not any(_overlap(around, other) for other in taken):
                taken.append(around)
                return float(at_x), float(at_y), away > beside
    return x, y - beside, False


def _names(ground: Ground, paper: _Paper, taken: list[Box]) -> pd.DataFrame:
    """Names that fit, most important first; one that would cross another is left out."""
    rows = []
    if ground.names.empty:
        return pd.DataFrame(rows, columns=["name", "x", "y"])
    x_min, y_min, x_max, y_max = paper.frame
    shown = ground.names[ground.names["x"].between(x_min, x_max) & ground.names["y"].between(y_min, y_max)]
    points = paper.points(shown[["x", "y"]].to_numpy(float))
    for name, (x, y) in zip(shown["name"].astype(str), points, strict=True):
        half = len(name) * _NAME_PX * 0.27 + 2
        x = float(np.clip(x, half, paper.width - half))
        for at_y in (y, y - _NAME_PX * 1.4, y + _NAME_PX * 1.4, y - _NAME_PX * 2.8, y + _NAME_PX * 2.8):
            around = (x - half, at_y - _NAME_PX * 0.6, x + half, at_y + _NAME_PX * 0.6)
            if not any(_overlap(around, other) for other in taken):
                taken.append(around)
                rows.append((name, x, float(at_y)))
                break
    return pd.DataFrame(rows, columns=["name", "x", "y"])


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _words(
    places: pd.DataFrame, *, color: str, size: float, bold: bool = False, italic: bool = False, align: str = "center"
) -> alt.LayerChart | None:
    """Words on the map, with a white edge so that they read on streets and fills."""
    if places.empty:
        return None
    words = alt.Chart(places).encode(longitude="x:Q", latitude="y:Q", text="name:N")
    face: dict[str, Any] = {
        "fontSize": size,
        "fontWeight": "bold" if bold else "normal",
        "fontStyle": "italic" if italic else "normal",
        "align": align,
        "baseline": "middle",
    }
    edge = words.mark_text(color="white", stroke="white", strokeWidth=2.5, strokeJoin="round", **face)
    return alt.layer(edge, words.mark_text(color=color, **face))


def _legend(kinds: list[str], paper: _Paper) -> list[alt.Chart]:
    layers, top = [], paper.height - paper.foot + 8
    for i, kind in enumerate(kinds):
        y = top + i * _LEGEND_ROW_PX
        layers += _marks(kind, [shapely.box(_MARGIN_PX, y - 4, _MARGIN_PX + 12, y + 4)])
        layers.append(
            _words(
                pd.DataFrame({"name": [MEANING[kind]], "x": [_MARGIN_PX + 17.0], "y": [float(y)]}),
                color=INK,
                size=_NAME_PX,
                align="left",
            )
        )
    return layers


def _ramp(top: float, title: str, paper: _Paper) -> list[alt.Chart]:
    y, side = paper.height - paper.foot + 14, 22
    layers = [
        _shapes(
            [shapely.box(_MARGIN_PX + i * side, y, _MARGIN_PX + (i + 1) * side, y + 9)],
            fill=color,
            stroke=QUIET,
            weight=0.4,
        )
        for i, color in enumerate(RAMP)
    ]
    edges = pd.DataFrame(
        {
            "name": ["0", f"{top:,.3g} {title}"],
            "x": [float(_MARGIN_PX), _MARGIN_PX + len(RAMP) * side + 4.0],
            "y": [y + 17.0, y + 4.5],
        }
    )
    return [*layers, _words(edges, color=INK, size=_NAME_PX, align="left")]


def _scale_bar(paper: _Paper) -> list[alt.Chart]:
    """A bar of 1, 2, 5 or 10 miles (or parts) that takes about a fifth of the width."""
    wanted = paper.width / 5 / paper.px_a_m / METRES_A_MILE
    miles = max((m for m in (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 50) if m <= wanted), default=0.1)
    length, right, y = miles * METRES_A_MILE * paper.px_a_m, paper.width - _MARGIN_PX, paper.height - paper.foot + 8
    bar = shapely.MultiLineString(
        [
            [(right - length, y), (right, y)],
            [(right - length, y - 3), (right - length, y + 3)],
            [(right, y - 3), (right, y + 3)],
        ]
    )
    words = f"{miles:g} mile{'s' if miles > 1 else ''} ({miles * METRES_A_MILE / 1000:.1f} km)"
    return [
        _shapes([bar], fill=None, stroke=INK, weight=1.0),
        _words(
            pd.DataFrame({"name": [words], "x": [float(right)], "y": [y + 11.0]}),
            color=INK,
            size=_NAME_PX,
            align="right",
        ),
    ]


def _banner(ground: Ground, paper: _Paper) -> list[alt.Chart]:
    if not ground.banner:
        return []
    place = pd.DataFrame({"name": [ground.banner], "x": [paper.width / 2], "y": [8.0]})
    return [_words(place, color=INK, size=_NAME_PX, bold=True)]
