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
    timezone = "America/Chicago"         # IANA zone of wall-clock times; "?" leaves it open, and nothing loads
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
    column = "Date"                      # or columns = [..] (joined by a space), first = [..], date = "D" + clock = "T"
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
from typing import TYPE_CHECKING, Any, Literal

from data_connectors.errors import RtccError
from data_connectors.readers import ReaderOptions
from data_connectors.schemas import Strategy, TableSchema

if TYPE_CHECKING:
    import pandas

PROFILES = Path(__file__).parent / "profiles"

Stamp = Literal["local", "offset", "utc", "utc_letter_but_local", "epoch_s", "epoch_ms"]
STAMPS: tuple[str, ...] = ("local", "offset", "utc", "utc_letter_but_local", "epoch_s", "epoch_ms")
PERIODS = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}
FILE = "@file"
OPEN_ZONE = "?"
_NEAREST = 3


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
            raise ProfileError(
                f"no profile {name!r}{_nearest(name)} `rtcc profile list` names all that ship with the project; one of "
                "your own is given by its path, ending in .toml."
            )
        return cls.read(path)

    @classmethod
    def find(cls, name_or_path: str | Path) -> Profile:
        """A shipped profile by its name, or the agency's own by its path, which ends in ``.toml``.

        Examples
        --------
        >>> Profile.find("stlouis_slmpd").source
        'stlouis_slmpd'
        """
        own = isinstance(name_or_path, Path) or str(name_or_path).endswith(".toml")
        return cls.read(name_or_path) if own else cls.named(str(name_or_path))

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
        from data_connectors.profile_parser import parsed

        return parsed(document, text, name)


def profile_names() -> tuple[str, ...]:
    """Names of the profiles shipped, sorted.

    Examples
    --------
    >>> "stlouis_slmpd" in profile_names()
    True
    """
    return tuple(sorted(path.stem for path in PROFILES.glob("*.toml")))


def shipped_profiles() -> pandas.DataFrame:
    """The profiles shipped, one row each: name, table, title, and what it rests on.

    Examples
    --------
    >>> shipped_profiles().columns.tolist()
    ['name', 'table', 'title', 'evidence']
    """
    import pandas

    found = [Profile.named(name) for name in profile_names()]
    return pandas.DataFrame(
        [(p.name, p.table.name, p.title, p.evidence) for p in found], columns=["name", "table", "title", "evidence"]
    )


def _nearest(name: str) -> str:
    """The shipped profiles that a mistyped name is nearest to, or part of, as the end of a message."""
    names = profile_names()
    close = difflib.get_close_matches(name, names, n=_NEAREST, cutoff=0.6)
    near = list(dict.fromkeys([*close, *(known for known in names if name and name.casefold() in known)]))[:_NEAREST]
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else "."


def meant(word: str, known: Iterable[str]) -> str:
    """What someone who wrote `word` probably meant, as the end of a message.

    Examples
    --------
    >>> meant("burglry", ["burglary", "robbery"])
    "; did you mean 'burglary'?"
    """
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else "."
