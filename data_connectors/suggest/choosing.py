"""Which table a file is for, and which of its columns means what: by header words, then by what the values allow."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data_connectors.readers.header_synonyms import plain
from data_connectors.schemas import TABLES
from data_connectors.suggest import words
from data_connectors.suggest.columns import ColumnLook

Looks = Mapping[str, ColumnLook]

_ROW_NUMBERS = ("objectid", "fid", "ogcfid", "rowid", "rownumber")
# Words that say something alone, but nothing inside another header: LocationName, surveillanceZone.
_VAGUE = frozenset(
    "type location name zone class category system sector description date state st code source list status use place "
    "car unit site group title count pop x y make service area".split()
)
_MARGIN = 0.25  # degrees, some 25 kilometres: the least that bounds reach beyond the sample
_TOGETHER = {
    "point": re.compile(r"POINT ?\(-?\d+\.?\d* -?\d+\.?\d*\)"),
    "pair": re.compile(r"\(?-?\d+\.\d+, ?-?\d+\.\d+\)?"),
}
CORE = {
    "incidents": (("offense_description", "offense_raw"), ("occurred_from", "reported_at")),
    "calls": (("call_type",), ("received_at",)),
    "plate_reads": (("plate_raw",), ("captured_at",), ("camera_id", "confidence", "lon")),
    "hotlist_entries": (("plate_raw",), ("category", "reason", "expires_at", "list_name", "case_number")),
    "cameras": (("camera_id", "name"), ("lon", "stream_url", "brand")),
    "places": (("name",), ("lon",)),
    "areas": (("geometry",),),
    "streets": (("geometry",),),
    "population": (("population",), ("area_id",)),
    "published_counts": (("agency",), ("year",)),
    "weather_daily": (("station",), ("temperature_max_c", "precipitation_mm")),
}


@dataclass(frozen=True)
class Chosen:
    """One column of the table: which column of the file, and how likely.

    Attributes
    ----------
    column : str
        The file's column.
    score : float
        1 and more for a header that says it, about a half for one that contains the word.
    exact : bool
        Whether the header is one of the known words.
    """

    column: str
    score: float
    exact: bool


@dataclass(frozen=True)
class Place:
    """Where coordinates are: two columns in degrees, one that holds both, or projected ones.

    Attributes
    ----------
    lon, lat : str
        Columns; the same one where it holds both.
    kind : "degrees", "swapped", "point", "pair" or "projected"
        ``point`` is WKT, ``pair`` is (lat, lon).
    median : (float, float) or None
        Longitude and latitude in the middle of the sample.
    bounds : tuple of four floats, or None
        lon_min, lat_min, lon_max, lat_max, wide round nearly all of the sample: one file does not show how far an
        agency reaches.
    """

    lon: str
    lat: str
    kind: str
    median: tuple[float, float] | None = None
    bounds: tuple[float, float, float, float] | None = None


def header_tokens(header: str) -> list[str]:
    """The words of a header, capitals and punctuation taken as their borders.

    Examples
    --------
    >>> header_tokens("PoliceDistrict_No"), header_tokens("OCTO_RECORD_ID")
    (['police', 'district', 'no'], ['octo', 'record', 'id'])
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", header)
    return [token.casefold() for token in re.split(r"[\W_]+", spaced) if token]


def header_score(header: str, known: Sequence[str]) -> tuple[float, bool]:
    """How well a header says one of the known words, and whether it is one of them.

    Examples
    --------
    >>> header_score("Report Number", ["report number"]), header_score("OCTO_RECORD_ID", ["record id"])
    ((1.0, True), (0.55, False))
    >>> header_score("Ward", ["beat"])
    (0.0, False)
    """
    heads = {plain(header), plain(header.rpartition(".")[2])}
    for position, word in enumerate(known):
        if plain(word) in heads:
            return 1.0 - 0.3 * position / len(known), True
    tokens = header_tokens(header)
    for position, word in enumerate(known):
        parts = word.split()
        if all(part in tokens for part in parts) and (len(parts) > 1 or word not in _VAGUE and len(word) > 1):
            return 0.55 - 0.2 * position / len(known), False
    return 0.0, False


def choose_table(looks: Looks) -> tuple[str | None, dict[str, float]]:
    """The table that a file is likeliest for, None where its columns say nothing, and each possible table's score.

    Examples
    --------
    >>> from data_connectors.suggest.columns import look_at
    >>> import pyarrow as pa
    >>> table = pa.table({"Offense": ["THEFT"], "Date": ["1/31/2026"], "Beat": ["4"]})
    >>> choose_table(look_at(table))[0]
    'incidents'
    """
    if looks.keys() >= {"geometry_area_km2", "geometry_length_m"}:
        if looks["geometry_area_km2"].values:
            return "areas", {"areas": 1.0}
        if looks["geometry_length_m"].values:
            return "streets", {"streets": 1.0}
    tokens = {token for name in looks for token in header_tokens(name)}
    tokens |= {plain(name) for name in looks}
    scores = {}
    for table, core in CORE.items():
        found = {**choose_columns(looks, table), **choose_times(looks, table)}
        names = set(found) | ({"lon"} if choose_place(looks) else set())
        missing = sum(not names & set(alternatives) for alternatives in core)
        if missing == len(core):
            continue
        signs = sum(any(sign in token for token in tokens) for sign in words.SIGNS[table] if len(sign) > 3)
        signs += sum(sign in tokens for sign in words.SIGNS[table] if len(sign) <= 3)
        exact = sum(chosen.exact for chosen in found.values())
        scores[table] = 2.0 * (len(core) - 2 * missing) + 0.5 * exact + signs
    return max(scores, key=lambda table: scores[table], default=None), scores


def choose_columns(looks: Looks, table: str) -> dict[str, Chosen]:
    """Column of the table to column of the file, each column of the file at most once.

    Times and coordinates are chosen apart; sensitive columns never.
    """
    place = choose_place(looks)
    taken = {place.lon, place.lat} if place else set()
    taken |= {chosen.column for chosen in choose_times(looks, table).values()}
    known = words.words_for(table)
    schema = TABLES[table]
    ranked = []
    for field in known:
        for look in looks.values():
            if look.sensitive or look.name in taken or look.filled_share == 0:
                continue
            score, exact = header_score(look.name, known[field])
            fit = _fit(field, schema.column(field).type, look) if score else 0.0
            if score and fit >= 0:
                ranked.append((score + fit, field, Chosen(look.name, score + fit, exact)))
    found: dict[str, Chosen] = {}
    for _, field, chosen in sorted(ranked, key=lambda item: -item[0]):
        if field not in found and chosen.column not in {other.column for other in found.values()}:
            found[field] = chosen
    return {field: found[field] for field in known if field in found}


def _fit(field: str, type: str, look: ColumnLook) -> float:
    """What the values add to the header's score; below zero where they rule the column out."""
    if field.endswith("_id"):
        return (0.5 if look.unique else 0.0) - (0.4 if plain(look.name) in _ROW_NUMBERS else 0.0) + 0.0001
    if type in ("DOUBLE", "INTEGER", "BIGINT"):
        percent = look.numbers is not None or look.share(re.compile(r"\d+(\.\d+)? ?%")) > 0.9
        return 0.1 if percent else -1.0
    if field == "address" and any(look.share(pattern) > 0.9 for pattern in _TOGETHER.values()):
        return -1.0
    if field == "plate_raw":
        return 0.3 if look.plate_share > 0.5 else -0.1
    if field in ("offense_description", "call_type", "name"):
        return -0.3 if look.numbers is not None else 0.1
    return 0.0


def choose_times(looks: Looks, table: str) -> dict[str, Chosen]:
    """Instant of the table to the column that says it best; the clock of a date alone is found by `clock_of`."""
    ranked = []
    for field, known in words.time_words(table).items():
        for look in looks.values():
            if look.time is None or look.time.kind == "clock" or look.sensitive:
                continue
            score, exact = header_score(look.name, known)
            if score:
                ranked.append((score + _clearness(looks, look), field, Chosen(look.name, score, exact)))
    found: dict[str, Chosen] = {}
    for _, field, chosen in sorted(ranked, key=lambda item: -item[0]):
        if field not in found and chosen.column not in {other.column for other in found.values()}:
            found[field] = chosen
    return {field: found[field] for field in words.time_words(table) if field in found}


def _clearness(looks: Looks, look: ColumnLook) -> float:
    """An instant that stands in one column before a date with a clock beside it, that before a date alone."""
    if look.time is None or look.time.kind == "instant":
        return 0.3 * look.filled_share
    clock = clock_of(looks, look.name)
    if clock is None:
        return -0.2
    beside = looks[clock].time
    return -0.5 if beside is not None and beside.half_lost else 0.2


def clock_of(looks: Looks, date: str) -> str | None:
    """The clock that stands beside a date: ``Occur Time`` for ``Occur Date``, ``Time`` for ``Date``.

    Examples
    --------
    >>> from data_connectors.suggest.columns import look_at
    >>> import pyarrow as pa
    >>> clock_of(look_at(pa.table({"Occur Date": ["1/2/2026"], "Occur Time": ["1345"]})), "Occur Date")
    'Occur Time'
    """
    without = [token for token in header_tokens(date) if token not in ("date", "day", "dt")]
    for name, look in looks.items():
        tokens = [token for token in header_tokens(name) if token not in ("time", "clock", "tm", "hour")]
        is_clock = look.time is not None and look.time.kind == "clock"
        if name != date and is_clock and tokens == without and len(header_tokens(name)) > len(tokens):
            return name
    return None


def choose_place(looks: Looks) -> Place | None:
    """Where the coordinates are; None where there are none."""
    degrees = _degrees(looks)
    if degrees is not None:
        return degrees
    for kind, pattern in _TOGETHER.items():
        for name, look in looks.items():
            if look.share(pattern) > 0.9:
                return Place(name, name, kind)
    x, y = _best(looks, words.PROJECTED_X, 1e3, 1e8), _best(looks, words.PROJECTED_Y, 1e3, 1e8)
    return Place(x, y, "projected") if x and y and x != y else None


def _degrees(looks: Looks) -> Place | None:
    lon, lat = _best(looks, words.LON, -180, 180), _best(looks, words.LAT, -180, 180)
    if lon is None or lat is None or lon == lat:
        return None
    kind = "degrees"
    if looks[lon].within(15, 72) and looks[lat].within(-180, -50):
        lon, lat, kind = lat, lon, "swapped"
    x, y = (np.array([n for n in looks[name].numbers or () if n not in (0.0, -1.0)]) for name in (lon, lat))
    if not len(x) or not len(y) or np.abs(y).max() > 90:
        return None
    (west, east), (south, north) = _widened(x), _widened(y)
    bounds = (max(west, -180.0), max(south, -90.0), min(east, 180.0), min(north, 90.0))
    return Place(lon, lat, kind, (float(np.median(x)), float(np.median(y))), bounds)


def _widened(degrees: np.ndarray) -> tuple[float, float]:
    """Nearly all of the sample, and half its span more at either end."""
    low, high = np.quantile(degrees, (0.005, 0.995))
    margin = max(_MARGIN, (high - low) / 2)
    return round(float(low - margin), 2), round(float(high + margin), 2)


def _best(looks: Looks, known: Sequence[str], low: float, high: float) -> str | None:
    fitting = [
        (header_score(look.name, known)[0], look.name)
        for look in looks.values()
        if look.within(low, high) and header_score(look.name, known)[0] > 0
    ]
    return max(fitting, key=lambda item: item[0])[1] if fitting else None
