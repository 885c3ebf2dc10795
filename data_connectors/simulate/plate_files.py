"""Plate reads and hotlists of the simulated county in the vendors' shapes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from data_connectors.simulate.clock import DAY, to_utc, written
from data_connectors.simulate.gazetteer import MARK
from data_connectors.simulate.incidents import Span
from data_connectors.simulate.planted_plates import Planting
from data_connectors.simulate.roads import plate_readers
from data_connectors.simulate.vehicles import invented_plates
from data_connectors.simulate.writing import week_of, write_csv

STATES = {
    "NY": "new_york", "CT": "connecticut", "NJ": "new_jersey", "PA": "pennsylvania", "MA": "massachusetts",
    "VT": "vermont",
    "FL": "florida", "OH": "ohio",
}  # fmt: skip
# One Rekor read in so many is sent as a preview first, which a loader must not count.
PREVIEW_EVERY = 150
PLATE_RECOGNIZER_COLUMNS = (
    "timestamp plate score dscore file box model_make color vehicle region orientation candidates source_url "
    "position_sec direction"
).split()
_SUFFIX = {"flock": "json", "rekor": "ndjson", "plate_recognizer": "csv"}


def read_ids(reads: pd.DataFrame) -> np.ndarray:
    """The reads' identifiers, by row.

    Examples
    --------
    >>> read_ids(pd.DataFrame({"plate": ["A1B2C3D"]})).tolist()
    ['SIM-R00000001']
    """
    return np.array([f"SIM-R{k:08d}" for k in range(1, len(reads) + 1)])


def write_reads(folder: Path, reads: pd.DataFrame, vehicles: pd.DataFrame, *, known_by: int) -> dict[str, list[Path]]:
    """Weekly files of each vendor's shape, of reads captured before `known_by` (UTC seconds); the files by vendor.

    Examples
    --------
    >>> import tempfile
    >>> from data_connectors.simulate.county import build_county
    >>> from data_connectors.simulate.reads import simulate_reads
    >>> span = Span(20000, 20012)
    >>> reads, vehicles, planting = simulate_reads(build_county(), seed=1, span=span, traffic=0.02)
    >>> files = write_reads(Path(tempfile.mkdtemp()), reads, vehicles, known_by=20002 * DAY)
    >>> [path.name for path in files["rekor"]]
    ['SIMULATED_rekor_week_2024-09-30.ndjson']
    """
    readers = plate_readers()
    vendor = np.array([r.vendor for r in readers])[reads["reader"]]
    week = week_of(reads["captured_ms"].to_numpy() // 1000)
    early = reads["captured_ms"].to_numpy() < known_by * 1000
    rows = _for_writing(reads, vehicles)
    files: dict[str, list[Path]] = {}
    for name, write in (
        ("flock", _write_flock),
        ("rekor", _write_rekor),
        ("plate_recognizer", _write_plate_recognizer),
    ):
        for monday in np.unique(week[early & (vendor == name)]):
            path = folder / f"{MARK}_{name}_week_{monday}.{_SUFFIX[name]}"
            write(path, rows[early & (vendor == name) & (week == monday)])
            files.setdefault(name, []).append(path)
    return files


def _for_writing(reads: pd.DataFrame, vehicles: pd.DataFrame) -> pd.DataFrame:
    """The reads with everything a vendor writes beside the plate."""
    readers, who = plate_readers(), reads["vehicle"].to_numpy()
    rows = reads.copy()
    rows["id"] = read_ids(reads)
    text = np.datetime_as_string(reads["captured_ms"].to_numpy().astype("datetime64[ms]"), unit="ms")
    rows["captured"] = np.char.add(text, "Z")
    for column in ("id", "name", "agency", "lat", "lon", "direction_deg"):
        values = [getattr(r, "reader_id" if column == "id" else column) for r in readers]
        rows[f"reader_{column}"] = np.array(values)[reads["reader"]]
    for column in ("make", "model", "color", "body"):
        rows[column] = vehicles[column].to_numpy(str)[who]
    return rows


def _each(rows: pd.DataFrame, columns: str) -> zip[tuple]:
    return zip(*(rows[c].tolist() for c in columns.split()), strict=True)


def _write_lines(path: Path, lines: list[str], *, opening: str = "", between: str = "\n", closing: str = "\n") -> None:
    path.write_text(opening + between.join(lines) + closing, encoding="utf-8", newline="\n")


def _write_flock(path: Path, rows: pd.DataFrame) -> None:
    what = "id captured reader_id reader_name reader_agency reader_lat reader_lon plate confidence region"
    lines = [
        f'{{"id":"{i}","capturedAt":"{at}","device":{{"id":"{rid}","type":"lpr","name":"{name}","location":'
        f'{{"latitude":{lat},"longitude":{lon}}},"network":{{"name":"{agency} ({MARK})"}}}},'
        f'"plate":{{"plate":"{plate}",'
        f'"confidence":{c:.3f}}},"state":{_flock_state(region, c)},"link":"https://example.invalid/{i}"}}'
        for i, at, rid, name, agency, lat, lon, plate, c, region in _each(rows, what)
    ]
    _write_lines(path, lines, opening="[\n", between=",\n", closing="\n]\n")


def _flock_state(region: str, confidence: float) -> str:
    return f'{{"state":"{STATES[region]}","confidence":{confidence:.2f}}}' if region else "null"


def _write_rekor(path: Path, rows: pd.DataFrame) -> None:
    what = "id captured_ms reader reader_id reader_name reader_agency reader_lat reader_lon reader_direction_deg"
    more = "plate other confidence region kind make model color body"
    lines = []
    for number, (row, extra) in enumerate(zip(_each(rows, what), _each(rows, more), strict=True)):
        if number % PREVIEW_EVERY == 0:
            lines.append(_rekor_group(row, extra, preview=True))
        lines.append(_rekor_group(row, extra, preview=False))
    _write_lines(path, lines)


def _rekor_group(row: tuple, extra: tuple, *, preview: bool) -> str:
    uuid, ms, camera, rid, name, agency, lat, lon, heading = row
    plate, other, share, region, kind, make, model, color, body = extra
    c, parked, state = share * 100, "true" if kind == "parked" else "false", f"us-{region.lower()}" if region else ""
    second = f'{{"plate":"{plate}","confidence":{c:.2f}}}'
    second += f',{{"plate":"{other}","confidence":{max(c - 12, 1):.2f}}}'
    return (
        f'{{"data_type":"alpr_group","version":4,"epoch_start":{ms},"epoch_end":{ms + 400},'
        f'"agent_uid":"SIM{camera // 6:03d}",'
        f'"camera_id":{9000 + camera},"gps_latitude":{lat},"gps_longitude":{lon},'
        f'"candidates":[{second}],"best_plate":{{"plate":"{plate}","confidence":{c:.2f},"region":"{state}"}},'
        f'"best_confidence":{c:.2f},"best_plate_number":"{plate}","best_region":"{state}","best_uuid":"{uuid}",'
        f'"travel_direction":{heading},"is_parked":{parked},'
        f'"is_preview":{"true" if preview else "false"},"vehicle":{{"color":[{{"name":"{color}","confidence":90.0}}],'
        f'"make":[{{"name":"{make.lower()}","confidence":90.0}}],"make_model":[{{"name":"{make.lower()}_{model.lower()}",'
        f'"confidence":80.0}}],"body_type":[{{"name":"{body}","confidence":85.0}}]}},'
        f'"web_server_config":{{"camera_label":"{rid} {name}","agent_label":"{agency} ({MARK})"}}}}'
    )


def _write_plate_recognizer(path: Path, rows: pd.DataFrame) -> None:
    what = "id captured reader_id plate other confidence region make model color body reader_direction_deg"
    table = []
    for i, at, rid, plate, other, c, region, make, model, color, body, heading in _each(rows, what):
        low, state = plate.lower(), f"us-{region.lower()}" if region else ""
        table.append((
            f"{at[:10]} {at[11:23]}000+00:00", low, f"{c:.3f}", "0.9", f"/{MARK}/{rid}_screenshots/{at[:10]}/{i}.jpg",
            "{'xmin': 10, 'ymin': 10, 'xmax': 90, 'ymax': 40}",
            f"[{{'make': '{make}', 'model': '{model}', 'score': 0.8}}]", f"[{{'color': '{color}', 'score': 0.9}}]",
            f"{{'type': '{body}', 'score': 0.9}}", f"{{'code': '{state}', 'score': 0.9}}",
            "[{'orientation': 'Rear', 'score': 0.9}]",
            f"[{{'score': {c:.3f}, 'plate': '{low}'}}, {{'score': {c / 2:.3f}, 'plate': '{other.lower()}'}}]",
            f"rtsp://{MARK.lower()}.invalid/{rid}", "0", f"{heading:.0f}",
        ))  # fmt: skip
    write_csv(path, pd.DataFrame(table, columns=PLATE_RECOGNIZER_COLUMNS))


def hotlist(planting: Planting, vehicles: pd.DataFrame, *, seed: int, span: Span) -> pd.DataFrame:
    """Every entry of both lists: wanted vehicles as listed (some wrongly), and others never seen.

    Returns
    -------
    DataFrame
        ``list`` (genetec or flock), ``category``, ``plate``, ``region``, ``case_number``, ``issued``, ``expires``
        (local seconds), ``wanted`` (the planted id, or empty).

    Examples
    --------
    >>> from data_connectors.simulate.county import build_county
    >>> from data_connectors.simulate.reads import simulate_reads
    >>> span = Span(20000, 20012)
    >>> reads, vehicles, planting = simulate_reads(build_county(), seed=1, span=span, traffic=0.02)
    >>> entries = hotlist(planting, vehicles, seed=1, span=span)
    >>> entries["list"].unique().tolist(), int((entries["wanted"] != "").sum())
    (['genetec', 'flock'], 13)
    """
    rng = np.random.default_rng([seed, 23])
    rows = []
    for number, wanted in enumerate(planting.truth["wanted"]):
        vehicle = vehicles.iloc[wanted["vehicles"][0]]
        plate, kind = str(vehicle["plate"]), wanted["kind"]
        if kind == "swapped":
            plate = plate[:2] + plate[3] + plate[2] + plate[4:]
        expires = (span.first - 2 if kind == "expired" else span.until + 60) * DAY
        issued = int(wanted["issued_local"]) - (200 * DAY if kind == "expired" else 0)
        case = "" if kind == "no_case" else f"{MARK}-26-{number + 1:05d}"
        for one in ("genetec", "flock") if kind == "twice_listed" else (("flock",) if number % 2 else ("genetec",)):
            rows.append((one, "Stolen Vehicle", plate, str(vehicle["region"]), case, issued, expires, wanted["id"]))
    fillers = 160
    region = np.array(list(STATES))[rng.integers(0, len(STATES), fillers)]
    age, life = rng.integers(1, 400, fillers), rng.choice([30, 90, 365], fillers)
    category = rng.choice(["Stolen Vehicle", "Stolen Plate", "Missing Person", "Wanted Person", "BOLO"], fillers)
    for k, plate in enumerate(invented_plates(rng, region)):
        issued = int(span.until - age[k]) * DAY
        case = "" if k % 9 == 0 else f"{MARK}-25-{k + 500:05d}"
        which = ("genetec", "flock")[k % 2]
        expires = issued + int(life[k]) * DAY
        rows.append((which, str(category[k]), str(plate), str(region[k]), case, issued, expires, ""))
    return pd.DataFrame(rows, columns="list category plate region case_number issued expires wanted".split())


def write_hotlists(folder: Path, entries: pd.DataFrame, *, known_by: int) -> dict[str, Path]:
    """The Genetec list (delimited by semicolons, with its own header) and the Flock entries; issued before `known_by`.

    Examples
    --------
    >>> import tempfile
    >>> row = ("genetec", "Stolen Vehicle", "A1B2C3D", "NY", "SIM-1", 0, DAY, "")
    >>> names = "list category plate region case_number issued expires wanted".split()
    >>> files = write_hotlists(Path(tempfile.mkdtemp()), pd.DataFrame([row], columns=names), known_by=DAY)
    >>> files["genetec"].read_text().splitlines()[1]
    'Stolen Vehicle;NY;A1B2C3D;1970-01-01;1970-01-02;SIM-1'
    """
    entries = entries[entries["issued"] < known_by]
    genetec, flock = entries[entries["list"] == "genetec"], entries[entries["list"] == "flock"]
    table = pd.DataFrame({
        "Category": genetec["category"], "PlateState": genetec["region"], "PlateNumber": genetec["plate"],
        "EffectiveDate": _days(genetec["issued"]), "ExpiryDate": _days(genetec["expires"]),
        "PermitID": genetec["case_number"],
    })  # fmt: skip
    files = {"genetec": folder / f"{MARK}_hotlist_genetec.txt", "flock": folder / f"{MARK}_hotlist_flock.json"}
    write_csv(files["genetec"], table, delimiter=";")
    expiry = np.datetime_as_string(to_utc(flock["expires"].to_numpy()).astype("datetime64[s]"), unit="s")
    lines = [
        json.dumps(
            {
                "caseNumber": row.case_number,
                "plate": row.plate,
                "reason": row.category,
                "state": STATES[row.region],
                "expiry": f"{until}Z",
                "note": {"message": f"{MARK} entry"},
            }
        )  # fmt: skip
        for row, until in zip(flock.itertuples(), expiry, strict=True)
    ]
    _write_lines(
        files["flock"], lines, opening=f'{{"name":"County BOLO ({MARK})","entries":[\n', between=",\n", closing="\n]}\n"
    )
    return files


def _days(local: pd.Series) -> list[str]:
    return [text[:10] for text in written(local.to_numpy(), "iso")]
