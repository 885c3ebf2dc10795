"""Which layout of its profile a file has, what it lacks, and what each absent column has probably become."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from data_connectors.profile import Layout, Profile
from data_connectors.readers import LoadError

_LIKE_ENOUGH = 0.6  # of 1: 'Latitude' and 'LATITUD' have 0.93, 'CaseNo' and 'Case Number' 0.63, 'Beat' and 'Date' 0.5


def choose_layout(profile: Profile, columns: Sequence[str], file: str) -> Layout:
    """The first layout whose columns the file has; `LoadError` names what is missing and what comes near."""
    for layout in profile.layouts:
        if set(layout.when) <= set(columns):
            return layout
    wanted = profile.layouts[0].when
    raise _missing([c for c in wanted if c not in columns], columns, profile, file)


def require_columns(profile: Profile, layout: Layout, columns: Sequence[str], file: str) -> None:
    """`LoadError` where the file lacks a column that the layout reads and the profile does not call optional."""
    made = {profile.unpivot.name, profile.unpivot.value} if profile.unpivot else set()
    known = {*columns, *profile.optional, *profile.drop, *made}
    absent = [c for c in layout.raw_columns if c not in known]
    if absent:
        raise _missing(absent, columns, profile, file)


def _missing(absent: Sequence[str], columns: Sequence[str], profile: Profile, file: str) -> LoadError:
    used = {*profile.drop, *(c for layout in profile.layouts for c in (*layout.when, *layout.raw_columns))}
    near = renamed(absent, [c for c in columns if c not in used])
    hints = ", ".join(f"{c!r}" + (f" (renamed to {near[c]!r}?)" if c in near else "") for c in absent)
    alone = " The file has a single column: is the delimiter right?" if len(columns) == 1 else ""
    return LoadError(
        f"the column {hints} is not in the file, whose columns are: {', '.join(columns)}", file=file, line=1,
        column=absent[0],
        remedy=f"Mend the profile {profile.name!r}: a [[layout]] for the new columns, or `optional`.{alone}",
    )


def renamed(absent: Sequence[str], free: Sequence[str]) -> dict[str, str]:
    """Which column of a file each absent one has probably become: the likest pairs first, no column twice.

    Examples
    --------
    >>> renamed(["Latitude", "CaseNo"], ["LATITUD", "Case Number", "Shape_Area"])
    {'Latitude': 'LATITUD', 'CaseNo': 'Case Number'}
    """
    folded = {c: "".join(filter(str.isalnum, c.casefold())) for c in (*absent, *free)}
    likeness = {
        (lost, column): difflib.SequenceMatcher(None, folded[lost], folded[column]).ratio()
        for lost in absent for column in free
    }
    found: dict[str, str] = {}
    for lost, column in sorted(likeness, key=likeness.__getitem__, reverse=True):
        if likeness[lost, column] >= _LIKE_ENOUGH and lost not in found and column not in found.values():
            found[lost] = column
    return {lost: found[lost] for lost in absent if lost in found}
