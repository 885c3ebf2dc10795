"""A profile as SQL: one SELECT that turns a file's text columns into a table's columns, a million rows at once.

The statement is built in levels, each reading the one before, so that nothing is worked out twice (DuckDB
shares no expression that stands within a CASE):

1. every text column the profile names, tidied;
2. the text of each time; then what it says on its wall clock, and how exactly, degrees as numbers, plates normalised;
   then the wall clocks that can be;
3. instants, through a table of the zone's days (`normalise.times.zone_days`); what the degrees are worth;
4. the table's columns, the row's hash, and what is wrong with the row, if anything is.

Values travel as named parameters; only column names, quoted, and rules of `data_connectors.normalise` become SQL text.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from data_connectors import faults
from data_connectors.normalise import places, plates, text, times
from data_connectors.profile import FILE, PERIODS, ColumnSpec, Crosswalk, Layout, Profile, TimeSpec
from data_connectors.readers import LoadError
from data_connectors.schemas import UNKNOWN_OFFENSE, Column
from data_connectors.store import quoted

LON, LAT, PLACE, PLATE, FOLDED = "_lon", "_lat", "_place", "_plate", "_folded"
PRIMARY_TIME = {"incidents": "occurred_from", "calls": "received_at", "plate_reads": "captured_at",
                "hotlist_entries": "issued_at"}
_LOCAL = {"occurred_local": "occurred_from", "received_local": "received_at"}


@dataclass(frozen=True)
class Statement:
    """One layout's SELECT over the view `raw_rows`, with its parameters and the tables it joins.

    Attributes
    ----------
    sql : str
        Gives the table's columns without ``load_id``, then ``file_name``, ``fault`` (``column: reason``, null where the
        row is good), ``fault_value`` (what the column said; null where it may hold a plate) and ``unread`` (times and
        coordinates that are there but cannot be read; see `faults.unread`).
    parameters : dict
    zones : dict
        Alias of each time zone's table of days.
    blank : frozenset of str
        Which of those columns are null in every row, because the file has nothing that they are made from.
    skipped_sql : str
        Counts the rows left out on purpose; blank where there are none to leave out.
    skipped_parameters : dict
    """

    sql: str
    parameters: dict[str, Any]
    zones: dict[str, str]
    blank: frozenset[str]
    skipped_sql: str
    skipped_parameters: dict[str, Any]


def plate_column(layout: Layout) -> str | None:
    """The file's column that plates are read from first, blank for none; None where the layout reads no plates."""
    spec = layout.columns.get("plate_raw")
    return None if spec is None else next(iter(spec.columns), "")


def compile_mapping(
    profile: Profile, layout: Layout, columns: Sequence[str], *, tidy: Collection[str] = ()
) -> Statement:
    """The SELECT for one layout over files with these columns.

    Parameters
    ----------
    profile, layout
        What the columns mean.
    columns : sequence of str
        Text columns of the view ``raw_rows``, which also has ``_line``, ``_file_name``, ``_file_hash``, for projected
        coordinates ``_lon`` and ``_lat``, and for plates ``_folded`` (`normalise.plates.folded_cells`).
    tidy : collection of str
        Those among them with no blank at either end of any value (`normalise.text.is_tidy`), which spares trimming.

    Returns
    -------
    Statement

    Examples
    --------
    >>> profile = Profile.parse('''
    ... title = "Streets"
    ... table = "streets"
    ... source = "example"
    ... columns = {street_id = "ID", name = "Name", geometry = "WKB"}
    ... ''')
    >>> statement = compile_mapping(profile, profile.layouts[0], ["ID", "Name", "WKB"])
    >>> statement.zones, "raw_rows" in statement.sql
    ({}, True)
    """
    return _Compiler(profile, layout, tuple(columns), frozenset(tidy)).statement()


@dataclass
class _Compiler:
    profile: Profile
    layout: Layout
    columns: tuple[str, ...]
    tidy: frozenset[str] = frozenset()
    parameters: dict[str, Any] = field(default_factory=dict)
    zones: dict[str, str] = field(default_factory=dict)

    def value(self, value: Any) -> str:
        """A parameter holding `value`; equal values share one."""
        for name, held in self.parameters.items():
            if held == value and type(held) is type(value):
                return f"${name}"
        name = f"v{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"

    def raw(self, column: str) -> str:
        """The tidied text of a raw column, as level 1 names it."""
        if column == FILE:
            return "_file_name"
        return quoted(f"t {column}") if column in self.columns else "NULL::VARCHAR"

    def statement(self) -> Statement:
        table = self.profile.table
        final = {c.name: self.final(c) for c in table.columns}
        kept = [c for c in self.columns if c not in self.profile.drop]
        raw = text.row_as_json(kept, "r") if table.keeps_raw else None
        level1 = self.level1(raw)
        level2 = _more([*self.clocks(), *self.numbers(), *self.plate()], _more(self.texts(), level1))
        level3 = self.with_instants(_more(self.walls(), level2))
        mapped = ", ".join(f"CAST({sql} AS {table.column(name).type}) AS {quoted(name)}" for name, sql in final.items())
        raw_column = ", raw" if raw else ""
        inner = (f"SELECT {mapped}{raw_column}, {self.window()} AS window_key, _file_hash AS file_hash, _line AS line, "
                 f"_file_name AS file_name, {faults.unreadable(self)}, {faults.unread(self)} AS unread FROM ({level3})")
        names = ", ".join(quoted(c.name) for c in table.columns)
        sql = (f"SELECT {names}{raw_column}, {self.value(self.profile.source)} AS source, window_key, file_hash, line, "
               f"hash({names}) AS row_hash, file_name, coalesce(unreadable, {faults.fault(self)}) AS fault, "
               f"fault_value, unread "
               f"FROM ({inner})")
        counter = _Compiler(self.profile, self.layout, self.columns)
        skipped = f"SELECT count(*) FROM raw_rows AS r WHERE {counter.skipped()}" if self.profile.skips else ""
        zones = {alias: zone for zone, alias in self.zones.items()}
        return Statement(sql, self.parameters, zones, self.blank(final), skipped, counter.parameters)

    def blank(self, final: Mapping[str, str]) -> frozenset[str]:
        """Columns that are null in every row, given the SQL of each of the table's own."""
        columns, present = self.layout.columns, {FILE, *self.columns}

        def is_blank(name: str) -> bool:
            spec = columns.get(name)
            if spec is None:
                return final[name].startswith("NULL")
            made = spec.kind == "constant" or spec.default is not None or name == "offense"
            return not made and not present & {*spec.columns}

        blank = {name for name in final if is_blank(name)}
        blank |= set() if self.profile.strategy == "replace_window" else {"window_key"}
        return frozenset(blank | ({"fault_value"} if self.profile.table.lake == "sightings" else set()))

    def level1(self, raw: str | None) -> str:
        wanted = [c for c in self.layout.raw_columns if c in self.columns]
        tidied = "".join(f", {self.trimmed(c)} AS {quoted('t ' + c)}" for c in wanted)
        degrees = f", r.{LON}, r.{LAT}" if self.layout.location and self.layout.location.x else ""
        read = plate_column(self.layout)
        cell = "r." + quoted(read) if read in self.columns else "NULL::VARCHAR"
        plate = "" if read is None else f", r.{FOLDED}, {cell} AS _cell"
        whole = f", {raw} AS raw" if raw else ""
        keep = f" WHERE NOT {self.skipped()}" if self.profile.skips else ""
        return f"SELECT r._line, r._file_name, r._file_hash{tidied}{degrees}{plate}{whole} FROM raw_rows AS r{keep}"

    def trimmed(self, column: str) -> str:
        cell = "r." + quoted(column)
        return f"nullif({cell}, '')" if column in self.tidy else text.tidy(cell)

    def skipped(self) -> str:
        tests = []
        for skip in self.profile.skips:
            if skip.column in self.columns:
                values = ", ".join(self.value(v.lower()) for v in skip.values)
                tests.append(f"coalesce(lower({text.tidy('r.' + quoted(skip.column))}) IN ({values}), false)")
        return f"({' OR '.join(tests)})" if tests else "false"

    # Times -----------------------------------------------------------------------------------------------------------

    def texts(self) -> list[str]:
        """Level 2: the text of each time, and of degrees."""
        place = self.layout.location
        degrees = ((place.lon, "lon_said"), (place.lat, "lat_said")) if place else ()
        return [f"{self.said(spec)} AS {name}_said" for name, spec in self.layout.times.items()] + [
            f"{text_of(self, spec)} AS {name}" for spec, name in degrees if spec]

    def clocks(self) -> list[str]:
        """Level 2: for each time its clock as read (or UTC where the source gives that), its precision."""
        return [part for name, spec in self.layout.times.items() for part in self.clock(name, spec)]

    def clock(self, name: str, spec: TimeSpec) -> list[str]:
        said = f"{name}_said"
        if spec.stamped in ("epoch_s", "epoch_ms"):
            return [f"{times.epoch_instant(said, spec.stamped)} AS {name}_clock",
                    f"CASE WHEN {said} IS NOT NULL THEN 'instant' END AS {name}_precision", f"true AS {name}_utc"]
        plain = times.without_24(said)
        walls, precisions = [], []
        for format in spec.formats:
            for one, precision in self.attempts(format, plain):
                walls.append(one)
                precisions.append(f"WHEN {one} IS NOT NULL THEN {precision}")
        wall = f"coalesce({', '.join(walls)})"
        wall = f"CASE WHEN {times.is_24(said)} THEN {wall} + INTERVAL 1 DAY ELSE {wall} END"
        utc = {"offset": f"coalesce({times.has_offset(said)}, false)", "utc": "true"}.get(spec.stamped, "false")
        if spec.stamped == "offset":
            wall = f"CASE WHEN {times.has_offset(said)} THEN {times.given_instant(said)} ELSE {wall} END"
        precision = faults.case(precisions)
        return [f"{wall} AS {name}_clock", f"{precision} AS {name}_precision", f"{utc} AS {name}_utc"]

    def walls(self) -> list[str]:
        """Level 2: each clock where it can be, at that end of the day or month that the column needs."""
        return [f"{times.at_edge(times.possible(f'{name}_clock'), f'{name}_precision', spec.edge)} AS {name}_wall"
                if spec.stamped not in ("epoch_s", "epoch_ms") else f"{name}_clock AS {name}_wall"
                for name, spec in self.layout.times.items()]

    def attempts(self, format: str, plain: str) -> list[tuple[str, str]]:
        if format == "iso":
            day = f"CASE WHEN length({plain}) <= 10 THEN 'day' ELSE 'instant' END"
            return [(times.parsed(plain, "iso"), day), (f"TRY_CAST({plain} || '-01' AS TIMESTAMP)", "'month'")]
        made = [(times.parsed(plain, self.value(format)), f"'{times.precision_of(format)}'")]
        if date := times.date_part(format):
            made.append((times.parsed(plain, self.value(date)), "'day'"))
        return made

    def said(self, spec: TimeSpec) -> str:
        sources = [self.raw(c) for c in spec.columns]
        if spec.extract:
            sources = [f"nullif(regexp_extract({source}, {self.value(spec.extract)}, 1), '')" for source in sources]
        said = f"coalesce({', '.join(sources)})" if spec.first else (
            sources[0] if len(sources) == 1 else f"concat_ws(' ', {', '.join(sources)})")
        if spec.missing:
            values = ", ".join(self.value(v) for v in spec.missing)
            said = f"CASE WHEN {said} IN ({values}) THEN NULL ELSE {said} END"
        if spec.clock:
            clock = self.raw(spec.clock)
            clock = times.clock_from_digits(clock) if spec.clock_digits else clock
            said = f"CASE WHEN {said} IS NOT NULL THEN concat_ws(' ', {said}, {clock}) END"
        return f"nullif({said}, '')"

    def with_instants(self, level2: str) -> str:
        """Level 3: every wall clock as UTC with its rule, joined to its zone's days where it needs them; the place."""
        columns, joins = self.quality(), []
        for name, spec in self.layout.times.items():
            wall, utc = f"c.{name}_wall", f"c.{name}_utc"
            if spec.stamped in ("epoch_s", "epoch_ms", "utc"):
                columns += [f"{wall} AS {name}_instant",
                            f"CASE WHEN {wall} IS NOT NULL THEN 'as_given' END AS {name}_rule",
                            f"{self.local(wall, spec)} AS {name}_local"]
                continue
            days = f"z_{name}"
            local_day = f"CASE WHEN NOT {utc} THEN CAST({wall} AS DATE) END"  # what is UTC already looks nothing up
            joins.append(f"LEFT JOIN {self.zone(spec)} AS {days} ON {days}.day = {local_day}")
            instant = f"CASE WHEN {utc} THEN {wall} ELSE {times.instant(wall, days)} END"
            assumed = "unstamped" if spec.stamped == "utc_letter_but_local" else "assumed"
            rule = f"CASE WHEN {utc} THEN 'as_given' ELSE {times.zone_rule(wall, days, assumed)} END"
            local = f"CASE WHEN {utc} THEN {self.local(wall, spec)} ELSE {times.wall_on(wall, days)} END"
            columns += [f"{instant} AS {name}_instant", f"CASE WHEN {wall} IS NOT NULL THEN {rule} END AS {name}_rule",
                        f"{local} AS {name}_local"]
        more = "".join(f", {column}" for column in columns)
        return f"SELECT c.*{more} FROM ({level2}) AS c {' '.join(joins)}"

    def zone_of(self, spec: TimeSpec) -> str | None:
        return spec.timezone or self.profile.timezone

    def zone(self, spec: TimeSpec) -> str:
        zone = self.zone_of(spec)
        if zone is None:
            raise LoadError(f"the profile {self.profile.name!r} has local times but no timezone",
                            remedy='Add timezone = "America/New_York" or what holds there.')
        return self.zones.setdefault(zone, f"zone_days_{len(self.zones)}")

    def local(self, utc: str, spec: TimeSpec) -> str:
        """The wall clock of an instant; worked out only for tables that keep it."""
        zone = self.zone_of(spec)
        if zone is None or not {"occurred_local", "received_local"} & {c.name for c in self.profile.table.columns}:
            return "NULL::TIMESTAMP"
        return f"timezone({self.value(zone)}, timezone('UTC', {utc}))"

    # Columns ---------------------------------------------------------------------------------------------------------

    def final(self, column: Column) -> str:
        name = column.name
        if name in self.layout.columns:
            return self.from_spec(column, self.layout.columns[name])
        if name in ("occurred_from", "occurred_to"):
            return _utc(self.occurred(name))
        if name in self.layout.times:
            return _utc(f"{name}_instant")
        if name in ("lon", "lat", "location_quality") and self.profile.table.name != "population":
            return self.place(name)
        if name in ("lon", "lat"):
            return (LON, LAT)[name == "lat"] if self.layout.location else "NULL"
        return self.derived(name)

    def derived(self, name: str) -> str:
        times_, columns = self.layout.times, self.layout.columns
        if name in _LOCAL:
            return f"{_LOCAL[name]}_local" if _LOCAL[name] in times_ else "NULL"
        if name == "time_rule":
            primary = PRIMARY_TIME.get(self.profile.table.name)
            return f"{primary}_rule" if primary in times_ else "NULL"
        if name == "time_quality":
            return self.time_quality()
        if name == "reported_precision":
            return "coalesce(reported_at_precision, 'none')" if "reported_at" in times_ else "'none'"
        if name == "offense":
            return f"'{UNKNOWN_OFFENSE}'"
        if name == "offense_count":
            return "1"
        if name in ("plate", "plate_folded") and "plate_raw" in columns:
            quickly = f"CASE WHEN {PLATE} = _cell THEN {FOLDED} END"
            return PLATE if name == "plate" else f"coalesce({quickly}, {plates.folded(PLATE)})"
        if name == "region" and "region_raw" in columns:
            key = plates.region_key(text_of(self, columns["region_raw"]))
            return f"(SELECT code FROM region_codes WHERE region_codes.key = {key})"
        if name == "day" and "captured_at" in times_:
            return "CAST(captured_at_instant AS DATE)"
        return "NULL"

    def occurred(self, name: str) -> str:
        start = "occurred_from_instant" if "occurred_from" in self.layout.times else "NULL::TIMESTAMP"
        spec = self.layout.times.get("occurred_from")
        if spec and spec.stand_in and spec.stand_in in self.layout.times:
            start = f"coalesce({start}, {spec.stand_in}_instant)"
        if name == "occurred_from":
            return start
        day_end = (f"CASE WHEN occurred_from_precision = 'day' THEN {start} + INTERVAL 1 DAY - INTERVAL 1 SECOND "
                   f"ELSE {start} END") if spec and not spec.stand_in else start
        if "occurred_to" not in self.layout.times:
            return day_end
        end = "occurred_to_instant"
        return f"CASE WHEN {end} IS NULL OR {end} < {start} THEN {day_end} ELSE {end} END"

    def time_quality(self) -> str:
        primary = PRIMARY_TIME[self.profile.table.name]
        spec = self.layout.times.get(primary)
        if spec is None:
            return "'missing'"
        cases = [f"WHEN {primary}_instant IS NULL THEN {self.stood_in(spec)}"]
        if spec.report_date_column:
            values = ", ".join(self.value(v) for v in spec.report_date_values)
            cases.append(f"WHEN {self.raw(spec.report_date_column)} IN ({values}) THEN 'report_date'")
        if "occurred_to" in self.layout.times:
            cases.append(f"WHEN occurred_to_instant < {primary}_instant THEN 'reversed'")
            cases.append(f"WHEN occurred_to_instant > {primary}_instant THEN 'range'")
        cases.append(f"WHEN {primary}_precision <> 'instant' THEN 'date_only'")
        return f"CASE {' '.join(cases)} ELSE 'exact' END"

    def stood_in(self, spec: TimeSpec) -> str:
        if not spec.stand_in or spec.stand_in not in self.layout.times:
            return "'missing'"
        return f"CASE WHEN {spec.stand_in}_instant IS NOT NULL THEN 'report_date' ELSE 'missing' END"

    def numbers(self) -> list[str]:
        """Level 2: the degrees as read; projected ones come with the raw rows."""
        place = self.layout.location
        if place is None or place.x:
            return []
        pair = [text.number(said) for said in ("lon_said", "lat_said")]
        if place.missing:
            values = ", ".join(self.value(v) for v in place.missing)
            pair = [f"CASE WHEN {one} IN ({values}) THEN NULL ELSE {one} END" for one in pair]
        return [f"{one} AS {name}" for one, name in zip(pair, (LON, LAT), strict=True)]

    def plate(self) -> list[str]:
        """Level 2: the plate, normalised."""
        spec = self.layout.columns.get("plate_raw")
        return [f"nullif({plates.normalised(text_of(self, spec))}, '') AS {PLATE}"] if spec else []

    def quality(self) -> list[str]:
        """Level 3: what the degrees are worth."""
        place = self.layout.location
        return [f"{places.quality(LON, LAT, self.profile.bounds, block=place.block)} AS {PLACE}"] if place else []

    def place(self, name: str) -> str:
        if self.layout.location is None:
            return "'missing'" if name == "location_quality" else "NULL"
        return PLACE if name == "location_quality" else places.put_right(LON, LAT, PLACE)[name == "lat"]

    def from_spec(self, column: Column, spec: ColumnSpec) -> str:
        if spec.kind == "constant":
            return self.value(spec.constant)
        said = text_of(self, spec)
        if spec.kind == "crosswalk":
            found = self.crosswalk(self.profile.crosswalks[spec.crosswalk], said)
            return f"coalesce({found}, '{UNKNOWN_OFFENSE}')" if column.name == "offense" else found
        if spec.kind == "yes":
            return self.yes(spec, said)
        if spec.kind == "list":
            return self.listed(spec, said)
        typed = self.typed(column, spec, said)
        return typed if spec.default is None else f"coalesce({typed}, {self.value(spec.default)})"

    def typed(self, column: Column, spec: ColumnSpec, said: str) -> str:
        if column.type == "DOUBLE":
            number = text.number(said)
            return number if spec.scale is None else f"{number} * {self.value(float(spec.scale))}"
        if column.type in ("INTEGER", "BIGINT"):
            return text.whole(text.number(said), column.type)
        if column.type == "BOOLEAN":
            return text.yes_no(said)
        if column.type == "BLOB":
            return f"CASE WHEN regexp_full_match({said}, '([0-9A-Fa-f]{{2}})+') THEN unhex({said}) END"
        if column.type == "DATE":
            return f"TRY_CAST({said} AS DATE)"
        return text.single_spaced(said) if column.name == "address" else said

    def yes(self, spec: ColumnSpec, said: str) -> str:
        if spec.pattern:
            return f"CASE WHEN {said} IS NOT NULL THEN regexp_matches({said}, {self.value(spec.pattern)}, 'i') END"
        values = ", ".join(self.value(v) for v in spec.yes_values)
        return f"CASE WHEN {said} IS NOT NULL THEN {said} IN ({values}) END"

    def listed(self, spec: ColumnSpec, said: str) -> str:
        items = (f"string_split({said}, {self.value(spec.delimiter)})" if spec.delimiter
                 else f"from_json(TRY_CAST({said} AS JSON), '[\"VARCHAR\"]')")
        return f"list_filter(list_transform({items}, lambda x: {plates.normalised('x')}), lambda x: x <> '')"

    def crosswalk(self, walk: Crosswalk, said: str) -> str:
        key = f"upper({said})"
        exact = " ".join(f"WHEN {self.value(a)} THEN {self.value(b)}" for a, b in walk.exact.items())
        prefixes = sorted(walk.prefix.items(), key=lambda item: -len(item[0]))
        rest = [f"WHEN starts_with({key}, {self.value(a)}) THEN {self.value(b)}" for a, b in prefixes]
        rest += [f"WHEN regexp_matches({key}, {self.value(a)}, 'i') THEN {self.value(b)}" for a, b in walk.pattern]
        parts = ([f"CASE {key} {exact} END"] if exact else []) + ([f"CASE {' '.join(rest)} END"] if rest else [])
        return f"coalesce({', '.join(parts)})" if parts else "NULL::VARCHAR"

    def window(self) -> str:
        window = self.layout.window
        if window is None or self.profile.strategy != "replace_window":
            return "NULL::VARCHAR"
        pattern = self.value(PERIODS[window.period])
        if window.time:
            return f"strftime({window.time}_local, {pattern})"
        said = self.raw(window.column)
        parsed = [one for format in window.formats for one, _ in self.attempts(format, said)]
        return f"strftime(coalesce({', '.join(parsed)}), {pattern})"


def _more(columns: Sequence[str], inner: str) -> str:
    """The rows of `inner` with more columns."""
    return f"SELECT {', '.join(['*', *columns])} FROM ({inner})"


def text_of(compiler: _Compiler, spec: ColumnSpec) -> str:
    """The text a column spec names, with its modifiers applied in the grammar's order."""
    sources = [compiler.raw(c) for c in spec.columns]
    if spec.kind == "first":
        said = f"coalesce({', '.join(sources)})"
    elif len(sources) == 1:
        said = sources[0]
    else:
        said = f"nullif(concat_ws({compiler.value(spec.join)}, {', '.join(sources)}), '')"
    if spec.missing:
        values = ", ".join(compiler.value(v) for v in spec.missing)
        said = f"CASE WHEN {said} IN ({values}) THEN NULL ELSE {said} END"
    for pattern, by in spec.replace:
        said = f"regexp_replace({said}, {compiler.value(pattern)}, {compiler.value(by)}, 'g')"
    if spec.extract:
        said = f"nullif(regexp_extract({said}, {compiler.value(spec.extract)}, 1), '')"
    names = {compiler.value(a): compiler.value(b) for a, b in spec.values.items()}
    return text.renamed(text.tidy(said) if spec.replace or spec.extract else said, names)


def _utc(timestamp: str) -> str:
    return f"timezone('UTC', {timestamp})"
