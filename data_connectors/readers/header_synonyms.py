"""Tables whose header is not known beforehand: columns are found by the words that agencies and vendors use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from data_connectors.readers import LoadError, RawBatch, ReaderOptions, SourceFile, reader_for
from data_connectors.readers.records import WITHHELD


def read_by_synonyms(file: SourceFile, options: ReaderOptions) -> Iterator[RawBatch]:
    """The table that another reader gives, with the columns that are recognised renamed; the rest stay as they are.

    Parameters
    ----------
    file : SourceFile
        The file.
    options : ReaderOptions
        ``settings["synonyms"]``: name to list of words that headers use for it; case, blanks and punctuation
        do not matter. Where several headers fit, the word that stands first in the list wins.
        ``settings["base"]``: format of the reader underneath, ``delimited`` where left out.
        ``settings["share"]``: names of columns that become 0-1, whether the file has 0-1 or 0-100 (see `as_share`).
        ``settings["drop_like"]``: words for sensitive columns, which are left out, rejects included.
        All other settings are the reader's underneath.

    Returns
    -------
    iterator of RawBatch
        The notes say which header was taken for what, and on which scale a share was.

    Raises
    ------
    LoadError
        A file whose shares are 0-1 at first and larger than 1 further on.

    Examples
    --------
    >>> import tempfile; from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "reads.csv"
    >>> _ = path.write_text("Tag No,Conf\\nABC1234,87\\n")
    >>> settings = {"synonyms": {"plate": ["plate", "tagno"], "confidence": ["conf"]}, "share": ["confidence"]}
    >>> [batch] = read_by_synonyms(SourceFile(path), ReaderOptions("synonyms", settings=settings))
    >>> batch.columns.to_pylist(), batch.notes[0]
    ([{'plate': 'ABC1234', 'confidence': '0.87'}], "'Tag No' read as plate")
    """
    settings = dict(options.settings)
    synonyms = settings.pop("synonyms", {})
    shares = tuple(settings.pop("share", ()))
    sensitive = frozenset(plain(word) for word in settings.pop("drop_like", ()))
    base = reader_for(settings.pop("base", "delimited"))
    percent: dict[str, bool] = {}
    first = True
    for given in base(file, replace(options, settings=settings)):
        batch, notes = _without(given, sensitive)
        renames = recognised(batch.columns.column_names, synonyms)
        notes += tuple(f"{header!r} read as {name}" for header, name in renames.items() if header != name)
        table = batch.columns.rename_columns(_new_names(batch.columns.column_names, renames))
        for column in shares:
            if column in table.column_names:
                table, is_percent = _share_column(table, column, percent.get(column), file.name)
                percent.setdefault(column, is_percent)
                notes += (f"{column} is on the scale {'0-100, divided by 100' if is_percent else '0-1, as it stands'}",)
        yield replace(batch, columns=table, notes=batch.notes + (notes if first else ()))
        first = False


def _without(batch: RawBatch, sensitive: frozenset[str]) -> tuple[RawBatch, tuple[str, ...]]:
    """The batch without its sensitive columns, rejects included, and a note that names them."""
    dropped = [name for name in batch.columns.column_names if plain(name) in sensitive]
    if not dropped:
        return batch, ()
    rejects = tuple(
        replace(r, raw={k: v for k, v in r.raw.items() if k not in dropped} if isinstance(r.raw, dict) else WITHHELD)
        for r in batch.rejects
    )
    note = f"left out as sensitive: {', '.join(dropped)}"
    return replace(batch, columns=batch.columns.drop_columns(dropped), rejects=rejects), (note,)


def _new_names(headers: Sequence[str], renames: Mapping[str, str]) -> list[str]:
    """Names after renaming; a header that already bore a name given to another is set apart."""
    given = set(renames.values())
    return [renames.get(h) or (f"{h} (as headed)" if h in given else h) for h in headers]


def plain(header: str) -> str:
    """A header reduced to its letters and digits in lower case.

    Examples
    --------
    >>> plain("Plate No. "), plain("READ_TIME")
    ('plateno', 'readtime')
    """
    return re.sub(r"[\W_]+", "", header).casefold()


def recognised(headers: Iterable[str], synonyms: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Header to name for each header that is a synonym of a name; each name is given once.

    Examples
    --------
    >>> recognised(["Timestamp", "Read Time", "Tag"], {"time": ["readtime", "timestamp"], "plate": ["tag"]})
    {'Read Time': 'time', 'Tag': 'plate'}
    """
    by_plain: dict[str, str] = {}
    for header in headers:
        by_plain.setdefault(plain(header), header)
    found: dict[str, str] = {}
    for name, words in synonyms.items():
        fitting = (by_plain[plain(word)] for word in words if plain(word) in by_plain)
        header = next((h for h in fitting if h not in found), None)
        if header is not None:
            found[header] = name
    return found


def as_share(values: pa.ChunkedArray | pa.Array, *, percent: bool | None = None) -> tuple[pa.Array, bool]:
    """Texts on the scale 0-1 or 0-100 as texts on 0-1, and whether they were 0-100.

    Any value above 1 means 0-100 for all of them; a per cent sign too. Where every value is at most 1 the scale
    is taken to be 0-1. What is no number is passed on for the loader to judge.

    Examples
    --------
    >>> as_share(pa.array(["87", "1", None]))[0].to_pylist(), as_share(pa.array(["0.9", "1"]))[1]
    (['0.87', '0.01', None], False)
    """
    texts = pc.utf8_trim_whitespace(values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values)
    signed = pc.any(pc.ends_with(texts, "%")).as_py()
    bare = pc.utf8_rtrim(texts, "% ")
    numeric = pc.match_substring_regex(bare, r"^[0-9]*\.?[0-9]+$")
    numbers = pc.cast(pc.if_else(pc.fill_null(numeric, False), bare, None), pa.float64())
    if percent is None:
        percent = bool(signed) or (pc.max(numbers).as_py() or 0) > 1
    if not percent:
        return values, False
    shares = pc.cast(pc.divide(numbers, 100), pa.string())
    return pc.coalesce(shares, texts), True


def _share_column(table: pa.Table, column: str, known: bool | None, file: str) -> tuple[pa.Table, bool]:
    shares, percent = as_share(table[column], percent=known or None)
    if known is False and percent:
        raise LoadError(
            "values above 1 after a million rows of at most 1: two scales in one file", file=file, column=column,
            remedy="Split the file where the scale changes.",
        )
    position = table.column_names.index(column)
    return table.set_column(position, column, shares), percent
