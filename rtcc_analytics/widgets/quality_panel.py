"""What would mislead, in a notebook: findings by severity, the rows behind each, measures by source."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import ipywidgets as w
import numpy as np
import pandas as pd

from rtcc_analytics.quality import Finding, QualityReport
from rtcc_analytics.quality.findings import SEVERITIES
from rtcc_analytics.widgets.strips import hour_strip, table_html

# Told by word and by shade, so that a grey copy reads the same.
_SHADES = {"serious": ("#7a0010", "#fff"), "warning": ("#f3c26b", "#1a1a1a"), "note": ("#e6e9ec", "#1a1a1a")}
ROWS_SHOWN = 12
_HOURS = {"midnight_heaping": 0, "noon_heaping": 12}
_MEASURES = {
    "rows": "Rows",
    "offenses": "Offenses",
    "first_at": "First",
    "last_at": "Last",
    "share_without_coordinates": "Share without coordinates",
    "outside": "Outside the bounds",
    "swapped": "Swapped, put right",
    "corrected": "Corrected by hand",
    "share_block": "Share by block only",
    "share_range": "Share with a from-to range",
    "median_range_h": "Median range, hours",
    "share_no_time": "Share without a time",
    "unknown_offenses": "Unknown offenses",
    "taken_back": "Offenses taken back",
    "lag_median_days": "Median reporting lag, days",
    "lag_90_days": "Nine in ten known within, days",
    "known_7d": "Share known in 7 days",
    "known_28d": "Share known in 28 days",
}


class QualityPanel(w.VBox):
    """The reports of one or more tables, a tab each; every finding opens to the rows behind it.

    Parameters
    ----------
    reports : sequence of QualityReport
        From `rtcc_analytics.workflows.quality.check_quality`.
    """

    def __init__(self, reports: Sequence[QualityReport]) -> None:
        self.reports = tuple(reports)
        if not reports:
            super().__init__([w.HTML("<p>The store holds no incidents, calls or cameras yet: load a file first.</p>")])
            return
        pages = w.Tab([_page(report) for report in reports])
        for number, report in enumerate(reports):
            pages.set_title(number, f"{report.table} ({len(report.findings)})")
        super().__init__([pages])


def _page(report: QualityReport) -> w.VBox:
    # The same check of several feeds stands together; notes stay folded until asked for.
    ordered = sorted(report.findings, key=lambda f: (list(SEVERITIES).index(f.severity), f.check, f.source))
    notes = [finding for finding in ordered if finding.severity == "note"]
    parts: list[w.Widget] = [w.HTML(_summary(report))]
    parts += [_finding(finding) for finding in ordered if finding.severity != "note"]
    if notes:
        parts.append(_folded(f"{len(notes)} notes: {SEVERITIES['note']}", *(_finding(note) for note in notes)))
    if len(report.published):
        wide = report.published.sort_values("share", key=abs, ascending=False, kind="stable")
        title = f"Totals beside the published ones: {len(wide)}, the widest apart first"
        parts.append(_folded(title, w.HTML(_frame(wide))))
    parts.append(_folded("Measures of each source", w.HTML(_measures(report.measures))))
    if report.unchecked:
        why = "".join(
            f"<li><b>{escape(u.check.replace('_', ' '))}</b>, {escape(u.source)}: {escape(u.why)}</li>"
            for u in report.unchecked
        )
        parts.append(
            w.HTML(f'<div style="line-height:1.35"><b>Not checked</b><ul style="margin:2px 0">{why}</ul></div>')
        )
    return w.VBox(parts, layout=w.Layout(padding="4px"))


def _folded(title: str, *inside: w.Widget) -> w.Accordion:
    folded = w.Accordion([w.VBox(list(inside))], selected_index=None)
    folded.set_title(0, title)
    return folded


def _summary(report: QualityReport) -> str:
    counts = {name: sum(f.severity == name for f in report.findings) for name in SEVERITIES}
    badges = " ".join(
        f"{_badge(name)} {number} <span style='color:#555'>({escape(SEVERITIES[name])})</span>&nbsp;&nbsp;"
        for name, number in counts.items()
        if number
    )
    return (
        f'<div style="line-height:1.6"><b>{int(report.measures["rows"].sum()):,} rows</b> of '
        f"{len(report.measures)} source(s), as of {report.as_of:%d %b %Y}, snapshot {report.snapshot}<br>"
        f"{badges or 'Nothing found that would mislead.'}</div>"
    )


def _finding(finding: Finding) -> w.Widget:
    name = escape(finding.check.replace("_", " "))
    text = w.HTML(
        f'<div style="line-height:1.4;margin:2px 0">{_badge(finding.severity)} <b>{name}</b> '
        f'<span style="color:#555">{escape(finding.source)}</span><br>{escape(finding.what)}.<br>'
        f'<span style="color:#1f4e79">Do: {escape(finding.remedy)}.</span></div>'
    )
    if not len(finding.details):
        return text
    if finding.check in _HOURS:
        return w.VBox([text, w.HTML(hour_strip(finding.details, marked=_HOURS[finding.check]))])
    shown = min(ROWS_SHOWN, len(finding.details))
    title = f"Rows behind it: {shown} of {len(finding.details)}"
    return w.VBox([text, _folded(title, w.HTML(_frame(finding.details)))])


def _badge(severity: str) -> str:
    back, ink = _SHADES[severity]
    return (
        f'<span style="background:{back};color:{ink};padding:0 7px;border-radius:3px;font:600 11px sans-serif">'
        f"{severity.upper()}</span>"
    )


def _measures(measures: pd.DataFrame) -> str:
    kept = {name: words for name, words in _MEASURES.items() if name in measures}
    columns = [("", "left", list(kept.values()))]
    for row in measures.to_dict("records"):
        columns.append((str(row["source"]), "right", [_cell(row[name], name) for name in kept]))
    return f'<div style="overflow-x:auto">{table_html(columns)}</div>'


def _frame(frame: pd.DataFrame, *, caption: str = "") -> str:
    rows = frame.head(ROWS_SHOWN)
    columns = []
    for name in rows.columns:
        numbers = pd.api.types.is_numeric_dtype(rows[name])
        columns.append(
            (str(name).replace("_", " "), "right" if numbers else "left", [_cell(v, str(name)) for v in rows[name]])
        )
    return f'<div style="overflow-x:auto">{table_html(columns, caption=caption)}</div>'


def _cell(value: object, name: str) -> str:
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)) or value is pd.NA:
        return "–"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if name in ("lon", "lat"):
        return f"{value:.5f}"
    if isinstance(value, float) and name.startswith(("share", "known_")):
        return f"{value:.1%}"
    if isinstance(value, float):
        return f"{value:,.2g}" if abs(value) < 10 else f"{value:,.0f}"
    if (
        isinstance(value, (int, np.integer))
        and not isinstance(value, bool)
        and name not in ("year", "kind", "kind_raw")
    ):
        return f"{value:,}"
    return str(value)
