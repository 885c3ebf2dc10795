"""The explorer's small pictures and its table, as markup a browser draws at once.

Reports draw with Altair. Here every move of a slider draws anew, and turning one Altair chart
into a picture takes longer than finding the hot spots of a year; this takes a millisecond.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd
from IPython.display import HTML

from rtcc_analytics.temporal import WeeklySeries

INK, QUIET, BAND, ACCENT = "#1a1a1a", "#666666", "#dfe5ea", "#1f4e79"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 44, 18, 20


def weekly_strip(weeks: WeeklySeries, *, width: int = 460, height: int = 150, title: str = "Events a week") -> str:
    """The weekly line with its band as SVG; weeks still filling are hatched, their line dashed.

    Weeks without records are gaps in the line, not zeros.
    """
    rows = weeks.to_frame()
    counts = rows["count"].to_numpy(float)
    if not np.isfinite(counts).any():
        return _svg(width, 40, f'<text x="0" y="24" fill="{QUIET}">No complete week in this period</text>', title)
    top = max(np.nanmax(counts), np.nanmax(rows["high"].fillna(0)), 1) * 1.08
    x = _LEFT + (np.arange(len(rows)) + 0.5) * (width - _LEFT - _RIGHT) / len(rows)
    y = _TOP + (1 - counts / top) * (height - _TOP - _BOTTOM)
    low, high = (_TOP + (1 - rows[c].to_numpy(float) / top) * (height - _TOP - _BOTTOM) for c in ("low", "high"))
    late = rows["lag_affected"].to_numpy(bool)
    parts = [_band(x, low, high), *_value_lines(top, width, height), *_months(rows["week_start"], x, height)]
    if late.any():
        left = x[np.flatnonzero(late)[0]] - (x[1] - x[0] if len(x) > 1 else 8) / 2
        parts.append(
            f'<rect x="{left:.1f}" y="{_TOP}" width="{x[-1] - left + 4:.1f}" '
            f'height="{height - _TOP - _BOTTOM}" fill="url(#rtcc-late)"/>'
            f'<text x="{left - 3:.1f}" y="{_TOP + 9}" text-anchor="end">still arriving: too low</text>'
        )
    parts += _line(x, y, late)
    last = int(np.flatnonzero(np.isfinite(counts))[-1])
    parts.append(
        f'<circle cx="{x[last]:.1f}" cy="{y[last]:.1f}" r="3" fill="{INK}"/>'
        f'<text x="{x[last] + 6:.1f}" y="{y[last] + 4:.1f}" font-weight="700">{counts[last]:,.0f}</text>'
    )
    return _svg(width, height, "".join(parts), title, caption=title)


def show_weeks(weeks: WeeklySeries, *, title: str) -> HTML:
    """The weekly line as something a notebook shows; it stays in the notebook when that is saved."""
    return HTML(weekly_strip(weeks, width=820, height=200, title=title))


def day_hour_strip(hours: pd.DataFrame, *, width: int = 460, title: str = "Day and hour") -> str:
    """Day of week against hour as SVG: darker is more; hours outside the band are crossed by a line.

    Parameters
    ----------
    hours : DataFrame
        weekday (Monday 0), hour, count, chosen; 168 rows.
    """
    cell = (width - _LEFT - _RIGHT) / 24
    height = _TOP + 7 * 13 + _BOTTOM
    most = max(float(hours["count"].max()), 1e-9)
    parts = []
    for row in hours.itertuples():
        shade = row.count / most if most else 0
        parts.append(
            f'<rect x="{_LEFT + row.hour * cell:.1f}" y="{_TOP + row.weekday * 13}" width="{cell - 1:.1f}" '
            f'height="12" fill="{_shade(shade)}">'
            f"<title>{DAYS[row.weekday]} {row.hour}:00, {row.count:,.0f}</title></rect>"
        )
    for hour in sorted(set(hours.loc[~hours["chosen"], "hour"])):
        middle = _LEFT + (hour + 0.5) * cell
        parts.append(
            f'<line x1="{middle:.1f}" x2="{middle:.1f}" y1="{_TOP}" y2="{_TOP + 90}" stroke="#fff" stroke-width="2"/>'
        )
    totals = hours.groupby("weekday")["count"].sum()
    for day, name in enumerate(DAYS):
        middle = _TOP + day * 13 + 10
        parts.append(
            f'<text x="{_LEFT - 5}" y="{middle}" text-anchor="end">{name}</text>'
            f'<text x="{width - _RIGHT + 4}" y="{middle}" fill="{QUIET}">{totals[day]:,.0f}</text>'
        )
    for hour in range(0, 25, 3):
        parts.append(f'<text x="{_LEFT + hour * cell:.1f}" y="{height - 6}" text-anchor="middle">{hour}</text>')
    return _svg(width, height, "".join(parts), title, caption=title)


def hour_strip(hours: pd.DataFrame, *, marked: int, width: int = 460, title: str = "Stamped on the hour") -> str:
    """Bars by hour as SVG; the hour that is a habit of typing is dark and carries its number.

    Parameters
    ----------
    hours : DataFrame
        hour (0-23), on_the_hour.
    marked : int
        The hour to mark.
    """
    height, base = 124, 124 - _BOTTOM
    step = (width - _LEFT - _RIGHT) / 24
    most, room = max(float(hours["on_the_hour"].max()), 1.0), base - _TOP - 14
    parts = []
    for row in hours.itertuples():
        tall = room * row.on_the_hour / most
        left, fill = _LEFT + row.hour * step, INK if row.hour == marked else "#b9c3cc"
        parts.append(
            f'<rect x="{left:.1f}" y="{base - tall:.1f}" width="{step - 2:.1f}" height="{tall:.1f}" fill="{fill}">'
            f"<title>{row.hour}:00, {row.on_the_hour:,}</title></rect>"
        )
        if row.hour == marked:
            parts.append(f'<text x="{left:.1f}" y="{base - tall - 4:.1f}" font-weight="700">{row.on_the_hour:,}</text>')
    for hour in range(0, 24, 3):
        middle = _LEFT + (hour + 0.5) * step
        parts.append(f'<text x="{middle:.1f}" y="{height - 6}" text-anchor="middle">{hour}:00</text>')
    return _svg(width, height, "".join(parts), title, caption=title)


def table_html(columns: Sequence[tuple[str, str, Sequence[str]]], *, caption: str = "", widest_px: int = 230) -> str:
    """An HTML table from (heading, alignment, cells) columns; every text is escaped, what is too wide is cut."""
    style = "border-bottom:1px solid #ddd;padding:2px 8px;white-space:nowrap"
    head = "".join(f'<th style="{style};text-align:{side}">{escape(name)}</th>' for name, side, _ in columns)
    cut = f"{style};max-width:{widest_px}px;overflow:hidden;text-overflow:ellipsis"
    sides = [side for _, side, _ in columns]
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="{cut};text-align:{side}" title="{escape(cell)}">{escape(cell)}</td>'
            for side, cell in zip(sides, row, strict=True)
        )
        + "</tr>"
        for row in zip(*(cells for _, _, cells in columns), strict=True)
    )
    above = "text-align:left;font-weight:700;padding:2px 0"
    title = f'<caption style="{above}">{escape(caption)}</caption>' if caption else ""
    return (
        '<table style="border-collapse:collapse;font:13px sans-serif;line-height:1.35;color:#1a1a1a">'
        f"{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _svg(width: int, height: float, inside: str, title: str, *, caption: str = "") -> str:
    heading = f'<text x="0" y="11" font-weight="700">{escape(caption)}</text>' if caption else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height:.0f}" role="img" '
        f'aria-label="{escape(title)}" font-family="sans-serif" font-size="11" fill="{INK}">'
        '<defs><pattern id="rtcc-late" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><line y2="6" stroke="#999" stroke-width="1.6"/></pattern></defs>'
        f"{heading}{inside}</svg>"
    )


def _band(x: np.ndarray, low: np.ndarray, high: np.ndarray) -> str:
    known = np.isfinite(low) & np.isfinite(high)
    if known.sum() < 2:
        return ""
    points = [f"{a:.1f},{b:.1f}" for a, b in zip(x[known], high[known], strict=True)]
    points += [f"{a:.1f},{b:.1f}" for a, b in zip(x[known][::-1], low[known][::-1], strict=True)]
    return f'<polygon points="{" ".join(points)}" fill="{BAND}"/>'


def _value_lines(top: float, width: int, height: int) -> list[str]:
    step = 10 ** np.floor(np.log10(top / 2)) if top > 2 else 1
    step *= next(k for k in (1, 2, 5, 10) if top / (step * k) <= 4)
    parts = []
    for value in np.arange(0, top, step):
        y = _TOP + (1 - value / top) * (height - _TOP - _BOTTOM)
        parts.append(
            f'<line x1="{_LEFT}" x2="{width - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ccc" '
            'stroke-width=".6"/>'
            f'<text x="{_LEFT - 4}" y="{y + 4:.1f}" text-anchor="end" fill="{QUIET}">{value:,.0f}</text>'
        )
    return parts


def _months(weeks: pd.Series, x: np.ndarray, height: int) -> list[str]:
    starts = pd.DatetimeIndex(weeks)
    parts, last = [], -60.0
    for i, week in enumerate(starts):
        if (i == 0 or week.month != starts[i - 1].month) and x[i] - last >= 44:
            words = f"{week:%b %Y}" if week.month == 1 or i == 0 else f"{week:%b}"
            parts.append(f'<text x="{x[i]:.1f}" y="{height - 5}" fill="{QUIET}">{words}</text>')
            last = float(x[i]) + (14 if len(words) > 3 else 0)
    return parts


def _line(x: np.ndarray, y: np.ndarray, late: np.ndarray) -> list[str]:
    parts = []
    for i in range(1, len(x)):
        if np.isfinite(y[i]) and np.isfinite(y[i - 1]):
            dash = ' stroke-dasharray="3 3"' if late[i] else ""
            parts.append(
                f'<line x1="{x[i - 1]:.1f}" y1="{y[i - 1]:.1f}" x2="{x[i]:.1f}" y2="{y[i]:.1f}" '
                f'stroke="{INK}" stroke-width="1.5"{dash}/>'
            )
    return parts


def _shade(share: float) -> str:
    """From near-white to dark blue, even in grey."""
    low, high = np.array([0xF2, 0xF2, 0xF0]), np.array([0x0B, 0x2A, 0x47])
    return "#" + "".join(f"{int(v):02x}" for v in low + (high - low) * min(max(share, 0), 1))
