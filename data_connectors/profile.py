r"""A profile says which column of a feed means what: one TOML file per feed, no code and no SQL.

`Profile.named` finds one by name, `Profile.read` reads any file; `data_connectors.mapping` compiles it to one
SQL SELECT over the feed's raw text columns.

The grammar, whole::

    name = "stlouis_slmpd"               # same as the file's name
    title = "St. Louis MPD monthly crime files"
    evidence = "real files loaded"       # what the profile rests on: files loaded, a header or field list seen ...
    table = "incidents"                  # a table of `rtcc schema`
    source = "stlouis_slmpd"             # what rows say of their origin; several profiles may share one
    agency = "St. Louis MPD"             # fills the `agency` column where [columns] does not
    version = 1                          # raise it when the meaning changes: the same files then load anew
    timezone = "America/Chicago"         # IANA zone of wall-clock times
    bounds = [-90.4, 38.5, -90.1, 38.8]  # lon_min, lat_min, lon_max, lat_max; beyond it: `outside`
    drop = ["Password"]                  # sensitive columns, never stored anywhere
    optional = ["Neighborhood"]          # columns that a file may lack; any other missing column is an error

    [reader]                             # how to read; anything else here is the format's own (see its reader)
    format = "delimited"                 # a key of readers.READERS
    encoding = "auto"
    delimiter = "auto"                   # delimited only: auto tries , ; tab |   also: header = ["A", "B"] where the
                                         # file has none, skip_lines = 2, quote = '"'

    [write]                              # optional: how a reload replaces
    strategy = "replace_window"          # default: the table's own (append_new, replace_all)
    window = {column = "CodedMonth", formats = ["%Y-%m"], period = "month"}    # period: day, month, year
    # window = {time = "received_at", period = "month"}   the window from a mapped time, on the local clock
    key = ["incident_id", "offense_raw"] # default: the table's own
    duplicates = "last"                  # the feed repeats a record to update it: the last row wins. Without it,
                                         # rows of one key that differ are refused but for the last, and counted

    [columns]                            # a column of the table = where it comes from
    address = "Block"                                     # trimmed text; blank is null
    address = {columns = ["Number", "Street"], join = " "}
    beat = {first = ["Beat", "Old Beat"]}                 # the first that is not blank
    list_name = {constant = "stolen"}
    list_name = {column = "@file", extract = "^(\\w+)"}   # @file is the file's name
    offense = {crosswalk = "offense", column = "Crime"}   # or columns + join; see [crosswalk.offense]
    offense_count = {number = "Count"}                    # thousands separators are understood
    confidence = {column = "score", scale = 0.01}         # numbers: multiplied
    attempted = {yes = "Description", pattern = "ATTEMPT"}  # or values = ["Y"]; anything else is no, blank is null
    candidates = {list = "candidates"}                    # JSON list of texts, or delimiter = ";"
    #   modifiers, in this order, for every kind but constant:
    #   missing = ["NULL"]   values that mean absent          replace = [["regex", "by"]]   extract = "regex (group)"
    #   values = {a = "b"}   renames; the rest stays           default = "x"  where null     scale = 0.01  numbers only
    # The table's type decides the rest: numbers are parsed, BLOB is read from hexadecimal WKB, BOOLEAN understands
    # true/false, t/f, yes/no, y/n, 1/0. Derived unless mapped: plate and plate_folded (from plate_raw), region (from
    # region_raw), day, occurred_local, received_local, offense_count (1), everything about quality.

    [time.occurred_from]                 # one section per instant of the table
    column = "Date"                      # or columns = [..] (joined by a space), first = [..], or date = "D", clock = "T"
    formats = ["%m/%d/%Y %H:%M", "%m/%d/%Y"]   # strptime, tried in order; "iso" = ISO 8601. Default ["iso"].
                                         # A format without hours is date-only, one without days is a month
    clock_digits = true                  # the clock is digits without leading zeros: 5 = 00:05, 115 = 01:15
    extract = "(\\d+/\\d+/\\d+)"         # the part of each column that is the time; without it the column is blank
    stamped = "local"                    # default. offset (text has Z or +hh:mm), utc, epoch_s, epoch_ms,
                                         # utc_letter_but_local (says Z or +00:00, its hours are local)
    timezone = "America/New_York"        # default: the profile's
    missing = ["01/01/1900"]             # values that mean absent
    edge = "end"                         # which end of a day or month a date-only value means; default start, for
                                         # reported_at, occurred_to and times of expiry end
    report_date_where = {column = "ReportDateFlag", values = ["R"]}   # occurred_from: the date is the report's
    stand_in = "reported_at"             # occurred_from: where it is missing, take this; time_quality report_date

    [location]
    lon = "Longitude"                    # or a column spec: {column = "Point", extract = "(-?[0-9.]+) "}
    lat = "Latitude"
    x = "XCoord"                         # instead: projected coordinates,
    y = "YCoord"
    crs = "ESRI:102696"                  # in any CRS that pyproj knows
    missing = ["0"]                      # numbers that mean not located, in either column
    block = true                         # published to block level

    [crosswalk.offense]                  # compared in upper case, trimmed; exact, then the longest prefix, then the
    exact = {"31000" = "120"}            # first pattern that matches; otherwise `unknown` for offense, null elsewhere
    prefix = {"05" = "220"}
    pattern = [["BURGL", "220"]]

    [[skip]]                             # rows left out on purpose, counted in the receipt's notes
    column = "is_preview"
    values = ["true"]
    why = "a preview, repeated by the final read"

    [unpivot]                            # one row per named column: makes the two text columns `name` and `value`
    columns = ["Murder", "Rape"]         # rows with a blank value are left out
    name = "Measure"
    value = "Offenses"

    [[layout]]                           # files of the same feed with other columns; the first whose `when` columns
    name = "with complaint number"       # are all present is taken. Its sections replace the profile's, name by name
    when = ["Complaint"]
    window = {column = "CodedMonth", formats = ["%Y-%m"], period = "month"}
    columns = {incident_id = "Complaint"}
    time = {occurred_from = {column = "DateOccur"}}       # replaces the whole section
    location = {}                                         # likewise, where given
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from data_connectors.errors import RtccError
from data_connectors.readers import ReaderOptions
from data_connectors.schemas import TABLES, Strategy, TableSchema

PROFILES = Path(__file__).parent / "profiles"

Stamp = Literal["local", "offset", "utc", "utc_letter_but_local", "epoch_s", "epoch_ms"]
STAMPS: tuple[str, ...] = ("local", "offset", "utc", "utc_letter_but_local", "epoch_s", "epoch_ms")
PERIODS = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}
FILE = "@file"
_ENDS = ("reported_at", "occurred_to", "expires_at", "consent_expires_at")


class ProfileError(RtccError):
    """A profile that says something impossible: names the profile, the place in it, and what is allowed."""


@dataclass(frozen=True)
class ColumnSpec:
    """Where one column of the table comes from; see the grammar in this module's docstring."""

    kind: Literal["column", "join", "first", "constant", "crosswalk", "yes", "list"]
    columns: tuple[str, ...] = ()
    join: str = " "
    constant: Any = None
    crosswalk: str | None = None
    missing: tuple[str, ...] = ()
    replace: tuple[tuple[str, str], ...] = ()
    extract: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    yes_values: tuple[str, ...] = ()
    pattern: str | None = None
    delimiter: str | None = None
    default: Any = None
    scale: float | None = None


@dataclass(frozen=True)
class TimeSpec:
    """How one instant is read from text; see the grammar in this module's docstring."""

    columns: tuple[str, ...]
    first: bool = False
    clock: str | None = None
    clock_digits: bool = False
    extract: str | None = None
    formats: tuple[str, ...] = ("iso",)
    stamped: Stamp = "local"
    timezone: str | None = None
    missing: tuple[str, ...] = ()
    edge: Literal["start", "end"] = "start"
    report_date_column: str | None = None
    report_date_values: tuple[str, ...] = ()
    stand_in: str | None = None


@dataclass(frozen=True)
class LocationSpec:
    """Where coordinates come from: `lon` and `lat`, or `x` and `y` in `crs`."""

    lon: ColumnSpec | None = None
    lat: ColumnSpec | None = None
    x: str | None = None
    y: str | None = None
    crs: str | None = None
    missing: tuple[float, ...] = ()
    block: bool = False


@dataclass(frozen=True)
class Window:
    """The reporting window of a row: from a raw column with its formats, or from a mapped time."""

    period: Literal["day", "month", "year"]
    column: str | None = None
    formats: tuple[str, ...] = ()
    time: str | None = None


@dataclass(frozen=True)
class Crosswalk:
    """The source's codes or words on the left, the house's on the right."""

    exact: Mapping[str, str] = field(default_factory=dict)
    prefix: Mapping[str, str] = field(default_factory=dict)
    pattern: tuple[tuple[str, str], ...] = ()

    @property
    def results(self) -> frozenset[str]:
        """Every value that the crosswalk can give."""
        return frozenset((*self.exact.values(), *self.prefix.values(), *(code for _, code in self.pattern)))


@dataclass(frozen=True)
class Skip:
    """Rows left out on purpose."""

    column: str
    values: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Unpivot:
    """Columns that become rows."""

    columns: tuple[str, ...]
    name: str
    value: str


@dataclass(frozen=True)
class Layout:
    """One arrangement of the feed's columns, complete: what the profile says with the layout's own on top."""

    name: str
    when: tuple[str, ...]
    columns: Mapping[str, ColumnSpec]
    times: Mapping[str, TimeSpec]
    location: LocationSpec | None
    window: Window | None

    @property
    def raw_columns(self) -> tuple[str, ...]:
        """Every column of the file that the layout reads, once, in order of mention."""
        names: list[str] = []
        for spec in self.columns.values():
            names += spec.columns
        for time in self.times.values():
            names += [*time.columns, *(c for c in (time.clock, time.report_date_column) if c)]
        if self.location:
            place = self.location
            names += [c for spec in (place.lon, place.lat) if spec for c in spec.columns]
            names += [c for c in (place.x, place.y) if c]
        if self.window and self.window.column:
            names.append(self.window.column)
        return tuple(dict.fromkeys(n for n in names if n != FILE))


@dataclass(frozen=True)
class Profile:
    """One feed: how to read it, what its columns mean, how a reload replaces.

    Attributes
    ----------
    layouts : tuple of Layout
        At least one; the first whose `when` columns are all in the file is used.
    strategy : Strategy
        The profile's own or the table's.
    key : tuple of str
        What identifies a record; empty where rows are replaced by window.
    evidence : str
        What the profile rests on, in words: whether a real file was ever loaded with it.

    Examples
    --------
    >>> profile = Profile.named("stlouis_slmpd")
    >>> profile.table.name, profile.strategy, [layout.name for layout in profile.layouts]
    ('incidents', 'replace_window', ['with complaint number', 'without complaint number'])
    """

    name: str
    title: str
    table: TableSchema
    source: str
    version: int
    timezone: str | None
    agency: str | None
    bounds: tuple[float, float, float, float] | None
    drop: tuple[str, ...]
    optional: tuple[str, ...]
    reader: ReaderOptions
    strategy: Strategy
    key: tuple[str, ...]
    duplicates: Literal["refuse", "last"]
    layouts: tuple[Layout, ...]
    crosswalks: Mapping[str, Crosswalk]
    skips: tuple[Skip, ...]
    unpivot: Unpivot | None
    evidence: str
    text: str = field(repr=False)

    @classmethod
    def named(cls, name: str) -> Profile:
        """The profile of that name among those shipped; the error names the nearest.

        Examples
        --------
        >>> Profile.named("stluis_slmpd")
        Traceback (most recent call last):
        data_connectors.profile.ProfileError: no profile 'stluis_slmpd'; did you mean 'stlouis_slmpd'? ...
        """
        path = PROFILES / f"{name}.toml"
        if not path.exists():
            names = profile_names()
            raise ProfileError(
                f"no profile {name!r}{_meant(name, names)} There are: {', '.join(names)}. "
                "A profile of your own is given by its path, ending in .toml."
            )
        return cls.read(path)

    @classmethod
    def read(cls, path: str | Path) -> Profile:
        """The profile in a TOML file; `ProfileError` says what is wrong with it and where."""
        path = Path(path)
        if not path.is_file():
            raise ProfileError(f"no profile file at {path}")
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ProfileError(f"{path.name}: not UTF-8 text ({error}); save it as UTF-8") from error
        return cls.parse(text, name=path.stem)

    @classmethod
    def parse(cls, text: str, *, name: str = "profile") -> Profile:
        """The profile written in `text`."""
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ProfileError(f"{name}.toml: not TOML: {error}") from error
        return _Parser(document.get("name", name)).profile(document, text)


def profile_names() -> tuple[str, ...]:
    """Names of the profiles shipped, sorted.

    Examples
    --------
    >>> "stlouis_slmpd" in profile_names()
    True
    """
    return tuple(sorted(path.stem for path in PROFILES.glob("*.toml")))


def _meant(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else "."


_TOP = {"name", "title", "evidence", "table", "source", "agency", "version", "timezone", "bounds", "drop", "optional",
        "reader", "write", "columns", "time", "location", "crosswalk", "skip", "unpivot", "layout"}
_KINDS = ("crosswalk", "yes", "list", "constant", "first", "columns", "column", "number")
_SPEC = {*_KINDS, "join", "missing", "replace", "extract", "values", "pattern", "delimiter", "default", "scale"}
_TIME = {"column", "columns", "first", "date", "clock", "clock_digits", "formats", "stamped", "timezone", "missing",
         "edge", "extract", "report_date_where", "stand_in"}
_LOCATION = {"lon", "lat", "x", "y", "crs", "missing", "block"}
_LAYOUT = {"name", "when", "columns", "time", "location", "window"}
_WRITE = {"strategy", "window", "key", "duplicates"}


@dataclass(frozen=True)
class _Parser:
    """Turns the TOML document into a `Profile`, naming the place of whatever is wrong."""

    name: str

    def fail(self, where: str, problem: str) -> ProfileError:
        return ProfileError(f"profile {self.name}, {where}: {problem}")

    def keys(self, where: str, given: Mapping[str, Any], allowed: Iterable[str]) -> None:
        for key in given:
            if key not in set(allowed):
                raise self.fail(where, f"unknown key {key!r}{_meant(key, allowed)} "
                                f"Known here: {', '.join(sorted(allowed))}")

    def profile(self, document: dict[str, Any], text: str) -> Profile:
        self.keys("top level", document, _TOP)
        for key in ("title", "table", "source"):
            if not document.get(key):
                raise self.fail("top level", f"{key!r} is missing")
        if document["table"] not in TABLES:
            raise self.fail("table", f"no table {document['table']!r}{_meant(document['table'], TABLES)}")
        table = TABLES[document["table"]]
        write = document.get("write", {})
        self.keys("[write]", write, _WRITE)
        layouts = self.layouts(document, table)
        strategy = write.get("strategy", table.strategy)
        self._check_write(strategy, write, table, layouts)
        drop = tuple(document.get("drop", ()))
        skips = tuple(Skip(s["column"], tuple(map(str, s["values"])), s["why"]) for s in document.get("skip", ()))
        unpivot = document.get("unpivot")
        return Profile(
            name=self.name, title=document["title"], table=table, source=document["source"],
            version=int(document.get("version", 1)), timezone=self.zone("timezone", document.get("timezone")),
            agency=document.get("agency"), bounds=self.bounds(document.get("bounds")), drop=drop,
            optional=tuple(document.get("optional", ())), reader=self.reader(document.get("reader", {}), drop),
            strategy=strategy, key=() if strategy == "replace_window" else tuple(write.get("key", table.key)),
            duplicates=write.get("duplicates", "refuse"), layouts=layouts,
            crosswalks=self.crosswalks(document.get("crosswalk", {}), layouts), skips=skips,
            unpivot=Unpivot(tuple(unpivot["columns"]), unpivot["name"], unpivot["value"]) if unpivot else None,
            evidence=document.get("evidence", ""), text=text,
        )

    def _check_write(self, strategy: str, write: dict[str, Any], table: TableSchema, layouts: tuple[Layout, ...]) -> None:
        if strategy not in ("replace_window", "replace_all", "append_new"):
            raise self.fail("[write]", f"strategy {strategy!r} is none of replace_window, replace_all, append_new")
        if strategy == "replace_window" and any(layout.window is None for layout in layouts):
            raise self.fail("[write]", "strategy replace_window needs a window in [write] or in every layout")
        for column in write.get("key", ()):
            self.known(table, column, "[write] key")
        if write.get("duplicates", "refuse") not in ("refuse", "last"):
            raise self.fail("[write]", f"duplicates = {write['duplicates']!r}; only 'last' is known")

    def known(self, table: TableSchema, column: str, where: str) -> None:
        names = [c.name for c in table.columns]
        if column not in names:
            raise self.fail(where, f"{table.name} has no column {column!r}{_meant(column, names)}")

    def zone(self, where: str, zone: str | None) -> str | None:
        if zone is not None:
            try:
                ZoneInfo(zone)
            except (ZoneInfoNotFoundError, ValueError) as error:
                raise self.fail(where, f"no time zone {zone!r}; use an IANA name such as America/New_York") from error
        return zone

    def bounds(self, bounds: list[float] | None) -> tuple[float, float, float, float] | None:
        if bounds is None:
            return None
        lon_min, lat_min, lon_max, lat_max = map(float, bounds)
        if not (-180 <= lon_min < lon_max <= 180 and -90 <= lat_min < lat_max <= 90):
            raise self.fail("bounds", f"{bounds} is not [lon_min, lat_min, lon_max, lat_max] in degrees")
        return lon_min, lat_min, lon_max, lat_max

    def reader(self, given: dict[str, Any], drop: tuple[str, ...]) -> ReaderOptions:
        settings = {k: v for k, v in given.items() if k not in ("format", "encoding")}
        return ReaderOptions(given.get("format", "delimited"), given.get("encoding", "auto"), drop, settings)

    def crosswalks(self, given: dict[str, Any], layouts: tuple[Layout, ...]) -> dict[str, Crosswalk]:
        made = {}
        for name, walk in given.items():
            self.keys(f"[crosswalk.{name}]", walk, ("exact", "prefix", "pattern"))
            made[name] = Crosswalk(
                {k.strip().upper(): v for k, v in walk.get("exact", {}).items()},
                {k.strip().upper(): v for k, v in walk.get("prefix", {}).items()},
                tuple((p, code) for p, code in walk.get("pattern", ())),
            )
        for layout in layouts:
            for column, spec in layout.columns.items():
                if spec.crosswalk and spec.crosswalk not in made:
                    raise self.fail(f"[columns] {column}", f"no [crosswalk.{spec.crosswalk}] in this profile")
        return made

    def layouts(self, document: dict[str, Any], table: TableSchema) -> tuple[Layout, ...]:
        window = document.get("write", {}).get("window")
        shared = {key: document.get(key, {}) for key in ("columns", "time", "location")}
        made = []
        for given in document.get("layout", [{"name": "only", "when": []}]):
            where = f"layout {given.get('name', '?')!r}"
            self.keys(where, given, _LAYOUT)
            columns = {**shared["columns"], **given.get("columns", {})}
            times = {**shared["time"], **given.get("time", {})}
            if document.get("agency") and "agency" in {c.name for c in table.columns}:
                columns.setdefault("agency", {"constant": document["agency"]})
            made.append(Layout(
                name=given.get("name", "only"), when=tuple(given.get("when", ())),
                columns={k: self.column(table, k, v) for k, v in columns.items()},
                times={k: self.time(table, k, v) for k, v in times.items()},
                location=self.location(given.get("location", shared["location"])),
                window=self.window(table, given.get("window", window)),
            ))
        return tuple(made)

    def column(self, table: TableSchema, name: str, given: str | dict[str, Any]) -> ColumnSpec:
        self.known(table, name, "[columns]")
        if table.column(name).type.startswith("TIMESTAMP"):
            raise self.fail(f"[columns] {name}", f"is an instant; give it a section [time.{name}]")
        return self.spec(f"[columns] {name}", given)

    def spec(self, where: str, given: str | dict[str, Any]) -> ColumnSpec:
        if isinstance(given, str):
            return ColumnSpec("column", (given,))
        self.keys(where, given, _SPEC)
        kind = next((k for k in _KINDS if k in given), None)
        if kind is None:
            raise self.fail(where, "says not where it comes from: column, columns, first, constant, crosswalk, yes, list")
        sources = given.get("columns") or given.get("first") or [given.get("column", given.get("number"))]
        if kind in ("yes", "list"):
            sources = [given[kind]]
        kinds: dict[str, Any] = {"columns": "join", "number": "column"}
        values = given.get("values", {})
        return ColumnSpec(
            kind=kinds.get(kind, kind), columns=() if kind == "constant" else tuple(sources),
            join=given.get("join", " "), constant=given.get("constant"), crosswalk=given.get("crosswalk"),
            missing=tuple(map(str, given.get("missing", ()))),
            replace=tuple((a, b) for a, b in given.get("replace", ())), extract=given.get("extract"),
            values=values if isinstance(values, dict) else {},
            yes_values=tuple(map(str, values)) if isinstance(values, list) else (),
            pattern=given.get("pattern"), delimiter=given.get("delimiter"), default=given.get("default"),
            scale=given.get("scale"),
        )

    def time(self, table: TableSchema, name: str, given: dict[str, Any]) -> TimeSpec:
        where = f"[time.{name}]"
        self.known(table, name, where)
        self.keys(where, given, _TIME)
        stamped = given.get("stamped", "local")
        if stamped not in STAMPS:
            raise self.fail(where, f"stamped = {stamped!r}{_meant(stamped, STAMPS)} Known: {', '.join(STAMPS)}")
        single = given.get("column", given.get("date"))
        columns = given.get("columns") or given.get("first") or ([single] if single else [])
        if not columns:
            raise self.fail(where, "says not which column: column, columns, first, or date with clock")
        flag = given.get("report_date_where", {})
        return TimeSpec(
            columns=tuple(columns), first="first" in given, clock=given.get("clock"),
            clock_digits=bool(given.get("clock_digits", False)), extract=given.get("extract"),
            formats=tuple(given.get("formats", ("iso",))), stamped=stamped, timezone=self.zone(where, given.get("timezone")),
            missing=tuple(map(str, given.get("missing", ()))),
            edge=given.get("edge", "end" if name in _ENDS else "start"),
            report_date_column=flag.get("column"), report_date_values=tuple(map(str, flag.get("values", ()))),
            stand_in=given.get("stand_in"),
        )

    def location(self, given: dict[str, Any]) -> LocationSpec | None:
        if not given:
            return None
        self.keys("[location]", given, _LOCATION)
        degrees, metres = {"lon", "lat"} & set(given), {"x", "y", "crs"} & set(given)
        if not (len(degrees) == 2 and not metres or len(metres) == 3 and not degrees):
            raise self.fail("[location]", "needs lon and lat, or x, y and crs")
        return LocationSpec(
            lon=self.spec("[location] lon", given["lon"]) if degrees else None,
            lat=self.spec("[location] lat", given["lat"]) if degrees else None,
            x=given.get("x"), y=given.get("y"), crs=given.get("crs"),
            missing=tuple(float(v) for v in given.get("missing", ())), block=bool(given.get("block", False)),
        )

    def window(self, table: TableSchema, given: dict[str, Any] | None) -> Window | None:
        if given is None:
            return None
        self.keys("window", given, ("column", "formats", "time", "period"))
        if given.get("period") not in PERIODS:
            raise self.fail("window", f"period = {given.get('period')!r} is none of {', '.join(PERIODS)}")
        if ("column" in given) == ("time" in given):
            raise self.fail("window", "needs either a column of the file or a time of the table")
        if "time" in given:
            self.known(table, given["time"], "window")
        return Window(given["period"], given.get("column"), tuple(given.get("formats", ("iso",))), given.get("time"))
