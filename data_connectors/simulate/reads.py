"""From passages to what plate readers say: missed and misread plates, duplicates, parked cars, clocks that drift."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data_connectors.simulate.clock import DAY, to_utc
from data_connectors.simulate.county import County
from data_connectors.simulate.incidents import Span
from data_connectors.simulate.planted_plates import Planting, plant_vehicles
from data_connectors.simulate.roads import plate_readers
from data_connectors.simulate.streets import GEOGRAPHY_SEED
from data_connectors.simulate.vehicles import Journeys, everyday_traffic, passages, unique_plates

# What a character is taken for: the first table nine times in ten, the second otherwise.
CONFUSED = {
    "0": "OQD", "O": "0QD", "Q": "0O", "D": "0O", "1": "IL", "I": "1L", "L": "1I", "8": "B", "B": "8", "5": "S",
    "S": "5",
    "2": "Z", "Z": "2", "6": "G", "G": "6",
}  # fmt: skip
SELDOM = {
    "7": "1", "1": "7", "3": "8", "8": "3", "M": "N", "N": "M", "V": "Y", "Y": "V", "E": "F", "F": "E", "H": "M",
    "C": "G", "P": "F",
    "R": "P", "K": "X", "X": "K", "W": "VM", "T": "7", "4": "A", "A": "4", "U": "V", "J": "I", "9": "0",
}  # fmt: skip

DUPLICATE_SHARE, SWAPPED_SHARE, DROPPED_SHARE = 0.03, 0.06, 0.08
PARKED_EVERY_S = 240
# One reader's clock runs ahead, one goes out for two days, one loses confidence over its last ten days.
DRIFT = ("SIM-PRC-21N", 95)
OUTAGE = ("SIM-FLK-06W", 12.0, 54.0)
DECLINE = ("SIM-REK-12E", 10, 0.20)


def simulate_reads(
    county: County, *, seed: int, span: Span, traffic: float
) -> tuple[pd.DataFrame, pd.DataFrame, Planting]:
    """Every plate read of the span, the vehicles behind them, and what was planted.

    Returns
    -------
    reads : DataFrame
        In order of capture: ``vehicle``, ``reader`` (indices), ``captured_ms`` (UTC, the reader's clock),
        ``plate``, ``other`` (the reader's second opinion), ``region``, ``confidence``, ``kind`` (passage, duplicate,
        parked), ``misread``.
    vehicles : DataFrame
        See `make_vehicles`; the row is the vehicle's number.
    planting : Planting
        The planted vehicles and their truth.

    Examples
    --------
    >>> from data_connectors.simulate.county import build_county
    >>> reads, vehicles, _ = simulate_reads(build_county(), seed=1, span=Span(20000, 20012), traffic=0.05)
    >>> bool(0.01 < reads["misread"].mean() < 0.1)
    True
    """
    everyday, journeys = everyday_traffic(county, seed=seed, span=span, traffic=traffic)
    planting = plant_vehicles(seed=seed, span=span, first=len(everyday))
    rng = np.random.default_rng([seed, 22])
    vehicles = unique_plates(rng, pd.concat([everyday, *planting.vehicles], ignore_index=True))
    _make_twins(rng, vehicles, planting)
    seen = _sightings(rng, Journeys.joined([journeys, *planting.journeys]), planting, span)
    return _as_read(rng, seen, vehicles, span), vehicles, planting


def _make_twins(rng: np.random.Generator, vehicles: pd.DataFrame, planting: Planting) -> None:
    """Give each twin the other's plate: on the same state's, on another state's, or one confusable character off."""
    for vehicle, twin, how in planting.twins:
        plate = str(vehicles.at[vehicle, "plate"])
        if how == "look_alike":
            vehicles.at[vehicle, "plate"] = "Q" + plate[1:]
            plate = "O" + plate[1:]
        vehicles.at[twin, "plate"] = plate
        vehicles.at[twin, "region"] = "CT" if how == "other_state" else vehicles.at[vehicle, "region"]


def _sightings(rng: np.random.Generator, journeys: Journeys, planting: Planting, span: Span) -> pd.DataFrame:
    """True passages, sure ones, and stays: vehicle, reader, at_s (UTC), kind, sure."""
    utc = Journeys(
        journeys.vehicle, journeys.start, journeys.end, to_utc(journeys.depart_at), journeys.pace, journeys.variant
    )
    journey, reader, at = passages(utc)
    own = np.array(planting.passages, np.int64).reshape(-1, 3)
    stays = [(v, r, t) for v, r, start, end in planting.stays
             for t in start + np.cumsum(rng.integers(60, 2 * PARKED_EVERY_S, 999)) if t < end]  # fmt: skip
    still = np.array(stays, np.int64).reshape(-1, 3)
    seen = pd.DataFrame({
        "vehicle": np.concatenate([journeys.vehicle[journey], own[:, 0], still[:, 0]]),
        "reader": np.concatenate([reader, own[:, 1], still[:, 1]]),
        "at_s": np.concatenate([at, to_utc(own[:, 2]), to_utc(still[:, 2])]),
        "kind": np.repeat(["passage", "passage", "parked"], [len(at), len(own), len(still)]),
        "sure": np.repeat([False, True, False], [len(at), len(own), len(still)]),
    })  # fmt: skip
    bounds = to_utc(np.array([span.first, span.until]) * DAY)
    seen = seen[(seen["at_s"] >= bounds[0]) & (seen["at_s"] < bounds[1])]
    return seen.iloc[np.lexsort((seen["reader"], seen["at_s"], seen["vehicle"]))].reset_index(drop=True)


def _as_read(rng: np.random.Generator, seen: pd.DataFrame, vehicles: pd.DataFrame, span: Span) -> pd.DataFrame:
    readers = plate_readers()
    index = {r.reader_id: i for i, r in enumerate(readers)}
    by_reader = np.random.default_rng([GEOGRAPHY_SEED, 4])
    missed, misread = by_reader.uniform(0.03, 0.10, len(readers)), by_reader.uniform(0.02, 0.05, len(readers))
    start = int(to_utc(np.array([span.first * DAY]))[0])
    out = (seen["reader"] == index[OUTAGE[0]]) & seen["at_s"].between(
        start + OUTAGE[1] * 3600, start + OUTAGE[2] * 3600
    )
    kept = ((rng.random(len(seen)) >= missed[seen["reader"]]) | seen["sure"]) & ~out
    seen = seen[kept]
    again = seen[(rng.random(len(seen)) < DUPLICATE_SHARE) & (seen["kind"] == "passage") & ~seen["sure"]]
    again = again.assign(at_s=again["at_s"] + rng.integers(1, 7, len(again)), kind="duplicate")
    reads = pd.concat([seen, again], ignore_index=True)
    age = (span.until - (reads["at_s"] - start) / DAY - span.first).to_numpy()
    failing = (reads["reader"] == index[DECLINE[0]]).to_numpy() * np.clip(1 - age / DECLINE[1], 0, 1)
    wrong = (rng.random(len(reads)) < misread[reads["reader"]] + 0.15 * failing) & ~reads["sure"].to_numpy()
    reads = _with_text(rng, reads, vehicles, wrong)
    reads["confidence"] = np.clip(reads["confidence"] - DECLINE[2] * failing, 0.3, 0.999).round(3)
    drift = np.where(reads["reader"] == index[DRIFT[0]], DRIFT[1], 0)
    reads["captured_ms"] = (reads["at_s"] + drift) * 1000 + rng.integers(0, 1000, len(reads))
    order = np.lexsort((reads["vehicle"], reads["reader"], reads["captured_ms"]))
    return reads.iloc[order].drop(columns=["at_s", "sure"]).reset_index(drop=True)


def _with_text(
    rng: np.random.Generator, reads: pd.DataFrame, vehicles: pd.DataFrame, wrong: np.ndarray
) -> pd.DataFrame:
    """Plate, second opinion, region and confidence as the reader states them."""
    plates = vehicles["plate"].to_numpy("U7")[reads["vehicle"]]
    mistaken = misreadings(rng, plates)
    n = len(reads)
    reads["plate"] = np.where(wrong, mistaken, plates)
    reads["other"] = np.where(wrong & (rng.random(n) < 0.8), plates, misreadings(rng, plates))
    reads["misread"] = reads["plate"].to_numpy() != plates
    region = vehicles["region"].to_numpy("U2")[reads["vehicle"]]
    luck = rng.random(n)
    reads["region"] = np.where(luck < 0.02, "", np.where(luck < 0.05, "NY", region))
    reads["confidence"] = np.where(wrong, rng.beta(12, 4, n), rng.beta(40, 2.5, n))
    return reads


def misreadings(rng: np.random.Generator, plates: np.ndarray) -> np.ndarray:
    """Each plate misread once: a confusable character mostly, else two neighbours swapped or one dropped.

    Examples
    --------
    >>> misreadings(np.random.default_rng(1), np.array(["B1B8B1B"]))[0] != "B1B8B1B"
    True
    """
    codes = np.ascontiguousarray(plates.astype("U7")).view(np.uint32).reshape(-1, 7).copy()
    often, seldom = _table(CONFUSED), _table(SELDOM)
    n = len(codes)
    rare = rng.random(n) < 0.1
    table = np.where(rare[:, None, None], seldom[codes], often[codes])
    preference = rng.random((n, 7)) * (table[..., 0] > 0)
    at = preference.argmax(axis=1)
    row = np.arange(n)
    changed = codes.copy()
    possible = preference[row, at] > 0
    taken_for = table[row, at, rng.integers(0, 3, n)]
    changed[row, at] = np.where(possible, taken_for, codes[row, at])
    length = (codes > 0).sum(axis=1)
    luck = rng.random(n)
    where = rng.integers(0, length - 1)
    swap = luck < SWAPPED_SHARE
    changed[swap] = codes[swap]
    changed[row[swap], where[swap]], changed[row[swap], where[swap] + 1] = (
        codes[swap, where[swap] + 1],
        codes[swap, where[swap]],
    )
    drop = ~swap & ((luck < SWAPPED_SHARE + DROPPED_SHARE) | ~possible)
    later = np.arange(6) >= where[drop, None]
    changed[drop, :6] = np.where(later, codes[drop, 1:], codes[drop, :6])
    changed[drop, 6] = 0
    return np.ascontiguousarray(changed).view("U7").ravel()


def _table(confusions: dict[str, str]) -> np.ndarray:
    """For each character code, three codes it may be taken for (0: none)."""
    table = np.zeros((128, 3), np.uint32)
    for sign, others in confusions.items():
        table[ord(sign)] = [ord(others[k % len(others)]) for k in range(3)]
    return table
