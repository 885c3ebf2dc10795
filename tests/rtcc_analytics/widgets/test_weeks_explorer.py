"""The weekly line's controls drive line and table together."""

from __future__ import annotations

import pytest

from data_connectors.errors import RtccError
from rtcc_analytics.events import Occurrences
from rtcc_analytics.widgets import WeeksExplorer
from rtcc_analytics.workflows.exploration import Exploration, weeks_of


@pytest.fixture
def records(held: Exploration) -> Occurrences:
    events = held.events
    return Occurrences(occurred_from=events.occurred_from, timezone=events.timezone, offense=events.offense)


def test_offense_and_span_change_line_and_table(records: Occurrences) -> None:
    explorer = WeeksExplorer(records, offense="burglary")
    line, table = explorer.line.value, explorer.table.value
    explorer.offense.value = ("240",)
    assert explorer.line.value != line and explorer.table.value != table and "240" in explorer.title
    line = explorer.line.value
    explorer.span.value = 26
    assert len(explorer.series.count) == 26 and explorer.line.value != line


def test_a_week_is_the_count_of_its_days(records: Occurrences) -> None:
    line = weeks_of(records, offense="240", until="2024-01-01", weeks=52).to_frame()
    chosen = records.of("240").between("2023-12-18", "2023-12-25")
    assert line.set_index("week_start")["count"]["2023-12-18"] == chosen.size
    assert line["count"].sum() == records.of("240").between("2023-01-02", "2024-01-01").size


def test_a_rare_offense_is_shown_to_the_end_of_the_records_not_of_its_own(records: Occurrences) -> None:
    early = records.where((records.local_day < records.local_day.min() + 100) | (records.offense == "220"))
    assert weeks_of(early, offense="240").week_start[-1] == weeks_of(early, offense="220").week_start[-1]


@pytest.mark.parametrize(("offense", "said"), [("arson", "no record of 'arson'"), ("jaywalking", "jaywalking")])
def test_an_offense_without_records_or_meaning_is_named(records: Occurrences, offense: str, said: str) -> None:
    with pytest.raises(RtccError, match=said):
        WeeksExplorer(records, offense=offense)
