"""One function per picture, named after the result it draws. No statistics are computed here.

Every chart is an Altair chart without a font of its own, drawn in ink that survives a grey copy:
what matters is told by shape, pattern and label, never by colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from rtcc_analytics.slow_imports import without_address_grammar

with without_address_grammar():
    import altair as alt

if TYPE_CHECKING:
    from rtcc_analytics.hotspots.concentration import Lorenz
    from rtcc_analytics.temporal import DayHourTable, PeriodComparison, WeeklySeries
    from rtcc_analytics.temporal.periods import Against

INK, QUIET, BAND, DEEP, WARM = "#1a1a1a", "#555555", "#d3dae1", "#1f4e79", "#a0461a"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def weekly_series(
    series: WeeklySeries, *, width: int = 700, height: int = 190, what: str = "Offenses"
) -> alt.LayerChart:
    """Weekly counts with the band in which they are expected; weeks still filling are set apart.

    Weeks that reporting lag makes low are hatched, their line is dashed and their points hollow;
    a full point marks a week outside its band, and the newest week when it is complete.

    Parameters
    ----------
    series : WeeklySeries
        Weeks without a count or a band leave a gap.
    width, height : int
        Size in pixels.
    what : str
        What is counted, for the axis.

    Examples
    --------
    >>> from rtcc_analytics import temporal
    >>> from rtcc_analytics.events import Occurrences
    >>> days = pd.date_range("2023-01-01", "2023-12-31", freq="D").repeat(2)
    >>> calm = Occurrences(occurred_from=days, timezone="UTC", label="Theft")
    >>> weekly_series(temporal.weekly_series(calm, until="2024-01-01", weeks=20)).to_dict()["height"]
    190
    """
    weeks = series.to_frame().reset_index(drop=True)
    x = alt.X(
        "week_start:T",
        title="Week starting (Monday)",
        axis=alt.Axis(labelExpr=_MONTHS, tickCount="month", grid=False, labelOverlap=False),
    )
    highest = pd.concat([weeks["count"], weeks["high"]]).max()
    top = 1.08 * (float(highest) if highest > 0 else 1.0)
    y_scale = alt.Scale(domain=[0, top], nice=True)
    y = alt.Y("count:Q", title=f"{what} a week", scale=y_scale, axis=alt.Axis(tickCount=4))
    base = alt.Chart(weeks)
    band = base.mark_area(color=BAND, opacity=1).encode(x=x, y=alt.Y("low:Q", scale=y_scale), y2="high:Q")
    late = weeks["lag_affected"].astype(bool)
    settled = weeks[~late]
    layers: list[alt.Chart] = [band]
    if late.any():
        layers += _still_filling(weeks, late, top, height, width)
    layers += [
        alt.Chart(settled).mark_line(color=INK, strokeWidth=1.6).encode(x=x, y=y),
        alt.Chart(weeks[weeks["outside"].astype(bool)])
        .mark_point(color=INK, filled=True, size=40, opacity=1)
        .encode(x=x, y=y),
        alt.Chart(weeks.tail(1))
        .mark_text(align="left", dx=7, fontWeight="bold", color=INK)
        .encode(x=x, y=y, text=alt.Text("count:Q", format=",.0f")),
    ]
    if late.any():
        from_last_settled = pd.concat([settled.tail(1), weeks[late]])
        layers += [
            alt.Chart(from_last_settled).mark_line(color=INK, strokeWidth=1.4, strokeDash=[3, 3]).encode(x=x, y=y),
            alt.Chart(weeks[late])
            .mark_point(color=INK, filled=False, fill="white", opacity=1, size=34)
            .encode(x=x, y=y),
        ]
    else:
        layers.append(alt.Chart(weeks.tail(1)).mark_point(color=INK, filled=True, size=34, opacity=1).encode(x=x, y=y))
    return _fitted(alt.layer(*layers), width=width, height=height, right_px=34)


_MONTHS = (
    "datum.index == 0 || month(datum.value) == 0 ? [timeFormat(datum.value, '%b'), timeFormat(datum.value, '%Y')] "
    ": timeFormat(datum.value, '%b')"
)


def _fitted(
    chart: alt.LayerChart | alt.Chart, *, width: int, height: int | alt.Step, right_px: int = 5
) -> alt.LayerChart:
    """The chart with its axes inside `width`, so that pictures side by side keep one size of letters."""
    fit = "fit" if isinstance(height, int) else "fit-x"
    return chart.properties(
        width=width,
        height=height,
        autosize=alt.AutoSizeParams(type=fit, contains="padding"),
        padding={"left": 5, "right": right_px, "top": 5, "bottom": 5},
    )


def _still_filling(weeks: pd.DataFrame, late: pd.Series, top: float, height: int, width: int) -> list[alt.Chart]:
    """A hatched field over the weeks that reporting lag makes low, with words beside it."""
    step = pd.Timedelta(days=3.5)
    first, last = weeks.loc[late, "week_start"].min() - step, weeks["week_start"].max() + step
    span_days = (weeks["week_start"].max() - weeks["week_start"].min()).days or 7
    slant = pd.Timedelta(days=span_days * height / width)
    start, lines = first - slant, []
    while start < last:
        lines.append(_clipped(start, slant, first, last, top))
        start += pd.Timedelta(days=span_days / width * 9)
    hatch = pd.DataFrame([line for line in lines if line], columns=["x", "x2", "y", "y2"])
    words = pd.DataFrame({"x": [first], "y": [top], "text": ["reports still arriving: too low →"]})
    return [
        alt.Chart(hatch).mark_rule(color="#9a9a9a", strokeWidth=0.8).encode(x="x:T", x2="x2:T", y="y:Q", y2="y2:Q"),
        alt.Chart(words)
        .mark_text(align="right", baseline="top", dx=-4, dy=1, color=INK)
        .encode(x="x:T", y="y:Q", text="text"),
    ]


def _clipped(
    start: pd.Timestamp, slant: pd.Timedelta, first: pd.Timestamp, last: pd.Timestamp, top: float
) -> tuple | None:
    """The part of a slanted line from (start, 0) to (start + slant, top) between two dates."""
    left, right = max(start, first), min(start + slant, last)
    if left >= right:
        return None
    return left, right, top * ((left - start) / slant), top * ((right - start) / slant)


def period_comparison(
    comparison: PeriodComparison,
    *,
    window: str = "28d",
    against: Against = "multi_year_mean",
    width: int = 560,
    row_px: int = 20,
) -> alt.LayerChart:
    """Difference from what earlier years lead one to expect, with its interval, one line per offense.

    A filled point marks a difference that is flagged; a hollow one could be chance.

    Parameters
    ----------
    comparison : PeriodComparison
        What was compared; rows that are not available are left out.
    window : str
        Which window, as named in the result.
    against : "last_year" or "multi_year_mean"
        Which baseline.
    row_px : int
        Height of a line in pixels.
    """
    rows = comparison.to_frame(against)
    rows = rows[(rows["window"] == window) & rows["difference"].notna()].copy()
    rows["marked"] = rows["flagged"].map({True: "stands out", False: "could be chance"})
    pairs = zip(rows["current"], rows["expected"], strict=True)
    rows["counts"] = [f"{now:,.0f} against {before:,.1f}" for now, before in pairs]
    rows = rows[["offense", "difference", "low", "high", "marked", "counts"]]
    baseline = "the mean of earlier years" if against == "multi_year_mean" else "the same period last year"
    title = f"Difference from {baseline} (offenses), {comparison.level:.0%} interval"
    axis = alt.Axis(labelLimit=260, ticks=False, domain=False)
    y = alt.Y("offense:N", sort=rows["offense"].tolist(), title=None, axis=axis)
    base = alt.Chart(rows)
    zero = alt.Chart(pd.DataFrame({"at": [0]})).mark_rule(color=QUIET).encode(x="at:Q")
    interval = base.mark_rule(color=QUIET, strokeWidth=2).encode(y=y, x=alt.X("low:Q", title=title), x2="high:Q")
    filled = alt.Scale(domain=["stands out", "could be chance"], range=[INK, "white"])
    fill = alt.Fill("marked:N", title=None, scale=filled, legend=alt.Legend(orient="top"))
    point = base.mark_point(size=60, opacity=1, stroke=INK).encode(y=y, x="difference:Q", fill=fill)
    counts = base.mark_text(align="left", dx=6).encode(y=y, x=alt.value("width"), text="counts:N")
    return _fitted(alt.layer(zero, interval, point, counts), width=width, height=alt.Step(row_px), right_px=110)


def day_hour(table: DayHourTable, *, cell_px: int = 11, what: str = "Offenses") -> alt.VConcatChart:
    """Day of week against hour of day: darker is more; totals stand at the edges.

    Parameters
    ----------
    table : DayHourTable
        Counts may be fractional, where an event of uncertain time is spread over several hours.
    cell_px : int
        Side of a cell in pixels.
    what : str
        What is counted.
    """
    cells = table.to_frame()
    cells["day"] = cells["weekday"].map(dict(enumerate(DAYS)))
    hour_axis = alt.Axis(values=[0, 3, 6, 9, 12, 15, 18, 21], labelAngle=0, ticks=False, domain=False, grid=False)
    x = alt.X("hour:O", title="Hour of day (local, starting)", axis=hour_axis)
    y = alt.Y("day:N", sort=list(DAYS), title=None, axis=alt.Axis(ticks=False, domain=False, labelOverlap=False))
    width, height = 24 * cell_px, 7 * cell_px
    grid = (
        alt.Chart(cells)
        .mark_rect(stroke="white", strokeWidth=1)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "count:Q",
                title=f"{what} (count)",
                scale=alt.Scale(range=["#f2f2f0", "#8fa8bf", "#0b2a47"], domainMin=0),
                legend=alt.Legend(
                    orient="bottom",
                    direction="horizontal",
                    gradientLength=width // 2,
                    gradientThickness=8,
                    titleOrient="left",
                    tickCount=3,
                ),
            ),
        )
    )
    by_day = cells.groupby("day", as_index=False)["count"].sum()
    sums = (
        alt.Chart(by_day)
        .mark_text(align="left", dx=5)
        .encode(y=y, x=alt.value(width), text=alt.Text("count:Q", format=",.0f"))
    )
    by_hour = cells.groupby("hour", as_index=False)["count"].sum()
    bars = (
        alt.Chart(by_hour)
        .mark_bar(color=QUIET, width={"band": 0.8})
        .encode(
            x=alt.X("hour:O", axis=None),
            y=alt.Y(
                "count:Q",
                title="Total",
                axis=alt.Axis(tickCount=2, grid=False, titleAngle=0, titleAlign="right", titleBaseline="middle"),
            ),
        )
    )
    return alt.vconcat(
        bars.properties(width=width, height=34), alt.layer(grid, sums).properties(width=width, height=height), spacing=3
    )


def top_places(places: pd.DataFrame, *, width: int = 360, row_px: int = 19, what: str = "Offenses") -> alt.LayerChart:
    """Places by count, most first, each with its number.

    Parameters
    ----------
    places : DataFrame
        Columns place and count, in the order to be shown.
    """
    y = alt.Y(
        "place:N", sort=places["place"].tolist(), title=None, axis=alt.Axis(labelLimit=300, ticks=False, domain=False)
    )
    x = alt.X(
        "count:Q", title=f"{what} (count)", scale=alt.Scale(domainMin=0), axis=alt.Axis(tickCount=4, tickMinStep=1)
    )
    bars = alt.Chart(places).mark_bar(color=QUIET, height={"band": 0.65}).encode(x=x, y=y)
    numbers = alt.Chart(places).mark_text(align="left", dx=4).encode(x=x, y=y, text=alt.Text("count:Q", format=",.0f"))
    return _fitted(alt.layer(bars, numbers), width=width, height=alt.Step(row_px), right_px=30)


def concentration(curve: Lorenz, *, width: int = 320, height: int = 200) -> alt.LayerChart:
    """How few places hold how much: cumulative share of events against cumulative share of places.

    Parameters
    ----------
    curve : Lorenz
        Fullest units first.
    """
    points = curve.to_frame()
    percent = alt.Axis(format=".0%", tickCount=5)
    x = alt.X("unit_share:Q", title="Share of places (busiest first)", axis=percent, scale=alt.Scale(domain=[0, 1]))
    y = alt.Y("event_share:Q", title="Share of events", axis=percent, scale=alt.Scale(domain=[0, 1]))
    even = pd.DataFrame({"unit_share": [0.0, 1.0], "event_share": [0.0, 1.0]})
    curves = alt.layer(
        alt.Chart(even).mark_line(color=QUIET, strokeDash=[2, 3]).encode(x=x, y=y),
        alt.Chart(points).mark_line(color=INK).encode(x=x, y=y),
    )
    return _fitted(curves, width=width, height=height)


def counts_by(
    frame: pd.DataFrame,
    *,
    category: str,
    title: str,
    order: Sequence[str] = (),
    width: int = 420,
    height: int = 140,
    what: str = "Offenses",
) -> alt.Chart:
    """Counts in bars over a category such as hour, month or offense.

    Parameters
    ----------
    frame : DataFrame
        Columns `category` and count.
    order : sequence of str
        Order of the categories; as they come where empty.
    """
    sort = list(order) or frame[category].tolist()
    bars = (
        alt.Chart(frame)
        .mark_bar(color=QUIET)
        .encode(
            x=alt.X(f"{category}:O", sort=sort, title=title, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("count:Q", title=f"{what} (count)", axis=alt.Axis(tickCount=4)),
        )
    )
    return _fitted(bars, width=width, height=height)
