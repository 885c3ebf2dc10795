"""The words that agencies and vendors put over their columns, by table and column; the likeliest first."""

from __future__ import annotations

from data_connectors.profile import Profile


def _words(listed: str) -> list[str]:
    return [word.strip() for word in listed.split(",") if word.strip()]


_PLACE = {
    "address": _words(
        "address, block address, street address, incident address, location address, block, hundred block, addr, "
        "location, street, intersection"
    ),
    "city": _words("city, municipality, town, twp, township, place"),
    "beat": _words("beat, patrol area, reporting area, patrol district, post, police post, psa, grid, rpt area"),
    "district": _words("district, precinct, police district, zone, substation, division, ward, npu"),
    "neighborhood": _words("neighborhood, neighbourhood, neighborhood cluster, community area, community, nbhd"),
}

_INCIDENTS = {
    "incident_id": _words(
        "incident id, incident number, incident no, case number, case no, report number, report no, complaint, "
        "complaint number, complaint no, ccn, cad no, event number, event id, offense id, record id, dr no, rms no, "
        "uid, id, objectid"
    ),
    "offense_description": _words(
        "offense, offense type, offense description, ucr literal, primary type, crime type, crime description, "
        "incident type, crime, offence, charge description, description, category, ucr description, nibrs "
        "description, type"
    ),
    "offense_raw": _words(
        "nibrs code, nibrs, ibr code, ucr code, ucr, ucr #, iucr, offense code, crime code, fbi code, statute, "
        "charge code, crime"
    ),
    "offense_count": _words("offense count, count, number of offenses"),
    "weapon": _words("weapon, method, weapon type, weapon description"),
    "premise": _words("premise, premises, location type, location description, premise type, place type"),
    "domestic": _words("domestic, domestic violence, dv"),
}

OFFENSE_DETAIL = _words(
    "description, secondary description, secondary type, offense description, offense detail, offense subtype, "
    "sub type, subtype, sub category, subcategory, crime detail, detail, details"
)

_CALLS = {
    "call_id": _words(
        "call number, call no, call id, incident number, incident no, incident id, event number, event id, cad "
        "number, cad event number, master incident number, id, objectid"
    ),
    "call_type": _words(
        "call type, problem type, nature, nature of call, nature code, event type, initial call type, final call "
        "type, type description, type, problem, title, incident type, description"
    ),
    "category": _words("category, call category, service, agency type, class"),
    "priority": _words("priority, call priority, pri"),
    "disposition": _words("disposition, dispo, final disposition, clearance, disposition text"),
}

_HOTLIST = {
    "list_name": _words("list name, hotlist, hot list, list, source list"),
    "plate_raw": _words("plate number, plate, license plate, tag, lic, license, plate no"),
    "region_raw": _words("plate state, state, st, lis, jurisdiction, region"),
    "category": _words("category, alert, alert type, alarm, type"),
    "reason": _words("reason, alert reason, offense, comment"),
    "case_number": _words("case number, case no, case, incident number, nic, permitid"),
    "priority": _words("priority, severity"),
    "note": _words("note, notes, remarks, comments, instructions"),
}

_OTHERS = {
    "areas": {
        "area_id": _words("geoid, area id, fips, fips code, beat, zone, district, precinct, sector, id, code"),
        "kind": _words("kind, area kind, area type, type, lsad"),
        "name": _words("namelsad, name, label, area name, beat, zone, district"),
    },
    "streets": {
        "street_id": _words("linearid, street id, segment id, segmentid, id, objectid, fid"),
        "name": _words("fullname, street name, full name, name, street"),
        "street_class": _words("mtfcc, class, road class, functional class, type"),
    },
    "population": {
        "area_id": _words("geoid, fips, fips code, area id, tract, block group, block, county fips"),
        "area_name": _words("name, geography, area name, county"),
        "year": _words("year, vintage"),
        "population_group": _words("population group, group, race, age group, program type"),
        "population": _words("population, pop, residents, total population, pop2000, pop2020"),
    },
    "published_counts": {
        "county": _words("county"),
        "agency": _words("agency, agency name, department"),
        "year": _words("year"),
        "months_reported": _words("months reported, months"),
        "measure": _words("measure, offense, crime"),
        "offenses": _words("offenses, count, number of offenses, actual"),
    },
    "weather_daily": {
        "station": _words("station, station id, stationid"),
        "date": _words("date, day, observation date"),
        "temperature_max_c": _words("tmax, temperature max, max temperature, max temp, maximum temperature"),
        "temperature_min_c": _words("tmin, temperature min, min temperature, min temp, minimum temperature"),
        "precipitation_mm": _words("prcp, precipitation, precip, rain, rainfall"),
        "snow_mm": _words("snow, snowfall"),
    },
}

TIMES: dict[str, dict[str, list[str]]] = {
    "incidents": {
        "occurred_from": _words(
            "occurred from, occurred, occur date, date occurred, date occur, date occured, occurrence date, start "
            "date, from date, incident date, offense date, date of offense, crime date, event date, incident "
            "datetime, date time, datetime, date, timestamp"
        ),
        "occurred_to": _words("occurred to, possible date, end date, to date, occurred through, last date, date to"),
        "reported_at": _words(
            "reported at, report date, reported, report dat, date reported, reported date, report datetime, rept "
            "date, created, date entered, coded month, month reported"
        ),
    },
    "calls": {
        "received_at": _words(
            "received at, call received time, call received, received, response date, call date, call datetime, "
            "create time, created, time stamp, timestamp, start time, event date, incident date, date time, "
            "datetime, date"
        ),
        "dispatched_at": _words("dispatched at, dispatch time, dispatched, first dispatched, time dispatched"),
        "arrived_at": _words("arrived at, arrival time, arrived, first arrived, on scene, time arrived, onscene"),
        "closed_at": _words("closed at, close time, closed, time closed, cleared, clear time, end time"),
    },
    "plate_reads": {
        "captured_at": _words(""),
    },
    "hotlist_entries": {
        "issued_at": _words("issued at, effective date, effectivedate, issued, entry date, date entered, start date"),
        "expires_at": _words("expires at, expiry date, expirydate, expiry, expires, expiration date, end date"),
    },
    "cameras": {
        "last_seen_at": _words("last seen at, last seen, last online, last contact"),
        "listed_at": _words(
            "listed at, listed date, install date, installed, registered, registration date, date added"
        ),
        "consent_expires_at": _words("consent expires at, consent expires, consent until, agreement expires"),
    },
}

LON = _words("lon, lng, long, longitude, x lon, gps lon, gps longitude, point x, xpos, geometry.x, geometry_lon, x")
LAT = _words("lat, latitude, y lat, gps lat, gps latitude, point y, ypos, geometry.y, geometry_lat, y")
PROJECTED_X = _words("x coordinate, xcoord, x coord, coord x, xblock, easting, xstateplane, point x, x")
PROJECTED_Y = _words("y coordinate, ycoord, y coord, coord y, yblock, northing, ystateplane, point y, y")

SENSITIVE = {
    "a password or key": _words(
        "password, passwd, pwd, passcode, username, user name, login, api key, token, secret"
    ),
    "a person's name": _words(
        "caller, caller name, callername, complainant, complainant name, victim name, suspect name, offender name, "
        "arrestee name, witness, reporting party, rp name, first name, last name, owner contact, contact name, "
        "registered owner"
    ),
    "a telephone number": _words(
        "phone, phone number, telephone, tel, caller phone, callback, callback number, contact phone, mobile, cell, "
        "ani"
    ),
    "an e-mail address": _words("email, e mail, email address, contact email"),
    "a social security number": _words("ssn, social security, social security number"),
    "a date of birth": _words("dob, date of birth, birth date, birthdate, victim dob"),
    "a driver's licence": _words("driver license, drivers license, dl number, oln"),
}

# Words that say which table a file is for, apart from the columns it can fill.
SIGNS: dict[str, list[str]] = {
    "incidents": _words("offense, crime, ucr, ibr, nibrs, iucr, weapon, arrest, domestic, premise, complaint"),
    "calls": _words(
        "call, dispatch, dispatched, arrival, disposition, problem, nature, priority, unit, response, received, "
        "station, ems, cfs"
    ),
    "plate_reads": _words("plate, tag, lpr, alpr, vrm, confidence, camera, reader, captured, read"),
    "hotlist_entries": _words("plate, hotlist, expiry, expires, expiration, effective, wanted, alert"),
    "cameras": _words("camera, cctv, stream, rtsp, video, image, bearing, fov, lens, brand, vms, direction"),
    "places": _words("facility, site, school, business, parking, premises"),
    "areas": _words("geometry_area_km2"),
    "streets": _words("geometry_length_m"),
    "population": _words("population, pop, residents, tract, fips, geoid"),
    "published_counts": _words("agency, county, months, index, year"),
    "weather_daily": _words("tmax, tmin, prcp, temperature, precipitation, snowfall"),
}

def words_for(table: str) -> dict[str, list[str]]:
    """Column of `table` to the words that headers use for it, times and coordinates apart.

    Tables that have a profile for unknown headers take its words, so that they stand in one place.

    Examples
    --------
    >>> "ccn" in words_for("incidents")["incident_id"], "tag" in words_for("plate_reads")["plate_raw"]
    (True, True)
    """
    own = {"incidents": _INCIDENTS | _PLACE, "calls": _CALLS | _PLACE, "hotlist_entries": _HOTLIST, **_OTHERS}
    if table in own:
        return own[table]
    shipped = {"plate_reads": "plate_reads_csv", "cameras": "cameras_csv", "places": "places_csv"}[table]
    profile = Profile.named(shipped)
    synonyms = profile.reader.settings["synonyms"]
    found = {}
    for column, spec in profile.layouts[0].columns.items():
        words = [word for name in spec.columns for word in synonyms.get(name, ())]
        if words and column != "captured_raw":
            found[column] = words
    return found


def time_words(table: str) -> dict[str, list[str]]:
    """Instant of `table` to the words that headers use for it.

    Examples
    --------
    >>> time_words("plate_reads")["captured_at"][:2]
    ['captured at', 'capture time']
    """
    if table == "plate_reads":
        synonyms = Profile.named("plate_reads_csv").reader.settings["synonyms"]
        return {"captured_at": [*synonyms["read_time"], *synonyms["read_date"]]}
    return TIMES.get(table, {})
