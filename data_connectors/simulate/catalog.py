"""What happens in the simulated county, how often, when, and how late it is reported.

The figures are round and invented: of the size that a county of 300,000 people records,
tied to no agency's statistics. They are the planted truth of the background: `truth.json`
repeats them so that methods can be asked whether they find them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Offense(NamedTuple):
    """One NIBRS offense: a year's number county-wide, and its habits.

    `place` picks the address weights, `hours` and `days` the daily and weekly rhythm; the
    season is ``1 + amplitude * cos`` with its top in `peak_month`; `trend` is the yearly
    change as a share; `range_share` of records carry a from-to range of median
    `range_hours`; `lag` names the reporting delay (see `LAGS`). `city` and `beacon` are the
    local codes and words of the two city feeds.
    """

    code: str
    words: str
    annual: float
    place: str
    hours: str
    days: str = "flat"
    amplitude: float = 0.0
    peak_month: int = 7
    trend: float = 0.0
    range_share: float = 0.0
    range_hours: float = 8.0
    lag: str = "scene"
    city: str = ""
    beacon: str = ""


OFFENSES = (
    Offense("09A", "Murder", 5, "violence", "night", lag="scene", city="HOMICIDE", beacon="010000"),
    Offense("11A", "Rape", 70, "homes", "night", "weekend", 0.1, 7, lag="slow", city="SEX-RAPE", beacon="020000"),
    Offense("11D", "Fondling", 60, "homes", "evening", lag="slow", city="SEX-ABUSE", beacon="170000"),
    Offense("120", "Robbery", 110, "violence", "night", "flat", 0.15, 11, -0.03, city="ROBBERY", beacon="030000"),
    Offense("13A", "Aggravated assault", 360, "violence", "night",
    "weekend", 0.25, 7, -0.02, city="ASLT-AGG", beacon="040000"),
    Offense("13B", "Simple assault", 1700, "violence", "evening", "weekend", 0.2, 7, city="ASLT-3", beacon="080000"),
    Offense("13C", "Intimidation", 480, "homes", "evening", lag="property", city="AGG-HARASS", beacon="081000"),
    Offense("220", "Burglary", 430, "homes", "overnight", "weekday", 0.2, 8, -0.06, 0.75, 8.0, "property", "BURG",
    "050000"),
    Offense("23C", "Shoplifting", 1350, "shops", "shops",
    "shops", 0.25, 12, 0.05, city="LARC-SHOPLIFT", beacon="060100"),
    Offense("23D", "Theft from building", 460, "trade", "day", "weekday", 0.05, 9, 0, 0.4, 4.0, "property",
    "LARC-BLDG", "060200"),
    Offense("23F", "Theft from motor vehicle", 820, "cars", "overnight", "flat", 0.3, 8, 0.0, 0.7, 9.0, "property",
            "LARC-FROM VEH", "060300"),
    Offense("23G", "Theft of vehicle parts", 150, "cars", "overnight", "flat", 0.1, 5, 0.0, 0.7, 9.0, "property",
            "LARC-VEH PARTS", "060400"),
    Offense("23H", "All other larceny", 900, "homes", "day", "flat", 0.1, 7, 0, 0.4, 6.0, "property", "LARC-OTHER",
    "060900"),
    Offense("240", "Motor vehicle theft", 200, "cars", "overnight", "flat", 0.15, 9, 0.0, 0.65, 8.0, "property",
            "VEH THEFT", "070000"),
    Offense("200", "Arson", 18, "homes", "overnight", city="ARSON", beacon="090000"),
    Offense("26A", "Fraud", 620, "homes", "day", "weekday", lag="slow", trend=0.08, city="FRAUD", beacon="110000"),
    Offense("26F", "Identity theft", 320, "homes", "day",
    "weekday", lag="slow", trend=0.06, city="ID THEFT", beacon="111000"),
    Offense("250", "Counterfeiting", 90, "trade", "day", lag="property", city="FORGERY", beacon="100000"),
    Offense("280", "Stolen property", 55, "trade", "evening", city="CPSP", beacon="130000"),
    Offense("290", "Vandalism", 1150, "homes", "overnight", "weekend", 0.2, 7, -0.02, 0.5, 8.0, "property",
    "CRIM MISCH",
            "140000"),
    Offense("35A", "Drug violation", 520, "violence", "evening", city="CPCS", beacon="180000"),
    Offense("520", "Weapon law violation", 120, "violence", "night", city="CPW", beacon="150000"),
    Offense("100", "Kidnapping", 9, "homes", "evening", city="UNL IMPRIS", beacon="260100"),
    Offense("90C", "Disorderly conduct", 340, "violence", "night", "weekend", 0.2, 7, city="DISCON", beacon="240000"),
    Offense("90D", "Driving under the influence", 430, "trade", "night", "weekend", city="DWI", beacon="210000"),
    Offense("90F", "Family offense, nonviolent", 160, "homes",
    "evening", lag="property", city="FAM OFF", beacon="200000"),
    Offense("90J", "Trespass", 250, "trade", "evening", city="TRESPASS", beacon="260200"),
    Offense("90Z", "All other offenses", 420, "homes", "flat", lag="property", city="OTHER", beacon="260900"),
    Offense("unknown", "Local code without a NIBRS match", 45, "homes", "flat", city="MISC-99", beacon="999999"),
)  # fmt: skip

BY_CODE = {offense.code: i for i, offense in enumerate(OFFENSES)}


class RiskFactor(NamedTuple):
    """Places of a kind multiply the background rate of some address weights within a distance."""

    place: str
    near_kind: str
    within_m: float
    times: float


RISK_FACTORS = (
    RiskFactor("violence", "bar", 150, 4.0),
    RiskFactor("violence", "transit", 200, 2.0),
    RiskFactor("cars", "transit", 250, 4.0),
    RiskFactor("cars", "parking", 150, 3.0),
    RiskFactor("trade", "retail", 150, 3.0),
    RiskFactor("homes", "school", 150, 1.5),
)


class Lag(NamedTuple):
    """Delay from discovery to report: `quick_share` exponential (mean hours), the rest log-normal (median days)."""

    quick_share: float
    quick_hours: float
    slow_days: float
    slow_sigma: float


LAGS = {
    "scene": Lag(1.0, 0.4, 1.0, 1.0),
    "property": Lag(0.78, 4.0, 3.0, 1.0),
    "slow": Lag(0.35, 10.0, 14.0, 1.1),
}

# Relative intensity by hour of the day, midnight first.
HOURS = {
    "flat": (1,) * 24,
    "day": (1, 0.6, 0.5, 0.4, 0.4, 0.6, 1, 2, 4, 6, 7, 7, 8, 7, 7, 7, 7, 6, 5, 4, 3, 3, 2, 1.5),
    "shops": (0.1, 0, 0, 0, 0, 0, 0.2, 0.6, 1.5, 3, 5, 7, 8, 8, 9, 10, 10, 10, 9, 8, 5, 2, 0.6, 0.2),
    "evening": (4, 3, 2.5, 1.5, 1, 1, 1.5, 2, 3, 3.5, 4, 4, 5, 5, 6, 7, 7, 7.5, 8, 8, 8, 8, 7, 6),
    "night": (8, 8, 7, 4, 2, 1, 1, 1, 1.5, 2, 2, 2.5, 3, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 9),
    "overnight": (8, 8, 9, 9, 7, 4, 2, 1.5, 1.5, 2, 2, 2, 2, 2, 2, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8),
    "working": (0, 0, 0, 0, 0, 0.2, 1, 4, 8, 10, 10, 10, 9, 9, 8, 6, 4, 2, 1, 0.5, 0.2, 0, 0, 0),
}

# Relative intensity by weekday, Monday first.
DAYS = {
    "flat": (1, 1, 1, 1, 1, 1, 1),
    "weekday": (1.1, 1.1, 1.1, 1.1, 1.15, 0.8, 0.7),
    "weekend": (0.85, 0.8, 0.85, 0.9, 1.15, 1.4, 1.25),
    "shops": (0.9, 0.9, 0.95, 1, 1.2, 1.35, 1.0),
}

# A lasting rise of motor vehicle theft, from this share of the simulated span on.
STEP_OFFENSE, STEP_AT_SHARE, STEP_TIMES = "240", 0.55, 1.6

# Near repeats: each such event begets `branching` others, close in place and time.
NEAR_REPEAT_OFFENSES = ("220", "23F", "240")
NEAR_REPEAT = {
    "branching": 0.25, "same_place_share": 0.2, "sigma_m": 110.0, "longest_m": 400.0, "mean_days": 6.0,
    "longest_days": 28.0,
}  # fmt: skip

# Spread of rates between street segments of one kind: mean 1, few carry much.
SEGMENT_SHAPE = 0.45

DOMESTIC_SHARE = {"13A": 0.35, "13B": 0.45, "13C": 0.4, "11A": 0.3, "90F": 0.8, "290": 0.08, "100": 0.6}
ATTEMPTED_SHARE = {"220": 0.08, "240": 0.1, "120": 0.07, "23F": 0.03}
WEAPONS = {
    "120": ("HANDGUN", "KNIFE", "NONE", "NONE"), "13A": ("KNIFE", "BLUNT OBJECT", "HANDGUN", "HANDS"),
    "09A": ("HANDGUN", "KNIFE"), "13B": ("HANDS",), "520": ("HANDGUN", "KNIFE"),
}  # fmt: skip
PREMISES = {
    "homes": ("RESIDENCE", "APARTMENT", "RESIDENCE", "DRIVEWAY"), "violence": ("STREET", "BAR", "APARTMENT",
    "PARKING LOT"),
    "cars": ("DRIVEWAY", "PARKING LOT", "STREET"), "trade": ("STORE", "OFFICE", "RESTAURANT"), "shops": ("STORE",),
}  # fmt: skip


def season(offense: Offense, day_of_year: np.ndarray) -> np.ndarray:
    """Relative rate by day of the year (0 based), mean 1.

    Examples
    --------
    >>> burglary = OFFENSES[BY_CODE["220"]]
    >>> float(season(burglary, np.array([int(7.5 * 30.44)]))[0].round(2))
    1.2
    """
    peak = (offense.peak_month - 0.5) * 30.4375
    return 1 + offense.amplitude * np.cos(2 * np.pi * (day_of_year - peak) / 365.25)
