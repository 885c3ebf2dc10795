"""What the values of a column look like: numbers, coordinates, times, plates, personal data."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_connectors.readers.header_synonyms import plain
from data_connectors.suggest.times import NEARLY_ALL, TimeLook, look_at_times
from data_connectors.suggest.words import SENSITIVE

_SAMPLE = 400
_NUMBER = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?|-?\d*\.?\d+")
_PLATE = re.compile(r"(?=.*[A-Z])(?=.*\d)[A-Z0-9 -]{4,9}", re.IGNORECASE)
_PERSONAL = {
    "a social security number": re.compile(r"\d{3}-\d{2}-\d{4}"),
    "a telephone number": re.compile(r"(\+?1[ .-]?)?(\(\d{3}\)|\d{3})[ .-]\d{3}[ .-]\d{4}"),
    "an e-mail address": re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"),
}


@dataclass(frozen=True)
class ColumnLook:
    """One column of a file never seen before.

    Attributes
    ----------
    name : str
        Its header.
    filled_share : float
        Share of rows with a value, 0-1.
    values : tuple of str
        Some distinct values, spread over the file.
    unique : bool
        No value occurs twice, and none is blank.
    numbers : tuple of float, or None
        The sample as numbers, where nearly all of it is; what is no number is left out.
    time : TimeLook or None
        How the values read as times, where nearly all do.
    sensitive : str or None
        What personal or secret thing it seems to hold.
    """

    name: str
    filled_share: float
    values: tuple[str, ...]
    unique: bool
    numbers: tuple[float, ...] | None
    time: TimeLook | None
    sensitive: str | None

    def share(self, pattern: re.Pattern[str]) -> float:
        """Share of the sample that the pattern matches whole."""
        return sum(bool(pattern.fullmatch(v)) for v in self.values) / len(self.values) if self.values else 0.0

    @property
    def plate_share(self) -> float:
        """Share of the sample that could be licence plates."""
        return self.share(_PLATE)

    def within(self, low: float, high: float) -> bool:
        """Whether nearly all the numbers, zeros aside, lie in a range."""
        if self.numbers is None:
            return False
        inside = [low <= n <= high for n in self.numbers if n not in (0.0, -1.0)]
        return bool(inside) and sum(inside) >= 0.98 * len(inside)


def look_at(table: pa.Table) -> dict[str, ColumnLook]:
    """Every column of a table of text, looked at.

    Examples
    --------
    >>> looks = look_at(pa.table({"id": ["a1", "a2"], "lat": ["41.7", ""], "tel": ["845-555-0100", "845-555-0101"]}))
    >>> looks["id"].unique, looks["lat"].numbers, looks["tel"].sensitive
    (True, (41.7,), 'a telephone number')
    """
    return {name: _look(name, table[name]) for name in table.column_names}


def _look(name: str, column: pa.ChunkedArray) -> ColumnLook:
    trimmed = pc.utf8_trim_whitespace(column)
    filled = trimmed.filter(pc.fill_null(pc.not_equal(trimmed, ""), False))
    distinct = filled.unique()
    spread = np.unique(np.linspace(0, max(len(distinct) - 1, 0), _SAMPLE).astype("int64"))
    values = tuple(distinct.take(pa.array(spread[: len(distinct)])).to_pylist())
    numbers = None
    read = [v for v in values if _NUMBER.fullmatch(v)]
    if values and len(read) >= NEARLY_ALL * len(values):
        numbers = tuple(float(v.replace(",", "")) for v in read)
    return ColumnLook(
        name=name,
        filled_share=len(filled) / len(column) if len(column) else 0.0,
        values=values,
        unique=0 < len(distinct) == len(column),
        numbers=numbers,
        time=look_at_times(values),
        sensitive=_sensitive(name, values),
    )


def _sensitive(name: str, values: tuple[str, ...]) -> str | None:
    head = plain(name.rpartition(".")[2])
    for what, words in SENSITIVE.items():
        if head in {plain(word) for word in words} or (what == "a password or key" and "password" in head):
            return what
    for what, pattern in _PERSONAL.items():
        if values and sum(bool(pattern.fullmatch(v)) for v in values) > 0.5 * len(values):
            return what
    return None
