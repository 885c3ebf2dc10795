"""Every -1 leaves a map together with the one row it cancels, by the closest tie there is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcc_analytics.take_backs import match_take_backs


def rows(*records: dict) -> pd.DataFrame:
    usual = {"source": "pd", "incident_id": None, "offense": "220", "offense_raw": "51312", "offense_count": 1,
             "occurred_from": "2012-05-01 08:00", "address": "3408 S SPRING AVE", "lon": -90.2, "lat": 38.6}
    frame = pd.DataFrame([usual | record for record in records])
    return frame.assign(occurred_from=pd.to_datetime(frame["occurred_from"], utc=True, format="ISO8601"))


BACK = {"offense_count": -1}


def kept(*records: dict) -> list[int]:
    return np.flatnonzero(match_take_backs(rows(*records)).kept).tolist()


def test_the_incident_number_is_the_strongest_tie() -> None:
    back = BACK | {"incident_id": "8", "occurred_from": "2012-06-01"}
    assert kept({"incident_id": "7"}, {"incident_id": "8"}, back) == [0]


def test_time_and_address_tie_rows_without_a_number() -> None:
    assert kept({}, {"address": "1 MAIN ST"}, BACK | {"address": "1  main st", "lon": None, "lat": None}) == [0]


def test_a_shortened_street_is_known_by_its_house_number() -> None:
    assert kept({}, {"address": "9 SPRING AVE"}, BACK | {"address": "3408 SPRING", "lon": None}) == [1]


def test_a_lone_row_at_that_minute_is_taken_but_not_one_of_two() -> None:
    back = BACK | {"address": None, "lon": None}
    assert kept({}, {"occurred_from": "2012-05-02"}, back) == [1]
    assert kept({}, {"address": "1 MAIN ST"}, back) == [0, 1]


def test_another_time_at_that_address_takes_the_nearest_earlier() -> None:
    assert kept({"occurred_from": "2012-05-01"}, {"occurred_from": "2012-05-03"}, {"occurred_from": "2012-05-09"},
                BACK | {"occurred_from": "2012-05-05"}) == [0, 2]


def test_other_offenses_and_sources_are_never_touched() -> None:
    result = match_take_backs(rows({"offense_raw": "61"}, {"source": "other"}, BACK))
    assert result.kept.tolist() == [True, True, False] and result.unmatched == 1


def test_two_take_backs_never_cancel_one_row() -> None:
    result = match_take_backs(rows({}, BACK, BACK))
    assert (result.matched, result.unmatched, result.kept.sum()) == (1, 1, 0)


def test_without_take_backs_everything_stays() -> None:
    assert match_take_backs(rows({}, {})).kept.all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([1, 1, 1, -1]), st.sampled_from(["a 1", "2 b", "2 c", None]),
                          st.integers(1, 3), st.sampled_from([None, "7", "8"])), min_size=1, max_size=25))
def test_counts_balance(drawn: list[tuple]) -> None:
    frame = rows(*({"offense_count": n, "address": a, "occurred_from": f"2012-05-0{day}", "incident_id": i, "lon": None}
                   for n, a, day, i in drawn))
    result = match_take_backs(frame)
    negative = (frame["offense_count"] < 0).sum()
    assert result.matched + result.unmatched == negative
    assert result.kept.sum() == len(frame) - negative - result.matched
    assert frame.loc[result.kept, "offense_count"].sum() == frame["offense_count"].sum() + result.unmatched


def test_nearly_every_take_back_of_st_louis_finds_its_row(shared: Path) -> None:
    parts = []
    for path in sorted((shared / "data" / "stlouis_slmpd_raw" / "2008-2015").iterdir()):
        part = pd.read_csv(path, dtype="string", encoding="cp1252", keep_default_na=False, na_values=[""])
        part.columns = part.columns.str.strip()
        parts.append(part.rename(columns={"DateOccur": "DateOccured"}))
    raw = pd.concat(parts, ignore_index=True)
    place = raw[["XCoord", "YCoord"]].astype(float).replace(0, np.nan)
    frame = pd.DataFrame({
        "source": "slmpd", "incident_id": raw["Complaint"], "offense": raw["Crime"], "offense_raw": raw["Crime"],
        "offense_count": raw["Count"].astype(int), "lon": place["XCoord"], "lat": place["YCoord"],
        "occurred_from": pd.to_datetime(raw["DateOccured"], format="%m/%d/%Y %H:%M", utc=True),
        "address": raw["ILEADSAddress"].str.strip() + " " + raw["ILEADSStreet"].str.strip()})
    result = match_take_backs(frame)
    assert (result.matched, result.unmatched) == (5976, 165)
    cancelled = ~result.kept & (frame["offense_count"].to_numpy() > 0)
    assert cancelled.sum() == result.matched
    assert frame.loc[result.kept, "offense_count"].sum() == 337_607 + 165
