"""A report as a tagged PDF for print, set by typst with the fonts it carries."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from rtcc_analytics.report.document import ChartSection, MapSection, Report, ReportError
from rtcc_analytics.report.figures import chart_svg
from rtcc_analytics.report.laidout import laid_out

PDF_STANDARD = "ua-1"
SCALES = (1.0, 0.96, 0.92, 0.88, 0.84)


def render_pdf(report: Report, path: str | Path) -> Path:
    """Write the report as PDF, US Letter, tagged for screen readers (PDF/UA-1).

    No font or program of the machine is used, and the date inside is that of the data, so the same
    report gives the same bytes anywhere. A report with `most_pages` is set smaller, down to 84 % and
    no further, until it keeps to them; nothing is ever cut.

    Raises
    ------
    ReportError
        Where typst refuses the document, in its words.

    Examples
    --------
    >>> from rtcc_analytics.report import Provenance, Report, Text
    >>> note = Report(title="Note", subtitle="", sections=(Text(key="a", title="A"),),
    ...               provenance=Provenance(report="n"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     render_pdf(note, f"{folder}/note.pdf").read_bytes()[:5]
    b'%PDF-'
    """
    import typst

    path = Path(path)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "page.typ").write_text(_template(), encoding="utf-8")
        values = _values(report, folder)
        try:
            for scale in SCALES if report.most_pages else SCALES[:1]:
                (folder / "report.json").write_text(json.dumps(values | {"scale": scale}), encoding="utf-8")
                if not report.most_pages or _pages(folder) <= report.most_pages:
                    break
            content = typst.compile(
                folder / "page.typ",
                root=folder,
                font_paths=_fonts(),
                pdf_standards=PDF_STANDARD,
                timestamp=_stamp(report),
            )
        except typst.TypstError as refused:
            raise ReportError(f"{report.title!r} cannot be set for print: {refused}") from refused
    path.write_bytes(content)
    return path


def _pages(folder: Path) -> int:
    import typst

    return int(
        typst.query(folder / "page.typ", "<pages>", field="value", one=True, root=folder, font_paths=_fonts())
    )


def _values(report: Report, folder: Path) -> dict[str, Any]:
    for section in report.sections:
        if isinstance(section, ChartSection | MapSection):
            chart = section.chart if isinstance(section, ChartSection) else section.printed
            (folder / f"{section.key}.svg").write_text(chart_svg(chart, medium="print"), encoding="utf-8")
    return laid_out(report)


def _stamp(report: Report) -> datetime:
    return (report.provenance.loaded_at or datetime(2000, 1, 1, tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)


@cache
def _fonts() -> Any:
    import typst

    return typst.Fonts(include_system_fonts=False)


@cache
def _template() -> str:
    return (files("rtcc_analytics.report") / "templates" / "page.typ").read_text(encoding="utf-8")
