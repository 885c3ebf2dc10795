"""Live maps: Leaflet carried inside, a vector ground, no request to anywhere."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import folium
import numpy as np
import shapely
from branca.element import Element, MacroElement
from folium.template import Template
from numpy.typing import ArrayLike, NDArray
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

if TYPE_CHECKING:
    from rtcc_analytics.study import StudyArea
    from rtcc_analytics.surface import RiskSurface

_PATTERNS = f"""<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>
<pattern id="rtcc-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect width="6" height="6" fill="white" fill-opacity=".6"/>
<line x1="0" y1="0" x2="0" y2="6" stroke="{INK}" stroke-width="2.4"/>
</pattern></defs></svg>"""


class OfflineMap(folium.Map):
    """A folium map that carries Leaflet inside and asks nothing of the network.

    Without tiles, icons or pop-ups (those of folium need jQuery); tooltips and layers work.
    """

    default_js: list[tuple[str, str]] = []
    default_css: list[tuple[str, str]] = []

    def __init__(self, **options: Any) -> None:
        super().__init__(tiles=None, control_scale=True, zoom_snap=0.25, attribution_control=False, **options)
        style, script = _leaflet()
        header = self.get_root().header
        header.add_child(Element(f"<style>{style}</style>"), name="leaflet_style")
        header.add_child(Element(f"<script>{script}</script>"), name="leaflet_script")


@cache
def _leaflet() -> tuple[str, str]:
    folder = files("xstatic.pkg.leaflet") / "data"
    style = (folder / "leaflet.css").read_text(encoding="utf-8")
    for name in ("layers.png", "layers-2x.png", "marker-icon.png"):
        picture = base64.b64encode((folder / "images" / name).read_bytes()).decode()
        style = style.replace(f"url(images/{name})", f"url(data:image/png;base64,{picture})")
    script = (folder / "leaflet.js").read_text(encoding="utf-8")
    return style.replace("behavior: url(#default#VML);", ""), script.replace("//# sourceMappingURL=leaflet.js.map", "")


def ground_map(ground: Ground, *, frame: Box | None = None, height: str = "100%") -> OfflineMap:
    """A live map of the ground alone: outline, streets, names, scale; further layers go on top.

    Parameters
    ----------
    ground : Ground
        What to draw.
    frame : (x_min, y_min, x_max, y_max), optional
        What to show at first, metres; the whole area where left out.
    height : str
        CSS height of the map.
    """
    live = OfflineMap(height=height)
    root = live.get_root()
    root.header.add_child(Element(_MAP_STYLE), name="map_style")
    root.html.add_child(Element(_PATTERNS), name="patterns")
    _add_shape(
        live,
        ground,
        np.array([ground.area.polygon], dtype=object),
        name="Study area",
        style={"color": QUIET, "weight": 1.5, "fillColor": GROUND, "fillOpacity": 1, "interactive": False},
    )
    if len(ground.streets):
        _add_shape(
            live, ground, ground.streets, name="Streets", style={"color": STREET, "weight": 1, "interactive": False}
        )
    names = ground.names
    live.add_child(_Words(_placed(ground, names["name"], names["x"], names["y"]), css="rtcc-name"))
    x_min, y_min, x_max, y_max = frame or ground.area.polygon.bounds
    lons, lats = ground.area.unproject([x_min, x_max], [y_min, y_max])
    west, south = (float(np.floor(axis[0] * 1000) / 1000) for axis in (lons, lats))  # outward to 0.001 degree: a frame
    east, north = (float(np.ceil(axis[1] * 1000) / 1000) for axis in (lons, lats))  # is no place, and looks like none
    live.fit_bounds([[south, west], [north, east]])
    if ground.banner:
        root.html.add_child(Element(f'<div class="rtcc-banner">{_escaped(ground.banner)}</div>'), name="banner")
    return live


def places_map(places: HotPlaces, ground: Ground) -> OfflineMap:
    """A live map of hot places: stable filled, new hatched, cooling outlined; each with its letter.

    Parameters
    ----------
    places : HotPlaces
        What to draw; may be empty.
    ground : Ground
        What to draw it on.
    """
    frame, _ = frame_of(ground, places.geometry)
    live = ground_map(ground, frame=frame)
    for kind in KINDS:
        chosen = [i for i, k in enumerate(places.kind) if k == kind]
        if chosen:
            shapes = [_feature(ground, places.geometry[i], words=places.words[i]) for i in chosen]
            folium.GeoJson(
                {"type": "FeatureCollection", "features": shapes},
                name=kind.capitalize(),
                style_function=_styled(kind),
                tooltip=folium.GeoJsonTooltip(fields=["words"], labels=False),
            ).add_to(live)
    boxes = shapely.bounds(places.geometry)
    middle, top = (boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]
    live.add_child(_Words(_placed(ground, places.letter, middle, top), css="rtcc-letter"))
    root = live.get_root()
    root.html.add_child(Element(_live_legend(set(places.kind))), name="legend")
    return live


def surface_map(surface: RiskSurface, ground: Ground, *, least_share: float = 0.02) -> OfflineMap:
    """A live map of a risk surface: darker is more, the value under the pointer.

    Parameters
    ----------
    surface : RiskSurface
        What to draw.
    ground : Ground
        What to draw it on.
    least_share : float
        Units below this share of the highest value are left clear.
    """
    live = ground_map(ground)
    folium.GeoJson(
        surface_features(surface, ground.area, least_share=least_share),
        name=surface.unit_of_measure,
        style_function=lambda feature: {
            "fillColor": RAMP[feature["properties"]["step"]],
            "fillOpacity": 0.75,
            "weight": 0,
            "color": INK,
        },
        tooltip=folium.GeoJsonTooltip(fields=["words"], labels=False),
    ).add_to(live)
    live.get_root().html.add_child(Element(_ramp_legend(surface)), name="legend")
    return live


def surface_features(surface: RiskSurface, area: StudyArea, *, least_share: float = 0.02) -> dict[str, Any]:
    """A risk surface as GeoJSON in degrees, each unit with its value in words and its step on the ramp.

    For live maps that draw for themselves.
    """
    values = np.asarray(surface.values, dtype=float)
    top = float(np.nanmax(values)) if values.size else 0.0
    ground = Ground(area)
    shapes, unit = surface.units.geometry(), surface.unit_of_measure
    kept = np.flatnonzero(values > max(top * least_share, 0.0)) if top > 0 else []
    steps = np.minimum((values / top * len(RAMP)).astype(int), len(RAMP) - 1) if top > 0 else values.astype(int)
    features = [
        _feature(
            ground, shapes[i], words=f"{values[i]:,.3g} {unit}", step=int(steps[i]), value=round(float(values[i]), 4)
        )
        for i in kept
    ]
    return {"type": "FeatureCollection", "features": features}


def _styled(kind: str) -> Any:
    style = {
        "stable": {"color": INK, "weight": 1.5, "fillColor": INK, "fillOpacity": 0.72},
        "new": {"color": INK, "weight": 2.5, "fillColor": "url(#rtcc-hatch)", "fillOpacity": 1},
        "cooling": {"color": INK, "weight": 2, "dashArray": "4 4", "fillColor": "white", "fillOpacity": 0.35},
    }[kind]
    return lambda _: style


def _add_shape(
    live: folium.Map, ground: Ground, shapes: NDArray[np.object_], *, name: str, style: dict[str, Any]
) -> None:
    folium.GeoJson(
        {"type": "FeatureCollection", "features": [_feature(ground, shape) for shape in shapes]},
        name=name,
        style_function=lambda _: style,
        smooth_factor=0.5,
        interactive=False,
    ).add_to(live)


def _feature(ground: Ground, shape: BaseGeometry, **properties: Any) -> dict[str, Any]:
    degrees = shapely.transform(
        shape, lambda xy: np.round(np.column_stack(ground.area.unproject(xy[:, 0], xy[:, 1])), 5)
    )
    return {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(degrees)}


def _placed(ground: Ground, words: Sequence[str], x: ArrayLike, y: ArrayLike) -> list[tuple[str, float, float]]:
    """Words with latitude and longitude; those that are empty are left out."""
    lons, lats = ground.area.unproject(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
    return [
        (str(word), round(float(lat), 5), round(float(lon), 5))
        for word, lat, lon in zip(words, lats, lons, strict=True)
        if word
    ]


class _Words(MacroElement):
    """Words on the map. folium's own markers ask for a picture of a pin before they are told of another.

    Letters step aside for one another at every zoom: above their place, else beside or below it.
    """

    _template = Template("""
    {% macro script(this, kwargs) %}
    {
      const map = {{ this._parent.get_name() }};
      const marks = {{ this.placed|tojson }}.map(([words, lat, lon]) => {
        const span = Object.assign(document.createElement("span"), {textContent: words});
        L.marker([lat, lon], {interactive: false, keyboard: false, icon: L.divIcon({
          className: {{ this.css|tojson }}, iconSize: [0, 0], html: span,
        })}).addTo(map);
        return {span, at: [lat, lon]};
      });
      const stepAside = () => {
        const taken = [];
        for (const {span, at} of marks) {
          const {x, y} = map.latLngToLayerPoint(at);
          const [wide, high] = [14, 16];
          const free = ([dx, dy]) =>
            !taken.some(([a, b]) => Math.abs(x + dx - a) < wide && Math.abs(y + dy - b) < high);
          const [dx, dy] = {{ this.tried|tojson }}.find(free) || [0, -10];
          span.style.transform = `translate(-50%, -50%) translate(${dx}px, ${dy}px)`;
          taken.push([x + dx, y + dy]);
        }
      };
      if ({{ this.css|tojson }} === "rtcc-letter") {
        map.on("zoomend", stepAside);
        map.whenReady(stepAside);
      }
    }
    {% endmacro %}
    """)

    def __init__(self, placed: list[tuple[str, float, float]], *, css: str) -> None:
        super().__init__()
        self._name = "Words"
        self.placed = placed
        self.css = css
        near = [(0, -10), (13, -2), (-13, -2), (0, 14), (15, -18), (-15, -18), (15, 14), (-15, 14)]
        self.tried = near + [(2 * dx, 2 * dy) for dx, dy in near]


def _live_legend(kinds: set[str]) -> str:
    swatch = {
        "stable": f"background:{INK}",
        "new": f"border:2px solid {INK};background:repeating-linear-gradient(45deg,{INK} 0 2px,#fff 2px 5px)",
        "cooling": f"border:2px dashed {INK};background:#fff",
    }
    rows = "".join(f'<div><i style="{swatch[k]}"></i>{MEANING[k]}</div>' for k in KINDS if k in kinds)
    return f'<div class="rtcc-legend">{rows}</div>' if rows else ""


def _ramp_legend(surface: RiskSurface) -> str:
    values = np.asarray(surface.values, dtype=float)
    top = float(np.nanmax(values)) if values.size else 0.0
    rows = "".join(
        f'<div><i style="background:{color}"></i>{top * i / len(RAMP):,.3g} to {top * (i + 1) / len(RAMP):,.3g}</div>'
        for i, color in enumerate(RAMP)
    )
    return f'<div class="rtcc-legend"><div>{_escaped(surface.unit_of_measure)}</div>{rows}</div>'


def _escaped(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "&#96;")


_MAP_STYLE = f"""<style>
.leaflet-container, .rtcc-legend, .rtcc-banner {{ color: {INK}; font: 12px/1.5 system-ui, -apple-system, "Segoe UI",
  Roboto, "Liberation Sans", Arial, sans-serif; }}
.leaflet-container {{ background: #fff; }}
.rtcc-name span, .rtcc-letter span {{ position: absolute; transform: translate(-50%, -50%); white-space: nowrap;
  text-shadow: 0 0 3px #fff, 0 0 3px #fff, 0 0 3px #fff; color: {QUIET}; font-size: 12px; }}
.rtcc-letter span {{ color: {INK}; font-weight: 700; font-size: 14px; transform: translate(-50%, -110%); }}
.rtcc-legend {{ position: absolute; right: 8px; bottom: 8px; z-index: 900; background: #fff; border: 1px solid #bbb;
  padding: 5px 9px; }}
.rtcc-legend i {{ display: inline-block; width: 16px; height: 11px; margin-right: 6px; vertical-align: -1px;
  box-sizing: border-box; }}
.rtcc-banner {{ position: absolute; top: 0; left: 50%; transform: translateX(-50%); z-index: 900; background: {INK};
  color: #fff; font-weight: 700; padding: 2px 12px; white-space: nowrap; letter-spacing: .05em; }}
</style>"""
