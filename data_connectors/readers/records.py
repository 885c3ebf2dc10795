"""Nested records to flat columns of text, and rows of text to batches: what the record-shaped readers share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, TypeVar

import pyarrow as pa

from data_connectors.readers import BATCH_ROWS, RawBatch, RawReject

Row = dict[str, str | None]
Item = tuple[int, Row] | RawReject
"""What a reader finds at one place of a file: a row with its line, or a reject."""

Found = TypeVar("Found")

WITHHELD = "(not kept: the record could not be taken apart, and this feed has sensitive columns)"


def flatten(record: Mapping[str, Any], *, drop: Iterable[str] = ()) -> Row:
    """One nested record as a flat row of text.

    Nested objects get dotted names, lists stay as JSON text, null stays null, true and false are
    written as JSON writes them. A dropped name is left out wherever it stands, inside lists too.

    Parameters
    ----------
    record : mapping
        A decoded JSON object.
    drop : iterable of str
        Names of sensitive values, bare (``Password``) or dotted (``caller.phone``); case does not matter.

    Returns
    -------
    dict
        Column name to text or None, in the record's order.

    Examples
    --------
    >>> flatten({"id": 7, "plate": {"plate": "ABC1234", "ok": True}, "tags": ["a"], "pin": "1"}, drop=["PIN"])
    {'id': '7', 'plate.plate': 'ABC1234', 'plate.ok': 'true', 'tags': '["a"]'}
    """
    row: Row = {}
    _flatten_into(row, record, "", frozenset(name.casefold() for name in drop))
    return row


def _flatten_into(row: Row, record: Mapping[str, Any], prefix: str, drop: frozenset[str]) -> None:
    for key, value in record.items():
        name = f"{prefix}{key}"
        if drop and (str(key).casefold() in drop or name.casefold() in drop):
            continue
        if isinstance(value, Mapping) and value:
            _flatten_into(row, value, f"{name}.", drop)
        else:
            row[name] = text(_without(value, drop) if drop else value)


def _without(value: Any, drop: frozenset[str]) -> Any:
    if isinstance(value, Mapping):
        return {k: _without(v, drop) for k, v in value.items() if str(k).casefold() not in drop}
    if isinstance(value, list):
        return [_without(item, drop) for item in value]
    return value


def text(value: Any) -> str | None:
    """A decoded JSON value as the text a column holds: None stays None, lists and objects become JSON.

    Examples
    --------
    >>> text(41.5), text(True), text(None), text([1, "a"])
    ('41.5', 'true', None, '[1, "a"]')
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping) and not value:
        return None
    return json.dumps(value, ensure_ascii=False)


def dig(record: Any, path: str) -> Any:
    """The value at a dotted path of a nested record, None where any step is absent.

    Examples
    --------
    >>> dig({"device": {"location": {"latitude": 41.7}}}, "device.location.latitude"), dig({"device": 3}, "device.id")
    (41.7, None)
    """
    for step in path.split("."):
        if not isinstance(record, Mapping):
            return None
        record = record.get(step)
    return record


def best_guess(guesses: Any, name: str, score: str) -> Any:
    """The `name` of the guess with the highest `score`: how vendors list makes, colours and readings.

    Returns None where there is no guess. The first of equals is taken, as the vendor put it first.

    Examples
    --------
    >>> best_guess([{"name": "red", "confidence": 20}, {"name": "blue", "confidence": 70}], "name", "confidence")
    'blue'
    """
    ranked = ranked_guesses(guesses, name, score)
    return ranked[0] if ranked else None


def ranked_guesses(guesses: Any, name: str, score: str) -> list[Any]:
    """Every `name` among the guesses, highest `score` first; what has no score stays where the vendor put it.

    Examples
    --------
    >>> ranked_guesses([{"plate": "ABC1234", "score": 0.7}, {"plate": "A8C1234", "score": 0.9}], "plate", "score")
    ['A8C1234', 'ABC1234']
    >>> ranked_guesses([{"plate": "abc1234"}, {"plate": "a8c1234"}], "plate", "score")
    ['abc1234', 'a8c1234']
    """
    named = [g for g in guesses if isinstance(g, Mapping) and g.get(name)] if isinstance(guesses, list) else []
    if all(isinstance(g.get(score), int | float) for g in named):
        named.sort(key=lambda g: -g[score])
    return [g[name] for g in named]


def peeked(items: Iterator[Found], count: int) -> tuple[list[Found], Iterator[Found]]:
    """The first items, and all of them again.

    Examples
    --------
    >>> first, every = peeked(iter([1, 2, 3]), 2)
    >>> first, list(every)
    ([1, 2], [1, 2, 3])
    """
    first = list(islice(items, count))
    return first, chain(first, items)


def columns_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every column that any row has, in order of first sight.

    Examples
    --------
    >>> columns_of([{"a": 1}, {"b": 2, "a": 3}])
    ['a', 'b']
    """
    seen: dict[str, None] = {}
    for row in rows:
        if row.keys() - seen.keys():
            seen.update(dict.fromkeys(row))
    return list(seen)


def batches(
    rows: Iterable[Item],
    columns: Sequence[str],
    *,
    encoding: str = "utf-8",
    notes: Callable[[], Iterable[str]] = tuple,
    batch_rows: int = BATCH_ROWS,
) -> Iterator[RawBatch]:
    """Rows and rejects, in the file's order, as batches that all carry `columns`.

    The last batch carries the notes. A file without a row gives one empty batch.

    Parameters
    ----------
    rows : iterable of (line, row) or RawReject
        What the reader found.
    columns : sequence of str
        Columns of every batch; a row without one has null there.
    encoding : str
        For the receipt.
    notes : callable
        Gives the notes for the receipt; called when the rows are used up, so it may tell what was counted.
    batch_rows : int
        Rows per batch.

    Examples
    --------
    >>> [batch] = batches([(2, {"a": "1"}), RawReject(3, "not JSON", "{")], ["a", "b"])
    >>> batch.columns.to_pylist(), batch.lines.to_pylist(), batch.rejects[0].reason
    ([{'a': '1', 'b': None}], [2], 'not JSON')
    """
    lines: list[int] = []
    chunk: list[Row] = []
    rejects: list[RawReject] = []
    for item in rows:
        if isinstance(item, RawReject):
            rejects.append(item)
            continue
        if len(chunk) == batch_rows:
            yield _batch(chunk, lines, rejects, columns, encoding, ())
            lines, chunk, rejects = [], [], []
        lines.append(item[0])
        chunk.append(item[1])
    yield _batch(chunk, lines, rejects, columns, encoding, tuple(notes()))


def _batch(
    chunk: list[Row],
    lines: list[int],
    rejects: list[RawReject],
    columns: Sequence[str],
    encoding: str,
    notes: tuple[str, ...],
) -> RawBatch:
    table = pa.table({name: _text_array([row.get(name) for row in chunk]) for name in columns})
    return RawBatch(table, pa.array(lines, pa.int64()), tuple(rejects), encoding, notes)


def _text_array(values: list[str | None]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        # JSON can spell half of a surrogate pair, which no text column can hold.
        mended = [v if v is None else v.encode("utf-8", "replace").decode("utf-8") for v in values]
        return pa.array(mended, pa.string())
