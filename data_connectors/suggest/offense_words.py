r"""The words of offenses, as agencies write and shorten them, to NIBRS codes: guesses, for a person to check.

The rules follow the definitions of the FBI's *NIBRS User Manual*, not any agency's list: what was taken and from where
decides a larceny, entering a vehicle is no burglary, a thing that was entrusted is embezzled, a deceit is a fraud
whatever else it is called. Degrees of assault are those of New York's Penal Law.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from data_connectors.schemas import UNKNOWN_OFFENSE

_VEHICLE = r"(AUTO(S|MOBILE)?\b|VEH|VHCL|MOTOR|MTR\b|MV\b|CARS?\b|TRUCK)"
_FROM = r"(FROM|FRM|FR|F/)\W{0,3}((AN?|THE)\W)?"
_THEFT = r"(THEFT|LARC|STEAL|STOLEN|STLG)"
_SEXUAL = r"\bSE?X(UAL(LY)?)?\W{0,3}"
_ASSAULT = r"(ASSAULT|ASS?LT|BATTERY)"
_CHECK = r"(CHECK|CHEQUE|FUNDS)"

# First match wins, so the narrow come before the wide. Patterns are read by Python and by DuckDB: no looking around.
_RULES: tuple[tuple[str, str], ...] = (
    # No offense, or none that happened here
    (r"NON.?CRIMINAL|UNFOUNDED|OVERDOSE", UNKNOWN_OFFENSE),
    (rf"{_VEHICLE}.*THEFT\W{{0,3}}RECOVER", "240"),
    (r"RECOVERED|RECOVERY", UNKNOWN_OFFENSE),
    # Orders, registers and tools, whatever the offense that they name
    (r"SEX OFFENDER", "360"),
    (r"(DUTY|FAIL\w*|ANNUAL)\W.{0,8}REGIST|OFFENDER.{0,12}(REGIST|DUTY)", "90Z"),
    (r"NO.?CONTACT|ORDER\W.{0,6}PROT|PROTECTI(VE|ON) ORDER|RESTRAINING|COURT ORDER", "90Z"),
    (r"BAIL|PAROLE|PROBATION|PRB/PRL", "90Z"),
    (r"BURGLAR\w*\W.{0,4}TOOL", "90Z"),
    # Homicide
    (r"JUSTIF", "09C"),
    (r"NON.?NEGL", "09A"),
    (r"(NEGL|INVOL|VEHIC|RECKLESS).{0,12}(MANSL|HOMIC)|MANSL\w*.{0,8}(NEGL|VEHIC)|HOMIC\w*.{0,8}NEGL", "09B"),
    (r"HOMICIDE|MURDER|MANSLAUGHTER", "09A"),
    # Robbery; entering a vehicle is no burglary
    (r"CAR.?JACK|ROBBER", "120"),
    (rf"BURG\w*\W{{0,3}}(FROM|OF|TO)?\W{{0,3}}{_VEHICLE}|{_VEHICLE}\w*\W{{0,3}}BREAK", "23F"),
    (r"BURG", "220"),
    # Taken or held persons
    (r"VISITATION", "90F"),
    (r"KIDNAP|ABDUCT|CHILD STEAL|(UNLAWFUL|FALSE) IMPRIS|FELON\w* RESTRAINT|UNLAWFUL RESTRAINT", "100"),
    # Drugs, and driving on them
    (r"\bD[UW]A?I\b|DRI?VI?N?G?\b.{0,16}(INFL|INTOX|IMPAIR|DRUNK)|(INTOX|IMPAIR).{0,12}DRIV", "90D"),
    (r"PARAPHER|(DRUG|NARCO)\w*\W.{0,6}EQUIP|DRUG EQUIP|HYPODERM|SYRINGE", "35B"),
    (r"^\W*(DANGEROUS )?(DRUG|NARCO)", "35A"),
    (r"^\W*(DANGEROUS )?WEAPON", "520"),
    # Fraud: a deceit, whatever else it is called
    (r"IDENTITY|\bID THEFT", "26F"),
    (r"(CREDIT|DEBIT|CASH|BANK).{0,3}(CARD|DEVICE)|TELLER|\bATM\b", "26B"),
    (rf"(BAD|BOGUS|WORTHLESS|NSF)\W.{{0,3}}{_CHECK}|{_CHECK}.{{0,4}}(NSF|INSUF)|INSUF.{{0,10}}FUND", "90A"),
    (r"WELFARE FRAUD", "26D"),
    (r"WIRE FRAUD", "26E"),
    (r"COMPUTER|HACKING", "26G"),
    (r"IMPERSONAT", "26C"),
    (r"EMBEZZ|LESSEE|FAIL\w*\W.{0,3}(RETURN|RTRN)|(RENTED|BORROWED|LEASED)\W", "270"),
    (r"(STOLEN|STLN) PROP|(POSS|RECV|RECEIV|BUY)\w*\W.{0,12}(STOLEN|STLN)|STOLEN.{0,6}(POSS|RECEIV)", "280"),
    (r"EXTORT|BLACKMAIL", "210"),
    (r"BRIBE", "510"),
    (r"FORGE|COUNTERFEIT", "250"),
    (r"VIDEOTAP|VOYEUR|PEEPING|UNLAWFUL SURVEIL", "90H"),
    (rf"{_THEFT}.*(LOST|MISLAID)", "23H"),
    (r"BUNCO|DECEI|DECEPT|DECT\b|FALSE PRETEN|SWINDL|CON(FIDENCE)? GAME|(LABOR|SERVICES?)\b.{0,4}THEFT", "26A"),
    (rf"FRAUD|{_THEFT} OF (LABOR|SERVICE)", "26A"),
    # Larceny, by what was taken and from where
    (rf"(NON|NOT).?({_FROM})?VEH", "23H"),
    (rf"{_VEHICLE}\w*\W{{0,3}}(VEH\w*\W)?(PART|ACCESS)|PARTS.{{0,4}}{_FROM}{_VEHICLE}", "23G"),
    (rf"CATALYTIC|HUB.?CAP|{_THEFT}\w*.{{0,4}}(LICENSE|REGIST\w*) PLATE", "23G"),
    (rf"(^|\W){_FROM}{_VEHICLE}", "23F"),
    (r"SHOPLIFT|RETAIL THEFT", "23C"),
    (r"PICK.?POCKET|POCKET.?PICK", "23A"),
    (r"PURSE", "23B"),
    (rf"{_FROM}(BUILDING|BLDG)", "23D"),
    (r"COIN.?(OP|MACH)", "23E"),
    (rf"{_VEHICLE}\w*.{{0,14}}{_THEFT}|{_THEFT}\w*.{{0,6}}(OF )?{_VEHICLE}", "240"),
    (rf"UNAUTH\w* USE.{{0,10}}{_VEHICLE}|JOY.?RID|WITHOUT OWNER|\bMVT\b", "240"),
    (_THEFT, "23H"),
    # Sex
    (r"FORC\w* RAPE", "11A"),
    (r"STAT\w*\W.{0,3}(RAPE|SODOMY)", "36B"),
    (r"INCEST", "36A"),
    (r"SODOMY|DEVIATE|CRIM\w* SEX\w* ACT|ORAL COPUL", "11B"),
    (rf"{_SEXUAL}.*OBJECT", "11C"),
    (rf"FONDL|MOLEST|FORCIBLE TOUCH|{_SEXUAL}(ABUSE|CONTACT|MISCOND)", "11D"),
    (rf"\bRAPE|{_SEXUAL}{_ASSAULT}", "11A"),
    (r"SERVITUDE|LABOR TRAFFICK", "64B"),
    (r"HUMAN TRAFFICK|SEX TRAFFICK", "64A"),
    (r"(PROMOT|ASSIST|PANDER|PIMP)\w*.*PROSTIT|PROSTIT.*(PROMOT|ASSIST|PANDER|PIMP)|PANDERING|PIMPING", "40B"),
    (r"(PURCHAS|PATRON)\w*.*PROSTIT|PROSTIT.*(PURCHAS|PATRON)", "40C"),
    (r"PROSTIT", "40A"),
    (r"PHONE.{0,8}(THREAT|CALL|HARASS)", "13C"),
    (r"PORNO?A?GRA|OBSCEN", "370"),
    (r"INDECEN|EXPOS(E|ING|URE)\b|LEWD", "90Z"),
    # Threats, and assaults with them
    (r"DISORD", "90C"),
    (rf"{_ASSAULT}.{{0,4}}(INTIMID|HARR?ASS|MENAC|THREAT)", "13C"),
    (r"THREAT|BOMB SCARE|INTIMIDAT|HARR?ASS|STALK|MENACING|COERC", "13C"),
    (r"HAND.*\b(NO|MIN|MINOR)\b.{0,12}INJ", "13B"),  # neither a weapon nor a serious injury
    (rf"SIMPLE.{{0,3}}{_ASSAULT}", "13B"),
    (rf"\bAGG\w*.{{0,16}}{_ASSAULT}|{_ASSAULT}\W{{0,4}}AGG|FELON\w* {_ASSAULT}", "13A"),
    (rf"{_ASSAULT}.*(WEAPON|FIREARM|GUN)", "13A"),
    (rf"^{_ASSAULT}\W{{0,3}}(IN THE )?(1|2|FIRST|SECOND)\w{{0,2}}\b|{_ASSAULT}.{{0,12}}(KNIFE|SHOOT|STAB)", "13A"),
    (r"\bADW\b|STRANGUL", "13A"),
    (_ASSAULT, "13B"),
    # Property
    (r"ARSON", "200"),
    (r"VANDAL|MISCHIEF|GRAFFITI|DEFAC(E|ING)|CRIM\w* DAMAGE|(DESTR|DAMAGE|DMG)\w*.{0,6}PROP", "290"),
    # Society
    (r"GAMBL.*EQUIP", "39C"),
    (r"GAMBL.*SPORT", "39D"),
    (r"GAMBL.*(PROMOT|OPERAT)|BOOKMAK", "39B"),
    (r"GAMBL|BETTING", "39A"),
    (r"NARCO|DRUG|CONTROLLED SUB|CANNABIS|MARI[JH]UANA|COCAINE|HEROIN", "35A"),
    (r"WEAPON|\bCPW\b|FIREARM|HANDGUN|CONCEALED CARRY|EXPLOSIVE", "520"),
    (r"ANIMAL.{0,6}(CRUEL|ABUSE|NEGLECT)|CRUEL.{0,12}ANIMAL", "720"),
    (r"TRESPASS.{0,6}(VEH|AUTO|MOTOR)", "90Z"),
    (r"TRESPASS", "90J"),
    (r"LIQUOR|ALCOHOL", "90G"),
    (r"DRUNK|INTOXICAT", "90E"),
    (r"PEACE.{0,6}DI?STU?R?B|DISTURB\w*.{0,8}PEACE|BREACH\w*.{0,8}PEACE|RIOT|UNLAWFUL ASSEMBL", "90C"),
    (r"LOITER|VAGRAN|CURFEW|BEGGING|PANHANDL", "90B"),
    (r"FAMIL|CHILD|(WELFARE|ENDANG\w*)\W.{0,12}(MINOR|JUVEN|INCOMP|DEPEND)", "90F"),
    (r"CONTRIB\w*\W.{0,12}DELINQ|NON.?SUPPORT", "90F"),
    (r"RUNAWAY", "90I"),
    (r"FAIL\w* TO APPEAR", "90K"),
    (r"PERJUR", "90M"),
    (r"OBSTRUCT|RESIST|ESCAPE|CONTEMPT|CONSPIR|HINDER|TAMPER", "90Z"),
    (r"FALSE.{0,8}(REPORT|ALARM)|(REPORT|ALARM)\W{0,2}FALSE", "90Z"),
    (r"HIT.{1,5}RUN|LEAV\w* (THE )?SCENE", "90Z"),
    (r"ALL OTH\w* OFF?E?N", "90Z"),
)


def nibrs_by_words(said: str) -> str | None:
    """The NIBRS code that the words of an offense are likeliest to mean; None where they say none.

    Examples
    --------
    >>> [nibrs_by_words(said) for said in ("Grand Larceny of Motor Vehicle", "LARCENY-MTR VEH PARTS", "Theft f/auto")]
    ['240', '23G', '23F']
    >>> nibrs_by_words("Stealing by deceit"), nibrs_by_words("Suspicious circumstances")
    ('26A', None)
    """
    rule = _rule_of(said)
    return rule[1] if rule and rule[1] != UNKNOWN_OFFENSE else None


def rules_for(offenses: Iterable[str]) -> list[tuple[str, str]]:
    """The rules that decide these offenses, pattern and code, in their order; ``unknown`` where there is no offense.

    Examples
    --------
    >>> rules_for(["SHOPLIFTING", "RECOVERED PROPERTY"])
    [('RECOVERED|RECOVERY', 'unknown'), ('SHOPLIFT|RETAIL THEFT', '23C')]
    """
    deciding = {_rule_of(said) for said in offenses}
    return [rule for rule in _RULES if rule in deciding]


def _rule_of(said: str) -> tuple[str, str] | None:
    words = said.upper()
    return next((rule for rule in _COMPILED if _COMPILED[rule].search(words)), None)


_COMPILED = {rule: re.compile(rule[0]) for rule in _RULES}
