"""The simulated county's map by hand: outline, towns, settlements, main roads, places.

Rough public geography of a Hudson Valley county like Dutchess, New York, written from
general knowledge and rounded; nothing here is copied from a data set. Coordinates are
WGS84 degrees (lon, lat) good to a few hundred metres, populations are rounded to
hundreds. Everything made from it says SIMULATED.
"""

from __future__ import annotations

from typing import NamedTuple

MARK = "SIMULATED"

# Counter-clockwise from the north-west corner on the Hudson.
OUTLINE = (
    (-73.925, 42.079), (-73.930, 42.030), (-73.945, 41.990), (-73.955, 41.930), (-73.966, 41.870),
    (-73.957, 41.820), (-73.949, 41.780), (-73.946, 41.735), (-73.947, 41.700), (-73.947, 41.660),
    (-73.954, 41.615), (-73.966, 41.570), (-73.986, 41.540), (-73.997, 41.515), (-73.998, 41.490),
    (-73.986, 41.462), (-73.983, 41.441), (-73.952, 41.462), (-73.912, 41.478), (-73.868, 41.494),
    (-73.812, 41.499), (-73.752, 41.504), (-73.690, 41.508), (-73.620, 41.514), (-73.532, 41.522),
    (-73.526, 41.590), (-73.521, 41.665), (-73.513, 41.750), (-73.506, 41.823), (-73.498, 41.900),
    (-73.493, 41.960), (-73.488, 42.048), (-73.520, 42.042), (-73.585, 42.019), (-73.640, 42.001),
    (-73.700, 41.986), (-73.727, 41.979), (-73.765, 42.003), (-73.800, 42.030), (-73.835, 42.049),
    (-73.880, 42.068),
)  # fmt: skip


class Municipality(NamedTuple):
    """A city or town: centre, residents, and how many offenses it draws per resident (county = 1)."""

    name: str
    kind: str
    lon: float
    lat: float
    population: int
    violence: float
    property: float


MUNICIPALITIES = (
    Municipality("Poughkeepsie city", "city", -73.926, 41.700, 31600, 4.2, 2.0),
    Municipality("Beacon city", "city", -73.971, 41.504, 13800, 1.5, 1.2),
    Municipality("Poughkeepsie town", "town", -73.893, 41.684, 45500, 1.1, 2.2),
    Municipality("Hyde Park", "town", -73.900, 41.797, 19800, 0.9, 0.9),
    Municipality("Wappinger", "town", -73.888, 41.593, 28200, 0.6, 0.8),
    Municipality("Fishkill", "town", -73.913, 41.530, 24200, 0.6, 1.1),
    Municipality("East Fishkill", "town", -73.790, 41.555, 29700, 0.4, 0.6),
    Municipality("LaGrange", "town", -73.800, 41.672, 16000, 0.4, 0.6),
    Municipality("Pleasant Valley", "town", -73.815, 41.765, 9800, 0.5, 0.6),
    Municipality("Beekman", "town", -73.695, 41.602, 14200, 0.4, 0.4),
    Municipality("Pawling", "town", -73.595, 41.580, 8000, 0.4, 0.5),
    Municipality("Dover", "town", -73.580, 41.700, 8400, 0.8, 0.6),
    Municipality("Union Vale", "town", -73.690, 41.695, 4600, 0.3, 0.4),
    Municipality("Washington", "town", -73.680, 41.790, 4500, 0.3, 0.5),
    Municipality("Amenia", "town", -73.555, 41.835, 3800, 0.5, 0.5),
    Municipality("North East", "town", -73.540, 41.950, 3000, 0.4, 0.5),
    Municipality("Pine Plains", "town", -73.655, 41.960, 2200, 0.3, 0.4),
    Municipality("Stanford", "town", -73.690, 41.880, 3700, 0.3, 0.4),
    Municipality("Milan", "town", -73.780, 41.975, 2200, 0.3, 0.4),
    Municipality("Clinton", "town", -73.820, 41.870, 4000, 0.3, 0.4),
    Municipality("Rhinebeck", "town", -73.905, 41.920, 7600, 0.3, 0.6),
    Municipality("Red Hook", "town", -73.875, 42.018, 10000, 0.4, 0.6),
)

CITY_RINGS = {
    "Poughkeepsie city": (
        (-73.9465, 41.7280), (-73.9250, 41.7270), (-73.9090, 41.7180), (-73.9040, 41.7040),
        (-73.9060, 41.6890), (-73.9170, 41.6780), (-73.9340, 41.6730), (-73.9465, 41.6760),
    ),
    "Beacon city": (
        (-73.9970, 41.5160), (-73.9860, 41.5270), (-73.9720, 41.5280), (-73.9560, 41.5180),
        (-73.9500, 41.5020), (-73.9570, 41.4890), (-73.9760, 41.4810), (-73.9965, 41.4880),
    ),
}  # fmt: skip


class Settlement(NamedTuple):
    """A built-up core with its own street grid; `village` where it is one by law."""

    name: str
    municipality: str
    lon: float
    lat: float
    radius_m: float
    turn_deg: float
    block_m: float
    village: bool


SETTLEMENTS = (
    Settlement("Poughkeepsie", "Poughkeepsie city", -73.9265, 41.7010, 2900, 8, 150, False),
    Settlement("Beacon", "Beacon city", -73.9720, 41.5040, 2100, 38, 160, False),
    Settlement("Wappingers Falls", "Wappinger", -73.9110, 41.5970, 950, 30, 140, True),
    Settlement("Fishkill village", "Fishkill", -73.8985, 41.5350, 800, 75, 140, True),
    Settlement("Rhinebeck village", "Rhinebeck", -73.9125, 41.9270, 950, 15, 150, True),
    Settlement("Red Hook village", "Red Hook", -73.8755, 41.9950, 800, 5, 150, True),
    Settlement("Tivoli", "Red Hook", -73.9090, 42.0580, 700, 70, 150, True),
    Settlement("Millbrook", "Washington", -73.6940, 41.7850, 850, 50, 150, True),
    Settlement("Millerton", "North East", -73.5110, 41.9530, 650, 10, 140, True),
    Settlement("Pawling village", "Pawling", -73.6020, 41.5640, 900, 20, 150, True),
    Settlement("Arlington", "Poughkeepsie town", -73.8930, 41.6980, 1200, 20, 150, False),
    Settlement("Spackenkill", "Poughkeepsie town", -73.9160, 41.6520, 1500, 5, 190, False),
    Settlement("Fairview", "Poughkeepsie town", -73.9180, 41.7340, 900, 10, 160, False),
    Settlement("Red Oaks Mill", "Poughkeepsie town", -73.8720, 41.6540, 1000, 40, 200, False),
    Settlement("Hyde Park hamlet", "Hyde Park", -73.9310, 41.7880, 950, 12, 170, False),
    Settlement("Staatsburg", "Hyde Park", -73.9270, 41.8500, 500, 0, 150, False),
    Settlement("Myers Corner", "Wappinger", -73.8720, 41.5960, 1200, 60, 210, False),
    Settlement("Brinckerhoff", "Fishkill", -73.8690, 41.5500, 1000, 20, 190, False),
    Settlement("Hopewell Junction", "East Fishkill", -73.8080, 41.5840, 1100, 25, 190, False),
    Settlement("Freedom Plains", "LaGrange", -73.8010, 41.6680, 900, 15, 210, False),
    Settlement("Pleasant Valley hamlet", "Pleasant Valley", -73.8220, 41.7440, 700, 35, 160, False),
    Settlement("Poughquag", "Beekman", -73.6810, 41.6180, 600, 10, 190, False),
    Settlement("Dover Plains", "Dover", -73.5770, 41.7410, 700, 15, 160, False),
    Settlement("Wingdale", "Dover", -73.5680, 41.6480, 500, 10, 180, False),
    Settlement("Amenia hamlet", "Amenia", -73.5560, 41.8490, 600, 5, 150, False),
    Settlement("Pine Plains hamlet", "Pine Plains", -73.6560, 41.9790, 600, 0, 150, False),
)


# Junctions of the main roads; names beginning with GATE lie on the county line.
JUNCTIONS: dict[str, tuple[float, float]] = {
    "GATE Mid-Hudson Bridge": (-73.9462, 41.7033), "Pok bridge foot": (-73.9385, 41.7031),
    "Market and Main": (-73.9298, 41.7033), "Main and Grand": (-73.9105, 41.7000), "Arlington": (-73.8960, 41.7010),
    "Pok Route 9 north": (-73.9360, 41.7225), "Pok Route 9 south": (-73.9385, 41.6830),
    "Church and Hooker": (-73.9120, 41.6935),
    "Fairview": (-73.9150, 41.7340), "Route 9 Spackenkill": (-73.9270, 41.6560), "Route 9 mall": (-73.9200, 41.6280),
    "Wappingers north": (-73.9080, 41.6040), "Wappingers Main": (-73.9165, 41.5965),
    "Route 9 Myers": (-73.9040, 41.5880),
    "Fishkill four corners": (-73.8985, 41.5352), "Fishkill I-84": (-73.8955, 41.5220),
    "GATE Route 9 south": (-73.9020, 41.4850),
    "Hyde Park": (-73.9330, 41.7880), "Staatsburg": (-73.9230, 41.8520), "Rhinebeck": (-73.9125, 41.9270),
    "Route 9 at 9G": (-73.9060, 41.9480), "Red Hook": (-73.8755, 41.9950), "GATE Route 9 north": (-73.8300, 42.0450),
    "East Park": (-73.9020, 41.7930), "Netherwood": (-73.8960, 41.8600), "Annandale": (-73.9020, 42.0120),
    "Tivoli": (-73.8960, 42.0560), "GATE Route 9G north": (-73.8840, 42.0680),
    "Kingston bridge foot": (-73.9200, 41.9760),
    "GATE Kingston-Rhinecliff Bridge": (-73.9475, 41.9790), "GATE Route 9D south": (-73.9740, 41.4520),
    "Beacon Main": (-73.9690, 41.5035), "Beacon I-84": (-73.9740, 41.5200), "Chelsea": (-73.9520, 41.5560),
    "GATE Newburgh-Beacon Bridge": (-73.9950, 41.5205), "Taconic I-84": (-73.7990, 41.5300),
    "GATE I-84 east": (-73.7400, 41.5050),
    "GATE Taconic south": (-73.8220, 41.4985), "Taconic 52": (-73.7930, 41.5480), "Taconic 82": (-73.7760, 41.5880),
    "Taconic 55": (-73.7680, 41.6620), "Taconic 44": (-73.7660, 41.7600), "Taconic Clinton": (-73.7750, 41.8400),
    "Taconic 199": (-73.7600, 41.9640), "GATE Taconic north": (-73.7330, 41.9830),
    "Pleasant Valley": (-73.8220, 41.7440),
    "Millbrook": (-73.6940, 41.7850), "Amenia": (-73.5560, 41.8490), "Millerton": (-73.5110, 41.9530),
    "GATE Route 44 east": (-73.4935, 41.9560), "Manchester Bridge": (-73.8650, 41.6790),
    "Freedom Plains": (-73.8010, 41.6680),
    "Billings": (-73.7540, 41.6670), "Poughquag": (-73.6810, 41.6180), "Pawling": (-73.6000, 41.5680),
    "Wingdale": (-73.5680, 41.6480),
    "GATE Route 55 east": (-73.5220, 41.6550), "GATE Route 22 south": (-73.5920, 41.5165),
    "Dover Plains": (-73.5770, 41.7410),
    "Wassaic": (-73.5620, 41.8010), "GATE Route 22 north": (-73.5200, 42.0410), "Red Oaks Mill": (-73.8720, 41.6540),
    "New Hackensack": (-73.8560, 41.6150), "Hopewell Junction": (-73.8080, 41.5840),
    "Brinckerhoff": (-73.8690, 41.5500),
    "Arthursburg": (-73.7600, 41.6280), "Verbank": (-73.7110, 41.7200), "Stanfordville": (-73.6820, 41.8700),
    "Pine Plains": (-73.6560, 41.9790), "GATE Route 82 north": (-73.6600, 41.9960), "Glenham": (-73.9350, 41.5180),
    "Stormville": (-73.7360, 41.5440), "GATE Route 52 east": (-73.7000, 41.5080), "Rock City": (-73.8150, 41.9570),
    "Salt Point": (-73.7990, 41.8060),
}  # fmt: skip


class Route(NamedTuple):
    """A main road through named junctions; class as in TIGER (S1100 primary, S1200 secondary)."""

    name: str
    street_class: str
    speed_kmh: float
    traffic: float
    through: tuple[str, ...]


ROUTES = (
    Route(
        "US Hwy 9",
        "S1200",
        65,
        3.0,
        (
            "GATE Route 9 south",
            "Fishkill I-84",
            "Fishkill four corners",
            "Route 9 Myers",
            "Wappingers north",
            "Route 9 mall",
            "Route 9 Spackenkill",
            "Pok Route 9 south",
            "Pok bridge foot",
            "Pok Route 9 north",
            "Hyde Park",
            "Staatsburg",
            "Rhinebeck",
            "Route 9 at 9G",
            "Red Hook",
            "GATE Route 9 north",
        ),
    ),
    Route(
        "US Hwy 44",
        "S1200",
        60,
        2.0,
        (
            "GATE Mid-Hudson Bridge",
            "Pok bridge foot",
            "Market and Main",
            "Main and Grand",
            "Arlington",
            "Pleasant Valley",
            "Taconic 44",
            "Millbrook",
            "Amenia",
            "Millerton",
            "GATE Route 44 east",
        ),
    ),
    Route(
        "State Rte 55",
        "S1200",
        60,
        1.6,
        (
            "Market and Main",
            "Church and Hooker",
            "Manchester Bridge",
            "Freedom Plains",
            "Taconic 55",
            "Billings",
            "Poughquag",
            "Pawling",
        ),
    ),
    Route(
        "State Rte 22",
        "S1200",
        75,
        1.0,
        (
            "GATE Route 22 south",
            "Pawling",
            "Wingdale",
            "Dover Plains",
            "Wassaic",
            "Amenia",
            "Millerton",
            "GATE Route 22 north",
        ),
    ),
    Route("State Rte 55", "S1200", 65, 0.4, ("Wingdale", "GATE Route 55 east")),
    Route(
        "State Rte 9D",
        "S1200",
        60,
        1.1,
        ("GATE Route 9D south", "Beacon Main", "Beacon I-84", "Chelsea", "Wappingers Main", "Wappingers north"),
    ),
    Route(
        "State Rte 9G",
        "S1200",
        70,
        1.0,
        (
            "Pok Route 9 north",
            "Fairview",
            "East Park",
            "Netherwood",
            "Route 9 at 9G",
            "Kingston bridge foot",
            "Annandale",
            "Tivoli",
            "GATE Route 9G north",
        ),
    ),
    Route(
        "State Rte 376",
        "S1200",
        60,
        1.2,
        ("Church and Hooker", "Red Oaks Mill", "New Hackensack", "Hopewell Junction", "Taconic 82"),
    ),
    Route(
        "I- 84",
        "S1100",
        105,
        3.0,
        ("GATE Newburgh-Beacon Bridge", "Beacon I-84", "Fishkill I-84", "Taconic I-84", "GATE I-84 east"),
    ),
    Route(
        "Taconic State Pkwy",
        "S1100",
        90,
        2.2,
        (
            "GATE Taconic south",
            "Taconic I-84",
            "Taconic 52",
            "Taconic 82",
            "Taconic 55",
            "Taconic 44",
            "Taconic Clinton",
            "Taconic 199",
            "GATE Taconic north",
        ),
    ),
    Route(
        "State Rte 82",
        "S1200",
        65,
        0.8,
        (
            "Brinckerhoff",
            "Hopewell Junction",
            "Arthursburg",
            "Billings",
            "Verbank",
            "Millbrook",
            "Stanfordville",
            "Pine Plains",
            "GATE Route 82 north",
        ),
    ),
    Route(
        "State Rte 52",
        "S1200",
        60,
        1.0,
        (
            "Beacon Main",
            "Glenham",
            "Fishkill four corners",
            "Brinckerhoff",
            "Taconic 52",
            "Stormville",
            "GATE Route 52 east",
        ),
    ),
    Route(
        "State Rte 199",
        "S1200",
        70,
        0.7,
        (
            "GATE Kingston-Rhinecliff Bridge",
            "Kingston bridge foot",
            "Red Hook",
            "Rock City",
            "Taconic 199",
            "Pine Plains",
            "Millerton",
        ),
    ),
    Route("State Rte 308", "S1200", 60, 0.5, ("Rhinebeck", "Rock City")),
    Route("State Rte 343", "S1200", 65, 0.4, ("Millbrook", "Dover Plains")),
    Route("State Rte 115", "S1200", 60, 0.6, ("Fairview", "Salt Point", "Taconic Clinton")),
    Route("State Rte 216", "S1200", 60, 0.4, ("Stormville", "Poughquag")),
    Route("Spackenkill Rd", "S1200", 55, 0.9, ("Route 9 Spackenkill", "Red Oaks Mill")),
    Route("Noxon Rd", "S1200", 60, 0.6, ("Red Oaks Mill", "Freedom Plains")),
    Route("Myers Corners Rd", "S1200", 55, 0.7, ("Route 9 Myers", "New Hackensack")),
    Route("Middlebush Rd", "S1200", 55, 0.5, ("Wappingers Main", "Route 9 Myers")),
    Route("Crum Elbow Rd", "S1200", 55, 0.4, ("Hyde Park", "East Park", "Pleasant Valley")),
    Route("Market St", "S1200", 35, 0.8, ("Market and Main", "Pok Route 9 south")),
    Route("Raymond Ave", "S1200", 40, 0.8, ("Arlington", "Church and Hooker")),
)


class Site(NamedTuple):
    """A place that matters, by hand: identifier, name, kind, position, and shoplifting weight of a shop."""

    place_id: str
    name: str
    kind: str
    lon: float
    lat: float
    address: str
    weight: float = 0.0


SITES = (
    Site("CS01", "County Office Building", "county_site", -73.9292, 41.7026, "22 Market St"),
    Site("CS02", "County Courthouse", "county_site", -73.9296, 41.7036, "10 Market St"),
    Site("CS03", "County Law Enforcement Center", "county_site", -73.9230, 41.7120, "150 N Hamilton St"),
    Site("CS04", "Community and Family Services", "county_site", -73.9318, 41.6993, "60 Market St"),
    Site("CS05", "Stabilization Center", "county_site", -73.9272, 41.7240, "230 North Rd"),
    Site("CS06", "Emergency Response Center", "county_site", -73.9000, 41.7330, "392 Creek Rd"),
    Site("CS07", "Public Works Yard", "county_site", -73.8730, 41.7120, "626 Dutchess Tpke"),
    Site("CS08", "Community College", "county_site", -73.9060, 41.7250, "53 Pendell Rd"),
    Site("CS09", "County Airport", "county_site", -73.8840, 41.6270, "263 New Hackensack Rd"),
    Site("CS10", "Beacon County Center", "county_site", -73.9660, 41.5030, "223 Main St"),
    Site("CS11", "Millbrook County Center", "county_site", -73.6930, 41.7860, "131 County House Rd"),
    Site("PK01", "Market Street Parking Deck", "parking", -73.9308, 41.7018, "30 Market St"),
    Site("PK02", "County Office Building Lot", "parking", -73.9284, 41.7019, "24 Market St"),
    Site("PK03", "Courthouse Lot", "parking", -73.9303, 41.7042, "12 Market St"),
    Site("PK04", "Law Enforcement Center Lot", "parking", -73.9223, 41.7128, "154 N Hamilton St"),
    Site("PK05", "Civic Center Lot", "parking", -73.9318, 41.7056, "14 Civic Center Plz"),
    Site("PK06", "Poughkeepsie Station Garage", "parking", -73.9372, 41.7068, "41 Main St"),
    Site("PK07", "Beacon Station Lot", "parking", -73.9830, 41.5060, "2 Red Flynn Dr"),
    Site("PK08", "Community College Lot A", "parking", -73.9070, 41.7262, "55 Pendell Rd"),
    Site("PK09", "South Road Mall North Lot", "parking", -73.9212, 41.6302, "2001 South Rd"),
    Site("PK10", "South Road Mall South Lot", "parking", -73.9196, 41.6254, "2009 South Rd"),
    Site("PK11", "Airport Long-term Lot", "parking", -73.8850, 41.6258, "265 New Hackensack Rd"),
    Site("TR01", "Poughkeepsie Station", "transit", -73.9378, 41.7072, "43 Main St"),
    Site("TR02", "Beacon Station", "transit", -73.9840, 41.5052, "1 Ferry Plz"),
    Site("TR03", "New Hamburg Station", "transit", -73.9460, 41.5870, "1 Railroad Dr"),
    Site("TR04", "Rhinecliff Station", "transit", -73.9490, 41.9210, "455 Rhinecliff Rd"),
    Site("TR05", "Pawling Station", "transit", -73.6010, 41.5650, "1 Memorial Ave"),
    Site("TR06", "Dover Plains Station", "transit", -73.5780, 41.7420, "1 Railroad Ave"),
    Site("TR07", "Wassaic Station", "transit", -73.5620, 41.8050, "1 Wassaic Sta"),
    Site("RT01", "South Road Mall", "retail", -73.9204, 41.6280, "2003 South Rd", 10),
    Site("RT02", "Town Plaza", "retail", -73.9255, 41.6450, "1895 South Rd", 4),
    Site("RT03", "Route 9 Superstore", "retail", -73.9215, 41.6335, "1980 South Rd", 8),
    Site("RT04", "Arlington Plaza", "retail", -73.8905, 41.7035, "800 Main St", 3),
    Site("RT05", "Fishkill Plaza", "retail", -73.8935, 41.5290, "18 Westage Dr", 4),
    Site("RT06", "Wappinger Plaza", "retail", -73.9045, 41.6010, "1490 Route 9", 3),
    Site("RT07", "Hyde Park Market", "retail", -73.9325, 41.7800, "4246 Albany Post Rd", 2),
    Site("RT08", "Hopewell Plaza", "retail", -73.8060, 41.5830, "1 Hopewell Plz", 2),
    Site("RT09", "LaGrange Plaza", "retail", -73.7990, 41.6690, "1100 Route 55", 1.5),
    Site("RT10", "Beacon Market", "retail", -73.9720, 41.5020, "400 Main St", 1.5),
    Site("RT11", "Rhinebeck Shops", "retail", -73.9120, 41.9280, "12 E Market St", 1),
    Site("RT12", "Red Hook Plaza", "retail", -73.8740, 41.9930, "7 Old Post Rd", 1),
    Site("RT13", "Amenia Shops", "retail", -73.5555, 41.8495, "5 Main St", 0.6),
    Site("RT14", "Pawling Shops", "retail", -73.6015, 41.5635, "20 Charles Colman Blvd", 0.8),
    Site("RT15", "Main Mall Row", "retail", -73.9262, 41.7019, "300 Main St", 3),
    Site("PA01", "Riverfront Park", "park", -73.9410, 41.7050, "1 Water St"),
    Site("PA02", "Walkway East Gate", "park", -73.9325, 41.7115, "61 Parker Ave"),
    Site("PA03", "County Fairgrounds", "park", -73.9070, 41.9400, "6636 Route 9"),
    Site("PA04", "Bowdoin-like Park", "park", -73.9390, 41.6080, "85 Sheafe Rd"),
    Site("PA05", "Memorial Park", "park", -73.9680, 41.4960, "198 Wilkes St"),
)

HEADQUARTERS = Site("HQ01", "City Police Headquarters", "county_site", -73.9302, 41.7050, "62 Civic Center Plz")

CITY_POLICE, BEACON_POLICE, SHERIFF, STATE_POLICE = (
    "City of Poughkeepsie PD", "City of Beacon PD", "County Sheriff", "State Police Troop K",
)  # fmt: skip

# Who takes the report: agency and cumulative share, by village, then by municipality, then elsewhere.
JURISDICTIONS: dict[str, tuple[tuple[str, float], ...]] = {
    "Poughkeepsie city": ((CITY_POLICE, 1.0),),
    "Beacon city": ((BEACON_POLICE, 1.0),),
    "Poughkeepsie town": (("Town of Poughkeepsie PD", 0.82), (SHERIFF, 0.88), (STATE_POLICE, 1.0)),
    "Hyde Park": (("Town of Hyde Park PD", 0.7), (SHERIFF, 0.85), (STATE_POLICE, 1.0)),
    "Fishkill": (("Town of Fishkill PD", 0.75), (STATE_POLICE, 1.0)),
    "East Fishkill": (("Town of East Fishkill PD", 0.8), (STATE_POLICE, 1.0)),
    "Wappingers Falls": (("Village of Wappingers Falls PD", 0.9), (SHERIFF, 1.0)),
    "Fishkill village": (("Village of Fishkill PD", 0.9), (STATE_POLICE, 1.0)),
    "Rhinebeck village": (("Village of Rhinebeck PD", 0.8), (SHERIFF, 1.0)),
    "Red Hook village": (("Village of Red Hook PD", 0.8), (SHERIFF, 1.0)),
    "Millbrook": (("Village of Millbrook PD", 0.6), (SHERIFF, 1.0)),
    "": ((SHERIFF, 0.6), (STATE_POLICE, 1.0)),
}
