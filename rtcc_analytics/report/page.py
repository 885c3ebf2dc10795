"""A report as one HTML file that asks nothing of the network."""

from __future__ import annotations

import html
from functools import cache
from importlib.resources import files
from pathlib import Path

import jinja2

from rtcc_analytics.report.document import ChartSection, MapSection, Report
from rtcc_analytics.report.figures import chart_svg
from rtcc_analytics.report.laidout import laid_out


def render_html(report: Report, path: str | Path) -> Path:
    """Write the report as one self-contained HTML file.

    Styles, pictures and the map's program are inside; a content policy in the file forbids every
    request. Charts are vector drawings with their data in a table beneath; the map moves, and in
    print or without scripts its still twin stands in.

    Returns
    -------
    Path
        The file written. The same report gives the same bytes.

    Examples
    --------
    >>> import tempfile
    >>> from rtcc_analytics.report import Provenance, Report, Text
    >>> note = Report(title="Note", subtitle="", sections=(Text(key="a", title="A"),),
    ...               provenance=Provenance(report="n"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     "<h1>Note</h1>" in render_html(note, f"{folder}/note.html").read_text()
    True
    """
    path = Path(path)
    path.write_text(page(report), encoding="utf-8")
    return path


def page(report: Report) -> str:
    """The report as the text of one self-contained HTML page.

    Examples
    --------
    >>> from rtcc_analytics.report import Provenance, Report
    >>> page(Report(title="Empty", subtitle="", sections=(), provenance=Provenance(report="n")))[:15]
    '<!doctype html>'
    """
    pictures, maps = {}, {}
    for section in report.sections:
        if isinstance(section, ChartSection):
            pictures[section.key] = chart_svg(section.chart, name=section.key)
        elif isinstance(section, MapSection):
            pictures[section.key] = chart_svg(section.printed, name=section.key)
            maps[section.key] = section.live_page
    return _template("page.html").render(**laid_out(report), pictures=pictures, maps=maps, style=_text("page.css"))


def failure_page(*, title: str, message: str, details: str, language: str = "en") -> str:
    """A page that says that a report failed, why, and what was asked.

    Examples
    --------
    >>> "No incidents" in failure_page(title="Weekly briefing", message="No incidents", details="")
    True
    """
    return _template("failed.html").render(
        title=title, message=message, details=details, language=language, style=_text("page.css")
    )


def framed(page_text: str, *, title: str, height_px: int) -> str:
    """A page inside a frame, for a notebook's output.

    Examples
    --------
    >>> framed("<p>x</p>", title="A & B", height_px=100)[:40]
    '<iframe title="A &amp; B" srcdoc="&lt;p&'
    """
    return (
        f'<iframe title="{html.escape(title)}" srcdoc="{html.escape(page_text)}" '
        f'style="width:100%;height:{height_px}px;border:1px solid #d9d9d9"></iframe>'
    )


@cache
def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FunctionLoader(_text),
    )
    return environment.get_template(name)


@cache
def _text(name: str) -> str:
    return (files("rtcc_analytics.report") / "templates" / name).read_text(encoding="utf-8")
