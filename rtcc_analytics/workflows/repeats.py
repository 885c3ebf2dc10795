"""Exploring repeats and time: one function turns a choice of records into a Knox table, zones and clocks.

The notebook's controls, a headless run and a test call the same `explore_repeats`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from data_connectors.errors import RtccError
from rtcc_analytics.events import Events, When
from rtcc_analytics.near_repeat import (
    ChainsResult,
    KnoxResult,
    OpenAlerts,
    knox_test,
    near_repeat_chains,
    open_alerts,
)
from rtcc_analytics.offenses import offense_codes, offense_name
from rtcc_analytics.temporal import DayHourTable, circular_summary, day_hour_table

if TYPE_CHECKING:
    from rtcc_analytics.temporal import CircularSummary

DISTANCE_BREAKS = (0.0, 100.0, 200.0, 300.0, 400.0)
TIME_BREAKS = (0.0, 7.0, 14.0, 21.0, 28.0)
FEW_EVENTS = 100
WIDE_SPREAD_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class RepeatsView:
    """A choice of records as near repeats and times, which always speak of the same records.

    Attributes
    ----------
    title : str
        What is counted, and the period.
    events : Events
        The records chosen, each with a place and a time.
    knox : KnoxResult
        Pairs by distance and time apart against chance, over the whole period.
    alerts : OpenAlerts
        Zones open on the day asked for, from what was known then.
    chains : ChainsResult
        Events linked within the reach of the alerts, or of the first bands where none is open.
    hours : DayHourTable
        Local day of week by hour, uncertain times spread over when they may have been.
    clock : CircularSummary
        The mean hour and how tightly events hold to it.
    cautions : tuple of str
        What would mislead about this choice.
    """

    title: str
    events: Events
    knox: KnoxResult
    alerts: OpenAlerts
    chains: ChainsResult
    hours: DayHourTable
    clock: CircularSummary
    cautions: tuple[str, ...]

    def zones(self) -> pd.DataFrame:
        """One row an open zone, the one that expires first last: date, address, ring, days left, ratio.

        Addresses marked sensitive are left empty.
        """
        alerts = self.alerts
        return pd.DataFrame(
            {
                "event_date": pd.to_datetime(alerts.event_day, unit="D").date,
                "address": _addresses(self.events, alerts.event),
                "within_m": alerts.metres_to,
                "days_left": np.ceil(alerts.expires_day - alerts.at_day),
                "expires": pd.to_datetime(alerts.expires_day, unit="D").date,
                "ratio": alerts.ratio,
                "ratio_low": alerts.ratio_low,
                "ratio_high": alerts.ratio_high,
            }
        )

    def linked(self, *, least_events: int = 3) -> pd.DataFrame:
        """One row a chain of at least `least_events`, largest first: events, places, dates, days, radius in metres."""
        table = self.chains.to_frame(least_events=least_events)
        for name in ("first", "last"):
            table.insert(3, f"{name}_date", pd.to_datetime(table.pop(f"{name}_day"), unit="D").dt.date)
        return table[["events", "places", "first_date", "last_date", "days", "radius_m"]]


def explore_repeats(
    events: Events,
    *,
    offense: str | Sequence[str] | None = None,
    start: When | None = None,
    end: When | None = None,
    at: When | None = None,
    distance_breaks: Sequence[float] = DISTANCE_BREAKS,
    time_breaks: Sequence[float] = TIME_BREAKS,
    least_ratio: float = 1.2,
    most_p: float = 0.05,
    permutations: int = 999,
    seed: int = 1,
    spread_times: bool = False,
    assumed_lag_days: float = 2.0,
) -> RepeatsView:
    """Near repeats, today's zones and the clock of the records chosen.

    Parameters
    ----------
    events : Events
        What can be chosen from.
    offense : str or sequence of str, optional
        Words or NIBRS codes; all offenses by default (say so: pairs then mix types).
    start, end : date, optional
        Half-open local period; all records by default.
    at : date, optional
        The day whose zones are asked for; `end`, or the day after the last record of any offense, by default.
    distance_breaks, time_breaks, least_ratio, most_p, permutations, seed
        As in `open_alerts`; metres and days.
    spread_times : bool
        Count uncertain times on each day they may have been (the Knox table only; slower).
    assumed_lag_days : float
        How long after it happened an event without a report time is taken as known.

    Raises
    ------
    RtccError
        Nothing left of the choice, or too little for pairs.

    Examples
    --------
    >>> rng = np.random.default_rng(7)
    >>> x, y, t = rng.uniform(0, 5000, 300), rng.uniform(0, 5000, 300), rng.integers(0, 365, 300)
    >>> x, y, t = np.r_[x, x[:60] + 30], np.r_[y, y[:60]], np.r_[t, t[:60] + 3]
    >>> burglaries = Events(x=x + 5e5, y=y + 4.6e6, crs="EPSG:32618", timezone="UTC",
    ...                     occurred_from=np.datetime64("2024-01-01T20:00:00") + t.astype("timedelta64[D]"))
    >>> view = explore_repeats(burglaries, permutations=99)
    >>> view.title, view.alerts.bands.open_days.tolist(), view.clock.mean
    ('All offenses, 2 Jan 2024 to 24 Dec 2024', [7.0, 0.0, 0.0, 0.0], 20.5)
    """
    chosen, first, after, lost = _chosen(events, offense, start, end)
    knox_breaks = {"distance_breaks": list(distance_breaks), "time_breaks": list(time_breaks)}
    asked = {**knox_breaks, "permutations": permutations, "seed": seed}
    knox = knox_test(chosen, **asked, weights="aoristic" if spread_times else None)
    day = pd.Timestamp(at).date() if at is not None else after
    rule = {"least_ratio": least_ratio, "most_p": most_p, "assumed_lag_days": assumed_lag_days}
    alerts = open_alerts(chosen, at=day, **asked, **rule)
    kept_open = alerts.bands[alerts.bands.open_days > 0]
    reach = (
        (kept_open.metres_to.max(), kept_open.open_days.min())
        if len(kept_open)
        else (float(distance_breaks[1]), float(time_breaks[1]))
    )
    chains = near_repeat_chains(chosen, distance_m=reach[0], days=reach[1])
    hours = day_hour_table(chosen)
    clock = circular_summary(np.arange(24) + 0.5, weights=hours.counts.sum(axis=0))
    what = _words(offense)
    title = f"{what[0].upper()}{what[1:]}, {_day(first)} to {_day(after - timedelta(days=1))}"
    cautions = (*_cautions(chosen, lost, hours), *_once(knox.warnings, alerts.warnings))
    return RepeatsView(title, chosen, knox, alerts, chains, hours, clock, cautions)


def _chosen(
    events: Events, offense: str | Sequence[str] | None, start: When | None, end: When | None
) -> tuple[Events, date, date, int]:
    """The records of the offenses and the period, its first day and the day after it, and how many have no time."""
    codes = offense_codes(offense) if offense else ()
    picked = events.of(*codes) if codes else events
    timeless = np.isnat(picked.occurred_from)
    known = picked.where(~timeless)
    if not known.size:
        raise RtccError(f"no record of {_words(offense)} with a time: choose another offense")
    first = pd.Timestamp(start).date() if start is not None else known.local_day.min().item()
    # A quiet week of this offense is no end of the records.
    last = events.local_day[~np.isnat(events.local_day)].max()
    after = pd.Timestamp(end).date() if end is not None else (last + np.timedelta64(1, "D")).item()
    if not first < after:
        raise RtccError(f"the period from {first} to {after} is empty: the end must be later than the start")
    kept = known.between(first, after)
    if kept.size < 2:
        raise RtccError(
            f"{kept.size} records of {_words(offense)} between {first} and {after}, of {known.size:,} in all: pairs "
            "need at least two; widen the period"
        )
    return replace(kept, label=_words(offense)), first, after, int(timeless.sum())


def _cautions(events: Events, lost: int, hours: DayHourTable) -> tuple[str, ...]:
    found = []
    if lost:
        found.append(f"{lost:,} records have no time of occurrence and were left out")
    if events.size < FEW_EVENTS:
        found.append(f"{events.size:,} events make few pairs: near repeats may be there and not show; widen the period")
    if hours.total and hours.spread / hours.total > WIDE_SPREAD_SHARE:
        found.append(
            f"{hours.spread / hours.total:.0%} of the events are spread over several hours: trust the days more than "
            "the hours"
        )
    return tuple(found)


def _once(*told: Sequence[str]) -> list[str]:
    """Warnings, one of those that differ in their numbers alone."""
    return list({re.sub(r"[\d,.]+", "", words): words for words in chain(*told)}.values())


def _addresses(events: Events, which: np.ndarray) -> list[str]:
    if events.address is None:
        return [""] * len(which)
    shown = events.address.codes[which] >= 0
    if events.sensitive is not None:
        shown &= ~events.sensitive[which]
    names = np.asarray(events.address.astype(object))[which]
    return [str(name) if show else "" for name, show in zip(names, shown, strict=True)]


def _words(offense: str | Sequence[str] | None) -> str:
    if not offense:
        return "all offenses"
    codes = offense_codes(offense)
    return offense_name(codes[0]) if len(codes) == 1 else str(offense if isinstance(offense, str) else ", ".join(codes))


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
