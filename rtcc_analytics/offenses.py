"""Offense codes in words, in groups, and as an analyst types them.

Codes are those of the National Incident-Based Reporting System (NIBRS), FBI, *NIBRS User Manual*.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Literal

from data_connectors.errors import RtccError
from data_connectors.nibrs import GROUP_B, NIBRS_NAMES, PERSON, PROPERTY, SOCIETY

UNKNOWN = "unknown"


class OffenseError(RtccError):
    """An offense nobody knows; the message names the nearest."""


LARCENY: tuple[str, ...] = tuple(f"23{letter}" for letter in "ABCDEFGH")
SEX_OFFENSES: tuple[str, ...] = ("11A", "11B", "11C", "11D", "36A", "36B", "64A", "90H", "370")
INDEX_VIOLENT: tuple[str, ...] = ("09A", "11A", "11B", "11C", "120", "13A")
INDEX_PROPERTY: tuple[str, ...] = ("220", *LARCENY, "240", "200")

INDEX_GROUPS: dict[str, tuple[str, ...]] = {
    "Murder": ("09A",),
    "Rape": ("11A", "11B", "11C"),
    "Robbery": ("120",),
    "Aggravated assault": ("13A",),
    "Burglary": ("220",),
    "Larceny": LARCENY,
    "Motor vehicle theft": ("240",),
    "Arson": ("200",),
}
"""The eight index (Part I) crimes in NIBRS codes, in the order a briefing lists them."""

SENSITIVE: frozenset[str] = frozenset({*SEX_OFFENSES, "64B", "90F"})
"""Offenses whose exact place points at a victim: coarsened in anything that leaves the store."""

ALIASES: dict[str, tuple[str, ...]] = {
    "homicide": ("09A",),
    "murder": ("09A",),
    "manslaughter": ("09A", "09B"),
    "rape": ("11A", "11B", "11C"),
    "sex offenses": SEX_OFFENSES,
    "robbery": ("120",),
    "assault": ("13A", "13B"),
    "aggravated assault": ("13A",),
    "simple assault": ("13B",),
    "burglary": ("220",),
    "break-in": ("220",),
    "theft": LARCENY,
    "larceny": LARCENY,
    "shoplifting": ("23C",),
    "theft from vehicle": ("23F",),
    "theft from auto": ("23F",),
    "car break-in": ("23F",),
    "theft of vehicle parts": ("23G",),
    "catalytic converter theft": ("23G",),
    "vehicle theft": ("240",),
    "auto theft": ("240",),
    "car theft": ("240",),
    "stolen vehicle": ("240",),
    "arson": ("200",),
    "vandalism": ("290",),
    "criminal mischief": ("290",),
    "drugs": ("35A", "35B"),
    "weapons": ("520",),
    "fraud": ("26A", "26B", "26C", "26D", "26E", "26F", "26G"),
    "identity theft": ("26F",),
    "trespass": ("90J",),
    "dwi": ("90D",),
    "dui": ("90D",),
    "index violent": INDEX_VIOLENT,
    "violent": INDEX_VIOLENT,
    "index property": INDEX_PROPERTY,
    "property": INDEX_PROPERTY,
    "index": INDEX_VIOLENT + INDEX_PROPERTY,
}
"""What an analyst types, to NIBRS codes."""

CrimeAgainst = Literal["person", "property", "society", "group b", "unknown"]


def offense_name(code: str) -> str:
    """A code in words; a code nobody knows is given back as it is.

    Examples
    --------
    >>> offense_name("23F")
    'Theft from motor vehicle'
    """
    return NIBRS_NAMES.get(code, code)


def offense_codes(offense: str | Sequence[str]) -> tuple[str, ...]:
    """NIBRS codes from codes, names or everyday words, in any case.

    Raises
    ------
    OffenseError
        For a word nobody knows, naming the nearest that are known.

    Examples
    --------
    >>> offense_codes("Vehicle theft"), offense_codes(["burglary", "23f"])
    (('240',), ('220', '23F'))
    """
    words = [offense] if isinstance(offense, str) else list(offense)
    return tuple(dict.fromkeys(code for word in words for code in _codes_of(word)))


def crime_against(code: str) -> CrimeAgainst:
    """Whom or what an offense is against, as NIBRS groups them.

    Examples
    --------
    >>> crime_against("120"), crime_against("13A"), crime_against("35A")
    ('property', 'person', 'society')
    """
    groups = (("person", PERSON), ("property", PROPERTY), ("society", SOCIETY), ("group b", GROUP_B))
    return next((name for name, codes in groups if code in codes), "unknown")


def is_sensitive(code: str, *, domestic: bool | None = None) -> bool:
    """Whether the exact place must not leave the store: a sex offense, or a domestic relation.

    Examples
    --------
    >>> is_sensitive("11A"), is_sensitive("13B", domestic=True), is_sensitive("13B")
    (True, True, False)
    """
    return code in SENSITIVE or bool(domestic)


def _codes_of(word: str) -> tuple[str, ...]:
    plain = " ".join(word.lower().replace("_", " ").split())
    by_name = {name.lower(): (code,) for code, name in NIBRS_NAMES.items()}
    known = {**by_name, **{code.lower(): (code,) for code in NIBRS_NAMES}, **ALIASES}
    if plain in known:
        return known[plain]
    near = difflib.get_close_matches(plain, known, n=3, cutoff=0.5)
    advice = f"did you mean {' or '.join(repr(n) for n in near)}?" if near else "use a NIBRS code such as '220'"
    raise OffenseError(f"unknown offense {word!r}; {advice}")
