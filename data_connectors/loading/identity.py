"""What tells the records of a table apart."""

from __future__ import annotations

from data_connectors.profile import Profile
from data_connectors.store import quoted

IDENTIFIERS = ("incident_id", "call_id")


def identity(profile: Profile) -> str:
    """SQL over the table's columns that tells records apart: a hash of the key, or of the whole row without a key.

    A record has no key where all of it is blank, or the source's own number (`IDENTIFIERS`) is: two unnumbered thefts
    are two records.

    Equal keys have equal identities; two keys may share one by chance, so whoever compares looks at the key too.

    Examples
    --------
    >>> profile = Profile.parse('''
    ... title = "P"
    ... table = "places"
    ... source = "s"
    ... columns = {place_id = "ID", name = "N", kind = "K"}
    ... ''')
    >>> identity(profile)
    'CASE WHEN "place_id" IS NULL THEN row_hash ELSE hash("place_id") END'
    """
    keys = [quoted(k) for k in profile.key]
    number = next((quoted(k) for k in profile.key if k in IDENTIFIERS), None)
    missing = f"{number} IS NULL" if number else " AND ".join(f"{key} IS NULL" for key in keys)
    return f"CASE WHEN {missing} THEN row_hash ELSE hash({', '.join(keys)}) END"
