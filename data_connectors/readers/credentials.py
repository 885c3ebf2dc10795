"""Takes passwords out of camera tables before anything is stored: columns of them, and those inside addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from data_connectors.readers import RawBatch
from data_connectors.readers.header_synonyms import plain

_SECRET_HEADER = re.compile(r"passw|passwd|pwd|passcode|secret|apikey|privatekey|accesstoken|^pass$|^token$|^pin$")
_USER_INFO = re.compile(r"(\w://)[^/\s]*@")
# A password may hold a slash or an @, so everything up to the last @ goes: better an address damaged than a
# password kept. What follows the first colon is a port only where it is digits and a slash.
_USER_AND_PASSWORD = re.compile(r"(\w://)(?![^/\s@:]+:\d{1,5}(?:/|\s|$))[^\s/:@]+:\S*@")
_IN_QUERY = re.compile(
    r"([?&;](?:[^=&;\s]*(?:user|usr|login|pass|pwd|psw|token|auth|secret|sig|cred|apikey|api_key)[^=&;\s]*|u|p|key)=)"
    r"[^&;\s\"']+",
    re.IGNORECASE,
)


def without_credentials(batches: Iterator[RawBatch]) -> Iterator[RawBatch]:
    """Batches without columns of passwords, and with every address rid of user names, passwords and tokens.

    Rejects are treated alike. The last batch's notes name the columns and count the addresses.

    Examples
    --------
    >>> table = pa.table({"url": ["rtsp://admin:hunter2@10.0.0.5/live"], "Password": ["hunter2"]})
    >>> [batch] = without_credentials(iter([RawBatch(table, pa.array([2], pa.int64()))]))
    >>> batch.columns.to_pylist(), batch.notes
    ([{'url': 'rtsp://10.0.0.5/live'}], ('left out as secret: Password', 'credentials taken out of 1 address'))
    """
    cleaned = 0
    secret: dict[str, None] = {}
    held: RawBatch | None = None
    for batch in batches:
        if held is not None:
            yield held
        names = [name for name in batch.columns.column_names if is_secret(name)]
        secret.update(dict.fromkeys(names))
        table, count = _cleaned(batch.columns.drop_columns(names))
        cleaned += count
        rejects = tuple(replace(reject, raw=_cleaned_raw(reject.raw)) for reject in batch.rejects)
        held = replace(batch, columns=table, rejects=rejects)
    if held is not None:
        notes = (f"left out as secret: {', '.join(secret)}",) if secret else ()
        notes += (f"credentials taken out of {cleaned:,} address{'' if cleaned == 1 else 'es'}",) if cleaned else ()
        yield replace(held, notes=held.notes + notes)


def is_secret(header: str) -> bool:
    """Whether a header names a password, a token or the like.

    Examples
    --------
    >>> is_secret("Camera Password"), is_secret("PWD"), is_secret("Passing lane")
    (True, True, False)
    """
    return bool(_SECRET_HEADER.search(plain(header.rpartition(".")[2])))


def without_user(address: str) -> str:
    """An address, or text that holds some, without user names, passwords and tokens.

    Examples
    --------
    >>> without_user("rtsp://admin:p@ss/word@cam.example.gov:554/ch1?channel=1&pwd=x")
    'rtsp://cam.example.gov:554/ch1?channel=1&pwd='
    >>> without_user("http://cam.example.gov:8080/a@b.jpg")
    'http://cam.example.gov:8080/a@b.jpg'
    """
    address = _USER_AND_PASSWORD.sub(r"\1", address)
    return _IN_QUERY.sub(r"\1", _USER_INFO.sub(r"\1", address))


def _cleaned(table: pa.Table) -> tuple[pa.Table, int]:
    count = 0
    for position, name in enumerate(table.column_names):
        column = table[name]
        if not pc.any(pc.match_substring_regex(column, r"://|[?&]\w+=")).as_py():
            continue
        before = column.to_pylist()
        after = [value if value is None else without_user(value) for value in before]
        count += sum(a != b for a, b in zip(after, before, strict=True))
        table = table.set_column(position, name, pa.array(after, pa.string()))
    return table, count


def _cleaned_raw(raw: dict[str, str] | str) -> dict[str, str] | str:
    if isinstance(raw, str):
        return without_user(raw)
    return {k: without_user(v) if isinstance(v, str) else v for k, v in raw.items() if not is_secret(k)}
