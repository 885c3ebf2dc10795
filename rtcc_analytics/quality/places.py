"""Checks of where: missing, outside, swapped, far-off, coarse and stacked coordinates."""

from __future__ import annotations

import pandas as pd

from rtcc_analytics.quality.findings import Finding, Severity
from rtcc_analytics.quality.scope import Scope

# A point is suspect where many streets share it (a geocoder's centroid), where its address is
# an institution at which reports are taken, or where one coordinate holds an outsized share.
CENTROID_STREETS = 5
OUTSIZED_SHARE = 0.01
SMALLEST_STACK = 20
_INSTITUTION = r"\b(POLICE|SHERIFF|HEADQUARTERS|HQ|PRECINCT|STATION HOUSE|HOSPITAL|COURT ?HOUSE|JAIL|UNKNOWN|UNK)\b"

_STACKS = r"""
, points AS (
  SELECT source, lon, lat, count(*) AS records FROM recs WHERE lon IS NOT NULL GROUP BY source, lon, lat
), located AS (
  SELECT source, sum(records) AS located, count(*) AS distinct_points FROM points GROUP BY source
), tall AS (
  SELECT * FROM points WHERE records >= $smallest
), addresses AS (
  SELECT source, lon, lat, address, count(*) AS n
  FROM recs JOIN tall USING (source, lon, lat) GROUP BY ALL
), named AS (
  SELECT source, lon, lat, first(address ORDER BY n DESC, address) AS commonest_address,
         count(DISTINCT regexp_replace(
           regexp_replace(upper(address), '^\s*[0-9X-]+\s+(BLOCK\s+(OF\s+)?)?', ''),
           '\s+(APT|UNIT|STE|SUITE|RM|LOT|#).*$', '')) AS streets
  FROM addresses GROUP BY source, lon, lat
)
SELECT tall.*, commonest_address, streets, located, distinct_points, records / located AS share
FROM tall JOIN named USING (source, lon, lat) JOIN located USING (source)
WHERE streets >= $streets OR records >= $outsized * located OR regexp_matches(upper(commonest_address), $institution)
QUALIFY row_number() OVER (PARTITION BY source ORDER BY records DESC, lon, lat) <= 200
ORDER BY source, records DESC
"""

_BOX = """
, box AS (
  SELECT source, quantile_cont(lon, 0.01) AS w, quantile_cont(lon, 0.99) AS e,
         quantile_cont(lat, 0.01) AS s, quantile_cont(lat, 0.99) AS n
  FROM recs WHERE lon IS NOT NULL AND location_quality <> 'outside' GROUP BY source
), checked AS (
  SELECT source, record_id, address, lon, lat,
         lon BETWEEN 2 * w - e - 0.02 AND 2 * e - w + 0.02 AND lat BETWEEN 2 * s - n - 0.02 AND 2 * n - s + 0.02
           AS near,
         lat BETWEEN 2 * w - e - 0.02 AND 2 * e - w + 0.02 AND lon BETWEEN 2 * s - n - 0.02 AND 2 * n - s + 0.02
           AS near_if_swapped
  FROM recs JOIN box USING (source) WHERE lon IS NOT NULL AND location_quality <> 'outside'
)
SELECT source, count(*) AS far, count(*) FILTER (near_if_swapped) AS swapped,
       arg_min(lon, hash(lon, lat)) AS lon, arg_min(lat, hash(lon, lat)) AS lat
FROM checked WHERE NOT near GROUP BY source
"""

_MISSING_BY_KIND = """
SELECT source, kind, count(*) AS rows, count(*) FILTER (lon IS NULL) AS without_coordinates,
       count(*) FILTER (lon IS NULL) / count(*) AS share
FROM recs GROUP BY source, kind HAVING count(*) FILTER (lon IS NULL) > 0
QUALIFY row_number() OVER (PARTITION BY source ORDER BY count(*) FILTER (lon IS NULL) DESC, kind) <= 10
ORDER BY source, without_coordinates DESC, kind
"""


def check_places(scope: Scope, measures: pd.DataFrame) -> list[Finding]:
    """Findings about coordinates, from the measures by source and three aggregate reads."""
    found: list[Finding] = []
    by_kind = scope.rows(_MISSING_BY_KIND) if (measures["share_without_coordinates"] > 0).any() else pd.DataFrame()
    for row in measures.to_dict("records"):
        found += _missing(row, by_kind) + _outside(row) + _swapped(row) + _coarse(row)
    for row in scope.rows(_BOX).to_dict("records"):
        found += _far(row)
    stacks = scope.rows(
        _STACKS, smallest=SMALLEST_STACK, streets=CENTROID_STREETS, outsized=OUTSIZED_SHARE, institution=_INSTITUTION
    )
    for source, points in stacks.groupby("source"):
        found.append(_stacked(str(source), _with_reason(points)))
    return found


def _missing(row: dict, by_kind: pd.DataFrame) -> list[Finding]:
    share = row["share_without_coordinates"]
    if share < 0.005:
        return []
    severity: Severity = "serious" if share > 0.15 else "warning" if share > 0.05 else "note"
    missing = round(share * row["rows"])
    kinds = by_kind[by_kind["source"] == row["source"]]
    top = kinds.iloc[0]
    return [Finding(
        "without_coordinates", severity, row["source"],
        f"{missing:,} of {row['rows']:,} rows ({share:.1%}) have no coordinates; most of them are "
        f"{top['kind']} ({int(top['without_coordinates']):,}, {top['share']:.0%} of that kind)",
        missing, 0, "rows",
        "no map shows these: say the share beside every map, count them in tables, and correct repeated addresses with "
        "rtcc correct-location",
        kinds.drop(columns="source"),
    )]


def _outside(row: dict) -> list[Finding]:
    if not row["outside"]:
        return []
    share = row["outside"] / row["rows"]
    return [Finding(
        "outside_bounds", "warning" if share > 0.01 else "note", row["source"],
        f"{row['outside']:,} of {row['rows']:,} rows ({share:.2%}) lie outside the feed's bounds; kept, not mapped",
        row["outside"], 0, "rows",
        "where they are true, widen `bounds` in the profile; else ask the sender which coordinate system the file "
        "is in",
    )]


def _swapped(row: dict) -> list[Finding]:
    if not row["swapped"]:
        return []
    return [Finding(
        "swapped_coordinates", "warning", row["source"],
        f"{row['swapped']:,} of {row['rows']:,} rows had longitude and latitude exchanged; "
        "they were put right at loading",
        row["swapped"], 0, "rows",
        "tell the sender; look at a few on the map, since a row that is also wrong otherwise can land in the area "
        "by chance",
    )]


def _coarse(row: dict) -> list[Finding]:
    if row["share_coarse"] < 0.5 or row["located"] < 50:
        return []
    return [Finding(
        "coarse_coordinates", "warning", row["source"],
        f"{row['share_coarse']:.0%} of located rows carry 3 decimals or fewer, a raster of about "
        "100 m; chance gives under 1 %",
        row["share_coarse"], 0.01, "share of located rows",
        "use cells of 250 m or more, no street segments and no near-repeat bands under 200 m",
    )]


def _far(row: dict) -> list[Finding]:
    swapped = f"; {row['swapped']:,} would fall inside with longitude and latitude exchanged" if row["swapped"] else ""
    return [Finding(
        "far_from_the_rest", "serious" if row["swapped"] else "warning", row["source"],
        f"{row['far']:,} rows lie more than one whole width of the area away from 98 % of the others, "
        f"e.g. at {row['lon']:.4f}, {row['lat']:.4f}{swapped}",
        row["far"], 0, "rows",
        "give the profile `bounds`, so that loading marks them outside or puts the exchange right; then load again",
    )]


def _with_reason(points: pd.DataFrame) -> pd.DataFrame:
    """The stacked points with why each is suspect, in words."""
    addresses = points["commonest_address"].fillna("").str.upper()
    institution = addresses.str.contains(_INSTITUTION.replace("(", "(?:"), regex=True)
    why = pd.Series("one address holds an outsized share: a true repeat place, or the default", index=points.index)
    why[institution] = "its address is an institution: reports taken there, not events"
    why[points["streets"] >= CENTROID_STREETS] = "many streets on one point: a geocoder's centroid"
    why[(points["lon"] == 0) & (points["lat"] == 0)] = "0, 0: no location"
    return points.assign(why=why)


def _stacked(source: str, points: pd.DataFrame) -> Finding:
    top = points.iloc[0]
    share, located = float(points["share"].sum()), int(top["located"])
    wrong = points[~points["why"].str.startswith("one address")]
    wrong_share = float(wrong["share"].sum())
    severity: Severity = "serious" if wrong_share > 0.05 else "warning" if len(wrong) else "note"
    address = f", {top['commonest_address']}" if top["commonest_address"] else ""
    return Finding(
        "stacked_points", severity, source,
        f"{len(points)} suspect point(s) hold {int(points['records'].sum()):,} of {located:,} located rows "
        f"({share:.1%}); the largest, {int(top['records']):,} rows at {top['lon']:.5f}, {top['lat']:.5f}{address}: "
        f"{top['why']}. An average point holds {located / top['distinct_points']:.1f}",
        int(points["records"].sum()), located / float(top["distinct_points"]) * len(points), "rows",
        "look at each point before any hot-spot map; correct a wrong one with rtcc correct-location, "
        "which reloads keep",
        points[["lon", "lat", "records", "share", "streets", "commonest_address", "why"]].reset_index(drop=True),
    )
