"""How each agency of the simulated county writes its crimes down, with the faults of its system.

City of Poughkeepsie: an RMS export with separate date and time columns and local codes;
some records sit at headquarters, some have no place, a few have latitude and longitude
exchanged, a clock of 24:00, or an hour that daylight saving skipped. The county's shared
layer: an ArcGIS feature table with epoch milliseconds; State Police heaps times at midnight
and dates on the first of the month. City of Beacon: monthly rows without identifiers, to
the block, in state-plane feet, where a later month takes an offense back with a count of -1.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyproj

from data_connectors.simulate.catalog import BY_CODE, OFFENSES
from data_connectors.simulate.clock import DAY, to_utc, written
from data_connectors.simulate.county import County, place_point
from data_connectors.simulate.gazetteer import BEACON_POLICE, CITY_POLICE, MARK, STATE_POLICE
from data_connectors.simulate.planted import MESS
from data_connectors.simulate.streets import degrees

STATE_PLANE_FEET = 2260
CITY_FEED, COUNTY_FEED, BEACON_FEED = "simulated_city_rms", "simulated_county_incidents", "simulated_beacon_monthly"
_INITIALS = {CITY_POLICE: "CP", BEACON_POLICE: "BE", STATE_POLICE: "SP", "County Sheriff": "DC"}


def as_recorded(events: pd.DataFrame, county: County, *, seed: int) -> pd.DataFrame:
    """The crimes as their agencies recorded them.

    Returns
    -------
    DataFrame
        `events` with ``feed``, ``record_id`` (``agency-year-number`` by report), ``text`` (address), ``lon``,
        ``lat`` (NaN where missing), ``stacked``, ``swapped``, ``late_midnight`` (clock written 24:00),
        ``skipped_hour``, ``heaped``, ``taken_back_at`` (local seconds, -1) and the recorded times.

    Examples
    --------
    >>> from data_connectors.simulate.county import build_county
    >>> from data_connectors.simulate.incidents import Span, simulate_incidents
    >>> crimes = simulate_incidents(build_county(), seed=1, span=Span(20000, 20030), scale=0.1)
    >>> as_recorded(crimes, build_county(), seed=1)["record_id"].is_unique
    True
    """
    rng = np.random.default_rng([seed, 11])
    at, rows = county.addresses, events.copy()
    agency, address = rows["agency"].to_numpy(str), rows["address"].to_numpy()
    rows["feed"] = np.select([agency == CITY_POLICE, agency == BEACON_POLICE], [CITY_FEED, BEACON_FEED], COUNTY_FEED)
    rows["record_id"] = _record_ids(rows)
    rows["text"] = at.text[address]
    rows["city"] = county.municipalities.name[at.municipality[address]]
    rows["lon"], rows["lat"] = (v.round(6) for v in degrees(at.x[address], at.y[address]))
    for column in ("stacked", "swapped", "late_midnight", "skipped_hour", "heaped"):
        rows[column] = False
    rows["taken_back_at"] = -1
    _spoil_city(rng, rows, county)
    _spoil_county(rng, rows)
    _spoil_beacon(rng, rows, county)
    return rows


def _record_ids(rows: pd.DataFrame) -> np.ndarray:
    year = written(rows["reported_at"].to_numpy(), "iso").astype("U4")
    number = rows.assign(year=year).groupby(["agency", "year"]).cumcount() + 1
    initials = [
        _INITIALS.get(a) or "".join(w[0] for w in a.removesuffix(" PD").replace(" of ", " ").split())
        for a in rows["agency"]
    ]
    return np.array([f"{i}-{y}-{n:06d}" for i, y, n in zip(initials, year, number, strict=True)])


def _some(rng: np.random.Generator, where: np.ndarray, number: int) -> np.ndarray:
    """Positions of up to `number` rows drawn from those that qualify."""
    found = np.flatnonzero(where)
    return np.sort(rng.choice(found, min(number, len(found)), replace=False))


def _spoil_city(rng: np.random.Generator, rows: pd.DataFrame, county: County) -> None:
    own = ((rows["feed"] == CITY_FEED) & (rows["origin"] != "series")).to_numpy()
    luck = rng.random(len(rows))
    stacked = own & (luck < MESS["city_headquarters_share"])
    lon, lat = degrees(*place_point(county, "HQ01"))
    rows.loc[stacked, ["stacked", "lon", "lat"]] = [True, round(float(lon), 6), round(float(lat), 6)]
    rows.loc[stacked, "text"] = "62 Civic Center Plz"
    lost = own & (luck > 1 - MESS["city_missing_share"])
    rows.loc[lost, ["lon", "lat"]] = np.nan
    usable = own & ~stacked & ~lost
    rows.loc[rows.index[_some(rng, usable, MESS["city_swapped"])], "swapped"] = True
    midnight = usable & (rows["occurred_from"] % DAY < 600).to_numpy() & ~rows["ranged"].to_numpy()
    chosen = rows.index[_some(rng, midnight, MESS["city_24_00"])]
    rows.loc[chosen, "late_midnight"] = True
    for column in ("occurred_from", "occurred_to"):
        rows.loc[chosen, column] = rows.loc[chosen, column] // DAY * DAY
    day = rows["occurred_from"].to_numpy() // DAY
    shift = to_utc((day + 1) * DAY) - to_utc(day * DAY)
    spring = usable & (shift == DAY - 3600) & ~rows["ranged"].to_numpy()
    chosen = rows.index[_some(rng, spring, MESS["city_skipped_hour"])]
    rows.loc[chosen, "skipped_hour"] = True
    for column in ("occurred_from", "occurred_to"):
        rows.loc[chosen, column] = rows.loc[chosen, column] // DAY * DAY + 2 * 3600 + 30 * 60


def _spoil_county(rng: np.random.Generator, rows: pd.DataFrame) -> None:
    own = ((rows["feed"] == COUNTY_FEED) & (rows["origin"] != "series")).to_numpy()
    rows.loc[own & (rng.random(len(rows)) < MESS["county_missing_share"]), ["lon", "lat"]] = np.nan
    luck, troopers = (
        rng.random(len(rows)),
        own & (rows["agency"] == STATE_POLICE).to_numpy() & ~rows["ranged"].to_numpy(),
    )
    start = rows["occurred_from"].to_numpy()
    month = start.astype("datetime64[s]").astype("datetime64[M]").astype("datetime64[s]").astype(np.int64)
    first = MESS["state_police_first_of_month_share"]
    heaped = np.where(luck < first, month, start // DAY * DAY)
    changes = troopers & (luck < first + MESS["state_police_midnight_share"])
    for column in ("occurred_from", "occurred_to"):
        rows.loc[changes, column] = heaped[changes]
    rows.loc[changes, "heaped"] = True


def _spoil_beacon(rng: np.random.Generator, rows: pd.DataFrame, county: County) -> None:
    """To the block: the hundred block as address, the middle of the block as position."""
    own = (rows["feed"] == BEACON_FEED).to_numpy()
    at, address = county.addresses, rows["address"].to_numpy()[own]
    rows.loc[own, "text"] = at.block[address]
    segment = at.segment[address]
    x, y = (np.bincount(at.segment, weights=v, minlength=len(county.streets.name)) for v in (at.x, at.y))
    number = np.bincount(at.segment, minlength=len(county.streets.name))
    lon, lat = degrees(x[segment] / number[segment], y[segment] / number[segment])
    rows.loc[own, "lon"], rows.loc[own, "lat"] = lon.round(6), lat.round(6)
    luck, wait = rng.random(len(rows)), rng.integers(20, 90, len(rows))
    back = own & (luck < MESS["beacon_taken_back_share"])
    rows.loc[back, "taken_back_at"] = rows["reported_at"].to_numpy()[back] + wait[back] * DAY
    rows.loc[own & (luck > 1 - MESS["beacon_missing_share"]), ["lon", "lat"]] = np.nan


def city_table(rows: pd.DataFrame, county: County) -> pd.DataFrame:
    """The city's records in its RMS export's columns, all text; see `writing` for the files.

    Examples
    --------
    >>> from data_connectors.simulate.county import build_county
    >>> from data_connectors.simulate.incidents import Span, simulate_incidents
    >>> crimes = simulate_incidents(build_county(), seed=1, span=Span(20000, 20030), scale=0.1)
    >>> table = city_table(as_recorded(crimes, build_county(), seed=1), build_county())
    >>> table["Agency"].unique().tolist()
    ['City of Poughkeepsie PD (SIMULATED)']
    """
    own = rows[rows["feed"] == CITY_FEED]
    kind = [OFFENSES[BY_CODE[c]] for c in own["offense"]]
    late, ranged = own["late_midnight"].to_numpy(), own["ranged"].to_numpy()
    start = own["occurred_from"].to_numpy() - np.where(late, DAY, 0)
    end = own["occurred_to"].to_numpy()
    lat, lon = (np.where(own["swapped"], own[b], own[a]) for a, b in (("lat", "lon"), ("lon", "lat")))
    beat = np.append(county.beats.name, "")[county.addresses.beat[own["address"]]]
    cafe = np.where(own["premise"] == "RESTAURANT", "CAFÉ / RESTAURANT", own["premise"])
    return pd.DataFrame({
        "Case Number": own["record_id"].to_numpy(), "Agency": f"{CITY_POLICE} ({MARK})",
        "Call Date": written(own["reported_at"].to_numpy(), "date"),
        "Call Time": written(own["reported_at"].to_numpy(), "clock"),
        "From Date": written(start, "date"), "From Time": np.where(late, "24:00", written(start, "clock")),
        "To Date": np.where(ranged, written(end, "date"), ""), "To Time": np.where(ranged, written(end, "clock"), ""),
        "Offense Code": [k.city for k in kind], "Offense Description": [k.words.upper() for k in kind],
        "Attempted": np.where(own["attempted"], "Y", "N"), "Domestic": np.where(own["domestic"], "Y", "N"),
        "Weapon": own["weapon"].to_numpy(), "Premise": cafe, "Method": own["method"].to_numpy(),
        "Address": own["text"].str.upper().to_numpy(), "City": "POUGHKEEPSIE", "Beat": beat,
        "Latitude": _number(lat, 6), "Longitude": _number(lon, 6),
    })  # fmt: skip


def county_table(rows: pd.DataFrame, county: County) -> pd.DataFrame:
    """The county layer's attributes, with ``x`` and ``y`` of the geometry (NaN: none).

    Examples
    --------
    >>> from data_connectors.simulate.county import build_county
    >>> from data_connectors.simulate.incidents import Span, simulate_incidents
    >>> crimes = simulate_incidents(build_county(), seed=1, span=Span(20000, 20030), scale=0.1)
    >>> bool(county_table(as_recorded(crimes, build_county(), seed=1), build_county())["OBJECTID"].is_unique)
    True
    """
    own = rows[rows["feed"] == COUNTY_FEED]
    kind = [OFFENSES[BY_CODE[c]] for c in own["offense"]]
    code = ["LOCAL" if k.code == "unknown" else k.code for k in kind]
    zone = np.append(county.zones.name, "")[county.addresses.zone[own["address"]]]
    return pd.DataFrame({
        "OBJECTID": own.index.to_numpy() + 1, "incident_no": own["record_id"].to_numpy(),
        "agency": [f"{a} ({MARK})" for a in own["agency"]],
        "offense": [f"{c} - {k.words}" for c, k in zip(code, kind, strict=True)],
        "occ_from": to_utc(own["occurred_from"].to_numpy()) * 1000,
        "occ_to": to_utc(own["occurred_to"].to_numpy()) * 1000,
        "reported": to_utc(own["reported_at"].to_numpy()) * 1000, "attempted": own["attempted"].astype(int).to_numpy(),
        "domestic": own["domestic"].astype(int).to_numpy(), "weapon": own["weapon"].to_numpy(),
        "premise": own["premise"].to_numpy(), "method": own["method"].to_numpy(), "address": own["text"].to_numpy(),
        "municipality": own["city"].to_numpy(), "zone": zone, "x": own["lon"].to_numpy(), "y": own["lat"].to_numpy(),
    })  # fmt: skip


def beacon_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Beacon's monthly rows, all text, in order of their month; offenses taken back come again with a Count of -1.

    Examples
    --------
    >>> from data_connectors.simulate.county import build_county
    >>> from data_connectors.simulate.incidents import Span, simulate_incidents
    >>> crimes = simulate_incidents(build_county(), seed=1, span=Span(20000, 20030), scale=1.0)
    >>> set(beacon_table(as_recorded(crimes, build_county(), seed=1))["Count"]) <= {"1", "-1"}
    True
    """
    own = rows[rows["feed"] == BEACON_FEED]
    back = own[own["taken_back_at"] >= 0]
    told = np.concatenate([own["reported_at"], back["taken_back_at"]])
    table = pd.concat([own.assign(count="1"), back.assign(count="-1")], ignore_index=True)
    kind = [OFFENSES[BY_CODE[c]] for c in table["offense"]]
    feet = pyproj.Transformer.from_crs(4326, STATE_PLANE_FEET, always_xy=True)
    x, y = feet.transform(table["lon"].to_numpy(), table["lat"].to_numpy())
    month = written(told, "iso").astype("U7")
    table = pd.DataFrame({
        "Notice": MARK, "CodedMonth": month, "DateOccur": _slashed(table["occurred_from"]),
        "Count": table["count"].to_numpy(),
        "CrimeCode": [k.beacon for k in kind], "Description": [k.words.upper() for k in kind],
        "Block": table["text"].str.upper().to_numpy(), "XCoord": _number(np.where(np.isfinite(x), x, np.nan), 1, "0"),
        "YCoord": _number(np.where(np.isfinite(y), y, np.nan), 1, "0"), "told": told,
        "row": table["record_id"].to_numpy(),
    })  # fmt: skip
    return table.iloc[np.lexsort((table["Count"], table["told"]))].reset_index(drop=True)


def _slashed(local: pd.Series) -> np.ndarray:
    date, clock = written(local.to_numpy(), "date"), written(local.to_numpy(), "clock")
    return np.array([f"{d} {c}" for d, c in zip(date, clock, strict=True)])


def _number(values: np.ndarray, digits: int, missing: str = "") -> list[str]:
    return [missing if np.isnan(v) else f"{v:.{digits}f}" for v in values]
