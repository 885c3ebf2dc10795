"""Offense codes: complete enough, consistent, and found from what an analyst types."""

from __future__ import annotations

import pytest

from rtcc_analytics.offenses import (
    ALIASES,
    INDEX_GROUPS,
    NIBRS_NAMES,
    SENSITIVE,
    OffenseError,
    crime_against,
    is_sensitive,
    offense_codes,
    offense_name,
)


@pytest.mark.parametrize(("typed", "codes"), [
    ("burglary", ("220",)),
    ("Motor Vehicle Theft", ("240",)),
    ("vehicle theft", ("240",)),
    ("theft_from_vehicle", ("23F",)),
    ("13a", ("13A",)),
    ("unknown", ("unknown",)),
    (["burglary", "220", "robbery"], ("220", "120")),
])
def test_what_an_analyst_types_is_understood(typed: str | list[str], codes: tuple[str, ...]) -> None:
    assert offense_codes(typed) == codes


def test_a_word_nobody_knows_brings_the_nearest() -> None:
    with pytest.raises(OffenseError, match="'burglery'; did you mean 'burglary'"):
        offense_codes("burglery")


def test_groups_and_aliases_use_known_codes_and_every_code_has_one_side() -> None:
    used = {code for codes in (*INDEX_GROUPS.values(), *ALIASES.values(), tuple(SENSITIVE)) for code in codes}
    assert used <= set(NIBRS_NAMES)
    assert all(crime_against(code) != "unknown" for code in NIBRS_NAMES if code != "unknown")
    assert sum(crime_against(code) not in ("group b", "unknown") for code in NIBRS_NAMES) == 71


def test_sex_and_domestic_offenses_are_sensitive() -> None:
    assert all(is_sensitive(code) for code in ("11A", "11B", "11C", "11D", "36A", "36B"))
    assert is_sensitive("13B", domestic=True) and not is_sensitive("220", domestic=None)
    assert offense_name("220") == "Burglary" and offense_name("made up") == "made up"
