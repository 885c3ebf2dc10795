"""Which plate would a reader make of another? Costs of misreading, in powers of ten of likelihood.

A cost of 1 means one reading in ten of that kind; costs add, because a reader errs on each character by itself. The
figures are of the size published for plate readers (3 % of plates misread, most of them one confusable character);
they rank candidates, and say nothing of who drove.
"""

from __future__ import annotations

from functools import lru_cache

from rtcc_analytics.lpr.leads import LprError

ALIKE = ("0OQD", "1IL", "8B", "5S", "2Z", "6G")
SOMEWHAT = ("17", "38", "MN", "VY", "EF", "HM", "CG", "PF", "RP", "KX", "VW", "T7", "4A", "UV", "JI", "90")
MOST_SIGNS = 12
ALIKE_COST, SOMEWHAT_COST, OTHER_COST, SWAP_COST, GAP_COST = 1.8, 2.8, 4.0, 2.6, 2.7


def plate_of(text: str) -> str:
    """The plate as stored: upper case, letters A-Z and digits only.

    Raises
    ------
    LprError
        Nothing is left, or more than twelve signs.

    Examples
    --------
    >>> plate_of(" a1b-2c3d ")
    'A1B2C3D'
    """
    kept = "".join(c for c in str(text).upper() if c.isascii() and c.isalnum())
    if not kept:
        raise LprError("the plate has no letter A-Z and no digit: give it as on the vehicle, such as A1B2C3D")
    if len(kept) > MOST_SIGNS:
        raise LprError(f"the plate has {len(kept)} letters and digits; no plate has more than {MOST_SIGNS}")
    return kept


@lru_cache(maxsize=4096)
def _substitution(a: str, b: str) -> float:
    if a == b:
        return 0.0
    if any(a in group and b in group for group in ALIKE):
        return ALIKE_COST
    if any(a in group and b in group for group in SOMEWHAT):
        return SOMEWHAT_COST
    return OTHER_COST


def misreading_cost(true: str, read: str) -> float:
    """How unlikely it is that a reader makes `read` of the plate `true`: minus the power of ten, 0 for itself.

    Substitutions cost by how alike the characters are, neighbours swapped, dropped or added characters a fixed
    amount: the optimal string alignment distance with weights (Damerau 1964).

    Examples
    --------
    >>> misreading_cost("A1B2C3D", "A1B2C3O"), misreading_cost("A1B2C3D", "A1B2C3D")
    (1.8, 0.0)
    >>> misreading_cost("A1B2C3D", "A1B23CD") == SWAP_COST
    True
    """
    rows = [[GAP_COST * j for j in range(len(read) + 1)]]
    for i, a in enumerate(true, 1):
        row = [GAP_COST * i]
        for j, b in enumerate(read, 1):
            best = min(rows[i - 1][j - 1] + _substitution(a, b), rows[i - 1][j] + GAP_COST, row[j - 1] + GAP_COST)
            if i > 1 and j > 1 and a == read[j - 2] and true[i - 2] == b:
                best = min(best, rows[i - 2][j - 2] + (SWAP_COST if a != b else 0.0))
            row.append(best)
        rows.append(row)
    return round(rows[-1][-1], 6)


def one_misreading_apart(plate: str, other: str) -> bool:
    """Whether one may be a misreading of the other: one confusable character, two swapped, one dropped or added.

    Examples
    --------
    >>> one_misreading_apart("A1B2C3D", "A1B2C3Q"), one_misreading_apart("A1B2C3D", "X9Y8Z7W")
    (True, False)
    """
    return plate != other and misreading_cost(plate, other) <= SOMEWHAT_COST
