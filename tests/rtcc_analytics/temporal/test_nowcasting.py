"""Recent counts completed: planted delays are learnt, intervals hold, calendars of feeds are not mistaken for lag."""

from __future__ import annotations

import numpy as np
import pytest

from rtcc_analytics.events import Occurrences
from rtcc_analytics.temporal import Nowcast, PeriodError, nowcast

AS_OF = np.datetime64("2024-12-31")     # a Tuesday: the last week is the one that ended on Sunday the 29th
END = np.datetime64("2025-01-01")


def planted(seed: int, *, clumped: bool = False, rate: float = 8.0) -> tuple[np.ndarray, np.ndarray]:
    """Days of occurrence and of report: half the same day, half log-normally later, at most 55 days."""
    rng = np.random.default_rng(seed)
    days = np.arange("2024-01-01", END, dtype="M8[D]")
    level = rate * rng.gamma(5, 1 / 5, days.size) if clumped else np.full(days.size, rate)
    happened = days.repeat(rng.poisson(level))
    late = np.minimum(np.floor(np.exp(rng.normal(1.8, 1.0, happened.size))), 55).astype(int)
    return happened, happened + np.where(rng.random(happened.size) < 0.5, 0, late)


def known(happened: np.ndarray, told: np.ndarray, as_of: np.datetime64 = AS_OF) -> Occurrences:
    seen = told < as_of
    return Occurrences(
        occurred_from=happened[seen].astype("M8[s]"), reported_at=told[seen].astype("M8[s]"), timezone="UTC"
    )


def counted(happened: np.ndarray, found: Nowcast) -> np.ndarray:
    return np.array([((happened >= a) & (happened < b)).sum() for a, b in zip(found.start, found.end, strict=True)])


def monday_not_weekend(told: np.ndarray) -> np.ndarray:
    weekday = (told.astype(int) + 3) % 7
    return told + np.select([weekday == 5, weekday == 6], [2, 1], 0)


@pytest.mark.parametrize("kind", ["plain", "clumped", "no weekends"])
def test_completed_weeks_hold_the_truth_as_often_as_said_and_lean_to_no_side(kind: str) -> None:
    inside, ratio = [], []
    for seed in range(12):
        happened, told = planted(seed, clumped=kind == "clumped")
        told = monday_not_weekend(told) if kind == "no weekends" else told
        found = nowcast(known(happened, told), as_of=str(AS_OF), steps=4, longest_delay_days=60, history_days=364)
        truth = counted(happened, found)
        inside.append((found.low <= truth) & (truth <= found.high))
        ratio.append(found.expected / truth)
        assert (found.reported <= found.low).all() and (found.low <= found.expected).all()
    assert 0.8 <= np.mean(inside) <= 1.0
    assert np.mean(ratio) == pytest.approx(1, abs=0.03)
    assert found.completeness[-1] < 0.8 < 0.9 < found.completeness[0]


def test_a_feed_that_rests_on_weekends_is_completed_weekday_by_weekday() -> None:
    happened, told = planted(1, rate=40)
    told = monday_not_weekend(told)
    monday = np.datetime64("2024-12-30")      # nothing of Saturday and Sunday has been reported yet
    found = nowcast(
        known(happened, told, monday), as_of=str(monday), step="day", steps=2, longest_delay_days=60, history_days=363
    )
    assert found.reported.tolist() == [0, 0]
    assert (found.completeness < 0.02).all()
    truth = [(happened == day).sum() for day in found.start]
    assert (found.high >= truth).all(), "nothing reported is not taken for nothing happened"


def test_delays_are_those_planted() -> None:
    happened, told = planted(2, rate=150)
    found = nowcast(known(happened, told), as_of=str(AS_OF), step="day", steps=30, longest_delay_days=60,
                    history_days=364)
    delay = (told - happened).astype(int)
    planted_share = [(delay <= age).mean() for age in range(29, -1, -1)]
    np.testing.assert_allclose(found.completeness, planted_share, atol=0.03)


def test_monthly_files_are_completed_by_the_month_and_by_nothing_finer() -> None:
    happened, told = planted(3, rate=30)
    month_end = (told.astype("M8[M]") + 1).astype("M8[D]") - 1
    seen = month_end < END
    filed = Occurrences(
        occurred_from=happened[seen].astype("M8[s]"), reported_at=month_end[seen].astype("M8[s]") + 86_399,
        timezone="UTC",
    )
    found = nowcast(filed, steps=3, longest_delay_days=90, history_days=360)
    truth = counted(happened, found)
    assert (found.step, found.precision, str(found.as_of)) == ("month", "month", "2024-12-31")
    assert [str(day) for day in found.start] == ["2024-10-01", "2024-11-01", "2024-12-01"]
    assert found.expected == pytest.approx(truth, rel=0.06)
    assert found.completeness[-1] < 0.95 < found.completeness[0]
    assert any("to the month only" in note for note in found.notes)
    with pytest.raises(PeriodError, match="by week nobody can tell"):
        nowcast(filed, step="week")


def test_a_monthly_file_read_in_mid_month_completes_to_its_last_month() -> None:
    happened, told = planted(4)
    month_end = (told.astype("M8[M]") + 1).astype("M8[D]") - 1
    seen = month_end < np.datetime64("2024-12-15")
    filed = Occurrences(occurred_from=happened[seen].astype("M8[s]"), reported_at=month_end[seen].astype("M8[s]"),
                        timezone="UTC")
    assert str(nowcast(filed, as_of="2024-12-15", steps=2).as_of) == "2024-11-30"


def test_a_monthly_feed_among_others_is_pointed_out() -> None:
    happened, told = planted(8)
    stamps = told.astype("M8[s]") + 36_000
    monthly = np.arange(told.size) % 10 == 0
    stamps[monthly] = ((told[monthly].astype("M8[M]") + 1).astype("M8[s]")) - 1
    seen = stamps < AS_OF
    mixed = Occurrences(occurred_from=happened[seen].astype("M8[s]"), reported_at=stamps[seen], timezone="UTC")
    found = nowcast(mixed, as_of=str(AS_OF), longest_delay_days=60, history_days=364)
    assert found.precision == "day" and any("complete each feed by itself" in note for note in found.notes)
    clean = nowcast(known(happened, told), as_of=str(AS_OF), longest_delay_days=60, history_days=364)
    assert not any("each feed" in note for note in clean.notes)


def test_prompt_reports_change_nothing() -> None:
    happened, _ = planted(5)
    found = nowcast(known(happened, happened), as_of=str(AS_OF), steps=4, longest_delay_days=60, history_days=364)
    np.testing.assert_array_equal(found.reported, found.expected)
    np.testing.assert_array_equal(found.low, found.high)
    assert (found.completeness == 1).all()


def test_the_order_of_events_does_not_matter_and_a_seed_is_an_answer() -> None:
    happened, told = planted(6)
    mixed = np.random.default_rng(0).permutation(happened.size)
    one, other = (
        nowcast(known(h, t), as_of=str(AS_OF), longest_delay_days=60, history_days=364).to_frame()
        for h, t in ((happened, told), (happened[mixed], told[mixed]))
    )
    assert one.equals(other)


def test_what_cannot_be_completed_is_refused_and_what_is_left_out_is_said() -> None:
    happened, told = planted(7)
    events = known(happened, told)
    few = events.where(np.arange(events.size) < 49)
    with pytest.raises(PeriodError, match="49 events say when they were reported; at least 50"):
        nowcast(few)
    with pytest.raises(PeriodError, match="history longer than the longest delay"):
        nowcast(events, history_days=100)
    with pytest.raises(PeriodError, match="'hour' is not known"):
        nowcast(events, step="hour")
    with pytest.raises(PeriodError, match="records begin on 2024-01-01"):
        nowcast(events, as_of="2023-06-01")
    blank = events.reported_at.copy()
    blank[:10] = np.datetime64("NaT")
    partly = Occurrences(occurred_from=events.occurred_from, reported_at=blank, timezone="UTC")
    assert f"10 of {events.size:,} events" in nowcast(partly, longest_delay_days=60, history_days=364).notes[0]
