"""Windows end where they should, missing years are not zeros, and lag never passes for a fall."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcc_analytics.events import Occurrences
from rtcc_analytics.temporal import PeriodError, compare_periods, poisson_compare, window_days


def daily(first: str, last: str, a_day: int = 1, **more: object) -> Occurrences:
    """`a_day` events at local noon of every day from first to last."""
    days = np.arange(first, np.datetime64(last) + 1, dtype="datetime64[D]").repeat(a_day)
    noon = days.astype("datetime64[s]") + np.timedelta64(17, "h")
    return Occurrences(**({"occurred_from": noon, "timezone": "America/New_York"} | more))


@pytest.mark.parametrize(("window", "until", "first", "last"), [
    ("7d", "2024-05-06", "2024-04-29", "2024-05-05"),
    ("28d", "2024-03-10", "2024-02-11", "2024-03-09"),
    ("ytd", "2024-03-10", "2024-01-01", "2024-03-09"),
    ("ytd", "2024-01-01", "2023-01-01", "2023-12-31"),
    ("1d", "2024-03-01", "2024-02-29", "2024-02-29"),
])
def test_windows_end_the_day_before(window: str, until: str, first: str, last: str) -> None:
    start, end = window_days(window, until)
    assert (str(start), str(end - 1)) == (first, last)


@pytest.mark.parametrize("window", ["week", "0d", "-7d", "7", "mtd"])
def test_unknown_windows_are_refused(window: str) -> None:
    with pytest.raises(PeriodError, match="unknown window"):
        window_days(window, "2024-01-01")


@settings(max_examples=60, deadline=None)
@given(st.dates(date(2019, 1, 1), date(2024, 12, 31)), st.integers(0, 9999))
def test_every_count_is_the_one_a_plain_look_at_dates_gives(until: date, seed: int) -> None:
    rng = np.random.default_rng(seed)
    offset = rng.integers(0, 365 * 10, 600)
    days = [date(2015, 1, 1) + timedelta(int(n)) for n in offset]
    made = Occurrences(occurred_from=[f"{d}T17:00" for d in days], timezone="America/New_York",
                       weights=np.where(offset % 9, 1, -1),
                       covered=(np.datetime64("2010-01-01"), np.datetime64("2030-01-01")))

    def held(first: date, last: date) -> int:
        return sum((1 if n % 9 else -1) for d, n in zip(days, offset, strict=True) if first <= d <= last)

    def a_year_before(day: date, years: int) -> date:
        try:
            return day.replace(year=day.year - years)
        except ValueError:
            return day.replace(year=day.year - years, day=28)

    table = compare_periods(made, until=until, years=3).to_frame("last_year").set_index("window")
    last = until - timedelta(1)
    for window, length in (("7d", 7), ("28d", 28), ("ytd", None)):
        row = table.loc[window]
        first = date(last.year, 1, 1) if length is None else last - timedelta(length - 1)
        assert row["current"] == held(first, last)
        lasts = [a_year_before(last, back) for back in (1, 2, 3)]
        firsts = [date(day.year, 1, 1) if length is None else day - timedelta(length - 1) for day in lasts]
        counts = [held(*span) for span in zip(firsts, lasts, strict=True)]
        assert row["same_period_last_year"] == counts[0]
        spans = [(b - a).days + 1 for a, b in zip(firsts, lasts, strict=True)]
        mean = sum(counts) / sum(spans) * ((last - first).days + 1)
        assert row["multi_year_mean"] == pytest.approx(mean)


def test_a_leap_day_is_no_rise() -> None:
    made = daily("2021-01-01", "2024-12-31")
    table = compare_periods(made, until="2024-03-01", windows=("ytd", "7d")).to_frame().set_index(["window", "against"])
    ytd = table.loc[("ytd", "last_year")]
    assert (ytd["current"], ytd["same_period_last_year"]) == (60, 59)
    assert ytd["difference"] == pytest.approx(0) and ytd["p_value"] == 1.0
    assert table.loc[("7d", "multi_year_mean"), "difference"] == pytest.approx(0)


def test_years_before_the_data_are_not_available_and_never_zero() -> None:
    table = compare_periods(daily("2023-02-01", "2024-05-31"), until="2024-05-06", years=3).to_frame("last_year")
    table = table.set_index("window")
    assert np.isnan(table.loc["ytd", "same_period_last_year"]) and np.isnan(table.loc["ytd", "p_value"])
    assert table.loc["28d", "same_period_last_year"] == 28
    assert np.isnan(table["multi_year_mean"]).all() and (table["years_used"] == 0).all()
    assert not table["flagged"].any()


def test_windows_after_the_data_are_not_available_and_said_so() -> None:
    result = compare_periods(daily("2022-01-01", "2024-04-30"), until="2024-05-06", windows=("7d",))
    assert np.isnan(result.to_frame()["current"]).all() and result.comparisons == 0
    assert "records reach to 2024-04-30" in result.notes[0]


def test_coverage_tells_a_quiet_offense_from_a_missing_one() -> None:
    covered = (np.datetime64("2020-01-01T05:00"), np.datetime64("2024-06-01T04:00"))
    rare = daily("2024-05-01", "2024-05-05", covered=covered)
    row = compare_periods(rare, until="2024-05-06", windows=("7d",)).to_frame("multi_year_mean").iloc[0]
    assert (row["current"], row["same_period_last_year"], row["multi_year_mean"], row["years_used"]) == (5, 0, 0, 3)
    alone = compare_periods({"rare": daily("2024-05-01", "2024-05-05"), "common": daily("2020-01-01", "2024-05-31")},
                            until="2024-05-06", windows=("7d",)).to_frame()
    assert alone.loc[alone["offense"] == "rare", "same_period_last_year"].tolist() == [0, 0]


def test_the_mean_of_years_is_tested_as_a_sum_with_its_exposure() -> None:
    rng = np.random.default_rng(0)
    counts = [20, 9, 7, 11]
    days = np.concatenate([np.datetime64(f"{2024 - i}-05-05") - rng.integers(0, 7, n) for i, n in enumerate(counts)])
    made = Occurrences(occurred_from=days.astype("M8[s]") + np.timedelta64(17, "h"), timezone="America/New_York",
                       covered=(np.datetime64("2020-01-01T05:00"), np.datetime64("2024-06-01T04:00")))
    row = compare_periods(made, until="2024-05-06", windows=("7d",)).to_frame("multi_year_mean").iloc[0]
    direct = poisson_compare(20, 27, exposure_current=7, exposure_baseline=21, variant="score")
    assert row["expected"] == 9 and row["difference"] == 11
    assert row[["p_value", "low", "high"]].tolist() == pytest.approx(
        [direct.p_value.item(), direct.low.item(), direct.high.item()])


def test_flags_follow_the_false_discovery_rate_over_all_comparisons() -> None:
    series = {f"offense {i}": daily("2020-01-01", "2024-05-31", 2) for i in range(9)}
    burst = np.concatenate([series["offense 0"].occurred_from, np.full(18, np.datetime64("2024-05-02T17", "s"))])
    series["rising"] = Occurrences(occurred_from=burst, timezone="America/New_York")
    result = compare_periods(series, until="2024-05-06", years=3)
    table = result.to_frame()
    assert result.comparisons == len(table) == 60
    flagged = table[table["flagged"]]
    assert set(flagged["offense"]) == {"rising"} and "7d" in set(flagged["window"])
    assert "60 comparisons made with the e-test, score statistic" in result.statement()
    assert (flagged["q_value"] <= 0.05).all() and (table["q_value"] >= table["p_value"]).all()


def reported_late(share: float, lag_days: int, until: str = "2024-05-31") -> Occurrences:
    """20 a day; a share is reported `lag_days` later; what was not yet reported on `until` is not there."""
    made = daily("2021-01-01", until, 20)
    late = np.arange(made.size) % 20 < share * 20
    told = made.occurred_from + np.where(late, np.timedelta64(lag_days, "D"), np.timedelta64(1, "h"))
    now = np.datetime64(until, "s") + np.timedelta64(28, "h")
    whole = Occurrences(occurred_from=made.occurred_from, reported_at=told, timezone="America/New_York")
    return whole.where(told <= now)


def test_a_fall_that_lag_explains_is_marked_and_not_flagged() -> None:
    table = compare_periods(reported_late(0.4, 10), until="2024-06-01", as_of="2024-06-01").to_frame("last_year")
    table = table.set_index("window")
    assert table.loc["7d", "current"] == 84 and table.loc["7d", "q_value"] < 0.01      # 40 % not yet told
    assert table.loc["7d", "lag_affected"] and not table.loc["7d", "flagged"]
    assert table.loc["7d", "completeness"] == pytest.approx(0.6, abs=0.02)
    assert not table.loc["ytd", "lag_affected"]


def test_prompt_reports_are_not_marked_and_unknown_lag_is_unknown() -> None:
    table = compare_periods(reported_late(0.02, 20), until="2024-06-01", as_of="2024-06-01").to_frame()
    assert not table["lag_affected"].any()
    table = compare_periods(daily("2021-01-01", "2024-05-31"), until="2024-06-01").to_frame()
    assert table["lag_affected"].isna().all() and table["completeness"].isna().all()


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(PeriodError, match="no series"):
        compare_periods({}, until="2024-01-01")
    with pytest.raises(PeriodError, match="no event has a time"):
        compare_periods(Occurrences(occurred_from=[], timezone="UTC"), until="2024-01-01")
    with pytest.raises(PeriodError, match="at least 2"):
        compare_periods(daily("2021-01-01", "2024-05-31"), until="2024-01-01", years=1)
    with pytest.raises(PeriodError, match="'soon'"):
        compare_periods(daily("2021-01-01", "2024-05-31"), until="soon")


def test_counts_for_which_a_table_of_both_would_not_fit_in_memory() -> None:
    made = daily("2019-01-01", "2024-05-31", 100)      # 15,100 against 75,600: a table of 600 million pairs
    table = compare_periods({"one": made, "other": made}, until="2024-05-31", years=5).to_frame("multi_year_mean")
    assert (table["p_value"] > 0.9).all() and table["years_used"].tolist() == [5] * 6
