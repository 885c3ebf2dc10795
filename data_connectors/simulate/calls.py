"""Calls for service: what the crimes set off, and everything else that rings."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data_connectors.simulate.catalog import BY_CODE, HOURS, OFFENSES
from data_connectors.simulate.clock import DAY, draw, sample_seconds, written
from data_connectors.simulate.county import County
from data_connectors.simulate.gazetteer import MARK
from data_connectors.simulate.incidents import Span
from data_connectors.simulate.streets import degrees

CALLS_A_YEAR = 14_000
CALL_DAYS = 365
_OTHER = (
    ("MEDICAL EMERGENCY", "EMS", "1", 26), ("TRAFFIC ACCIDENT", "POLICE", "2", 14), ("BURGLAR ALARM", "POLICE",
    "3", 12),
    ("WELFARE CHECK", "POLICE", "3", 9), ("NOISE COMPLAINT", "POLICE", "4", 7), ("SUSPICIOUS PERSON", "POLICE", "3", 9),
    ("DISPUTE", "POLICE", "2", 8), ("FIRE ALARM", "FIRE", "2", 6), ("STRUCTURE FIRE", "FIRE", "1", 1),
    ("ASSIST PUBLIC", "POLICE", "4", 6),
    ("SHOTS HEARD", "POLICE", "1", 1), ("TRAFFIC HAZARD", "POLICE", "3", 5),
)  # fmt: skip


def simulate_calls(events: pd.DataFrame, county: County, *, seed: int, span: Span, scale: float) -> pd.DataFrame:
    """The last year's calls in a generic CAD export's columns, all text but ``received`` (local seconds), in order.

    Callers are invented and marked; their columns are there to be dropped.

    Examples
    --------
    >>> from data_connectors.simulate.county import build_county
    >>> from data_connectors.simulate.incidents import simulate_incidents
    >>> span = Span(20000, 20030)
    >>> crimes = simulate_incidents(build_county(), seed=1, span=span, scale=0.1)
    >>> calls = simulate_calls(crimes, build_county(), seed=1, span=span, scale=0.1)
    >>> bool(calls["CallerName"].str.contains("SIMULATED").all())
    True
    """
    rng = np.random.default_rng([seed, 12])
    first = max(span.first, span.until - CALL_DAYS)
    told = events[(events["reported_at"] >= first * DAY) & (events["reported_at"] < span.until * DAY)]
    told = told[rng.random(len(told)) < 0.6]
    n = rng.poisson(CALLS_A_YEAR * scale * (span.until - first) / 365)
    which = draw(rng, n, np.array([o[3] for o in _OTHER], float))
    received = np.concatenate(
        [
            told["reported_at"] - rng.integers(60, 900, len(told)),
            rng.integers(first, span.until, n) * DAY + sample_seconds(rng, n, HOURS["evening"]),
        ]
    )
    calls = pd.DataFrame({
        "received": received,
        "type": [OFFENSES[BY_CODE[c]].words.upper() for c in told["offense"]] + [_OTHER[k][0] for k in which],
        "service": ["POLICE"] * len(told) + [_OTHER[k][1] for k in which],
        "priority": rng.choice(["1", "2", "3"], len(told), p=[0.2, 0.5, 0.3]).tolist() + [_OTHER[k][2] for k in which],
        "address": np.concatenate([told["address"], draw(rng, n, county.addresses.residents + county.addresses.trade)]),
        "agency": told["agency"].tolist() + ["County Emergency Communications"] * n,
    })  # fmt: skip
    calls = calls.iloc[np.lexsort((np.arange(len(calls)), calls["received"]))].reset_index(drop=True)
    return _as_exported(rng, calls, county)


def _as_exported(rng: np.random.Generator, calls: pd.DataFrame, county: County) -> pd.DataFrame:
    n, at = len(calls), county.addresses
    address, received = calls["address"].to_numpy(), calls["received"].to_numpy()
    sent = received + rng.exponential(240, n).astype(int) + 20
    there = sent + rng.gamma(3, 150, n).astype(int) + 30
    closed = there + rng.gamma(2, 1500, n).astype(int) + 60
    lost, outcome = rng.random(n) < 0.02, rng.choice(["REPORT", "NO REPORT", "UNFOUNDED", "ARREST"], n)
    lon, lat = degrees(at.x[address], at.y[address])
    number = np.arange(1, n + 1)
    year = written(received, "iso").astype("U4")
    return pd.DataFrame({
        "received": received, "SysId": number.astype(str),
        "IncidentNumber": [f"CAD-{y}-{k:07d}" for y, k in zip(year, number, strict=True)],
        "IncidentType": calls["type"].to_numpy(), "Agency": [f"{a} ({MARK})" for a in calls["agency"]],
        "AgencyType": calls["service"].to_numpy(), "Priority": calls["priority"].to_numpy(),
        "IncidentDate": written(received, "date"),
        "Disposition": np.where(calls["service"] == "POLICE", outcome, "CLEARED"),
        "Location": at.text[address], "Municipality": county.municipalities.name[at.municipality[address]],
        "Latitude": np.where(lost, "", _six(lat)), "Longitude": np.where(lost, "", _six(lon)),
        "CallReceivedTime": _stamp(received), "CallPickupTime": _stamp(received + 6), "DispatchedAt": _stamp(sent),
        "ArrivedAt": np.where(rng.random(n) < 0.05, "", _stamp(there)), "ClosedAt": _stamp(closed),
        "ResponseArea": np.append(county.zones.name, "")[at.zone[address]],
        "CallerName": [f"{MARK} CALLER {k % 9973}" for k in number],
        "CallerPhone": [f"845-555-{k % 100 + 100:04d}" for k in number],
    })  # fmt: skip


def _stamp(local: np.ndarray) -> np.ndarray:
    date = written(local, "date")
    clock = [t[11:] for t in written(local, "iso")]
    return np.array([f"{d} {c}" for d, c in zip(date, clock, strict=True)])


def _six(values: np.ndarray) -> list[str]:
    return [f"{v:.6f}" for v in values]
