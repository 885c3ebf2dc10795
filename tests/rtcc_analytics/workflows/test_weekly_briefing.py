"""The briefing's numbers, checked by hand; what it leaves out; what it marks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data_connectors import Purpose, Store, load
from data_connectors.errors import RtccError
from data_connectors.store import ledger
from rtcc_analytics.offenses import INDEX_GROUPS
from rtcc_analytics.quality import assess
from rtcc_analytics.report import Report, TableSection, Text
from rtcc_analytics.workflows.weekly_briefing import ahead, patterns, reading, weekly_briefing

UNTIL = date(2024, 11, 25)
SPANS = {"7d": ("2024-11-18", "2023-11-18"), "28d": ("2024-10-28", "2023-10-28"), "ytd": ("2024-01-01", "2023-01-01")}


@pytest.fixture(scope="module")
def briefed(county: Store) -> Report:
    return weekly_briefing(county, follow_up=("done: patrols", "a thing without a state"), notes="One.\n\nTwo.")


def section(report: Report, key: str):
    return next((one for one in report.sections if one.key == key), None)


def shown(report: Report, offense: str) -> dict[str, str]:
    """One row of the table as it is printed."""
    table = section(report, "comparison")
    row = table.shown[table.shown["Offense"] == offense].iloc[0].tolist()[1:]
    width = len(row) // 3
    return {window: row[i * width : (i + 1) * width] for i, window in enumerate(SPANS)}


def test_the_table_is_what_plain_sql_counts(county: Store, briefed: Report) -> None:
    rows = county.read("SELECT offense, offense_count, CAST(occurred_local AS DATE) AS day FROM incidents")
    rows["day"] = pd.to_datetime(rows["day"])
    for name, codes in {**INDEX_GROUPS, "All of these": sum(INDEX_GROUPS.values(), ())}.items():
        counted = rows[rows["offense"].isin(codes)]
        if counted.empty:
            continue
        for window, starts in SPANS.items():
            for column, start, end in zip((0, 1), starts, ("2024-11-25", "2023-11-25"), strict=True):
                by_hand = counted.loc[(counted["day"] >= start) & (counted["day"] < end), "offense_count"].sum()
                assert shown(briefed, name)[window][column] == f"{by_hand:,}"


def test_an_offense_of_no_feed_has_dashes_instead_of_zeros(county: Store, briefed: Report) -> None:
    carried = set(county.read("SELECT DISTINCT offense FROM incidents")["offense"])
    absent = [name for name, codes in INDEX_GROUPS.items() if carried.isdisjoint(codes)]
    assert "Arson" in absent and "Burglary" not in absent
    for name in absent:
        assert set(sum(shown(briefed, f"{name}: not in these feeds").values(), [])) == {"–"}
    assert any(
        item.startswith(f"**Not in these feeds:** {', '.join(absent).lower()}.")
        for item in section(briefed, "cautions").items
    )
    assert set(section(briefed, "comparison").frame["offense"]).isdisjoint(absent)


def test_the_clock_names_the_hours_that_quality_finds_heaped(
    fill: Callable[..., Store], incidents: pd.DataFrame, briefed: Report
) -> None:
    assert "Not to be trusted" not in section(briefed, "clock").caption
    told = incidents["occurred_local"]
    local = told.where(np.arange(len(told)) % 3 > 0, told.dt.floor("D"))
    store = fill(incidents=incidents.assign(
        occurred_local=local,
        occurred_from=local.dt.tz_localize("America/New_York", ambiguous=False).dt.tz_convert("UTC"),
        occurred_to=local.dt.tz_localize("America/New_York", ambiguous=False).dt.tz_convert("UTC"),
    ))
    clock = section(weekly_briefing(store), "clock")
    since = datetime(2024, 11, 25, 5, tzinfo=UTC) - timedelta(days=396)
    found, = assess(store, since=since, as_of=datetime(2024, 11, 25, 5, tzinfo=UTC)).of("midnight_heaping")
    assert f"00:00 in simulated_county, {found.seen / found.expected:.1f} times" in clock.caption
    assert "12:00" not in clock.caption and clock.caption in clock.alt_text


def test_the_map_accounts_for_what_the_table_counts(county: Store, briefed: Report) -> None:
    caption = section(briefed, "hot_places").caption
    total = shown(briefed, "All of these")["28d"][0]
    assert f"The table's {total} offenses of 28 days: " in caption
    numbers = caption.split("28 days: ")[1].replace("− ", "-").replace("+ ", "+").split()
    parts = [int(word.replace(",", "")) for word in numbers if word.strip("+-").replace(",", "").isdigit()]
    assert sum(parts) == int(total.replace(",", "")) and "sex or domestic, kept off it" in caption
    unplaced = county.read(
        "SELECT count(*) AS n FROM incidents WHERE lon IS NULL AND offense_count > 0 AND offense <> 'unknown' "
        "AND occurred_local >= '2024-10-28' AND occurred_local < '2024-11-25'")["n"].iloc[0]
    assert f"+ {unplaced} without coordinates" in caption


def test_the_last_weeks_are_marked_where_reports_come_late(briefed: Report) -> None:
    weeks = section(briefed, "weeks")
    assert weeks.frame["lag_affected"].tolist()[-1] and not weeks.frame["lag_affected"].tolist()[0]
    assert "Hatched: the last" in weeks.caption
    table = section(briefed, "comparison")
    assert table.groups[1][0].endswith("*") and "still arriving, under 95 % of them" in table.caption
    assert "under 95 % of reports are usually in" in weeks.caption
    assert not any("▼" in cell for cell in shown(briefed, "All of these")["7d"])


def test_the_crowded_block_is_on_the_map_with_its_cameras(briefed: Report) -> None:
    places = section(briefed, "hot_places_listed").frame
    first = places.sort_values("current", ascending=False).iloc[0]
    assert first["place"].endswith("MARKET ST") and first["cameras"] == 2
    assert "SECRET" not in " ".join(places["place"])


def test_two_halves_make_a_row_and_every_picture_has_words(briefed: Report) -> None:
    halves = [one.width == "half" for one in briefed.sections]
    runs = "".join("h" if half else "f" for half in halves).split("f")
    assert all(len(run) % 2 == 0 for run in runs)
    assert all(one.alt_text for one in briefed.sections if hasattr(one, "alt_text"))


def test_forecasts_know_nothing_of_the_weeks_they_are_scored_on(
    fill: Callable[..., Store], incidents: pd.DataFrame, briefed: Report
) -> None:
    scored = section(briefed, "forecast").frame.dropna(subset=["counted"])
    assert len(scored) >= 3
    first = pd.Timestamp(scored["week_start"].iloc[0])
    scrambled = incidents[(incidents["occurred_local"] < first) | (np.arange(len(incidents)) % 3 > 0)]
    again = section(weekly_briefing(fill(incidents=scrambled)), "forecast").frame
    same = again[again["week_start"] == first]
    columns = ["expected", "low", "high", "mean_before"]
    assert same[columns].to_numpy() == pytest.approx(scored[columns].to_numpy()[:1])
    assert same["counted"].iloc[0] < scored["counted"].iloc[0]


def test_what_there_is_no_data_for_is_left_out(fill: Callable[..., Store], incidents: pd.DataFrame) -> None:
    short = incidents[incidents["occurred_local"] >= "2023-09-01"].assign(address=None)
    report = weekly_briefing(fill(incidents=short), years=3)
    keys = {one.key for one in report.sections}
    assert not keys & {"follow_up", "notes", "forecast", "published", "addresses"}
    assert "cameras" not in section(report, "hot_places_listed").frame
    assert not any("mean" in str(column) for column in section(report, "comparison").shown.columns)
    assert "same dates last year" in section(report, "comparison").caption
    assert not any(isinstance(one, TableSection) and one.shown.shape[1] == 0 for one in report.sections)
    assert "No streets are loaded" in " ".join(section(report, "cautions").items)


def test_a_store_without_a_year_of_records_still_briefs(fill: Callable[..., Store], incidents: pd.DataFrame) -> None:
    few = incidents[incidents["occurred_local"] >= "2024-09-01"]
    report = weekly_briefing(fill(incidents=few))
    assert section(report, "hot_places") is None
    assert "No map of hot places" in " ".join(section(report, "cautions").items)
    assert "no earlier year to compare with" in section(report, "bottom_line").paragraphs[0]


def test_an_area_counts_its_own_alone(county: Store) -> None:
    report = weekly_briefing(county, area="Marketon", until=UNTIL, offenses=("burglary",))
    rows = county.read(
        "SELECT sum(offense_count) AS n FROM incidents WHERE offense = '220' AND lon BETWEEN -73.96 AND -73.90 "
        "AND lat BETWEEN 41.68 AND 41.72 AND occurred_local >= '2024-10-28' AND occurred_local < '2024-11-25'")
    assert shown(report, "Burglary")["28d"][0] == f"{int(rows['n'].iloc[0])}"
    assert report.title.endswith("Marketon") and "SIMULATED" in report.banner


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"until": date(2030, 1, 7)}, r"cover .* to 2024-11-2\d, so until can be"),
        ({"source": "simulated_countty"}, "did you mean 'simulated_county'"),
        ({"offenses": ("burglry",)}, "did you mean 'burglary'"),
        ({"area": "Nowhere"}, "no area is called"),
    ],
)
def test_what_cannot_be_briefed_says_what_can(county: Store, asked: dict, said: str) -> None:
    with pytest.raises(RtccError, match=said):
        weekly_briefing(county, **asked)


def test_a_feed_known_to_the_month_does_not_hide_the_lag_of_the_others(
    fill: Callable[..., Store], incidents: pd.DataFrame
) -> None:
    month_end = incidents["occurred_local"].dt.to_period("M").dt.end_time.dt.floor("s")
    monthly = incidents[::12].assign(
        source="simulated_town", reported_precision="month",
        reported_at=month_end.dt.tz_localize("America/New_York").dt.tz_convert("UTC"))
    store = fill(incidents=pd.concat([incidents, monthly], ignore_index=True))
    report = weekly_briefing(store)
    assert section(report, "weeks").frame["lag_affected"].iloc[-1]
    assert report.provenance.newest_report_at.date() <= date(2024, 11, 24)


def test_st_louis_by_hand_from_the_raw_files(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data" / "stlouis_slmpd_raw" / "2008-2015"
    names = ["November2012.CSV", "December2012.csv", "November2013.CSV", "December2013.CSV"]
    raw = pd.concat([pd.read_csv(folder / name, dtype=str, encoding="cp1252") for name in names], ignore_index=True)
    when = pd.to_datetime(raw["DateOccur"].fillna(raw.get("DateOccured")), format="%m/%d/%Y %H:%M", errors="coerce")
    code = pd.to_numeric(raw["Crime"]) // 10_000
    count = pd.to_numeric(raw["Count"])
    report = weekly_briefing(load_into(tmp_path, [folder / name for name in names]))
    assert report.subtitle == "Week of Mon 23 Dec to Sun 29 Dec 2013"
    for number, name in ((3, "Robbery"), (4, "Aggravated assault"), (5, "Burglary"), (6, "Larceny"),
                         (7, "Motor vehicle theft"), (8, "Arson")):
        for column, year in ((0, 2013), (1, 2012)):
            for window, start in (("7d", f"{year}-12-23"), ("28d", f"{year}-12-02")):
                inside = (code == number) & (when >= start) & (when < f"{year}-12-30")
                assert shown(report, name)[window][column] == f"{int(count[inside].sum()):,}", (name, window, year)
    assert report.provenance.reports_known_to == "month" and not report.banner


def load_into(folder: Path, files: list[Path]) -> Store:
    store = Store.create(str(folder / "stlouis"))
    load(store, "stlouis_slmpd", files)
    return store


def test_an_account_holds_with_an_offense_taken_back_later(county: Store) -> None:
    from rtcc_analytics.report import ReadLog

    with ReadLog(county).reading() as log:
        records = reading.read_records(log, dict(INDEX_GROUPS), area=None, source=None, until=UNTIL, years=3)
        for days in (7, 28, 364):
            made = reading.account(log, records, days=days)
            added = made.mapped + made.sensitive + made.unplaced + made.outside - made.taken_back
            assert made.counted == added and made.sensitive > 0


def test_words_are_text_and_asks_show_their_state(briefed: Report) -> None:
    asks, notes = section(briefed, "follow_up"), section(briefed, "notes")
    assert isinstance(asks, Text) and asks.items == ("**Done:** patrols", "a thing without a state")
    assert notes.paragraphs == ("One.", "Two.") and asks.width == notes.width == "half"


def test_plate_searches_of_the_week_are_counted_with_their_weak_reasons(
    fill: Callable[..., Store], incidents: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = fill(incidents=incidents[incidents["occurred_local"] >= "2024-09-01"])
    assert section(weekly_briefing(store), "audit") is None
    moment = datetime(2024, 11, 20, 12, tzinfo=UTC)
    monkeypatch.setattr(ledger, "datetime", type("Then", (), {"now": staticmethod(lambda zone: moment)}))
    for case, why in (("24-1", "stolen car seen on Main Street"), ("24-2", "test")):
        with store.sightings(Purpose(reason_code="investigation", case_number=case, text=why)) as sightings:
            sightings.read("SELECT count(*) AS n FROM plate_reads")
    said = " ".join(section(weekly_briefing(store), "audit").items)
    assert "2 searches of plates; people: 1, cases: 2, refused: 0." in said
    assert "1: no reason in words, or one that says nothing" in said and "chain holds" in said
    earlier = " ".join(section(weekly_briefing(store, until=date(2024, 11, 18)), "audit").items)
    assert "0 searches of plates" in earlier


def test_a_registry_of_another_city_gives_no_camera_column(
    fill: Callable[..., Store], incidents: pd.DataFrame, briefed: Report
) -> None:
    elsewhere = pd.DataFrame({
        "camera_id": ["b1"], "lon": [-76.6], "lat": [39.3], "location_quality": "as_given", "source": "elsewhere",
        "file_hash": "c", "line": 2, "load_id": 1, "row_hash": np.array([1], dtype="uint64"),
    })
    listed = section(weekly_briefing(fill(incidents=incidents, cameras=elsewhere)), "hot_places_listed")
    assert "Cameras" in section(briefed, "hot_places_listed").shown and "Cameras" not in listed.shown


def test_a_forecast_no_better_than_the_mean_is_not_strong_and_the_mean_is_a_number() -> None:
    rows = pd.DataFrame({
        "week_start": pd.date_range("2024-11-11", periods=3, freq="7D"), "expected": [50.0, 50.0, 51.0],
        "low": 40.0, "high": 60.0, "mean_before": [70.0, 71.0, 72.5], "counted": [70.0, 71.0, np.nan], "inside": False,
    })
    (worse,) = ahead.forecast_section(rows, reads=())
    assert "rely on that mean, 72.5 a week" in worse.caption and not worse.strong
    (better,) = ahead.forecast_section(rows.assign(expected=[70.0, 71.0, 72.0], mean_before=50.0), reads=())
    assert "rely" not in better.caption and better.strong == ((2, 1), (2, 2))


def test_near_repeats_list_an_address_once_with_its_number() -> None:
    rows = pd.DataFrame({
        "offense": "Burglary", "place": ["1 A ST", "1 A ST", "", ""], "happened": UNTIL, "within_m": 100.0,
        "open_until": [date(2024, 12, day) for day in (9, 8, 7, 6)], "times_chance": 1.6,
    })
    made = patterns.near_repeats_section(rows, ["Burglary"], until=UNTIL, reads=())
    assert made.shown["Near"].tolist() == ["1 A ST", "", ""] and made.shown["Windows"].tolist() == ["2", "1", "1"]
    assert made.shown["Open until"].iloc[0].endswith("8\u00a0Dec") and "4 after burglary" in made.caption


def test_the_addresses_say_how_many_have_no_coordinates(county: Store, briefed: Report) -> None:
    codes = ", ".join(f"'{code}'" for listed in INDEX_GROUPS.values() for code in listed)
    without = county.read(
        f"SELECT count(*) AS n FROM incidents WHERE lon IS NULL AND offense_count > 0 AND offense IN ({codes}) "
        f"AND CAST(occurred_local AS DATE) >= DATE '{UNTIL - timedelta(days=364)}'"
    )["n"].item()
    assert f" {without} without coordinates are left out." in section(briefed, "addresses").caption


def station_days(days: pd.DatetimeIndex) -> pd.DataFrame:
    """A station's weather on these days."""
    rng = np.random.default_rng(2)
    mean = 10 - 12 * np.cos(2 * np.pi * (days.day_of_year - 20) / 365.25) + rng.normal(0, 4, len(days))
    line = np.arange(len(days))
    return pd.DataFrame({
        "station": "SIM1", "date": days.date, "temperature_max_c": mean + 5, "temperature_min_c": mean - 5,
        "precipitation_mm": np.where(rng.random(len(days)) < 0.3, 5.0, 0.0), "source": "simulated_weather",
        "file_hash": "w", "line": line + 2, "load_id": 1, "row_hash": line.astype("uint64"),
    })


def test_weather_if_loaded_is_in_the_forecast_and_in_what_it_was_made_from(
    fill: Callable[..., Store], incidents: pd.DataFrame, briefed: Report
) -> None:
    days = pd.date_range("2020-12-01", "2025-06-01")
    report = weekly_briefing(fill(incidents=incidents, weather_daily=station_days(days.delete(range(500, 510)))))
    made = section(report, "forecast")
    assert "Allows for past weather at station SIM1, where 5 °C warmer than the season goes with " in made.how
    assert "10 of 1," in made.how and made.reads == ("incidents", "weather")
    assert "weather" not in section(briefed, "forecast").how and "weather" not in section(briefed, "forecast").frame
    (feed,) = [one for one in report.provenance.sources if one["table"] == "weather_daily"]
    assert (feed["source"], feed["rows"], feed["files"]) == ("simulated_weather", len(days) - 10, ["w"])
    assert {one["table"] for one in briefed.provenance.sources} == {"incidents"}


def test_weather_of_a_few_days_is_not_used_and_the_forecast_says_why(
    fill: Callable[..., Store], incidents: pd.DataFrame, briefed: Report
) -> None:
    store = fill(incidents=incidents, weather_daily=station_days(pd.date_range("2024-01-01", "2024-03-31")))
    made = section(weekly_briefing(store), "forecast")
    assert "Weather is not used: the temperature at station SIM1 is known on 91 of 1," in made.how
    pd.testing.assert_frame_equal(made.frame.drop(columns="weather"), section(briefed, "forecast").frame)
