"""Crimes of the simulated county: a background, planted hot spots, near repeats and series.

The result is what really happened and when it was told; how each agency writes it down
(blocks, heaped clocks, lost coordinates) is `writing`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from data_connectors.simulate.catalog import (
    ATTEMPTED_SHARE,
    BY_CODE,
    DAYS,
    DOMESTIC_SHARE,
    HOURS,
    LAGS,
    NEAR_REPEAT,
    NEAR_REPEAT_OFFENSES,
    OFFENSES,
    PREMISES,
    RISK_FACTORS,
    SEGMENT_SHAPE,
    STEP_AT_SHARE,
    STEP_OFFENSE,
    STEP_TIMES,
    WEAPONS,
    Offense,
    season,
)
from data_connectors.simulate.clock import DAY, day_number, day_of_year, draw, existing, sample_seconds, weekday
from data_connectors.simulate.county import County, near
from data_connectors.simulate.gazetteer import JURISDICTIONS, MUNICIPALITIES
from data_connectors.simulate.planted import FAIR_DAYS, HOT_SPOTS, SERIES, HotSpot
from data_connectors.simulate.streets import metres


@dataclass(frozen=True)
class Span:
    """The simulated days, as day numbers: from `first` up to, not including, `until`."""

    first: int
    until: int

    @property
    def days(self) -> np.ndarray:
        """Every day number of the span."""
        return np.arange(self.first, self.until)

    @property
    def years(self) -> float:
        """Length in years of 365.25 days."""
        return (self.until - self.first) / 365.25


def simulate_incidents(county: County, *, seed: int, span: Span, scale: float) -> pd.DataFrame:
    """Every crime of the span, whether reported yet or not, in order of report.

    Returns
    -------
    DataFrame
        ``offense`` (NIBRS code), ``address`` (index), ``true_at`` (the instant), ``occurred_from``,
        ``occurred_to``, ``reported_at`` (local seconds), ``ranged``, ``origin`` (background, hot_spot,
        near_repeat, series), ``origin_id``, ``parent`` (row of the crime that begot it, -1), ``attempted``,
        ``domestic``, ``weapon``, ``premise``, ``method``, ``agency``. Row numbers are the index.

    Examples
    --------
    >>> from data_connectors.simulate.county import build_county
    >>> span = Span(day_number("2025-01-01"), day_number("2025-03-01"))
    >>> crimes = simulate_incidents(build_county(), seed=1, span=span, scale=0.1)
    >>> bool((crimes["occurred_from"] <= crimes["true_at"]).all())
    True
    """
    rng = np.random.default_rng([seed, 10])
    weights = _address_weights(rng, county)
    crimes = [_background(rng, offense, weights, span, scale) for offense in OFFENSES]
    parents = pd.concat(crimes, ignore_index=True)
    events = _with_near_repeats(rng, parents, county, span)
    planted = [_hot_spot(rng, spot, county, span, scale) for spot in HOT_SPOTS] + [_series(county, span)]
    events = pd.concat([events, *planted], ignore_index=True)
    events = _with_telling(rng, events)
    events = _with_description(rng, events, county)
    order = np.lexsort((np.arange(len(events)), events["reported_at"]))
    place_of = np.empty(len(order), np.int64)
    place_of[order] = np.arange(len(order))
    events["parent"] = np.where(events["parent"] >= 0, place_of[events["parent"]], -1)
    return events.iloc[order].reset_index(drop=True)


def _address_weights(rng: np.random.Generator, county: County) -> dict[str, np.ndarray]:
    """For each kind of place, how strongly each address draws crimes."""
    at = county.addresses
    violence, goods = (
        np.array([getattr(m, k) for m in MUNICIPALITIES])[at.municipality] for k in ("violence", "property")
    )
    weights = {
        "homes": at.residents * goods,
        "violence": (0.5 * at.residents + 0.5 * at.trade) * violence,
        "cars": (0.7 * at.residents + 0.3 * at.trade) * goods,
        "trade": at.trade * goods,
    }
    for factor in RISK_FACTORS:
        close = near(county, factor.near_kind, factor.within_m, x=at.x, y=at.y)
        weights[factor.place] = weights[factor.place] * np.where(close, factor.times, 1.0)
    for kind in weights:
        spread = rng.gamma(SEGMENT_SHAPE, 1 / SEGMENT_SHAPE, len(county.streets.name))
        weights[kind] = weights[kind] * spread[at.segment]
    shops = np.zeros(len(at.x))
    tree = cKDTree(np.column_stack([at.x, at.y]))
    selling = county.places[county.places["kind"].isin(["retail", "fuel"])]
    _, index = tree.query(selling[["x", "y"]].to_numpy())
    np.add.at(shops, index, np.where(selling["kind"] == "fuel", 0.15, selling["weight"]))
    return weights | {"shops": shops}


def _background(
    rng: np.random.Generator, offense: Offense, weights: dict[str, np.ndarray], span: Span, scale: float
) -> pd.DataFrame:
    """A Poisson number of crimes; day, clock and address independent of one another."""
    share = 1 - NEAR_REPEAT["branching"] if offense.code in NEAR_REPEAT_OFFENSES else 1.0
    days = span.days
    rate = season(offense, day_of_year(days)) * np.asarray(DAYS[offense.days])[weekday(days)]
    rate = rate * (1 + offense.trend) ** ((days - days[0]) / 365.25)
    if offense.code == STEP_OFFENSE:
        rate = rate * np.where(days >= step_day(span), STEP_TIMES, 1.0)
    n = rng.poisson(offense.annual * scale * share * span.years)
    true_at = days[draw(rng, n, rate)] * DAY + sample_seconds(rng, n, HOURS[offense.hours])
    return _events(offense.code, draw(rng, n, weights[offense.place]), true_at, "background", "")


def step_day(span: Span) -> int:
    """Day number from which motor vehicle theft runs at its higher level.

    Examples
    --------
    >>> step_day(Span(0, 100))
    55
    """
    return span.first + int((span.until - span.first) * STEP_AT_SHARE)


def _events(
    offense: str | np.ndarray, address: np.ndarray, true_at: np.ndarray, origin: str, origin_id: str
) -> pd.DataFrame:
    return pd.DataFrame({
        "offense": offense, "address": address, "true_at": true_at.astype(np.int64), "origin": origin,
        "origin_id": origin_id,
        "parent": np.full(len(true_at), -1),
    })  # fmt: skip


def _with_near_repeats(rng: np.random.Generator, parents: pd.DataFrame, county: County, span: Span) -> pd.DataFrame:
    """The crimes and their offspring, generation by generation, until none is born inside the span."""
    tree = cKDTree(np.column_stack([county.addresses.x, county.addresses.y]))
    families, start = [parents], 0
    youngest = parents[parents["offense"].isin(NEAR_REPEAT_OFFENSES)]
    while len(youngest):
        number = rng.poisson(NEAR_REPEAT["branching"], len(youngest))
        parent = youngest.loc[youngest.index.repeat(number)]
        start = sum(len(f) for f in families)
        child = _events(
            parent["offense"].to_numpy(),
            _nearby(rng, parent["address"].to_numpy(), county, tree),
            _soon_after(rng, parent),
            "near_repeat",
            "",
        )
        child["parent"] = parent.index.to_numpy()
        child = child[child["true_at"] < span.until * DAY].reset_index(drop=True)
        child.index = child.index + start
        families.append(child)
        youngest = child
    return pd.concat(families)


def _nearby(rng: np.random.Generator, address: np.ndarray, county: County, tree: cKDTree) -> np.ndarray:
    """The same address, or one near a normally displaced point; outside built-up parts always the same."""
    kernel, at = NEAR_REPEAT, county.addresses
    below = 1 - np.exp(-0.5 * (kernel["longest_m"] / kernel["sigma_m"]) ** 2)
    distance = kernel["sigma_m"] * np.sqrt(-2 * np.log1p(-rng.random(len(address)) * below))
    angle = rng.uniform(0, 2 * np.pi, len(address))
    _, other = tree.query(
        np.column_stack([at.x[address] + distance * np.cos(angle), at.y[address] + distance * np.sin(angle)])
    )
    stays = (rng.random(len(address)) < kernel["same_place_share"]) | ~at.built_up[address]
    return np.where(stays, address, other)


def _soon_after(rng: np.random.Generator, parent: pd.DataFrame) -> np.ndarray:
    """A later instant: truncated exponential in days, then an hour of that offense's rhythm."""
    below = 1 - np.exp(-NEAR_REPEAT["longest_days"] / NEAR_REPEAT["mean_days"])
    gap = -NEAR_REPEAT["mean_days"] * np.log1p(-rng.random(len(parent)) * below)
    day = (parent["true_at"].to_numpy() + gap * DAY) // DAY
    at = day.astype(np.int64) * DAY + sample_seconds(rng, len(parent), HOURS["overnight"])
    return np.where(at <= parent["true_at"], at + DAY, at)


def spot_addresses(county: County, lon: float, lat: float, radius_m: float) -> np.ndarray:
    """Indices of the addresses within a radius of a point, the nearest one where none lies inside.

    Examples
    --------
    >>> from data_connectors.simulate.county import build_county
    >>> len(spot_addresses(build_county(), -73.9235, 41.7020, 150)) > 5
    True
    """
    x, y = metres(lon, lat)
    away = np.hypot(county.addresses.x - x, county.addresses.y - y)
    inside = np.flatnonzero(away <= radius_m)
    return inside if len(inside) else np.array([away.argmin()])


def _hot_spot(rng: np.random.Generator, spot: HotSpot, county: County, span: Span, scale: float) -> pd.DataFrame:
    days = spot_days(spot, span)
    weight = np.asarray(DAYS[spot.days])[weekday(days)]
    weight = weight * (1 + (spot.growth - 1) * np.linspace(0, 1, len(days)))
    n = rng.poisson(spot.per_week / 7 * max(1.0, scale) * weight.sum())
    inside = spot_addresses(county, spot.lon, spot.lat, spot.radius_m)
    inside = inside[draw(rng, n, rng.lognormal(0, 0.8, len(inside)))]
    true_at = days[draw(rng, n, weight)] * DAY + sample_seconds(rng, n, HOURS[spot.hours])
    offense = np.array(spot.offenses)[draw(rng, n, 1 / np.arange(1, len(spot.offenses) + 1))]
    return _events(offense, inside, true_at, "hot_spot", spot.hot_spot_id)


def spot_days(spot: HotSpot, span: Span) -> np.ndarray:
    """Day numbers on which a hot spot is active, inside the span.

    Examples
    --------
    >>> from data_connectors.simulate.planted import HOT_SPOTS
    >>> len(spot_days(HOT_SPOTS[3], Span(0, 400)))
    35
    """
    days = span.days
    if spot.kind == "seasonal":
        date = days.astype("datetime64[D]")
        august = date.astype("datetime64[Y]").astype("datetime64[M]") + 7
        last = (august + 1).astype("datetime64[D]").astype(int) - 1
        opens = last - (weekday(last) - 1) % 7
        return days[(days >= opens) & (days < opens + FAIR_DAYS)]
    start = span.first if spot.from_days is None else max(span.first, span.until - spot.from_days)
    return days[(days >= start) & (days < span.until - spot.to_days)]


def _series(county: County, span: Span) -> pd.DataFrame:
    rows = [
        _events(series.offense, spot_addresses(county, lon, lat, 0),
                np.array([(span.until - days) * DAY + int(hour * 3600)]), "series", series.series_id)
        for series in SERIES for days, hour, lon, lat in series.crimes if span.until - days >= span.first
    ]  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def _with_telling(rng: np.random.Generator, events: pd.DataFrame) -> pd.DataFrame:
    """From-to ranges and report times; minutes are told in fives about half of the time."""
    kind = np.array([BY_CODE[c] for c in events["offense"]])
    share, hours = (np.array([getattr(o, k) for o in OFFENSES])[kind] for k in ("range_share", "range_hours"))
    n, true_at = len(events), events["true_at"].to_numpy()
    ranged = rng.random(n) < share
    length = np.clip(np.exp(rng.normal(np.log(hours), 0.7)), 1, 14 * 24) * 3600
    length = np.where(events["origin"] == "series", 5400, length)
    before = rng.random(n)
    step = np.where(rng.random(n) < 0.5, 300, 60)
    events["true_at"] = true_at = existing(true_at)
    early = ((true_at - before * length) // 900 * 900).astype(np.int64)
    late = (-(-(true_at + (1 - before) * length) // 900) * 900).astype(np.int64)
    events["ranged"] = ranged
    events["occurred_from"] = np.where(ranged, early, true_at // step * step)
    events["occurred_to"] = np.where(ranged, late, events["occurred_from"])
    known = np.maximum(np.where(ranged, late, true_at), true_at)
    events["reported_at"] = -(-(known + _lag_seconds(rng, kind)) // 60) * 60
    for column in ("occurred_from", "occurred_to", "reported_at"):
        events[column] = existing(events[column])
    return events


def _lag_seconds(rng: np.random.Generator, kind: np.ndarray) -> np.ndarray:
    lag = [LAGS[o.lag] for o in OFFENSES]
    quick_share, quick_hours, slow_days, sigma = (np.array([getattr(v, k) for v in lag])[kind] for k in lag[0]._fields)
    quick = rng.exponential(quick_hours) * 3600
    slow = np.minimum(np.exp(rng.normal(np.log(slow_days), sigma)), 400) * DAY
    return np.where(rng.random(len(kind)) < quick_share, quick, slow).astype(np.int64)


def _with_description(rng: np.random.Generator, events: pd.DataFrame, county: County) -> pd.DataFrame:
    offense, n = events["offense"].to_numpy(str), len(events)
    luck = rng.random((4, n))
    events["domestic"] = luck[0] < pd.Series(offense).map(DOMESTIC_SHARE).fillna(0).to_numpy()
    events["attempted"] = luck[1] < pd.Series(offense).map(ATTEMPTED_SHARE).fillna(0).to_numpy()
    places = [PREMISES.get(OFFENSES[BY_CODE[c]].place, ("OTHER",)) for c in offense]
    events["premise"] = [p[int(u * len(p))] for p, u in zip(places, luck[2], strict=True)]
    arms = [WEAPONS.get(c, ("",)) for c in offense]
    events["weapon"] = [w[int(u * len(w))] for w, u in zip(arms, luck[3], strict=True)]
    events["method"] = ""
    for series in SERIES:
        own = events["origin_id"] == series.series_id
        events.loc[own, ["premise", "method"]] = [series.premise, series.method]
    events["agency"] = _agencies(rng, events["address"].to_numpy(), county)
    return events


def _agencies(rng: np.random.Generator, address: np.ndarray, county: County) -> np.ndarray:
    """Who answers: the village's or city's own police, else the town's, the Sheriff or State Police by share."""
    at, luck = county.addresses, rng.random(len(address))
    village = np.append(county.villages.name, "")[at.village[address]]
    town = county.municipalities.name[at.municipality[address]]
    chosen = []
    for place, where, u in zip(village, town, luck, strict=True):
        shares = JURISDICTIONS[place if place in JURISDICTIONS and place else where if where in JURISDICTIONS else ""]
        chosen.append(next(agency for agency, upto in shares if u < upto))
    return np.array(chosen)


def span_of(until: object, years: int) -> Span:
    """From the first of January `years` years before `until`'s own, up to `until`.

    Examples
    --------
    >>> span = span_of("2025-11-24", 4)
    >>> span.first == day_number("2021-01-01")
    True
    """
    last = np.datetime64(until, "D")
    first = (last.astype("datetime64[Y]") - years).astype("datetime64[D]")
    return Span(day_number(first), day_number(last))
