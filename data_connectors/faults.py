"""What is wrong with a row, as SQL over the levels of `mapping`: why it is refused, what could not be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_connectors.normalise import text
from data_connectors.store import quoted

if TYPE_CHECKING:
    from data_connectors.mapping import _Compiler

BETWEEN, WITHIN = "\x1e", "\x1f"


def unreadable(compiler: _Compiler) -> str:
    """A required time that is there but cannot be read, and what it says, unless the table bears plates."""
    cases, values = [], []
    for name in compiler.layout.times:
        if compiler.profile.table.column(name).required:
            broken = f"WHEN {name}_instant IS NULL AND {name}_said IS NOT NULL THEN"
            cases.append(f"{broken} '{name}: fits none of the formats that the profile names'")
            values.append(f"{broken} {name}_said")
    if compiler.profile.table.lake == "sightings":
        values = []
    return f"{case(cases)} AS unreadable, {case(values)} AS fault_value"


def fault(compiler: _Compiler) -> str:
    """Why a row is refused; null where it is not."""
    profile = compiler.profile
    cases = [f"WHEN {quoted(c.name)} IS NULL THEN '{c.name}: no value'" for c in profile.table.columns if c.required]
    cases += [
        f"WHEN {quoted(c.name)} NOT BETWEEN {c.limits[0]} AND {c.limits[1]} THEN '{c.name}: outside {c.limits[0]:g} to "
        f"{c.limits[1]:g} {c.unit}; is the file in another unit?'"
        for c in profile.table.columns if c.limits
    ]  # fmt: skip
    if profile.table.name == "plate_reads":
        cases.append("WHEN captured_at > now() + INTERVAL 1 DAY THEN 'captured_at: captured in the future'")
    if profile.strategy == "replace_window":
        window = compiler.layout.window
        assert window is not None  # the parser asks for one
        named = compiler.value(f"{window.column or window.time}: tells no reporting period")
        cases.append(f"WHEN window_key IS NULL THEN {named}")
    return case(cases)


def unread(compiler: _Compiler) -> str:
    """Times, coordinates and measurements of a kept row that are there but cannot be read; null where there are none.

    One text for each, with `BETWEEN` between them: column of the table, column of the file, and what it says unless
    the table bears plates, with `WITHIN` between those. A row where everything was read costs a look at its nulls.
    """
    others, places = [*_unread_times(compiler), *_unread_measurements(compiler)], _unread_places(compiler)
    suspicious = [f"({one.broken})" for one in others] + (["_lon IS NULL OR _lat IS NULL"] if places else [])
    told = [_told(compiler, one) for one in (*others, *places)]
    if not told:
        return case(())
    return f"CASE WHEN {' OR '.join(suspicious)} THEN nullif(concat_ws(chr({ord(BETWEEN)}), {', '.join(told)}), '') END"


@dataclass(frozen=True)
class _Unread:
    """When a column of the table could not be read, the file's columns that it comes from, and what they say."""

    broken: str
    column: str
    sources: Sequence[str]
    said: str


def _unread_times(compiler: _Compiler) -> list[_Unread]:
    return [
        _Unread(f"{name}_instant IS NULL AND {name}_said IS NOT NULL", name,
                [*spec.columns, *([spec.clock] if spec.clock else [])], f"{name}_said")
        for name, spec in compiler.layout.times.items() if not compiler.profile.table.column(name).required
    ]  # fmt: skip


def _unread_measurements(compiler: _Compiler) -> list[_Unread]:
    found = []
    for name, spec in compiler.layout.columns.items():
        column = compiler.profile.table.column(name)
        given = [compiler.raw(one) for one in spec.columns if one in compiler.columns]
        if column.limits and given:
            filled = " AND ".join(f"{one} IS NOT NULL" for one in given)
            broken = f"{filled} AND ({compiler.final(column)}) IS NULL"
            found.append(_Unread(broken, name, spec.columns, f"concat_ws(' ', {', '.join(given)})"))
    return found


def _unread_places(compiler: _Compiler) -> list[_Unread]:
    place = compiler.layout.location
    found = []
    for name, spec, projected in (("lon", place.lon, place.x), ("lat", place.lat, place.y)) if place else ():
        sources = [projected] if projected else list(spec.columns if spec else ())
        said = compiler.raw(projected) if projected else f"{name}_said"
        if set(sources) & set(compiler.columns):
            found.append(_Unread(f"{said} IS NOT NULL AND {text.number(said)} IS NULL", name, sources, said))
    return found


def _told(compiler: _Compiler, one: _Unread) -> str:
    start = compiler.value(f"{one.column}{WITHIN}{' + '.join(one.sources)}{WITHIN}")
    shown = "''" if compiler.profile.table.lake == "sightings" else one.said
    return f"CASE WHEN {one.broken} THEN {start} || {shown} END"


def case(branches: Sequence[str]) -> str:
    """Branches as a CASE; a null text where there are none.

    Examples
    --------
    >>> case(["WHEN a IS NULL THEN 'no a'"]), case([])
    ("CASE WHEN a IS NULL THEN 'no a' END", 'NULL::VARCHAR')
    """
    return f"CASE {' '.join(branches)} END" if branches else "NULL::VARCHAR"
