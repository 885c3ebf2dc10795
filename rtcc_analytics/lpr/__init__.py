"""Plate reads: the searches an investigator makes, each with what chance alone would have given.

Every function takes what `Store.sightings(purpose)` hands out, so that no search is made without a purpose and each
is a row in the audit ledger. Every result is a `Leads` and says "lead only, not probable cause".
"""

from __future__ import annotations

from rtcc_analytics.lpr.companions import travels_with
from rtcc_analytics.lpr.confusion import misreading_cost
from rtcc_analytics.lpr.history import history, search_similar
from rtcc_analytics.lpr.hotlists import hotlist_hygiene, hotlist_matches
from rtcc_analytics.lpr.leads import COVERAGE, LEAD_ONLY, Leads, LprError
from rtcc_analytics.lpr.period import Period, period_of
from rtcc_analytics.lpr.places import Place, at_places, places_of

__all__ = [
    "COVERAGE",
    "LEAD_ONLY",
    "Leads",
    "LprError",
    "Period",
    "Place",
    "at_places",
    "history",
    "hotlist_hygiene",
    "hotlist_matches",
    "misreading_cost",
    "period_of",
    "places_of",
    "search_similar",
    "travels_with",
]
