"""What a store's feeds cover, and in which time zone their clocks ran: read from the records themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import available_timezones

import numpy as np
import pandas as pd

from rtcc_analytics.events import EventsError, instant

if TYPE_CHECKING:
    from rtcc_analytics.from_store import Readable

Span = tuple[np.datetime64, np.datetime64]

_LIKELY = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
    "America/Anchorage", "Pacific/Honolulu", "UTC", "Europe/London",
)
_AGREEMENT = 0.97
_THIN_MONTH = 0.1


def zone_of(store: Readable, source: str | None = None) -> str:
    """The IANA zone in which stored wall clocks agree with stored instants.

    One record a month of each source is looked at; the United States' zones are tried first, and
    of several that agree the first is taken.

    Raises
    ------
    EventsError
        Where there is no incident with a time, the sources disagree, or no zone agrees.
    """
    rows = store.read(
        f"""SELECT source, min(occurred_local) AS clock, arg_min(occurred_from, occurred_local) AS moment
            FROM incidents WHERE occurred_local IS NOT NULL AND occurred_from IS NOT NULL {_of(source)}
            GROUP BY source, date_trunc('month', occurred_local) ORDER BY source, clock""",  # noqa: S608
        **({"source": source} if source else {}),
    )
    if not len(rows):
        sources = store.read("SELECT DISTINCT source FROM incidents ORDER BY source")["source"].tolist()
        raise EventsError(
            f"no incidents with a time{f' from source {source!r}' if source else ''} are in the store (it has sources: "
            f"{', '.join(sources) or 'none'}); load some with `rtcc load`, or choose another source"
        )
    zones = {name: _zone(group) for name, group in rows.groupby("source")}
    if len(set(zones.values())) > 1:
        told = ", ".join(f"{zone} ({name})" for name, zone in zones.items())
        raise EventsError(f"the feeds are of different time zones: {told}; name one with source=")
    return next(iter(zones.values()))


def coverage_of(store: Readable, source: str | None, timezone: str) -> tuple[Span | None, list[str]]:
    """The half-open span, UTC, for which the feeds hold records, and what else to know about it.

    A feed that says when it was told of its records covers the days from its first report to its
    last; one that does not, the days from its first event to its last. Months with under a tenth of
    a usual month's records (an old crime reported late, a year mistyped) do not stretch it. Of
    several feeds the span they share counts, or all together where they share none.
    """
    rows = store.read(
        f"""WITH feeds AS (SELECT source, count(reported_at) > 0.5 * count(*) AS reports,
                                  count(*) FILTER (reported_precision = 'month') > 0.5 * count(*) AS monthly
                           FROM incidents WHERE true {_of(source)} GROUP BY source),
                 moments AS (SELECT source, monthly, CASE WHEN reports THEN reported_at ELSE occurred_from END AS moment
                             FROM incidents JOIN feeds USING (source))
            SELECT source, monthly, floor(epoch(moment) / 86400) AS day, min(moment) AS earliest, max(moment) AS latest,
                   count(*) AS n
            FROM moments WHERE moment IS NOT NULL GROUP BY source, monthly, day ORDER BY source, day""",  # noqa: S608
        **({"source": source} if source else {}),
    )
    spans = {name: _span(group, timezone) for name, group in rows.groupby("source")}
    if not spans:
        return None, []
    first, last = max(s[0] for s in spans.values()), min(s[1] for s in spans.values())
    notes = []
    if len(set(spans.values())) > 1:
        told = "; ".join(f"{name} {span[0]} to {span[1] - np.timedelta64(1, 'D')}" for name, span in spans.items())
        shared = "the days they share count as covered" if first < last else "they share none: choose one with source="
        notes.append(f"feeds cover different times ({told}); {shared}")
    if not first < last:
        first, last = min(s[0] for s in spans.values()), max(s[1] for s in spans.values())
    return (instant(first.item(), timezone), instant(last.item(), timezone)), notes


def _zone(rows: pd.DataFrame) -> str:
    clock = pd.DatetimeIndex(rows["clock"])
    moment = pd.DatetimeIndex(pd.to_datetime(rows["moment"], utc=True))
    for zone in (*_LIKELY, *sorted(available_timezones())):
        agree = (moment.tz_convert(zone).tz_localize(None) == clock).mean()
        if agree >= _AGREEMENT:
            return zone
    raise EventsError(
        f"no time zone makes the {len(rows):,} wall clocks looked at agree with their instants (first: {clock[0]} and "
        f"{moment[0]}); pass timezone"
    )


def _span(rows: pd.DataFrame, timezone: str) -> Span:
    earliest, latest = (
        pd.DatetimeIndex(pd.to_datetime(rows[name], utc=True)).tz_convert(timezone).tz_localize(None).to_numpy()
        for name in ("earliest", "latest")
    )
    month = latest.astype("M8[M]")
    totals = rows["n"].groupby(month).sum()
    usual = totals[totals >= _THIN_MONTH * totals.median()]
    begin, end = usual.index.min(), usual.index.max()
    first = earliest[month == begin].min().astype("M8[D]")
    if rows["monthly"].iloc[0]:
        first = first.astype("M8[M]").astype("M8[D]")
    return first, latest[month == end].max().astype("M8[D]") + np.timedelta64(1, "D")


def _of(source: str | None) -> str:
    return "AND source = $source" if source else ""
