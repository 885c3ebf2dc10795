"""Pictures of a risk terrain: one function per result, as in `charts`. No statistics are computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtcc_analytics.charts import DEEP, INK, QUIET
from rtcc_analytics.slow_imports import without_address_grammar

with without_address_grammar():
    import altair as alt

if TYPE_CHECKING:
    from rtcc_analytics.risk_terrain import RiskTerrain, RiskTerrainSensitivity

SHADES = ["#dbe3ea", "#8fa8bf", "#1f4e79"]
STEPS = [1.5, 3.0]


def risk_terrain(result: RiskTerrain, *, width: int = 380) -> alt.LayerChart:
    """Relative risk values with their intervals, strongest first, on a log scale.

    Parameters
    ----------
    result : RiskTerrain
        With at least one factor; else the picture is empty.
    width : int
        Pixels, without the labels.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import pandas as pd
    >>> table = pd.DataFrame([("bars", "proximity", 120.0, 2.0, 1.5, 2.7, 0.1, 0.2)], columns=[
    ...     "layer", "operation", "distance_m", "relative_risk", "low", "high", "units_share", "events_share"])
    >>> picture = risk_terrain(SimpleNamespace(to_frame=lambda: table, level=0.95, distribution="poisson"))
    >>> len(picture.to_dict()["layer"])
    4
    """
    rows = result.to_frame()
    how = {"proximity": "within", "density": "dense within"}
    rows["label"] = [
        f"{layer}, {how[operation]} {distance:g} m"
        for layer, operation, distance in zip(rows["layer"], rows["operation"], rows["distance_m"], strict=True)
    ]
    rows["words"] = [
        f"{value:.1f}×  ({units:.0%} of units, {events:.0%} of events)".replace("%", " %")
        for value, units, events in zip(rows["relative_risk"], rows["units_share"], rows["events_share"], strict=True)
    ]
    rows["none"] = 1.0
    title = f"Relative risk value ({result.level:.0%} interval, {result.distribution})".replace("%", " %")
    scale = alt.Scale(type="log", base=2, nice=True)
    x = alt.X("relative_risk:Q", title=title, scale=scale, axis=alt.Axis(tickCount=6, format="~g"))
    y = alt.Y("label:N", sort=None, title=None, axis=alt.Axis(ticks=False, labelLimit=260, labelPadding=9))
    base = alt.Chart(rows)
    return alt.layer(
        base.mark_rule(color=QUIET, strokeDash=[3, 3]).encode(x="none:Q"),
        base.mark_rule(color=INK, strokeWidth=2).encode(x=alt.X("low:Q"), x2="high:Q", y=y),
        base.mark_point(color=DEEP, filled=True, size=90, opacity=1).encode(x=x, y=y),
        base.mark_text(align="left", color=INK).encode(x=alt.value(width + 8), y=y, text="words:N"),
    ).properties(width=width, height=alt.Step(28))


def risk_terrain_sensitivity(result: RiskTerrainSensitivity, *, cell_px: tuple[int, int] = (96, 30)) -> alt.LayerChart:
    """Layers down, grids across: the relative risk value where a layer is selected, a dash where it is not.

    Parameters
    ----------
    result : RiskTerrainSensitivity
    cell_px : (int, int)
        Width and height of a cell, pixels.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import pandas as pd
    >>> table = pd.DataFrame({"grid": ["as given", "turned"], "layer": ["bars"] * 2, "selected": [True, False],
    ...                       "relative_risk": [2.0, float("nan")]})
    >>> shown = SimpleNamespace(to_frame=lambda: table, summary=lambda: pd.DataFrame({"layer": ["bars"]}))
    >>> len(risk_terrain_sensitivity(shown).to_dict()["layer"])
    2
    """
    rows = result.to_frame()
    order = result.summary()["layer"].tolist()
    rows["shown"] = [f"{value:.1f}×" if chosen else "–" for value, chosen in
                     zip(rows["relative_risk"], rows["selected"], strict=True)]
    rows["dark"] = rows["relative_risk"].fillna(1.0) >= STEPS[-1]
    grids = rows["grid"].drop_duplicates().tolist()
    across = alt.Axis(labelAngle=-25, orient="top", ticks=False, labelLimit=170)
    x = alt.X("grid:N", sort=grids, title=None, axis=across)
    y = alt.Y("layer:N", sort=order, title=None, axis=alt.Axis(ticks=False, labelLimit=200))
    scale = alt.Scale(type="threshold", domain=STEPS, range=SHADES)
    legend = alt.Legend(title="Relative risk value where selected", orient="bottom", titleLimit=260)
    chosen = alt.Chart(rows[rows["selected"]])
    ink = alt.condition("datum.dark", alt.value("white"), alt.value(INK))
    return alt.layer(
        chosen.mark_rect(stroke="white", strokeWidth=2).encode(
            x=x, y=y, color=alt.Color("relative_risk:Q", scale=scale, legend=legend)),
        alt.Chart(rows).mark_text(fontSize=12).encode(x=x, y=y, text="shown:N", color=ink),
    ).properties(width=cell_px[0] * len(grids), height=cell_px[1] * len(order))
