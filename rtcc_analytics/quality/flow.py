"""Checks of arrival: drops in volume, days with nothing, feeds that are late."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import nbinom

from rtcc_analytics.quality.findings import Finding, Unchecked
from rtcc_analytics.quality.scope import Scope

HISTORY = {"week": 26, "month": 12}
LEAST_HISTORY = {"week": 8, "month": 6}
DROP_THAT_MATTERS = 0.6
FALSE_ALARMS = 0.01
SOME_DAYS = 0.5  # of the days that chance would fill
STRAY_SHARE = 0.002

# A report known to the day or month is stamped with that day's last instant; three hours are
# taken off so that an hour of daylight saving cannot push it into the next day.
_DAILY = """
, stamped AS (
  SELECT source, happened_local, reported_precision,
         CASE WHEN reported_at IS NOT NULL THEN
           reported_at + coalesce(happened_local - happened_at, INTERVAL 0 HOUR)
           - CASE WHEN reported_precision = 'instant' THEN INTERVAL 0 HOUR ELSE INTERVAL 3 HOUR END
         END AS reported_local
  FROM recs
)
SELECT source, 'happened' AS clock, happened_local::DATE AS day, count(*) AS n
FROM stamped WHERE happened_local IS NOT NULL GROUP BY source, day
UNION ALL
SELECT source, CASE WHEN reported_precision = 'month' THEN 'reported_month' ELSE 'reported' END AS clock,
       reported_local::DATE AS day, count(*) AS n
FROM stamped WHERE reported_local IS NOT NULL AND reported_precision <> 'none' GROUP BY source, clock, day
"""


@dataclass(frozen=True)
class Flow:
    """A source's records by day on the clock that shows arrival best.

    `clock` is ``reported`` where the day of the report is known for most rows, else
    ``happened``. `monthly` holds complete months: reporting months where only those are known
    (`month_files`), else the months of the daily clock.
    """

    source: str
    clock: str
    daily: pd.Series
    monthly: pd.Series
    month_files: bool


def check_flow(scope: Scope) -> tuple[list[Finding], list[Unchecked]]:
    """Findings about volume, gaps and lateness, from one read of counts by source and day."""
    found: list[Finding] = []
    unchecked: list[Unchecked] = []
    for source, rows in scope.rows(_DAILY).groupby("source"):
        flow = flow_of(str(source), rows)
        periods = {"week": complete_periods(flow.daily, "week"), "month": flow.monthly}
        if not holds_most_days(flow.daily):
            periods = {}
            unchecked.append(Unchecked(
                "volume_drop", flow.source,
                f"records on {int((flow.daily > 0).sum()):,} of {len(flow.daily):,} days: weeks and months that hold "
                "other days than one another cannot be compared"))
        for period, counts in periods.items():
            if len(counts) <= LEAST_HISTORY[period]:
                unchecked.append(Unchecked(
                    "volume_drop", flow.source,
                    f"{len(counts)} complete {period}s; a {period} is judged after {LEAST_HISTORY[period]} of them"))
            else:
                found += _drops(flow, volume_drops(counts, period=period), period)
        found += _gaps(flow, quiet_days(flow.daily)) + _late(flow, scope.as_of)
    return found, unchecked


def flow_of(source: str, rows: pd.DataFrame) -> Flow:
    """The counts of one source on the clock that shows arrival best.

    `rows` has columns clock, day, n. A few records of long ago are no start of a feed: the
    clock starts with the first reporting month where that is known, else once one record in
    five hundred has come.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-01", "2024-01-03"])
    >>> rows = pd.DataFrame({"clock": ["happened"] * 2, "day": days, "n": [5, 4]})
    >>> flow_of("beats", rows).daily.tolist()
    [5, 0, 4]
    """
    days = {
        str(clock): part.set_index(pd.DatetimeIndex(part["day"]))["n"].sort_index()
        for clock, part in rows.groupby("clock")
    }
    totals = {clock: int(series.sum()) for clock, series in days.items()}
    clock = "reported" if totals.get("reported", 0) > 0.5 * max(totals.values()) else "happened"
    month_files = totals.get("reported_month", 0) > 0.5 * max(totals.values())
    daily = days[clock] if clock in days else days["reported_month"]
    if month_files:
        daily = daily[daily.index >= days["reported_month"].index.min().replace(day=1)]
    else:
        daily = daily[daily.cumsum() > STRAY_SHARE * daily.sum()]
    daily = daily.asfreq("D", fill_value=0)
    if not month_files:
        return Flow(source, clock, daily, complete_periods(daily, "month"), False)
    months = days["reported_month"]
    months = months.groupby(months.index.to_period("M").start_time).sum().asfreq("MS", fill_value=0)
    return Flow(source, clock, daily, months, True)


def complete_periods(daily: pd.Series, period: str) -> pd.Series:
    """Counts by complete week (from Monday) or month; the cut ones at both ends are left out.

    Examples
    --------
    >>> daily = pd.Series(1, index=pd.date_range("2024-01-03", "2024-01-24"))
    >>> complete_periods(daily, "week").to_dict()
    {Timestamp('2024-01-08 00:00:00'): 7, Timestamp('2024-01-15 00:00:00'): 7}
    """
    rule = "W-SUN" if period == "week" else "M"
    first, last = daily.index.min(), daily.index.max()
    counts = daily.groupby(daily.index.to_period(rule)).sum()
    counts = counts[(counts.index.start_time >= first) & (counts.index.end_time.normalize() <= last)]
    return pd.Series(counts.to_numpy(), index=counts.index.start_time)


def volume_drops(counts: pd.Series, *, period: str) -> pd.DataFrame:
    """The weeks or months that hold fewer records than their own history allows.

    Each period is compared with those before it (26 weeks, 12 months). The history's mean is
    itself a count and the periods vary more than Poisson: both widen the predictive
    distribution, a negative binomial with the history's variance-to-mean ratio and at least
    Poisson's. A period is a drop where its tail probability is under 1 % shared among all
    periods judged (Bonferroni) and it holds less than 60 % of the mean.

    Parameters
    ----------
    counts : Series
        Records by complete period, in order, indexed by its start.
    period : "week" or "month"

    Returns
    -------
    DataFrame
        start, records, usual (mean of the history), p_value of each drop; empty where none.

    Examples
    --------
    >>> weeks = pd.date_range("2024-01-01", periods=20, freq="7D")
    >>> counts = pd.Series([100, 103, 97, 101] * 4 + [100, 30, 99, 101], index=weeks)
    >>> volume_drops(counts, period="week")["records"].tolist()
    [30]
    """
    length = _period_days(counts, period)
    rates = counts.to_numpy(float) / length
    found, judged = [], range(LEAST_HISTORY[period], len(counts))
    for i in judged:
        past = slice(max(0, i - HISTORY[period]), i)
        expected = rates[past].mean() * length[i]
        if expected <= 0:
            continue
        history = rates[past] * length[i]
        spread = max(float(history.var(ddof=1) / expected), 1.0)
        p_value = low_count_p(int(counts.iloc[i]), expected, spread=spread, periods=len(history))
        if p_value * len(judged) < FALSE_ALARMS and counts.iloc[i] < DROP_THAT_MATTERS * expected:
            found.append((counts.index[i], int(counts.iloc[i]), expected, p_value))
    return pd.DataFrame(found, columns=["start", "records", "usual", "p_value"])


def low_count_p(count: int, expected: float, *, spread: float, periods: int) -> float:
    """Probability of a count this low or lower, given a history of `periods` with mean `expected`.

    The prediction has mean `expected` and variance ``spread * expected * (1 + 1/periods)``,
    so that the history's own uncertainty and its over-dispersion are both in it.

    Examples
    --------
    >>> round(low_count_p(0, 3.0, spread=1.0, periods=26), 3)
    0.053
    """
    variance = spread * expected * (1 + 1 / periods)
    size = expected**2 / (variance - expected)
    return float(nbinom.cdf(count, size, expected / variance))


def quiet_days(daily: pd.Series) -> pd.DataFrame:
    """Runs of days without a record that chance would not leave in a series this long.

    What a day should hold is the mean of the same weekdays within eight weeks, so that a feed
    that rests on Sundays is not called broken. The chance of the whole run is taken as Poisson,
    with the expected counts halved as a margin for days that vary more than that.

    Returns
    -------
    DataFrame
        first, last, days, expected (records the run should hold).

    Examples
    --------
    >>> daily = pd.Series(20, index=pd.date_range("2024-01-01", periods=60))
    >>> daily.iloc[30:33] = 0
    >>> quiet_days(daily)[["days", "expected"]].to_dict("records")
    [{'days': 3, 'expected': 60.0}]
    """
    values = daily.to_numpy(float)
    empty = values == 0
    edges = np.flatnonzero(np.diff(np.concatenate(([0], empty.view(np.int8), [0]))))
    found = []
    for start, stop in edges.reshape(-1, 2):
        expected = sum(_same_weekdays(values, day, start, stop) for day in range(start, stop))
        if len(values) * np.exp(-expected / 2) < FALSE_ALARMS:
            found.append((daily.index[start], daily.index[stop - 1], int(stop - start), float(expected)))
    return pd.DataFrame(found, columns=["first", "last", "days", "expected"])


def holds_most_days(daily: pd.Series) -> bool:
    """Whether a feed holds records on at least half the days that its mean rate would fill by chance (Poisson).

    A feed of few records leaves many days empty and holds them all the same; one of thousands a day that has records
    on one day in six was handed over in parts.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=300)
    >>> holds_most_days(pd.Series([3000, 0, 0, 0, 0, 0] * 50, index=days))
    False
    >>> holds_most_days(pd.Series([1, 0, 0, 0, 0, 0] * 50, index=days))
    True
    """
    by_chance = -np.expm1(-float(daily.mean())) * len(daily)
    return bool((daily > 0).sum() >= SOME_DAYS * by_chance)


def covered_days(daily: pd.Series) -> pd.DatetimeIndex:
    """The days that a feed covers: all but the runs that chance would not leave empty, or only those with records.

    Where the feed does not hold most of its days (`holds_most_days`), a day without a record is taken as not covered.

    Parameters
    ----------
    daily : Series
        Records by day, every day from the first to the last.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=90)
    >>> daily = pd.Series(20, index=days)
    >>> daily.iloc[30:40] = 0
    >>> len(covered_days(daily)), len(covered_days(daily.where(days.day <= 5, 0)))
    (80, 10)
    """
    covered = daily > 0
    if holds_most_days(daily):
        covered[:] = True
        for run in quiet_days(daily).itertuples():
            covered[run.first : run.last] = False
    return daily.index[covered]


def _same_weekdays(values: np.ndarray, day: int, start: int, stop: int) -> float:
    around = np.array([day + 7 * k for k in range(-8, 9)])
    around = around[(around >= 0) & (around < len(values)) & ((around < start) | (around >= stop))]
    return float(values[around].mean()) if len(around) else 0.0


def _period_days(counts: pd.Series, period: str) -> np.ndarray:
    return counts.index.days_in_month.to_numpy(float) if period == "month" else np.full(len(counts), 7.0)


def _drops(flow: Flow, drops: pd.DataFrame, period: str) -> list[Finding]:
    if drops.empty:
        return []
    worst = drops.loc[(drops["records"] / drops["usual"]).idxmin()]
    latest = drops.iloc[-1]
    return [Finding(
        "volume_drop", "warning", flow.source,
        f"{len(drops)} {period}(s) hold far fewer records than those before them ({flow.clock} dates): the worst, "
        f"{period} of {worst['start']:%Y-%m-%d}, {worst['records']:,} where {worst['usual']:,.0f} is usual "
        f"(p {worst['p_value']:.1g}, over-dispersion allowed for); the latest is that of {latest['start']:%Y-%m-%d}",
        int(worst["records"]), float(worst["usual"]), f"records a {period}",
        "ask the sender whether a file is missing or a system changed, before calling it a fall in crime; leave the "
        f"{period} out of means and trends until then",
        drops,
    )]


def _gaps(flow: Flow, gaps: pd.DataFrame) -> list[Finding]:
    if gaps.empty:
        return []
    longest = gaps.loc[gaps["days"].idxmax()]
    return [Finding(
        "days_without_records", "serious" if longest["days"] >= 28 else "warning", flow.source,
        f"{int(gaps['days'].sum())} day(s) in {len(gaps)} run(s) hold no record at all; the longest, "
        f"{longest['days']} day(s) from {longest['first']:%Y-%m-%d}, should hold about {longest['expected']:,.0f}",
        0, float(gaps["expected"].sum()), "records",
        "load the missing files; until then leave the days out of means and say so under every chart that spans them",
        gaps,
    )]


def _late(flow: Flow, as_of: pd.Timestamp) -> list[Finding]:
    if flow.month_files:
        newest = flow.monthly.index.max() + pd.offsets.MonthEnd(0)
        cadence, words = 31.0, "a file a month"
    else:
        active = flow.daily[flow.daily > 0].index
        newest = active.max()
        steps = np.diff(active.to_numpy()) / np.timedelta64(1, "D")
        cadence = max(float(np.quantile(steps, 0.95)), 1.0) if len(steps) else 1.0
        words = f"a record every {cadence:.0f} day(s) or sooner"
    age = (pd.Timestamp(as_of).tz_localize(None).normalize() - newest).days
    if age <= 3 * cadence:
        return []
    return [Finding(
        "feed_late", "warning" if age <= 365 else "note", flow.source,
        f"the newest record is of {newest:%Y-%m-%d}, {age:,} days before {as_of:%Y-%m-%d}; usual is {words}"
        + ("; an archive, or a feed that ended" if age > 365 else ""),
        age, cadence, "days",
        "fetch and load what is new, or say on every page that the data end there",
    )]
