"""Where a store is: a folder, or a PostgreSQL catalog with a shared data folder."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from ..schemas import Lake
from .errors import StoreError

LAKES: tuple[Lake, ...] = ("records", "sightings")
_SERVER_OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout")


def quoted(identifier: str) -> str:
    """An identifier written so that SQL takes it literally.

    Examples
    --------
    >>> quoted("Odd name")
    '"Odd name"'
    """
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str | Path) -> str:
    """A string written as an SQL literal, for the few statements that take no parameters (ATTACH, SET)."""
    return "'" + str(text).replace("'", "''") + "'"


@dataclass(frozen=True)
class Server:
    """How the PostgreSQL catalog is reached; the password never shows in `repr`."""

    host: str
    port: int
    database: str
    user: str
    password: str | None = field(default=None, repr=False)
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Location:
    """Where a store is.

    Attributes
    ----------
    text : str
        As the user wrote it, made absolute and without a password: safe to print.
    root : Path
        The folder that holds the data files (and, embedded, the catalogs and the ledger).
    server : Server or None
        The PostgreSQL catalog of a shared store; None for an embedded one.
    """

    text: str
    root: Path
    server: Server | None = None

    @classmethod
    def parse(cls, location: str | Path | Location) -> Location:
        """Read a folder path or a ``postgresql://`` address.

        Raises
        ------
        StoreError
            The address has another scheme, or lacks a database or an absolute ``data_path``.

        Examples
        --------
        >>> Location.parse("postgresql://ana:pw@db.example/rtcc?data_path=/srv/rtcc").text
        'postgresql://ana@db.example:5432/rtcc?data_path=/srv/rtcc'
        """
        if isinstance(location, Location):
            return location
        text = str(location)
        if not text.strip():
            raise StoreError("no store location given: pass a folder, or postgresql://user@host/db?data_path=/folder")
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://|postgres(ql)?:", text, re.IGNORECASE):
            return _parse_server(text)
        root = Path(text).expanduser().absolute()
        return cls(str(root), root)

    @property
    def key(self) -> tuple[object, ...]:
        """What tells two locations apart within a process, credentials included."""
        return (str(self.root), self.server, self.server.password if self.server else None)

    def catalog(self, lake: Lake) -> Path:
        """The SQLite catalog of an embedded lake."""
        return self.root / f"{lake}.sqlite"

    def data(self, lake: Lake) -> Path:
        """The folder of a lake's Parquet files."""
        return self.root / lake

    def redact(self, message: str) -> str:
        """`message` without the password, wherever a library may have put it; a server's refusal in plain words."""
        if self.server is None:
            return message
        password = self.server.password
        return _server_fault(self, message.replace(password, "***") if password else message)


def _parse_server(text: str) -> Location:
    try:
        parts = urlsplit(text)
        port = parts.port or 5432
    except ValueError:  # its words may repeat a part of the password
        raise StoreError(
            "the store address cannot be read: the port is no number from 0 to 65535, or the password holds a character "
            f"such as / : # ? that an address writes as %2F %3A %23 %3F. Write {_PATTERN}"
        ) from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise StoreError(
            f"a store address starts with postgresql://, not {parts.scheme}://: write {_PATTERN}, or a folder"
        )
    query = dict(parse_qsl(parts.query))
    data_path = query.pop("data_path", "")
    database = unquote(parts.path.lstrip("/"))
    unknown = sorted(set(query) - set(_SERVER_OPTIONS))
    if unknown:
        raise StoreError(
            f"the store address has an unknown option {unknown[0]!r}; known: data_path, {', '.join(_SERVER_OPTIONS)}. Write {_PATTERN}"
        )
    if not parts.hostname or not database:
        raise StoreError(f"the store address lacks a {'host' if not parts.hostname else 'database'}: write {_PATTERN}")
    if not data_path.startswith("/"):
        raise StoreError(
            f"the store address needs data_path, an absolute folder that every user reaches; it has {data_path!r}: write {_PATTERN}"
        )
    user = unquote(parts.username or "")
    password = unquote(parts.password) if parts.password is not None else None
    server = Server(parts.hostname, port, database, user, password, tuple(sorted(query.items())))
    named = f"{user}@" if user else ""
    return Location(
        f"postgresql://{named}{server.host}:{port}/{database}?data_path={data_path}", Path(data_path), server
    )


def _server_fault(location: Location, message: str) -> str:
    """What a PostgreSQL server that cannot be reached, or that refuses, means here; any other message as it is."""
    server = location.server
    assert server is not None
    where = f"the PostgreSQL server of {location.text}"
    reason = re.search(r"Unable to connect to Postgres at .*?\": (?:.*failed: )?(.*)", message)
    if reason:
        words = re.sub(r"^(FATAL|ERROR):\s*", "", reason[1].strip())
        return (
            f"{where} cannot be used: {words}. Check that it runs and is reached from here (pg_isready -h {server.host} "
            f"-p {server.port}), the database and user in the address, and the password in PGPASSWORD or ~/.pgpass"
        )
    refused = re.search(r"permission denied for (\w+) \"?(\w+)", message)
    if refused:
        return (
            f"{where} refuses this to {server.user or 'this user'}: permission denied for {refused[1]} {refused[2]}. "
            "Where your work needs it, ask the store's administrator (rtcc policy grants writes the rights of each role)"
        )
    return message


_PATTERN = "postgresql://user@host:port/database?data_path=/shared/folder"
