"""The store's totals beside the counts a state or federal body published."""

from __future__ import annotations

import re

import pandas as pd

from rtcc_analytics.offenses import INDEX_GROUPS
from rtcc_analytics.quality.findings import Finding, Unchecked
from rtcc_analytics.quality.scope import Scope

# Summary-reporting categories from NIBRS offense codes. An index counts an incident once,
# under its gravest offense (the hierarchy rule); the store counts every offense, so its
# totals are expected to be equal or a little higher. New York leaves arson out of its index.
INDEX_MEASURES: dict[str, tuple[str, ...]] = {
    name.lower().replace(" ", "_"): codes for name, codes in INDEX_GROUPS.items() if name != "Arson"
}
_VIOLENT = ("murder", "rape", "robbery", "aggravated_assault")
TOTAL_MEASURES: dict[str, tuple[str, ...]] = {
    "violent_total": _VIOLENT,
    "property_total": tuple(m for m in INDEX_MEASURES if m not in _VIOLENT),
    "index_total": tuple(INDEX_MEASURES),
}
DIFFERENCE_THAT_MATTERS = 0.05
EDGE_DAYS = 7

_OWN = """
, dated AS (
  SELECT agency, source, kind, offense_count,
         CASE WHEN reported_at IS NOT NULL AND reported_precision <> 'none'
              THEN reported_at - INTERVAL 12 HOUR ELSE happened_at END AS counted_at
  FROM recs
), spans AS (SELECT agency, min(counted_at) AS first_at, max(counted_at) AS last_at FROM dated GROUP BY agency)
SELECT agency, mode(source) AS source, year(counted_at) AS year, kind,
       sum(offense_count) AS offenses, any_value(first_at) AS first_at, any_value(last_at) AS last_at
FROM dated JOIN spans USING (agency) WHERE counted_at IS NOT NULL GROUP BY agency, year, kind
"""
_PUBLISHED = """
SELECT publisher, county, agency, is_total, year, months_reported, measure, offenses FROM published_counts
WHERE year BETWEEN $first AND $last
"""


def check_published(scope: Scope) -> tuple[list[Finding], list[Unchecked], pd.DataFrame]:
    """Compare yearly totals with `published_counts`, where agency, year and measure meet.

    An agency meets its published name when both are the same after spelling is evened out
    (case, punctuation, "Police Department" and "PD"); a county's own total row is met by an
    agency named like the county. Years count by report date where it is known, and only years
    that the agency's records cover whole are compared.

    Returns
    -------
    findings, unchecked, comparison
        `comparison` has agency, year, measure, own, published, difference, share, months_reported.
    """
    own = own_totals(scope.rows(_OWN))
    if own.empty:
        return [], [], _EMPTY
    published = scope.read(_PUBLISHED, first=int(own["year"].min()), last=int(own["year"].max()))
    compared = beside_published(own, published)
    if compared.empty:
        why = ("no published counts are loaded for these years" if published.empty else
               "no published agency has the name of an agency here, with a year that its records cover whole")
        return [], [Unchecked("published_counts", str(s), why) for s in sorted(own["source"].unique())], _EMPTY
    found = [_differs(str(source), rows) for source, rows in _apart(compared).groupby("source")]
    return found, [], compared.drop(columns="source")


_EMPTY = pd.DataFrame(
    columns=["agency", "year", "measure", "own", "published", "difference", "share", "months_reported", "publisher"])


def own_totals(counts: pd.DataFrame) -> pd.DataFrame:
    """Offenses by agency, whole year and index measure, from counts by agency, year and NIBRS code."""
    code_of = {code: measure for measure, codes in INDEX_MEASURES.items() for code in codes}
    counts = counts.assign(measure=counts["kind"].map(code_of)).dropna(subset=["measure"])
    margin = pd.Timedelta(days=EDGE_DAYS)
    year_start = pd.to_datetime(counts["year"].astype(int).astype(str) + "-01-01")
    year_end = year_start + pd.DateOffset(years=1)
    whole = (counts["first_at"] <= year_start + margin) & (counts["last_at"] >= year_end - margin)
    keys = ["source", "agency", "year"]
    single = counts[whole].groupby([*keys, "measure"], as_index=False)["offenses"].sum()
    totals = [
        single[single["measure"].isin(parts)].groupby(keys, as_index=False)["offenses"].sum().assign(measure=name)
        for name, parts in TOTAL_MEASURES.items()
    ]
    return pd.concat([single, *totals], ignore_index=True)


def beside_published(own: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """The own totals joined to the published ones of the same agency, year and measure."""
    published = published.copy()
    county_total = published["is_total"].astype(bool)
    names = published["agency"].where(~county_total, published["county"].fillna("") + " county")
    published["name"] = names.map(plain_name)
    own = own.assign(name=own["agency"].map(plain_name))
    both = own.merge(published.drop(columns="agency"), on=["name", "year", "measure"], suffixes=("_own", ""))
    both = both.rename(columns={"offenses_own": "own", "offenses": "published"})
    both["difference"] = both["own"] - both["published"]
    both["share"] = both["difference"] / both["published"].where(both["published"] > 0)
    columns = ["source", *_EMPTY.columns]
    return both[columns].sort_values(["agency", "year", "measure"], ignore_index=True)


def plain_name(agency: str) -> str:
    """An agency's name with spelling evened out.

    Examples
    --------
    >>> plain_name("Poughkeepsie City Police Dept."), plain_name("Poughkeepsie City PD")
    ('poughkeepsie city pd', 'poughkeepsie city pd')
    """
    words = re.sub(r"[^a-z0-9 ]", "", str(agency).lower().replace("-", " "))
    words = re.sub(r"\bpolice (department|dept)\b|\bpolice\b", "pd", words)
    words = re.sub(r"\bsheriffs?( office| department| dept)?\b", "sheriff", words)
    return re.sub(r"\s+", " ", words).strip()


def _apart(compared: pd.DataFrame) -> pd.DataFrame:
    """The rows whose difference is over 5 % and over three Poisson standard errors, full years only."""
    full = compared["months_reported"].fillna(12) == 12
    noise = 3 * (compared["published"].clip(lower=1)) ** 0.5
    return compared[full & (compared["share"].abs() > DIFFERENCE_THAT_MATTERS) & (compared["difference"].abs() > noise)]


def _differs(source: str, rows: pd.DataFrame) -> Finding:
    worst = rows.loc[rows["difference"].abs().idxmax()]
    few = bool((rows["difference"] < 0).any())
    return Finding(
        "published_counts", "warning" if few else "note", source,
        f"{len(rows)} yearly total(s) differ from the published ones by more than 5 %; the widest: "
        f"{worst['agency']} {int(worst['year'])} {worst['measure']}, {int(worst['own']):,} here, "
        f"{int(worst['published']):,} published by {worst['publisher']}. An index counts an incident once, under its "
        "gravest offense; the store counts every offense",
        int(worst["own"]), int(worst["published"]), "offenses",
        "more than published can be the hierarchy rule; fewer means missing records or a crosswalk that misses codes: "
        "look at unknown_offenses first",
        rows.drop(columns="source").reset_index(drop=True),
    )
