"""Plate Recognizer Stream: the CSV it writes, whose cells hold Python literals.

Evidence: the header and one sample row as the vendor's guide prints them. No real export was loaded.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from data_connectors.readers import RawBatch, ReaderOptions, SourceFile, reader_for
from data_connectors.readers.records import best_guess, dig, ranked_guesses, text

_NESTED = ("model_make", "color", "vehicle", "region", "orientation", "candidates")
_LONGEST_CELL = 20_000


def read_plate_recognizer(file: SourceFile, options: ReaderOptions) -> Iterator[RawBatch]:
    """The CSV's own columns with the nested cells taken apart.

    Likeliest ``make``, ``model``, ``color``, ``body_type``, ``orientation`` and ``region``; ``candidates`` as a JSON
    list, best first, without the plate itself. ``camera_id`` is the camera that the picture's path names
    (``/camera-1_screenshots/...``), else the last part of the stream's address. The address itself and the
    plate's box are not passed on: an address may hold a password.

    Parameters
    ----------
    file : SourceFile
        The CSV.
    options : ReaderOptions
        As the delimited reader's.

    Returns
    -------
    iterator of RawBatch
        A nested cell that is no literal is null; the notes count them.

    Examples
    --------
    >>> nested("[{'make': 'Ford', 'model': 'F-150', 'score': 0.8}]")
    [{'make': 'Ford', 'model': 'F-150', 'score': 0.8}]
    """
    unread = 0
    last: RawBatch | None = None
    for batch in reader_for("delimited")(file, options):
        if last is not None:
            yield last
        columns, failed = _taken_apart(batch.columns)
        unread += failed
        last = RawBatch(columns, batch.lines, batch.rejects, batch.encoding, batch.notes)
    if last is not None:
        notes = (f"{unread:,} nested cells could not be read and are left empty",) if unread else ()
        yield RawBatch(last.columns, last.lines, last.rejects, last.encoding, last.notes + notes)


def nested(cell: str | None) -> Any:
    """The value of a cell that holds a Python literal or JSON; None for a blank, ValueError for anything else.

    Nothing is executed.

    Examples
    --------
    >>> nested("{'code': 'us-ny', 'score': 0.9}"), nested('{"code": null}'), nested("")
    ({'code': 'us-ny', 'score': 0.9}, {'code': None}, None)
    >>> nested("__import__('os')")
    Traceback (most recent call last):
    ...
    ValueError: not a literal
    """
    if cell is None or not cell.strip():
        return None
    if len(cell) > _LONGEST_CELL:
        raise ValueError("longer than any cell of this format")
    for parse in (ast.literal_eval, json.loads):
        try:
            return parse(cell)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
    raise ValueError("not a literal")


def camera_of(picture: str | None, source_url: str | None) -> str | None:
    """The camera that a picture's path names, else the last part of the stream's address.

    Examples
    --------
    >>> camera_of("/camera-1_screenshots/26-01-02/03-04-05.jpg", None)
    'camera-1'
    >>> camera_of("a.jpg", "rtsp://user:secret@10.0.0.9/stream7?token=1")
    'stream7'
    """
    found = re.search(r"([^/\\]+)_screenshots[/\\]", picture or "")
    if found:
        return found.group(1)
    try:
        path = urlsplit(source_url or "").path
    except ValueError:
        return None
    return path.rstrip("/").rpartition("/")[2] or None


def _taken_apart(table: pa.Table) -> tuple[pa.Table, int]:
    values = {name: table[name].to_pylist() for name in table.column_names}
    blank = [None] * table.num_rows
    failed = 0
    parsed: dict[str, list[Any]] = {}
    for name in _NESTED:
        parsed[name] = []
        for cell in values.get(name, blank):
            try:
                parsed[name].append(nested(cell))
            except ValueError:
                parsed[name].append(None)
                failed += 1
    made = {
        "make": [best_guess(v, "make", "score") for v in parsed["model_make"]],
        "model": [best_guess(v, "model", "score") for v in parsed["model_make"]],
        "color": [best_guess(v, "color", "score") for v in parsed["color"]],
        "body_type": [dig(v, "type") for v in parsed["vehicle"]],
        "orientation": [best_guess(v, "orientation", "score") for v in parsed["orientation"]],
        "region": [dig(v, "code") or best_guess(v, "code", "score") for v in parsed["region"]],
        "candidates": [
            [other for other in ranked_guesses(v, "plate", "score") if other != plate]
            for v, plate in zip(parsed["candidates"], values.get("plate", blank), strict=True)
        ],
        "camera_id": list(map(camera_of, values.get("file", blank), values.get("source_url", blank))),
    }  # fmt: skip
    kept = {n: table[n] for n in table.column_names if n not in (*_NESTED, *made, "box", "source_url")}
    return pa.table({**kept, **{n: pa.array(map(text, column), pa.string()) for n, column in made.items()}}), failed
