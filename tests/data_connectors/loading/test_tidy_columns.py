"""A column taken for tidy is one that trimming would not change."""

from __future__ import annotations

import duckdb
import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from data_connectors.normalise.plates import normalised
from data_connectors.normalise.text import is_tidy, tidy

texts = st.lists(st.none() | st.text(alphabet=" \t\r\n\xa0\ufeffAz0é-", max_size=4), max_size=5)


@given(texts, st.integers(0, 3))
@example([" A", "A", None, ""], 1)
def test_what_is_called_tidy_is_not_changed_by_trimming(values: list[str | None], start: int) -> None:
    column = pa.chunked_array([pa.array(values, pa.string()).slice(start)])
    if is_tidy(column):
        rows = duckdb.connect().execute(f"SELECT {tidy('v')} FROM (SELECT unnest($v) AS v)", {"v": column.to_pylist()})
        assert [v for (v,) in rows.fetchall()] == [v or None for v in column.to_pylist()]


def test_visible_ends_are_called_tidy_and_others_not() -> None:
    assert is_tidy(pa.chunked_array([["A", None, "", "B C"]]))
    assert is_tidy(pa.chunked_array([], pa.string()))
    for value in (" A", "A\t", "A\xa0", "\ufeffA", "\x00A"):
        assert not is_tidy(pa.chunked_array([["A", value]])), repr(value)


@given(st.none() | st.text(alphabet="ABz09- .é\n", max_size=6))
def test_plates_are_normalised_alike_with_and_without_the_short_way(plate: str | None) -> None:
    [(made,)] = duckdb.connect().execute(f"SELECT {normalised('$p::VARCHAR')}", {"p": plate}).fetchall()
    kept = "".join(c for c in (plate or "").upper() if c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    assert made == (None if plate is None else kept)
