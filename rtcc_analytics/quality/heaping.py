"""How much more stands on one value (midnight, the first of the month) than on its neighbours."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.stats import beta

from data_connectors.errors import RtccError


@dataclass(frozen=True)
class HeapingRatio:
    """Records at a suspicious value beside what its neighbours lead one to expect.

    Attributes
    ----------
    seen : int
        Records at the value.
    expected : float
        Records it would hold at its neighbours' rate.
    ratio, low, high : float
        `seen` / `expected` with its interval; `high` is infinite where the neighbours hold none.
    """

    seen: int
    expected: float
    ratio: float
    low: float
    high: float


def heaping_ratio(
    seen: int, around: int, *, around_slots: float, seen_slots: float = 1.0, level: float = 0.95
) -> HeapingRatio:
    """How heaped a value is: its rate over its neighbours' rate, with an exact interval.

    Both counts are taken as Poisson; given their sum, the count at the value is binomial, and
    Clopper-Pearson limits of its share give limits of the ratio of rates. Crime days are more
    variable than Poisson, so a flag should also ask for a ratio that matters, not only for one
    that is certain.

    Parameters
    ----------
    seen, around : int
        Records at the value and at its neighbours.
    seen_slots, around_slots : float
        How many slots of equal length each count covers (1 midnight against 4 other hours).
    level : float
        Confidence of the interval, 0-1.

    Raises
    ------
    RtccError
        A negative count, slots that are not positive, or a level outside 0-1.

    References
    ----------
    Przyborowski & Wilenski (1940), Homogeneity of results in testing samples from Poisson series.

    Examples
    --------
    >>> r = heaping_ratio(50, 100, around_slots=4)
    >>> r.expected, r.ratio, round(r.low, 2), round(r.high, 2)
    (25.0, 2.0, 1.39, 2.84)
    """
    if seen < 0 or around < 0 or seen_slots <= 0 or around_slots <= 0 or not 0 < level < 1:
        raise RtccError(
            "heaping_ratio wants counts of 0 or more, slots above 0 and a level between 0 and 1; "
            f"got seen={seen}, around={around}, seen_slots={seen_slots}, around_slots={around_slots}, level={level}"
        )
    exposure = around_slots / seen_slots
    tail = (1 - level) / 2
    low_share = float(beta.ppf(tail, seen, around + 1)) if seen else 0.0
    high_share = float(beta.ppf(1 - tail, seen + 1, around)) if around else 1.0
    expected = around / exposure
    ratio = seen / expected if expected else (float("inf") if seen else 1.0)
    high = high_share / (1 - high_share) * exposure if high_share < 1 else float("inf")
    return HeapingRatio(seen, expected, ratio, low_share / (1 - low_share) * exposure, high)
