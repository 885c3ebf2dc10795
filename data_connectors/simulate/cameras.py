"""The camera registry: public cameras, shared private ones, and the plate readers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data_connectors.simulate.clock import DAY, written
from data_connectors.simulate.county import County
from data_connectors.simulate.gazetteer import CITY_POLICE, MARK
from data_connectors.simulate.incidents import Span, spot_addresses
from data_connectors.simulate.planted import HOT_SPOTS
from data_connectors.simulate.roads import plate_readers
from data_connectors.simulate.streets import degrees, metres

# Which places register cameras: kind of place, owner, cameras, access, share of places that take part.
_OWNERS = (
    ("county_site", "public", 4, "live", 1.0), ("parking", "public", 2, "live", 0.75), ("transit", "transit", 2,
    "on_request", 0.8),
    ("retail", "business", 3, "on_request", 0.8), ("bar", "business", 1, "registry_only", 0.5), ("fuel",
    "business", 2, "on_request", 0.6),
    ("school", "school", 2, "on_request", 0.5), ("worship", "worship", 1, "on_request", 0.4),
)  # fmt: skip
_STREET = (
    (-73.9298, 41.7033), (-73.9270, 41.7025), (-73.9240, 41.7020), (-73.9210, 41.7013), (-73.9180, 41.7008),
    (-73.9280, 41.7060),
    (-73.9240, 41.7100), (-73.9330, 41.7040), (-73.9385, 41.7031), (-73.9200, 41.7070), (-73.9260, 41.6980),
    (-73.9310, 41.6950),
    (-73.9690, 41.5035), (-73.9660, 41.5032), (-73.9720, 41.5030), (-73.9110, 41.5970), (-73.8985, 41.5352),
    (-73.9125, 41.9270),
)  # fmt: skip
# Left out on purpose: no camera sees these hot spots.
UNCOVERED_HOT_SPOTS = ("HS06", "HS07")
_RETENTION = {"public": 30, "transit": 30, "business": 14, "school": 21, "worship": 7, "residential": 10}


def camera_registry(county: County, *, seed: int, span: Span) -> pd.DataFrame:
    """The registry's rows, all text; ``UserName`` and ``Password`` are there to be dropped.

    Examples
    --------
    >>> from data_connectors.simulate.county import build_county
    >>> registry = camera_registry(build_county(), seed=1, span=Span(20000, 20030))
    >>> registry["Owner Type"].nunique(), bool(registry["Camera ID"].is_unique)
    (6, True)
    """
    rng = np.random.default_rng([seed, 13])
    rows = []
    for kind, owner, cameras, access, share in _OWNERS:
        for place in county.places[county.places["kind"] == kind].itertuples():
            if rng.random() < share:
                rows += [(place.name, owner, access, place.x, place.y) for _ in range(cameras)]
    for lon, lat in _STREET:
        at = spot_addresses(county, lon, lat, 0)[0]
        rows.append((county.addresses.text[at], "public", "live", county.addresses.x[at], county.addresses.y[at]))
    homes = rng.choice(np.flatnonzero(county.addresses.built_up), 12, replace=False)
    rows += [
        (county.addresses.text[k], "residential", "registry_only", county.addresses.x[k], county.addresses.y[k])
        for k in homes
    ]
    registry = pd.DataFrame(rows, columns=["place", "owner_type", "access", "x", "y"])
    for spot in HOT_SPOTS:
        if spot.hot_spot_id in UNCOVERED_HOT_SPOTS:
            x, y = metres(spot.lon, spot.lat)
            registry = registry[np.hypot(registry["x"] - x, registry["y"] - y) > spot.radius_m + 150]
    return pd.concat([_described(rng, registry, county, span), _readers(span)], ignore_index=True)


def _described(rng: np.random.Generator, cameras: pd.DataFrame, county: County, span: Span) -> pd.DataFrame:
    n = len(cameras)
    lon, lat = degrees(cameras["x"] + rng.normal(0, 12, n), cameras["y"] + rng.normal(0, 12, n))
    place_lost = np.isin(np.arange(n), rng.choice(n, 2, replace=False))
    bearing, aimed = rng.integers(0, 360, n), rng.random(n) < 0.6
    turning = rng.random(n) < 0.2
    offline, lapsed = rng.random(n) < 0.05, rng.random(n) < 0.04
    seen = (span.until * DAY - rng.integers(60, 3600, n)) - offline * rng.integers(3, 60, n) * DAY
    consent = span.until * DAY + np.where(lapsed, -1, 1) * rng.integers(20, 700, n) * DAY
    private = ~cameras["owner_type"].isin(["public", "transit"])
    number = [f"SIM-CAM-{k:04d}" for k in range(1, n + 1)]
    public = (cameras["owner_type"] == "public").to_numpy()
    return pd.DataFrame({
        "Camera ID": number, "Name": [f"{p} camera {k} ({MARK})" for k, p in enumerate(cameras["place"], 1)],
        "Owner": [f"{p} ({MARK})" for p in cameras["place"]], "Owner Type": cameras["owner_type"].to_numpy(),
        "Agency": f"{CITY_POLICE} ({MARK})", "Kind": np.where(turning, "ptz", "fixed"),
        "Latitude": np.where(place_lost, "", [f"{v:.6f}" for v in lat]), "Longitude": np.where(place_lost,
        "", [f"{v:.6f}" for v in lon]),
        "Bearing": np.where(aimed, bearing.astype(str), ""), "FOV": np.where(aimed, np.where(turning, "360", "75"), ""),
        "Range M": np.where(aimed, rng.choice(["30", "45", "60"], n), ""), "Access": cameras["access"].to_numpy(),
        "Consent Expires": np.where(private, written(consent, "date"), ""),
        "Retention Days": [str(_RETENTION[o]) for o in cameras["owner_type"]],
        "VMS": rng.choice(["Milestone", "Genetec", "Avigilon"], n), "Status": np.where(offline, "offline", "online"),
        "Last Seen": written(seen, "iso"), "Installed": written((span.first - rng.integers(10, 900, n)) * DAY, "date"),
        "Grant Award": np.where(public, "SIM-AWARD-0001", ""), "Asset Tag": [f"SIM-A{k:05d}" for k in range(1, n + 1)],
        "UserName": "simulated", "Password": f"{MARK}-not-a-password",
    })  # fmt: skip


def _readers(span: Span) -> pd.DataFrame:
    """The plate readers; the two that have a fault in the reads do not say so here."""
    rows = [{
        "Camera ID": r.reader_id, "Name": f"{r.name} ({MARK})", "Owner": f"{r.agency} ({MARK})", "Owner Type": "public",
        "Agency": f"{r.agency} ({MARK})", "Kind": "lpr", "Latitude": f"{r.lat:.6f}", "Longitude": f"{r.lon:.6f}",
        "Bearing": f"{(r.direction_deg + 180) % 360:.0f}", "FOV": "25", "Range M": "30", "Access": "live",
        "Consent Expires": "",
        "Retention Days": "30", "VMS": "", "Status": "online",
        "Last Seen": str(written(np.array([span.until * DAY - 60]), "iso")[0]),
        "Installed": str(written(np.array([(span.first - 200) * DAY]), "date")[0]), "Grant Award": "SIM-AWARD-0001",
        "Asset Tag": f"SIM-L{k:05d}", "UserName": "simulated", "Password": f"{MARK}-not-a-password",
    } for k, r in enumerate(plate_readers(), 1)]  # fmt: skip
    return pd.DataFrame(rows)
