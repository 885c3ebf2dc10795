"""Who may do what, and which purposes do: a policy file beside the store.

A store without a file ``policy.toml`` in its folder lets everybody do everything that needs no more than a reason code
and a case number. With one, `Store.sightings` refuses what it does not allow, and the refusal is in the ledger::

    [purpose]
    reason_codes = ["investigation", "missing_person", "audit"]
    text_required = true            # the reason in words
    supervisor_required = false
    look_back_days = 365            # longer ones are named in the reason-quality report

    [roles]                         # who has which role: PostgreSQL role, JupyterHub user or login
    analyst = ["jdoe"]
    investigator = ["asmith"]
    auditor = ["county_auditor"]

These checks guard against mistakes. Whoever may read the store's files or its database can go past a library: the
boundary is file permissions (embedded) or the rights that `grant_script` writes (shared), with the shared folder's own.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import StoreError
from .location import Location
from .locking import current_user
from .purpose import Purpose

if TYPE_CHECKING:
    from .store import Store

FILE = "policy.toml"
ACTIONS = {
    "read_records": "incidents, calls, cameras and what is made of them",
    "search_plates": "search plate reads, for a stated purpose",
    "close_alerts": "acknowledge and close alerts",
    "load": "load files and hotlists",
    "purge": "purge by retention policy, expunge sealed records",
    "read_ledger": "read and export the audit ledger",
    "administer": "make, migrate, back up and restore the store",
}
ROLES = {
    "analyst": ("read_records", "search_plates"),
    "investigator": ("read_records", "search_plates", "close_alerts"),
    "command": ("read_records",),
    "auditor": ("read_ledger",),
    "administrator": ("read_records", "load", "purge", "administer"),
}


@dataclass(frozen=True)
class Policy:
    """What the policy file says.

    Attributes
    ----------
    reason_codes : tuple of str
        The coded purposes allowed; any where empty.
    text_required, supervisor_required : bool
    look_back_days : int or None
        Longest look-back that needs no explanation.
    members : dict
        Role to users; nobody is restricted where it is empty.

    Examples
    --------
    >>> policy = Policy.parse('[purpose]\\ntext_required = true\\n[roles]\\nanalyst = ["jdoe"]\\nauditor = ["kim"]')
    >>> policy.refusal(Purpose("investigation", "26-1"), "jdoe")
    'the policy asks for the reason in words (text=…)'
    >>> policy.refusal(Purpose("investigation", "26-1", "stolen car"), "kim")
    "'kim' (auditor) may not search_plates; that may: analyst, investigator"
    """

    reason_codes: tuple[str, ...] = ()
    text_required: bool = False
    supervisor_required: bool = False
    look_back_days: int | None = None
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, location: Location) -> Policy:
        """The policy beside a store; the open one where there is no file."""
        path = location.root / FILE
        if not path.exists():
            return cls()
        try:
            return cls.parse(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise StoreError(f"cannot read the policy {path}: {error.strerror or error}") from error

    @classmethod
    def parse(cls, text: str) -> Policy:
        """The policy in TOML; StoreError names what is not understood, so that nothing is silently allowed."""
        try:
            given = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise StoreError(f"{FILE} is no TOML: {error}") from error
        purpose, roles = given.pop("purpose", {}), given.pop("roles", {})
        known = {"reason_codes", "text_required", "supervisor_required", "look_back_days"}
        unknown = [*given, *(k for k in purpose if k not in known), *(k for k in roles if k not in ROLES)]
        if unknown:
            raise StoreError(
                f"{FILE} names {unknown[0]!r}; it may have [purpose] with {', '.join(sorted(known))} and [roles] with {', '.join(ROLES)}"
            )
        codes = tuple(str(code) for code in purpose.get("reason_codes", ()))
        members = {role: tuple(str(user) for user in users) for role, users in roles.items()}
        return cls(
            codes,
            bool(purpose.get("text_required", False)),
            bool(purpose.get("supervisor_required", False)),
            purpose.get("look_back_days"),
            members,
        )

    def refusal(self, purpose: Purpose, user: str) -> str | None:
        """Why `user` may not search plates for this purpose, or None."""
        if self.reason_codes and purpose.reason_code not in self.reason_codes:
            return (
                f"the reason code {purpose.reason_code!r} is not on the policy's list: {', '.join(self.reason_codes)}"
            )
        if self.text_required and not (purpose.text or "").strip():
            return "the policy asks for the reason in words (text=…)"
        if self.supervisor_required and not (purpose.supervisor or "").strip():
            return "the policy asks for the supervisor who approved the search (supervisor=…)"
        return self.not_allowed(user, "search_plates")

    def not_allowed(self, user: str, action: str) -> str | None:
        """Why `user` may not do `action`, or None."""
        if action not in ACTIONS:
            raise StoreError(f"there is no action {action!r}; there are: {', '.join(ACTIONS)}")
        own = [role for role, users in self.members.items() if user in users]
        if not self.members or any(action in ROLES[role] for role in own):
            return None
        able = ", ".join(role for role, actions in ROLES.items() if action in actions)
        return f"{user!r} ({', '.join(own) or 'no role'}) may not {action}; that may: {able}"


def asking(location: Location) -> str:
    """Who asks: the PostgreSQL role, else the JupyterHub user, else the login."""
    return (location.server.user if location.server else "") or current_user()


def require(store: Store, action: str) -> None:
    """Raise StoreError, and write the refusal to the ledger, where the policy does not let this user do `action`."""
    from .ledger import Ledger

    refusal = Policy.of(store._place).not_allowed(asking(store._place), action)
    if refusal:
        Ledger(store._place, store.wait_s).append(action="deny", object=action, outcome="denied", reason=refusal)
        raise StoreError(refusal)


def grant_script(
    *, database: str, data_path: str = "/shared/folder", members: dict[str, tuple[str, ...]] | None = None
) -> str:
    """SQL that makes the roles a boundary in PostgreSQL, and as comments the commands for the shared folder.

    Run it once as the database's owner, after `rtcc init`. Without the folder's permissions it is only half a boundary:
    the catalog says where the files are, and the files are what is read.

    Examples
    --------
    >>> "REVOKE ALL ON SCHEMA sightings" in grant_script(database="rtcc")
    True
    """
    for name in [database, *(user for users in (members or {}).values() for user in users)]:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name):
            raise StoreError(f"{name!r} is no name of a database or role: letters, digits, _ . - only")
    lines = [
        "-- Roles of the RTCC store. A library's checks guard against mistakes; these rights are the boundary.",
        *(
            f"DO $$ BEGIN CREATE ROLE rtcc_{role} NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
            for role in ROLES
        ),
        f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC;',
        "CREATE SCHEMA IF NOT EXISTS audit;",
        f"CREATE TABLE IF NOT EXISTS audit.ledger ({_ledger_columns()});",
    ]
    for schema in ("records", "sightings", "audit"):
        lines.append(f"REVOKE ALL ON SCHEMA {schema} FROM PUBLIC;")
        lines.append(f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM PUBLIC;")
    for role, actions in ROLES.items():
        lines += _rights(f"rtcc_{role}", actions, database)
    for role, users in (members or {}).items():
        lines += [f'GRANT rtcc_{role} TO "{user}";' for user in users]
    lines += [
        "",
        "-- The shared folder, as its owner (groups of the operating system, one a lake):",
        f"--   chgrp -R rtcc_records  {data_path}/records    && chmod -R 2750 {data_path}/records",
        f"--   chgrp -R rtcc_plates   {data_path}/sightings  && chmod -R 2750 {data_path}/sightings",
        "-- Put analysts and investigators in rtcc_plates, command staff and auditors not.",
    ]
    return "\n".join(lines) + "\n"


def _ledger_columns() -> str:
    from .ledger import _columns_sql

    return _columns_sql()


def _rights(role: str, actions: tuple[str, ...], database: str) -> list[str]:
    writes = "load" in actions or "administer" in actions
    wanted: dict[str, str] = {}
    if "read_records" in actions:
        wanted["records"] = "SELECT, INSERT, UPDATE, DELETE" if writes else "SELECT"
    if "search_plates" in actions or writes or "purge" in actions:
        wanted["sightings"] = "SELECT, INSERT, UPDATE, DELETE" if writes or "close_alerts" in actions else "SELECT"
    wanted["audit"] = "SELECT, INSERT" if actions != ("read_records",) else "INSERT, SELECT"
    lines = [f'GRANT CONNECT, TEMPORARY ON DATABASE "{database}" TO {role};']
    for schema, rights in wanted.items():
        lines.append(f"GRANT USAGE{', CREATE' if writes and schema != 'audit' else ''} ON SCHEMA {schema} TO {role};")
        lines.append(f"GRANT {rights} ON ALL TABLES IN SCHEMA {schema} TO {role};")
    return lines


def role_frame() -> Any:
    """Which role may do what, as a table."""
    import pandas

    return pandas.DataFrame(
        [
            {"action": a, "what": words} | {r: a in allowed for r, allowed in ROLES.items()}
            for a, words in ACTIONS.items()
        ]
    )


def write_example(path: Path) -> Path:
    """Write a policy to start from; nothing is overwritten."""
    if path.exists():
        raise StoreError(f"{path} exists; edit it, nothing is overwritten")
    path.write_text(_EXAMPLE, encoding="utf-8")
    return path


_EXAMPLE = """# Who may search plates, and why. Users are PostgreSQL roles, JupyterHub users or logins.
[purpose]
reason_codes = ["investigation", "missing_person", "stolen_vehicle", "audit"]
text_required = true
supervisor_required = false
look_back_days = 365

[roles]
analyst = []
investigator = []
command = []
auditor = []
administrator = []
"""
