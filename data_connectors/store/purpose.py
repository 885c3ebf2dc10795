"""Why someone looks at plates, said before they look."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import StoreError


@dataclass(frozen=True)
class Purpose:
    """The reason for reading plate-bearing tables; the audit ledger keeps it with every read.

    Parameters
    ----------
    reason_code : str
        Coded purpose, in the agency's own list (``investigation``, ``missing_person`` ...).
    case_number : str
        The case the search belongs to.
    text : str
        The reason in words.
    supervisor : str
        Who approved the search, where the agency asks for that.
    agency : str
        The agency on whose behalf, where several share the store.

    Examples
    --------
    >>> Purpose(reason_code="investigation", case_number="26-000123").case_number
    '26-000123'
    """

    reason_code: str
    case_number: str
    text: str = ""
    supervisor: str = ""
    agency: str = ""

    def refusal(self) -> str | None:
        """Why this purpose does not do, or None where it does.

        >>> Purpose(reason_code="investigation", case_number=" ").refusal()
        "a purpose needs a case number; it has ' '"
        """
        for words, value in (("reason code", self.reason_code), ("case number", self.case_number)):
            if not isinstance(value, str) or not value.strip():
                return f"a purpose needs a {words}; it has {value!r}"
        return None

    def check(self) -> None:
        """Raise StoreError where a part is blank."""
        refusal = self.refusal()
        if refusal:
            raise StoreError(f"{refusal}: Purpose(reason_code='investigation', case_number='26-000123')")
