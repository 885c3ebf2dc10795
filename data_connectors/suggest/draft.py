"""Writes a profile from what was chosen, with a comment beside each line that says why, and what is not sure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from data_connectors.errors import rows_said
from data_connectors.nibrs import NIBRS_NAMES
from data_connectors.profile import OPEN_ZONE
from data_connectors.schemas import TABLES, UNKNOWN_OFFENSE, Column
from data_connectors.suggest.choosing import (
    CORE,
    Chosen,
    Looks,
    Place,
    choose_columns,
    choose_place,
    choose_times,
    clock_of,
    header_score,
)
from data_connectors.suggest.offense_words import nibrs_by_words, rules_for
from data_connectors.suggest.times import NEARLY_ALL, hours_are_local
from data_connectors.suggest.words import OFFENSE_DETAIL

_ZONES = (
    (-85.0, "America/New_York"), (-101.0, "America/Chicago"), (-114.0, "America/Denver"),
    (-180.0, "America/Los_Angeles"),
)  # fmt: skip
_MANY_WORDS = 1000
_SHOWN_WORDS = 3
_TIMES_EACH = 5  # words of a list come again at least so often on the average; those of a narrative do not
_JOIN = ": "
_FIPS_PARTS = ("STATEFP", "COUNTYFP", "TRACTCE", "BLKGRPCE")
_FILLERS = {"TIMESTAMP WITH TIME ZONE": None, "INTEGER": 0, "BIGINT": 0, "DOUBLE": 0.0, "BOOLEAN": False}
_DERIVED = (
    "plate", "plate_folded", "day", "offense", "offense_count", "time_quality", "location_quality",
    "reported_precision", "agency",
)  # fmt: skip


@dataclass
class Draft:
    """A profile being written.

    Attributes
    ----------
    name, table : str
        The feed's name, and the table.
    lines : list of str
        The TOML so far.
    unsure : list of str
        What the reader should check first.
    guesses : list of str
        Every NIBRS code that was guessed, with the words it is for: to check after that.
    """

    name: str
    table: str
    looks: Looks
    rows: pa.Table
    reader: dict[str, object]
    lines: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    guesses: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.columns = choose_columns(self.looks, self.table)
        self.times = choose_times(self.looks, self.table)
        self.place = choose_place(self.looks)
        if self.table == "published_counts" and "measure" not in self.columns:
            self.columns.pop("offenses", None)

    def write(self) -> str:
        """The whole profile as TOML."""
        body = [*self._columns_section(), *self._times_section(), *self._location_section(), *self._crosswalk_section(),
                *self._unpivot_section()]  # fmt: skip
        head = self._head()
        found = {*self.columns, *self.times, *(("lon",) if self.place else ())}
        absent = [" or ".join(names) for names in CORE[self.table] if not found & {*names} and "geometry" not in names]
        self.unsure += [f"no column was found for {names}" for names in absent]
        checks = [f"#   - {text}" for text in (*self.unsure, *self.guesses)] or ["#   - nothing in particular"]
        told = ["# A draft: read every line, mend it, then try it with --dry-run.", "# To check first:", *checks, ""]
        return "\n".join([*told, *head, *body]).rstrip() + "\n"

    def _head(self) -> list[str]:
        schema = TABLES[self.table]
        lines = [f"name = {_text(self.name)}", f"title = {_text(self.name.replace('_', ' '))}",
                 'evidence = "A draft from one file."',
                 f"table = {_text(self.table)}", f"source = {_text(self.name)}", "version = 1"]  # fmt: skip
        if any(c.name == "agency" and c.required for c in schema.columns) and "agency" not in self.columns:
            lines.append('agency = "unknown"  # NOT FOUND: write whose records these are')
            self.unsure.append("agency is not in the file: write whose records these are")
        if self.times:
            lines.append(self._zone())
        if self.place and self.place.bounds and self.table not in ("areas", "streets"):
            bounds = ", ".join(f"{edge:g}" for edge in self.place.bounds)
            lines.append(f"bounds = [{bounds}]  # drawn wide round this one file; points beyond are left off maps")
            self.unsure.append(f"bounds [{bounds}] are drawn wide round this one file: do they hold all that the "
                               "agency serves, and no more than its surroundings?")
        secret = [look for look in self.looks.values() if look.sensitive]
        if secret:
            lines.append(f"drop = [{', '.join(_text(look.name) for look in secret)}]  # " + "; ".join(
                f"{look.name}: {look.sensitive}" for look in secret))  # fmt: skip
        lines += ["", "[reader]", *(f"{key} = {_value(value)}" for key, value in self.reader.items())]
        return [*lines, *self._write_section(schema.key)]

    def _zone(self) -> str:
        if self.place and self.place.median and -125 < self.place.median[0] < -66:
            zone = next(name for west, name in _ZONES if self.place.median[0] >= west)
            self.unsure.append(f"timezone {zone} is guessed from the longitude")
            return f"timezone = {_text(zone)}  # guessed from the longitude"
        self.unsure.append("timezone is OPEN, for the file does not show where it is from: until it is written, "
                           "nothing loads")
        return f'timezone = "{OPEN_ZONE}"  # OPEN: write the zone of the clocks, e.g. "America/New_York"'

    def _write_section(self, key: Sequence[str]) -> list[str]:
        identifier = next((name for name in key if name.endswith("_id")), None)
        if self.table not in ("incidents", "calls") or identifier is None:
            return []
        chosen = self.columns.get(identifier)
        if chosen and self.looks[chosen.column].unique:
            return []
        if chosen and (blank := self._blank_but_unique(chosen.column)):
            self.unsure.append(f"{chosen.column!r} is blank in {rows_said(blank)}: told apart by all their fields")
            return []
        said = [name for name in ("offense_raw", "offense_description") if name in self.columns]
        name = next((n for n in said if chosen and self._unique([chosen.column, self.columns[n].column])), None)
        if chosen and name:
            self.unsure.append(f"{chosen.column!r} repeats, once for each offense")
            return ["", "[write]", f"key = {_value([identifier, name])}  # {chosen.column!r} alone is not unique here"]
        time = next((name for name in ("reported_at", "occurred_from", "received_at") if name in self.times), None)
        if time is None:
            return []
        why = f"{chosen.column!r} is not unique" if chosen else "no identifier was found"
        self.unsure.append(f"{why}: a reload replaces whole months of {time}; does every file hold whole ones?")
        return ["", f"[write]  # {why}, so a reload replaces whole months", 'strategy = "replace_window"',
                f'window = {{ time = "{time}", period = "month" }}']  # fmt: skip

    def _blank_but_unique(self, column: str) -> int:
        """Rows where an identifier is blank, if no other value of it repeats and most rows have one; else 0."""
        said = pc.utf8_trim_whitespace(self.rows[column])
        filled = said.filter(pc.fill_null(pc.not_equal(said, ""), False))
        blank = len(said) - len(filled)
        return blank if pc.count_distinct(filled).as_py() == len(filled) > blank else 0

    def _unique(self, columns: Sequence[str]) -> bool:
        """Whether no two rows agree in all of the columns."""
        return self.rows.select(columns).group_by(columns).aggregate([]).num_rows == self.rows.num_rows

    def _columns_section(self) -> list[str]:
        lines = ["", "[columns]"]
        for column in TABLES[self.table].columns:
            chosen = self.columns.get(column.name)
            if chosen:
                lines.append(self._column_line(column, chosen))
            elif line := self._stand_in(column):
                lines.append(line)
        used = {chosen.column for chosen in (*self.columns.values(), *self.times.values())}
        used |= {*self._offense_columns}
        used |= {self.place.lon, self.place.lat} if self.place else set()
        rest = [name for name, look in self.looks.items() if name not in used and not look.sensitive]
        if rest:
            lines.append(f"# not used: {', '.join(rest)}")
        return lines

    def _column_line(self, column: Column, chosen: Chosen) -> str:
        look = self.looks[chosen.column]
        spec = _text(chosen.column)
        if column.type in ("DOUBLE", "INTEGER", "BIGINT"):
            spec = f"{{ number = {spec} }}"
            if column.unit == "0-1" and look.numbers and max(look.numbers) > 1:
                spec = f"{{ number = {_text(chosen.column)}, scale = 0.01 }}"
        elif column.type == "BOOLEAN" and not _plain_yes_no(look.values):
            spec = f"{{ yes = {spec}, values = {_value(sorted(look.values)[:1])} }}"
            self.unsure.append(f"{column.name}: which values of {chosen.column!r} mean yes")
        elif column.type == "VARCHAR[]":
            spec = f"{{ list = {spec} }}"
        elif column.name == "offense_description" and len(columns := self._offense_columns) > 1:
            spec = f"{{ {_from(columns)} }}"
        if column.limits:
            self.unsure.append(
                f"{column.name} is in {column.unit}: is {chosen.column!r}? Inches take scale = 25.4; degrees "
                "Fahrenheit have to be converted before"
            )
        if not chosen.exact:
            self.unsure.append(f"{column.name} from {chosen.column!r}: the header only contains the word")
        return f"{column.name} = {spec}{self._example(chosen.column)}"

    def _example(self, column: str) -> str:
        """A comment with a value or two; never for tables that bear plates."""
        if TABLES[self.table].lake == "sightings":
            return ""
        values = (re.sub(r"[^\x20-\x7e\xa0-\uffff]", "?", value[:24]) for value in self.looks[column].values[:2])
        return f"  # e.g. {', '.join(values)}"

    def _stand_in(self, column: Column) -> str | None:
        """A line for a column that the file lacks: made from others where it can be, else said to be missing."""
        name = column.name
        parts = [part for part in _FIPS_PARTS if part in self.looks]
        if self.table == "population" and len(parts) >= 3 and name in ("area_id", "area_kind"):
            kind = "block_group" if len(parts) == 4 else "tract"
            return (f"area_id = {{ columns = {_value(parts)}, join = \"\" }}" if name == "area_id"
                    else f'area_kind = {{ constant = "{kind}" }}')  # fmt: skip
        if name == "geometry":
            return 'geometry = "geometry"'
        if name in ("area_km2", "length_m") and f"geometry_{name}" in self.looks:
            return f'{name} = {{ number = "geometry_{name}" }}'
        if name == "offense" and (columns := self._offense_columns):
            return f'offense = {{ crosswalk = "offense", {_from(columns)} }}'
        if name in ("measure", "offenses") and self._unpivoted():
            return 'measure = "Measure"' if name == "measure" else 'offenses = { number = "Count of it" }'
        if not column.required or name in (*_DERIVED, "captured_at", "received_at"):
            return None
        filler = _FILLERS.get(column.type, "unknown") if name != "population_group" else "total"
        if name == "population_group":
            return 'population_group = { constant = "total" }'
        if name == "year" and (year := re.search(r"(?<!\d)(19|20)\d\d(?!\d)", self.name)):
            return f"year = {{ constant = {year.group()} }}  # from the file's name"
        if name.endswith("_id") and (made := self._made_identifier()):
            self.unsure.append(f"{name}: no identifier was found, so it is made of {', '.join(made)}")
            return f"{name} = {_text(made[0])}" if len(made) == 1 else f"{name} = {{ columns = {_value(made)} }}"
        self.unsure.append(f"{name} was not found: a row must have it")
        return f"{name} = {{ constant = {_value(filler)} }}  # NOT FOUND: write what holds, or name the column"

    def _made_identifier(self) -> list[str] | None:
        """Columns that together tell the rows apart: the name, else name and place."""
        name = self.columns.get("name")
        if name is None:
            return None
        place = [self.place.lon, self.place.lat] if self.place else []
        return next((made for made in ([name.column], [name.column, *place]) if self._unique(made)), None)

    def _times_section(self) -> list[str]:
        lines: list[str] = []
        for name, chosen in self.times.items():
            look = self.looks[chosen.column].time
            if look is None:
                continue
            clock = clock_of(self.looks, chosen.column) if look.kind == "date" else None
            beside = self.looks[clock].time if clock else None
            lines += ["", f"[time.{name}]"]
            if clock and beside and not beside.half_lost:
                clocks = ("%H:%M",) if beside.digits else beside.formats
                dates = _dates(look.formats)
                formats = [*(f"{date} {form}" for date in dates for form in clocks), *dates]
                lines += [f"date = {_text(chosen.column)}", f"clock = {_text(clock)}"]
                lines += ["clock_digits = true  # digits without leading zeros: 115 is 01:15"] if beside.digits else []
                lines.append(f"formats = {_value(formats)}")
            else:
                if clock and beside:
                    self.unsure.append(f"{clock!r} says AM or PM on some rows only, so it was left aside")
                lines.append(f"column = {_text(chosen.column)}{self._example(chosen.column)}")
                told = look.formats not in ((), ("iso",))
                lines += [f"formats = {_value(look.formats)}"] if told else []
            lines += self._stamp(name, chosen.column)
            if look.doubt:
                self.unsure.append(f"{chosen.column!r}: {look.doubt}")
        return lines

    def _stamp(self, name: str, column: str) -> list[str]:
        look = self.looks[column].time
        if look is None or look.stamped == "local":
            return []
        if look.stamped != "offset":
            return [f"stamped = {_text(look.stamped)}  # counted from 1970 in UTC, so no clock is lost"]
        local = hours_are_local(look.hours, self.place.median[0]) if self.place and self.place.median else None
        if local:
            self.unsure.append(f"{column!r} is marked as UTC, but its quietest hours are those of a local night")
            return ['stamped = "utc_letter_but_local"  # marked UTC, yet quietest before dawn as written']
        told = "its hours agree" if local is False else "not checked against the hours of the day"
        if local is None and self.table in ("incidents", "calls"):
            self.unsure.append(f"{column!r}: whether its offset is true was not to be seen from the hours")
        return [f'stamped = "offset"  # the text states its offset; {told}']

    def _location_section(self) -> list[str]:
        place = self.place
        if place is None or self.table in ("areas", "streets", "hotlist_entries", "published_counts"):
            return []
        if place.kind == "projected":
            self.unsure.append(f"{place.lon!r} and {place.lat!r} are projected; which CRS, the file does not say")
            return ["", "# Projected coordinates: take the # away and name the CRS, e.g. EPSG:2260, New York East.",
                    "# [location]", f"# x = {_text(place.lon)}", f"# y = {_text(place.lat)}",
                    '# crs = "EPSG:?"']  # fmt: skip
        lines = ["", "[location]"]
        if place.kind == "swapped":
            self.unsure.append("longitude and latitude stand under each other's headers")
            lines.append("# The headers are exchanged in this file.")
        return [*lines, *self._place_lines(place)]

    def _place_lines(self, place: Place) -> list[str]:
        if place.kind == "point":
            first, second = r"\((-?[0-9.]+)", r" (-?[0-9.]+)\)"
            return [f"lon = {{ column = {_text(place.lon)}, extract = {_text(first)} }}",
                    f"lat = {{ column = {_text(place.lat)}, extract = {_text(second)} }}"]  # fmt: skip
        if place.kind == "pair":
            first, second = r"^\(?(-?[0-9.]+)", r", ?(-?[0-9.]+)"
            return [f"lon = {{ column = {_text(place.lon)}, extract = {_text(second)} }}  # (lat, lon)",
                    f"lat = {{ column = {_text(place.lat)}, extract = {_text(first)} }}"]  # fmt: skip
        lines = [f"lon = {_text(place.lon)}", f"lat = {_text(place.lat)}"]
        unset = {n for name in (place.lon, place.lat) for n in self.looks[name].numbers or () if n in (0.0, -1.0)}
        return [*lines, f"missing = {_value(sorted(unset))}  # not located"] if unset else lines

    @cached_property
    def _offense_columns(self) -> list[str]:
        """What tells the offense: NIBRS codes, else words and a column that says more, else other codes."""
        named = [self.columns[n].column for n in ("offense_raw", "offense_description") if n in self.columns]
        if self.table != "incidents" or not named:
            return []
        own = next((column for column in named if self._holds_nibrs(column)), None)
        return [own] if own else [named[-1], *self._more_words(named[-1])]

    def _more_words(self, column: str) -> list[str]:
        """A column that says more of each offense, in words that come again: no code, no narrative."""
        taken = {chosen.column for chosen in (*self.columns.values(), *self.times.values())}
        for name, look in self.looks.items():
            free = name not in taken and not look.sensitive and look.numbers is None and look.time is None
            if free and header_score(name, OFFENSE_DETAIL)[1]:
                kinds = len(self._rows_by_offense([column, name]))
                if len(self._rows_by_offense([column])) < kinds <= min(_MANY_WORDS, self.rows.num_rows / _TIMES_EACH):
                    return [name]
        return []

    def _holds_nibrs(self, column: str) -> bool:
        """Whether nearly all values are NIBRS codes; those of digits alone could be any code's."""
        values = [value.upper() for value in self.looks[column].values]
        known = sum(value in NIBRS_NAMES for value in values)
        return known >= NEARLY_ALL * len(values) and any(value[-1:].isalpha() for value in values)

    def _crosswalk_section(self) -> list[str]:
        columns = self._offense_columns
        if not columns:
            return []
        rows = self._rows_by_offense(columns)
        if self._holds_nibrs(columns[0]):
            codes = {said: said for said in rows if said in NIBRS_NAMES}
            return ["", f"# {columns[0]!r} holds NIBRS codes: they are the file's own, nothing is guessed.",
                    "[crosswalk.offense.exact]", *(f"{_text(said)} = {_text(said)}" for said in codes)]  # fmt: skip
        found = {said: code for said in rows if (code := nibrs_by_words(said))}
        self._tell_guesses(columns, rows, found)
        told = ["", "# Each code is guessed from the words: check them all.",
                f"# What is not here is kept, and counted as {UNKNOWN_OFFENSE}."]  # fmt: skip
        if len(rows) > _MANY_WORDS:
            rules = rules_for(rows)
            return [*told, "[crosswalk.offense]", "pattern = [", *(f"  {_value(rule)}," for rule in rules), "]"]
        lines = [f"{_text(said)} = {_text(code)}  # {NIBRS_NAMES[code]}, {rows_said(rows[said])}"
                 for said, code in found.items()]  # fmt: skip
        left = [f"# {_text(said)} = \"\"  # {rows_said(n)}" for said, n in rows.items() if said not in found]
        return [*told, "[crosswalk.offense.exact]", *lines, *(["# Not recognised:"] if left else []), *left]

    def _rows_by_offense(self, columns: Sequence[str]) -> dict[str, int]:
        """Rows of each offense as said in the columns together, in upper case, the commonest first."""
        cells = [pc.utf8_upper(pc.utf8_trim_whitespace(self.rows[column])) for column in columns]
        filled = [pc.if_else(pc.equal(cell, ""), None, cell) for cell in cells]
        said = pc.binary_join_element_wise(*filled, _JOIN, null_handling="skip")
        counted = {item["values"]: item["counts"] for item in pc.value_counts(said).to_pylist() if item["values"]}
        return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))

    def _tell_guesses(self, columns: Sequence[str], rows: dict[str, int], found: dict[str, str]) -> None:
        share = sum(rows[said] for said in found) / max(sum(rows.values()), 1)
        where = " + ".join(map(repr, columns))
        self.guesses.append(f"{len(found)} of {len(rows)} offenses in {where} ({share:.0%} of the rows) were "
                            f"recognised by their words; the rest stay {UNKNOWN_OFFENSE}. Each code is a guess:")
        for code in sorted(set(found.values())):
            said = [repr(words) for words in found if found[words] == code]
            more = f" and {len(said) - _SHOWN_WORDS} more below" if len(said) > _SHOWN_WORDS else ""
            self.guesses.append(f"{code} {NIBRS_NAMES[code]}: {', '.join(said[:_SHOWN_WORDS])}{more}")

    def _unpivoted(self) -> list[str]:
        """Columns of counts that stand side by side, where a file of published counts has no column of measures."""
        if self.table != "published_counts" or "measure" in self.columns:
            return []
        used = {chosen.column for chosen in self.columns.values()}
        return [name for name, look in self.looks.items() if name not in used and look.numbers is not None]

    def _unpivot_section(self) -> list[str]:
        columns = self._unpivoted()
        if not columns:
            return []
        return ["", "[unpivot]  # counts that stand side by side become one row each", f"columns = {_value(columns)}",
                'name = "Measure"', 'value = "Count of it"']  # fmt: skip


def _from(columns: Sequence[str]) -> str:
    """Where a column spec comes from: one column, or several joined."""
    return f"column = {_text(columns[0])}" if len(columns) == 1 else f'columns = {_value(columns)}, join = "{_JOIN}"'




def _dates(formats: Sequence[str]) -> list[str]:
    return ["%Y-%m-%d" if form == "iso" else form for form in formats]


def _plain_yes_no(values: Sequence[str]) -> bool:
    return all(value.casefold() in ("true", "false", "t", "f", "yes", "no", "y", "n", "1", "0") for value in values)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: object) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    return repr(value)
