"""Altair charts as SVG, without a browser and without a font of this machine."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import altair as alt

INK, QUIET, HAIRLINE = "#1a1a1a", "#555555", "#d9d9d9"
_FONT = {
    # Metric-compatible faces, so that labels measured with one fit when set in another.
    "screen": "Liberation Sans, Arial, Helvetica, sans-serif",
    "print": "Libertinus Serif",
}


def chart_svg(chart: alt.TopLevelMixin, *, medium: Literal["screen", "print"] = "screen", name: str = "chart") -> str:
    """The chart as SVG: the same chart always gives the same bytes.

    Parameters
    ----------
    chart : altair chart
        Without a font of its own.
    medium : "screen" or "print"
        Which font it is set in; the print font is the one that the PDF renderer carries.
    name : str
        Begins every identifier inside, so that several charts can share a page.

    Examples
    --------
    >>> import altair as alt, pandas as pd
    >>> bars = alt.Chart(pd.DataFrame({"n": [3], "what": ["burglary"]})).mark_bar().encode(x="n", y="what")
    >>> chart_svg(bars).startswith("<svg")
    True
    """
    import vl_convert

    svg = vl_convert.vegalite_to_svg(chart.to_dict(validate=False), config=house_style(medium))
    return _own_ids(re.sub(r' aria-(label|roledescription|hidden)="[^"]*"| role="[^"]*"', "", svg), name)


def _own_ids(svg: str, name: str) -> str:
    """The drawing with its identifiers numbered from 1; the library counts on from chart to chart."""
    numbered = {found: f"{name}-{i}" for i, found in enumerate(dict.fromkeys(re.findall(r' id="([^"]+)"', svg)), 1)}

    def renamed(found: re.Match[str]) -> str:
        return f"{found[1]}{numbered.get(found[2], found[2])}{found[3]}"

    return re.sub(r'( id="|url\(#|href="#)([^")]+)(["\)])', renamed, svg)


@cache
def house_style(medium: Literal["screen", "print"] = "screen") -> dict:
    """Vega-Lite configuration of every picture: quiet axes, ink that survives a grey copy.

    Examples
    --------
    >>> house_style("print")["font"]
    'Libertinus Serif'
    """
    size = 11 if medium == "screen" else 10.5
    return {
        "font": _FONT[medium],
        "background": None,
        "view": {"stroke": None},
        "axis": {
            "labelColor": INK,
            "titleColor": QUIET,
            "labelFontSize": size,
            "titleFontSize": size,
            "titleFontWeight": "normal",
            "domainColor": QUIET,
            "tickColor": QUIET,
            "gridColor": "#e6e6e6",
            "labelOverlap": "greedy",
            "labelSeparation": 4,
        },
        "header": {"labelColor": INK, "titleColor": QUIET, "labelFontSize": size, "titleFontSize": size},
        "legend": {
            "labelColor": INK,
            "titleColor": QUIET,
            "labelFontSize": size,
            "titleFontSize": size,
            "titleFontWeight": "normal",
        },
        "text": {"color": INK, "fontSize": size},
        "title": {"color": INK, "fontSize": size + 1, "anchor": "start", "fontWeight": "bold"},
    }
