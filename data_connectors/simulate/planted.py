"""What is planted on top of the background, written down by hand so that it can be looked for.

Places are names of addresses near given coordinates; times count back from `until`, the
day after the last simulated day. Hot-spot rates are per week and hold at any scale up to
1 (above it they grow with it), so that small counties keep their planted truth.
"""

from __future__ import annotations

from typing import NamedTuple


class HotSpot(NamedTuple):
    """A small place with more of some offenses than its surroundings, for a period.

    `from_days` and `to_days` count back from the end (None: the whole span; 0: the end);
    `growth` multiplies the rate linearly from 1 at the start to that at the end.
    """

    hot_spot_id: str
    name: str
    kind: str
    lon: float
    lat: float
    radius_m: float
    offenses: tuple[str, ...]
    per_week: float
    hours: str
    days: str = "flat"
    from_days: int | None = None
    to_days: int = 0
    growth: float = 1.0


HOT_SPOTS = (
    HotSpot("HS01", "Main Street core", "stable", -73.9235, 41.7020, 150, ("13B", "13A", "90C"), 1.6, "night",
    "weekend"),
    HotSpot("HS02", "South Road Mall", "stable", -73.9204, 41.6280, 180, ("23C", "23F"), 3.0, "shops", "shops"),
    HotSpot("HS03", "Poughkeepsie Station garage", "stable", -73.9372, 41.7068, 120, ("23F",), 0.9, "working",
    "weekday"),
    HotSpot("HS04", "Market Street parking deck", "new", -73.9308, 41.7018, 120, ("23F",), 5.0, "day", "weekday", 35),
    HotSpot("HS05", "Beacon Station lot", "cooling", -73.9830, 41.5060, 150, ("23F", "240"), 2.5, "working",
    "weekday", 420, 140),
    HotSpot("HS06", "Hooker Avenue", "stable", -73.9150, 41.6950, 150, ("120", "13A"), 0.5, "night", "weekend"),
    HotSpot("HS07", "Southside homes", "stable", -73.9300, 41.6850, 200, ("220",), 0.5, "overnight"),
    HotSpot("HS08", "Beacon Main Street bars", "stable", -73.9660, 41.5030, 120, ("13B", "90C"), 0.8, "night",
    "weekend"),
    HotSpot("HS09", "Wappingers outbreak", "outbreak", -73.9110, 41.5970, 250, ("290",), 14.0, "overnight",
    "flat", 98, 84),
    HotSpot("HS10", "Route 9 motels", "intensifying", -73.9270, 41.6560, 160, ("13B", "35A"), 0.5, "evening",
    "weekend", 365, 0, 4.0),
    HotSpot("HS11", "County fairgrounds", "seasonal", -73.9070, 41.9400, 300, ("23F", "23H"), 12.0, "day"),
)  # fmt: skip

# The fair: this many days from the last Tuesday of August, every year.
FAIR_DAYS = 6


class Series(NamedTuple):
    """Crimes by the same people: `shape` is one row per crime of days before the end, local hour, lon, lat."""

    series_id: str
    name: str
    offense: str
    premise: str
    method: str
    crimes: tuple[tuple[int, float, float, float], ...]


SERIES = (
    Series("SE01", "Route 9 shop burglaries", "220", "STORE", "REAR DOOR PRIED, REGISTER EMPTIED", (
        (26, 1.7, -73.9215, 41.6335), (24, 2.6, -73.9255, 41.6450), (19, 1.2, -73.9045, 41.6010),
        (17, 3.3, -73.9270, 41.6540),
        (12, 2.1, -73.8935, 41.5290), (10, 1.4, -73.9325, 41.7800), (5, 2.9, -73.9040, 41.5900),
        (3, 2.2, -73.9210, 41.6290),
    )),
    Series("SE02", "East side daytime burglaries", "220", "RESIDENCE", "FRONT DOOR KICKED, JEWELRY", (
        (47, 10.5, -73.9130, 41.7080), (45, 13.2, -73.9120, 41.7060), (41, 11.1, -73.9145, 41.7090),
        (40, 14.0, -73.9110, 41.7100),
        (34, 10.9, -73.9135, 41.7065),
    )),
)  # fmt: skip

# Shares and numbers of records that are spoiled the way exports spoil them.
MESS = {
    "city_headquarters_share": 0.03,
    "city_missing_share": 0.015,
    "city_swapped": 15,
    "city_24_00": 12,
    "city_skipped_hour": 3,
    "county_missing_share": 0.04,
    "state_police_midnight_share": 0.08,
    "state_police_first_of_month_share": 0.03,
    "beacon_taken_back_share": 0.015,
    "beacon_missing_share": 0.02,
}
