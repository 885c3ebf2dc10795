"""Data quality before any map: what in the records would mislead, with both numbers and a remedy.

`assess` reads a store and says what it found; nothing is changed. The command line's
``rtcc quality`` and the notebook panel print the same report.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd

from rtcc_analytics.quality.feeds import check_feeds
from rtcc_analytics.quality.findings import Finding, QualityReport, Severity, Unchecked, worst_first
from rtcc_analytics.quality.flow import check_flow
from rtcc_analytics.quality.heaping import HeapingRatio, heaping_ratio
from rtcc_analytics.quality.lag import check_lag
from rtcc_analytics.quality.places import check_places
from rtcc_analytics.quality.published import check_published
from rtcc_analytics.quality.records import check_records, measures_by_source
from rtcc_analytics.quality.scope import TABLES_ASSESSED, Scope, require_assessed
from rtcc_analytics.quality.times import check_times

if TYPE_CHECKING:
    from data_connectors import Store

__all__ = [
    "TABLES_ASSESSED", "Finding", "HeapingRatio", "QualityReport", "Severity", "Unchecked", "assess", "heaping_ratio",
]


def assess(
    store: Store,
    *,
    table: str = "incidents",
    source: str | None = None,
    since: datetime | None = None,
    as_of: datetime | None = None,
) -> QualityReport:
    """What in a table would mislead an analysis, worst first.

    Looks for stacked points, coordinates that are missing, outside, swapped, far off or
    coarse; midnight, noon, first-of-month and 1 January heaping; ranges, reversed ranges and
    report dates in place of incident dates; reporting lag; drops in volume, days with nothing
    and feeds that are late; columns that came or went since the load before; offenses no
    crosswalk knows; rejects; takings-back that find nothing; and totals that differ from the
    published ones. Everything is aggregated in the store: 350,000 rows take about a second.

    Parameters
    ----------
    store : Store
        The store to read. Nothing in it is changed.
    table : "incidents", "calls" or "cameras"
        Cameras have no clock, so only places and loading are checked.
    source : str, optional
        One feed; all where left out.
    since : datetime, optional
        Only rows that happened from then on (with a zone; none means UTC).
    as_of : datetime, optional
        The instant against which a feed is late; now where left out.

    Raises
    ------
    RtccError
        A table that is not assessed, or a store that is not there.

    Examples
    --------
    >>> from rtcc_analytics.quality import assess
    >>> report = assess(store)                                      # doctest: +SKIP
    >>> print(report)                                               # doctest: +SKIP
    >>> report.of("stacked_points")[0].details                      # doctest: +SKIP
    """
    require_assessed(table)
    with store.reading() as held:
        scope = Scope(held, table, source, _with_zone(since), _with_zone(as_of) or datetime.now(UTC))
        return _assessed(scope, held.snapshot())


def _assessed(scope: Scope, snapshot: int) -> QualityReport:
    measures = measures_by_source(scope)
    found: list[Finding] = []
    unchecked = _too_late(scope, measures)
    published = pd.DataFrame()
    if len(measures):
        found += check_places(scope, measures) + check_records(scope, measures)
    if len(measures) and scope.has_clock:
        times_found, times_unchecked = check_times(scope, measures)
        found, unchecked = found + times_found, unchecked + times_unchecked
        flow_found, flow_unchecked = check_flow(scope)
        found, unchecked = found + flow_found, unchecked + flow_unchecked
    if len(measures) and scope.table == "incidents":
        lag_found, lag_unchecked, lags = check_lag(scope)
        published_found, published_unchecked, published = check_published(scope)
        found, unchecked = found + lag_found + published_found, unchecked + lag_unchecked + published_unchecked
        measures = measures.merge(lags, on="source", how="left")
    found += check_feeds(scope, measures)
    return QualityReport(
        scope.table, scope.source, scope.since, scope.as_of, snapshot, measures, worst_first(found), tuple(unchecked),
        published,
    )


_NEWEST = "SELECT source, max(happened_local) AS newest FROM recs GROUP BY source ORDER BY source"


def _too_late(scope: Scope, measures: pd.DataFrame) -> list[Unchecked]:
    """Feeds that end before the first day asked for: left out unsaid, they would seem clean."""
    if scope.since is None:
        return []
    held = replace(scope, since=None).rows(_NEWEST)
    ended = held[~held["source"].isin(measures["source"])]
    return [
        Unchecked("every check", row.source, f"no row since {scope.since:%Y-%m-%d}"
                  + ("" if pd.isna(row.newest) else f"; the newest is of {row.newest:%Y-%m-%d}"))
        for row in ended.itertuples()
    ]  # fmt: skip


def _with_zone(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
