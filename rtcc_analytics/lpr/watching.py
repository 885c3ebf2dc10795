"""Live matching: reads that arrive are held against the lists first, alerted, then stored.

Whatever arrives, by the webhook or as a file, lies in the spool folder until it is in the store: a crash loses nothing,
and what arrives twice alerts once. A body is acknowledged to its sender only after it is on disk.

    spool/PROFILE/*.json|csv|…     waiting
    spool/refused/PROFILE/…        what could not be loaded, with a .reason file beside it
"""

from __future__ import annotations

import math
import os
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_connectors.errors import RtccError
from rtcc_analytics.lpr.leads import LprError

if TYPE_CHECKING:
    from data_connectors import Profile, Purpose, Store
    from data_connectors.loading.staging import Intake
    from data_connectors.store import LoadingSession

Version = tuple[int, int]

MOST_FILES, MOST_BYTES = 200, 32_000_000
LONGEST_NAME = 200
KEEP_EVERY_S = 10.0
SESSION_S = 300.0  # a session that stays open remembers something of each snapshot
SETTLED_S = 2.0  # a file that changed since may still be being written: alerts at once, anything final later
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 5.0  # while the store cannot be reached
_AWAY = re.compile(
    r"connection (to server|refused|reset|timed out)|unable to connect|could not (connect|translate host)|"
    r"server closed the connection|terminating connection|no connection to the server|the database system is",
    re.IGNORECASE,
)
_STATE = """/* lpr watch, state of the lists */
SELECT coalesce(max(load_id), 0), count(undone_at), (SELECT count(*) FROM {entries})
FROM {loads} WHERE table_name = 'hotlist_entries'"""
_LISTS = """/* lpr watch, lists in force */
SELECT e.plate, e.region, e.list_name, e.category, e.case_number, e.priority, e.issued_at, e.expires_at, l.loaded_at
FROM hotlist_entries e LEFT JOIN loads l USING (load_id)
WHERE (e.expires_at IS NULL OR e.expires_at > now())
  AND ($all_categories OR upper(coalesce(e.category, '')) IN (SELECT unnest($categories::VARCHAR[])))"""
_MATCH = """
SELECT md5(concat_ws('|', s.plate, s.camera_id, epoch_ms(s.captured_at), w.list_name, coalesce(w.case_number, '')))
           AS alert_id,
       now() AS made_at, $arrived_at::TIMESTAMPTZ AS arrived_at, s.plate, s.region, s.captured_at, s.camera_id,
       s.camera_name, s.lon, s.lat, s.confidence, w.list_name, w.region AS listed_region, w.category, w.case_number,
       w.priority, w.loaded_at AS listed_at
FROM staged s JOIN watched w ON w.plate = s.plate
WHERE (s.region IS NULL OR w.region IS NULL OR s.region = w.region)
  AND (w.issued_at IS NULL OR s.captured_at >= w.issued_at) AND (w.expires_at IS NULL OR s.captured_at < w.expires_at)
QUALIFY row_number() OVER (PARTITION BY alert_id ORDER BY
    s.captured_at, w.priority NULLS LAST, w.category NULLS LAST, w.region NULLS LAST, w.issued_at, w.expires_at,
    w.loaded_at DESC, s.confidence DESC NULLS LAST, s.region, s.camera_name, s.lon, s.lat) = 1
"""
_COLUMNS = (
    "alert_id, made_at, arrived_at, plate, region, captured_at, camera_id, camera_name, lon, lat, confidence, "
    "list_name, listed_region, category, case_number, priority, listed_at"
)


@dataclass(frozen=True)
class Handled:
    """What one round did.

    Attributes
    ----------
    files, reads, alerts, refused : int
        Files matched, new reads stored, new alerts, files set aside.
    oldest_s : float
        Age of the oldest file when its alerts were visible, seconds.
    """

    files: int = 0
    reads: int = 0
    alerts: int = 0
    refused: int = 0
    oldest_s: float = 0.0


@dataclass
class Watcher:
    """Matches and stores what lies in a spool folder; one process watches one spool.

    Matching is quick and storing is not: `run` stores the reads of ten seconds together, in a thread of its own, and
    goes on matching meanwhile.

    Parameters
    ----------
    store : Store
    purpose : Purpose
        Under which the lists are read; each reading of them is in the ledger.
    spool : Path
        Made if needed; only its owner may read it.
    categories : tuple of str, optional
        The agency's allow-list of categories; all where left out.
    """

    store: Store
    purpose: Purpose
    spool: Path
    categories: tuple[str, ...] | None = None
    _lists: Any = field(default=None, init=False)
    _state: tuple[Any, ...] | None = field(default=None, init=False)
    _matched: dict[Path, Version] = field(default_factory=dict, init=False)
    _doubtful: dict[Path, Version] = field(default_factory=dict, init=False)
    _kept_at: float = field(default=-math.inf, init=False)
    _open: ExitStack = field(default_factory=ExitStack, init=False)
    _session: LoadingSession | None = field(default=None, init=False)
    _opened_at: float = field(default=-math.inf, init=False)
    _looked_at: float = field(default=-math.inf, init=False)
    _away_s: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.spool = Path(self.spool)
        _folder(self.spool)

    def refresh(self, *, every_s: float = 5.0) -> bool:
        """Read the lists again where a load, one taken back, or entries taken out changed them; whether it did."""
        if time.monotonic() - self._looked_at < every_s:
            return False
        session = self._checked()
        [state] = session.rows(_STATE.format(loads=session.table("loads"), entries=session.table("hotlist_entries")))
        if state == self._state:
            self._looked_at = time.monotonic()
            return False
        import pyarrow as pa

        allowed = [c.upper() for c in self.categories or ()]
        with self.store.sightings(self.purpose) as sightings:
            frame = sightings.read(_LISTS, all_categories=self.categories is None, categories=allowed)
        frame = frame.sort_values("plate", ignore_index=True)
        self._lists = pa.Table.from_pandas(frame, preserve_index=False), frame["plate"].to_numpy(dtype=str)
        self._state = state
        self._looked_at = time.monotonic()
        return True

    def once(self) -> Handled:
        """Take what is waiting now: match, alert, store. A file that cannot be loaded is set aside with its reason.

        Files that changed in the last two seconds are looked at again after two more, and left if they go on changing.
        """
        try:
            done = self.match()
            if not all(map(_settled, self._known().values())):
                time.sleep(SETTLED_S)
                done = _added(done, self.match())
            return _added(done, self.keep())
        finally:
            self.close()

    def match(self) -> Handled:
        """Hold the files that are new against the lists, and write the alerts; the files stay in the spool."""
        _folder(self.spool)
        self.refresh()
        total = Handled()
        for profile, paths in waiting(self.spool, but=self._known()):
            total = _added(total, self._each(self._match, profile, paths))
        return total

    def keep(self) -> Handled:
        """Store the reads of the files that were matched and no longer change, and take those out of the spool."""
        self._kept_at = time.monotonic()
        by_profile: dict[str, list[Path]] = {}
        for path in filter(lambda path: _settled(_version(path)), list(self._matched)):
            by_profile.setdefault(path.parent.name, []).append(path)
        total = Handled()
        for profile, paths in by_profile.items():
            while paths:
                first = as_many_as_one_round(paths)
                total, paths = _added(total, self._each(self._keep, profile, first)), paths[len(first) :]
        return total

    def run(
        self,
        *,
        stop: Callable[[], bool],
        pause_s: float = 0.1,
        tell: Callable[[Handled], None] = lambda _: None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Take what arrives until `stop()`; a store that is held or cannot be reached for a while is tried again.

        What is being stored when it ends, however it ends, is stored to the end. `say` is told when the store goes
        away and when it is back; until then everything waits in the spool.
        """
        keeping: Future[Handled] | None = None
        try:
            with ThreadPoolExecutor(1, "keep") as apart:
                while not stop():
                    done = self._tried(self.match, say)
                    if keeping and keeping.done():
                        done, keeping = _added(done, self._tried(keeping.result, say)), None
                    if self._matched and not keeping and time.monotonic() - self._kept_at >= KEEP_EVERY_S:
                        keeping = apart.submit(self.keep)
                    if done != Handled():
                        tell(done)
                    if not done.files:
                        time.sleep(max(pause_s, self._away_s))
            if keeping and (done := self._tried(keeping.result, say)) != Handled():
                tell(done)
        finally:
            self.close()

    def _tried(self, job: Callable[[], Handled], say: Callable[[str], None]) -> Handled:
        """What a job did; nothing where the store is held or away for a while, and the job is to be tried again."""
        try:
            done = job()
        except Exception as error:
            if _is_away(error):
                if not self._away_s:
                    say(f"the store cannot be reached; what comes waits in the spool. {error}")
                self._away_s = min(max(2 * self._away_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
                self._looked_at = -math.inf
            elif not getattr(error, "transient", False):
                raise
            return Handled()
        if self._away_s and math.isfinite(self._looked_at):  # it has answered since
            self._away_s = 0.0
            say("the store can be reached again; matching goes on")
        return done

    def close(self) -> None:
        """Let go of the store until the next round."""
        self._session = None
        self._open.close()

    def _known(self) -> dict[Path, Version]:
        """Files that need no look now: matched as they are, or unreadable a moment ago and the same since."""
        self._doubtful = {path: version for path, version in list(self._doubtful.items()) if not _settled(version)}
        return self._doubtful | dict(list(self._matched.items()))

    def _checked(self) -> LoadingSession:
        """The session to match in, kept open since opening takes longer than matching; a new one where it was lost."""
        if self._session is not None and time.monotonic() - self._opened_at < SESSION_S:
            with suppress(RtccError):
                self._session.check_version()
                return self._session
        self.close()
        self._opened_at = time.monotonic()
        self._session = self._open.enter_context(self.store.loading("sightings"))
        self._session.run("SET threads = 1")  # few rows: a second thread would only have to be waited for
        return self._session

    def _each(
        self, job: Callable[[str, list[Path]], Handled], profile: str, paths: list[Path], *, alone: bool = False
    ) -> Handled:
        """A job over all the files; where one is at fault, over each by itself, and that one is set aside."""
        before = _version(paths[0])
        try:
            return job(profile, paths)
        except Exception as error:
            if getattr(error, "transient", False) or _is_away(error):
                raise
            if gone := [path for path in paths if not path.exists()]:  # somebody took a file away meanwhile
                self._done(gone)
                left = [path for path in paths if path not in gone]
                return self._each(job, profile, left, alone=alone) if left else Handled()
            if not _of_a_file(error):
                with self.store.loading("sightings"):  # which fails where not a file is at fault, but the store
                    pass
            if alone:
                words = str(error) if isinstance(error, RtccError) else f"{type(error).__name__}: {error}"
                return self._refused(profile, paths[0], before, words)
        done = Handled()
        for path in paths:
            done = _added(done, self._each(job, profile, [path], alone=True))
        return done

    def _match(self, profile: str, paths: list[Path]) -> Handled:
        arrived, before = min(path.stat().st_mtime for path in paths), {path: _version(path) for path in paths}
        session = self._session or self._checked()
        try:
            _, intake = _staged(session, profile, paths)
            new = self._alert(session, arrived)
        except Exception as error:
            if not _of_a_file(error):  # the session may have lost its server; the next try opens another
                self.close()
            raise
        self._matched.update(before)
        done = Handled(files=len(paths) - len(intake.unusable), alerts=new, oldest_s=time.time() - arrived)
        return _added(done, self._unusable(profile, before, intake))

    def _keep(self, profile: str, paths: list[Path]) -> Handled:
        """Store; what a file or a list gained since it was matched is alerted first."""
        from data_connectors.loading import write

        arrived, before = min(path.stat().st_mtime for path in paths), {path: _version(path) for path in paths}
        with self.store.loading("sightings") as session:
            known, intake = _staged(session, profile, paths)
            new = self._alert(session, arrived)
            receipt = session.commit(lambda s: write(s, known, intake, allow_shrink=True), note=f"watch {known.source}")
        for path, version in before.items():
            if _version(path) == version and path.name not in intake.unusable:
                path.unlink(missing_ok=True)
        self._done(paths)
        return _added(Handled(reads=receipt.new, alerts=new), self._unusable(profile, before, intake))

    def _unusable(self, profile: str, before: dict[Path, Version], intake: Intake) -> Handled:
        """Refuse the files of which no row could be used."""
        done = Handled()
        for path, version in before.items():
            if reason := intake.unusable.get(path.name):
                done = _added(done, self._refused(profile, path, version, reason))
        return done

    def _done(self, paths: list[Path]) -> None:
        """Forget files that are stored, refused or gone; one that is still there is matched anew."""
        for path in paths:
            self._matched.pop(path, None)

    def _alert(self, session: LoadingSession, arrived: float) -> int:
        """Write the alerts of the staged reads that are not there yet; how many."""
        from datetime import UTC, datetime

        listed = self._listed([plate for (plate,) in session.rows("SELECT DISTINCT plate FROM staged")])
        if not listed.num_rows:
            return 0
        session.register("watched", listed)
        session.run(f"CREATE OR REPLACE TEMP TABLE hits AS {_MATCH}", arrived_at=datetime.fromtimestamp(arrived, UTC))
        session.unregister("watched")
        if not session.rows("SELECT count(*) FROM hits")[0][0]:
            return 0

        def job(s: LoadingSession) -> int:
            table = s.table("alerts")
            fresh = f"FROM hits h WHERE NOT EXISTS (FROM {table} a WHERE a.alert_id = h.alert_id)"
            return int(s.rows(f"INSERT INTO {table} ({_COLUMNS}) SELECT {_COLUMNS} {fresh}")[0][0])

        return session.commit_alerts(job)

    def _listed(self, plates: list[str]) -> Any:
        """The entries of these plates, by bisection: far quicker than looking through the whole list each round."""
        import numpy as np
        import pyarrow as pa

        entries, keys = self._lists
        asked = np.unique(np.array(plates, keys.dtype))  # one cut short finds another's entry, the join does not
        first, last = (np.searchsorted(keys, asked, side) for side in ("left", "right"))
        rows = [row for a, b in zip(first, last, strict=True) for row in range(a, b)]
        return entries.take(pa.array(rows, pa.int64()))

    def _refused(self, profile: str, path: Path, before: Version, reason: str) -> Handled:
        """Set a file aside, or where it may still be being written leave it for another try."""
        self._done([path])
        if _version(path) != before or not _settled(before):
            self._doubtful[path] = before
            return Handled()
        self._set_aside(profile, path, reason)
        return Handled(files=1, refused=1)

    def _set_aside(self, profile: str, path: Path, reason: str) -> None:
        folder = _folder(self.spool, "refused", profile)
        name = path.name
        if (folder / name).exists() or len(os.fsencode(name)) > LONGEST_NAME:  # a reason's name is longer
            name = f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}{path.suffix[:20]}"
        with suppress(FileNotFoundError):
            path.replace(folder / name)
        (folder / f"{name}.reason").write_text(reason + "\n", encoding="utf-8", errors="backslashreplace")


def plate_profile(name: str) -> Profile:
    """The profile of this name; ProfileError or LprError where there is none, or it fills no plate reads."""
    from data_connectors import Profile

    known = Profile.find(name)
    if known.table.name != "plate_reads":
        raise LprError(f"profile {name} fills {known.table.name}; watch takes plate reads")
    return known


def _staged(session: LoadingSession, profile: str, paths: list[Path]) -> tuple[Profile, Intake]:
    from data_connectors.loading import stage
    from data_connectors.readers import SourceFile

    known = plate_profile(profile)
    files = tuple(SourceFile(p) for p in paths)
    return known, stage(session, known, files, lambda *_: None, row_by_row=True)


def _of_a_file(error: Exception) -> bool:
    """Whether an error is of what was read; of any other the store may be the cause."""
    from data_connectors.store import StoreError

    return isinstance(error, RtccError) and not isinstance(error, StoreError)


def _is_away(error: Exception) -> bool:
    """Whether an error is that the store's server could not be reached, or went away."""
    return not _of_a_file(error) and _AWAY.search(str(error)) is not None


def waiting(spool: Path, *, but: Mapping[Path, Version]) -> Iterator[tuple[str, list[Path]]]:
    """Files waiting, oldest first, by profile: as many as one round takes, and none of `but` unless it changed."""
    known = {str(path): version for path, version in but.items()}
    for folder in sorted(p for p in spool.iterdir() if p.is_dir() and p.name != "refused"):
        new = sorted((version, path) for path, version in _files(folder) if known.get(path) != version)
        if files := as_many_as_one_round([Path(path) for _, path in new]):
            yield folder.name, files


def as_many_as_one_round(paths: list[Path]) -> list[Path]:
    """The first of these files that one round takes: so many, and so many bytes, but one at least."""
    size = 0
    for number, path in enumerate(paths):
        size += _version(path)[1]
        if number and (number >= MOST_FILES or size > MOST_BYTES):
            return paths[:number]
    return paths


def _version(path: Path) -> Version:
    """When a file was last written, and its bytes; zeros where it is gone."""
    try:
        return _version_of(path.stat())
    except FileNotFoundError:
        return 0, 0


def _version_of(told: os.stat_result) -> Version:
    return told.st_mtime_ns, told.st_size


def _settled(version: Version) -> bool:
    """Whether a file has been as it is for long enough; a clock ahead of this one tells nothing."""
    return not 0 <= time.time() - version[0] / 1e9 < SETTLED_S


def _files(folder: Path) -> Iterator[tuple[str, Version]]:
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                if entry.is_file() and not entry.name.startswith("."):
                    yield entry.path, _version_of(entry.stat())


def put(spool: Path, profile: str, body: bytes, *, suffix: str) -> Path:
    """Put a body into the spool: whole and on disk, or not at all."""
    folder = _folder(spool, profile)
    name = f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}{suffix}"
    partial = folder / f".{name}"
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    return partial.rename(folder / name)


def _folder(spool: Path, *names: str) -> Path:
    """A folder of the spool, made where it is absent: it and those above it are their owner's alone."""
    spool.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in names:
        spool = spool / name
        spool.mkdir(exist_ok=True, mode=0o700)
    return spool


def _added(a: Handled, b: Handled) -> Handled:
    return Handled(
        a.files + b.files, a.reads + b.reads, a.alerts + b.alerts, a.refused + b.refused, max(a.oldest_s, b.oldest_s)
    )
