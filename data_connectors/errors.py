"""The one base of every error that a user can cause and mend."""

from __future__ import annotations


class RtccError(Exception):
    """Something the user can mend: the message says what is wrong, the values seen, and what to do.

    The command line prints the message alone and exits with 1; a notebook shows it as raised.
    """
