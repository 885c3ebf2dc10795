"""Vehicles planted in the plate reads: convoys and their decoys, clones, parked cars, a burglars' car, wanted plates.

What distinguishes a convoy from its decoys: convoy members drive several different routes
on different days at odd hours, seconds apart. Routine decoys share home, work and hours
with one another, so that they often pass within minutes, on one route; platoon decoys are
seconds apart at several readers, on one trip only; delivery vans (in the everyday traffic)
pass everybody.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from data_connectors.simulate.clock import DAY
from data_connectors.simulate.incidents import Span
from data_connectors.simulate.planted import SERIES
from data_connectors.simulate.roads import plate_readers, routes
from data_connectors.simulate.streets import metres
from data_connectors.simulate.vehicles import Journeys, commutes_of, journeys_of, make_vehicles

CONVOYS = (("CV1", 2, 7), ("CV2", 2, 6), ("CV3", 2, 5), ("CV4", 3, 6))
CONVOY_GAP_S = (4, 25)
ROUTINE_DECOYS, PLATOON_DECOYS = 6, 4
CLONES = (
    ("CL1", ("Fairview", "Fishkill four corners"), ("Wingdale", "Amenia")),
    ("CL2", ("Hyde Park", "Route 9 mall"), ("Pawling", "Dover Plains")),
    ("CL3", ("Arlington", "Beacon Main"), ("Wingdale", "Millerton")),
)
PARKED = (
    ("PV1", "SIM-FLK-05E", 6.0), ("PV2", "SIM-FLK-02W", 9.5), ("PV3", "SIM-REK-10N", 4.0), ("PV4", "SIM-REK-08S", 12.0),
    ("PV5", "SIM-PRC-19N", 7.0), ("PV6", "SIM-PRC-21S", 3.0),
)  # fmt: skip
WANTED = (
    "stolen", "stolen", "stolen", "stolen", "stolen", "retro", "expired", "no_case", "twice_listed", "swapped",
    "other_state", "look_alike",
)  # fmt: skip


@dataclass
class Planting:
    """What is being planted: vehicles (numbered on from `first`), journeys, single passages, stays, and the truth."""

    first: int
    vehicles: list[pd.DataFrame] = field(default_factory=list)
    journeys: list[Journeys] = field(default_factory=list)
    passages: list[tuple[int, int, int]] = field(default_factory=list)
    stays: list[tuple[int, int, int, int]] = field(default_factory=list)
    twins: list[tuple[int, int, str]] = field(default_factory=list)
    truth: dict[str, list[dict[str, object]]] = field(default_factory=dict)

    def add(self, rng: np.random.Generator, number: int, kind: str) -> np.ndarray:
        """New vehicles; their numbers."""
        start = self.first + sum(len(v) for v in self.vehicles)
        self.vehicles.append(make_vehicles(rng, number, kind=kind))
        return np.arange(start, start + number)

    def record(self, group: str, **what: object) -> None:
        """Write one planted thing into the truth."""
        self.truth.setdefault(group, []).append(what)


def plant_vehicles(*, seed: int, span: Span, first: int) -> Planting:
    """Every planted vehicle with what it does during `span`; vehicles are numbered on from `first`.

    Passages and stays are (vehicle, reader, local seconds[, until]); `twins` are pairs of vehicles whose plates
    are made alike afterwards (the same, or one confusable character apart).

    Examples
    --------
    >>> planting = plant_vehicles(seed=1, span=Span(20000, 20020), first=100)
    >>> sorted(planting.truth)
    ['cloned_plates', 'convoys', 'decoys', 'parked', 'series_vehicles', 'wanted']
    """
    rng = np.random.default_rng([seed, 21])
    planting = Planting(first)
    _convoys(rng, planting, span)
    _decoys(rng, planting, span)
    _clones(rng, planting, span)
    _parked(rng, planting, span)
    _series_vehicles(rng, planting, span)
    _wanted(rng, planting, span)
    return planting


def _watched_pairs(least: int) -> np.ndarray:
    """Pairs of junctions whose route passes at least so many readers, either variant."""
    number = routes().number.min(axis=0)
    inner = np.array([not name.startswith("GATE") for name in routes().junctions])
    return np.argwhere((number >= least) & inner[:, None] & inner[None, :])


def _odd_times(rng: np.random.Generator, span: Span, number: int) -> np.ndarray:
    """Local seconds on different days at hours without much traffic."""
    days = np.sort(rng.choice(span.days, min(number, len(span.days)), replace=False))
    hour = rng.choice([10, 11, 13, 20, 21, 22, 23, 0, 1, 4], len(days)) + rng.random(len(days))
    return (days * DAY + hour * 3600).astype(np.int64)


def _own_errands(rng: np.random.Generator, planting: Planting, vehicle: int, span: Span, number: int = 6) -> None:
    pairs = _watched_pairs(1)
    trip = pairs[rng.integers(0, len(pairs), number)]
    depart = rng.choice(span.days, number) * DAY + rng.integers(8 * 3600, 20 * 3600, number)
    planting.journeys.append(journeys_of(rng, np.full(number, vehicle), trip[:, 0], trip[:, 1], depart))


def _together(
    rng: np.random.Generator,
    planting: Planting,
    members: np.ndarray,
    pairs: np.ndarray,
    depart: np.ndarray,
    gap_s: tuple[int, int],
) -> list[dict[str, object]]:
    """The same trips for all members, each some seconds behind the one before; the trips for the truth."""
    names, trips = routes().junctions, []
    for (start, end), at in zip(pairs, depart, strict=True):
        delay = np.concatenate([[0], np.cumsum(rng.integers(gap_s[0], gap_s[1] + 1, len(members) - 1))])
        one = np.ones(len(members), np.int64)
        trip = journeys_of(rng, members, one * start, one * end, at + delay, variant=one * 0)
        planting.journeys.append(
            Journeys(trip.vehicle, trip.start, trip.end, trip.depart_at, one * trip.pace[0], trip.variant)
        )
        trips.append(
            {
                "from": names[start],
                "to": names[end],
                "depart_local": int(at),
                "readers": int(routes().number[0, start, end]),
            }
        )
    return trips


def _convoys(rng: np.random.Generator, planting: Planting, span: Span) -> None:
    pairs = _watched_pairs(2)
    for convoy_id, size, trips in CONVOYS:
        members, depart = planting.add(rng, size, "resident"), _odd_times(rng, span, trips)
        ways = pairs[rng.choice(len(pairs), len(depart), replace=False)]
        made = _together(rng, planting, members, ways, depart, CONVOY_GAP_S)
        for vehicle in members:
            _own_errands(rng, planting, vehicle, span)
        planting.record("convoys", id=convoy_id, vehicles=members.tolist(), trips=made)


def _decoys(rng: np.random.Generator, planting: Planting, span: Span) -> None:
    busy = _watched_pairs(3)
    for k in range(ROUTINE_DECOYS):
        pair = planting.add(rng, 2, "commuter")
        home, work = busy[rng.integers(len(busy))]
        leaves, returns = rng.uniform(6.8, 8.2) * 3600, rng.uniform(16.3, 17.8) * 3600
        habit = (
            np.full(2, home),
            np.full(2, work),
            leaves + rng.uniform(-60, 60, 2),
            returns + rng.uniform(-60, 60, 2),
        )
        planting.journeys.append(commutes_of(rng, pair, span, habit))
        planting.record("decoys", id=f"DR{k + 1}", kind="routine", vehicles=pair.tolist())
    for k in range(PLATOON_DECOYS):
        pair = planting.add(rng, 2, "resident")
        made = _together(rng, planting, pair, busy[rng.integers(len(busy), size=1)], _odd_times(rng, span, 1), (3, 12))
        for vehicle in pair:
            _own_errands(rng, planting, vehicle, span, 10)
        planting.record("decoys", id=f"DP{k + 1}", kind="platoon", vehicles=pair.tolist(), trips=made)


def _clones(rng: np.random.Generator, planting: Planting, span: Span) -> None:
    names = routes().junctions
    for clone_id, *ways in CLONES:
        pair = planting.add(rng, 2, "commuter")
        home, work = (np.array([names.index(way[k]) for way in ways]) for k in (0, 1))
        leaves = np.full(2, rng.uniform(7.0, 8.0)) * 3600
        planting.journeys.append(commutes_of(rng, pair, span, (home, work, leaves, np.full(2, 17.0 * 3600))))
        planting.twins.append((int(pair[0]), int(pair[1]), "same"))
        planting.record("cloned_plates", id=clone_id, vehicles=pair.tolist(), ways=[list(way) for way in ways])


def _parked(rng: np.random.Generator, planting: Planting, span: Span) -> None:
    index = {r.reader_id: i for i, r in enumerate(plate_readers())}
    for parked_id, reader, hours in PARKED:
        vehicle = int(planting.add(rng, 1, "resident")[0])
        start = int(rng.choice(span.days[:-1])) * DAY + int(rng.integers(7, 16)) * 3600
        planting.stays.append((vehicle, index[reader], start, start + int(hours * 3600)))
        _own_errands(rng, planting, vehicle, span)
        planting.record("parked", id=parked_id, vehicles=[vehicle], reader=reader, from_local=start,
                        to_local=start + int(hours * 3600))  # fmt: skip


def _series_vehicles(rng: np.random.Generator, planting: Planting, span: Span) -> None:
    """The first series' car passes the nearest reader before and after all but its last-but-one crime."""
    series = SERIES[0]
    vehicle = int(planting.add(rng, 1, "resident")[0])
    x, y = metres(*np.array([(r.lon, r.lat) for r in plate_readers()]).T)
    seen = []
    for number, (days, hour, lon, lat) in enumerate(series.crimes):
        at = (span.until - days) * DAY + int(hour * 3600)
        if days > len(span.days) or number == len(series.crimes) - 2:
            continue
        px, py = metres(lon, lat)
        nearest = np.argsort(np.hypot(x - px, y - py), kind="stable")[:2]
        before, after = at - int(rng.integers(180, 600)), at + int(rng.integers(300, 900))
        planting.passages += [(vehicle, int(nearest[0]), before), (vehicle, int(nearest[1]), after)]
        seen.append(number)
    _own_errands(rng, planting, vehicle, span, 8)
    planting.record("series_vehicles", series=series.series_id, vehicles=[vehicle], crimes_seen=seen)


def _wanted(rng: np.random.Generator, planting: Planting, span: Span) -> None:
    """Wanted vehicles with a few passages each; those that only look wanted have an innocent twin."""
    readers = len(plate_readers())
    for number, kind in enumerate(WANTED):
        vehicle = int(planting.add(rng, 1, "resident")[0])
        innocent = kind in ("other_state", "look_alike")
        driver = int(planting.add(rng, 1, "resident")[0]) if innocent else vehicle
        if innocent:
            planting.twins.append((vehicle, driver, kind))
        issued = (span.until - min(12, len(span.days) - 1) if kind == "retro" else span.first - 5) * DAY + 9 * 3600
        times = np.sort(rng.integers(span.first * DAY, span.until * DAY, 5))
        planting.passages += [(driver, int(rng.integers(readers)), int(at)) for at in times]
        planting.record(
            "wanted", id=f"WV{number + 1:02d}", kind=kind, vehicles=[vehicle], driver=driver, issued_local=issued
        )
