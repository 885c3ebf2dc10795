"""The simulated county's records as raw files, in the shapes that vendors and agencies export."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd

from data_connectors.simulate.clock import DAY, written
from data_connectors.simulate.county import County
from data_connectors.simulate.gazetteer import BEACON_POLICE, MARK
from data_connectors.simulate.recording import (
    BEACON_FEED,
    CITY_FEED,
    COUNTY_FEED,
    beacon_table,
    city_table,
    county_table,
)

INDEX = {
    "Murder": ("09A",), "Rape": ("11A",), "Robbery": ("120",), "Aggravated Assault": ("13A",), "Burglary": ("220",),
    "Larceny": ("23C", "23D", "23F", "23G", "23H"), "Motor Vehicle Theft": ("240",),
}  # fmt: skip
VIOLENT = ("Murder", "Rape", "Robbery", "Aggravated Assault")
# Published a little lower than recorded, so that a comparison has something to find.
SHORT_AGENCY, SHORT_MEASURE, SHORT_SHARE = "County Sheriff", "Larceny", 0.92


def write_csv(path: Path, table: pd.DataFrame, *, encoding: str = "utf-8", delimiter: str = ",") -> None:
    """Write text columns as CSV with Windows line ends, as exports have them; the same bytes everywhere.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.csv"
    >>> write_csv(path, pd.DataFrame({"a": ["1"], "b": ["x, y"]}))
    >>> path.read_bytes()
    b'a,b\\r\\n1,"x, y"\\r\\n'
    """
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter, lineterminator="\r\n")
        writer.writerow(table.columns)
        writer.writerows(zip(*(table[name].tolist() for name in table.columns), strict=True))


def write_crimes(folder: Path, rows: pd.DataFrame, county: County, *, known_by: int) -> dict[str, list[Path]]:
    """Write each agency's export of the crimes reported before `known_by` (local seconds); the files by feed.

    The city's RMS exports and the county's layer (ArcGIS feature-set JSON) come one file a year of report, Beacon's
    one a month; the city's last but one year is in Windows encoding.

    Examples
    --------
    >>> import tempfile
    >>> from data_connectors.simulate.county import build_county
    >>> from data_connectors.simulate.incidents import Span, simulate_incidents
    >>> from data_connectors.simulate.recording import as_recorded
    >>> county, span = build_county(), Span(20089, 20120)
    >>> rows = as_recorded(simulate_incidents(county, seed=1, span=span, scale=0.2), county, seed=1)
    >>> files = write_crimes(Path(tempfile.mkdtemp()), rows, county, known_by=span.until * DAY)
    >>> [path.name for paths in files.values() for path in paths]
    ['SIMULATED_city_rms_2025.csv', 'SIMULATED_county_incidents_2025.json', 'SIMULATED_beacon_2025-01.csv']
    """
    known = rows[rows["reported_at"] < known_by]
    beacon = beacon_table(known)
    return {
        CITY_FEED: _write_city(folder, city_table(known, county)),
        COUNTY_FEED: _write_county(folder, county_table(known, county)),
        BEACON_FEED: _write_beacon(folder, beacon[beacon["told"] < known_by]),
    }


def _write_city(folder: Path, table: pd.DataFrame) -> list[Path]:
    year, paths = table["Call Date"].str[6:], []
    years = sorted(year.unique())
    for one in years:
        paths.append(folder / f"{MARK}_city_rms_{one}.csv")
        legacy = len(years) > 1 and one == years[-2]
        write_csv(paths[-1], table[year == one], encoding="cp1252" if legacy else "utf-8")
    return paths


def _write_county(folder: Path, table: pd.DataFrame) -> list[Path]:
    year, paths = written(table["reported"].to_numpy() // 1000, "iso").astype("U4"), []
    for one in np.unique(year):
        paths.append(folder / f"{MARK}_county_incidents_{one}.json")
        _write_features(paths[-1], table[year == one])
    return paths


def _write_beacon(folder: Path, table: pd.DataFrame) -> list[Path]:
    paths = []
    for month, part in table.drop(columns=["told", "row"]).groupby("CodedMonth", sort=True):
        paths.append(folder / f"{MARK}_beacon_{month}.csv")
        write_csv(paths[-1], part)
    return paths


def _write_features(path: Path, table: pd.DataFrame) -> None:
    names = [c for c in table.columns if c not in ("x", "y")]
    kinds = {"OBJECTID": "OID", "attempted": "Integer", "domestic": "Integer"}
    kinds |= dict.fromkeys(("occ_from", "occ_to", "reported"), "Date")
    fields = [{"name": n, "type": f"esriFieldType{kinds.get(n, 'String')}"} for n in names]
    head = {"objectIdFieldName": "OBJECTID", "displayFieldName": MARK, "geometryType": "esriGeometryPoint",
            "spatialReference": {"wkid": 4326, "latestWkid": 4326}, "fields": fields}  # fmt: skip
    columns = [table[n].tolist() for n in names]
    features = []
    for *values, x, y in zip(*columns, table["x"].tolist(), table["y"].tolist(), strict=True):
        attributes = json.dumps(
            dict(zip(names, (v if v != "" else None for v in values), strict=True)), separators=(",", ":")
        )
        geometry = "" if x != x else f',"geometry":{{"x":{x},"y":{y}}}'
        features.append(f'{{"attributes":{attributes}{geometry}}}')
    body = ",\n".join(features)
    text = f'{json.dumps(head, separators=(",", ":"))[:-1]},"features":[\n{body}\n]}}\n'
    path.write_text(text, encoding="utf-8", newline="\n")


def published_table(rows: pd.DataFrame, *, known_by: int) -> pd.DataFrame:
    """Index crimes by agency and finished year of report, as a state publishes them, with a county total.

    Examples
    --------
    >>> burglary = {"agency": "County Sheriff", "offense": "220", "reported_at": 5, "taken_back_at": -1}
    >>> frame = pd.DataFrame([burglary])
    >>> published_table(frame, known_by=366 * DAY)[["Year", "Agency", "Burglary"]].values.tolist()[0]
    ['1970', 'County Sheriff (SIMULATED)', '1']
    """
    measure = {code: name for name, codes in INDEX.items() for code in codes}
    told = rows[["agency", "offense", "reported_at"]].assign(number=1)
    back = rows[(rows["taken_back_at"] >= 0) & (rows["agency"] == BEACON_POLICE)]
    undone = back[["agency", "offense"]].assign(reported_at=back["taken_back_at"], number=-1)
    counted = pd.concat([told, undone], ignore_index=True)
    counted["Year"] = written(counted["reported_at"].to_numpy(), "iso").astype("U4")
    counted["measure"] = counted["offense"].map(measure)
    finished = counted[counted["Year"] < written(np.array([known_by]), "iso")[0][:4]].dropna(subset=["measure"])
    table = finished.pivot_table(
        index=["Year", "agency"], columns="measure", values="number", aggfunc="sum", fill_value=0
    )
    table = table.reindex(columns=list(INDEX), fill_value=0).reset_index()
    last = table["Year"].max()
    short = (table["agency"] == SHORT_AGENCY) & (table["Year"] == last)
    table.loc[short, SHORT_MEASURE] = (table.loc[short, SHORT_MEASURE] * SHORT_SHARE).astype(int)
    total = table.groupby("Year")[list(INDEX)].sum().reset_index().assign(agency="County Total")
    return _published_text(pd.concat([table, total], ignore_index=True))


def _published_text(table: pd.DataFrame) -> pd.DataFrame:
    violent, everything = table[list(VIOLENT)].sum(axis=1), table[list(INDEX)].sum(axis=1)
    whole = table["agency"] == "County Total"
    named = np.where(whole, table["agency"], table["agency"] + f" ({MARK})")
    out = pd.DataFrame({
        "County": f"Dutchess-like ({MARK})", "Agency": named, "Year": table["Year"],
        "Months Reported": np.where(whole, "", "12"),
        "Index Total": everything, "Violent Total": violent, **{m: table[m] for m in VIOLENT},
        "Property Total": everything - violent, **{m: table[m] for m in INDEX if m not in VIOLENT},
        "Region": "Non-New York City",
    })  # fmt: skip
    return out.astype(str).sort_values(["Year", "Agency"], ascending=[False, True], kind="stable")


def write_calls(path: Path, calls: pd.DataFrame, *, known_by: int) -> None:
    """The CAD export: calls received before `known_by` (local seconds).

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "calls.csv"
    >>> write_calls(path, pd.DataFrame({"received": [5, 500], "SysId": ["1", "2"]}), known_by=100)
    >>> path.read_text()
    'SysId\\n1\\n'
    """
    write_csv(path, calls[calls["received"] < known_by].drop(columns=["received"]))


def week_of(local_or_utc: np.ndarray) -> np.ndarray:
    """The Monday that starts each instant's week, as YYYY-MM-DD.

    Examples
    --------
    >>> str(week_of(np.array([0]))[0])
    '1969-12-29'
    """
    day = np.asarray(local_or_utc) // DAY
    return (day - (day + 3) % 7).astype("datetime64[D]").astype(str)
