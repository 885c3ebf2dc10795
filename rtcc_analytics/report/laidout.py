"""A report as plain values, ready for a template: the same for the page and for print."""

from __future__ import annotations

import re
from typing import Any

from rtcc_analytics.report.document import ChartSection, MapSection, Report, Section, TableSection, Text, rows_of, runs
from rtcc_analytics.report.provenance import plain, software, without_password

_NUMBER = re.compile(r"(?=.*\d)(?:[-+−±▲▼*~<≤()%.,:\s\d]|\bto\b)+")
SHOWN_ROWS = 60


def laid_out(report: Report) -> dict[str, Any]:
    """Rows of sections with their text in runs, tables as cells, and what is said of provenance.

    Pictures are not drawn: a section of kind ``chart`` or ``map`` carries its key and words only.

    Examples
    --------
    >>> from rtcc_analytics.report import Provenance, Report, Text
    >>> note = Report(title="Note", subtitle="", sections=(Text(key="a", title="A"),),
    ...               provenance=Provenance(report="n"))
    >>> laid_out(note)["rows"][0][0]["kind"]
    'text'
    """
    return {
        "title": report.title,
        "subtitle": report.subtitle,
        "banner": report.banner,
        "language": report.language,
        "rows": [[_section(section) for section in row] for row in rows_of(report.sections)],
        "made": _made(report),
        "reads": [
            {"name": r.name, "sql": r.sql, "parameters": _pairs(r.parameters), "rows": f"{r.rows:,}"}
            for r in report.provenance.reads
        ],
    }


def _section(section: Section) -> dict[str, Any]:
    common: dict[str, Any] = {"key": section.key, "title": section.title, "width": section.width, "how": ""}
    if isinstance(section, Text):
        return common | {
            "kind": "text",
            "style": section.style,
            "paragraphs": [runs(text) for text in section.paragraphs],
            "items": [runs(text) for text in section.items],
        }
    common |= {"caption": runs(section.caption), "how": _how(section)}
    if isinstance(section, TableSection):
        return common | {"kind": "table", "table": _table(section), "empty": section.empty}
    kind = "chart" if isinstance(section, ChartSection) else "map"
    return common | {"kind": kind, "alt": section.alt_text, "data": _data(section)}


def _table(section: TableSection) -> dict[str, Any]:
    cells = [[str(cell) for cell in row] for row in section.shown.itertuples(index=False, name=None)]
    strong = set(section.strong)
    return {
        "columns": [
            {"name": str(name), "right": bool(cells) and _numeric([row[i] for row in cells])}
            for i, name in enumerate(section.shown.columns)
        ],
        "groups": [{"label": label, "columns": columns} for label, columns in section.groups],
        "rows": [
            [{"text": text, "strong": (i, j) in strong} for j, text in enumerate(row)] for i, row in enumerate(cells)
        ],
    }


def _data(section: ChartSection | MapSection) -> dict[str, Any]:
    """The first rows of the data behind a picture, for readers who cannot see it."""
    frame = section.frame.head(SHOWN_ROWS)
    cells = [[_cell(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    columns = [
        {"name": str(name).replace("_", " "), "right": bool(cells) and _numeric([row[i] for row in cells])}
        for i, name in enumerate(frame.columns)
    ]
    rows = [[{"text": text, "strong": False} for text in row] for row in cells]
    return {"columns": columns, "groups": [], "rows": rows, "left_out": max(0, len(section.frame) - SHOWN_ROWS)}


def _cell(value: Any) -> str:
    if value is None or value != value:  # NaN and NaT are unlike themselves
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    if hasattr(value, "hour") and (value.hour, value.minute, value.second) == (0, 0, 0):
        return str(value.date())
    return f"{value:,}" if isinstance(value, int) and not 1900 <= value <= 2100 else str(value)


def _numeric(texts: list[str]) -> bool:
    return all(_NUMBER.fullmatch(text) or text.strip() in {"", "–", "—"} for text in texts) and any(texts)


def _how(section: TableSection | ChartSection | MapSection) -> str:
    reads = f" Read: {', '.join(section.reads)}." if section.reads else ""
    return f"{section.how}{reads} Data: data/{section.key}.csv." if section.how else ""


def _made(report: Report) -> list[dict[str, str]]:
    provenance = report.provenance
    said = [
        ("Data as of", _as_of(report)),
        ("Store", without_password(provenance.store)),
        ("Snapshot of the records", "" if provenance.snapshot is None else str(provenance.snapshot)),
        ("Report", provenance.report),
        ("Parameters", "; ".join(f"{p['name']}: {p['value']}" for p in _pairs(provenance.parameters))),
        ("Feeds", "; ".join(str(source.get("source", "")) for source in provenance.sources)),
        ("Software", ", ".join(f"{name} {number}" for name, number in software().items())),
    ]
    return [{"name": name, "value": value} for name, value in said if value]


def _as_of(report: Report) -> str:
    loaded, newest = report.provenance.loaded_at, report.provenance.newest_report_at
    said = [f"loaded {loaded:%Y-%m-%d %H:%M %Z}".strip()] if loaded else []
    if newest and report.provenance.reports_known_to == "month":
        said.append(f"newest report in {newest:%B %Y}, the day not known")
    elif newest:
        said.append(f"newest report {newest:%Y-%m-%d}")
    return "; ".join(said)


def _pairs(values: Any) -> list[dict[str, str]]:
    return [{"name": name, "value": _spoken(plain(value))} for name, value in values.items()]


def _spoken(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or "none"
    return "none" if value is None or value == "" else str(value)
