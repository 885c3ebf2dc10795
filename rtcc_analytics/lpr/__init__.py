"""Plate reads: the searches an investigator makes, each with what chance alone would have given.

Every function takes what `Store.sightings(purpose)` hands out, so that no search is made without a purpose and each
is a row in the audit ledger. Every result is a `Leads` and says "lead only, not probable cause".
"""

from __future__ import annotations

from rtcc_analytics.lpr.companions import convoys, travels_with
from rtcc_analytics.lpr.confusion import misreading_cost
from rtcc_analytics.lpr.hotlists import hotlist_hygiene, hotlist_matches
from rtcc_analytics.lpr.leads import COVERAGE, LEAD_ONLY, Leads, LprError
from rtcc_analytics.lpr.life import pattern_of_life
from rtcc_analytics.lpr.period import Period, period_of
from rtcc_analytics.lpr.places import Place, at_places, places_of
from rtcc_analytics.lpr.readers import ReaderPerformance, reader_performance
from rtcc_analytics.lpr.search import history, search_similar
from rtcc_analytics.lpr.travel import impossible_travel, origin_destination

__all__ = [
    "COVERAGE",
    "LEAD_ONLY",
    "Leads",
    "LprError",
    "Period",
    "Place",
    "ReaderPerformance",
    "at_places",
    "convoys",
    "history",
    "hotlist_hygiene",
    "hotlist_matches",
    "impossible_travel",
    "misreading_cost",
    "origin_destination",
    "pattern_of_life",
    "period_of",
    "places_of",
    "reader_performance",
    "search_similar",
    "travels_with",
]
