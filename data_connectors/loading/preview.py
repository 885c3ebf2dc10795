"""What a profile would make of a file's first rows, column by column."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_connectors.loading.staging import STAGED, Staging, make_tables
from data_connectors.profile import OPEN_ZONE, ColumnSpec, Layout, Profile
from data_connectors.readers import RawBatch, SourceFile
from data_connectors.store import Store, quoted

if TYPE_CHECKING:
    import pandas

ROWS = 3


def preview(profile: Profile, file: SourceFile, rows: pa.Table) -> pandas.DataFrame:
    """The first rows as given and as they would be stored.

    Parameters
    ----------
    profile : Profile
    file : SourceFile
        Where the rows come from; messages name it.
    rows : pyarrow.Table
        Text columns as a reader gives them.

    Returns
    -------
    pandas.DataFrame
        ``becomes`` (column of the table), ``from`` (columns of the file), ``as_given``, ``as_stored``: one row for each
        column that the profile fills. Of plates only the pattern is shown (``AAA9999``). Where the profile leaves its
        time zone open, instants are shown as written and say so.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "sites.csv"
    >>> _ = path.write_text("ID,Site\\\\n1,Court\\\\n")
    >>> profile = Profile.parse('''
    ... title = "Sites"
    ... table = "places"
    ... source = "sites"
    ... columns = {place_id = "ID", name = "Site", kind = {constant = "county_site"}}
    ... ''')
    >>> print(preview(profile, SourceFile(path), pa.table({"ID": ["1"], "Site": ["Court"]})).to_string(index=False))
     becomes from as_given   as_stored
    place_id   ID        1           1
        name Site    Court       Court
        kind               county_site
    """
    import pandas

    given = rows.slice(0, ROWS)
    open_zone = profile.timezone == OPEN_ZONE
    profile = replace(profile, timezone="UTC") if open_zone else profile
    lake = profile.table.lake
    with tempfile.TemporaryDirectory() as folder, Store.create(folder + "/store").loading(lake) as session:
        make_tables(session, profile, [file])
        staging = Staging(session, profile, 0, lambda *_: None)
        layout = staging.add_alone(file, RawBatch(given, pa.array(range(2, 2 + given.num_rows), pa.int64())))
        made = _filled(profile, layout)
        listed = ", ".join(f"CAST({quoted(name)} AS VARCHAR)" for name in made)
        stored = session.rows(f"SELECT {listed} FROM {STAGED} ORDER BY line LIMIT {ROWS}")
    table = []
    for place, (name, columns) in enumerate(made.items()):
        known = [c for c in columns if c in given.column_names]
        said = [" ".join(_shown(given[c][row].as_py()) for c in known) for row in range(given.num_rows)]
        kept = [_shown(row[place]) for row in stored]
        if open_zone and profile.table.column(name).type.startswith("TIMESTAMP"):
            kept = [at.replace("+00", " (zone open)") for at in kept]
        show = _pattern if lake == "sightings" and "plate" in name else str
        table.append((name, ", ".join(columns), " | ".join(map(show, said)), " | ".join(map(show, kept))))
    return pandas.DataFrame(table, columns=["becomes", "from", "as_given", "as_stored"])


def _filled(profile: Profile, layout: Layout) -> dict[str, tuple[str, ...]]:
    """Columns of the table that the layout fills, with the file's columns that each is made from."""
    made = {name: spec.columns for name, spec in layout.columns.items()}
    made |= {name: (*time.columns, *((time.clock,) if time.clock else ())) for name, time in layout.times.items()}
    place = layout.location
    if place is not None:
        made |= {"lon": _sources(place.lon, place.x), "lat": _sources(place.lat, place.y), "location_quality": ()}
    order = [c.name for c in profile.table.columns]
    return {name: made[name] for name in order if name in made}


def _sources(spec: ColumnSpec | None, projected: str | None) -> tuple[str, ...]:
    return spec.columns if spec else (projected,) if projected else ()


def _shown(value: Any) -> str:
    return "" if value is None else str(value)


def _pattern(plate: str) -> str:
    return re.sub(r"[0-9]", "9", re.sub(r"[^\W\d_]", "A", plate))
