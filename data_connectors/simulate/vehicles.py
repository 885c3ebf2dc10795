"""Vehicles of the simulated county and the journeys they make.

Plates are invented and of no state's making: letters and digits alternate all the way
(``A1B2C3D`` for New York, ``1A2B3C4`` for New Jersey, ...), a serial that, as far as we
know, no state or province issues. They mix characters that readers confuse.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data_connectors.simulate.catalog import HOURS
from data_connectors.simulate.clock import DAY, draw, sample_seconds, weekday
from data_connectors.simulate.county import County
from data_connectors.simulate.incidents import Span
from data_connectors.simulate.roads import VARIANTS, draw_of_junctions, routes

PATTERNS = {
    "NY": "LDLDLDL", "CT": "DLDLDL", "NJ": "DLDLDLD", "PA": "LDLDLD", "MA": "DLDLDL", "VT": "LDLDL", "FL": "LDLDLD",
    "OH": "LDLDLDL",
}  # fmt: skip
_RESIDENT = {"NY": 0.95, "CT": 0.02, "NJ": 0.01, "PA": 0.01, "FL": 0.01}
_PASSING = {"NY": 0.52, "CT": 0.17, "NJ": 0.12, "PA": 0.07, "MA": 0.06, "VT": 0.03, "FL": 0.02, "OH": 0.01}
_MAKES = (
    ("Toyota", "Camry", "sedan"), ("Toyota", "RAV4", "suv"), ("Honda", "Civic", "sedan"), ("Honda", "CR-V", "suv"),
    ("Ford", "F-150", "pickup"), ("Ford", "Explorer", "suv"), ("Chevrolet", "Silverado", "pickup"), ("Chevrolet",
    "Equinox", "suv"),
    ("Nissan", "Rogue", "suv"), ("Hyundai", "Elantra", "sedan"), ("Kia", "Sportage", "suv"), ("Subaru", "Outback",
    "wagon"),
    ("Jeep", "Cherokee", "suv"), ("Volkswagen", "Jetta", "sedan"), ("BMW", "328i", "sedan"), ("Tesla", "Model 3",
    "sedan"),
)  # fmt: skip
_TRUCKS = (("Freightliner", "Cascadia", "truck"), ("Ford", "Transit", "van"), ("Mercedes-Benz", "Sprinter", "van"))
_COLORS = ("white", "black", "gray", "silver", "blue", "red", "green", "brown")

# Vehicles in the county at `traffic` 1, which gives about 8,000 reads a day.
COMMUTERS, RESIDENTS, DELIVERIES, PASSING_A_DAY = 1100, 1500, 30, 1500


@dataclass(frozen=True)
class Journeys:
    """One row a journey: who, between which junctions (index), when (local seconds), how.

    `pace` divides the free-flow speed; `variant` is which of the two routes the driver takes.
    """

    vehicle: np.ndarray
    start: np.ndarray
    end: np.ndarray
    depart_at: np.ndarray
    pace: np.ndarray
    variant: np.ndarray

    @staticmethod
    def joined(parts: list[Journeys]) -> Journeys:
        """Several sets of journeys as one."""
        names = Journeys.__dataclass_fields__
        return Journeys(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))


def make_vehicles(rng: np.random.Generator, number: int, *, kind: str, passing: bool = False) -> pd.DataFrame:
    """Vehicles with invented plates: plate, region, make, model, color, body, kind.

    Plates may repeat; see `unique_plates`.

    Examples
    --------
    >>> bool(make_vehicles(np.random.default_rng(1), 3, kind="commuter")["plate"].str.fullmatch("[A-Z0-9]{5,7}").all())
    True
    """
    mix = _PASSING if passing else _RESIDENT
    region = np.array(list(mix))[draw(rng, number, np.array(list(mix.values())))]
    models = _TRUCKS if kind == "delivery" else _MAKES
    model = rng.integers(0, len(models), number)
    make, name, body = (np.array([m[k] for m in models])[model] for k in range(3))
    color = np.array(_COLORS)[draw(rng, number, np.arange(len(_COLORS), 0, -1.0))]
    return pd.DataFrame({
        "plate": invented_plates(rng, region), "region": region, "make": make, "model": name, "color": color,
        "body": body,
        "kind": kind,
    })  # fmt: skip


def invented_plates(rng: np.random.Generator, region: np.ndarray) -> np.ndarray:
    """A plate of each region's invented pattern.

    Examples
    --------
    >>> plate = invented_plates(np.random.default_rng(1), np.array(["NY"]))[0]
    >>> plate[0].isalpha() and plate[1].isdigit() and len(plate) == 7
    True
    """
    letters = rng.integers(ord("A"), ord("Z") + 1, (len(region), 7))
    digits = rng.integers(ord("0"), ord("9") + 1, (len(region), 7))
    codes = np.zeros((len(region), 7), np.uint32)
    for state, pattern in PATTERNS.items():
        rows = region == state
        for k, sign in enumerate(pattern):
            codes[rows, k] = (letters if sign == "L" else digits)[rows, k]
    return codes.view("U7").ravel()


def unique_plates(rng: np.random.Generator, vehicles: pd.DataFrame) -> pd.DataFrame:
    """The vehicles with every repeated plate and region drawn again until none repeats.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> twins = pd.concat([make_vehicles(rng, 1, kind="resident")] * 2, ignore_index=True)
    >>> unique_plates(rng, twins)["plate"].nunique()
    2
    """
    while True:
        again = vehicles.duplicated(["plate", "region"]).to_numpy()
        if not again.any():
            return vehicles
        vehicles.loc[again, "plate"] = invented_plates(rng, vehicles.loc[again, "region"].to_numpy(str))


def everyday_traffic(county: County, *, seed: int, span: Span, traffic: float) -> tuple[pd.DataFrame, Journeys]:
    """Vehicles and the journeys they make on the days of `span`: commuters, residents' errands, deliveries, passers-by.

    Parameters
    ----------
    traffic : float
        Multiple of the default number of vehicles (1 gives about 8,000 reads a day).

    Examples
    --------
    >>> from data_connectors.simulate.county import build_county
    >>> vehicles, journeys = everyday_traffic(build_county(), seed=1, span=Span(20000, 20002), traffic=0.1)
    >>> bool(len(vehicles) == journeys.vehicle.max() + 1)
    True
    """
    rng = np.random.default_rng([seed, 20])
    draws = draw_of_junctions(county)
    fleets, trips, start = [], [], 0
    for kind, number, plan in (
        ("commuter", int(COMMUTERS * traffic), _commutes),
        ("resident", int(RESIDENTS * traffic), _errands),
        ("delivery", max(2, int(DELIVERIES * traffic)), _rounds),
        ("passing", int(PASSING_A_DAY * traffic * len(span.days)), _passing),
    ):
        fleets.append(make_vehicles(rng, number, kind=kind, passing=kind == "passing"))
        trips.append(plan(rng, np.arange(start, start + number), span, *draws))
        start += number
    return unique_plates(rng, pd.concat(fleets, ignore_index=True)), Journeys.joined(trips)


def journeys_of(
    rng: np.random.Generator,
    vehicle: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    depart_at: np.ndarray,
    *,
    variant: np.ndarray | None = None,
) -> Journeys:
    """Journeys at an ordinary pace, slower in rush hours; each vehicle keeps to one variant unless given.

    Examples
    --------
    >>> one = np.array([1])
    >>> journeys_of(np.random.default_rng(1), one, one, one + 1, one * 86400).variant.tolist()
    [1]
    """
    hour = depart_at % DAY / 3600
    rush = 1 + 0.35 * np.exp(-(((hour - 8) / 1.2) ** 2)) + 0.3 * np.exp(-(((hour - 17.2) / 1.5) ** 2))
    pace = rush * np.exp(rng.normal(0.06, 0.09, len(vehicle)))
    liking = vehicle % VARIANTS if variant is None else variant
    return Journeys(
        vehicle.astype(np.int64),
        start.astype(np.int64),
        end.astype(np.int64),
        depart_at.astype(np.int64),
        pace,
        liking.astype(np.int64),
    )


def habits(
    rng: np.random.Generator, number: int, homes: np.ndarray, goals: np.ndarray, gates: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Home and work junctions, and usual seconds of the day of leaving home and work.

    Examples
    --------
    >>> weight = np.ones(5)
    >>> home, work, leaves, returns = habits(np.random.default_rng(1), 4, weight, weight, weight * 0)
    >>> bool((home != work).all() and (leaves < returns).all())
    True
    """
    home = draw(rng, number, homes)
    work = draw(rng, number, goals + gates * goals.sum() / max(gates.sum(), 1e-9) * 0.6)
    work = np.where(work == home, (work + 1) % len(homes), work)
    leaves = np.clip(rng.normal(7.5, 0.8, number), 4.5, 11) * 3600
    returns = np.clip(rng.normal(17.0, 1.0, number), 13, 21) * 3600
    return home, work, leaves, returns


def commutes_of(rng: np.random.Generator, vehicle: np.ndarray, span: Span, habit: tuple[np.ndarray, ...]) -> Journeys:
    """To work and back on weekdays (nine of ten), a few minutes around each vehicle's usual times.

    Examples
    --------
    >>> rng, one = np.random.default_rng(1), np.array([0])
    >>> habit = (one, one + 1, one + 7 * 3600.0, one + 17 * 3600.0)
    >>> len(commutes_of(rng, one, Span(20000, 20007), habit).vehicle) <= 10
    True
    """
    home, work, leaves, returns = habit
    workdays = span.days[weekday(span.days) < 5]
    which, day = (a.ravel() for a in np.meshgrid(np.arange(len(vehicle)), workdays, indexing="ij"))
    goes = rng.random(len(which)) < 0.9
    which, day = which[goes], day[goes]
    out = day * DAY + leaves[which] + rng.normal(0, 360, len(which))
    back = day * DAY + returns[which] + rng.normal(0, 900, len(which))
    return Journeys.joined([
        journeys_of(rng, vehicle[which], home[which], work[which], out),
        journeys_of(rng, vehicle[which], work[which], home[which], back),
    ])  # fmt: skip


def _commutes(
    rng: np.random.Generator, vehicle: np.ndarray, span: Span, homes: np.ndarray, goals: np.ndarray, gates: np.ndarray
) -> Journeys:
    return commutes_of(rng, vehicle, span, habits(rng, len(vehicle), homes, goals, gates))


def _errands(
    rng: np.random.Generator, vehicle: np.ndarray, span: Span, homes: np.ndarray, goals: np.ndarray, gates: np.ndarray
) -> Journeys:
    """Half an errand a day: out and, after a stay, back."""
    n = rng.poisson(0.5 * len(vehicle) * len(span.days))
    home = draw(rng, len(vehicle), homes)
    which, goal = rng.integers(0, len(vehicle), n), draw(rng, n, goals + gates * goals.sum() / gates.sum() * 0.15)
    out = rng.choice(span.days, n) * DAY + sample_seconds(rng, n, HOURS["day"])
    back = out + rng.uniform(0.4, 4, n) * 3600 + routes().duration_s[0, home[which], goal]
    there = journeys_of(rng, vehicle[which], home[which], goal, out)
    return Journeys.joined([there, journeys_of(rng, vehicle[which], goal, home[which], back)])


def _rounds(
    rng: np.random.Generator, vehicle: np.ndarray, span: Span, homes: np.ndarray, goals: np.ndarray, gates: np.ndarray
) -> Journeys:
    """Deliveries: eight legs each workday, one after another; they pass everybody, and travel with nobody."""
    workdays, legs = span.days[weekday(span.days) < 6], 8
    stops = draw(rng, len(vehicle) * len(workdays) * (legs + 1), goals).reshape(len(vehicle), len(workdays), legs + 1)
    starts = np.arange(legs) * 3600 + 8 * 3600 + rng.uniform(-1200, 1200, (len(vehicle), len(workdays), legs))
    depart = workdays[None, :, None] * DAY + starts
    who = np.broadcast_to(vehicle[:, None, None], depart.shape)
    return journeys_of(rng, who.ravel(), stops[..., :-1].ravel(), stops[..., 1:].ravel(), depart.ravel())


def _passing(
    rng: np.random.Generator, vehicle: np.ndarray, span: Span, homes: np.ndarray, goals: np.ndarray, gates: np.ndarray
) -> Journeys:
    """Seen once: through the county, or in and, the same day, out again."""
    n = len(vehicle)
    start, end = draw(rng, n, gates), np.where(rng.random(n) < 0.6, draw(rng, n, gates), draw(rng, n, goals))
    depart = rng.choice(span.days, n) * DAY + sample_seconds(rng, n, HOURS["evening"])
    out = journeys_of(rng, vehicle, start, end, depart)
    returns = rng.random(n) < 0.35
    back = depart[returns] + rng.uniform(1, 6, returns.sum()) * 3600
    return Journeys.joined([out, journeys_of(rng, vehicle[returns], end[returns], start[returns], back)])


def passages(journeys: Journeys) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every reader passed: which journey, which reader, when (local seconds).

    Examples
    --------
    >>> from data_connectors.simulate.roads import routes
    >>> names = routes().junctions
    >>> one, start, end = (np.array([k]) for k in (0, names.index("Hyde Park"), names.index("Staatsburg")))
    >>> trip = journeys_of(np.random.default_rng(1), one, start, end, one)
    >>> len(passages(trip)[1])
    1
    """
    table = routes()
    leg = (journeys.variant, journeys.start, journeys.end)
    number, first = table.number[leg], table.first[leg]
    journey = np.repeat(np.arange(len(number)), number)
    at = np.arange(len(journey)) - np.repeat(np.cumsum(number) - number, number) + first[journey]
    when = journeys.depart_at[journey] + table.seconds[at] * journeys.pace[journey]
    return journey, table.reader[at], when.astype(np.int64)
