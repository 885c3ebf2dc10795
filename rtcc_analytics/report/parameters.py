"""A report's parameters: read from the signature of its function, the one list that every door shares."""

from __future__ import annotations

import difflib
import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from rtcc_analytics.report.document import ReportError


@dataclass(frozen=True)
class Parameter:
    """One parameter: its name, type in words, default, and what the docstring says of it."""

    name: str
    kind: str
    default: Any
    meaning: str


def parameters_of(workflow: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The keyword-only parameters of a workflow, in order.

    Examples
    --------
    >>> def brief(store, *, until: date | None = None) -> None:
    ...     '''Brief.
    ...
    ...     Parameters
    ...     ----------
    ...     until : date, optional
    ...         Day after the last day.
    ...     '''
    >>> parameters_of(brief)
    (Parameter(name='until', kind='date', default=None, meaning='Day after the last day.'),)
    """
    meanings = _meanings(inspect.getdoc(workflow) or "")
    annotations = _annotations(workflow)
    return tuple(
        Parameter(name, _in_words(annotations.get(name, str)), p.default, meanings.get(name, ""))
        for name, p in inspect.signature(workflow).parameters.items()
        if p.kind is p.KEYWORD_ONLY
    )


def coerced(workflow: Callable[..., Any], /, **given: Any) -> dict[str, Any]:
    """The parameters as the workflow's annotations want them: text becomes a date, a number, a list.

    An empty text or "none" is None where None is allowed. A list may be given as text, its items
    apart by semicolons or on lines of their own (by commas too, where no item holds a space).

    Raises
    ------
    ReportError
        A name that the workflow does not take, with the nearest one that it does; a value that
        cannot be what it should be, with an example of one that can.

    Examples
    --------
    >>> def brief(store, *, until: date | None = None, weeks: int = 52): ...
    >>> coerced(brief, until="2026-11-23", weeks="26")
    {'until': datetime.date(2026, 11, 23), 'weeks': 26}
    """
    annotations = _annotations(workflow)
    known = [parameter.name for parameter in parameters_of(workflow)]
    for name in given:
        if name not in known:
            raise ReportError(unknown(f"{workflow.__name__} has no parameter", name, known))
    return {name: _coerced(name, value, annotations.get(name, str)) for name, value in given.items()}


def unknown(what: str, name: str, known: list[str]) -> str:
    """A message about an unknown name that offers the nearest known one.

    Examples
    --------
    >>> unknown("no report is called", "weekly_breifing", ["weekly_briefing"])
    "no report is called 'weekly_breifing'; did you mean 'weekly_briefing'? It takes: weekly_briefing"
    """
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    guess = f"; did you mean {near[0]!r}?" if near else "."
    return f"{what} {name!r}{guess} It takes: {', '.join(known) or 'none'}"


def _annotations(workflow: Callable[..., Any]) -> dict[str, Any]:
    """Types of the keyword-only parameters; that of the store may be known to type checkers alone."""
    asked = inspect.signature(workflow).parameters.values()
    named = {p.name: p.annotation for p in asked if p.kind is p.KEYWORD_ONLY and p.annotation is not p.empty}
    return typing.get_type_hints(types.SimpleNamespace(__annotations__=named), inspect.unwrap(workflow).__globals__)


def _coerced(name: str, value: Any, annotation: Any) -> Any:
    optional, kind = _without_none(annotation)
    if value is None or (isinstance(value, str) and value.strip().lower() in {"", "none"} and kind is not str):
        if optional:
            return None
        if value is None:
            raise ReportError(f"{name} cannot be empty; it is {_in_words(annotation)}, for example {_example(kind)}")
    if optional and isinstance(value, str) and not value.strip():
        return None
    try:
        return _as(kind, value)
    except (ValueError, TypeError):
        raise ReportError(
            f"{name} should be {_in_words(annotation)}, for example {_example(kind)}; got {value!r}"
            f"{_arithmetic(kind, value)}"
        ) from None


def _as(kind: Any, value: Any) -> Any:
    origin = typing.get_origin(kind)
    if origin in (tuple, list):
        return _as_tuple(typing.get_args(kind)[0], value)
    if origin is Literal:
        options = typing.get_args(kind)
        if value not in options:
            raise ValueError(value)
        return value
    return _SIMPLE[kind](value)


def _as_date(value: Any) -> date:
    if hasattr(value, "date") and callable(value.date):
        return value.date()
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        raise TypeError(value)
    return date.fromisoformat(value.strip())


def _as_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    meaning = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if str(value).strip().lower() not in meaning:
        raise ValueError(value)
    return meaning[str(value).strip().lower()]


def _as_int(value: Any) -> int:
    if isinstance(value, bool) or float(value) != int(float(value)):
        raise ValueError(value)
    return int(float(value))


def _as_text(value: Any) -> str:
    if isinstance(value, list | tuple | dict):
        raise TypeError(value)
    return str(value)


_SIMPLE: dict[Any, Callable[[Any], Any]] = {date: _as_date, bool: _as_bool, int: _as_int, float: float, str: _as_text}


def _as_tuple(kind: Any, value: Any) -> tuple[Any, ...]:
    if isinstance(value, str):
        items = [item.strip() for item in re.split(r"[;\n]", value)]
        if len(items) == 1 and "," in value and not re.search(r"[^,\s]\s+[^,\s]", value):
            items = [item.strip() for item in value.split(",")]
        value = [item for item in items if item]
    if isinstance(value, Mapping) or not hasattr(value, "__iter__"):
        raise TypeError(value)
    return tuple(_as(kind, item) for item in value)


def _without_none(annotation: Any) -> tuple[bool, Any]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        kinds = [kind for kind in typing.get_args(annotation) if kind is not type(None)]
        return len(kinds) < len(typing.get_args(annotation)), kinds[0]
    return False, annotation


def _in_words(annotation: Any) -> str:
    _, kind = _without_none(annotation)
    if typing.get_origin(kind) in (tuple, list):
        return f"list of {_in_words(typing.get_args(kind)[0])}"
    if typing.get_origin(kind) is Literal:
        return " or ".join(str(option) for option in typing.get_args(kind))
    return {str: "text", int: "whole number", float: "number", bool: "yes or no", date: "date"}.get(kind, str(kind))


def _example(kind: Any) -> str:
    if typing.get_origin(kind) in (tuple, list):
        return "'one; two'"
    if typing.get_origin(kind) is Literal:
        return str(typing.get_args(kind)[0])
    return {date: "2026-11-23", int: "3", float: "2.5", bool: "yes", str: "'words'"}.get(kind, "a value")


def _arithmetic(kind: Any, value: Any) -> str:
    """2026-11-23 without quotes is a subtraction: say so to whoever is caught by it."""
    if kind is date and isinstance(value, int) and not isinstance(value, bool):
        return " (a date without quotes, such as 2026-11-23, is a subtraction: put it in quotes)"
    return ""


def _meanings(docstring: str) -> dict[str, str]:
    """What the Parameters section of a NumPy-style docstring says of each name."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=\n\n[A-Z][\w ]*\n-{3,}|\Z)", docstring, re.M | re.S)
    meanings: dict[str, str] = {}
    names: list[str] = []
    for line in section[1].splitlines() if section else ():
        if line and not line.startswith(" "):
            names = [name.strip() for name in line.partition(":")[0].split(",")]
        elif names and line.strip():
            for name in names:
                meanings[name] = f"{meanings.get(name, '')} {line.strip()}".strip()
    return meanings
