"""Locations that an analyst put right by hand: kept as the analyst's, surviving reloads, and reversible."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from ..profile import Profile, ProfileError
from ..schemas import TABLES
from .errors import StoreError
from .location import Location, quoted
from .locking import current_user
from .session import LoadingSession, loading

RECORD_ID = {"incidents": "incident_id", "calls": "call_id", "cameras": "camera_id", "places": "place_id"}
LEAST_MARGIN_DEG = 0.5  # about 50 km: a feed whose rows are all stacked has no extent of its own


def correct_location(
    location: Location,
    *,
    table: str,
    source: str,
    lon: float,
    lat: float,
    reason: str,
    record_id: str | None,
    address: str | None,
    outside: bool,
    explain: bool,
    wait_s: float,
) -> int:
    """Record a correction and apply it; see `Store.correct_location`."""
    _check(table, lon, lat, reason, record_id, address)

    def job(session: LoadingSession) -> int:
        if not _matching(session, table, source, record_id, address):
            wanted = f"address {address!r}" if record_id is None else f"{RECORD_ID[table]} {record_id!r}"
            raise StoreError(f"{table} has no row of source {source!r} with {wanted}; nothing was corrected")
        _check_bounds(_bounds(session, table, source), lon, lat, source, outside=outside)
        name = session.table("location_corrections")
        [(last,)] = session.rows(f"SELECT coalesce(max(correction_id), 0) FROM {name}")
        session.run(
            f"INSERT INTO {name} (correction_id, table_name, source, match_id, match_address, lon, lat, reason, corrected_by, "
            "corrected_at) VALUES ($id, $table, $source, $record_id, $address, $lon, $lat, $reason, $who, now())",
            id=last + 1,
            table=table,
            source=source,
            record_id=record_id,
            address=address,
            lon=lon,
            lat=lat,
            reason=reason,
            who=current_user(),
        )
        return _apply(session, table, session.table(table))

    with loading(location, "records", explain=explain, wait_s=wait_s) as session:
        return session.commit(job, note="correct location")


def withdraw_correction(location: Location, correction_id: int, *, explain: bool, wait_s: float) -> int:
    """Take a correction back; see `Store.withdraw_correction`."""

    def job(session: LoadingSession) -> int:
        corrections, originals = session.table("location_corrections"), session.table("location_originals")
        found = session.rows(
            f"SELECT table_name, source, match_id, match_address FROM {corrections} WHERE correction_id = $id",
            id=correction_id,
        )
        if not found:
            raise StoreError(f"there is no correction {correction_id}; see Store.corrections()")
        table, source, record_id, address = found[0]
        column, value = ("address", address) if record_id is None else (RECORD_ID[table], record_id)
        target = session.table(table)
        touched = _matching(session, table, source, record_id, address)
        session.run(f"DELETE FROM {corrections} WHERE correction_id = $id", id=correction_id)
        session.run(
            f"UPDATE {target} AS t SET lon = o.lon, lat = o.lat, location_quality = o.location_quality FROM {originals} AS o "
            f"WHERE o.table_name = $table AND o.source = t.source AND o.file_hash = t.file_hash AND o.line = t.line "
            f"AND t.source = $source AND t.{quoted(column)} = $value",
            table=table,
            source=source,
            value=value,
        )
        _apply(session, table, target)
        return touched

    with loading(location, "records", explain=explain, wait_s=wait_s) as session:
        return session.commit(job, note=f"withdraw correction {correction_id}")


def apply_corrections(session: LoadingSession, table: str, temp_table: str) -> int:
    """Put corrected locations into rows about to be written; called by a load inside its job.

    Parameters
    ----------
    session : LoadingSession
        The load's session, within `LoadingSession.commit`.
    table : str
        The table the rows are for.
    temp_table : str
        Temporary table of mapped rows; needs source, file_hash, line, lon, lat,
        location_quality, address and the record's identifier.

    Returns
    -------
    int
        Rows changed; 0 for a table without locations.
    """
    return _apply(session, table, quoted(temp_table)) if table in RECORD_ID else 0


def _check(table: str, lon: float, lat: float, reason: str, record_id: str | None, address: str | None) -> None:
    if table not in RECORD_ID:
        raise StoreError(f"locations of {table!r} cannot be corrected; those of {', '.join(RECORD_ID)} can")
    if (record_id is None) == (address is None):
        raise StoreError("give either record_id (one record) or address (every record at it), not both and not neither")
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        given = f"longitude {lon} and latitude {lat} are no place on earth: lon is -180 to 180, lat -90 to 90"
        exchanged = f"; exchanged, they are one: --lon {lat} --lat {lon}" if abs(lon) <= 90 < abs(lat) <= 180 else ""
        raise StoreError(f"{given}{exchanged}. Nothing was corrected")
    if not reason.strip():
        raise StoreError("a correction needs a reason, in your words")
    assert RECORD_ID[table] in {c.name for c in TABLES[table].columns}


@dataclass(frozen=True)
class _Bounds:
    """Where a feed's places lie: west, south, east, north in degrees, and who says so."""

    box: tuple[float, float, float, float]
    whose: str

    def hold(self, lon: float, lat: float) -> bool:
        west, south, east, north = self.box
        return west <= lon <= east and south <= lat <= north

    def __str__(self) -> str:
        west, south, east, north = self.box
        return f"longitude {west:.2f} to {east:.2f}, latitude {south:.2f} to {north:.2f} ({self.whose})"


def _bounds(session: LoadingSession, table: str, source: str) -> _Bounds | None:
    """The bounds of the feed's shipped profile; else those of its own located rows, widened; None where it has neither."""
    named = session.rows(
        f"SELECT profile FROM {session.table('loads')} WHERE table_name = $table AND source = $source "
        "AND undone_at IS NULL ORDER BY load_id DESC LIMIT 1",
        table=table,
        source=source,
    )
    with suppress(ProfileError):  # an agency's own profile is a file that may be anywhere
        stated = Profile.named(named[0][0].rsplit(" ", 1)[0]).bounds if named else None
        if stated:
            return _Bounds(stated, "bounds of its profile")
    [(west, south, east, north)] = session.rows(
        "SELECT quantile_cont(lon, 0.01), quantile_cont(lat, 0.01), quantile_cont(lon, 0.99), quantile_cont(lat, 0.99) "
        f"FROM {session.table(table)} WHERE source = $source AND lon IS NOT NULL "
        "AND location_quality NOT IN ('outside', 'corrected')",
        source=source,
    )
    if west is None:
        return None
    wide, high = max(east - west, LEAST_MARGIN_DEG), max(north - south, LEAST_MARGIN_DEG)
    return _Bounds(
        (west - wide, south - high, east + wide, north + high), "its located rows, widened by their own extent"
    )


def _check_bounds(bounds: _Bounds | None, lon: float, lat: float, source: str, *, outside: bool) -> None:
    if bounds is None or bounds.hold(lon, lat):
        return
    given = f"longitude {lon} and latitude {lat} are outside the bounds of {source}: {bounds}"
    if bounds.hold(lat, lon):
        raise StoreError(
            f"{given}; exchanged, they are inside. Nothing was corrected: give longitude {lat} and latitude {lon} "
            f"(--lon {lat} --lat {lon})"
        )
    if not outside:
        raise StoreError(
            f"{given}. Nothing was corrected: check both numbers; if the place truly lies out there, say so with "
            "--outside (outside=True)"
        )


def _matching(session: LoadingSession, table: str, source: str, record_id: str | None, address: str | None) -> int:
    column, value = ("address", address) if record_id is None else (RECORD_ID[table], record_id)
    [(rows,)] = session.rows(
        f"SELECT count(*) FROM {session.table(table)} WHERE source = $source AND {quoted(column)} = $value",
        source=source,
        value=value,
    )
    return int(rows)


def _apply(session: LoadingSession, table: str, target: str) -> int:
    """Apply every correction of `table` to the rows of `target`; a record's own wins over its address's, a later over an earlier."""
    corrections, originals = session.table("location_corrections"), session.table("location_originals")
    [(any_there,)] = session.rows(f"SELECT count(*) FROM {corrections} WHERE table_name = $table", table=table)
    if not any_there:
        return 0
    latest = (
        f"SELECT source, {{match}} AS wanted, arg_max(lon, correction_id) AS lon, arg_max(lat, correction_id) AS lat "
        f"FROM {corrections} WHERE table_name = $table AND {{match}} IS NOT NULL GROUP BY ALL"
    )
    session.run(
        f"CREATE OR REPLACE TEMP TABLE corrected_rows AS "
        f"SELECT t.rowid AS row_number, t.source, t.file_hash, t.line, t.lon AS old_lon, t.lat AS old_lat, t.location_quality, "
        f"CASE WHEN i.wanted IS NULL THEN a.lon ELSE i.lon END AS lon, CASE WHEN i.wanted IS NULL THEN a.lat ELSE i.lat END AS lat "
        f"FROM {target} AS t LEFT JOIN ({latest.format(match='match_id')}) AS i "
        f"ON i.source = t.source AND i.wanted = t.{quoted(RECORD_ID[table])} "
        f"LEFT JOIN ({latest.format(match='match_address')}) AS a ON a.source = t.source AND a.wanted = t.address "
        "WHERE (i.wanted IS NOT NULL OR a.wanted IS NOT NULL)",
        table=table,
    )
    session.run("DELETE FROM corrected_rows WHERE location_quality = 'corrected' AND lon = old_lon AND lat = old_lat")
    _keep_originals(session, table, originals)
    session.run(
        f"UPDATE {target} AS t SET lon = c.lon, lat = c.lat, location_quality = 'corrected' FROM corrected_rows AS c "
        "WHERE t.rowid = c.row_number"
    )
    [(touched,)] = session.rows("SELECT count(*) FROM corrected_rows")
    session.run("DROP TABLE corrected_rows")
    return int(touched)


def _keep_originals(session: LoadingSession, table: str, originals: str) -> None:
    """What the source said, once for each row, so that a correction can be withdrawn."""
    same = "o.source = c.source AND o.file_hash = c.file_hash AND o.line = c.line"
    session.run(
        f"DELETE FROM {originals} AS o USING corrected_rows AS c WHERE o.table_name = $table AND {same} "
        "AND c.location_quality <> 'corrected'",
        table=table,
    )
    session.run(
        f"INSERT INTO {originals} (table_name, source, file_hash, line, lon, lat, location_quality) "
        "SELECT $table, source, file_hash, line, old_lon, old_lat, location_quality FROM corrected_rows "
        "WHERE location_quality <> 'corrected'",
        table=table,
    )
