"""The one base of every error that a user can cause and mend, and how messages count."""

from __future__ import annotations


class RtccError(Exception):
    """Something the user can mend: the message says what is wrong, the values seen, and what to do.

    The command line prints the message alone and exits with 1; a notebook shows it as raised.
    """


def rows_said(n: int) -> str:
    """A number of rows in words.

    Examples
    --------
    >>> rows_said(1), rows_said(1200)
    ('1 row', '1,200 rows')
    """
    return "1 row" if n == 1 else f"{n:,} rows"
