"""The data dictionary shows every table of either lake, with its columns as stored."""

from __future__ import annotations

import pytest

from data_connectors.dictionary import as_records, as_text
from data_connectors.errors import RtccError
from data_connectors.schemas import BOOKKEEPING
from data_connectors.store import migrations


@pytest.mark.parametrize("lake", BOOKKEEPING)
def test_every_table_of_a_lake_is_shown_as_it_is_stored(lake) -> None:
    shown: dict[str, list[str]] = {}
    for record in as_records():
        if record["lake"] == lake:
            shown.setdefault(record["table"], []).append(record["column"])
    assert shown == {name: [c.name for c in columns] for name, columns in migrations.tables_of(lake).items()}


def test_what_is_kept_in_both_lakes_has_one_heading_that_says_so() -> None:
    headings = [line for line in as_text().splitlines() if line.startswith("## ")]
    assert len(headings) == len(set(headings)) and {"## alerts", "## loads", "## rejects"} <= set(headings)
    assert "`records` and `sightings`, one in each" in as_text("rejects")
    assert "Lake: `sightings`" in as_text("alerts")


def test_an_unknown_table_is_told_which_there_are() -> None:
    with pytest.raises(RtccError, match="no table 'alert'; there are: .*incidents.*alerts"):
        as_records("alert")
