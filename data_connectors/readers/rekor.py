"""Rekor Scout (OpenALPR): `alpr_group` records, one a passage.

Evidence: the vendor's documented sample and field lists, versions 1 to 4. No real export was loaded.
Also in such a stream, and not reads: heartbeats (camera health), previews (`is_preview`, the final group
follows), `alpr_results` (one a video frame, dozens a passage). They are passed over and counted in a note.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from data_connectors.readers import RawBatch, RawReject, ReaderOptions, SourceFile
from data_connectors.readers.json_records import numbered_records, reject_of
from data_connectors.readers.records import Item, batches, best_guess, dig, flatten, ranked_guesses

COLUMNS = (
    "read_id", "plate", "confidence", "candidates", "region", "region_confidence", "epoch_start_ms", "epoch_end_ms",
    "camera_id", "camera_name", "agent", "lat", "lon", "direction_deg", "is_parked",
    "make", "make_model", "color", "body_type", "year",
)  # fmt: skip

_PASSED_OVER = {
    "heartbeat": "heartbeat records passed over: camera health, not reads",
    "preview": "preview groups passed over (is_preview): the final group follows",
    "alpr_results": "alpr_results passed over: one a video frame; the group stands for the passage",
    "vehicle": "vehicles without a plate passed over",
}


def read_rekor(file: SourceFile, options: ReaderOptions) -> Iterator[RawBatch]:
    """Plate groups as flat rows (`COLUMNS`): a single object, an array, or one object a line.

    Confidence stays 0-100 and times stay epoch milliseconds: the profile says so. ``candidates`` is a JSON
    list of the other readings, best first. Of each vehicle attribute the likeliest guess is kept.

    Parameters
    ----------
    file : SourceFile
        The file.
    options : ReaderOptions
        No settings of its own.

    Returns
    -------
    iterator of RawBatch
        `lines` are record numbers, or lines where the file has one object a line. The last batch's notes
        count what was passed over.

    Examples
    --------
    >>> import tempfile; from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "groups.ndjson"
    >>> _ = path.write_text('{"data_type": "heartbeat"}\\n{"data_type": "alpr_group", "best_plate_number": "ABC1234",'
    ...     ' "epoch_start": 1767322800000, "camera_id": 7, "candidates": [{"plate": "A8C1234", "confidence": 80}]}')
    >>> [batch] = read_rekor(SourceFile(path), ReaderOptions("rekor"))
    >>> row = batch.columns.to_pylist()[0]; row["plate"], row["candidates"], batch.lines.to_pylist(), batch.notes
    ('ABC1234', '["A8C1234"]', [2], ('1 heartbeat records passed over: camera health, not reads',))
    """
    items, encoding = numbered_records(file, options)
    passed_over: Counter[str] = Counter()
    columns = [name for name in COLUMNS if name not in options.drop]
    yield from batches(
        _groups(items, options, passed_over), columns, encoding=encoding,
        notes=lambda: (f"{count:,} {_PASSED_OVER[kind]}" for kind, count in passed_over.items()),
    )


def _groups(
    items: Iterable[tuple[int, Any]], options: ReaderOptions, passed_over: Counter[str]
) -> Iterator[Item]:
    for number, item in items:
        refused = reject_of(number, item, options.drop)
        if refused:
            yield refused
            continue
        kind = item.get("data_type", "alpr_group")
        if kind == "alpr_group" and item.get("is_preview") is True:
            kind = "preview"
        if kind in _PASSED_OVER:
            passed_over[kind] += 1
        elif kind == "alpr_group":
            yield _group(number, item, options)
        else:
            yield RawReject(number, f"data_type is {kind!r}, not 'alpr_group'", {}, "data_type")


def _group(number: int, record: Mapping[str, Any], options: ReaderOptions) -> Item:
    ranked = ranked_guesses(record.get("candidates"), "plate", "confidence")
    best = record.get("best_plate")
    plate = record.get("best_plate_number") or (best if isinstance(best, str) else dig(best, "plate"))
    plate = plate or (ranked[0] if ranked else None)
    vehicle = {
        name: best_guess(dig(record, f"vehicle.{name}"), "name", "confidence")
        for name in ("make", "make_model", "color", "body_type", "year")
    }
    row = flatten(
        {
            "read_id": record.get("best_uuid"),
            "plate": plate,
            "confidence": _first(record.get("best_confidence"), dig(best, "confidence")),
            "candidates": [other for other in ranked if other != plate],
            "region": _first(record.get("best_region"), dig(best, "region")),
            "region_confidence": _first(record.get("best_region_confidence"), dig(best, "region_confidence")),
            "epoch_start_ms": record.get("epoch_start"),
            "epoch_end_ms": record.get("epoch_end"),
            "camera_id": record.get("camera_id"),
            "camera_name": dig(record, "web_server_config.camera_label"),
            "agent": _first(record.get("agent_uid"), record.get("site_id")),
            "lat": record.get("gps_latitude"),
            "lon": record.get("gps_longitude"),
            "direction_deg": record.get("travel_direction"),
            "is_parked": record.get("is_parked"),
            **vehicle,
        },
        drop=options.drop,
    )
    if not row.get("plate"):
        raw = {name: value for name, value in row.items() if value}
        return RawReject(number, "no plate in best_plate_number, best_plate or candidates", raw, "plate")
    return number, row


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)
