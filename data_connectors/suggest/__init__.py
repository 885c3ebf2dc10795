"""Drafts a profile for a file never seen before, and previews what each of its columns would become."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from data_connectors.errors import RtccError
from data_connectors.loading.preview import preview
from data_connectors.profile import Profile
from data_connectors.readers import LoadError, ReaderOptions, SourceFile, reader_for
from data_connectors.schemas import TABLES
from data_connectors.suggest.choosing import Looks, choose_table
from data_connectors.suggest.columns import look_at
from data_connectors.suggest.draft import Draft

__all__ = ["Suggestion", "suggest"]

_MAP_FILES = (".geojson", ".shp", ".gpkg", ".kml", ".kmz")
_ROWS_LOOKED_AT = 200_000


@dataclass(frozen=True)
class Suggestion:
    """A drafted profile.

    Attributes
    ----------
    table : str
        The table the file is likeliest for.
    toml : str
        The profile, with comments that say why, and what is not sure. It parses, and loads once nothing in it is
        left open.
    unsure : tuple of str
        What to check: first what is not sure, then every NIBRS code that was guessed, with the words it is for.
    encoding : str
        How the file was read.
    preview : pandas.DataFrame
        One row for each column of the table that the draft fills: ``becomes``, ``from``, ``as_given`` and
        ``as_stored`` of the first rows. Sensitive columns are not in it; of plates only the pattern is.
    """

    table: str
    toml: str
    unsure: tuple[str, ...]
    encoding: str
    preview: pd.DataFrame


def suggest(file: str | Path, *, table: str | None = None) -> Suggestion:
    """Draft a profile for a file never seen before.

    Encoding, delimiter and format are found from the file; the table and its columns from the words of the header
    and from what the values allow. Passwords and what is personal (telephone numbers, names of callers, dates of
    birth) go to `drop`.

    Parameters
    ----------
    file : str or Path
        A delimited text, JSON, workbook or map file.
    table : str, optional
        What it holds, where that is known.

    Returns
    -------
    Suggestion

    Raises
    ------
    LoadError
        The file cannot be read, or has no rows.
    RtccError
        No such table.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "burglaries 2026.csv"
    >>> _ = path.write_text("Case No,Offense,Date Occurred,Lat,Long,Caller Phone\\n"
    ...                     "26-1,BURGLARY,1/2/2026 13:05,41.70,-73.92,845-555-0100\\n")
    >>> found = suggest(path)
    >>> found.table, "drop = [" in found.toml, "13:05" in found.toml
    ('incidents', True, True)
    """
    if table is not None and table not in TABLES:
        raise RtccError(f"no table {table!r}; there are: {', '.join(TABLES)}")
    source = SourceFile(Path(file))
    source.check()
    reader = _reader_settings(source)
    rows, encoding = _first_rows(source, reader)
    looks = look_at(rows)
    chosen = table or choose_table(looks)[0]
    _check_possible(chosen, looks, source)
    draft = Draft(_feed_name(source.path), chosen, looks, rows, reader)
    toml = draft.write()
    made = preview(Profile.parse(toml), source, rows)
    return Suggestion(chosen, toml, (*draft.unsure, *draft.guesses), encoding, made)


def _check_possible(table: str | None, looks: Looks, source: SourceFile) -> None:
    """`LoadError` where nothing says what the file holds, or it cannot hold what it is said to."""
    if table is None:
        raise LoadError(
            f"its columns do not say what the file holds: {', '.join(looks)}", file=source.name,
            remedy=f"Say what it holds with --table (table=…), one of: {', '.join(TABLES)}.",
        )
    if any(column.name == "geometry" for column in TABLES[table].columns) and "geometry" not in looks:
        raise LoadError(
            f"{table} need shapes, and this file has none", file=source.name,
            remedy="Give a map file (.geojson, .shp, .gpkg, .kml), or another --table.",
        )


def _feed_name(path: Path) -> str:
    stem = path.name.split(".")[0]
    name = re.sub(r"[^a-z0-9]+", "_", stem.casefold()).strip("_")
    return name if name[:1].isalpha() else f"feed_{name}".rstrip("_")


def _reader_settings(source: SourceFile) -> dict[str, Any]:
    suffixes = [suffix.lower() for suffix in source.path.suffixes]
    kinds = [suffix for suffix in suffixes if suffix not in (".gz", ".zip")]
    kind = kinds[-1] if kinds else ""
    if kind in _MAP_FILES:
        return {"format": "geo"}
    if kind in (".xlsx", ".xlsm"):
        return {"format": "spreadsheet"}
    if kind in (".json", ".ndjson", ".jsonl"):
        features = b'"FeatureCollection"' in source.data[:4096]
        return {"format": "geo" if features and kind == ".json" else "json"}
    return {"format": "delimited", "delimiter": "auto"}


def _first_rows(source: SourceFile, reader: dict[str, Any]) -> tuple[pa.Table, str]:
    settings = {key: value for key, value in reader.items() if key != "format"}
    batches = reader_for(reader["format"])(source, ReaderOptions(reader["format"], settings=settings))
    first = list(islice(batches, 1))
    if not first or first[0].columns.num_rows == 0:
        raise LoadError("no rows below the header", file=source.name, remedy="Ask for the export again.")
    return first[0].columns.slice(0, _ROWS_LOOKED_AT), first[0].encoding
