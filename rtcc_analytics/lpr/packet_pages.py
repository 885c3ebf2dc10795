"""A case packet for people: what was asked, what was found and by chance expected, then how to check it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from rtcc_analytics.lpr.companions import described_companions, trips_together
from rtcc_analytics.lpr.confusion import misreading_cost
from rtcc_analytics.lpr.hotlists import VERIFY
from rtcc_analytics.lpr.leads import LEAD_ONLY
from rtcc_analytics.lpr.occasions import weighed
from rtcc_analytics.lpr.period import TIMEZONE
from rtcc_analytics.lpr.places import described_at_places
from rtcc_analytics.lpr.search import accepted_preview, plates_in_use
from rtcc_analytics.lpr.wording import (
    HIT,
    LOOKS_LIKE,
    OCCURRENCE,
    PAIR,
    PASSAGE,
    PLACES,
    SIMILAR,
    STEP,
    WITH,
    local,
    named,
)

if TYPE_CHECKING:
    from rtcc_analytics.report import Report

SHOWN_ROWS = 40


@dataclass(frozen=True)
class Told:
    """One search in words: its question, its rows as people read them, what chance gives or what to heed.

    `unanswered` says why there are no rows to tell of, where the store could not be asked.
    """

    question: str
    rows: pd.DataFrame
    heed: str = ""
    stand_out: str = ""
    unanswered: str = ""


@dataclass(frozen=True)
class _Asked:
    """One search of a packet, with its rows read back and those of the query that describes them."""

    kind: str
    parameters: dict[str, Any]
    rows: pd.DataFrame
    details: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def plate(self) -> str:
        return str(self.parameters.get("plate") or "").replace("%", "*").replace("_", "?")


def _history(asked: _Asked) -> Told:
    return Told(f"Where was {asked.plate}?", named(asked.rows, PASSAGE))


def _similar(asked: _Asked) -> Told:
    cost = [misreading_cost(asked.plate, str(other)) for other in asked.rows["plate"]]
    rows = asked.rows.assign(cost=cost).sort_values(["cost", "plate"], ignore_index=True)
    heed = "Cost: 1.8 is one confusable character, each further 1 ten times less likely. Compare by eye."
    if "plates" in asked.details:
        in_use = plates_in_use(asked.plate, asked.details["plates"].iloc[0])
        setting = max(misreading_cost(asked.plate, str(v)) for v in asked.parameters["variants"])
        preview = accepted_preview(asked.plate, in_use=in_use).set_index("most_cost")["expected"]
        expected = preview[preview.index >= setting - 1e-9].iloc[0]
        heed = f"Up to a cost of {setting:g}, {expected:.3g} unrelated plates are expected by chance. {heed}"
    return Told(f"Which plates may be {asked.plate}, misread?", named(rows, SIMILAR), heed)


def _hits(asked: _Asked) -> Told:
    rows = asked.rows[asked.rows["validity"] != "after_expiry"] if len(asked.rows) else asked.rows
    names, question = HIT, "Which wanted plates passed?"
    if asked.kind.endswith("similar"):
        names, question = LOOKS_LIKE, "Which wanted plates, or ones that look alike, passed?"
    return Told(question, named(rows, names), f"{VERIFY.capitalize()}.")


def _with(asked: _Asked) -> Told:
    met = "trip" in asked.details  # even where nobody met the target while moving
    together = trips_together(asked.details) if met else None
    rows, chance, trips = weighed(asked.rows, least=int(asked.parameters["least"]), matched=together)
    if met:
        rows = described_companions(rows, asked.details, asked.plate, trips, TIMEZONE)
    return _associated(f"Who travels with {asked.plate}?", rows, chance, WITH, "trips")


def _places(asked: _Asked) -> Told:
    rows, chance, places = weighed(asked.rows, least=int(asked.parameters["least"]))
    if len(asked.details):
        rows = described_at_places(rows, asked.details, places)
    return _associated(f"Who was near several of {places} places?", rows, chance, PLACES, "places")


def _associated(question: str, rows: pd.DataFrame, chance: pd.DataFrame, names: dict[str, str], of: str) -> Told:
    said = "; ".join(f"{c.matched} or more {of}: {c.vehicles} found, {c.expected:.3g} expected by chance"
                     for c in chance.itertuples())  # fmt: skip
    return Told(question, named(rows, names), f"Chance: {said}.", str(int(rows["stands_out"].sum())))


def _life(asked: _Asked) -> Told:
    return Told(f"Where is {asked.plate} usually?", named(asked.rows, OCCURRENCE))


def _impossible(asked: _Asked) -> Told:
    rows = asked.rows.assign(apart_km=(asked.rows["apart_m"].astype(float) / 1000).round(1))
    return Told("Which plates were in two places at once?", named(rows, STEP), "Single steps are mostly misreads.")


def _convoys(asked: _Asked) -> Told:
    paired = asked.rows["plate"].notna()
    found, shifted = int(asked.rows.loc[~paired, "pairs"].sum()), int(asked.details.get("pairs", pd.Series([0])).sum())
    heed = f"{found:,} pairs found, {shifted:,} when every vehicle is shifted in time. Ask of each who travels with it."
    return Told("Which pairs went together?", named(asked.rows[paired], PAIR), heed)


_TOLD: dict[str, Callable[[_Asked], Told]] = {
    "lpr history": _history, "lpr history, wildcard": _history, "lpr search_similar": _similar,
    "lpr hotlist_matches, exact": _hits, "lpr hotlist_matches, similar": _hits, "lpr travels_with": _with,
    "lpr at_places": _places, "lpr pattern_of_life": _life, "lpr impossible_travel": _impossible,
    "lpr convoys": _convoys,
}  # fmt: skip
_DETAILS = {
    "lpr travels_with": "lpr travels_with, meetings",
    "lpr at_places": "lpr at_places, passages",
    "lpr convoys": "lpr convoys, plates shifted in time",
    "lpr search_similar": "lpr search_similar, plates in use",
}


def told(searches: list[dict[str, Any]]) -> dict[int, Told]:
    """The searches of a packet that answer a question, by their number from 1; the others only serve them."""
    rows = [_rows(search) for search in searches]
    kinds = [search["search"] for search in searches]
    answers = {}
    for n, (search, kind) in enumerate(zip(searches, kinds, strict=True)):
        if kind not in _TOLD:
            continue
        if search.get("failed"):
            said = f"This query {search['failed']} Ask anew, and pack the case again."
            answers[n + 1] = Told(f"{kind.removeprefix('lpr ')}: not answered", pd.DataFrame(), unanswered=said)
            continue
        serves = next((m for m in range(n + 1, len(kinds)) if kinds[m] == _DETAILS.get(kind)), None)
        details = rows[serves] if serves is not None else pd.DataFrame()
        answers[n + 1] = _TOLD[kind](_Asked(kind, search["asked"]["parameters"], rows[n], details))
    return answers


def packet_report(content: dict[str, Any]) -> Report:
    """The report that `render_pdf` sets: statement, questions with their answers in short, tables, the ledger.

    Parameters
    ----------
    content : dict
        What is in the packet's JSON (`rtcc_analytics.lpr.packet.read_packet`); nothing else is needed.
    """
    from rtcc_analytics.report import Provenance, Report, TableSection, Text

    searches, case = content["searches"], content["case_number"]
    answers = told(searches)
    in_short = pd.DataFrame([_in_short(n, answer, searches[n - 1]) for n, answer in answers.items()])
    sections: list[Any] = [
        Text(
            key="statement", title=LEAD_ONLY.capitalize(), style="box",
            paragraphs=(content["coverage"], "Associations show vehicles near one another, not who drove or why."),
        ),
        TableSection(
            key="questions", title="What was asked, and what was found", frame=in_short, shown=in_short,
            caption=f"Times are local, {TIMEZONE}. {_agreement(searches)}",
            empty="No question was asked under this case, only queries that serve one.",
        ),
    ]  # fmt: skip
    sections += [_answer(n, answer, searches[n - 1]) for n, answer in answers.items()]
    ledger = pd.DataFrame([
        _in_ledger(n, search, audit)
        for n, search in enumerate(searches, 1) for audit in (search["audit"], *search["asked_again"])
    ])  # fmt: skip
    sections.append(
        TableSection(
            key="ledger", title="Audit ledger: every query made for these answers", frame=ledger, shown=ledger,
            caption=f"Head of the ledger then: {content['ledger']['head']}. This packet's content, SHA-256: "
            f"{content['sha256']}. To check both: rtcc lpr verify, with the JSON that lies beside this document.",
        )
    )  # fmt: skip
    return Report(
        title=f"Case packet {case}",
        subtitle=f"Made {local(pd.Timestamp(content['made_at']))}. {LEAD_ONLY.capitalize()}.",
        sections=tuple(sections),
        provenance=Provenance(report="case_packet", parameters={"case": case}),
    )


def _rows(search: dict[str, Any]) -> pd.DataFrame:
    """A search's rows with the types they had, as far as a CSV can tell."""
    text = search["results_csv"]
    if not text.strip():
        return pd.DataFrame()
    frame = pd.read_csv(io.StringIO(text), dtype={c: str for c in ("plate", "other", "listed", "camera_id", "region")})
    for name in frame:
        if str(name).endswith("_at"):
            frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601")
    if "habits" in frame:
        frame["habits"] = [json.loads(h) for h in frame["habits"]]
    return frame


def _in_short(number: int, answer: Told, search: dict[str, Any]) -> dict[str, str]:
    audit = search["audit"]
    return {
        "Question": f"{number}. {answer.question}",
        "Period": _period(search["asked"]["parameters"]),
        "First asked": local(pd.Timestamp(audit["ts_utc"]))[:16],
        "Times": str(1 + len(search["asked_again"])),
        "By": audit["user"],
        "Reason": audit["reason_text"] or audit["reason_code"],
        "Rows": "–" if answer.unanswered else f"{len(answer.rows):,}",
        "Stand out": answer.stand_out or "–",
    }


def _answer(number: int, answer: Told, search: dict[str, Any]) -> Any:
    from rtcc_analytics.report import TableSection

    shown = answer.rows.head(SHOWN_ROWS)
    caption = [f"{_period(search['asked']['parameters'])}."]
    if answer.heed:
        caption.append(answer.heed)
    if len(shown) < len(answer.rows):
        caption.append(f"The first {len(shown)} of {len(answer.rows):,} rows; all are in the JSON.")
    caption.append(f"{LEAD_ONLY.capitalize()}.")
    return TableSection(
        key=f"search{number}", title=f"{number}. {answer.question}", frame=shown, shown=shown,
        strong=_standing(shown),
        caption=" ".join(caption), empty=answer.unanswered or "Nothing was found.",
    )  # fmt: skip


def _standing(shown: pd.DataFrame) -> tuple[tuple[int, int], ...]:
    if "Stands out" not in shown:
        return ()
    column = shown.columns.get_loc("Stands out")
    return tuple((row, column) for row, says in enumerate(shown["Stands out"]) if says == "yes")


def _in_ledger(number: int, search: dict[str, Any], audit: dict[str, Any]) -> dict[str, str]:
    return {
        "Query": f"{number}. {search['search'].removeprefix('lpr ')}",
        "Ledger row": str(audit["sequence"]),
        "Rows then": f"{audit['rows_returned']:,}",
        "Same rows now": "yes" if search["result_hash"] == audit["result_hash"] else "NO",
        "Hash of the rows": audit["result_hash"][:16],
        "Hash of the ledger row": audit["hash"][:16],
        "Data as of, UTC": (audit["data_asof"] or "")[:16].replace("T", " "),
        "Software": audit["software_version"],
    }


def _agreement(searches: list[dict[str, Any]]) -> str:
    differ = [n for n, s in enumerate(searches, 1) if s["result_hash"] != s["audit"]["result_hash"]]
    if not differ:
        return "Asked again for this packet, every query gave the same rows."
    return (
        f"Asked again for this packet, **{len(differ)} of {len(searches)} queries gave other rows** than at first "
        f"(number {', '.join(map(str, differ))}): reads were added or removed since, or lie in another form."
    )


def _period(parameters: dict[str, Any]) -> str:
    """From and until, local; whole days as dates, the last one named."""
    if "start" not in parameters:
        return "–"
    first, after = (
        pd.Timestamp(parameters[name]["timestamp"]).tz_convert(TIMEZONE).tz_localize(None) for name in ("start", "end")
    )
    if first == first.normalize() and after == after.normalize():
        return f"{first:%Y-%m-%d} to {after - pd.Timedelta(1, 'D'):%Y-%m-%d}"
    return f"{first:%Y-%m-%d %H:%M} to {after:%Y-%m-%d %H:%M}"
