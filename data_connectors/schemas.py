"""What the store keeps: one `TableSchema` per kind of record.

A schema says what each column means, its type and unit, what makes two rows the same
record, how a reload replaces what is there, and how many refused rows are tolerated.
`rtcc schema` prints these as the data dictionary; the store makes its tables from them.

Conventions shared by all tables

- Instants are ``TIMESTAMP WITH TIME ZONE`` stored in UTC; names end ``_at``, ``_from``, ``_to``.
- Coordinates are WGS84 degrees (``lon``, ``lat``); geometry is WKB in WGS84.
- A proportion is a ``_share`` or a ``confidence`` in 0-1; lengths are metres (``_m``).
- Offenses are NIBRS offense codes; what maps to nothing is ``unknown``, kept and counted.
- Raw values stay beside normalised ones: ``*_raw`` columns, or the whole row in ``raw``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Lake = Literal["records", "sightings"]
Strategy = Literal["replace_window", "replace_all", "append_new"]

UNKNOWN_OFFENSE = "unknown"


@dataclass(frozen=True)
class Column:
    """One column: its DuckDB type, what it means, its unit, and whether a row must have it.

    A measured quantity has `limits`: a row beyond them is refused, and a value that is there but is no number is told.
    """

    name: str
    type: str
    description: str
    unit: str = ""
    required: bool = False
    limits: tuple[float, float] | None = None


@dataclass(frozen=True)
class TableSchema:
    """One kind of record.

    Attributes
    ----------
    name, description : str
        The table's name in SQL and one line on what a row is.
    lake : "records" or "sightings"
        ``sightings`` holds everything that bears a plate; it keeps no snapshots and is
        read only with a purpose.
    columns : tuple of Column
        In table order, without the provenance columns (`PROVENANCE`).
    key : tuple of str
        With the source, what identifies a record where the profile names no window.
    strategy : Strategy
        How a load replaces what is there, unless the profile says that its feed has no
        identifier and is replaced by reporting window.
    tolerated_reject_share : float
        Above this share of refused rows a load writes nothing.
    keeps_raw : bool
        Whether the whole source row is kept as JSON in ``raw``.
    partition : tuple of str, sort : tuple of str
        Physical layout, set before the first insert.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    strategy: Strategy = "append_new"
    lake: Lake = "records"
    tolerated_reject_share: float = 0.05
    keeps_raw: bool = True
    partition: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """The columns as stored: the record's own, ``raw`` where kept, then provenance."""
        raw = (RAW,) if self.keeps_raw else ()
        return self.columns + raw + PROVENANCE

    def column(self, name: str) -> Column:
        """The column called `name`; KeyError names the table and the columns it has."""
        for column in self.all_columns:
            if column.name == name:
                return column
        names = ", ".join(c.name for c in self.all_columns)
        raise KeyError(f"{self.name} has no column {name!r}; it has: {names}")


def _c(name: str, type: str, description: str, unit: str = "", required: bool = False,
       limits: tuple[float, float] | None = None) -> Column:
    return Column(name, type, description, unit, required, limits)


RAW = _c("raw", "VARCHAR", "The source row as read, JSON object of strings, sensitive columns left out")

PROVENANCE = (
    _c("source", "VARCHAR", "Name of the feed (the profile's `source`)", required=True),
    _c("window_key", "VARCHAR", "Reporting window that a reload replaces, e.g. 2013-04; empty where rows have identifiers"),
    _c("file_hash", "VARCHAR", "SHA-256 of the source file", required=True),
    _c("line", "BIGINT", "Line (or record number) in the source file, 1-based, header counted", required=True),
    _c("load_id", "BIGINT", "The load that wrote this row; see `loads`", required=True),
    _c("row_hash", "UBIGINT", "Hash of the mapped values, to tell changed rows from unchanged", required=True),
)

_PLACE = (
    _c("lon", "DOUBLE", "Longitude, WGS84; empty where not located", "degrees"),
    _c("lat", "DOUBLE", "Latitude, WGS84; empty where not located", "degrees"),
    _c("location_quality", "VARCHAR",
       "as_given, block (published to block level), missing, outside (beyond the feed's bounds, kept but not mapped), "
       "swapped (lon and lat were exchanged and put right), corrected (by an analyst)", required=True),
    _c("address", "VARCHAR", "Address or block as given, spaces tidied"),
    _c("city", "VARCHAR", "Municipality or place as given"),
    _c("beat", "VARCHAR", "Agency's beat or patrol area, as given"),
    _c("district", "VARCHAR", "Agency's district, precinct or zone, as given"),
    _c("neighborhood", "VARCHAR", "Neighbourhood or community area, as given"),
)

_TIME_RULE = _c(
    "time_rule", "VARCHAR",
    "How the wall clock became an instant: as_given (source states the offset), assumed (zone from the profile), "
    "ambiguous (hour occurs twice, standard time taken), nonexistent (hour skipped by daylight saving, moved on by one hour), "
    "unstamped (source says UTC but its hours are local, zone from the profile)")

INCIDENTS = TableSchema(
    "incidents", "One row per offense as an agency recorded it",
    (
        _c("agency", "VARCHAR", "Agency that recorded the incident", required=True),
        _c("incident_id", "VARCHAR", "The source's own identifier; empty where it has none"),
        _c("offense", "VARCHAR", "NIBRS offense code (220 burglary, 240 motor vehicle theft, 23F theft from motor vehicle ...) or unknown", required=True),
        _c("offense_raw", "VARCHAR", "The source's own offense code"),
        _c("offense_description", "VARCHAR", "The source's own words for the offense"),
        _c("offense_count", "INTEGER", "Offenses the row adds: 1, or -1 where the source takes one back; sums use this", "offenses", required=True),
        _c("attempted", "BOOLEAN", "Attempted rather than completed, where the source says"),
        _c("domestic", "BOOLEAN", "Domestic relation, where the source says"),
        _c("weapon", "VARCHAR", "Weapon or method, as given"),
        _c("premise", "VARCHAR", "Kind of place, as given"),
        _c("occurred_from", "TIMESTAMP WITH TIME ZONE", "Earliest instant it can have happened"),
        _c("occurred_to", "TIMESTAMP WITH TIME ZONE", "Latest instant; equal to occurred_from where the source gives one time"),
        _c("occurred_local", "TIMESTAMP", "occurred_from on the wall clock where it happened"),
        _c("reported_at", "TIMESTAMP WITH TIME ZONE", "When the agency knew; the last instant of the day or month where only that is known"),
        _c("reported_precision", "VARCHAR", "instant, day, month or none: how exactly reported_at is known", required=True),
        _c("time_quality", "VARCHAR",
           "exact, range (from-to), date_only (no clock), reversed (end before start, end dropped), "
           "report_date (the date is the report's, not the incident's), missing", required=True),
        _TIME_RULE,
        *_PLACE,
    ),
    key=("incident_id",),
    sort=("occurred_from",),
)

CALLS = TableSchema(
    "calls", "One row per call for service",
    (
        _c("agency", "VARCHAR", "Agency or service called", required=True),
        _c("call_id", "VARCHAR", "The source's own identifier; empty where it has none"),
        _c("category", "VARCHAR", "Service or broad kind, as given (EMS, Fire, Traffic, Property ...)"),
        _c("call_type", "VARCHAR", "Type of call in the source's words", required=True),
        _c("priority", "VARCHAR", "Priority as given"),
        _c("received_at", "TIMESTAMP WITH TIME ZONE", "When the call was received", required=True),
        _c("received_local", "TIMESTAMP", "received_at on the wall clock there"),
        _c("dispatched_at", "TIMESTAMP WITH TIME ZONE", "When a unit was sent"),
        _c("arrived_at", "TIMESTAMP WITH TIME ZONE", "When the first unit arrived"),
        _c("closed_at", "TIMESTAMP WITH TIME ZONE", "When the call was closed"),
        _c("disposition", "VARCHAR", "How it was closed, as given"),
        _c("time_quality", "VARCHAR", "exact, date_only or missing", required=True),
        _TIME_RULE,
        *_PLACE,
    ),
    key=("call_id",),
    sort=("received_at",),
)

PLATE_READS = TableSchema(
    "plate_reads", "One row per licence-plate read",
    (
        _c("agency", "VARCHAR", "Agency that owns the reader"),
        _c("read_id", "VARCHAR", "The vendor's identifier of the read; empty where it has none"),
        _c("plate_raw", "VARCHAR", "Plate exactly as read", required=True),
        _c("plate", "VARCHAR", "Upper case, letters and digits only", required=True),
        _c("plate_folded", "VARCHAR", "Characters that readers confuse folded together (O0QD I1L B8 S5 Z2 G6): to find candidates, never to say who it is", required=True),
        _c("candidates", "VARCHAR[]", "Other readings the camera considered, normalised, best first"),
        _c("region_raw", "VARCHAR", "State or country as given"),
        _c("region", "VARCHAR", "Two-letter state code where known"),
        _c("confidence", "DOUBLE", "Reader's confidence in the plate", "0-1"),
        _c("captured_at", "TIMESTAMP WITH TIME ZONE", "When the plate passed the camera, not when it was processed", required=True),
        _c("captured_raw", "VARCHAR", "Capture time as given"),
        _TIME_RULE,
        _c("camera_id", "VARCHAR", "The reader's identifier", required=True),
        _c("camera_name", "VARCHAR", "The reader's name"),
        _c("lon", "DOUBLE", "Longitude of the reader, WGS84", "degrees"),
        _c("lat", "DOUBLE", "Latitude of the reader, WGS84", "degrees"),
        _c("direction_deg", "DOUBLE", "Direction of travel, clockwise from north", "degrees"),
        _c("make", "VARCHAR", "Vehicle make, as given"),
        _c("model", "VARCHAR", "Vehicle model, as given"),
        _c("color", "VARCHAR", "Vehicle colour, as given"),
        _c("body_type", "VARCHAR", "Vehicle body, as given"),
        _c("is_parked", "BOOLEAN", "The reader says that the vehicle stood still"),
        _c("day", "DATE", "UTC date of captured_at: the table's partition", required=True),
    ),
    key=("read_id", "camera_id", "captured_at", "plate_raw"),
    lake="sightings", keeps_raw=False, partition=("day",), sort=("plate",),
)

HOTLIST_ENTRIES = TableSchema(
    "hotlist_entries", "One row per entry of a list of wanted plates",
    (
        _c("agency", "VARCHAR", "Agency that issued the list"),
        _c("list_name", "VARCHAR", "Which list", required=True),
        _c("plate_raw", "VARCHAR", "Plate exactly as listed", required=True),
        _c("plate", "VARCHAR", "Upper case, letters and digits only", required=True),
        _c("plate_folded", "VARCHAR", "Confusable characters folded together", required=True),
        _c("region_raw", "VARCHAR", "State or country as given"),
        _c("region", "VARCHAR", "Two-letter state code where known"),
        _c("category", "VARCHAR", "Category as given (stolen vehicle, missing person ...)"),
        _c("reason", "VARCHAR", "Reason as given"),
        _c("case_number", "VARCHAR", "Case number as given"),
        _c("priority", "VARCHAR", "Priority as given"),
        _c("issued_at", "TIMESTAMP WITH TIME ZONE", "From when the entry is in force"),
        _c("expires_at", "TIMESTAMP WITH TIME ZONE", "Until when"),
        _c("note", "VARCHAR", "Note as given"),
        _TIME_RULE,
    ),
    key=("list_name", "plate_raw", "region_raw", "case_number"),
    strategy="replace_all", lake="sightings", keeps_raw=False,
)

CAMERAS = TableSchema(
    "cameras", "One row per camera or plate reader in the registry",
    (
        _c("camera_id", "VARCHAR", "The registry's identifier", required=True),
        _c("name", "VARCHAR", "Name or label"),
        _c("owner", "VARCHAR", "Who owns it, as given"),
        _c("owner_type", "VARCHAR", "public, business, school, worship, residential or transit, where known"),
        _c("agency", "VARCHAR", "Agency that registered it"),
        _c("kind", "VARCHAR", "fixed, ptz or lpr, where known"),
        _c("brand", "VARCHAR", "Maker, as given"),
        _c("bearing_deg", "DOUBLE", "Direction it looks, clockwise from north", "degrees"),
        _c("fov_deg", "DOUBLE", "Width of its view", "degrees"),
        _c("range_m", "DOUBLE", "How far it sees", "metres"),
        _c("access", "VARCHAR", "registry_only, on_request or live"),
        _c("consent_expires_at", "TIMESTAMP WITH TIME ZONE", "End of the owner's consent"),
        _c("retention_days", "DOUBLE", "Days until footage is overwritten", "days"),
        _c("vms", "VARCHAR", "Video management system"),
        _c("stream_url", "VARCHAR", "Address of the stream, credentials removed"),
        _c("image_url", "VARCHAR", "Address of a still image, credentials removed"),
        _c("status", "VARCHAR", "Status as given"),
        _c("last_seen_at", "TIMESTAMP WITH TIME ZONE", "Last time it answered"),
        _c("listed_at", "TIMESTAMP WITH TIME ZONE", "When it was registered"),
        _c("grant_award_no", "VARCHAR", "Award that paid for it"),
        _c("asset_tag", "VARCHAR", "Property number"),
        *_PLACE,
    ),
    key=("camera_id",), strategy="replace_all",
)

PLACES = TableSchema(
    "places", "One row per place that matters: county sites, parking areas, schools, shops",
    (
        _c("place_id", "VARCHAR", "Identifier", required=True),
        _c("name", "VARCHAR", "Name", required=True),
        _c("kind", "VARCHAR", "county_site, parking, school, worship, retail, bar, transit, park ...", required=True),
        *_PLACE,
    ),
    key=("place_id",), strategy="replace_all",
)

AREAS = TableSchema(
    "areas", "One row per area: county, municipality, beat, zone, census tract",
    (
        _c("area_id", "VARCHAR", "Identifier, unique within its kind (FIPS where there is one)", required=True),
        _c("kind", "VARCHAR", "county, city, village, cdp, town, tract, beat, district, zone ...", required=True),
        _c("name", "VARCHAR", "Name", required=True),
        _c("agency", "VARCHAR", "Agency whose area it is"),
        _c("area_km2", "DOUBLE", "Area on the ellipsoid", "km²"),
        _c("geometry", "BLOB", "Polygon or multipolygon, WKB, WGS84", required=True),
    ),
    key=("kind", "area_id"), strategy="replace_all",
)

STREETS = TableSchema(
    "streets", "One row per street segment",
    (
        _c("street_id", "VARCHAR", "Identifier (TIGER LINEARID where there is one)", required=True),
        _c("name", "VARCHAR", "Street name"),
        _c("street_class", "VARCHAR", "Class as given (MTFCC: S1100 primary, S1200 secondary, S1400 local ...)"),
        _c("length_m", "DOUBLE", "Length on the ellipsoid", "metres"),
        _c("geometry", "BLOB", "Line or multiline, WKB, WGS84", required=True),
    ),
    key=("street_id",), strategy="replace_all",
)

POPULATION = TableSchema(
    "population", "One row per area, year and group of people",
    (
        _c("area_id", "VARCHAR", "FIPS or the source's identifier", required=True),
        _c("area_kind", "VARCHAR", "state, county, tract, block_group, block", required=True),
        _c("area_name", "VARCHAR", "Name where given"),
        _c("year", "INTEGER", "Year the figure is for", "year", required=True),
        _c("population_group", "VARCHAR", "total, or the group counted", required=True),
        _c("population", "DOUBLE", "Residents", "people", required=True),
        _c("lon", "DOUBLE", "Longitude of the centre of population, WGS84", "degrees"),
        _c("lat", "DOUBLE", "Latitude of the centre of population, WGS84", "degrees"),
    ),
    key=("area_kind", "area_id", "year", "population_group"), strategy="append_new",
)

PUBLISHED_COUNTS = TableSchema(
    "published_counts", "One row per agency, period and offense, as a state or federal body published it",
    (
        _c("publisher", "VARCHAR", "Who published it", required=True),
        _c("county", "VARCHAR", "County"),
        _c("agency", "VARCHAR", "Agency, or a total over agencies", required=True),
        _c("is_total", "BOOLEAN", "A total over agencies: adding it to its parts counts twice", required=True),
        _c("year", "INTEGER", "Calendar year", "year", required=True),
        _c("months_reported", "INTEGER", "Months the agency reported; fewer than 12 is a partial year", "months"),
        _c("measure", "VARCHAR", "Index category: burglary, robbery, motor_vehicle_theft, index_total ...", required=True),
        _c("offenses", "BIGINT", "Offenses known", "offenses", required=True),
    ),
    key=("publisher", "county", "agency", "year", "measure"), strategy="append_new",
)

# No weather station on Earth has read beyond these; a summer in Fahrenheit, or in tenths of a degree, does.
_CELSIUS = (-60.0, 60.0)

WEATHER_DAILY = TableSchema(
    "weather_daily", "One row per weather station and day",
    (
        _c("station", "VARCHAR", "The station's identifier", required=True),
        _c("date", "DATE", "Day of the observation, as the station counts days", required=True),
        _c("temperature_max_c", "DOUBLE", "Highest temperature of the day; empty where not measured or found faulty", "°C", limits=_CELSIUS),
        _c("temperature_min_c", "DOUBLE", "Lowest temperature of the day; empty where not measured or found faulty", "°C", limits=_CELSIUS),
        _c("precipitation_mm", "DOUBLE", "Rain and melted snow of the day", "mm", limits=(0.0, 2000.0)),
        _c("snow_mm", "DOUBLE", "Depth of snow that fell on the day", "mm", limits=(0.0, 2000.0)),
    ),
    key=("station", "date"), strategy="append_new",
)

TABLES: dict[str, TableSchema] = {
    t.name: t
    for t in (INCIDENTS, CALLS, PLATE_READS, HOTLIST_ENTRIES, CAMERAS, PLACES, AREAS, STREETS, POPULATION,
              PUBLISHED_COUNTS, WEATHER_DAILY)
}

PLATE_BEARING = (
    *(t.name for t in TABLES.values() if t.lake == "sightings"), "alerts", "reads_by_reader", "plates_seen",
)


# The store's own bookkeeping. `loads` and `rejects` exist once in each lake, because a
# transaction writes one lake only and a refused plate read is still a plate.
LOADS = (
    _c("load_id", "BIGINT", "Number of the load, rising within its lake", required=True),
    _c("loaded_at", "TIMESTAMP WITH TIME ZONE", "When it was written", required=True),
    _c("loaded_by", "VARCHAR", "Who ran it", required=True),
    _c("table_name", "VARCHAR", "Table written", required=True),
    _c("source", "VARCHAR", "Feed", required=True),
    _c("profile", "VARCHAR", "Profile and its version", required=True),
    _c("receipt", "VARCHAR", "The LoadReceipt as JSON: files with hashes, counts, columns seen, notes", required=True),
    _c("undone_at", "TIMESTAMP WITH TIME ZONE", "When the load was undone"),
)

REJECTS = (
    _c("load_id", "BIGINT", "The load that refused the row", required=True),
    _c("source", "VARCHAR", "Feed", required=True),
    _c("file_name", "VARCHAR", "Name of the file, without its folder", required=True),
    _c("file_hash", "VARCHAR", "SHA-256 of the file", required=True),
    _c("line", "BIGINT", "Line in the file", required=True),
    _c("column_name", "VARCHAR", "Column at fault, where one is"),
    _c("reason", "VARCHAR", "Why it was refused", required=True),
    _c("raw", "VARCHAR", "The row as read, JSON, sensitive columns left out"),
)

ALERTS = (
    _c("alert_id", "VARCHAR", "Identifier", required=True),
    _c("made_at", "TIMESTAMP WITH TIME ZONE", "When the read was matched", required=True),
    _c("arrived_at", "TIMESTAMP WITH TIME ZONE", "When the read arrived", required=True),
    _c("plate", "VARCHAR", "Plate read", required=True),
    _c("region", "VARCHAR", "State read"),
    _c("captured_at", "TIMESTAMP WITH TIME ZONE", "When the plate passed", required=True),
    _c("camera_id", "VARCHAR", "Reader", required=True),
    _c("camera_name", "VARCHAR", "Reader's name"),
    _c("lon", "DOUBLE", "Longitude of the reader", "degrees"),
    _c("lat", "DOUBLE", "Latitude of the reader", "degrees"),
    _c("confidence", "DOUBLE", "Reader's confidence", "0-1"),
    _c("list_name", "VARCHAR", "List that names the plate", required=True),
    _c("listed_region", "VARCHAR", "State on the list"),
    _c("category", "VARCHAR", "Category on the list"),
    _c("case_number", "VARCHAR", "Case on the list: an alert under a case has a retention of its own"),
    _c("priority", "VARCHAR", "Priority on the list"),
    _c("listed_at", "TIMESTAMP WITH TIME ZONE", "When the entry was loaded: how old the list is"),
    _c("acknowledged_at", "TIMESTAMP WITH TIME ZONE", "When someone took it up"),
    _c("acknowledged_by", "VARCHAR", "Who"),
    _c("closed_at", "TIMESTAMP WITH TIME ZONE", "When it was closed"),
    _c("closed_by", "VARCHAR", "Who"),
    _c("disposition", "VARCHAR", "How it ended: verified, misread, wrong_state, stale_entry, not_located, other"),
    _c("note", "VARCHAR", "In words"),
)

READS_BY_READER = (
    _c("day", "DATE", "UTC date of captured_at: the table's partition", required=True),
    _c("slot", "BIGINT", "Whole hours since 1970 (UTC), 40 bits for the reader: what the table is sorted by", required=True),
    _c("daily_slot", "INTEGER", "UTC hour of the day, 24 bits for the reader: the same place and hour on every day", required=True),
    _c("plate", "VARCHAR", "Plate read", required=True),
    _c("camera_id", "VARCHAR", "Reader", required=True),
    _c("captured_at", "TIMESTAMP WITH TIME ZONE", "When the plate passed", required=True),
    _c("is_parked", "BOOLEAN", "The reader says that the vehicle stood still"),
    _c("line", "BIGINT", "Line of the read in its file"),
    _c("load_id", "BIGINT", "Load of the read", required=True),
)

PLATES_SEEN = (
    _c("plate", "VARCHAR", "Plate read at least once, or considered by the reader", required=True),
    _c("read_as", "VARCHAR", "Plate that it was read as; another one where the reader only considered it", required=True),
)

READERS_SEEN = (
    _c("day", "DATE", "UTC date of its reads", required=True),
    _c("camera_id", "VARCHAR", "Reader", required=True),
    _c("camera_name", "VARCHAR", "Reader's name"),
    _c("lon", "DOUBLE", "Longitude of the reader", "degrees"),
    _c("lat", "DOUBLE", "Latitude of the reader", "degrees"),
)

LOCATION_CORRECTIONS = (
    _c("correction_id", "BIGINT", "Number of the correction", required=True),
    _c("table_name", "VARCHAR", "Table corrected", required=True),
    _c("source", "VARCHAR", "Feed corrected", required=True),
    _c("match_id", "VARCHAR", "The record's own identifier, where one record is corrected"),
    _c("match_address", "VARCHAR", "The address, where every record at it is corrected"),
    _c("lon", "DOUBLE", "Corrected longitude", "degrees", required=True),
    _c("lat", "DOUBLE", "Corrected latitude", "degrees", required=True),
    _c("reason", "VARCHAR", "Why, in the analyst's words", required=True),
    _c("corrected_by", "VARCHAR", "Who", required=True),
    _c("corrected_at", "TIMESTAMP WITH TIME ZONE", "When", required=True),
)

LOCATION_ORIGINALS = (
    _c("table_name", "VARCHAR", "Table corrected", required=True),
    _c("source", "VARCHAR", "Feed of the row", required=True),
    _c("file_hash", "VARCHAR", "File of the row", required=True),
    _c("line", "BIGINT", "Line of the row in it", required=True),
    _c("lon", "DOUBLE", "Longitude as the source gave it", "degrees"),
    _c("lat", "DOUBLE", "Latitude as the source gave it", "degrees"),
    _c("location_quality", "VARCHAR", "Quality before the correction", required=True),
)

BOOKKEEPING: dict[Lake, dict[str, tuple[Column, ...]]] = {
    "records": {
        "loads": LOADS, "rejects": REJECTS,
        "location_corrections": LOCATION_CORRECTIONS, "location_originals": LOCATION_ORIGINALS,
    },
    "sightings": {
        "loads": LOADS, "rejects": REJECTS, "alerts": ALERTS,
        "reads_by_reader": READS_BY_READER, "plates_seen": PLATES_SEEN, "readers_seen": READERS_SEEN,
    },
}

# How bookkeeping is laid out where that matters: partition, then sort.
BOOKKEEPING_LAYOUT: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "reads_by_reader": (("day",), ("slot",)),
    "plates_seen": ((), ("plate",)),
    "readers_seen": ((), ("day", "camera_id")),
}
