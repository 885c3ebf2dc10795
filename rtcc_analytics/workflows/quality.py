"""Checking what was loaded, and putting a wrong place right: the doors that notebooks and forms use."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import pandas as pd

from data_connectors.errors import RtccError
from rtcc_analytics.quality import TABLES_ASSESSED, QualityReport, assess

if TYPE_CHECKING:
    from data_connectors import Store

_AT = {
    "incidents": "WITH recs AS (SELECT *, incident_id AS record_id FROM incidents) ",
    "calls": "WITH recs AS (SELECT *, call_id AS record_id FROM calls) ",
    "cameras": "WITH recs AS (SELECT *, camera_id AS record_id FROM cameras) ",
}
_ADDRESSES = """
SELECT address, count(*) AS records FROM recs
WHERE source = $source AND address IS NOT NULL
  AND CASE WHEN $lon::DOUBLE IS NULL THEN lon IS NULL ELSE abs(lon - $lon) < 1e-9 AND abs(lat - $lat) < 1e-9 END
GROUP BY address ORDER BY records DESC, address LIMIT $most
"""
_PLACES = """
SELECT lon, lat, location_quality, count(*) AS records FROM recs
WHERE source = $source AND (address = $address OR record_id = $record_id)
GROUP BY lon, lat, location_quality ORDER BY records DESC, lon, lat
"""


@dataclass(frozen=True)
class PlaceCorrection:
    """A correction that was made: where the records stood before and stand now.

    Attributes
    ----------
    rows : int
        Rows the store changed.
    before, after : DataFrame
        lon, lat, location_quality, records.
    correction_id : int
        Its number; ``store.withdraw_correction`` takes it back.
    """

    rows: int
    before: pd.DataFrame = field(compare=False)
    after: pd.DataFrame = field(compare=False)
    correction_id: int


def check_quality(
    store: Store,
    *,
    table: str | None = None,
    source: str | None = None,
    since: datetime | str | None = None,
    as_of: datetime | None = None,
) -> tuple[QualityReport, ...]:
    """Assess one table, or every one that holds rows: incidents, calls, cameras.

    Parameters
    ----------
    store : Store
    table : str, optional
        One table; it is reported on also where it holds no row.
    source, since, as_of
        As in `rtcc_analytics.quality.assess`; `since` may be a date in text, "2024-01-31".

    Raises
    ------
    RtccError
        No such feed in the tables assessed, a table that is not assessed, or a date nobody can read.

    Examples
    --------
    >>> import tempfile
    >>> from data_connectors import Store
    >>> check_quality(Store.create(tempfile.mkdtemp() + "/empty"))
    ()
    """
    first = _instant(since)
    reports = tuple(
        assess(store, table=name, source=source, since=first, as_of=as_of)
        for name in ((table,) if table else TABLES_ASSESSED)
    )
    if source and not any(len(report.measures) for report in reports):
        held = store.describe().query("table in @TABLES_ASSESSED")["sources"].fillna("")
        known = sorted({name for names in held for name in names.split(", ") if name})
        raise RtccError(
            f"no row of feed {source!r}{f' since {since}' if since else ''} in {', '.join(TABLES_ASSESSED)}; "
            f"they hold: {', '.join(known) or 'nothing'}"
        )
    return reports if table else tuple(report for report in reports if len(report.measures) or report.unchecked)


def _instant(since: datetime | str | None) -> datetime | None:
    if not isinstance(since, str):
        return since
    try:
        return datetime.fromisoformat(since)
    except ValueError:
        raise RtccError(f"{since!r} is not a date: write it as 2024-01-31") from None


def addresses_at(
    store: Store, *, table: str, source: str, lon: float | None, lat: float | None, most: int = 100
) -> pd.DataFrame:
    """The addresses of the records that stand on one coordinate, commonest first.

    Parameters
    ----------
    store : Store
    table, source : str
        Table and feed of the records.
    lon, lat : float or None
        The coordinate, WGS84 degrees; None for the records that have none.
    most : int
        Addresses at most.

    Returns
    -------
    DataFrame
        address, records.

    Raises
    ------
    RtccError
        A table whose places cannot be corrected.
    """
    place = {name: None if value is None else float(value) for name, value in (("lon", lon), ("lat", lat))}
    return store.read(_at(table) + _ADDRESSES, source=source, most=int(most), **place)


def correct_place(
    store: Store,
    *,
    table: str,
    source: str,
    lon: float,
    lat: float,
    reason: str,
    address: str | None = None,
    record_id: str | None = None,
) -> PlaceCorrection:
    """Put right where one record, or every record at an address, stands; say what changed.

    The correction is the analyst's: it is kept with who, when and why, and applied again at
    every reload.

    Parameters
    ----------
    store : Store
    table, source : str
        Table and feed of the records.
    lon, lat : float
        Where they belong, WGS84 degrees.
    reason : str
        Why, in the analyst's words.
    address, record_id : str
        Exactly one: the address as stored, or the source's identifier.

    Raises
    ------
    RtccError
        No reason, no such record, both or neither of address and identifier, or a coordinate
        out of range; nothing is changed then.
    """
    wanted = {"source": source, "address": address, "record_id": record_id}
    before = store.read(_at(table) + _PLACES, **wanted)
    rows = store.correct_location(
        table=table, source=source, lon=lon, lat=lat, reason=reason, address=address, record_id=record_id
    )
    after = store.read(_at(table) + _PLACES, **wanted)
    return PlaceCorrection(rows, before, after, int(store.corrections()["correction_id"].max()))


def _at(table: str) -> str:
    if table not in _AT:
        raise RtccError(f"places of {table!r} cannot be corrected here; possible: {', '.join(_AT)}")
    return _AT[table]
