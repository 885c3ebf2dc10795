"""JSON and newline-delimited JSON: an array, an object that holds one, GeoJSON and Esri features, one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from data_connectors.readers import LoadError, RawBatch, RawReject, ReaderOptions, SourceFile, read_block
from data_connectors.readers.records import WITHHELD, Item, batches, columns_of, flatten

_FEATURE_BODIES = ("attributes", "properties")
_KINDS = {str: "text", int: "a number", float: "a number", bool: "true or false", list: "a list", type(None): "null"}
_BLOCK_BYTES = 1 << 20
_TOO_LONG = "a number of more digits than can be read"  # Python refuses whole numbers of over 4,300


def read_json(file: SourceFile, options: ReaderOptions) -> Iterator[RawBatch]:
    """Records of a JSON file; `lines` numbers the records from 1, because JSON has no lines of its own.

    Understood without being told: a top-level array; an object that holds one list of objects
    (``{"results": [...]}``); ``features`` of GeoJSON or Esri JSON, whose ``properties`` or ``attributes``
    lose that prefix; a single object; one object a line (numbered by line, as `read_ndjson` does).

    Parameters
    ----------
    file : SourceFile
        The file.
    options : ReaderOptions
        ``settings["record_path"]``: dotted path to the list of records, where the file holds several.

    Returns
    -------
    iterator of RawBatch
        Nested objects as dotted columns, nested lists as JSON text.

    Raises
    ------
    LoadError
        Not JSON, cut short, no list at `record_path`, or several lists and no `record_path`.

    Examples
    --------
    >>> import tempfile; from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "calls.json"
    >>> _ = path.write_text('{"results": [{"id": 1, "at": {"lat": 41.7}}, {"id": 2}]}')
    >>> [batch] = read_json(SourceFile(path), ReaderOptions("json"))
    >>> batch.columns.to_pylist()
    [{'id': '1', 'at.lat': '41.7'}, {'id': '2', 'at.lat': None}]
    """
    items, encoding = numbered_records(file, options)
    rows = list(_rows(items, options))
    columns = columns_of(item[1] for item in rows if not isinstance(item, RawReject))
    yield from batches(rows, columns, encoding=encoding)


def read_ndjson(file: SourceFile, options: ReaderOptions) -> Iterator[RawBatch]:
    """Records of a file with one JSON object a line; `lines` are the file's own lines.

    The file is read twice, so that it need not fit in memory: once for its columns, once for its rows.
    Blank lines are passed over; a line that is not a JSON object is rejected.

    Parameters
    ----------
    file : SourceFile
        The file.
    options : ReaderOptions
        No settings of its own.

    Raises
    ------
    LoadError
        No line is a JSON object.

    Examples
    --------
    >>> import tempfile; from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "reads.ndjson"
    >>> _ = path.write_text('{"a": 1}\\n\\n{"b": \\n{"a": 2, "b": 3}\\n')
    >>> [batch] = read_ndjson(SourceFile(path), ReaderOptions("ndjson"))
    >>> batch.lines.to_pylist(), batch.rejects[0].line
    ([1, 4], 3)
    """
    seen: dict[str, None] = {}
    count = 0
    for item in _rows(parsed_lines(file, options), options):
        count += 1
        if not isinstance(item, RawReject) and item[1].keys() - seen.keys():
            seen.update(dict.fromkeys(item[1]))
    if count and not seen:
        raise LoadError(
            f"none of {count:,} lines is a JSON object", file=file.name,
            remedy='One JSON array spread over lines is format = "json".',
        )
    yield from batches(_rows(parsed_lines(file, options), options), list(seen))


def numbered_records(file: SourceFile, options: ReaderOptions) -> tuple[Iterable[tuple[int, Any]], str]:
    """(number, decoded record) for each record of a JSON or NDJSON file, and the encoding it was read with.

    A line that is not JSON stands there as a ValueError of (reason, the line).

    Raises
    ------
    LoadError
        As `read_json`.

    Examples
    --------
    >>> import tempfile; from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "a.json"
    >>> _ = path.write_text('[{"a": 1}, 5]')
    >>> items, encoding = numbered_records(SourceFile(path), ReaderOptions("json"))
    >>> list(items), encoding
    ([(1, {'a': 1}), (2, 5)], 'utf-8')
    """
    first = list(islice(parsed_lines(file, options), 2))
    if len(first) == 2 and isinstance(first[0][1], Mapping):
        return parsed_lines(file, options), "utf-8"
    document, encoding = load_document(file, options.encoding)
    return enumerate(records_in(document, file.name, options.settings.get("record_path", "")), start=1), encoding


def load_document(file: SourceFile, encoding: str = "auto") -> tuple[Any, str]:
    """A decoded JSON file and the encoding it was read with.

    Raises
    ------
    LoadError
        Not JSON; names line and character.

    Examples
    --------
    >>> import tempfile; from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "a.json"
    >>> _ = path.write_bytes(b"\\xef\\xbb\\xbf[1, 2]")
    >>> load_document(SourceFile(path))
    ([1, 2], 'utf-8-sig')
    """
    content, used = decode(file.data, file.name, encoding)
    if not content.strip():
        raise LoadError("the file is blank", file=file.name, remedy="Ask for the export again.")
    try:
        return json.loads(content, parse_constant=lambda _: None), used
    except json.JSONDecodeError as error:
        cut = error.pos >= len(content.rstrip()) or error.msg.startswith("Unterminated string")
        raise LoadError(
            "the JSON ends in the middle of a record" if cut else f"not JSON ({error.msg}, character {error.colno})",
            file=file.name, line=error.lineno,
            remedy="Download or export it again." if cut else "Check that this is the file meant.",
        ) from error
    except RecursionError as error:
        raise LoadError("the JSON is nested too deeply to be records", file=file.name) from error
    except ValueError as error:
        raise LoadError(f"the JSON has {_TOO_LONG}", file=file.name) from error


def decode(data: bytes, name: str, encoding: str = "auto") -> tuple[str, str]:
    """JSON bytes as text: the Unicode encoding that JSON shows by itself, else Windows-1252.

    Examples
    --------
    >>> decode('["ñ"]'.encode("utf-16"), "a.json")
    ('["ñ"]', 'utf-16')
    >>> decode('["ñ"]'.encode("cp1252"), "a.json")
    ('["ñ"]', 'cp1252')
    """
    tried = json.detect_encoding(data) if encoding == "auto" else encoding
    try:
        return data.decode(tried), tried
    except UnicodeDecodeError as error:
        if encoding == "auto" and tried.startswith("utf-8") and b"\0" not in data[:4096]:
            return data.decode("cp1252", "replace"), "cp1252"
        raise LoadError(
            f"not {tried} text (byte {error.start:,})", file=name, remedy="Check that this is the file meant."
        ) from error


def records_in(document: Any, name: str, path: str = "") -> list[Any]:
    """The list of records in a JSON document.

    Raises
    ------
    LoadError
        Nothing at `path`; or no `path`, and several lists to choose from.

    Examples
    --------
    >>> records_in({"page": 1, "entries": [{"a": 1}]}, "x.json")
    [{'a': 1}]
    >>> try:
    ...     records_in({"a": [{}], "b": [{}]}, "x.json")
    ... except LoadError as error:
    ...     print(error)
    x.json: holds several lists: a, b. Name the right one as record_path in [reader].
    """
    if path:
        return _at_path(document, name, path)
    if isinstance(document, list):
        return document
    if not isinstance(document, Mapping):
        raise LoadError(f"is {_KINDS.get(type(document), 'a value')}, not records", file=name)
    if isinstance(document.get("features"), list):
        return document["features"]
    lists = [k for k, v in document.items() if isinstance(v, list) and all(isinstance(item, Mapping) for item in v)]
    if len(lists) == 1 and not any(isinstance(v, Mapping) for v in document.values()):
        return document[lists[0]]
    if len(lists) > 1:
        raise LoadError(
            f"holds several lists: {', '.join(lists)}", file=name,
            remedy="Name the right one as record_path in [reader].",
        )
    return [document]


def _at_path(document: Any, name: str, path: str) -> list[Any]:
    here = document
    for step in path.split("."):
        if not isinstance(here, Mapping) or step not in here:
            keys = ", ".join(here) if isinstance(here, Mapping) else "no names"
            raise LoadError(
                f"nothing at record_path {path!r}: no {step!r} among {keys}", file=name,
                remedy="Correct record_path in [reader].",
            )
        here = here[step]
    if not isinstance(here, list):
        raise LoadError(f"record_path {path!r} is {_KINDS.get(type(here), 'an object')}, not a list", file=name)
    return here


def parsed_lines(file: SourceFile, options: ReaderOptions) -> Iterator[tuple[int, Any]]:
    """(line number, decoded value) for each line that is not blank; ValueError in place of what is not JSON.

    Examples
    --------
    >>> import tempfile; from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "a.ndjson"
    >>> _ = path.write_text('{"a": 1}\\n')
    >>> list(parsed_lines(SourceFile(path), ReaderOptions("ndjson")))
    [(1, {'a': 1})]
    """
    for number, line in _text_lines(file, options.encoding):
        if line.strip():
            yield number, _parsed(line)


def _text_lines(file: SourceFile, encoding: str) -> Iterator[tuple[int, str]]:
    with file.open() as stream:
        detected = json.detect_encoding(read_block(stream, 4, file.name)) if encoding == "auto" else encoding
    if not detected.startswith("utf-8"):
        content, _ = decode(file.data, file.name, detected)
        yield from enumerate(content.split("\n"), start=1)
        return
    number, rest = 0, b""
    with file.open() as stream:
        while block := read_block(stream, _BLOCK_BYTES, file.name):
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                number += 1
                yield number, decode(line, file.name)[0]
    yield number + 1, decode(rest, file.name)[0]


def _parsed(line: str) -> Any:
    try:
        return json.loads(line, parse_constant=lambda _: None)
    except json.JSONDecodeError as error:
        return ValueError(f"not JSON ({error.msg}, character {error.colno})", line.strip())
    except RecursionError:
        return ValueError("not JSON (nested too deep)", line.strip())
    except ValueError:
        return ValueError(_TOO_LONG, line.strip())


def reject_of(number: int, item: Any, drop: Iterable[str]) -> RawReject | None:
    """The reject for a record that is not a JSON object, or None where it is one.

    Examples
    --------
    >>> reject_of(3, 5, ()).reason
    'the record is a number, not an object'
    """
    if isinstance(item, Mapping):
        return None
    if isinstance(item, ValueError):
        problem, line = item.args
        return RawReject(number, problem, WITHHELD if drop else line)
    kind = _KINDS.get(type(item), "a value")
    return RawReject(number, f"the record is {kind}, not an object", WITHHELD if drop else str(item))


def _rows(items: Iterable[tuple[int, Any]], options: ReaderOptions) -> Iterator[Item]:
    for number, item in items:
        refused = reject_of(number, item, options.drop)
        yield refused or (number, flatten(_feature_body(item), drop=options.drop))


def _feature_body(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """A GeoJSON or Esri feature with its attributes raised to the top, beside its geometry."""
    for body in _FEATURE_BODIES:
        if isinstance(record.get(body), Mapping) and record.keys() <= {body, "geometry", "type", "id"}:
            return {**record[body], "geometry": record.get("geometry")}
    return record
