"""The named jobs: a function's signature is the parameter list of every door to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

_NAMES = ("weekly_briefing",)


class _Reports(Mapping[str, Callable[..., Any]]):
    """Reports by name; each is imported when first asked for, because drawing libraries take seconds."""

    def __getitem__(self, name: str) -> Callable[..., Any]:
        if name not in _NAMES:
            raise KeyError(name)
        return getattr(import_module(f"{__name__}.{name}"), name)

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


REPORTS: Mapping[str, Callable[..., Any]] = _Reports()
"""Every report by name: a module here of that name, with a function of that name that gives a `Report`."""
