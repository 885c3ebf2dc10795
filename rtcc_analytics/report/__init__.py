"""Reports: ordered sections with provenance, drawn as a page, a printed document and a folder of data."""

from __future__ import annotations

from rtcc_analytics.report.document import ChartSection, MapSection, Report, ReportError, Section, TableSection, Text
from rtcc_analytics.report.opening import opened
from rtcc_analytics.report.page import render_html
from rtcc_analytics.report.parameters import coerced
from rtcc_analytics.report.printed import render_pdf
from rtcc_analytics.report.provenance import Provenance, ReadLog
from rtcc_analytics.report.saving import SavedReport, save

__all__ = [
    "ChartSection",
    "MapSection",
    "Provenance",
    "ReadLog",
    "Report",
    "ReportError",
    "SavedReport",
    "Section",
    "TableSection",
    "Text",
    "coerced",
    "opened",
    "render_html",
    "render_pdf",
    "save",
]
