"""The bottom line, and numbers as a briefing writes them.

Confidence is a rule, not a mood: *high* where the false-discovery q-value is at most 0.01,
*moderate* up to 0.05, else the difference is said to be within what chance alone makes; a fall
that late reports may explain is never called a fall.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rtcc_analytics.temporal import PeriodComparison

if TYPE_CHECKING:
    from rtcc_analytics.workflows.weekly_briefing.reading import Account
    from rtcc_analytics.workflows.weekly_briefing.where import HotPlacesFound

HIGH_CONFIDENCE_Q, MODERATE_CONFIDENCE_Q = 0.01, 0.05
MOST_NAMED = 3
ALL = "All of these"


def bottom_line_sentences(
    comparison: PeriodComparison, found: HotPlacesFound | None, *, window: str
) -> tuple[str, ...]:
    """Three sentences with their confidence: the level, what stands out, and where.

    Parameters
    ----------
    comparison : PeriodComparison
        With a row for all offenses together, named `ALL`.
    found : HotPlacesFound, optional
        Hot places; no sentence about them where left out.
    window : str
        Which window the first sentence speaks of.
    """
    rows = comparison.to_frame()
    level = rows[(rows["offense"] == ALL) & (rows["window"] == window)].iloc[0]
    where = "" if found is None else _where(found.frame, found.share, found.ground_share)
    return tuple(sentence for sentence in (_level(level), _stands_out(rows, comparison), where) if sentence)


def confidence(row: Mapping[str, Any]) -> str:
    """How sure one can be of a difference, in words.

    Examples
    --------
    >>> confidence({"q_value": 0.004, "difference": 9.0, "lag_affected": False})
    'high confidence'
    >>> confidence({"q_value": 0.2, "difference": -9.0, "lag_affected": True})
    'too early to say: reports are still arriving'
    """
    if _hidden_by_lag(row):
        return "too early to say: reports are still arriving"
    q = row["q_value"]
    if pd.isna(q):
        return "not tested"
    if q <= HIGH_CONFIDENCE_Q:
        return "high confidence"
    return "moderate confidence" if q <= MODERATE_CONFIDENCE_Q else "within what chance alone makes"


def count(number: float) -> str:
    """A count with thousands apart; a dash where there is none.

    Examples
    --------
    >>> count(12345.0), count(float("nan"))
    ('12,345', '–')
    """
    return "–" if pd.isna(number) else f"{number:,.0f}"


def mean(number: float) -> str:
    """A mean with one decimal below 1,000.

    Examples
    --------
    >>> mean(28.333), mean(2833.3)
    ('28.3', '2,833')
    """
    return "–" if pd.isna(number) else f"{number:,.1f}" if number < 1000 else f"{number:,.0f}"


def signed(number: float) -> str:
    """A difference in whole counts with its sign.

    Examples
    --------
    >>> signed(-3.6), signed(0.2), signed(12)
    ('−4', '0', '+12')
    """
    whole = round(float(number))
    return f"+{whole:,}" if whole > 0 else f"−{-whole:,}" if whole < 0 else "0"


def difference(row: Mapping[str, Any]) -> str:
    """A difference with its interval, e.g. ``+17 (+3 to +30)``, marked where it is flagged or hidden by late reports.

    Examples
    --------
    >>> difference({"difference": 16.7, "low": 3.1, "high": 30.2, "flagged": True, "lag_affected": False})
    '▲ +17 (+3 to +30)'
    >>> difference({"difference": -9.2, "low": -16.0, "high": -2.1, "flagged": False, "lag_affected": True})
    '* −9 (−16 to −2)'
    """
    if pd.isna(row["difference"]):
        return "–"
    if _hidden_by_lag(row) and row["high"] < 0:
        return f"* {signed(row['difference'])} ({signed(row['low'])} to {signed(row['high'])})"
    mark = ("▲ " if row["difference"] > 0 else "▼ ") if row["flagged"] else ""
    return f"{mark}{signed(row['difference'])} ({signed(row['low'])} to {signed(row['high'])})"


def percent(share: float) -> str:
    """A share in per cent: one decimal below ten.

    Examples
    --------
    >>> percent(0.0123), percent(0.41)
    ('1.2 %', '41 %')
    """
    return "–" if pd.isna(share) else f"{100 * share:.1f} %" if share < 0.0995 else f"{100 * share:.0f} %"


def day_name(day: date | np.datetime64 | pd.Timestamp) -> str:
    """A day as a briefing writes it.

    Examples
    --------
    >>> day_name(date(2013, 12, 29))
    'Sun 29 Dec 2013'
    """
    day = pd.Timestamp(day)
    return f"{day:%a} {day.day} {day:%b} {day.year}"


def span_words(first: date, until: date) -> str:
    """First and last day of a half-open span.

    Examples
    --------
    >>> span_words(date(2013, 12, 23), date(2013, 12, 30))
    'Mon 23 Dec to Sun 29 Dec 2013'
    """
    last = until - timedelta(days=1)
    start = day_name(first)
    return f"{start.removesuffix(f' {first.year}') if first.year == last.year else start} to {day_name(last)}"


def window_words(window: str) -> str:
    """A window's name.

    Examples
    --------
    >>> window_words("28d"), window_words("ytd")
    ('28 days', 'Year to date')
    """
    return "Year to date" if window == "ytd" else f"{window.removesuffix('d')} days"


def baseline_words(against: str, years: int) -> str:
    """What a count is held against.

    Examples
    --------
    >>> baseline_words("multi_year_mean", 3), baseline_words("last_year", 1)
    ('the 3-year mean for the same dates', 'the same dates last year')
    """
    return "the same dates last year" if against == "last_year" else f"the {years}-year mean for the same dates"


def account_words(account: Account, days: int) -> str:
    """Why the map holds fewer offenses than the table, in numbers that add up.

    Examples
    --------
    >>> from rtcc_analytics.workflows.weekly_briefing.reading import Account
    >>> account_words(Account(counted=100, mapped=90, sensitive=8, unplaced=5, outside=0, taken_back=3), 28)
    "The table's 100 offenses of 28 days: 90 on the map + 8 sex or domestic, kept off it + 5 without ... − 3 taken ..."
    >>> account_words(Account(counted=9, mapped=9, sensitive=0, unplaced=0, outside=0, taken_back=0), 28)
    "The table's 9 offenses of 28 days are all on the map."
    """
    parts = [
        f"{'−' if (number < 0) != subtracted else '+'} {count(abs(number))} {what}"
        for number, what, subtracted in (
            (account.sensitive, "sex or domestic, kept off it", False),
            (account.unplaced, "without coordinates", False),
            (account.outside, "outside the area drawn", False),
            (account.taken_back, "taken back, of offenses of other days or off the map", True),
        )
        if number
    ]
    table = f"The table's {count(account.counted)} offenses of {days} days"
    if not parts:
        return f"{table} are all on the map."
    return f"{table}: {count(account.mapped)} on the map {' '.join(parts)}."


def _level(row: pd.Series) -> str:
    span = f"**{window_words(row['window'])} to {day_name(row['window_to'])}:** "
    if pd.isna(row["current"]):
        return f"{span}the records do not cover these days, so nothing is said of them."
    said = f"{span}{count(row['current'])} offenses"
    if pd.isna(row["difference"]):
        return f"{said}; the records hold no earlier year to compare with."
    against = baseline_words(row["against"], int(row["years_used"]))
    change = f"{count(abs(row['difference']))} {'more' if row['difference'] > 0 else 'fewer'} than {against}"
    if round(row["difference"]) == 0:
        change = f"as many as {against}"
    interval = f"{mean(row['expected'])} expected; difference {signed(row['low'])} to {signed(row['high'])}"
    return f"{said}, {change} ({interval}; {confidence(row)}){_still_arriving(row)}."


def _still_arriving(row: pd.Series) -> str:
    if not _true(row["lag_affected"]):
        return ""
    return f". About {percent(row['completeness'])} of the reports for these days are usually in by now"


def _stands_out(rows: pd.DataFrame, comparison: PeriodComparison) -> str:
    made = f"{comparison.comparisons:,} comparisons"
    flagged = rows[rows["flagged"] & (rows["offense"] != ALL)].sort_values("q_value")
    if not comparison.comparisons:
        return ""
    if flagged.empty:
        return f"**Nothing stands out:** none of {made} is beyond what chance makes, their number allowed for."
    named = [
        f"{row['offense'].lower()} {'up' if row['difference'] > 0 else 'down'}, {window_words(row['window']).lower()} "
        f"({count(row['current'])} against {mean(row['expected'])}; {confidence(row)})"
        for _, row in flagged.head(MOST_NAMED).iterrows()
    ]
    more = f"; {len(flagged) - MOST_NAMED} more in the table" if len(flagged) > MOST_NAMED else ""
    return f"**Stands out,** of {made}: {'; '.join(named)}{more}."


def _where(places: pd.DataFrame, share: float, ground_share: float) -> str:
    if places.empty:
        return ""
    numbers = {kind: int((places["place_class"] == kind).sum()) for kind in ("stable", "new", "cooling")}
    hot = numbers["stable"] + numbers["new"]
    if not hot:
        return f"**Where:** no place is hot now; {numbers['cooling']} that were are cooling (low confidence)."
    held = f"{hot} hot {'places hold' if hot > 1 else 'place holds'} {percent(share)} of the mapped offenses on "
    kinds = [f"{n} {kind}" for kind, n in numbers.items() if n]
    kinds = [f"all {kind}" for kind, n in numbers.items() if n] if len(kinds) == 1 and hot > 1 else kinds
    sure = "moderate confidence: found at a false-discovery rate of 5 %, so about one in 20 is a false alarm"
    risen = places[places["risen"]].nlargest(MOST_NAMED, "current")
    named = "; ".join(f"{row.place} ({count(row.current)} against {mean(row.expected)})" for row in risen.itertuples())
    up = f" **Above their own year:** {named}." if named else ""
    return f"**Where:** {held}{percent(ground_share)} of the ground: {', '.join(kinds)} ({sure}).{up}"


def _hidden_by_lag(row: Mapping[str, Any]) -> bool:
    return _true(row["lag_affected"]) and row["difference"] < 0


def _true(value: Any) -> bool:
    return bool(value) and not pd.isna(value)
