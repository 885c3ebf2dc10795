"""A report in a folder: page, print, the data behind every number, and how they were made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rtcc_analytics.report.document import Report
from rtcc_analytics.report.page import render_html
from rtcc_analytics.report.printed import render_pdf
from rtcc_analytics.report.provenance import write_tables


@dataclass(frozen=True)
class SavedReport:
    """Where a report's files are.

    Attributes
    ----------
    html, pdf, provenance : Path
        The page, the print, and provenance.json.
    data : Path
        Folder with one CSV per table.
    """

    html: Path
    pdf: Path
    provenance: Path
    data: Path


def save(report: Report, out: str | Path) -> SavedReport:
    """Write ``NAME.html``, ``NAME.pdf``, ``provenance.json`` and ``data/*.csv`` into a folder, made if needed.

    Examples
    --------
    >>> import tempfile
    >>> from rtcc_analytics.report import Provenance, Report, Text
    >>> note = Report(title="Note", subtitle="", sections=(Text(key="a", title="A"),),
    ...               provenance=Provenance(report="note"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(note, folder).html.name
    'note.html'
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    name = report.provenance.report
    data = out / "data"
    saved = SavedReport(out / f"{name}.html", out / f"{name}.pdf", out / "provenance.json", data)
    clear_earlier(saved.provenance)
    tables = write_tables(report.tables(), data)
    render_html(report, saved.html)
    render_pdf(report, saved.pdf)
    run = {"made_at": datetime.now(UTC).isoformat(timespec="seconds")}
    report.provenance.write(saved.provenance, tables=tables, run=run)
    return saved


def clear_earlier(provenance: Path) -> None:
    """Remove the tables that an earlier run left beside `provenance`, and only those.

    The folder may hold other things.
    """
    if provenance.is_file():
        for table in json.loads(provenance.read_text(encoding="utf-8")).get("tables", ()):
            (provenance.parent / table["file"]).unlink(missing_ok=True)
