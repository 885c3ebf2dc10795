"""Pictures of time: one function per result, as in `charts`. No statistics are computed here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from rtcc_analytics.charts import BAND, DEEP, INK, QUIET, WARM, day_hour
from rtcc_analytics.slow_imports import without_address_grammar

with without_address_grammar():
    import altair as alt

if TYPE_CHECKING:
    from rtcc_analytics.temporal import (
        Aoristic,
        ChangePoints,
        CircularSummary,
        CountForecast,
        Decomposition,
        ExactSpread,
        ExactTest,
        Nowcast,
        PoissonComparison,
    )


def aoristic(spread: Aoristic, *, cell_px: int = 11, what: str = "Offenses") -> alt.VConcatChart:
    """Hours of the week: expected events, uncertain times shared out.

    Parameters
    ----------
    spread : Aoristic
    cell_px : int
        Side of a cell in pixels.
    what : str
        What is counted.

    Examples
    --------
    >>> from rtcc_analytics import temporal
    >>> picture = aoristic(temporal.aoristic(["2024-01-01T23:30"], ["2024-01-02T01:15"]))
    >>> len(picture.to_dict()["vconcat"])
    2
    """
    from rtcc_analytics.temporal import DayHourTable

    known = spread.hours.sum()
    table = DayHourTable(spread.hours.reshape(7, 24), float(known), 0.0, float(spread.unknown), what)
    return day_hour(table, cell_px=cell_px, what=what)


def circular_summary(summary: CircularSummary, *, radius_px: int = 110, unit: str = "h") -> alt.LayerChart:
    """A dial: the hand points at the mean time and is as long as events hold to it.

    Parameters
    ----------
    summary : CircularSummary
    radius_px : int
        Of the dial, pixels.
    unit : str
        Of the period, e.g. ``"h"``.

    Examples
    --------
    >>> from rtcc_analytics import temporal
    >>> picture = circular_summary(temporal.circular_summary([22, 23, 0, 1, 2]))
    >>> picture.to_dict()["title"]["text"]
    'Mean 0.0 h, held to 93 %'
    """
    turn = np.linspace(0, 2 * np.pi, 121)
    rim = pd.DataFrame({"x": np.sin(turn), "y": np.cos(turn), "order": np.arange(turn.size)})
    marks = np.arange(8) / 8
    at = 2 * np.pi * marks
    ticks = pd.DataFrame({"x": 1.17 * np.sin(at), "y": 1.14 * np.cos(at),
                          "words": [f"{value:g}" for value in marks * summary.period]})
    angle = 2 * np.pi * summary.mean / summary.period
    tip = summary.resultant * np.array([np.sin(angle), np.cos(angle)])
    hand = pd.DataFrame({"x": [0, tip[0]], "y": [0, tip[1]], "order": [0, 1]})
    scale = alt.Scale(domain=[-1.3, 1.3])
    x, y = alt.X("x:Q", axis=None, scale=scale), alt.Y("y:Q", axis=None, scale=scale)
    return alt.layer(
        alt.Chart(rim).mark_line(color=QUIET).encode(x=x, y=y, order="order:Q"),
        alt.Chart(ticks).mark_text(color=INK).encode(x=x, y=y, text="words:N"),
        alt.Chart(hand).mark_line(color=DEEP, strokeWidth=4).encode(x=x, y=y, order="order:Q"),
        alt.Chart(hand.tail(1)).mark_point(color=DEEP, filled=True, size=90, opacity=1).encode(x=x, y=y),
    ).properties(
        width=2 * radius_px,
        height=2 * radius_px,
        title=alt.Title(
            f"Mean {summary.mean:.1f} {unit}, held to {summary.resultant:.0%}".replace("%", " %"),
            subtitle=f"{summary.size:,.0f} events, Rayleigh p {_p(summary.p_value)}",
            anchor="start",
        ),
    )


def poisson_compare(result: PoissonComparison, labels: Sequence[str], *, width: int = 360) -> alt.LayerChart:
    """Differences in events with their intervals; filled where the interval leaves out 0.

    Parameters
    ----------
    result : PoissonComparison
    labels : sequence of str
        What each comparison is of.
    width : int
        Pixels.

    Examples
    --------
    >>> from rtcc_analytics import temporal
    >>> picture = poisson_compare(temporal.poisson_compare([20, 3], [10, 3]), ["Theft", "Arson"])
    >>> len(picture.to_dict()["layer"])
    3
    """
    rows = result.to_frame().assign(label=list(labels), value=lambda frame: frame["difference"], none=0.0)
    return _intervals(rows, f"More or fewer events than expected ({result.level:.0%} interval)", width, log=False)


def exact_test(result: ExactTest, labels: Sequence[str], *, width: int = 360) -> alt.LayerChart:
    """Ratios of rates with their exact intervals, on a log scale; filled where the interval leaves out 1.

    Parameters
    ----------
    result : ExactTest
        A limit of 0 or infinity is drawn at the edge, 1/16 or 16 times.
    labels : sequence of str
        What each comparison is of.
    width : int
        Pixels.

    Examples
    --------
    >>> from rtcc_analytics import temporal
    >>> picture = exact_test(temporal.exact_test([6, 3], [1, 3]), ["Theft", "Arson"])
    >>> len(picture.to_dict()["layer"])
    3
    """
    rows = result.to_frame().assign(label=list(labels), value=lambda frame: frame["ratio"], none=1.0)
    for column in ("value", "low", "high"):
        rows[column] = rows[column].clip(1 / 16, 16)
    return _intervals(rows, f"Times the expected rate ({result.level:.0%} interval)", width, log=True)


def exact_spread_test(result: ExactSpread, labels: Sequence[str], *, width: int = 320, height: int = 150,
                      what: str = "Events") -> alt.LayerChart:
    """Counts in bins as bars, with a tick where chance alone would put each.

    Parameters
    ----------
    result : ExactSpread
    labels : sequence of str
        Names of the bins.
    width, height : int
        Pixels.
    what : str
        What is counted.

    Examples
    --------
    >>> from rtcc_analytics import temporal
    >>> found = temporal.exact_spread_test([6, 0, 1, 0, 1, 1, 1])
    >>> picture = exact_spread_test(found, ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
    >>> picture.to_dict()["title"]["text"]
    'An even spread would do so or worse in 3.6 % of cases'
    """
    rows = result.to_frame().assign(label=list(labels))
    x = alt.X("label:N", sort=list(labels), title=None, axis=alt.Axis(labelAngle=0, ticks=False))
    y = alt.Y("count:Q", title=f"{what} (count)", axis=alt.Axis(tickMinStep=1, tickCount=4))
    base = alt.Chart(rows)
    words = f"An even spread would do so or worse in {result.p_value:.1%} of cases".replace("%", " %")
    return alt.layer(
        base.mark_bar(color=DEEP, width={"band": 0.7}).encode(x=x, y=y),
        base.mark_tick(color=WARM, thickness=3, width={"band": 0.9}).encode(x=x, y="expected:Q"),
    ).properties(
        width=width, height=height, title=alt.Title(words, subtitle="tick: expected by chance", anchor="start")
    )


def decompose(parts: Decomposition, *, start: str | None = None, step_days: int = 7, width: int = 640,
              height: int = 70) -> alt.VConcatChart:
    """Counts, trend, season and rest, one above the other on one axis of time.

    Parameters
    ----------
    parts : Decomposition
    start : date, optional
        Of the first step; without it, steps are numbered.
    step_days : int
        Length of a step, days.
    width, height : int
        Of each panel, pixels.

    Examples
    --------
    >>> from rtcc_analytics import temporal
    >>> found = temporal.decompose(20 + 5 * np.cos(np.arange(156) / 8))
    >>> len(decompose(found, start="2021-01-04").to_dict()["vconcat"])
    4
    """
    rows, x = _dated(parts.to_frame(), start, step_days)
    panels = []
    names = {"count": "Count", "trend": "Trend", "season": "Season", "rest": "Rest"}
    for column, words in names.items():
        last = column == "rest"
        axis = x if last else x.copy()
        if not last:
            axis.axis = alt.Axis(labels=False, ticks=False, title=None, grid=False)
        y = alt.Y(f"{column}:Q", title=words, axis=alt.Axis(tickCount=3), scale=alt.Scale(zero=column == "count"))
        panels.append(
            alt.Chart(rows).mark_line(color=INK, strokeWidth=1.3).encode(x=axis, y=y).properties(width=width,
                                                                                               height=height)
        )
    return alt.vconcat(*panels, spacing=6)


def change_points(found: ChangePoints, counts: ArrayLike, *, start: str | None = None, step_days: int = 7,
                  width: int = 640, height: int = 180, what: str = "Offenses") -> alt.LayerChart:
    """The series, with the rate of each stretch drawn through it and written above.

    Parameters
    ----------
    found : ChangePoints
    counts : array_like, shape (n,)
        The series given to `change_points`.
    start : date, optional
        Of the first step; without it, steps are numbered.
    step_days : int
        Length of a step, days.
    width, height : int
        Pixels.
    what : str
        What is counted.

    Examples
    --------
    >>> from rtcc_analytics import temporal
    >>> y = [5] * 30 + [12] * 30
    >>> len(change_points(temporal.change_points(y), y).to_dict()["layer"])
    3
    """
    series = pd.DataFrame({"step": np.arange(np.size(counts)), "count": np.asarray(counts, dtype=float).ravel()})
    rows, x = _dated(series, start, step_days)
    stretches = found.to_frame()[["start", "end", "rate"]]
    ends = pd.concat([
        stretches.rename(columns={"start": "step"})[["step", "rate"]].assign(part=stretches.index),
        stretches.assign(step=stretches["end"] - 1)[["step", "rate"]].assign(part=stretches.index),
    ])
    ends, _ = _dated(ends, start, step_days)
    y = alt.Y("count:Q", title=f"{what} a step (count)", axis=alt.Axis(tickCount=4))
    rate = alt.Y("rate:Q")
    first = ends.drop_duplicates("part").assign(words=lambda frame: frame["rate"].map("{:,.1f}".format))
    return alt.layer(
        alt.Chart(rows).mark_line(color=QUIET, strokeWidth=1).encode(x=x, y=y),
        alt.Chart(ends).mark_line(color=WARM, strokeWidth=3).encode(x=x, y=rate, detail="part:N"),
        alt.Chart(first).mark_text(align="left", dx=4, dy=-10, fontWeight="bold", color=INK).encode(
            x=x, y=rate, text="words:N"),
    ).properties(width=width, height=height)


def forecast_counts(ahead: CountForecast, *, width: int = 640, height: int = 180, what: str = "Offenses"
                    ) -> alt.LayerChart:
    """Expected counts a day with their band; holidays are named.

    Parameters
    ----------
    ahead : CountForecast
    width, height : int
        Pixels.
    what : str
        What is counted.

    Examples
    --------
    >>> from rtcc_analytics import temporal
    >>> counts = np.random.default_rng(1).poisson(6, 800)
    >>> picture = forecast_counts(temporal.forecast_counts(counts, start="2022-01-01", horizon_days=28))
    >>> len(picture.to_dict()["layer"])
    4
    """
    rows = ahead.to_frame()
    x = alt.X("day:T", title=None, axis=alt.Axis(format="%a %b %-d", labelAngle=-30, grid=False, tickCount=14))
    y = alt.Y("expected:Q", title=f"{what} a day (count)", axis=alt.Axis(tickCount=4), scale=alt.Scale(domainMin=0))
    base = alt.Chart(rows)
    named = alt.Chart(rows[rows["holiday"] != ""])
    return alt.layer(
        base.mark_area(color=BAND, opacity=1, interpolate="step").encode(x=x, y="low:Q", y2="high:Q"),
        base.mark_line(color=INK, interpolate="step", strokeWidth=1.6).encode(x=x, y=y),
        named.mark_point(color=WARM, filled=True, size=45, opacity=1).encode(x=x, y=y),
        named.mark_text(align="left", baseline="middle", angle=270, color=INK, fontSize=10).encode(
            x=x, y=alt.value(height - 4), text="holiday:N"),
    ).properties(
        width=width,
        height=height,
        title=alt.Title(f"Band: {ahead.level:.0%} of days".replace("%", " %"), anchor="start", fontWeight="normal"),
    )


def nowcast(result: Nowcast, *, width: int = 520, height: int = 190, what: str = "Offenses") -> alt.LayerChart:
    """What is reported as full bars, what is still expected as an outline above, with its interval.

    Parameters
    ----------
    result : Nowcast
    width, height : int
        Pixels.
    what : str
        What is counted.

    Examples
    --------
    >>> from rtcc_analytics import temporal
    >>> from rtcc_analytics.events import Occurrences
    >>> days = np.arange("2023-01-01", "2025-01-01", dtype="datetime64[D]").repeat(4)
    >>> events = Occurrences(occurred_from=days.astype("M8[s]"), reported_at=days.astype("M8[s]"), timezone="UTC")
    >>> picture = nowcast(temporal.nowcast(events, as_of="2025-01-01"))
    >>> len(picture.to_dict()["layer"])
    3
    """
    rows = result.to_frame()
    form = {"day": "%a %b %-d", "week": "%b %-d", "month": "%b %Y"}[result.step]
    rows["words"] = pd.to_datetime(rows["start"]).dt.strftime(form)
    title = {"day": "Day", "week": "Week starting (Monday)", "month": "Month"}[result.step]
    x = alt.X("words:N", sort=rows["words"].tolist(), title=title, axis=alt.Axis(labelAngle=-30, ticks=False))
    y = alt.Y("expected:Q", title=f"{what} a {result.step} (count)", axis=alt.Axis(tickCount=4))
    base = alt.Chart(rows)
    return alt.layer(
        base.mark_bar(color="white", stroke=DEEP, strokeDash=[3, 2], width={"band": 0.7}).encode(x=x, y=y),
        base.mark_bar(color=DEEP, width={"band": 0.7}).encode(x=x, y="reported:Q"),
        base.mark_rule(color=WARM, strokeWidth=2.5).encode(x=x, y="low:Q", y2="high:Q"),
    ).properties(
        width=width,
        height=height,
        title=alt.Title(
            f"Reports up to {result.as_of}",
            subtitle=f"full: reported; dashed: expected in the end; line: {100 * result.level:.0f} % interval",
            anchor="start",
        ),
    )


def _intervals(rows: pd.DataFrame, title: str, width: int, *, log: bool) -> alt.LayerChart:
    rows["clear"] = (rows["low"] > rows["none"]) | (rows["high"] < rows["none"])
    scale = alt.Scale(type="log", base=2) if log else alt.Scale()
    axis = alt.Axis(values=[1 / 16, 1 / 4, 1 / 2, 1, 2, 4, 16], format="~g") if log else alt.Axis(tickCount=6)
    x = alt.X("value:Q", title=title.replace("%", " %"), scale=scale, axis=axis)
    y = alt.Y("label:N", sort=None, title=None, axis=alt.Axis(ticks=False, labelLimit=220, labelPadding=9))
    base = alt.Chart(rows)
    return alt.layer(
        base.mark_rule(color=QUIET, strokeDash=[3, 3]).encode(x="none:Q"),
        base.mark_rule(color=INK, strokeWidth=2).encode(x=alt.X("low:Q"), x2="high:Q", y=y),
        base.mark_point(size=80, opacity=1, stroke=DEEP, strokeWidth=2).encode(
            x=x, y=y, fill=alt.condition("datum.clear", alt.value(DEEP), alt.value("white"))),
    ).properties(width=width, height=alt.Step(26))


def _dated(rows: pd.DataFrame, start: str | None, step_days: int) -> tuple[pd.DataFrame, alt.X]:
    if start is None:
        return rows, alt.X("step:Q", title="Step", axis=alt.Axis(grid=False))
    when = pd.Timestamp(start) + pd.to_timedelta(rows["step"] * step_days, unit="D")
    return rows.assign(when=when), alt.X("when:T", title=None, axis=alt.Axis(grid=False))


def _p(value: float) -> str:
    return "below 0.001" if value < 0.001 else f"{value:.3f}"
