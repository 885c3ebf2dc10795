"""Flock Safety: plate reads as the lookup returns them, hotlist hits as the webhook posts them, hotlist entries.

Evidence: field lists of the vendor's API description (version 3) as a third party harvested it.
No real export was loaded. A list from the lookup sits under ``results``, a hotlist's under ``entries``.
Signed image addresses are never passed on: they open a picture to whoever holds them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from data_connectors.readers import RawBatch, RawReject, ReaderOptions, SourceFile
from data_connectors.readers.json_records import load_document, numbered_records, records_in, reject_of
from data_connectors.readers.records import Item, batches, dig, flatten

_READ = {
    "read_id": "id", "captured_at": "capturedAt",
    "plate": "plate.plate", "confidence": "plate.confidence",
    "state": "state.state", "state_confidence": "state.confidence",
    "camera_id": "device.id", "camera_name": "device.name",
    "lat": "device.location.latitude", "lon": "device.location.longitude",
    "network": "device.network.name",
}  # fmt: skip
_HIT = {
    "read_id": "objectId", "captured_at": "eventTime",
    "plate": "ocr.label", "confidence": "ocr.labelConfidence",
    "state": "ocr.state", "state_confidence": "ocr.stateConfidence",
    "camera_id": "deviceExternalId", "camera_name": "deviceName",
    "lat": "deviceLat", "lon": "deviceLong",
    "network": "networkName", "sources": "sources",
}  # fmt: skip
READ_COLUMNS = (*_READ, "sources", "shape")
ENTRY_COLUMNS = ("list_name", "entry_id", "plate", "state", "reason", "case_number", "expires_at", "note")


def read_flock(file: SourceFile, options: ReaderOptions) -> Iterator[RawBatch]:
    """Reads and hotlist hits as one set of columns (`READ_COLUMNS`); ``shape`` says which a row was.

    A hit of several hotlists is one row: it is one passage. Its lists stay together in ``sources`` as JSON.
    A record whose plate could not be read (``ocr`` null) is rejected with that reason.

    Parameters
    ----------
    file : SourceFile
        A lookup page, a list of pages' reads, one webhook body, or a log of bodies, one a line.
    options : ReaderOptions
        No settings of its own.

    Examples
    --------
    >>> import tempfile; from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "hit.json"
    >>> _ = path.write_text('{"objectId": "r1", "eventTime": "2026-01-02T03:04:05Z", "deviceExternalId": "d1",'
    ...     ' "ocr": {"label": "ABC1234", "state": "new_york"}, "sources": [{"name": "A"}, {"name": "B"}]}')
    >>> [batch] = read_flock(SourceFile(path), ReaderOptions("flock"))
    >>> row = batch.columns.to_pylist()[0]; row["plate"], row["state"], row["shape"]
    ('ABC1234', 'new_york', 'hit')
    """
    items, encoding = numbered_records(file, options)
    columns = [name for name in READ_COLUMNS if name not in options.drop]
    yield from batches(_reads(items, options), columns, encoding=encoding)


def _reads(items: Iterable[tuple[int, Any]], options: ReaderOptions) -> Iterator[Item]:
    for number, item in items:
        # The whole record holds signed addresses, so what could not be parsed is never quoted.
        refused = reject_of(number, item, ("imageUrl",))
        yield refused or _read(number, item, options)


def _read(number: int, record: Mapping[str, Any], options: ReaderOptions) -> Item:
    if "eventTime" in record or "objectId" in record:
        shape, paths = "hit", _HIT
    elif "capturedAt" in record:
        shape, paths = "read", _READ
    else:
        keys = ", ".join(list(record)[:8])
        return RawReject(number, f"neither a read (capturedAt) nor a hotlist hit (eventTime): it has {keys}", {})
    found = {name: dig(record, path) for name, path in paths.items()}
    row = flatten({**found, "shape": shape}, drop=options.drop)
    if not row.get("plate"):
        why = "ocr is null" if shape == "hit" and record.get("ocr") is None else "the plate is blank"
        return RawReject(number, f"no plate was read ({why})", {k: v for k, v in row.items() if v}, "plate")
    return number, row


def read_flock_entries(file: SourceFile, options: ReaderOptions) -> Iterator[RawBatch]:
    """Hotlist entries (`ENTRY_COLUMNS`): one hotlist with its name, a page of entries, or a list of hotlists.

    The service itself turns the letter O into the digit 0 when a batch is added, so a plate that comes back
    may differ from the plate that was sent; matching must use the folded form.

    Parameters
    ----------
    file : SourceFile
        The JSON file.
    options : ReaderOptions
        ``settings["list_name"]``: the name where the file does not carry one.

    Examples
    --------
    >>> import tempfile; from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "list.json"
    >>> _ = path.write_text('{"name": "Burglary cars", "entries": [{"plate": "ABC1234", "reason": "Burglary",'
    ...                     ' "caseNumber": "26-1", "note": {"message": "do not stop"}}]}')
    >>> [batch] = read_flock_entries(SourceFile(path), ReaderOptions("flock_entries"))
    >>> row = batch.columns.to_pylist()[0]; row["list_name"], row["plate"], row["note"]
    ('Burglary cars', 'ABC1234', 'do not stop')
    """
    document, encoding = load_document(file, options.encoding)
    default = options.settings.get("list_name")
    found = enumerate(_entries(document, file.name, default), start=1)
    rows = (_entry(number, item, list_name, options) for number, (item, list_name) in found)
    columns = [name for name in ENTRY_COLUMNS if name not in options.drop]
    yield from batches(rows, columns, encoding=encoding)


def _entries(document: Any, name: str, default: str | None) -> Iterator[tuple[Any, str | None]]:
    top = document if isinstance(document, list) else [document]
    hotlists = [item for item in top if isinstance(item, Mapping) and isinstance(item.get("entries"), list)]
    if not hotlists:
        yield from ((item, default) for item in records_in(document, name))
    for hotlist in hotlists:
        yield from ((item, hotlist.get("name") or default) for item in hotlist["entries"])


def _entry(number: int, item: Any, list_name: str | None, options: ReaderOptions) -> Item:
    refused = reject_of(number, item, options.drop)
    if refused:
        return refused
    found = {
        "list_name": list_name, "entry_id": item.get("id"), "plate": item.get("plate"), "state": item.get("state"),
        "reason": item.get("reason"), "case_number": item.get("caseNumber"), "expires_at": item.get("expiry"),
        "note": dig(item, "note.message"),
    }  # fmt: skip
    return number, flatten(found, drop=options.drop)
