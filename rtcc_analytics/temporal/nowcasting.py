"""How many there will have been: recent counts completed for reports still to come, with intervals.

The delay from event to report is learnt from reports that have come, knowing that of recent events only quick
ones can have (right truncation): the reverse-time hazard, known to insurers as chain ladder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcc_analytics.events import Occurrences, When, instant, wall_clock
from rtcc_analytics.temporal.daily import Days, covered_days
from rtcc_analytics.temporal.poisson import FloatArray, PeriodError

Step = Literal["day", "week", "month"]

FEWEST_EVENTS = 50
MONTHLY_SHARE = 0.95
MIXED_SHARE = 0.005
WEEKDAY_DELAYS = 14
FEWEST_PER_WEEKDAY = 300
DRAWS = 2000
_MONDAY = np.datetime64("1970-01-05", "D")


@dataclass(frozen=True, eq=False)
class Nowcast:
    """Counts of recent steps as they stand, and as they will stand once all is reported.

    Attributes
    ----------
    start, end : array of datetime64[D], shape (steps,)
        Half-open spans of local days, oldest first.
    reported : array of float
        Events reported by `as_of`.
    completeness : array of float
        Expected share reported by now, 0-1, of what will be within `longest_delay`.
    expected, low, high : array of float
        What the count will be once all is reported, and its interval; never below `reported`.
    level : float
        Share of outcomes the interval is meant to hold.
    step : "day", "week" or "month"
    as_of : datetime64[D]
        The last local day up to whose end reports are taken in.
    longest_delay : int
        Delays beyond this are not counted: days, or months where reports are known to the month only.
    precision : "day" or "month"
        How precisely the records say when each event was reported.
    dispersion : float
        Variance over mean of reports about the fitted delays; above 1 the intervals are widened by it.
    notes : tuple of str
        What a reader must know before believing it.
    """

    start: Days
    end: Days
    reported: FloatArray
    completeness: FloatArray
    expected: FloatArray
    low: FloatArray
    high: FloatArray
    level: float
    step: str
    as_of: np.datetime64
    longest_delay: int
    precision: str
    dispersion: float
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row a step: start, end, reported, completeness, expected, low, high."""
        names = ("start", "end", "reported", "completeness", "expected", "low", "high")
        return pd.DataFrame({name: getattr(self, name) for name in names})


def nowcast(
    occurrences: Occurrences,
    *,
    as_of: When | None = None,
    step: Step | None = None,
    steps: int = 12,
    longest_delay_days: int = 180,
    history_days: int = 730,
    level: float = 0.9,
    seed: int = 0,
) -> Nowcast:
    """Complete the counts of recent days, weeks or months for events not yet reported.

    Parameters
    ----------
    occurrences : Occurrences
        With report times; events without one are left out, and a note says how many. Weights that are not whole
        events (records taken back) count as they are.
    as_of : date or time, optional
        Up to when reports reach: a date means up to its beginning. By default the latest report.
    step : "day", "week" or "month", optional
        What to count by: whole weeks from Monday by default. Where reports are dated to the month only (all
        at the same moment of theirs), months, and nothing finer is possible.
    steps : int
        How many of the latest steps.
    longest_delay_days : int
        Later reports are left out of account: nothing seen so far can tell of delays longer than the records.
    history_days : int
        Events of this long before `as_of` teach the delays; more than `longest_delay_days`.
    level : float
        Share of outcomes the interval is meant to hold.
    seed : int
        Of the draws behind the interval.

    Returns
    -------
    Nowcast

    Raises
    ------
    PeriodError
        Fewer than 50 events with a report time, none of the steps covered, a step finer than the reports' dates,
        lengths that make no sense.

    Examples
    --------
    >>> days = np.arange("2023-01-01", "2025-01-01", dtype="datetime64[D]").repeat(4)
    >>> late = np.tile([0, 0, 0, 20], days.size // 4)      # one in four is reported after 20 days
    >>> told = days + late
    >>> seen = told < np.datetime64("2025-01-01")
    >>> events = Occurrences(occurred_from=days[seen].astype("M8[s]"), reported_at=told[seen].astype("M8[s]"),
    ...                      timezone="UTC")
    >>> late = nowcast(events, as_of="2025-01-01", steps=3)
    >>> late.reported.tolist(), late.expected.round(1).tolist()
    ([24.0, 21.0, 21.0], [28.0, 28.0, 28.0])

    Notes
    -----
    With T the last day seen, the share of delays up to d that are exactly d is estimated from events at least d days
    old, and the share reported within T - t days is the product of one less that share over all longer
    delays: Kalbfleisch, J. D. and Lawless, J. F. (1989), Inference based on retrospective ascertainment, JASA 84,
    360-372; Lawless, J. F. (1994), Adjustments for reporting delays, Canadian Journal of Statistics 22, 15-31.
    Delays of up to 14 days are learnt for each weekday of occurrence by itself where it has 300 events or more, so
    that a feed that rests on weekends is not mistaken. Given n reported, the unreported are negative binomial
    (n + 1/2, completeness); that, the hazards' own uncertainty and the dispersion are drawn together.
    """
    known = occurrences.where(~np.isnat(occurrences.reported_at) & ~np.isnat(occurrences.occurred_from))
    _require(known, step, steps, longest_delay_days, history_days, level)
    told = wall_clock(known.reported_at, known.timezone)
    monthly = _dated_to_the_month(told)
    step = step or ("month" if monthly else "week")
    if monthly and step != "month":
        raise PeriodError(
            f"reports are dated to the month only, so by {step} nobody can tell how late they came; use step='month'"
        )
    last = _last_day(known, told, as_of, monthly)
    clock = _Months(last) if monthly else _Daily(last)
    longest = max(1, round(longest_delay_days / 30.4)) if monthly else longest_delay_days
    history = max(longest + 1, round(history_days / 30.4)) if monthly else history_days
    first_covered = covered_days([occurrences])[0]
    age, delay = clock.age(known.local_day), clock.age(known.local_day) - clock.age(told.astype("M8[D]"))
    delay = np.maximum(delay, 0)  # reported before it began, as ranges can be: at once
    seen = (clock.age(told.astype("M8[D]")) >= 0) & (delay <= longest) & (age >= 0) & (age < history)
    triangle = np.zeros((history, longest + 1))
    np.add.at(triangle, (age[seen], delay[seen]), known.weights[seen])
    rng = np.random.default_rng(seed)
    share, draws, dispersion = _completeness(np.maximum(triangle, 0), clock.strata(history), rng)
    start, end = _steps(step, last, steps)
    if not (start >= first_covered).any():
        raise PeriodError(f"records begin on {first_covered}, after the {steps} {step}s asked for began ({start[0]})")
    start, end = start[start >= first_covered], end[start >= first_covered]
    counted = triangle.sum(axis=1)
    notes = _notes(occurrences, known, told, monthly, longest_delay_days)
    completed = _completed(clock, start, end, counted, share, draws, dispersion, level, rng)
    precision = "month" if monthly else "day"
    return Nowcast(start, end, *completed, level, step, last, longest, precision, dispersion, notes)


class _Daily:
    """Ages and delays in days before the last day seen; hazards differ by weekday of occurrence."""

    def __init__(self, last: np.datetime64) -> None:
        self.last = last

    def age(self, days: Days) -> NDArray[np.int64]:
        return (self.last - days).astype(np.int64)

    def strata(self, history: int) -> NDArray[np.int64]:
        return ((self.last - np.arange(history)).astype(np.int64) + 3) % 7


class _Months:
    """Ages and delays in calendar months; no weekdays."""

    def __init__(self, last: np.datetime64) -> None:
        self.last = last.astype("M8[M]")

    def age(self, days: Days) -> NDArray[np.int64]:
        return (self.last - days.astype("M8[M]")).astype(np.int64)

    def strata(self, history: int) -> NDArray[np.int64]:
        return np.zeros(history, dtype=np.int64)


def _completeness(
    triangle: FloatArray, strata: NDArray[np.int64], rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, float]:
    """Share reported at each age, shape (ages,), draws of it, shape (DRAWS, ages), and the dispersion.

    `triangle` holds events by age (row) and delay (column): row t can hold delays up to t only.
    """
    ages, delays = triangle.shape
    could = np.arange(ages)[:, None] >= np.arange(delays)[None, :]
    running = np.cumsum(triangle, axis=1)
    groups = np.unique(strata)
    split = groups.size > 1 and min(triangle[strata == g].sum() for g in groups) >= FEWEST_PER_WEEKDAY
    exact, at_risk = np.zeros((groups.size, delays)), np.zeros((groups.size, delays))
    for index, group in enumerate(groups):
        inside = could & (strata == group)[:, None]
        exact[index], at_risk[index] = (triangle * inside).sum(axis=0), (running * inside).sum(axis=0)
    pooled = np.arange(delays) > (WEEKDAY_DELAYS if split else -1)
    exact[:, pooled], at_risk[:, pooled] = exact[:, pooled].sum(axis=0), at_risk[:, pooled].sum(axis=0)
    hazard = np.divide(exact, at_risk, out=np.zeros_like(exact), where=at_risk > 0)
    position = np.searchsorted(groups, strata)
    dispersion = _dispersion(triangle, running, hazard[position], could)
    column = np.minimum(np.arange(ages), delays - 1)
    share = _reverse_product(hazard)[position, column]
    # Strata share the pooled delays, so these are drawn once and for all of them.
    own = np.where(pooled, 0, np.arange(groups.size)[:, None])
    beta_a, beta_b = np.maximum(exact, 1e-12) / dispersion, np.maximum(at_risk - exact, 1e-12) / dispersion
    sampled = rng.beta(beta_a, beta_b, size=(DRAWS, *exact.shape))
    sampled = np.where(exact > 0, sampled[:, own, np.arange(delays)], 0.0)
    return share, _reverse_product(sampled)[:, position, column], dispersion


def _reverse_product(hazard: FloatArray) -> FloatArray:
    """F(d) = product over j > d of (1 - g(j)), along the last axis."""
    later = np.cumprod((1 - hazard)[..., ::-1], axis=-1)[..., ::-1]
    return np.concatenate([later[..., 1:], np.ones_like(later[..., :1])], axis=-1)


def _dispersion(triangle: FloatArray, running: FloatArray, hazard: FloatArray, could: NDArray[np.bool_]) -> float:
    """Variance over mean of the reports of weeks of age and of delay about what the hazards say; at least 1.

    Reports of the same day say nothing: of those not later than that day they are all, whatever their number.
    """
    later = could & (np.arange(triangle.shape[1]) > 0)
    expected = np.where(later, running * hazard, 0.0)
    rows, columns = (np.arange(n) // 7 if triangle.shape[0] > 60 else np.arange(n) for n in triangle.shape)
    blocks = np.zeros((2, rows[-1] + 1, columns[-1] + 1))
    for block, values in zip(blocks, (np.where(later, triangle, 0.0), expected), strict=True):
        np.add.at(block, (rows[:, None], columns[None, :]), values)
    told = blocks[1] >= 1
    if told.sum() < 20:
        return 1.0
    seen, fitted = blocks[:, told]
    return float(max(1.0, (np.square(seen - fitted) / fitted).mean()))


def _completed(
    clock: _Daily | _Months, start: Days, end: Days, counted: FloatArray, share: FloatArray, draws: FloatArray,
    dispersion: float, level: float, rng: np.random.Generator,
) -> tuple[FloatArray, ...]:
    """reported, completeness, expected, low, high of each span."""
    oldest = clock.age(start)
    youngest = clock.age(end - 1)
    rows = []
    for first, last in zip(youngest, oldest, strict=True):
        ages = slice(max(0, first), min(last + 1, counted.size))
        held, part, drawn = np.maximum(counted[ages], 0), share[ages], np.maximum(draws[:, ages], 1e-6)
        missing = held * (1 - part) / np.maximum(part, 1e-6)
        waiting = rng.negative_binomial((held + 0.5) / dispersion, drawn) * dispersion
        waiting[:, part >= 1] = 0
        total = counted[ages].sum() + waiting.sum(axis=1)
        low, high = np.quantile(total, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
        reported = counted[ages].sum()
        expected = reported + missing.sum()
        whole = reported / expected if expected > 0 else part.mean()
        rows.append((reported, whole, expected, min(low, expected), max(high, expected)))
    return tuple(np.array(column) for column in zip(*rows, strict=True))


def _steps(step: Step, last: np.datetime64, steps: int) -> tuple[Days, Days]:
    """The latest whole steps that end by the end of the day `last`."""
    stop = last + 1
    if step == "month":
        edges = (stop.astype("M8[M]") - np.arange(steps, -1, -1)).astype("M8[D]")
    elif step == "week":
        edges = _MONDAY + (stop - _MONDAY).astype(np.int64) // 7 * 7 - 7 * np.arange(steps, -1, -1)
    else:
        edges = stop - np.arange(steps, -1, -1)
    return edges[:-1], edges[1:]


def _dated_to_the_month(told: NDArray[np.datetime64]) -> bool:
    """Whether nearly all reports carry the first or the last day of a month: what a monthly feed knows."""
    day = told.astype("M8[D]")
    first = day == day.astype("M8[M]").astype("M8[D]")
    last = day + 1 == (day.astype("M8[M]") + 1).astype("M8[D]")
    return bool(max(first.mean(), last.mean()) >= MONTHLY_SHARE)


def _at_month_ends(told: NDArray[np.datetime64]) -> float:
    after = told + 1
    return float((after == after.astype("M8[M]").astype("M8[s]")).mean())


def _last_day(known: Occurrences, told: NDArray[np.datetime64], as_of: When | None, monthly: bool) -> np.datetime64:
    """The last local day whose reports are all in: for a monthly feed the last day of its last month."""
    if as_of is None:
        moment = told.max()
    else:
        moment = wall_clock(np.array([instant(as_of, known.timezone)]), known.timezone)[0]
    day = moment.astype("M8[D]")
    whole = as_of is None or (moment + 1).astype("M8[D]") > day
    last = day if whole else day - 1
    if not monthly:
        return last
    month = last.astype("M8[M]")
    month_is_over = as_of is None or last + 1 == (month + 1).astype("M8[D]")
    return ((month + 1) if month_is_over else month).astype("M8[D]") - 1


def _notes(
    occurrences: Occurrences, known: Occurrences, told: NDArray[np.datetime64], monthly: bool, longest_delay_days: int
) -> tuple[str, ...]:
    notes = list(occurrences.notes)
    if without := occurrences.size - known.size:
        notes.append(f"{without:,} of {occurrences.size:,} events without a time or a report time are left out")
    if monthly:
        notes.append("reports are dated to the month only: delays are whole months, and single weeks are not completed")
    elif (to_the_month := _at_month_ends(told)) >= MIXED_SHARE:
        notes.append(
            f"{to_the_month:.0%} of the reports bear the very last second of a month: a feed dated to the month only "
            "is mixed with others, and its delays are not known to the day; complete each feed by itself"
        )
    notes.append(f"events reported later than {longest_delay_days} days after they happened are left out of account")
    return tuple(notes)


def _require(
    known: Occurrences, step: str | None, steps: int, longest_delay_days: int, history_days: int, level: float
) -> None:
    if step not in (None, "day", "week", "month"):
        raise PeriodError(f"step {step!r} is not known; use 'day', 'week' or 'month'")
    if steps < 1 or longest_delay_days < 1 or history_days <= longest_delay_days or not 0 < level < 1:
        raise PeriodError(
            f"steps {steps}, longest_delay_days {longest_delay_days}, history_days {history_days}, level {level:g}: "
            "give at least one step and one day, a history longer than the longest delay, and a level between 0 and 1"
        )
    if known.size < FEWEST_EVENTS:
        raise PeriodError(
            f"{known.size} events say when they were reported; at least {FEWEST_EVENTS} are needed to learn delays"
        )


