"""The table of a briefing: this week, these 28 days, this year, against earlier years."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from rtcc_analytics.events import Occurrences, When
from rtcc_analytics.temporal.daily import ONE_DAY, DailyCounts, covered_days, local_date, years_before
from rtcc_analytics.temporal.lag import COMPLETE_SHARE, ReportingLag, reporting_lag
from rtcc_analytics.temporal.poisson import VARIANTS, PeriodError, Variant, false_discovery_q, poisson_compare

Against = Literal["last_year", "multi_year_mean"]
FEWEST_YEARS = 2


@dataclass(frozen=True, eq=False)
class PeriodComparison:
    """What changed, with how sure one can be.

    Attributes
    ----------
    table : DataFrame
        One row a comparison; see `to_frame`.
    until : datetime64[D]
        Local date; every window ends the day before.
    comparisons : int
        How many tests were made: the number that false-discovery control is over.
    flag_below_q : float
        A row is flagged where its q-value is not above this.
    level : float
        Of the intervals.
    variant : str
        Which test, in words.
    as_of : datetime64[s] or None
        Up to when reports reach, UTC; None where no event says when it was reported.
    covered : (datetime64[D], datetime64[D])
        Half-open span of local days for which there are records.
    notes : tuple of str
        What was left out when the events were read, and what else to know.
    """

    table: pd.DataFrame
    until: np.datetime64
    comparisons: int
    flag_below_q: float
    level: float
    variant: str
    as_of: np.datetime64 | None
    covered: tuple[np.datetime64, np.datetime64]
    notes: tuple[str, ...]

    def to_frame(self, against: Against | None = None) -> pd.DataFrame:
        """The table, or only its rows against one baseline.

        Columns: offense, window, window_from, window_to (last day), against ("last_year" or
        "multi_year_mean"), current, same_period_last_year, multi_year_mean, years_used, expected
        (the baseline over as many days), difference (current - expected, events), low, high,
        p_value, q_value, flagged, completeness (0-1), lag_affected. NaN where not available.
        """
        rows = self.table if against is None else self.table[self.table["against"] == against]
        return rows.reset_index(drop=True)

    def statement(self) -> str:
        """How the table was made, in two sentences for the reader.

        Examples
        --------
        >>> days = np.arange("2022-01-01", "2024-01-01", dtype="datetime64[D]")
        >>> daily = Occurrences(occurred_from=days.astype("datetime64[s]"), timezone="UTC")
        >>> compare_periods(daily, until="2024-01-01", windows=("7d",)).statement()
        '1 comparison made with the e-test, score statistic (pooled variance); flagged where ...'
        """
        many = "" if self.comparisons == 1 else "s"
        return (
            f"{self.comparisons} comparison{many} made with the {self.variant}; flagged where the false-discovery rate "
            f"(Benjamini-Hochberg over all of them) is at most {self.flag_below_q:.0%}. Differences are counts of "
            f"events with {self.level:.0%} intervals."
        )


def compare_periods(
    occurrences: Mapping[str, Occurrences] | Occurrences,
    *,
    until: When,
    windows: Sequence[str] = ("7d", "28d", "ytd"),
    years: int = 3,
    against: Sequence[Against] = ("last_year", "multi_year_mean"),
    as_of: When | None = None,
    variant: Variant = "score",
    level: float = 0.95,
    flag_below_q: float = 0.05,
) -> PeriodComparison:
    """Compare current windows with the same dates a year ago and with a mean of earlier years.

    A window of n days (``"7d"``) ends the day before `until`; ``"ytd"`` runs from 1 January of the
    year of that day. Earlier years use the same calendar dates (29 February becomes the 28th;
    where that makes a window a day shorter, the baseline is scaled to the current days). Counts
    are sums of weights by local date. A window that is not wholly within the records' coverage
    is not available (NaN), never 0. The mean is over the available ones of the `years` before,
    at least two, tested as a sum with its exposure and not as if it were known.

    Parameters
    ----------
    occurrences : Occurrences, or mapping of name to Occurrences
        All records, those without coordinates too: pass `Occurrences`, not `Events`, for counts
        that match the source.
    until : date
        Local date.
    windows : sequence of str
        ``"<n>d"`` or ``"ytd"``.
    years : int
        How many earlier years the mean may use, typically 3 or 5.
    against : sequence of "last_year", "multi_year_mean"
        Which comparisons to make.
    as_of : date or time, optional
        Up to when reports reach; by default the latest report.
    variant, level, flag_below_q
        See `poisson_compare`; a row is flagged where its Benjamini-Hochberg q-value, over all
        comparisons made here, is at most `flag_below_q`. A fall in a window that reporting lag
        keeps low (expected completeness below 95 %) is never flagged.

    Raises
    ------
    PeriodError
        With no event at all, an unknown window, or `years` below 2 where a mean is asked for.

    Examples
    --------
    >>> days = np.arange("2020-01-01", "2024-01-01", dtype="datetime64[D]")
    >>> busy = np.r_[days, days[-5:], days[-5:]]          # two more on each of the last five days
    >>> thefts = Occurrences(occurred_from=busy.astype("datetime64[s]"), timezone="UTC")
    >>> table = compare_periods({"Theft": thefts}, until="2024-01-01", windows=("7d",)).to_frame()
    >>> table[["against", "current", "expected", "difference"]].to_dict("list")
    {'against': ['last_year', 'multi_year_mean'], 'current': [17.0, 17.0], 'expected': [7.0, 7.0],
     'difference': [10.0, 10.0]}
    """
    series = {occurrences.label or "all": occurrences} if isinstance(occurrences, Occurrences) else dict(occurrences)
    if not series:
        raise PeriodError("nothing to compare: no series was given")
    fewest = FEWEST_YEARS if "multi_year_mean" in against else 1
    if years < fewest:
        raise PeriodError(f"years is {years}: these comparisons need at least {fewest}")
    day = local_date(until)
    covered = covered_days(series.values())
    pooled = _pooled_lag(series.values(), as_of)
    spans = {window: window_days(window, day) for window in windows}
    rows = []
    for name, events in series.items():
        daily = DailyCounts.of(events.local_day, events.weights)
        lag = reporting_lag(events, as_of=pooled.as_of) if pooled is not None else None
        for window, span in spans.items():
            counted = _counted(daily, span, covered, years)
            complete = _completeness(lag, pooled, span)
            counted |= {"offense": name, "window": window, "completeness": complete}
            rows += [{**counted, "against": baseline} for baseline in against]
    table = _tested(pd.DataFrame(rows), variant, level, flag_below_q)
    made = int(table["p_value"].notna().sum())
    as_of_at = pooled.as_of if pooled is not None else None
    notes = _notes(series.values(), day, covered)
    return PeriodComparison(table, day, made, flag_below_q, level, VARIANTS[variant], as_of_at, covered, notes)


def window_days(window: str, until: When) -> tuple[np.datetime64, np.datetime64]:
    """First day and day after the last of a window that ends the day before `until`.

    Examples
    --------
    >>> [str(day) for day in window_days("ytd", "2024-03-01")]
    ['2024-01-01', '2024-03-01']
    """
    end = local_date(until)
    if window == "ytd":
        return np.datetime64((end - ONE_DAY).astype("M8[Y]"), "D"), end
    length = re.fullmatch(r"([1-9]\d{0,4})d", window)
    if not length:
        raise PeriodError(f"unknown window {window!r}; use '7d', '28d', any other number of days, or 'ytd'")
    return end - int(length[1]) * ONE_DAY, end


def _counted(
    daily: DailyCounts,
    span: tuple[np.datetime64, np.datetime64],
    covered: tuple[np.datetime64, np.datetime64],
    years: int,
) -> dict[str, object]:
    """Counts of one series in one window now, last year, and over the earlier years available."""

    def held(first: np.datetime64, end: np.datetime64) -> float:
        return float(daily.between(first, end)) if covered[0] <= first and end <= covered[1] else float("nan")

    start, end = span
    days = int((end - start) / ONE_DAY)
    earlier = [_years_earlier(span, back) for back in range(1, years + 1)]
    counts = np.array([held(*past) for past in earlier])
    lengths = np.array([(past[1] - past[0]) / ONE_DAY for past in earlier])
    used = ~np.isnan(counts)
    enough = used.sum() >= FEWEST_YEARS
    return {
        "window_from": start,
        "window_to": end - ONE_DAY,
        "days": days,
        "current": held(start, end),
        "same_period_last_year": counts[0],
        "multi_year_mean": counts[used].sum() * days / lengths[used].sum() if enough else np.nan,
        "years_used": int(used.sum()) if enough else 0,
        "last_year_days": lengths[0],
        "several_years": counts[used].sum() if enough else np.nan,
        "several_years_days": lengths[used].sum() if enough else np.nan,
    }


def _years_earlier(span: tuple[np.datetime64, np.datetime64], back: int) -> tuple[np.datetime64, np.datetime64]:
    last = years_before(span[1] - ONE_DAY, back)
    if span[0] == span[0].astype("M8[Y]") and span[0].astype("M8[Y]") == (span[1] - ONE_DAY).astype("M8[Y]"):
        return years_before(span[0], back), last + ONE_DAY
    return last + ONE_DAY - (span[1] - span[0]), last + ONE_DAY


def _pooled_lag(series: Iterable[Occurrences], as_of: When | None) -> ReportingLag | None:
    """The lag of all offenses together; None where no event says when it was reported."""
    parts = [events for events in series if not np.isnat(events.reported_at).all()]
    if not parts:
        return None
    together = Occurrences(
        occurred_from=np.concatenate([events.occurred_from for events in parts]),
        reported_at=np.concatenate([events.reported_at for events in parts]),
        weights=np.concatenate([events.weights for events in parts]),
        timezone=parts[0].timezone,
        covered=parts[0].covered,
    )
    return reporting_lag(together, as_of=as_of)


def _notes(
    series: Iterable[Occurrences], until: np.datetime64, covered: tuple[np.datetime64, np.datetime64]
) -> tuple[str, ...]:
    notes = [note for events in series for note in events.notes]
    if until > covered[1]:
        notes.append(f"records reach to {covered[1] - ONE_DAY}, so windows to {until - ONE_DAY} are not available")
    return tuple(dict.fromkeys(notes))


def _completeness(
    own: ReportingLag | None, pooled: ReportingLag | None, span: tuple[np.datetime64, np.datetime64]
) -> float:
    """Of the offense itself where enough events tell, else of all offenses together."""
    if own is None or pooled is None:
        return float("nan")
    share = float(own.completeness(*span))
    return share if not np.isnan(share) else float(pooled.completeness(*span))


def _tested(table: pd.DataFrame, variant: Variant, level: float, flag_below_q: float) -> pd.DataFrame:
    last_year = table["against"] == "last_year"
    baseline = table["same_period_last_year"].where(last_year, table["several_years"])
    baseline_days = table["last_year_days"].where(last_year, table["several_years_days"]).fillna(1)
    compared = poisson_compare(
        table["current"].clip(lower=0),
        baseline.clip(lower=0),
        exposure_current=table["days"],
        exposure_baseline=baseline_days,
        variant=variant,
        level=level,
    )
    table = table.assign(
        expected=baseline * table["days"] / baseline_days,
        low=compared.low,
        high=compared.high,
        p_value=compared.p_value,
        q_value=false_discovery_q(compared.p_value),
    )
    table["difference"] = table["current"] - table["expected"]
    known = table["completeness"].notna()
    table["lag_affected"] = (table["completeness"] < COMPLETE_SHARE).astype("boolean").where(known)
    hidden = table["lag_affected"].fillna(False).astype(bool) & (table["difference"] < 0)
    table["flagged"] = (table["q_value"] <= flag_below_q) & ~hidden
    return table[[
        "offense", "window", "window_from", "window_to", "against", "current", "same_period_last_year",
        "multi_year_mean", "years_used", "expected", "difference", "low", "high", "p_value", "q_value", "flagged",
        "completeness", "lag_affected",
    ]]
