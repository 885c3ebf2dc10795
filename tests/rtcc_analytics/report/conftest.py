"""A small report with one section of each kind."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
import shapely

from rtcc_analytics import charts
from rtcc_analytics.maps import Ground, HotPlaces, places_map, still_places
from rtcc_analytics.report import ChartSection, MapSection, Provenance, Report, TableSection, Text
from rtcc_analytics.report.provenance import Read
from rtcc_analytics.study import StudyArea


@pytest.fixture(scope="session")
def ground() -> Ground:
    """Four kilometres square with two streets and a name that tries to be markup."""
    area = StudyArea(shapely.box(500_000, 4_000_000, 504_000, 4_004_000), "EPSG:32615", "America/Chicago", "Square")
    streets = np.array(
        [
            shapely.LineString([(500_000, 4_002_000), (504_000, 4_002_000)]),
            shapely.LineString([(502_000, 4_000_000), (502_000, 4_004_000)]),
        ],
        dtype=object,
    )
    names = pd.DataFrame(
        {"name": ["Northtown", "<b>South</b>"], "x": [502_500.0, 503_000.0], "y": [4_003_000.0, 4_001_000.0]}
    )
    return Ground(area, streets, names, "SIMULATED DATA")


@pytest.fixture(scope="session")
def places() -> HotPlaces:
    """A stable, a new and a cooling place."""
    boxes = [shapely.box(x, 4_001_000, x + 250, 4_001_250) for x in (500_500, 501_500, 502_500)]
    words = ["A: stable </script><script>bad()</script>", "B: new", "C: cooling"]
    return HotPlaces(np.array(boxes, dtype=object), ["stable", "new", "cooling"], ["A", "B", "C"], words)


@pytest.fixture(scope="session")
def small_report(ground: Ground, places: HotPlaces) -> Report:
    """One section of each kind, words that try to be markup, and data that try to be a formula."""
    top = pd.DataFrame(
        {
            "place": ["100 Main St", "=HYPERLINK(1)"],
            "count": [14, 9],
            "since": [pd.Timestamp("2024-01-01", tz="UTC"), pd.NaT],
        }
    )
    shown = pd.DataFrame(
        [["100 Main St", "14", "+3 (−1 to +7)"], ["=HYPERLINK(1)", "9", "▲ +9 (+2 to +16)"]],
        columns=["Place", "Count", "Difference"],
    )
    sections = (
        Text(
            key="bottom_line",
            title="Bottom line",
            style="lead",
            paragraphs=("**Up** by <i>3</i> & #set page(fill: red)",),
        ),
        TableSection(
            key="places",
            title="Places",
            frame=top,
            shown=shown,
            groups=(("", 1), ("28 days", 2)),
            strong=((1, 2),),
            caption="Counts.",
            how="Counted.",
            reads=("incidents",),
        ),
        ChartSection(
            key="bars",
            title="Bars",
            chart=charts.top_places(top),
            frame=top,
            alt_text="Two bars, 14 and 9",
            width="half",
        ),
        MapSection(
            key="map",
            title="Hot places",
            live=places_map(places, ground),
            printed=still_places(places, ground),
            frame=top,
            alt_text="Map of three hot places",
            width="half",
        ),
    )
    provenance = Provenance(
        report="small",
        parameters={"until": datetime(2024, 1, 1).date()},
        store="here",
        snapshot=3,
        loaded_at=datetime(2024, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC),
        reads=(Read("incidents", "SELECT 1 < 2", {"n": 1}, 1),),
    )
    return Report(
        title="Small report",
        subtitle="Square, one week",
        sections=sections,
        provenance=provenance,
        banner="SIMULATED DATA",
    )
