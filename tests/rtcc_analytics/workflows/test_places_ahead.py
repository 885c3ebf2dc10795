"""Forecasts of places in the briefing: counted by hand, blind to what came later, withheld with one sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from data_connectors import Store
from data_connectors.errors import RtccError
from rtcc_analytics.events import Events
from rtcc_analytics.from_store import read_events, read_study_area
from rtcc_analytics.report import Report
from rtcc_analytics.study import StudyArea
from rtcc_analytics.workflows.weekly_briefing import places_ahead, weekly_briefing
from rtcc_analytics.workflows.weekly_briefing.places_ahead import place_forecasts, places_ahead_section

UNTIL = date(2024, 11, 25)
LATE = 2


@pytest.fixture(scope="module")
def read(county: Store) -> tuple[Events, StudyArea]:
    study = read_study_area(county)
    events = read_events(county, area=study, end=UNTIL)
    return events.where(~events.sensitive), study


def forecasts(events: Events, study: StudyArea, **given: object) -> pd.DataFrame:
    return place_forecasts(events, study, **{"codes": ["220", "23H"], "until": UNTIL, "late_weeks": LATE, **given})[0]


@pytest.fixture(scope="module")
def made(read: tuple[Events, StudyArea]) -> pd.DataFrame:
    return forecasts(*read)


def test_the_scored_week_is_the_last_complete_one_and_counts_as_by_hand(
    read: tuple[Events, StudyArea], made: pd.DataFrame
) -> None:
    events = read[0].of("220")
    day = events.local_from.astype("datetime64[D]")
    start = np.datetime64(UNTIL) - 7 * (LATE + 1)
    assert made["offense"].tolist() == ["Burglary"] and made["week_start"].tolist() == [start]
    assert made["counted"].tolist() == [((day >= start) & (day < start + 7)).sum()]
    assert made["next_start"].tolist() == [np.datetime64(UNTIL)]
    assert (made["hits"] <= made["counted"]).all() and (made["next_low"] < made["next_expected"]).all()
    assert (made["next_flagged"] < made["next_expected"]).all()
    assert made["places"].str.contains("MARKET ST").all()


def test_what_happened_later_changes_no_forecast_of_the_scored_week(
    read: tuple[Events, StudyArea], made: pd.DataFrame
) -> None:
    events, study = read
    start = np.datetime64(UNTIL, "s") - np.timedelta64(7 * (LATE + 1), "D")
    later = np.flatnonzero(events.local_from >= start)
    moved = np.arange(events.size)
    moved[later] = np.random.default_rng(2).permutation(later)
    again = forecasts(replace(events, x=events.x[moved], y=events.y[moved]), study)
    assert again["expected"].tolist() == made["expected"].tolist()
    assert again["hits"].tolist() != made["hits"].tolist()


def test_a_refused_forecast_is_withheld_and_says_why_once(
    read: tuple[Events, StudyArea], made: pd.DataFrame
) -> None:
    refused = made.assign(answer="do not use", reason="the level is off: 0.61 of those expected").drop(
        columns=["next_expected", "next_low", "next_high", "next_flagged", "places"])
    (section,) = places_ahead_section(pd.concat([made, refused]), place_forecasts(
        *read, codes=[], until=UNTIL, late_weeks=0)[1], reads=("incidents",))
    told, withheld = section.shown.to_dict("records")
    assert [withheld[c] for c in ("Forecast (90 %)", " In flagged", "Most expected near")] == ["withheld", "–", "–"]
    assert withheld["Verdict"] == "do not use" and withheld["Counted"] == told["Counted"] != "–"
    assert section.caption.count("forecast withheld,** the level is off: 0.61 of those expected.") == 1


def test_an_offense_that_cannot_be_forecast_says_why(
    read: tuple[Events, StudyArea], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RtccError("no origin has an outcome")

    monkeypatch.setattr(places_ahead, "forecast_places", refuse)
    frame, grid = place_forecasts(*read, codes=["220"], until=UNTIL, late_weeks=0)
    (section,) = places_ahead_section(frame, grid, reads=())
    assert "Burglary: forecast withheld,** no origin has an outcome." in section.caption
    assert section.groups[1][0] == "Week" and section.shown["Counted"].tolist() == ["–"]


def test_offenses_too_rare_to_judge_are_not_forecast(read: tuple[Events, StudyArea]) -> None:
    events, study = read
    few = events.between(UNTIL - timedelta(days=30), UNTIL)
    frame, grid = place_forecasts(few, study, codes=["220"], until=UNTIL, late_weeks=0)
    assert frame.empty and places_ahead_section(frame, grid, reads=()) == []


def test_the_briefing_shows_it_without_places_that_point_at_victims(county: Store) -> None:
    report: Report = weekly_briefing(county)
    section = next(one for one in report.sections if one.key == "places_ahead")
    assert "Burglary" in section.shown["Offense"].tolist()
    assert "SECRET" not in section.shown.to_string()
