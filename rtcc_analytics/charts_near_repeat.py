"""Pictures of near repeats: one function per result, as in `charts`. No statistics are computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rtcc_analytics.charts import INK, QUIET
from rtcc_analytics.slow_imports import without_address_grammar

with without_address_grammar():
    import altair as alt

if TYPE_CHECKING:
    from rtcc_analytics.near_repeat import (
        AssociationResult,
        ChainsResult,
        KnoxCrossResult,
        KnoxResult,
        LocalKnoxResult,
        OpenAlerts,
    )

SHADES = ["#f7f7f5", "#dbe3ea", "#8fa8bf", "#1f4e79"]
RATIO_STEPS = [1.2, 1.5, 2.0]
ABOVE, NOT_ABOVE = "above chance", "could be chance"
ZONES_SHOWN = 30


def knox_test(result: KnoxResult, *, cell_px: tuple[int, int] = (108, 42), title: str = "") -> alt.LayerChart:
    """Distance against time apart: the ratio to chance in each band, with the pairs behind it.

    A heavy frame and bold figures mark bands above chance (ratio of at least 1.2, p at most 0.05);
    shade tells the ratio in four steps.

    Parameters
    ----------
    result : KnoxResult
    cell_px : (int, int)
        Width and height of a cell, pixels.
    title : str
        Above the picture; the metric and shuffles by default.

    Examples
    --------
    >>> from rtcc_analytics.near_repeat import knox_test as test
    >>> found = test([0, 9, 500], [0, 0, 0], [1, 2, 9], distance_breaks=[0, 100], time_breaks=[0, 7], seed=1)
    >>> picture = knox_test(found).to_dict()
    >>> [layer["mark"]["type"] for layer in picture["layer"]]
    ['rect', 'text', 'text', 'rect', 'text']
    """
    cells = result.to_frame()[["distance", "time", "observed", "expected", "ratio"]]
    cells["marked"] = np.where(result.above_chance().ravel(), ABOVE, NOT_ABOVE)
    cells["words"] = [
        f"{seen:,.0f} of {chance:,.0f}" if chance >= 10 else f"{seen:,.0f} of {chance:,.1f}"
        for seen, chance in zip(cells["observed"], cells["expected"], strict=True)
    ]
    cells["shown"] = cells["ratio"].map(lambda ratio: "–" if np.isnan(ratio) else f"{ratio:.2f}")
    cells["dark"] = cells["ratio"] >= RATIO_STEPS[-1]
    x = alt.X("time:N", sort=None, title="Time apart", axis=alt.Axis(labelAngle=0, orient="top", ticks=False))
    y = alt.Y("distance:N", sort=None, title="Distance apart", axis=alt.Axis(ticks=False, labelLimit=150))
    legend = alt.Legend(title="Pairs observed / expected by chance", orient="bottom", titleLimit=300)
    shade = alt.Color("ratio:Q", scale=alt.Scale(type="threshold", domain=RATIO_STEPS, range=SHADES), legend=legend)
    base = alt.Chart(cells)
    rects = base.mark_rect(stroke="white", strokeWidth=2, invalid=None).encode(x=x, y=y, color=shade)
    ink = alt.condition("datum.dark", alt.value("white"), alt.value(INK))
    ratios = base.mark_text(dy=-6, fontSize=13).encode(x=x, y=y, text="shown:N", color=ink)
    pairs = base.mark_text(dy=9, fontSize=9).encode(x=x, y=y, text="words:N", color=ink)
    above = base.transform_filter(f"datum.marked == '{ABOVE}'")
    frames = above.mark_rect(filled=False, stroke=INK, strokeWidth=2.5).encode(x=x, y=y)
    bold = above.mark_text(dy=-6, fontSize=13, fontWeight="bold").encode(x=x, y=y, text="shown:N", color=ink)
    words = title or f"{result.events:,} events, {result.metric} distance, {result.permutations:,} shuffles"
    return alt.layer(rects, ratios, pairs, frames, bold).properties(
        width=cell_px[0] * len(result.time_labels),
        height=cell_px[1] * len(result.distance_labels),
        title=alt.Title(words, subtitle="framed: above chance (ratio 1.2 or more, p 0.05 or less)", anchor="start"),
    )


def knox_cross_test(result: KnoxCrossResult, *, cell_px: tuple[int, int] = (108, 38)) -> alt.VConcatChart:
    """The three tables of a test between two types, one below the other: either order, then each."""
    tables = (result.either_order, result.first_then_second, result.second_then_first)
    return alt.vconcat(*(knox_test(table, cell_px=cell_px, title=table.direction.capitalize()) for table in tables))


def local_knox(result: LocalKnoxResult, *, width: int = 420, height: int = 260) -> alt.LayerChart:
    """Each event's neighbours in space and time against how many chance gives; filled where they stand out.

    An event stands out at a false discovery rate of 5 %.
    """
    frame = result.to_frame()[["near_in_both", "expected", "q_value"]]
    frame["marked"] = np.where(frame["q_value"] <= 0.05, "stands out", NOT_ABOVE)
    frame = frame.groupby(["near_in_both", "expected", "marked"], as_index=False).size()
    top = float(max(frame["expected"].max(), 1))
    even = pd.DataFrame({"expected": [0.0, top], "near_in_both": [0.0, top]})
    x = alt.X("expected:Q", title="Neighbours expected by chance (events)")
    y = alt.Y("near_in_both:Q", title=f"Within {result.distance_m:g} m and {result.days:g} days (events)")
    scale = alt.Scale(domain=["stands out", NOT_ABOVE], range=[INK, "white"])
    points = (
        alt.Chart(frame)
        .mark_point(stroke=INK, strokeWidth=0.8, opacity=0.9)
        .encode(
            x=x,
            y=y,
            fill=alt.Fill("marked:N", title=None, scale=scale, legend=alt.Legend(orient="top")),
            size=alt.Size("size:Q", title="Events", scale=alt.Scale(range=[15, 300]), legend=None),
        )
    )
    line = alt.Chart(even).mark_line(color=QUIET, strokeDash=[3, 3]).encode(x="expected:Q", y="near_in_both:Q")
    return alt.layer(line, points).properties(width=width, height=height)


def mantel_test(result: AssociationResult, *, width: int = 420, height: int = 160) -> alt.LayerChart:
    """What the shuffles gave, and where the observed correlation lies among them."""
    return _among_shuffles(result, "Correlation of closeness in space and in time", width, height)


def jacquez_test(result: AssociationResult, *, width: int = 420, height: int = 160) -> alt.LayerChart:
    """What the shuffles gave, and where the observed count lies among them."""
    return _among_shuffles(result, "Nearest in space that are nearest in time too (count)", width, height)


def near_repeat_chains(result: ChainsResult, *, width: int = 420, height: int = 260) -> alt.Chart:
    """Chains by how long they ran and how wide they are; larger for more events, numbered where large.

    A wide chain in a dense place is many repeats run together rather than one series.
    """
    chains = result.to_frame()
    legend = alt.Legend(values=sorted({2, 3, 5, int(chains["events"].max())}) if len(chains) else [2])
    return (
        alt.Chart(chains)
        .mark_point(color=INK, strokeWidth=1.2, fill="#c3ced8", fillOpacity=0.7)
        .encode(
            x=alt.X("days:Q", title="From first to last event (days)"),
            y=alt.Y("radius_m:Q", title="Radius around the mean centre (m)"),
            size=alt.Size("events:Q", title="Events", scale=alt.Scale(range=[25, 400], domainMin=2), legend=legend),
            tooltip=["chain:N", "events:Q", "places:Q", "days:Q", "radius_m:Q"],
        )
        .properties(width=width, height=height)
    )


def open_alerts(alerts: OpenAlerts, *, width: int = 420, row_px: int = 17) -> alt.LayerChart:
    """The zones open on the day, one line each, from the event to the day they expire, latest first.

    Parameters
    ----------
    alerts : OpenAlerts
        The 30 zones that stay open longest are shown.
    """
    zones = alerts.to_frame()[["metres_to", "event_day", "expires_day", "ratio"]].head(ZONES_SHOWN)
    zones["zone"] = [f"{number}. within {metres:g} m" for number, metres in enumerate(zones["metres_to"], start=1)]
    zones["left"] = [
        f"{days:.0f} day{'s' * (round(days) != 1)} left, x{ratio:.1f}"
        for days, ratio in zip(zones["expires_day"] - alerts.at_day, zones["ratio"], strict=True)
    ]
    for name in ("event_day", "expires_day"):
        zones[f"{name}_from"] = zones[name] - alerts.at_day
    y = alt.Y("zone:N", sort=None, title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=200))
    x = alt.X("event_day_from:Q", title="Days from the day asked for (0)", axis=alt.Axis(tickMinStep=1, grid=False))
    bars = alt.Chart(zones).mark_bar(color="#8fa8bf", height={"band": 0.6}).encode(x=x, x2="expires_day_from:Q", y=y)
    words = alt.Chart(zones).mark_text(align="left", dx=4, color=INK).encode(x="expires_day_from:Q", y=y, text="left:N")
    today = alt.Chart(pd.DataFrame({"at": [0]})).mark_rule(color=INK, strokeWidth=1.5).encode(x="at:Q")
    return alt.layer(bars, words, today).properties(
        width=width,
        height=alt.Step(row_px),
        padding={"left": 5, "right": 20, "top": 5, "bottom": 5},
        title=alt.Title(f"{len(alerts.event):,} zones open", subtitle="bar: from the event to expiry", anchor="start"),
    )


def _among_shuffles(result: AssociationResult, title: str, width: int, height: int) -> alt.LayerChart:
    shuffles = pd.DataFrame({"value": result.simulated})
    found = pd.DataFrame({"value": [result.statistic], "words": [f"observed, p = {result.p_value:.3g}"]})
    axis = alt.Axis(values=_round_steps(np.append(result.simulated, result.statistic)), grid=False)
    bars = (
        alt.Chart(shuffles)
        .mark_bar(color="#8fa8bf", stroke="white", strokeWidth=0.5)
        .encode(
            x=alt.X("value:Q", bin=alt.Bin(maxbins=40), title=title, axis=axis),
            y=alt.Y("count():Q", title="Shuffles (count)"),
        )
    )
    rule = alt.Chart(found).mark_rule(color=INK, strokeWidth=2).encode(x="value:Q")
    words = (
        alt.Chart(found)
        .mark_text(align="right", baseline="top", dx=-5, color=INK)
        .encode(x="value:Q", y=alt.value(0), text="words:N")
    )
    return alt.layer(bars, rule, words).properties(width=width, height=height)


def _round_steps(values: np.ndarray) -> list[float]:
    """Five or so round numbers over the span of `values`, for an axis whose bins would set too many."""
    low, high = float(values.min()), float(values.max())
    rough = max(high - low, 1e-9) / 5
    step = next(k for k in (1, 2, 5, 10) if k * 10 ** np.floor(np.log10(rough)) >= rough) * 10 ** np.floor(
        np.log10(rough)
    )
    return (np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step).round(12).tolist()
