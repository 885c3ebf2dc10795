"""The command manual, written from the commands themselves: ``docs/commands.md``."""

from __future__ import annotations

from typing import Any

import typer

from rtcc_analytics.cli.app import app

HEAD = """# Commands

Written by `python -m rtcc_analytics.cli.manual`; a test keeps it true.
Every command that reads a store takes `--store LOCATION` or the environment variable `RTCC_STORE`.
"""


def commands() -> list[tuple[str, Any]]:
    """Every command with its full name, e.g. ``report run``, in the order of the help.

    Examples
    --------
    >>> "report run" in [name for name, _ in commands()]
    True
    """
    found = []
    for name, command in typer.main.get_command(app).commands.items():
        inner = getattr(command, "commands", None)
        found += [(f"{name} {sub}", c) for sub, c in inner.items()] if inner else [(name, command)]
    return found


def manual() -> str:
    """The manual as Markdown: a heading for each command, its help, its arguments and options."""
    parts = [HEAD]
    for name, command in commands():
        parts.append(f"## rtcc {name}\n\n{_dedent(command.help)}\n")
        parts += [_parameter(p) for p in command.params if p.name != "help"]
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def _parameter(parameter: Any) -> str:
    metavar = parameter.metavar or (parameter.name or "").upper()
    if parameter.param_type_name == "argument":
        label = f"`{metavar}`"
    elif getattr(parameter, "is_flag", False):
        label = f"`{', '.join(parameter.opts)}`"
    else:
        label = f"`{', '.join(parameter.opts)} {metavar}`"
    return f"- {label}: {getattr(parameter, 'help', None) or 'the store'}"


def _dedent(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines()).strip()


if __name__ == "__main__":
    print(manual(), end="")
