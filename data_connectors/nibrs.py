"""Codes of the National Incident-Based Reporting System in words, by whom or what an offense is against.

Source: FBI, *NIBRS User Manual*.
"""

from __future__ import annotations

from data_connectors.schemas import UNKNOWN_OFFENSE

PERSON: dict[str, str] = {
    "09A": "Murder and nonnegligent manslaughter",
    "09B": "Negligent manslaughter",
    "09C": "Justifiable homicide",
    "100": "Kidnapping/abduction",
    "11A": "Rape",
    "11B": "Sodomy",
    "11C": "Sexual assault with an object",
    "11D": "Criminal sexual contact",
    "13A": "Aggravated assault",
    "13B": "Simple assault",
    "13C": "Intimidation",
    "36A": "Incest",
    "36B": "Statutory rape",
    "64A": "Human trafficking, commercial sex acts",
    "64B": "Human trafficking, involuntary servitude",
}

PROPERTY: dict[str, str] = {
    "120": "Robbery",
    "200": "Arson",
    "210": "Extortion/blackmail",
    "220": "Burglary",
    "23A": "Pocket-picking",
    "23B": "Purse-snatching",
    "23C": "Shoplifting",
    "23D": "Theft from building",
    "23E": "Theft from coin-operated machine",
    "23F": "Theft from motor vehicle",
    "23G": "Theft of motor vehicle parts or accessories",
    "23H": "All other larceny",
    "240": "Motor vehicle theft",
    "250": "Counterfeiting/forgery",
    "26A": "False pretenses/swindle/confidence game",
    "26B": "Credit card/automated teller machine fraud",
    "26C": "Impersonation",
    "26D": "Welfare fraud",
    "26E": "Wire fraud",
    "26F": "Identity theft",
    "26G": "Hacking/computer invasion",
    "270": "Embezzlement",
    "280": "Stolen property offenses",
    "290": "Destruction/damage/vandalism of property",
    "510": "Bribery",
}

SOCIETY: dict[str, str] = {
    "101": "Treason",
    "103": "Espionage",
    "26H": "Money laundering",
    "30A": "Illegal entry into the United States",
    "30B": "False citizenship",
    "30C": "Smuggling aliens",
    "30D": "Re-entry after deportation",
    "35A": "Drug/narcotic violations",
    "35B": "Drug equipment violations",
    "360": "Failure to register as a sex offender",
    "370": "Pornography/obscene material",
    "39A": "Betting/wagering",
    "39B": "Operating/promoting/assisting gambling",
    "39C": "Gambling equipment violation",
    "39D": "Sports tampering",
    "40A": "Prostitution",
    "40B": "Assisting or promoting prostitution",
    "40C": "Purchasing prostitution",
    "49A": "Harboring escapee/concealing from arrest",
    "49B": "Flight to avoid prosecution",
    "49C": "Flight to avoid deportation",
    "520": "Weapon law violations",
    "521": "Violation of the National Firearm Act",
    "522": "Weapons of mass destruction",
    "526": "Explosives violation",
    "58A": "Import violations",
    "58B": "Export violations",
    "61A": "Federal liquor offenses",
    "61B": "Federal tobacco offenses",
    "620": "Wildlife trafficking",
    "720": "Animal cruelty",
}

GROUP_B: dict[str, str] = {
    "90A": "Bad checks",
    "90B": "Curfew/loitering/vagrancy",
    "90C": "Disorderly conduct",
    "90D": "Driving under the influence",
    "90E": "Drunkenness",
    "90F": "Family offenses, nonviolent",
    "90G": "Liquor law violations",
    "90H": "Peeping tom",
    "90I": "Runaway",
    "90J": "Trespass of real property",
    "90K": "Failure to appear",
    "90L": "Federal resource violations",
    "90M": "Perjury",
    "90Z": "All other offenses",
}

NIBRS_NAMES: dict[str, str] = {**PERSON, **PROPERTY, **SOCIETY, **GROUP_B, UNKNOWN_OFFENSE: "Unknown offense"}
"""Every code in words: Group A, Group B, and ``unknown`` for what a profile maps to nothing."""
