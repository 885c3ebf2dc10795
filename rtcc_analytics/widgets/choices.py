"""What an offense control offers, and which of it a parameter means."""

from __future__ import annotations

from typing import Any

import pandas as pd

from data_connectors.errors import RtccError
from rtcc_analytics.events import Occurrences
from rtcc_analytics.offenses import INDEX_GROUPS, INDEX_PROPERTY, INDEX_VIOLENT, offense_codes, offense_name


def offense_choices(events: Occurrences, wanted: str | None = None) -> tuple[list[tuple[str, Any]], Any]:
    """What the dropdown offers: all, groups that occur, then each code, commonest first.

    Parameters
    ----------
    events : Occurrences
        What there is to choose from.
    wanted : str, optional
        A NIBRS code or an everyday word that is chosen at first; all offenses where left out.

    Returns
    -------
    choices : list of (words, codes)
        An empty tuple of codes for all offenses: a control shows None as no choice at all.
    value : tuple of str
        The codes of `wanted`, which are always among the choices.

    Raises
    ------
    RtccError
        A word nobody knows, or an offense without a record.

    Examples
    --------
    >>> thefts = Occurrences(occurred_from=["2024-01-01"] * 3, timezone="UTC", offense=["23F", "23F", "13B"])
    >>> choices, value = offense_choices(thefts, "assault")
    >>> value, choices[-1][0]
    (('13A', '13B'), 'Assault (1)')
    """
    choices: list[tuple[str, Any]] = [(f"All offenses ({events.size:,})", ())]
    counted = pd.Series(events.offense if events.offense is not None else [], dtype=str).value_counts()

    def held(codes: tuple[str, ...]) -> int:
        return int(counted.reindex(list(codes)).fillna(0).sum())

    groups = {"Index violent": INDEX_VIOLENT, "Index property": INDEX_PROPERTY}
    groups |= {name: codes for name, codes in INDEX_GROUPS.items() if len(codes) > 1}
    choices += [(f"{name}, all codes ({held(codes):,})", codes) for name, codes in groups.items() if held(codes)]
    choices += [(f"{offense_name(code)} · {code} ({n:,})", (code,)) for code, n in counted.items()]
    value = offense_codes(wanted) if wanted else ()
    if value not in [codes for _, codes in choices]:
        if not held(value):
            raise RtccError(f"no record of {wanted!r} ({', '.join(value)}) here to explore")
        choices.append((f"{wanted.capitalize()} ({held(value):,})", value))
    return choices, value
