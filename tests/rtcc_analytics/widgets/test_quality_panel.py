"""The panel says every finding once, gravest first, and hides nothing it was given."""

from __future__ import annotations

from datetime import UTC, datetime

import ipywidgets as w
import pandas as pd
import pytest

from rtcc_analytics.quality import Finding, QualityReport, Unchecked
from rtcc_analytics.widgets import QualityPanel

HOURS = pd.DataFrame({"hour": range(24), "on_the_hour": [970, *[40] * 23], "records": 100})
FINDINGS = (
    Finding("midnight_heaping", "warning", "beats", "970 at midnight", 970, 155, "records", "spread them", HOURS),
    Finding("stacked_points", "note", "<b>beats", "2 points", 40, 2, "rows", "look",
            pd.DataFrame({"lon": [-73.9], "lat": [41.7], "share": [0.125], "why": ["an <institution>"]})),
    Finding("days_without_records", "serious", "zones", "31 days hold nothing", 0, 400, "records", "load the file"),
)  # fmt: skip


def report(**changed: object) -> QualityReport:
    measures = pd.DataFrame({
        "source": ["beats", "zones"], "rows": [4000, 12], "share_range": [0.21, 0.0], "lag_median_days": [0.08, None],
        "last_at": [pd.Timestamp("2024-01-05 03:00"), pd.NaT],
    })  # fmt: skip
    published = pd.DataFrame({"agency": [f"A{i}" for i in range(20)], "year": 2023, "own": range(20), "published": 10,
                              "share": [(i - 10) / 10 for i in range(20)]})  # fmt: skip
    given = {
        "table": "incidents", "source": None, "since": None, "as_of": datetime(2024, 2, 1, tzinfo=UTC), "snapshot": 7,
        "measures": measures, "findings": FINDINGS, "published": published,
        "unchecked": (Unchecked("reporting_lag", "zones", "only the month is known"),),
    }  # fmt: skip
    return QualityReport(**{**given, **changed})


def words(widget: w.Widget) -> str:
    """Everything a widget shows, in order, titles of folded parts included."""
    own = [widget.value] if isinstance(widget, w.HTML) else list(getattr(widget, "titles", ()))
    return " ".join([*own, *(words(child) for child in getattr(widget, "children", ()))])


def test_findings_come_gravest_first_and_none_is_missing() -> None:
    said = words(QualityPanel([report()]))
    places = [said.index(text) for text in ("31 days hold nothing", "970 at midnight", "2 points")]
    assert places == sorted(places)
    for text in ("load the file", "spread them", "only the month is known", "4,012 rows", "snapshot 7"):
        assert text in said


def test_notes_stay_folded_and_graver_findings_open() -> None:
    page = QualityPanel([report()]).children[0].children[0]
    folded = [child for child in page.children if isinstance(child, w.Accordion)]
    assert folded[0].titles[0].startswith("1 notes") and folded[0].selected_index is None
    assert "2 points" in words(folded[0]) and "970 at midnight" not in words(folded[0])


def test_heaped_hours_are_drawn_with_the_number_at_the_heap() -> None:
    said = words(QualityPanel([report()]))
    assert said.count("<rect") == 24 and ">970</text>" in said


def test_published_totals_show_the_widest_apart_first_and_say_how_many_there_are() -> None:
    said = words(QualityPanel([report()]))
    table = said[said.index("Totals beside the published ones: 20") :]
    assert table.index(">A0<") < table.index(">A1<") < table.index(">A5<") and ">A10<" not in table


def test_numbers_are_readable_and_what_is_not_known_is_a_dash() -> None:
    said = words(QualityPanel([report()]))
    for text in (">21.0%<", ">12.5%<", ">4,000<", ">0.08<", ">–<", ">-73.90000<", ">2024-01-05<"):
        assert text in said, text


def test_what_a_feed_calls_itself_cannot_become_markup() -> None:
    said = words(QualityPanel([report()]))
    assert "<b>beats" not in said and "&lt;institution&gt;" in said


@pytest.mark.parametrize("reports", [[], [report(findings=(), unchecked=(), published=pd.DataFrame())]])
def test_nothing_to_say_is_said(reports: list[QualityReport]) -> None:
    said = words(QualityPanel(reports))
    assert ("load a file first" in said) if not reports else ("Nothing found that would mislead" in said)
